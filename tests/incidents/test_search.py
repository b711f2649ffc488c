"""Finding incidents by words: number, name, host, user, address, hash, path."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.models import User
from entities import identity
from incidents.commands import restrict
from incidents.filters import IncidentFilter
from incidents.models import Incident
from incidents.query_text.printing import quoted
from tests.conftest import alert, opened
from tests.ingest.hostile import KEPT_TEXTS

SHA256 = "3f" * 32


@pytest.fixture
def wanted(db: None) -> Incident:
    """What is searched for, beside another incident that shares none of its words."""
    opened(alert("other", title="Password spray", entities=(identity.device(hostname="dc-01"),)))
    return opened(
        alert(
            "1",
            title="Encoded PowerShell",
            techniques=("T1059.001",),
            entities=(
                identity.device(hostname="FIN-WS-17"),
                identity.user(upn="jo.smith@contoso.example"),
                identity.ip("203.0.113.7"),
                identity.file(name="invoice.docm", directory="C:\\Temp", hashes=[SHA256]),
                identity.domain("login-contoso.example"),
            ),
        )
    )


def found(words: str, user: User) -> set[int]:
    query = QueryDict(mutable=True)
    query["q"] = words
    filtered = IncidentFilter(query, Incident.objects.visible_to(user), principal=user)
    filtered.check()
    return set(filtered.qs.values_list("pk", flat=True))


@pytest.mark.parametrize(
    "words",
    [
        "encoded",
        "Encoded powershell",
        "ENC",
        "powersh enc",
        "fin-ws-17",
        "FIN-WS",
        "fin 17",
        "jo.smith@contoso.example",
        "jo.smith",
        "smith",
        "203.0.113.7",
        "203.0.113",
        SHA256,
        SHA256[:12],
        "invoice.docm",
        "login-contoso",
        "t1059.001",
        "T1059",
        "“encoded”",
        "ws-1",
        "S-17",
        "oso.exa",
        ".smith@",
        "3.0.113",
        SHA256[1:20],
        "voice.d",
        "ws-1 encoded",
        "enc OR nothing-like-it",
        '"encoded powershell"',
        '"Encoded PowerS"',
        "enc -ws-18",
        "entity:203.0.113.7 -severity:low",
        "(entity:203.0.113.8 OR ws-1) status:active",
    ],
)
def test_it_is_found_by(wanted: Incident, ana: User, words: str) -> None:
    assert found(words, ana) == {wanted.pk}


@pytest.mark.parametrize(
    "words",
    [
        "ncoded",
        "fin-ws-18",
        "ws-2",
        "s-",
        "encoded -ws-1",
        '"powershell encoded"',
        "encoded spray",
        "203.0.113.77",
        "contoso.exampl3",
    ],
)
def test_it_is_not_found_by(wanted: Incident, ana: User, words: str) -> None:
    assert found(words, ana) == set()


def test_it_is_found_by_its_number(wanted: Incident, ana: User) -> None:
    assert wanted.pk in found(str(wanted.pk), ana)
    assert wanted.pk in found(f" #{wanted.pk} ", ana)


def test_no_words_list_everything(wanted: Incident, ana: User) -> None:
    assert found("", ana) == found(" … ", ana) == set(Incident.objects.values_list("pk", flat=True))


def test_what_one_may_not_see_is_not_found(wanted: Incident, ana: User, lee: User) -> None:
    restrict(wanted, [lee], actor=lee.as_actor())
    assert found("encoded", lee) == {wanted.pk}
    assert found("encoded", ana) == found(str(wanted.pk), ana) == set()


HOSTILE = (
    "'", "''", "\\", "'\\", ":*", "& | ! ( ) <->", "a & b", "!a", "'a':*", "%", "_", "*", "\"", "#", "#0", "#-1",
    "9" * 18, "9" * 19, "9" * 400, "٣", "a" * 500, "a " * 250, "'; DROP TABLE incidents_incident; --", "%s %(x)s",
    "{}", "\u202e\u200b", "\ufeff", "ﷺ" * 80, "İ", "\x1f\x7f", "-- /* */",
)  # fmt: skip


@pytest.mark.parametrize("text", [*HOSTILE, *(each.text[:500] for each in KEPT_TEXTS)])
def test_hostile_text_in_quotation_marks_is_words(wanted: Incident, ana: User, text: str) -> None:
    assert found(quoted(text), ana) <= {wanted.pk, *Incident.objects.values_list("pk", flat=True)}


@pytest.mark.parametrize("text", [*HOSTILE, *(each.text[:500] for each in KEPT_TEXTS)])
def test_hostile_text_as_it_is_is_searched_for_or_refused(wanted: Incident, ana: User, text: str) -> None:
    try:
        assert found(text, ana) <= {wanted.pk, *Incident.objects.values_list("pk", flat=True)}
    except ValidationError as refused:
        assert list(refused.message_dict) == ["q"]


def test_the_page_shows_what_was_searched_for_as_text(
    wanted: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    text = "'><script>alert(1)</script>"
    answer = sign_in(ana).get(reverse("incidents:queue"), {"q": text})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()
    assert "&#x27;&gt;&lt;script&gt;alert(1)" in answer.content.decode()


def test_what_cannot_be_searched_for_is_shown_as_text(
    wanted: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    answer = sign_in(ana).get(reverse("incidents:queue"), {"q": 'alert:"><script>alert(1)</script>'})
    assert answer.status_code == 400
    assert "<script>alert" not in answer.content.decode()
