"""The queue's filters: one truth for page, API, export and saved links."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import Principal, Team, User
from activity.actors import SYSTEM
from alerts.choices import Classification, Determination, Severity
from common.filter_fields import TimeField
from common.query_strings import UnknownKeys
from incidents.choices import IncidentStatus
from incidents.commands import restrict
from incidents.filters import FIELDS, IncidentFilter, with_defaults
from incidents.models import Incident
from tests.conftest import NOON
from tests.incidents.rows import row, stored, tag


def found(query: str, principal: Principal) -> set[int]:
    """Ids of what an address lists, defaults left out."""
    filtered = IncidentFilter(QueryDict(query), Incident.objects.visible_to(principal), principal=principal)
    filtered.check()
    return set(filtered.qs.values_list("pk", flat=True))


def problems(query: str, principal: Principal) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        found(query, principal)
    return refused.value.message_dict


@pytest.mark.parametrize("status", [IncidentStatus.ACTIVE, IncidentStatus.IN_PROGRESS, IncidentStatus.RESOLVED])
def test_status(ana: User, status: IncidentStatus) -> None:
    rows = {each: stored([row(status=each)])[0].pk for each in list(IncidentStatus)[:3]}
    assert found(f"status={status.slug}", ana) == {rows[status]}


@pytest.mark.parametrize("severity", Severity)
def test_severity(ana: User, severity: Severity) -> None:
    rows = {each: stored([row(severity=each)])[0].pk for each in Severity}
    assert found(f"severity={severity.slug}", ana) == {rows[severity]}


def test_classification_and_determination(ana: User) -> None:
    _, first, second = stored(
        [
            row(),
            row(classification=Classification.TRUE_POSITIVE, determination=Determination.MALWARE),
            row(classification=Classification.TRUE_POSITIVE, determination=Determination.PHISHING),
        ]
    )
    assert found("classification=true_positive", ana) == {first.pk, second.pk}
    assert found("determination=malware&determination=phishing", ana) == {first.pk, second.pk}
    assert found("classification=true_positive&determination=phishing", ana) == {second.pk}
    assert found("classification=false_positive&determination=phishing", ana) == set()


@pytest.fixture
def owned(ana: User, rio: User, tier2: Team) -> dict[str, int]:
    rows = [row(), row(assignee_user=ana), row(assignee_user=rio), row(assignee_team=tier2)]
    return dict(zip(["nobody", "ana", "rio", "tier2"], (each.pk for each in stored(rows)), strict=True))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("assignee=ana", {"ana"}),
        ("assignee=me", {"ana"}),
        ("assignee=unassigned", {"nobody"}),
        ("assignee=team:tier2", {"tier2"}),
        ("assignee=rio&assignee=team:tier2&assignee=unassigned", {"rio", "tier2", "nobody"}),
        ("assignee=me&assignee=rio", {"ana", "rio"}),
    ],
)
def test_assignee(owned: dict[str, int], ana: User, query: str, names: set[str]) -> None:
    assert found(query, ana) == {owned[name] for name in names}


def test_a_token_is_nobody_to_assign_to(owned: dict[str, int]) -> None:
    token, _ = create_token("script", actor=SYSTEM, role="reader")
    assert "assignee" in problems("assignee=me", token)


def test_tags_are_any_of_and_without_regard_to_case(ana: User) -> None:
    _, first, second = stored([row(), row(), row()])
    tag(first, "Phishing")
    tag(second, "Wave 2")
    assert found("tag=phishing", ana) == {first.pk}
    assert found("tag=PHISHING&tag=wave%202", ana) == {first.pk, second.pk}


def test_service_sources_are_any_of(ana: User) -> None:
    _, one, both = stored([row(), row(service_sources=["Mail"]), row(service_sources=["Endpoint", "Mail"])])
    assert found("source=Mail", ana) == {one.pk, both.pk}
    assert found("source=endpoint", ana) == {both.pk}
    assert "did you mean “Endpoint”" in problems("source=Mail&source=Endpiont", ana)["source"][0]


TIMES = {field.key: field.column for field in FIELDS.values() if isinstance(field, TimeField)}


@pytest.mark.parametrize(("key", "field"), sorted(TIMES.items()))
def test_times_are_from_inclusive_until_exclusive(ana: User, key: str, field: str) -> None:
    at = [NOON.replace(day=day, hour=0) for day in (1, 2, 3)]
    rows = stored(row(**{field: each}) for each in at)
    assert found(f"{key}=2026-11-02..2026-11-02", ana) == {rows[1].pk}
    assert found(f"{key}=2026-11-02..", ana) == {rows[1].pk, rows[2].pk}
    assert found(f"{key}=..2026-11-01", ana) == {rows[0].pk}


def test_a_span_reaches_back_from_now(ana: User) -> None:
    now = timezone.now()
    recent, _ = stored([row(last_activity=now - timedelta(hours=23)), row(last_activity=now - timedelta(hours=25))])
    assert found("last_activity=24h", ana) == found("last_activity=1d", ana) == {recent.pk}


def test_any_lifts_a_filter(ana: User) -> None:
    rows = stored([row(status=1), row(status=2), row(status=3)])
    assert found("status=any&severity=any", ana) == {each.pk for each in rows}


def test_what_is_left_unsaid_is_written_out() -> None:
    assert with_defaults(QueryDict("tag=a")).urlencode() == (
        "tag=a&status=active&status=in_progress&severity=low&severity=medium&severity=high&snoozed=no"
    )
    said = "status=any&severity=high&snoozed=any"
    assert with_defaults(QueryDict(said)).urlencode() == said


def test_an_unknown_key_is_refused_with_the_nearest(ana: User) -> None:
    with pytest.raises(UnknownKeys, match="did you mean “severity”"):
        found("severty=high", ana)


@pytest.mark.parametrize(
    ("query", "key", "hint"),
    [
        ("status=actve", "status", "did you mean “active”"),
        ("status=Active", "status", "did you mean “active”"),
        ("status=new", "status", "known are active"),
        ("status=active&status=closed", "status", "“closed” is unknown"),
        ("severity=hihg", "severity", "did you mean “high”"),
        ("classification=true_positve", "classification", "did you mean “true_positive”"),
        ("determination=phising", "determination", "did you mean “phishing”"),
        ("assignee=anna", "assignee", "did you mean “ana”"),
        ("assignee=team:tier", "assignee", "did you mean “team:tier2”"),
        ("assignee=", "assignee", "is unknown"),
        ("tag=phising", "tag", "did you mean “Phishing”"),
        ("last_activity=week", "last_activity", "write 24h, 7d"),
        ("last_activity=7d&last_activity=week", "last_activity", "write 24h, 7d"),
        ("created=2026-02-30..", "created", "no date in the calendar"),
        ("updated=..9999-12-31", "updated", "no date"),
        ("assignee=a%00b", "assignee", "NUL"),
        ("tag=a%00b", "tag", "NUL"),
        ("source=a%00b", "source", "NUL"),
        ("q=a%00b", "q", "cannot be searched for"),
        ("last_activity=%00", "last_activity", "NUL"),
        ("q=" + "x" * 2001, "q", "the most is 2,000"),
        ("tag=" + "x" * 501, "tag", "at most 500"),
        ("&".join(f"assignee=u{number}" for number in range(101)), "assignee", "At most 100"),
    ],
)
def test_an_unknown_value_is_refused_with_the_way_out(ana: User, tier2: Team, query: str, key: str, hint: str) -> None:
    tag(stored([row()])[0], "Phishing")
    assert hint in " ".join(problems(query, ana)[key])


def test_a_tag_of_restricted_incidents_alone_is_unknown_to_others(incident: Incident, ana: User, lee: User) -> None:
    tag(incident, "Project Heron")
    restrict(incident, [lee], actor=lee.as_actor())
    assert found("tag=project heron", lee) == {incident.pk}
    assert "Heron" not in " ".join(problems("tag=Project Hero", ana)["tag"])
    assert "tag" in problems("tag=Project Heron", ana)


def test_a_tag_nobody_uses_any_more_keeps_old_links_alive(incident: Incident, ana: User) -> None:
    tag(incident, "Last year")
    incident.tags.clear()
    Incident.objects.update(tag_ids=[])
    assert found("tag=last year", ana) == set()
