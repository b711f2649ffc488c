"""Filters in any combination find what each would, told in plain Python; and no index is missing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team, User
from alerts.choices import Classification, Determination, Severity
from common.time_ranges import parse_range
from incidents.choices import IncidentStatus
from incidents.commands import restrict
from incidents.facets import COMMENTED
from incidents.filters import IncidentFilter
from incidents.models import Incident, IncidentMember
from tests.conftest import owner_connection
from tests.incidents.rows import row, stored, tag
from tests.incidents.test_queue_page import full_reads

World = list[Incident]

WORDS: dict[str, tuple[str, ...]] = {
    "status": ("active", "in_progress", "resolved", "any"),
    "severity": ("informational", "low", "medium", "high"),
    "alert_severity": ("low", "high"),
    "assignee": ("unassigned", "ana", "rio", "me", "team:tier2"),
    "tag": ("a", "B", "c"),
    "tag_all": ("a", "b", "c"),
    "tag_none": ("a", "b", "c"),
    "classification": ("not_set", "true_positive", "false_positive"),
    "determination": ("not_set", "malware", "other"),
    "source": ("Endpoint", "mail"),
    "detection_source": ("EDR", "custom detection"),
    "category": ("impact", "execution", "exfiltration"),
    "technique": ("T1059", "T1059.001", "T1486"),
    "device_group": ("Servers", "laptops"),
    "os_platform": ("Windows 11", "Linux"),
    "created": ("7d", "30d", "2026-01-01..", "..2026-01-01"),
    "first_activity": ("3d", "180d"),
    "last_activity": ("1d", "30d", "<-7d"),
    "updated": ("1d", "7d"),
    "alerts": ("1", "2..5", "..3", "4.."),
    "commented": ("yes", "no"),
    "resolved_by": ("me", "rio", "system"),
    "restricted": ("yes", "no", "any"),
    "snoozed": ("yes", "no", "any"),
    "priority": ("low", "medium", "high", "10..20"),
}
"""Every key but the entity, the number and the search text, with words that mean something in the world below."""


@pytest.fixture
def world(ana: User, rio: User, lee: User, tier2: Team) -> World:
    """Incidents of every kind, by turns of different lengths, so that combinations differ."""
    now = timezone.now()
    ago = [timedelta(hours=1), timedelta(days=2), timedelta(days=5), timedelta(days=20), timedelta(days=400)]
    owners: list[dict[str, Any]] = [{}, {"assignee_user": ana}, {"assignee_user": rio}, {"assignee_team": tier2}]
    findings = [
        (Classification.NOT_SET, Determination.NOT_SET),
        (Classification.TRUE_POSITIVE, Determination.MALWARE),
        (Classification.FALSE_POSITIVE, Determination.OTHER),
    ]
    facets = [
        ["alert_severity:high", "category:impact", "technique:T1486", "os_platform:Windows 11", "device_group:Servers"],
        ["alert_severity:low", "category:execution", "technique:T1059", "technique:T1059.001", "detection_source:EDR"],
        ["detection_source:Custom detection", "os_platform:Linux", "device_group:Laptops", "technique:T1059"],
    ]
    resolvers = [None, ana, rio]
    rows = []
    for n in range(66):
        status = (IncidentStatus.ACTIVE, IncidentStatus.RESOLVED, IncidentStatus.IN_PROGRESS)[n % 3]
        classification, determination = findings[n % 7 % 3]
        is_resolved = status == IncidentStatus.RESOLVED
        rows.append(
            row(
                n,
                status=status,
                severity=list(Severity)[n % 4],
                classification=classification,
                determination=determination,
                facets=[*facets[n % 5 % 3], *([COMMENTED] if n % 2 else [])],
                service_sources=[["Endpoint"], ["Mail"], ["Endpoint", "Mail"], []][n % 11 % 4],
                alerts_total=n % 7 + 1,
                alerts_active=0,
                priority=n * 17 % 101,
                snoozed_until=[None, now - timedelta(days=1), now + timedelta(days=1)][n % 13 % 3],
                created_at=now - ago[n % 5],
                first_activity=now - ago[n % 5],
                last_activity=now - ago[n % 4],
                updated_at=now - ago[n % 3],
                resolved_by_user=resolvers[n % 9 % 3] if is_resolved else None,
                **owners[n % 4],
            )
        )
    incidents = stored(rows)
    for n, each in enumerate(incidents):
        tag(each, *(name for bit, name in enumerate("abc") if n >> bit & 1))
    for each in incidents[::8]:
        restrict(each, [ana, lee] if each.pk % 2 else [lee], actor=lee.as_actor())
    for each in incidents[::8]:  # restricting is an update of the row; its times are set back
        original = next(one for one in rows if one.pk == each.pk)
        Incident.objects.filter(pk=each.pk).update(updated_at=original.updated_at)
    return list(Incident.objects.prefetch_related("tags").select_related("assignee_user", "assignee_team"))


def fits(one: Incident, key: str, words: list[str], now: datetime) -> bool:
    """What each key means, said without the database."""
    facets = set(one.facets)
    names = {each.name.lower() for each in one.tags.all()}
    if "any" in words:
        return True
    if key in ("status", "severity"):
        return {"status": IncidentStatus, "severity": Severity}[key](getattr(one, key)).slug in words
    if key in ("classification", "determination"):
        return getattr(one, key) in words
    if key in ("tag", "tag_all", "tag_none"):
        wanted = {word.lower() for word in words}
        return {"tag": bool(names & wanted), "tag_all": wanted <= names, "tag_none": not names & wanted}[key]
    if key == "assignee":
        team = f"team:{one.assignee_team.slug}" if one.assignee_team else ""
        user = one.assignee_user.username if one.assignee_user else ""
        owner = user or team or "unassigned"
        return owner in ["ana" if word == "me" else word for word in words]
    if key == "resolved_by":
        who = {"me": "ana"}
        resolver = one.resolved_by_user.username if one.resolved_by_user else "system"
        return one.status == IncidentStatus.RESOLVED and resolver in [who.get(word, word) for word in words]
    if key == "source":
        return bool({source.lower() for source in one.service_sources} & {word.lower() for word in words})
    if key in ("created", "first_activity", "last_activity", "updated"):
        moment = getattr(one, {"created": "created_at", "updated": "updated_at"}.get(key, key))
        spans = [parse_range(word, now) for word in words]
        return any((not s.since or moment >= s.since) and (not s.until or moment < s.until) for s in spans)
    if key == "alerts":
        ranges = {"1": (1, 1), "2..5": (2, 5), "..3": (0, 3), "4..": (4, 99)}
        return any(ranges[word][0] <= one.alerts_total <= ranges[word][1] for word in words)
    if key == "priority":
        bands = {"low": (0, 14), "medium": (15, 85), "high": (86, 100), "10..20": (10, 20)}
        return any(bands[word][0] <= one.priority <= bands[word][1] for word in words)
    yes_or_no = {
        "commented": COMMENTED in facets,
        "restricted": one.restricted,
        "snoozed": one.snoozed_until is not None and one.snoozed_until > now,
    }
    if key in yes_or_no:
        return ("yes" if yes_or_no[key] else "no") in words
    said = {facet.partition(":")[2].lower() for facet in facets if facet.startswith(f"{key}:")}
    return bool(said & {word.lower() for word in words})


choices = st.dictionaries(
    st.sampled_from(sorted(WORDS)), st.integers(min_value=1, max_value=2**8), min_size=1, max_size=5
).map(lambda picked: {key: [w for n, w in enumerate(WORDS[key]) if bits >> n & 1] for key, bits in picked.items()})


def address_of(asked: dict[str, list[str]]) -> QueryDict:
    query = QueryDict(mutable=True)
    for key, words in asked.items():
        if words:
            query.setlist(key, words)
    return query


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=choices)
def test_filters_together_find_what_each_finds(world: World, ana: User, asked: dict[str, list[str]]) -> None:
    now = timezone.now()
    members = set(IncidentMember.objects.filter(user=ana).values_list("incident_id", flat=True))
    asked = {key: words for key, words in asked.items() if words}
    expected = {
        one.pk
        for one in world
        if (not one.restricted or one.pk in members) and all(fits(one, key, words, now) for key, words in asked.items())
    }
    visible = Incident.objects.visible_to(ana)
    filtered = IncidentFilter(address_of(asked), visible, principal=ana)
    filtered.check()
    assert set(filtered.qs.values_list("pk", flat=True)) == expected
    combined = Q()
    for key, words in asked.items():
        combined &= filtered.condition(key, words)
    assert set(visible.filter(combined).values_list("pk", flat=True)) == expected
    if combined:
        others = {one.pk for one in world if not one.restricted or one.pk in members} - expected
        assert set(visible.filter(~combined).values_list("pk", flat=True)) == others


# ------------------------------------------------------------------------------------------------------------- indexes


def plan_of(filtered: IncidentFilter, size: int = 51) -> dict[str, Any]:
    rows = filtered.qs.order_by("-last_activity", "-id").values("id")[:size]
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        plan = cursor.fetchone()[0]
    return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]


@pytest.mark.django_db(transaction=True)
def test_a_rare_value_is_found_by_an_index_in_the_whole_archive(ana: User, lee: User) -> None:
    now = timezone.now()
    rare = {
        "facets": ["technique:T1486", "os_platform:BeOS", "alert_severity:high", "detection_source:Odd", COMMENTED],
        "service_sources": ["Odd"],
        "alerts_total": 900,
        "priority": 99,
        "resolved_by_user": ana,
        "snoozed_until": now + timedelta(days=3),
        "restricted": True,
    }
    rows = stored(
        row(n, status=IncidentStatus.RESOLVED, **(rare if n == 2_000 else {"facets": ["category:impact"]}))
        for n in range(6_000)
    )
    IncidentMember.objects.create(incident=rows[2_000], user=ana)
    tag(rows[2_000], "rare")
    with owner_connection() as owner:
        owner.execute("ANALYZE")
    for query in (
        "technique=T1486", "os_platform=BeOS", "alert_severity=high", "detection_source=Odd", "commented=yes",
        "source=Odd", "tag=rare", "tag_all=rare", "resolved_by=me", "snoozed=yes", "restricted=yes", "priority=high",
        "alerts=500..", "first_activity=..2026-10-01", f"number={rows[5].pk}", "entity=192.0.2.9",
        "technique=T1486&os_platform=BeOS&tag=rare&resolved_by=me&priority=high",
    ):  # fmt: skip
        filtered = IncidentFilter(QueryDict(query), Incident.objects.visible_to(ana), principal=ana)
        filtered.check()
        assert full_reads(plan_of(filtered)) == [], query


def test_a_list_that_is_asked_for_again_is_composed_once(world: World, ana: User) -> None:
    """A condition that equals no other would have its statement composed at each asking, and kept for nobody."""
    asked = [f"{key}={word}" for key, words in WORDS.items() for word in words]
    asked += ["unread=yes", "followed=no", "due=7d", "tasks=open", "task_assignee=me"]
    for query in asked:
        one, other = (IncidentFilter(QueryDict(query), principal=ana).listed.key for _ in range(2))
        assert one == other, query
