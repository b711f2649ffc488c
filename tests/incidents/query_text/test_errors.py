"""A text that is not understood: which column, what was expected, and the text as it was probably meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings

from accounts.models import User
from incidents.commands import change_tags, restrict
from incidents.filters import FIELDS, IncidentFilter
from incidents.models import Incident
from incidents.query_text.checking import TextRefusal
from tests.conftest import alert, opened
from tests.incidents.query_text.test_printing import GARBAGE
from tests.incidents.rows import row, stored, tag


def errors(text: str, user: User) -> list[TextRefusal]:
    query = QueryDict(mutable=True)
    query["q"] = text
    with pytest.raises(ValidationError) as refused:
        IncidentFilter(query, Incident.objects.visible_to(user), principal=user).check()
    assert list(refused.value.error_dict) == ["q"]
    found = refused.value.error_dict["q"]
    assert all(isinstance(each, TextRefusal) for each in found)
    return found  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def tags(db: None) -> None:
    tag(stored([row()])[0], "Phishing wave", "vip")


@pytest.mark.parametrize(
    ("text", "column", "says", "better"),
    [
        ("sevrity:high", 1, "There is no field “sevrity”", "severity:high"),
        ("a (b OR taag:vip)", 9, "did you mean “tag”", "a (b OR tag:vip)"),
        ("sha256:abc", 1, 'put it in quotation marks: "sha256:abc"', ""),
        ("severity:hihg x", 10, "did you mean “high”", "severity:high x"),
        ("severity:low,High", 14, "did you mean “high”", "severity:low,high"),
        ("tag:vip,phishing-wave", 9, "did you mean “Phishing wave”", 'tag:vip,"Phishing wave"'),
        ("assignee:anna", 10, "did you mean “ana”", "assignee:ana"),
        ("updated:>7d", 9, "write 24h, 7d", ""),
        ("updated:week", 9, "write 24h, 7d", "updated:7d"),
        ("alerts:many", 8, "no number or range", ""),
        ("priority:>1000", 10, "too large", ""),
        ("entity:devise:fin", 8, "did you mean “device:fin”", "entity:device:fin"),
        ('tag:"', 5, "not closed", ""),
        ("q:x status:", 12, "value is expected", ""),
    ],
)
def test_an_error_names_its_column_and_what_was_meant(
    ana: User, text: str, column: int, says: str, better: str
) -> None:
    found = errors(text, ana)[0]
    assert found.span.start + 1 == column, found
    assert says in found.problem
    assert found.better == better


def test_several_errors_are_told_at_once_but_not_all_of_many(ana: User) -> None:
    assert [each.span.start for each in errors("status:x a severity:y", ana)] == [7, 20]
    assert len(errors("status:x " * 60, ana)) <= 5


def test_unknown_names_cost_a_bounded_number_of_statements(ana: User) -> None:
    text = " ".join(f"category:c{number} source:s{number} tag:t{number}" for number in range(33))
    with CaptureQueriesContext(
        connection,
    ) as few:
        errors(text, ana)
    assert len(few) < 25, len(few)


def test_a_name_one_may_not_know_of_is_not_suggested(ana: User, lee: User) -> None:
    secret = opened(alert("secret"))
    change_tags(secret, add=["merger-x"], actor=lee.as_actor())
    restrict(secret, [lee], actor=lee.as_actor())
    assert "merger-x" not in errors("tag:merger-z", ana)[0].problem
    assert errors("tag:merger-z", lee)[0].better == "tag:merger-x"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(GARBAGE)
def test_garbage_is_answered_or_refused(ana: User, text: str) -> None:
    query = QueryDict(mutable=True)
    query["q"] = text
    asked = IncidentFilter(query, Incident.objects.visible_to(ana), principal=ana)
    try:
        asked.check()
    except ValidationError as refused:
        assert list(refused.error_dict) == ["q"]
        return
    list(asked.qs)


@pytest.fixture
def client_of_ana(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def test_the_page_keeps_what_was_typed_and_marks_the_place(client_of_ana: Client) -> None:
    page = client_of_ana.get(reverse("incidents:queue"), {"q": "x sevrity:high", "tag": "vip"})
    assert page.status_code == 400
    html = page.content.decode()
    assert 'value="x sevrity:high"' in html
    assert "<mark>sevrity</mark>" in html and "Column 3:" in html
    assert f"{reverse('incidents:ask')}?tag=vip&amp;q=x%20severity:high" in html


def test_beside_a_list_only_the_box_is_shown_anew(client_of_ana: Client) -> None:
    answer = client_of_ana.get(reverse("incidents:ask"), {"q": "(a"}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#search-box" and answer["HX-Push-Url"] == "false"
    html = answer.content.decode()
    assert html.strip().startswith('<div class="search-box"') and "not closed" in html and 'value="(a"' in html


def test_without_script_the_lists_page_tells_of_the_error(client_of_ana: Client) -> None:
    answer = client_of_ana.get(reverse("incidents:ask"), {"q": "(a", "tag": "vip"}, follow=True)
    assert answer.status_code == 400
    assert "not closed" in answer.content.decode()


def test_a_long_text_is_shown_around_the_error(client_of_ana: Client) -> None:
    page = client_of_ana.get(reverse("incidents:queue"), {"q": "word " * 80 + "(" + " word" * 10})
    shown = page.context["box"]["errors"][0]
    assert shown["column"] == 401 and shown["before"].startswith("…") and len(shown["before"]) < 70
    assert shown["carets"] == " " * len(shown["before"]) + "^"


def test_programs_are_told_too(client_of_ana: Client) -> None:
    answer = client_of_ana.get("/api/v1/incidents/", {"q": "sevrity:high"})
    assert answer.status_code == 400
    assert "There is no field “sevrity”" in answer.content.decode()
    assert client_of_ana.get("/exports/incidents.csv", {"q": "(a"}).status_code == 400


def test_every_field_can_be_named_in_the_text() -> None:
    assert all(key == key.lower() and len(key) > 1 for key in FIELDS if key != "q")
