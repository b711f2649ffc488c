"""Requests made up from the OpenAPI document, valid and not, asked as each role: nothing of it may end in an error of
ours, and nothing may be answered, taken or refused otherwise than the document says.

What each answer is held to as well, its status, type, headers and every value: tests/described.py.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import negative_data_rejection
from schemathesis.core.failures import Failure, FailureGroup

from common.shapes import MULTIPART
from portal.api_docs.document import document
from tests.api.tour import Example, Tour
from tests.conftest import taken_back

ANY_VERSION = "*"
NOT_SHRUNK = (Phase.generate,)
SHRUNK = (Phase.generate, Phase.shrink)


class Broken(AssertionError):
    """An answer that may not be."""


@dataclass
class Found:
    """What the fuzz has come to."""

    asked: dict[str, int] = field(default_factory=dict)
    """Role → requests."""
    statuses: dict[int, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """One for each operation and way of making requests up in which something is wrong."""


@dataclass(frozen=True)
class Fuzz:
    """Asks as several people and tokens about what a tour has left behind."""

    clients: Mapping[str, Client]
    """Role → who asks."""
    tour: Tour
    found: Found = field(default_factory=Found)

    def run(self, examples: int, *, start: int = 0, shrink: bool = False, only: str = "") -> Found:
        """So many requests of each kind for each operation, each asked in every role."""
        schema = schemathesis.openapi.from_dict(document())
        # who asks, we say; and NUL is refused everywhere
        schema.config.generation.update(with_security_parameters=False, allow_x00=False)
        for result in schema.get_all_operations():
            operation = result.ok()
            if only and only not in operation.label:
                continue
            for mode in GenerationMode:
                try:
                    self._ask(operation, mode, examples, start=start, shrink=shrink)
                except Unsatisfiable:
                    continue  # nothing can be said to it that is invalid
                except Broken as broken:
                    self.found.broken.append(f"{mode.value}: {broken}")
                except BaseExceptionGroup as group:
                    self.found.broken += [f"{mode.value}: {each}" for each in group.exceptions]
        return self.found

    def _ask(self, operation: Any, mode: GenerationMode, examples: int, *, start: int, shrink: bool) -> None:
        known = self._places(operation)
        strategy = operation.as_strategy(generation_mode=mode, **({"path_parameters": known} if known else {}))

        # the seed is the operation's own, so that one that is added leaves all others as they were
        @seed(zlib.crc32(f"{operation.label}{mode}".encode()) + start)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=SHRUNK if shrink else NOT_SHRUNK,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=True,
        )
        @given(case=strategy)
        def each(case: Case) -> None:
            for role, client in self.clients.items():
                self._one(role, client, case, mode)

        each()

    def _places(self, operation: Any) -> dict[str, Any]:
        """What stands in the variable parts of an address: what the tour asked there."""
        example = self.tour.examples.get(operation.label)
        if example is not None:
            return example.places
        # departed from only later: places of the same name, wherever they were
        known = {}
        for each in self.tour.examples.values():
            if each.places and operation.path.startswith(each.template):
                known |= each.places
        names = {each.name for each in operation.path_parameters}
        return {name: known[name] for name in names if name in known}

    def _one(self, role: str, client: Client, case: Case, mode: GenerationMode) -> None:
        if mode.is_positive:
            make_sense(case, self.tour.examples.get(case.operation.label))
        asked = prepared(case)
        if case.headers and "If-Match" in case.headers and mode.is_positive:
            asked.headers["If-Match"] = ANY_VERSION
        answer = carried_out(client, asked)
        self.found.asked[role] = self.found.asked.get(role, 0) + 1
        self.found.statuses[answer.status_code] = self.found.statuses.get(answer.status_code, 0) + 1
        request = f"{asked.method} {asked.url} {sorted(asked.headers.items())} {shown(asked.body)}"
        said = f"as {role}: {request} → {answer.status_code} {answer.text[:600]}"
        if answer.status_code >= 500:
            raise Broken(f"an error of ours: {said}")
        if mode.is_positive and answer.status_code == 400 and (why := unexplained(case, answer)):
            raise Broken(f"valid and refused ({why}): {said}")
        # in a form everything is bytes
        if not mode.is_positive and answer.status_code < 400 and case.media_type != MULTIPART:
            try:
                case.validate_response(answer, checks=[negative_data_rejection])
            except (Failure, FailureGroup) as failure:
                raise Broken(f"invalid and taken: {said}\n{failure}") from None


MOST_KEYS = 3
WORDS = {
    **dict.fromkeys(("time", "last_activity", "first_activity", "created", "updated"), "7d"),
    **dict.fromkeys(("number", "alerts", "incident", "around", "alert"), "1"),
    **dict.fromkeys(("assignee", "resolved_by", "task_assignee"), "lee"),
    **dict.fromkeys(("tag", "tag_all", "tag_none"), "wave"),
    "entity": "device:fin-ws-17",
    "priority": "high",
    "technique": "T1059",
    "category": "execution",
    "actor": "lee",
    "changed_since": "0",
    "team": "tier2",
    "role": "analyst",
    "after": "",
    "before": "",
}
"""Key → a word that means something."""


def make_sense(case: Case, example: Example | None) -> None:
    """Let a valid request mean something, too, by and by: few keys of an address at a time, words that are known, and
    fields of a body as the tour has sent them. What is chosen follows from the case itself."""
    chance = Random(json.dumps([case.query, case.body], default=str, sort_keys=True))
    keys = sorted(case.query or {})
    for key in chance.sample(keys, max(len(keys) - MOST_KEYS, 0)):
        del case.query[key]
    for key in keys:
        if key in case.query and key in WORDS and chance.random() < 0.7:
            case.query[key] = [WORDS[key]] if isinstance(case.query[key], list) else WORDS[key]
    if example and isinstance(case.body, dict) and isinstance(example.body, dict):
        for name, value in example.body.items():
            if chance.random() < 0.6 and name != "file":
                case.body[name] = value


def prepared(case: Case) -> requests.PreparedRequest:
    """The request of a case, as a program would send it."""
    parts = case.as_transport_kwargs(base_url="http://testserver")
    known = {name: parts.get(name) for name in ("method", "url", "headers", "params", "json", "data", "files")}
    made = requests.Request(**known).prepare()
    made.headers.pop("Accept-Encoding", None)
    return made


def carried_out(client: Client, asked: requests.PreparedRequest) -> requests.Response:
    """What is answered; nothing of what was done stays. Raises AssertionError where it is not as documented."""
    headers = {name: str(value) for name, value in asked.headers.items()}
    body = asked.body or b""
    sent = body.encode() if isinstance(body, str) else body
    kind = headers.pop("Content-Type", "application/json" if sent else "")
    headers.pop("Content-Length", None)
    try:
        with taken_back():
            answer = client.generic(str(asked.method), asked.path_url, sent, content_type=kind, headers=headers)
            told = b"".join(answer.streaming_content) if answer.streaming else answer.content
    except AssertionError as differs:
        raise Broken(f"{asked.method} {asked.url} {shown(asked.body)}: {differs}") from None
    made = requests.Response()
    made.status_code, made._content, made.request, made.url = answer.status_code, told, asked, str(asked.url)
    made.headers.update(answer.headers)
    made.encoding = "utf-8"
    return made


def shown(body: Any) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    return text if len(text) < 1_000 else f"{text[:1_000]}…"


# ------------------------------------------------------------------------------------- what may be refused though valid


def unexplained(case: Case, answer: requests.Response) -> str:
    """Which field of a valid request was refused though its shape says that its form is all there is to it; "" where
    there is none. What is looked up (`common.shapes.looked_up`) may mean nothing here."""
    problem = answer.json()
    fields = [each["field"] for each in problem.get("errors", ())]
    operation = document()["paths"][case.operation.path][case.method.lower()]
    for name in fields:
        if not any(is_looked_up(schema, steps(name)) for schema in schemas_of(operation, name)):
            return name
    return "" if fields or "results" in problem else "no field is named"


def schemas_of(operation: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The schemas in which a field may be."""
    for parameter in operation["parameters"]:
        if parameter["name"] == name.partition("[")[0]:
            yield {"type": "object", "properties": {parameter["name"]: parameter["schema"]}}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield content.get("schema", {"x-looked-up": True})


def steps(path: str) -> list[str]:
    """“tags[3].name” → tags, [], name."""
    return [step for part in path.replace("[", ".[").split(".") if (step := "[]" if part.startswith("[") else part)]


def is_looked_up(schema: dict[str, Any], path: list[str]) -> bool:
    """Whether the schema, or one on the way to the field, says that more than its form counts."""
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if schema.get("x-looked-up"):
        return True
    several = [each for word in ("anyOf", "allOf", "oneOf") for each in schema.get(word, ())]
    if any(is_looked_up(each, path) for each in several):
        return True
    if not path:
        # of a list under one key, errors name the key
        return isinstance(schema.get("items"), dict) and is_looked_up(schema["items"], [])
    inner = schema.get("items") if path[0] == "[]" else schema.get("properties", {}).get(path[0])
    if inner is None and isinstance(schema.get("items"), dict):
        return is_looked_up(schema["items"], path)
    return isinstance(inner, dict) and is_looked_up(inner, path[1:])
