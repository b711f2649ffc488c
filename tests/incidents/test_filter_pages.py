"""Setting one filter: as a page by itself, as a part of the queue, and by suggestions; and what a refusal offers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from incidents.commands import restrict
from incidents.filters import FIELDS
from incidents.models import Incident
from tests.conftest import alert, device, opened
from tests.incidents.rows import row, stored, tag

FILTER, APPLY = "/incidents/filter/", "/incidents/filter/apply/"


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def applied(client: Client, state: str, key: str, **form: object) -> dict[str, list[str]]:
    """What the list's address says after the form of one filter was sent."""
    answer = client.get(APPLY, {"in": state, "key": key, **form})
    assert answer.status_code == 302, unescape(answer.content.decode())
    assert urlsplit(answer["Location"]).path == "/incidents/"
    assert client.get(answer["Location"]).status_code == 200
    return parse_qs(urlsplit(answer["Location"]).query)


@pytest.mark.parametrize("key", [key for key in FIELDS if key != "q"])
def test_every_filter_has_a_form_as_page_and_as_part(client: Client, key: str) -> None:
    page = client.get(FILTER, {"key": key, "in": "status=active"})
    part = client.get(FILTER, {"key": key, "in": "status=active"}, headers={"HX-Request": "true"})
    assert (page.status_code, part.status_code) == (200, 200)
    label = FIELDS[key].label
    for answer in (page, part):
        assert f">{label}</h2>" in answer.content.decode()
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()


def test_without_a_key_all_filters_are_there_to_choose_from(client: Client) -> None:
    page = client.get(FILTER, {"in": "status=active"}).content.decode()
    assert page.count('name="key"') == len(FIELDS) - 1


# --------------------------------------------------------------------------------------------------------- setting one


def test_what_the_form_says_becomes_the_address(client: Client, tier2: Team) -> None:
    state = "status=active&severity=high&sort=-severity&q=beacon"
    said = applied(client, state, "assignee", value=["ana", "team:tier2"])
    assert said == {
        "status": ["active"], "severity": ["high"], "snoozed": ["no"], "sort": ["-severity"], "q": ["beacon"],
        "assignee": ["ana", "team:tier2"],
    }  # fmt: skip


def test_nothing_chosen_takes_the_filter_away_and_lifts_a_default(client: Client) -> None:
    stored([row(facets=["os_platform:Linux"])])
    assert "os_platform" not in applied(client, "os_platform=Linux", "os_platform")
    assert applied(client, "status=active", "status")["status"] == ["any"]


@pytest.mark.parametrize(
    ("key", "form", "words"),
    [
        ("severity", {"value": ["high", "medium", "low"]}, ["low", "medium", "high"]),
        ("created", {"from": "2026-11-01T08:00", "to": "2026-11-02T09:30"}, ["2026-11-01T08:00..2026-11-02T09:30"]),
        ("created", {"from": "2026-11-01T08:00", "to": ""}, ["2026-11-01T08:00.."]),
        ("alerts", {"from": "5", "to": "20"}, ["5..20"]),
        ("alerts", {"from": "", "to": "20"}, ["..20"]),
        ("alerts", {"from": "7", "to": "7"}, ["7"]),
        ("number", {"value": "1042"}, ["1042"]),
    ],
)
def test_ranges_and_terms_are_said_in_one_way(client: Client, key: str, form: dict[str, str], words: list[str]) -> None:
    assert applied(client, "", key, **form)[key] == words


@pytest.mark.parametrize(
    ("key", "form", "problem"),
    [
        ("created", {"from": "2026-11-05T00:00", "to": "2026-11-01T00:00"}, "ends before it begins"),
        ("alerts", {"from": "20", "to": "5"}, "did you mean “5..20”"),
        ("alerts", {"from": "x"}, "is no number or range"),
        ("number", {"value": "forty-two"}, "is no number or range"),
        ("tag", {"value": "nothing"}, "is unknown"),
    ],
)
def test_what_nobody_understands_is_said_at_its_form(
    client: Client, key: str, form: dict[str, str], problem: str
) -> None:
    answer = client.get(APPLY, {"key": key, **form}, headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#filter-panel"
    assert problem in unescape(answer.content.decode())
    assert "<html" not in answer.content.decode()
    page = client.get(APPLY, {"key": key, **form})
    assert page.status_code == 422
    assert "<html" in page.content.decode()


def test_a_list_or_filter_that_means_nothing_is_a_400(client: Client) -> None:
    assert client.get(FILTER, {"key": "severty"}).status_code == 400
    assert client.get(FILTER, {"key": "tag", "in": "status=nothing"}).status_code == 400
    assert client.get(APPLY, {"key": "tag", "in": "x" * 9000}).status_code == 400
    assert client.get(APPLY).status_code == 400


def test_who_may_not_see_incidents_may_not_filter_them(otto: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(otto)
    for address in (FILTER, APPLY, "/incidents/suggest/entities/", "/incidents/suggest/words/source/"):
        assert client.get(address).status_code == 403


# --------------------------------------------------------------------------------------------------------------- chips


def test_a_chip_says_edits_and_removes_its_filter(client: Client) -> None:
    stored([row(facets=["category:impact", "technique:T1486"])])
    page = unescape(client.get("/incidents/?category=impact&technique=t1486&priority=high").content.decode())
    for text in ("Category</span> Impact", "Technique</span> t1486", "Priority</span> High, above 85"):
        assert text in page
    assert 'data-filter-edit="category"' in page
    assert 'aria-label="Remove filter Category: Impact"' in page
    remove = page.split('aria-label="Remove filter Category: Impact"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert "category" not in remove
    assert "technique=t1486" in remove
    assert client.get(remove).status_code == 200


def test_a_long_value_is_cut_and_said_in_full_on_hover(client: Client) -> None:
    words = ["impact", "execution", "persistence", "discovery", "collection"]
    page = unescape(client.get("/incidents/", {"category": words}).content.decode())
    assert "Impact, Execution, Persistence +2" in page
    assert 'title="Impact, Execution, Persistence, Discovery, Collection"' in page


# --------------------------------------------------------------------------------------------------------- suggestions


def suggested(client: Client, path: str, text: str = "") -> list[str]:
    answer = client.get(f"/incidents/suggest/{path}", {"q": text})
    assert answer.status_code == 200
    return [unescape(part.split('"')[0]) for part in answer.content.decode().split('data-value="')[1:]]


def test_senders_words_are_suggested_commonest_first(client: Client) -> None:
    stored([row(facets=["os_platform:Linux"]), *(row(facets=["os_platform:Windows 11"]) for _ in range(3))])
    assert suggested(client, "words/os_platform/") == ["Windows 11", "Linux"]
    assert suggested(client, "words/os_platform/", "lin") == ["Linux"]
    assert suggested(client, "words/os_platform/", "z") == []
    assert suggested(client, "words/category/", "imp") == ["impact"]
    assert client.get("/incidents/suggest/words/status/").status_code == 404


def test_entities_are_suggested_by_any_part_of_their_name(client: Client, ana: User) -> None:
    incident = opened(alert("1", entities=(device("fin-ws-17"), device("x.fin.example"))))
    assert suggested(client, "entities/", "FIN") == ["device:fin-ws-17", "device:x.fin.example"]
    assert suggested(client, "entities/", "device:s-17") == ["device:fin-ws-17"]
    assert suggested(client, "entities/", "user:fin-ws") == suggested(client, "entities/", "fi") == []
    for word in suggested(client, "entities/", "fin"):
        listed = client.get("/incidents/", {"entity": word})
        assert f'data-id="{incident.pk}"' in listed.content.decode()


def test_restricted_incidents_do_not_leak_through_suggestions(
    client: Client, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    incident = opened(alert("1", entities=(device("heron-01"),)))
    Incident.objects.filter(pk=incident.pk).update(facets=["device_group:Project Heron"], service_sources=["Heron EDR"])
    tag(incident, "Heron")
    restrict(incident, [lee], actor=lee.as_actor())
    for path, text, value in (
        ("words/device_group/", "", "Project Heron"),
        ("words/source/", "her", "Heron EDR"),
        ("entities/", "heron", "device:heron-01"),
        ("tags/", "her", "Heron"),
    ):
        assert value not in suggested(client, path, text)
        assert value in suggested(sign_in(lee), path, text)
    for query in ("device_group=Project+Heron", "source=Heron+EDR", "device_group=Project+Hero", "tag=Hero"):
        answer = client.get(f"/incidents/?{query}")
        assert answer.status_code == 400
        assert "did you mean" not in unescape(answer.content.decode())
    assert sign_in(lee).get("/incidents/?device_group=project+heron").status_code == 200


# ---------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("query", "problem", "corrected"),
    [
        ("severty=high&sort=-severity", "There is no filter “severty”", "sort=-severity&severity=high"),
        ("severity=hihg&severity=low", "Severity: “hihg” is unknown", "severity=high&severity=low"),
        ("status=nonsense&tag=Phishing", "Status: “nonsense” is unknown", "tag=Phishing"),
        ("tag=phising&created=week", "Tags: “phising” is unknown", "tag=Phishing&created=7d"),
        ("alerts=20..5", "runs backwards", "alerts=5..20"),
        ("severty=hihg", "There is no filter “severty”", "severity=high"),
        ("utm_source=mail&severity=high", "There is no filter “utm_source”", None),
        ("after=nonsense&severity=high", "damaged", "severity=high"),
        ("sort=-severty&severity=high", "is no order", "severity=high"),
    ],
)
def test_a_refused_address_comes_with_the_one_that_was_meant(
    client: Client, query: str, problem: str, corrected: str | None
) -> None:
    tag(stored([row()])[0], "Phishing")
    answer = client.get(f"/incidents/?{query}")
    page = unescape(answer.content.decode())
    assert answer.status_code == 400
    assert problem in page
    links = [part.split('"')[0] for part in page.split('href="')[1:]]
    offered = next(link for link, text in zip(links, page.split('href="')[1:], strict=True) if "corrected list" in text)
    if corrected is not None:
        assert offered == f"/incidents/?{corrected}"
    assert client.get(offered).status_code == 200


def test_all_that_is_wrong_is_said_at_once(client: Client) -> None:
    page = unescape(client.get("/incidents/?severty=high&status=actve&created=week").content.decode())
    for problem in ("“severty”", "Status: “actve” is unknown — did you mean “active”", "Did you mean “7d”"):
        assert problem in page
    assert "status=active&created=7d&severity=high" in page


def test_an_address_of_which_nothing_is_left_leads_to_the_default_list(client: Client) -> None:
    answer = client.get("/incidents/?status=nonsense")
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "corrected" not in page
    assert "Show the default list" in page


def test_what_is_snoozed_is_hidden_and_said(client: Client) -> None:
    later = timezone.now() + timedelta(hours=3)
    stored([row(name="Still up"), row(name="Gone to bed", snoozed_until=later), row(severity=1, snoozed_until=later)])
    page = unescape(client.get("/incidents/").content.decode())
    assert "Gone to bed" not in page
    link = page.split(">1 snoozed<")[0].rsplit('href="', 1)[1].split('"')[0]
    assert "Gone to bed" in client.get(link).content.decode()
    assert 'data-filter-edit="snoozed"' not in page
    assert 'data-filter-edit="snoozed"' in client.get(link).content.decode()
