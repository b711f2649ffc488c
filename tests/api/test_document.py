"""The OpenAPI document: everything of the API is in it, and it says of each operation what people have to know."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.filters import SystemLogFilter
from accounts.models import AccessToken, User
from alerts.filters.alert_filter import AlertFilter
from common.address_filter import AddressFilter
from common.bodies import Body
from common.describing import prose, singular, told
from common.endpoints import Endpoint
from common.filters import ANY
from common.shapes import answer, changes, moment, needed, number, or_null, sent, text, written
from incidents.filters import IncidentFilter
from incidents.filters.activity_filter import ActivityFilter
from portal.api_docs.document import document
from portal.environment import REPOSITORY
from tests.calls import Program

API = "/api/v1/"
FOR_PEOPLE = {f"{API}docs/"}


def routes(patterns: Any = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Every address of the resolver, as the document writes it, and its view."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, method and operation of each."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_no_route_is_undescribed() -> None:
    described = document()["paths"]
    for path, callback in routes():
        if not path.startswith("/api/") or path in FOR_PEOPLE:
            continue
        view = callback.cls
        assert issubclass(view, Endpoint), path
        assert {method.upper() for method in described[path]} == set(view.needs) - {"HEAD"}, path
        has = {name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
        assert has == set(described[path]), path
        for declared in (view.gives, view.takes, view.keys):
            assert set(declared) <= set(view.needs), f"{view.__name__} declares what it does not do"
        assert set(view.versioned) <= set(view.needs), path


def test_it_is_a_document_of_openapi_as_everybody_is_given_it(
    vic: User, sensor: tuple[AccessToken, str], sign_in: Callable[[User], Client]
) -> None:
    person, token = Program(sign_in(vic)), Client(headers={"Authorization": f"Bearer {sensor[1]}"})
    given = person.get("schema/")
    assert given["openapi"].startswith("3.1")
    assert token.get(f"{API}schema/").json() == given
    assert Client().get(f"{API}schema/").status_code == 401
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for name, schema in given["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema), name
    refs = set(re.findall(r'"\$ref": "#/components/([^"]+)"', str(given).replace("'", '"')))
    assert refs
    for ref in refs:
        kind, name = ref.split("/")
        assert name in given["components"][kind]


@pytest.mark.parametrize(("path", "method", "operation"), [*operations()], ids=lambda each: str(each)[:60])
def test_each_operation_says_in_a_line_what_it_does(path: str, method: str, operation: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Z].{4,59}[^.:]", operation["summary"]), operation["summary"]
    assert operation["tags"] and operation["description"]
    label = "Takes the permission *" if operation["x-permission"] else "For everybody who may use the API."
    assert label in operation["description"]
    assert {"400", "401", "403", "429", "503"} <= operation["responses"].keys()
    assert any(status.startswith("2") for status in operation["responses"])
    for parameter in operation["parameters"]:
        assert parameter["description"], parameter["name"]
    if method in ("POST", "PUT", "PATCH"):
        assert "requestBody" in operation, "an unknown field can only be refused where the body is described"


@pytest.mark.parametrize("of", [IncidentFilter, AlertFilter, ActivityFilter, SystemLogFilter])
def test_the_words_of_a_filter_are_those_it_takes(of: type[AddressFilter[Any, Any]], vic: User) -> None:
    closed = 0
    for key, field in of.FIELDS.items():
        words = field.shape().form["items"].form.get("enum")
        if words is None:
            continue
        closed += 1
        names = of.new_names(of.__new__(of), vic) if of is not ActivityFilter else None
        assert not field.refusals(words, names), key
        assert field.refusals(["never a word"], names), key
        assert ANY in words
    assert closed >= 2


def test_an_answer_says_what_is_always_there_and_a_body_what_may_be_left_out() -> None:
    task = answer("Task", title=text("its name"), due=or_null(moment()))
    named: dict[str, Any] = {}
    assert written(task, named) == {"$ref": "#/components/schemas/Task"}
    assert named["Task"]["required"] == ["title", "due"]
    assert named["Task"]["properties"]["due"] == {"type": ["string", "null"], "format": "date-time"}
    assert named["Task"]["additionalProperties"] is False
    body = sent(title=needed(text(most=5)), order=number())
    plain = written(body, {})
    assert plain["required"] == ["title"]
    assert plain["properties"]["order"]["type"] == ["integer", "null"]
    assert (plain["properties"]["title"]["minLength"], plain["properties"]["title"]["maxLength"]) == (1, 5)
    with pytest.raises(ValueError, match="Two shapes are called Task"):
        written(answer("Task", other=text()), named)


def test_a_body_knows_the_fields_that_its_shape_names() -> None:
    shape = changes(name=or_null(text()), inner=sent(place=number()))
    body = Body({"name": None, "nmae": 1, "inner": {"place": 3, "x": 1}}, shape)
    inner = body.inside("inner", None, "It")
    assert inner is not None and inner.integer("place") == 3
    assert body.found.keys() == {"nmae", "inner.x"}
    assert "did you mean “name”" in body.found["nmae"][0]
    assert Body({"inner": None}, shape).found.keys() == {"inner"}, "null means nothing in it"
    assert not Body({"inner": None}, sent(inner=sent(place=number()))).found


def test_docstrings_are_prose() -> None:
    class View(Endpoint):
        """Many things
        and one more: this.

            {"an": "example"}
        """

        def get(self) -> None:
            """Do it."""

        def post(self) -> None:
            pass

    assert told(View, "GET") == ("Do it", 'Many things and one more: this.\n\n    {"an": "example"}')
    assert told(View, "POST") == ("Many things and one more: this", '    {"an": "example"}')
    assert prose(None) == ""
    assert [singular(word) for word in ("entities", "alerts", "classes", "task-templates")] == [
        *("entity", "alert", "class"),
        "task template",
    ]


def test_an_address_is_refused_by_what_it_declares(vic: User, sign_in: Callable[[User], Client]) -> None:
    refused = Program(sign_in(vic)).ask("GET", "tags/?kin=custom")
    assert (refused.status, refused.fields.keys()) == (400, {"kin"})
    assert QueryDict("kin=custom")


def test_whole_numbers_may_be_written_with_a_point() -> None:
    body = Body({"place": 7.0, "other": 7.5, "large": 2.0**60, "ids": [1.0, 2]}, ("place", "other", "large", "ids"))
    assert (body.integer("place"), body.ids("ids", 5)) == (7, [1, 2])
    assert (body.integer("other"), body.integer("large")) == (None, None)
    assert body.found.keys() == {"other", "large"}


FIRST_ASKERS = """
import django
django.setup()
from concurrent.futures import ThreadPoolExecutor
from portal.api_docs.document import document
from portal.environment import REPOSITORY
with ThreadPoolExecutor(8) as threads:
    print(len({len(made["paths"]) for made in threads.map(lambda _: document(), range(8))}))
"""


def test_the_first_who_ask_may_ask_at_once() -> None:
    """In a process that has not made it yet."""
    command = [sys.executable, "-c", FIRST_ASKERS]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "1"), done.stderr[-2000:]
