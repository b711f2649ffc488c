"""The examples of the document are requests that were made, and what they were answered; here they are made again.

`EXAMPLES=write` keeps what was answered, after a change that is meant.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from portal.api_docs.document import document
from portal.api_docs.examples import EXAMPLES_PATH, examples
from tests.api.tour import Example, Tour, depart

MOST_ITEMS = 2
SECRET = re.compile(r"(wf|whsec)_[A-Za-z0-9_+/=-]{8,}")


def told(example: Example) -> dict[str, Any]:
    """An example as it is kept: long lists cut, and no key that opens anything."""
    headers = {name: "…" if name == "Idempotency-Key" else value for name, value in example.headers.items()}
    kept = {"method": example.method, "path": example.path, "headers": headers, "body": example.body}
    answered = {"status": example.status, "type": example.answered_by, "answer": cut(example.answer)}
    return json.loads(SECRET.sub(r"\1_…", json.dumps(kept | answered)))  # type: ignore[no-any-return]


def cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: cut(each) for key, each in value.items()}
    return [cut(each) for each in value[:MOST_ITEMS]] if isinstance(value, list) else value


def shape(value: Any) -> Any:
    """What a value looks like, whatever it says."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_every_operation_has_an_example_which_is_true(tour: Tour) -> None:
    depart(tour)
    made = {name: told(each) for name, each in tour.examples.items()}
    operations = {f"{method.upper()} {path}" for path, each in document()["paths"].items() for method in each}
    assert made.keys() == operations
    everything = tour.client.get("/api/v1/system/activity/?limit=200").json()["entries"]
    (bulk,) = [entry for entry in everything if entry["verb"] == "bulk.alerts_started"]
    assert bulk["alerts"] == [], "how many there were stands in its sentence"
    # the document itself and what holds all of an incident would be longer than all the others
    for name in ("GET /api/v1/schema/", "GET /api/v1/incidents/{number}/export/incident.json"):
        made[name]["answer"] = {"…": "…"}
    if os.environ.get("EXAMPLES") == "write":
        EXAMPLES_PATH.write_text(json.dumps(dict(sorted(made.items())), indent=1, ensure_ascii=False) + "\n")
    kept = examples()
    assert kept.keys() == made.keys(), "EXAMPLES=write keeps them"
    for name, example in made.items():
        assert example["body"] == without_numbers(example["body"], kept[name]["body"]), name
        assert (example["status"], example["type"]) == (kept[name]["status"], kept[name]["type"]), name
        assert shape(example["answer"]) == shape(kept[name]["answer"]), name


def without_numbers(value: Any, kept: Any) -> Any:
    """What was kept, with the numbers and ids that things have this time."""
    if isinstance(value, dict) and isinstance(kept, dict):
        return {key: without_numbers(value.get(key), each) for key, each in kept.items()}
    if isinstance(value, list) and isinstance(kept, list) and len(value) == len(kept):
        return [without_numbers(one, other) for one, other in zip(value, kept, strict=True)]
    is_number = isinstance(value, int) and isinstance(kept, int) and not isinstance(kept, bool)
    is_id = isinstance(value, str) and isinstance(kept, str) and re.fullmatch(r"[0-9a-f-]{36}|[\d:,]+", kept)
    return value if is_number or is_id else kept
