"""What an entity did, or was done to it, across incidents: the alerts it was in, in time, and these incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from accounts.models import Principal
from alerts.choices import AlertStatus, EvidenceRole, Severity, Verdict
from alerts.queries.evidence_rows import text_of
from common.marks import dated, icon, initials, person_mark, severity_mark, status_mark, time_mark
from common.pagination import Order, Page, page_of_rows
from entities.models import Entity
from incidents.choices import IncidentStatus
from incidents.models import Incident
from incidents.queries.columns import UNASSIGNED_MARK
from incidents.queries.entity import MOST_WEIGHED, sightings

BEFORE = timedelta(hours=24)
"""From an incident, the timeline of its assets opens so long before its first alert."""
PAGE_SIZE = 50
INCIDENTS_PER_PAGE = 25
SOURCES_FROM = 500
"""The latest alerts from which the sources to choose from are taken."""
MOST_DETAILS = 3
LONGEST_DETAIL = 200
ORDERS = {
    "newest": Order("newest", ("-event_time", "-id")),
    "oldest": Order("oldest", ("event_time", "id")),
}
FIELDS = (
    *("event_time", "roles", "verdict", "details", "incident_number", "alert_id", "alert__title", "alert__severity"),
    *("alert__status", "alert__service_source", "alert__source", "alert__incident__name", "added_by"),
    "note",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a timeline asks for."""

    since: datetime | None = None
    until: datetime | None = None
    severities: Sequence[Severity] = ()
    sources: Sequence[str] = ()
    incident: int | None = None
    """Only the alerts of this one."""
    around: int | None = None
    """The incident that somebody came from: its alerts are marked among the others."""
    sort: str = "newest"
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of the alerts an entity was in, by day."""

    page: Page
    days: list[tuple[date, list[dict[str, Any]]]] = field(default_factory=list)


def moments(
    entity: Entity, principal: Principal, asked: Asked, size: int = PAGE_SIZE
) -> tuple[Page, list[dict[str, Any]]]:
    """One page of it as values, each with the name of its incident. Raises BadCursor for a place that this order does
    not know."""
    rows = sightings(entity, principal)
    if asked.since:
        rows = rows.filter(event_time__gte=asked.since)
    if asked.until:
        rows = rows.filter(event_time__lt=asked.until)
    if asked.severities:
        rows = rows.filter(alert__severity__in=asked.severities)
    if asked.sources:
        named = Q(alert__service_source__in=asked.sources)
        rows = rows.filter(named | Q(alert__service_source="", alert__source__in=asked.sources))
    if asked.incident is not None:
        rows = rows.filter(incident_number=asked.incident)
    page, found = page_of_rows(rows, ORDERS[asked.sort], FIELDS, after=asked.after, before=asked.before, size=size)
    by_hand = {row["incident_number"] for row in found if row["alert_id"] is None}
    names = dict(Incident.objects.filter(pk__in=by_hand).values_list("pk", "name")) if by_hand else {}
    for row in found:
        row["incident_name"] = row["alert__incident__name"] or names.get(row["incident_number"], "")
    return page, found


def timeline(entity: Entity, principal: Principal, asked: Asked) -> Timeline:
    """One page of it, ready to be shown. Raises BadCursor."""
    page, found = moments(entity, principal, asked)
    shown = [_moment(row, asked.around) for row in found]
    days = [(day, list(each)) for day, each in groupby(shown, lambda moment: moment["day"])]
    return Timeline(page, days)


def _moment(row: dict[str, Any], around: int | None) -> dict[str, Any]:
    """One alert, or what somebody added by hand, in the words of the timeline."""
    local = timezone.localtime(row["event_time"])
    details = [(key.replace("_", " "), text_of(value)[:LONGEST_DETAIL]) for key, value in row["details"].items()]
    roles = (EvidenceRole(role).label if role in EvidenceRole.values else role for role in row["roles"])
    return {
        "day": local.date(),
        "time": f"{local:%H:%M:%S}",
        "roles": ", ".join(str(role) for role in roles),
        "verdict": status_mark(Verdict(row["verdict"])) if row["verdict"] != Verdict.UNKNOWN else "",
        "details": details[:MOST_DETAILS],
        "incident": row["incident_number"],
        "incident_name": row["incident_name"],
        "incident_url": f"/incidents/{row['incident_number']}/",
        "is_around": row["incident_number"] == around,
        **(_by_hand(row) if row["alert_id"] is None else _of_alert(row)),
    }


def _of_alert(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "severity": severity_mark(Severity(row["alert__severity"]), compact=True),
        "title": row["alert__title"],
        "url": f"/alerts/{row['alert_id']}/",
        "status": status_mark(AlertStatus(row["alert__status"])),
        "source": row["alert__service_source"] or row["alert__source"],
    }


def _by_hand(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "severity": icon("evidence"),
        "title": "Added to the evidence",
        "url": f"/incidents/{row['incident_number']}/evidence/",
        "status": "",
        "source": f"{row['added_by']}: {row['note']}" if row["note"] else row["added_by"],
    }


def sources_of(entity: Entity, principal: Principal) -> list[str]:
    """Who reported of it lately: what its timeline can be narrowed to."""
    latest = sightings(entity, principal).filter(alert__isnull=False).order_by("-event_time")[:SOURCES_FROM]
    found = latest.values_list("alert__service_source", "alert__source")
    return sorted({service or source for service, source in found}, key=str.lower)


# --- incidents -----------------------------------------------------------------------------------------------------

# An incident stands where the entity was last seen in it. The latest sightings alone are gone through, whatever there
# are; those of incidents that were seen later too have had their place on an earlier page.
INCIDENTS = """
WITH recent (number, event_time) AS MATERIALIZED ({recent})
SELECT (SELECT count(*) FROM recent), walked.event_time, walked.number, found.last, found.number
FROM (SELECT event_time, number FROM recent ORDER BY event_time, number LIMIT 1) AS walked LEFT JOIN (
    SELECT number, last FROM (SELECT number, max(event_time) AS last FROM recent GROUP BY number) AS newest
    WHERE (last, number) < (%s, %s) AND NOT EXISTS (
        SELECT FROM alerts_evidence AS later
        WHERE later.incident_number = newest.number AND later.entity_id = %s AND later.event_time > newest.last
    )
    ORDER BY last DESC, number DESC LIMIT %s
) AS found ON true
ORDER BY found.last DESC, found.number DESC
"""
Place = tuple[datetime, int]
"""When an entity was last seen in an incident, and the incident's number."""
LATEST: Place = (datetime(9999, 1, 1, tzinfo=UTC), 2**62)


class BadPlace(ValueError):
    """A place in the list of incidents that no page of it names."""


def read_place(text: str) -> Place:
    """The place after which a page begins, as its link has it."""
    moment, _, number = text.partition("_")
    try:
        when = datetime.fromisoformat(moment)
        if when.tzinfo is None or not (number.isascii() and number.isdigit() and len(number) < 20):
            raise ValueError
    except ValueError:
        raise BadPlace("The link to this page is damaged; start from the first.") from None
    return when, min(int(number), 2**62)


def places(entity: Entity, principal: Principal, after: Place, size: int) -> tuple[list[Place], str]:
    """The incidents it was in, those first where it was seen last, and after what the rest follows; "" at the end.
    What this person may not see is none of them."""
    seen = sightings(entity, principal).filter(event_time__lte=after[0]).order_by("-event_time", "-incident_number")
    sql, parameters = seen.values("incident_number", "event_time")[:MOST_WEIGHED].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(INCIDENTS.format(recent=sql), [*parameters, *after, entity.pk, size + 1])
        found = cursor.fetchall()
    if not found:
        return [], ""
    walked, *walked_to = found[0][:3]
    named: list[Place] = [(last, number) for *_, last, number in found if number is not None]
    next_place = None
    if len(named) > size:
        next_place = named[size - 1]
    elif walked == MOST_WEIGHED and tuple(walked_to) < after:
        next_place = (walked_to[0], walked_to[1])
    return named[:size], f"{next_place[0].isoformat()}_{next_place[1]}" if next_place else ""


def incidents_page(
    entity: Entity, principal: Principal, after: Place = LATEST, size: int = INCIDENTS_PER_PAGE
) -> dict[str, Any]:
    """The incidents it was in, ready to be shown."""
    found, following = places(entity, principal, after, size)
    rows = _incident_rows(entity, principal, [number for _, number in found])
    return {"rows": [rows[number] for _, number in found if number in rows], "next": following}


def spans(entity: Entity, principal: Principal, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """In how many alerts of each incident it was seen, and when for the first and the last time."""
    seen = sightings(entity, principal).filter(incident_number__in=numbers).order_by().values("incident_number")
    counted = seen.annotate(alerts=Count("id"), first=Min("event_time"), last=Max("event_time"))
    return {row["incident_number"]: dict(row) for row in counted}


def _incident_rows(entity: Entity, principal: Principal, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    fields = ("id", "name", "severity", "status", "assignee_user__display_name", "assignee_team__name")
    incidents = Incident.objects.visible_to(principal).filter(pk__in=numbers).values(*fields)
    seen = spans(entity, principal, numbers)
    return {
        row["id"]: {
            "number": row["id"],
            "name": row["name"],
            "url": f"/incidents/{row['id']}/",
            "severity": severity_mark(Severity(row["severity"])),
            "status": status_mark(IncidentStatus(row["status"])),
            "assignee": _assignee(row),
            "alerts": seen[row["id"]]["alerts"],
            "first": dated(seen[row["id"]]["first"]),
            "last": time_mark(seen[row["id"]]["last"]),
        }
        for row in incidents
        if row["id"] in seen
    }


def _assignee(row: dict[str, Any]) -> str:
    person, team = row["assignee_user__display_name"], row["assignee_team__name"]
    name = person or team
    return person_mark(initials(name), name, "person" if person else "team") if name else person_mark(*UNASSIGNED_MARK)
