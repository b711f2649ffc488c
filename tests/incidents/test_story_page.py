"""The Attack story tab: picture and table, up to a moment, without kinds of things; its list and what is remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from alerts.choices import EvidenceRole, Severity, Verdict
from entities import identity
from incidents.commands import add_evidence, restrict
from incidents.models import Incident
from incidents.queries import story as reading
from incidents.queries.story import story_of, story_svg
from ingest.parsed import ParsedAlert, ParsedEvidence
from tests.conftest import NOON, alert, device, forget_cached, opened, user_entity
from tests.incidents.rows import row, stored

ATTACKED, SOURCE, COMPROMISED = (
    EvidenceRole.ATTACKED.slug,
    EvidenceRole.SOURCE.slug,
    EvidenceRole.COMPROMISED.slug,
)


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def evidence(entity: Any, *roles: str, verdict: Verdict = Verdict.UNKNOWN) -> ParsedEvidence:
    return ParsedEvidence(entity, roles=roles, verdict=verdict)


def naming(parsed: ParsedAlert, *pieces: ParsedEvidence) -> ParsedAlert:
    """The alert with this evidence."""
    return replace(parsed, evidence=pieces)


@pytest.fixture
def attack(db: None) -> Incident:
    """Three alerts: a mailed document, its script on FIN-WS-17, from there to the domain controller."""
    fin, mia = device("fin-ws-17"), user_entity("mia@corp.example")
    script = identity.file(name="stage.ps1", hashes=["a" * 64])
    return opened(
        naming(
            alert("1", title="Script was run"),
            evidence(fin, ATTACKED),
            evidence(mia, COMPROMISED),
            evidence(script, verdict=Verdict.MALICIOUS),
        ),
        naming(
            alert("2", title="Beacon to a rare address", at=NOON + timedelta(minutes=5)),
            evidence(fin, SOURCE),
            evidence(identity.ip("203.0.113.7"), "command_and_control"),
        ),
        naming(
            alert("3", title="Domain controller was asked", severity=Severity.HIGH, at=NOON + timedelta(minutes=9)),
            evidence(fin, SOURCE),
            evidence(device("dc-02"), ATTACKED),
            evidence(mia, COMPROMISED),
        ),
    )


def shown(client: Client, incident: Incident, query: str = "") -> str:
    answer = client.get(reverse("incidents:story", args=[incident.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def states(page: str) -> dict[str, str]:
    """Of each node of the picture, by its name: "later", "now" or ""."""
    found = re.findall(r'<a href="[^"]*" class="story-node story-\w+( is-\w+)?"[^>]*aria-label="([^",]+)', page)
    return {name: state.removeprefix(" is-") for state, name in found}


def test_the_picture_shows_what_the_alerts_name_and_the_list_says_all_of_them(client: Client, attack: Incident) -> None:
    page = shown(client, attack)
    assert states(page) == dict.fromkeys(("fin-ws-17", "mia@corp.example", "stage.ps1", "203.0.113[.]7", "dc-02"), "")
    assert re.findall(r'data-story-go="(\d)"[^>]*>([^<]+)<', page) == [
        ("1", "Script was run"),
        ("2", "Beacon to a rare address"),
        ("3", "Domain controller was asked"),
    ]
    assert "mia@corp.example acted on fin-ws-17 (alerts 1, 3)" in page
    assert "203.0.113.7" not in page
    for each in attack.alerts.all():
        assert f'href="{reverse("incidents:alert", args=[attack.pk, each.pk])}"' in page


def test_it_is_shown_up_to_one_alert(client: Client, attack: Incident) -> None:
    page = shown(client, attack, "?until=2")
    assert states(page) == {
        "fin-ws-17": "now",
        "203.0.113[.]7": "now",
        "mia@corp.example": "",
        "stage.ps1": "",
        "dc-02": "later",
    }
    assert "Alert 2 of 3" in page
    assert f'href="/incidents/{attack.pk}/story/?until=1"' in page
    assert "All 3 alerts" in shown(client, attack, "?until=999999")


def test_kinds_of_things_are_hidden_and_come_back_by_links(client: Client, attack: Incident) -> None:
    path = reverse("incidents:story", args=[attack.pk])
    assert f'href="{path}?hide=file"' in shown(client, attack)
    page = shown(client, attack, "?hide=file&hide=user")
    assert states(page).keys() == {"fin-ws-17", "203.0.113[.]7", "dc-02"}
    assert f'href="{path}?hide=user"' in page


def test_the_table_says_the_same_in_words(client: Client, attack: Incident) -> None:
    page = shown(client, attack, "?view=table")
    assert '<svg class="story-picture' not in page
    story = story_of(attack)
    for edge in story.picture.graph.edges.values():
        assert f">{edge.words}</td>" in page
    for node in story.picture.graph.nodes.values():
        assert f">{node.name}</a>" in page


def test_what_a_person_added_is_drawn_marked_and_told_in_the_table(client: Client, attack: Incident, ana: User) -> None:
    def add(*things: identity.EntityIdentity, note: str = "") -> None:
        add_evidence(attack, things, actor=ana.as_actor(), note=note)

    before = re.findall(r'<g class="story-line', shown(client, attack))
    add(identity.domain("drop.example"), note="In the proxy's log, asked for by DC-02.")
    add(identity.url("https://drop.example/a"))
    add(identity.ip("198.51.100.9"))
    page = shown(client, attack, "?until=1")
    assert {name: states(page)[name] for name in ("drop[.]example", "198.51.100[.]9", "203.0.113[.]7")} == {
        "drop[.]example": "",
        "198.51.100[.]9": "",
        "203.0.113[.]7": "later",
    }
    assert page.count('class="story-hand"') == 3
    assert "added by Ana Ruiz: In the proxy’s log".replace("’", "&#x27;") in page
    assert len(re.findall(r'<g class="story-line', page)) == len(before) + 3, "what alerts tie stays as it is"
    table = unescape(re.sub(r"<[^>]+>", " ", shown(client, attack, "?view=table")))
    for told in (
        r"dc-02\s+is named by the note on\s+drop\[\.\]example\s+No alert",
        r"drop\[\.\]example\s+goes with\s+hxxps://drop\[\.\]example/a",
        r"fin-ws-17\s+is where a person added\s+198\.51\.100\[\.\]9",
        r"198\.51\.100\[\.\]9\s+Added by Ana Ruiz\s",
    ):
        assert re.search(told, table), told
    assert "198.51.100" not in shown(client, attack, "?hide=ip")


def test_the_overview_fetches_the_picture_or_the_table_alone(client: Client, attack: Incident) -> None:
    path = reverse("incidents:story_picture", args=[attack.pk])
    assert f'hx-get="{path}"' in client.get(reverse("incidents:overview", args=[attack.pk])).content.decode()
    picture = client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert len(states(picture)) == 5 and "<html" not in picture and "data-story-go" not in picture
    table = client.get(f"{path}?view=table", headers={"HX-Request": "true"}).content.decode()
    assert "acted on</td>" in table and '<svg class="story-picture' not in table
    assert client.get(path)["Location"] == reverse("incidents:story", args=[attack.pk])


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?until=x", "until is the number of an alert"),
        ("?until=0", "until is the number of an alert"),
        ("?until=" + "9" * 40, "until is the number of an alert"),
        ("?until=%C2%B2", "until is the number of an alert"),
        ("?hide=devcie", "did you mean “device”"),
        ("?view=film", "view is graph or table"),
        ("?untill=3", "did you mean “until”"),
    ],
    ids=["word", "zero", "long", "superscript", "type", "view", "key"],
)
def test_a_bad_address_is_refused_in_a_sentence(client: Client, attack: Incident, query: str, sentence: str) -> None:
    answer = client.get(reverse("incidents:story", args=[attack.pk]) + query)
    assert (answer.status_code, sentence in answer.content.decode()) == (400, True)


def test_one_alert_and_an_alert_that_names_nothing_have_a_story(client: Client, db: None) -> None:
    assert "Encoded command" in shown(client, opened(alert("1")))
    assert states(shown(client, opened(alert("2", entities=(device("web-01"),))))) == {"web-01": ""}


def test_without_alerts_it_says_so(client: Client, db: None) -> None:
    (empty,) = stored([row(alerts_total=0, alerts_active=0)])
    assert "were moved away" in shown(client, empty)


def test_merged_away_it_leads_on(client: Client, attack: Incident) -> None:
    (gone,) = stored([row(status=4, redirected_to=attack)])
    answer = client.get(reverse("incidents:story", args=[gone.pk]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("incidents:story", args=[attack.pk]))


def test_a_restricted_story_is_nobody_elses(
    client: Client, attack: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    shown(client, attack)
    restrict(attack, [lee], actor=lee.as_actor())
    assert client.get(reverse("incidents:story", args=[attack.pk])).status_code == 404
    assert "dc-02" in shown(sign_in(lee), attack)


def test_only_the_layout_is_remembered_and_what_changes_is_seen_at_once(
    client: Client, attack: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(reading, "layout", lambda *graph, make=reading.layout: made.append(graph) or make(*graph))
    forget_cached()
    before = shown(client, attack)
    assert (len(made), "story-malicious" in before) == (1, True)
    attack.alerts.get(external_id="1").evidence.update(verdict=Verdict.NO_THREATS_FOUND)
    after = shown(client, attack)
    assert (len(made), "story-malicious" in after, "story-no_threats_found" in after) == (1, False, True)
    opened(alert("4", at=NOON + timedelta(hours=1), entities=(device("fin-ws-17"), device("web-09"))))
    assert "web-09" in shown(client, attack)
    assert len(made) == 2


def test_without_redis_it_is_drawn_all_the_same(attack: Incident, settings: Any) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert "dc-02" in story_svg(attack)


def test_by_itself_the_picture_has_no_links_and_no_style(attack: Incident) -> None:
    picture = story_svg(attack)
    assert picture.startswith("<svg") and "<a " not in picture and "style" not in picture


def test_statements_do_not_grow_with_what_is_drawn(client: Client, attack: Incident) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(client, attack)
        return len(captured)

    few = statements()
    opened(
        *(
            alert(
                f"m{n}", at=NOON + timedelta(minutes=n), entities=(device("fin-ws-17"), identity.ip(f"203.0.113.{n}"))
            )
            for n in range(60)
        )
    )
    assert statements() <= few <= 14


def test_a_long_list_goes_on_where_the_moment_is(
    client: Client, attack: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.queries.story_page.ALERTS_IN_LIST", 2)
    monkeypatch.setattr(reading, "MOST_STEPS", 1)
    first, last = shown(client, attack), shown(client, attack, "?until=3")
    assert ("Script was run" in first, "Later alerts" in first) == (True, True)
    assert ("Domain controller was asked" in last, "Earlier alerts" in last) == (True, True)
    assert states(last).keys() == {"fin-ws-17", "dc-02", "mia@corp.example"}, "the gravest alert alone is drawn"
    assert "of 3 alerts; the list has them all" in last
