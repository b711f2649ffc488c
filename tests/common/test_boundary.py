"""The one check for everything that comes in."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.boundary import (
    MAXIMUM_DEPTH,
    BoundaryError,
    check_text,
    check_value,
    decode_text,
    join_path,
    load_json,
    parse_json,
)
from tests.hostile.corpus import TEXTS, HostileText
from tests.ingest.hostile import DOCUMENTS, HostileDocument


def refusal(data: bytes) -> BoundaryError:
    with pytest.raises(BoundaryError) as caught:
        parse_json(data)
    return caught.value


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_it_keeps_or_refuses_every_document_of_the_hostile_corpus(document: HostileDocument) -> None:
    if document.kept:
        assert parse_json(document.data) == json.loads(document.data.decode("utf-8-sig"))
    else:
        assert refusal(document.data).problem


@pytest.mark.parametrize("hostile", TEXTS, ids=lambda hostile: hostile.name)
def test_it_keeps_or_refuses_every_text_of_the_hostile_corpus(hostile: HostileText) -> None:
    if hostile.kept:
        check_value({"title": hostile.text}, "[0]")
        assert check_text(hostile.text, "title") == hostile.text
    else:
        with pytest.raises(BoundaryError) as caught:
            check_value({"title": hostile.text}, "[0]")
        assert caught.value.path == "[0].title"
        with pytest.raises(BoundaryError):
            check_text(hostile.text, "title")


def test_it_refuses_a_lone_surrogate_and_names_the_field() -> None:
    error = refusal(b'[{}, {"evidence": [{"url": "http://x\\ud800"}]}]')
    assert error.path == "[1].evidence[0].url"
    assert "\\ud800 at position 9" in error.problem


def test_it_names_the_object_whose_field_is_repeated() -> None:
    error = refusal(b'{"alerts": [{"title": "a", "title": "b"}]}')
    assert error.path == "alerts[0]"
    assert error.problem == 'The field "title" is there twice; name it once.'


def test_it_names_the_encoding_and_the_way_out() -> None:
    assert refusal("{}".encode("utf-16")).problem == "This is UTF-16; send it encoded as UTF-8."
    assert refusal(b'{"a": "\xe9"}').problem == "This is not UTF-8 (byte 0xe9 at offset 7); send it encoded as UTF-8."


def test_it_says_where_the_syntax_breaks() -> None:
    assert "line 2, column 6" in refusal(b'{\n"a": }').problem


def test_an_error_reads_as_path_and_sentence() -> None:
    assert str(BoundaryError("a.b", "Wrong.")) == "a.b: Wrong."
    assert str(BoundaryError("", "Wrong.")) == "Wrong."


@pytest.mark.parametrize("levels", [MAXIMUM_DEPTH + 1, 900, 5_000, 100_000])
def test_it_refuses_deep_nesting_without_recursing(levels: int) -> None:
    started = time.process_time()
    assert "nested deeper than 64" in refusal(b'{"a":[' * levels + b"]}" * levels).problem
    assert time.process_time() - started < 1


def test_it_refuses_deep_nesting_of_values_that_never_were_json() -> None:
    value: Any = "x"
    for _ in range(10_000):
        value = [value]
    with pytest.raises(BoundaryError, match="nested deeper"):
        check_value(value)


@pytest.mark.parametrize("pattern", [b'"', b'\\"', b'{"', b'["\\', b'"a":"'])
def test_its_time_grows_with_the_length_alone(pattern: bytes) -> None:
    data = b"[]" * 100 + pattern * (2_000_000 // len(pattern))
    started = time.process_time()
    refusal(data)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("value", [Decimal("1"), b"x", {1: 2}, {"a": {1}}, object()])
def test_it_refuses_what_json_does_not_know(value: Any) -> None:
    with pytest.raises(BoundaryError):
        check_value(value)


def test_one_bad_record_of_a_list_can_be_refused_alone() -> None:
    records = load_json('[{"a": 1}, {"a": 1, "a": 2}, {"a": 1e999}, {"a": NaN}, {"a": %s}, {"a": 3}]' % ("9" * 5_000))
    refused = []
    for position, record in enumerate(records):
        try:
            check_value(record)
        except BoundaryError:
            refused.append(position)
    assert refused == [1, 2, 3, 4]


def test_a_text_is_held_to_its_fields_maximum() -> None:
    assert check_text("x" * 10, "title", 10) == "x" * 10
    with pytest.raises(BoundaryError, match="11 characters, more than the 10 allowed"):
        check_text("x" * 11, "title", 10)


@pytest.mark.parametrize("blank", ["", " ", "\u3000\n"])
def test_a_required_text_must_say_something(blank: str) -> None:
    with pytest.raises(BoundaryError, match="empty"):
        check_text(blank, "title", required=True)


@pytest.mark.parametrize("value", [None, 1, ["x"], {"x": 1}, b"x"])
def test_what_is_no_text_is_refused_as_such(value: Any) -> None:
    with pytest.raises(BoundaryError, match="not text"):
        check_text(value, "title")


def test_a_path_quotes_escapes_and_cuts_a_senders_own_names() -> None:
    assert join_path("", "title") == "title"
    assert join_path("[3].evidence[0]", "url") == "[3].evidence[0].url"
    assert join_path("a", "@odata.type") == 'a["@odata.type"]'
    assert join_path("a", "\x1b[2J\ud800") == 'a["\\u001b[2J\\ud800"]'
    assert len(join_path("", "x" * 1_000_000)) < 80


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_every_sound_value_comes_through_unchanged(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_value_or_a_refusal(data: bytes) -> None:
    try:
        value = parse_json(data)
    except BoundaryError as error:
        assert error.problem.endswith(".")
    else:
        assert json.loads(decode_text(data)) == value
