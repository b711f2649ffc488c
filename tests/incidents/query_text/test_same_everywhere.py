"""A thousand random queries find the same incidents on the page, in the API, in the export and in the count, and they
are those that plain Python finds."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from activity.actors import SYSTEM
from alerts.choices import Classification, Determination, Severity
from common.query_strings import address
from common.words import fold
from entities import identity
from entities.identity import EntityIdentity
from incidents.commands import add_comment, assign, change_tags, classify, resolve, restrict, snooze
from incidents.models import Incident
from incidents.queries.queue import queue_page
from tests.conftest import NOON, alert, opened
from tests.incidents.query_text.oracle import Facts, Queries, folded_words, wants

QUERIES = int(os.environ.get("QUERIES", "1000"))
PRINTED = 8
"""Every so many queries are asked of the whole page as a browser asks, and of both exports."""
COUNT = re.compile(rb'id="queue-count">(\d+)')
ROWS = re.compile(rb'<tr data-row data-id="(\d+)"')
INCIDENTS = 36
TITLES = ("Encoded command", "Lateral movement by WMI", "Beacon to a command server", "Größe über Limit", "Port scan")
SOURCES = ("Endpoint sensor", "Network sensor", "Mail filter")
TAGS = ("phishing", "VIP", "red team", "Größe")
CATEGORIES = ("impact", "execution", "discovery")
SEVERITIES = list(Severity)


def entities_of(number: int) -> tuple[EntityIdentity, ...]:
    """What an incident is about; nothing is shared, so that each alert opens an incident of its own."""
    return (
        identity.device(hostname=f"fin-ws-{number:02}.contoso.example"),
        identity.user(upn=f"ana.{number}@contoso.example"),
        identity.ip(f"10.0.{number}.8") if number % 2 else identity.ip(f"fe80::{number:x}"),
        identity.file(name=f"invoice{number}.docm", directory="C:\\Users\\ana", hashes=[f"{number:02x}" * 32]),
    )


def made(number: int, ana: User, lee: User, tier2: Team) -> Facts | None:
    """The incident of this number, with a bit of everything; None for one that Ana may not see."""
    severity = SEVERITIES[number % 4]
    title, source, category = TITLES[number % 5], SOURCES[number % 3], CATEGORIES[number % 3]
    at = NOON + timedelta(days=number % 9, hours=number % 7)
    entities = entities_of(number)
    alerts = [
        alert(
            f"{number}-{each}",
            title=title,
            severity=severity,
            at=at + timedelta(minutes=each),
            entities=entities,
            service_source=source,
            categories=(category,),
        )
        for each in range(1 + number % 3)
    ]
    incident = opened(*alerts)
    owner: User | Team | None = (None, ana, lee, tier2)[number % 4]
    if owner:
        assign(incident, owner, actor=SYSTEM)
    tags = [name for place, name in enumerate(TAGS) if number >> place & 1]
    if tags:
        change_tags(incident, add=tags, actor=SYSTEM)
    if number % 4 == 1:
        classify(incident, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=SYSTEM)
    if number % 5 == 0:
        add_comment(incident, "Looked at it.", actor=SYSTEM)
    if number % 7 == 0:
        snooze(incident, timezone.now() + timedelta(days=30), actor=SYSTEM)
    if number % 6 == 0:
        resolve(incident, actor=lee.as_actor(), note="Done.")
    if number % 11 == 0:
        restrict(incident, [ana, tier2] if number % 2 else [lee], actor=lee.as_actor())
    return facts(incident, title, entities, owner, tags, category, number) if number % 22 else None


def facts(
    incident: Incident,
    title: str,
    entities: Sequence[EntityIdentity],
    owner: User | Team | None,
    tags: Sequence[str],
    category: str,
    number: int,
) -> Facts:
    incident.refresh_from_db()
    names = [text for entity in entities for text in (entity.key, entity.name)]
    is_resolved = number % 6 == 0
    who = {None: {"unassigned"}}.get(owner) or {owner.username if isinstance(owner, User) else f"team:{owner.slug}"}
    return Facts(
        number=incident.pk,
        name=incident.name,
        titles=[title],
        words=folded_words([str(incident.pk), incident.name, title, *names]),
        entities=[fold(name) for name in names],
        one_of={
            "status": {"resolved" if is_resolved else "active"},
            "severity": {SEVERITIES[number % 4].slug},
            "alert_severity": {SEVERITIES[number % 4].slug},
            "assignee": who | ({"me"} if isinstance(owner, User) and owner.username == "ana" else set()),
            "source": {SOURCES[number % 3].casefold()},
            "category": {category},
            "classification": {"true_positive" if number % 4 == 1 else "not_set"},
            "commented": {"yes" if number % 5 == 0 else "no"},
            "snoozed": {"yes" if number % 7 == 0 and not is_resolved else "no"},
            "restricted": {"yes" if number % 11 == 0 else "no"},
            "resolved_by": {"lee"} if is_resolved else set(),
            "entity": {fold(text) for text in names},
        },
        amounts={"alerts": 1 + number % 3, "priority": incident.priority, "number": incident.pk},
        moments={key: getattr(incident, key) for key in ("last_activity", "first_activity")}
        | {"created": incident.created_at, "updated": incident.updated_at},
        tags={name.casefold() for name in tags},
    )


def values(found: Sequence[Facts]) -> dict[str, list[str]]:
    """What queries ask for, by key."""
    numbers = [str(each.number) for each in found]
    times = ["2026-11-03", "2026-11-04..2026-11-06", ">=2026-11-05", "<2026-11-04", "2026-11-08..", "..2026-11-03"]
    return {
        "status": ["active", "in_progress", "resolved", "redirected", "any"],
        "severity": [severity.slug for severity in Severity],
        "alert_severity": [severity.slug for severity in Severity],
        "assignee": ["ana", "me", "lee", "unassigned", "team:tier2"],
        "tag": [*TAGS, "vip", "PHISHING"],
        "tag_all": [*TAGS],
        "tag_none": [*TAGS],
        "source": [*SOURCES],
        "category": [*CATEGORIES],
        "classification": ["true_positive", "not_set", "false_positive"],
        "commented": ["yes", "no"],
        "snoozed": ["yes", "no"],
        "restricted": ["yes", "no"],
        "resolved_by": ["lee", "ana"],
        "entity": ["fin-ws-07.contoso.example", "10.0.5.8", "fe80::a", "ana.3@contoso.example", "10.9.9.9"],
        "alerts": [">1", ">=3", "1", "1..2", "<3", "2.."],
        "priority": ["0..14", ">=20", "..30", "<15"],
        "number": [*numbers[::5], f">={numbers[10]}", f"..{numbers[6]}"],
        "last_activity": [*times, ">-7d", "<-7d"],
        "first_activity": times,
        "created": [">-1d", "<-1d"],
        "updated": [">-1d", "<-30d"],
    }


RANGES = ("alerts", "priority", "number")


def as_keys_say(keys: dict[str, list[str]]) -> dict[str, list[str]]:
    """Numbers are compared in the text only."""
    said = {key: [word for word in words if key not in RANGES or word[0] not in "<>"] for key, words in keys.items()}
    return {key: words for key, words in said.items() if words}


def words(found: Sequence[Facts]) -> list[str]:
    texts = [*TITLES, *(name for each in found[::3] for name in each.entities), *(str(each.number) for each in found)]
    return [*texts, "command server", "lateral", "Encoded", "scan", "C:\\Users", "#3", "…", "größe", "contoso"]


@pytest.fixture
def shown(ana: User, sign_in: Callable[[User], Client]) -> Callable[[int, str], dict[str, list[int]]]:
    """What each place shows for an address. The rows of the page come from what its view prints, of every so many
    also from its answer; the export is CSV and JSON in turn."""
    client = sign_in(ana)

    def answer(address: str, **headers: str) -> Any:
        found = client.get(address, headers=headers)
        assert found.status_code == 200, (address, found.status_code)
        return found

    def exported(kind: str, query: str) -> list[int]:
        pieces = answer(f"/exports/incidents.{kind}?columns=number&{query}").streaming_content
        text = b"".join(pieces).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text)) if kind == "csv" else json.loads(text)
        return [int(row["number"]) for row in rows]

    def places(number: int, query: str) -> dict[str, list[int]]:
        page = queue_page(QueryDict(query), ana, "/incidents/")
        api = answer(f"/api/v1/incidents/?limit=200&count=exact&{query}").json()
        kinds = ("csv", "json")
        found = {
            "page": [row.number for row in page.rows],
            "API": [incident["number"] for incident in api["incidents"]],
            **{kind: exported(kind, query) for kind in (kinds if number % PRINTED == 0 else kinds[number % 2 :][:1])},
        }
        counts = [page.count.exact, api["count"]]
        if number % PRINTED == 0:
            printed = answer(f"/incidents/?columns=number&{query}", **{"HX-Request": "true"}).content
            found["printed"] = [int(each) for each in ROWS.findall(printed)]
            counts += [int(each) for each in COUNT.findall(printed)]
        assert counts == [len(page.rows)] * (2 if number % PRINTED else 3), query
        return found

    return places


# Committed: a long transaction would keep the pages of other tests from hearing what is new.
@pytest.mark.django_db(transaction=True)
def test_a_thousand_queries_find_the_same_everywhere(
    ana: User, lee: User, tier2: Team, shown: Callable[[int, str], dict[str, list[int]]]
) -> None:
    found = [each for number in range(1, INCIDENTS + 1) if (each := made(number, ana, lee, tier2))]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    queries = Queries(20261102, values(found), words(found))
    sizes = []
    for number in range(QUERIES):
        keys, text = queries.next()
        keys = as_keys_say(keys)
        query = address("", keys | ({"q": [text]} if text else {})).removeprefix("?")
        now = timezone.now()
        expected = {each.number for each in found if wants(keys, text, each, now)}
        sizes.append(len(expected))
        places = shown(number, query)
        for place, numbers in places.items():
            assert sorted(numbers) == sorted(expected), (place, keys, text)
            assert numbers == places["page"], (place, keys, text)
    assert sum(0 < size < len(found) for size in sizes) > QUERIES / 4, "most queries say nothing"
