"""Bodies of requests: strict, and told of everything that is wrong at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from alerts.choices import Severity
from common.bodies import Body

KNOWN = ("text", "number", "ids", "severity", "time", "flag", "id", "words", "inner")


def problems(data: Any, **options: Any) -> dict[str, str]:
    """Path → what is wrong there, after every field was read."""
    with pytest.raises(ValidationError) as error, Body(data, KNOWN, **options) as body:
        body.text("text", 5, required=True)
        body.integer("number", 1, 9)
        body.ids("ids", 3, required=True)
        body.term("severity", Severity)
        body.time("time")
        body.flag("flag")
        body.uuid("id")
        body.texts("words", 2)
        inner = body.inside("inner", ("name",), "An inner one")
        if inner is not None:
            inner.text("name", required=True)
    found: Any = error.value.detail
    return {path: " ".join(map(str, words)) for path, words in found.items()}


def test_all_that_is_wrong_is_told_by_its_path() -> None:
    found = problems(
        {
            "text": "too long",
            "number": 10,
            "ids": [1, "2", None],
            "severity": "hihg",
            "time": "tomorrow",
            "flag": 1,
            "id": "x",
            "words": ["a", 5],
            "inner": {"nmae": "x"},
            "txt": "?",
        }
    )
    assert found.keys() == {
        *("text", "number", "ids[1]", "ids[2]", "severity", "time", "flag", "id", "words[1]", "txt"),
        *("inner.nmae", "inner.name"),
    }
    assert "did you mean “text”?" in found["txt"]
    assert "did you mean “high”?" in found["severity"]
    assert "did you mean “name”?" in found["inner.nmae"]
    assert "missing" in found["inner.name"]


@pytest.mark.parametrize("data", [[], "x", 5, None, True])
def test_what_is_no_object_is_refused_as_a_whole(data: Any) -> None:
    assert "JSON object" in problems(data)["body"]


def test_what_is_missing_is_told() -> None:
    assert problems({}).keys() == {"text", "ids", "severity"}
    assert problems({"text": " ", "ids": []}).keys() == {"text", "ids", "severity"}


def test_null_is_left_out_unless_it_could_mean_something() -> None:
    assert "flag" not in problems({"flag": None})
    assert "flag" in problems({"flag": None}, nulls=("time",))
    assert "time" not in problems({"time": None}, nulls=("time",))


def test_what_fits_is_read() -> None:
    with Body({"text": "a", "ids": [3, 3, 1], "severity": "low", "time": "2026-11-02T13:00:00+01:00"}, KNOWN) as body:
        assert body.text("text", 5, required=True) == "a"
        assert body.ids("ids", 3, required=True) == [3, 1]
        assert body.term("severity", Severity) == Severity.LOW
        assert body.time("time") == datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
        assert (body.says("flag"), body.has("text")) == (False, True)
