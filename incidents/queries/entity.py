"""One entity as far as a person may know of it: everything is read from the evidence of incidents they may see, so that
what only a restricted incident knows of it has no part in any figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Principal
from alerts.choices import Severity
from alerts.models import Evidence
from alerts.queries.evidence_rows import INDICATORS, text_of
from common.bodies import LARGEST_ID
from common.counting import Count, count_each
from common.defang import defang
from common.marks import day_and_time, entity_icon, time_mark
from common.query_strings import address
from entities.choices import ASSET_KINDS, Criticality, EntityKind
from entities.marks import crown
from entities.models import Entity
from entities.naming import page_of, word_of
from entities.noise import is_stored_noise
from entities.queries import identifiers_of
from incidents.filters.names import Names
from incidents.models import Incident

MOST_WEIGHED = 20_000
"""Of an entity's sightings, so many of the latest go into figures; of an address in every alert there are millions."""
LONGEST_FACT = 500
"""Characters of an attribute that are shown."""
SHORT_WORDS = ("os", "ip", "dns", "url", "id")
"""Written in capitals."""


def visible_entity(principal: Principal, kind: str, number: int) -> Entity | None:
    """The entity of this address, if an incident that the person may see has it."""
    return Names(principal).known_entities().filter(pk=min(number, LARGEST_ID), kind=kind).first()


def sightings(entity: Entity, principal: Principal) -> QuerySet[Evidence]:
    """The entity in the alerts, and in what was added by hand, that this person may see."""
    return Evidence.objects.visible_to(principal).filter(entity=entity)


@dataclass(frozen=True, slots=True)
class Span:
    """When an entity was seen, in incidents that the person may see."""

    first: datetime
    last: datetime


def span_of(entity: Entity, principal: Principal) -> Span:
    """First and last sighting; not the entity's own columns, which know of restricted incidents too."""
    times = sightings(entity, principal).values_list("event_time", flat=True)
    both = list(times.order_by("event_time")[:1].union(times.order_by("-event_time")[:1], all=True))
    return Span(min(both), max(both)) if both else Span(entity.first_seen, entity.last_seen)


def counts_of(entity: Entity, principal: Principal) -> dict[str, Count]:
    """In how many alerts and incidents it was seen, and how many of these are open."""
    seen = sightings(entity, principal)
    latest = seen.order_by("-event_time").values("incident_number")[:MOST_WEIGHED]
    incidents = Incident.objects.visible_to(principal).not_redirected().filter(pk__in=latest)
    return count_each({"alerts": seen, "incidents": incidents, "open": incidents.open()})


def header(entity: Entity, principal: Principal) -> dict[str, Any]:
    """What every page of an entity shows at its top."""
    kind = EntityKind(entity.kind)
    span = span_of(entity, principal)
    counts = counts_of(entity, principal)
    word = word_of(entity.kind, entity.key, entity.pk)
    return {
        "id": entity.pk,
        "icon": entity_icon(kind),
        "kind": kind.label,
        "kind_slug": kind.slug,
        "is_asset": kind in ASSET_KINDS,
        "is_indicator": kind in INDICATORS,
        "crown": crown(entity.criticality),
        "name": defang(entity.name, kind),
        "raw_name": entity.name,
        "url": page_of(entity.kind, entity.pk),
        "first_seen": day_and_time(span.first),
        "last_seen": time_mark(span.last),
        "alerts": counts["alerts"],
        "incidents": counts["incidents"],
        "open": counts["open"],
        "queue_url": address(
            "/incidents/", {"entity": [word], "status": ["any"], "severity": ["any"], "snoozed": ["any"]}
        ),
        "summary": summary_sentence(counts),
    }


def summary_sentence(counts: dict[str, Count]) -> str:
    """How far it is involved, in a sentence."""
    alerts, incidents, is_open = counts["alerts"], counts["incidents"], counts["open"]
    text = f"Seen in {_number(alerts, 'alert')} of {_number(incidents, 'incident')}"
    if incidents.exact == 1 and is_open.exact == 0:
        return f"{text}, which is not open."
    if is_open.exact == 0:
        return f"{text}, none of them open."
    if is_open.exact == incidents.exact == 1:
        return f"{text}, which is open."
    return f"{text}, {is_open} of them open."


def _number(count: Count, noun: str) -> str:
    return f"one {noun}" if count.exact == 1 else f"{count} {noun}s"


def facts(entity: Entity) -> list[tuple[str, str]]:
    """What is known of the thing itself, by name: such as a device's operating system and group."""
    shown = []
    for key, value in entity.attributes.items():
        if value in ("", None, [], {}, False):
            continue
        text = "yes" if value is True else text_of(value)
        label = key.replace("_", " ")
        first, _, rest = label.partition(" ")
        label = f"{first.upper()} {rest}".strip() if first in SHORT_WORDS else label.capitalize()
        shown.append((label, text[:LONGEST_FACT]))
    return shown


def criticality(entity: Entity) -> dict[str, Any]:
    """How critical it is, and who says so."""
    by_hand, level = entity.criticality_by_hand, entity.criticality
    label = str(Criticality(level).label) if level else "Not critical"
    if by_hand:
        reason = "set by hand"
    elif entity.classification:
        reason = entity.classification.name
    else:
        reason = "its source says so" if level else ""
    return {"label": label, "reason": reason, "crown": crown(level), "by_hand": by_hand}


def names(entity: Entity) -> list[dict[str, str]]:
    """The identifiers that lead to it, disarmed where they are addresses; `raw` is what is copied."""
    return [
        {"label": label, "text": defang(value, entity.kind), "raw": value} for label, value in identifiers_of(entity)
    ]


# --- risk over time ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a week, and how many alerts of each severity the entity was in."""

    first: date
    last: date
    counts: dict[Severity, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Risk:
    """The alerts an entity was in, period by period, the oldest first; `is_cut` where only the latest were counted."""

    unit: str
    periods: list[Period]
    is_cut: bool


UNITS = {"day": (1, 30), "week": (7, 26)}
"""Length of a period in days, and how many are shown."""


def risk_over_time(entity: Entity, principal: Principal, unit: str, now: datetime | None = None) -> Risk:
    """The last 30 days or 26 weeks, in the zone of the person reading."""
    today = timezone.localtime(now).date()
    length, number = UNITS[unit]
    last = today - timedelta(days=today.weekday()) if unit == "week" else today
    starts = [last - timedelta(days=length * back) for back in range(number - 1, -1, -1)]
    since = timezone.make_aware(datetime(starts[0].year, starts[0].month, starts[0].day))
    recent = sightings(entity, principal).filter(event_time__gte=since, alert__isnull=False).order_by("-event_time")
    sql, parameters = recent.values("event_time", "alert__severity")[:MOST_WEIGHED].query.sql_with_params()
    counted: dict[date, dict[Severity, int]] = {start: {} for start in starts}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc(%s, event_time AT TIME ZONE %s)::date, severity, count(*)"
            f" FROM ({sql}) AS recent (event_time, severity) GROUP BY 1, 2",
            [unit, timezone.get_current_timezone_name(), *parameters],
        )
        rows = cursor.fetchall()
    for day, severity, alerts in rows:
        if day in counted:
            counted[day][Severity(severity)] = alerts
    periods = [Period(start, start + timedelta(days=length - 1), counts) for start, counts in counted.items()]
    return Risk(unit, periods, sum(alerts for _, _, alerts in rows) >= MOST_WEIGHED)


# --- related entities ----------------------------------------------------------------------------------------------

ALERTS_COMPARED = 2_000
EVIDENCE_COMPARED = 200
"""Of one alert."""
MOST_RELATED = 24
MOST_CANDIDATES = 80
"""Entities that are read, so that enough are left without the noise."""

RELATED = """
SELECT entity.id, entity.kind, entity.key, entity.name, entity.criticality, found.alerts FROM (
    SELECT other.entity_id, count(*) AS alerts FROM ({recent}) AS recent (alert_id)
    CROSS JOIN LATERAL (
        SELECT entity_id FROM alerts_evidence WHERE alert_id = recent.alert_id AND entity_id <> %s LIMIT %s
    ) AS other
    GROUP BY other.entity_id ORDER BY count(*) DESC, other.entity_id LIMIT %s
) AS found JOIN entities_entity AS entity ON entity.id = found.entity_id
ORDER BY found.alerts DESC, entity.id
"""


Related = tuple[int, str, str, str, str, int]
"""Id, kind, key, name and criticality of an entity, and in how many alerts it was with another."""


def related_to(entity: Entity, principal: Principal) -> list[Related]:
    """Entities in the same alerts, most often first; what turns up everywhere is left out."""
    recent = sightings(entity, principal).order_by("-event_time").values("alert_id")[:ALERTS_COMPARED]
    sql, parameters = recent.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(RELATED.format(recent=sql), [*parameters, entity.pk, EVIDENCE_COMPARED, MOST_CANDIDATES])
        rows: Sequence[Related] = cursor.fetchall()
    return [row for row in rows if not is_stored_noise(row[1], row[2])][:MOST_RELATED]


def related(entity: Entity, principal: Principal) -> list[dict[str, Any]]:
    """The same, ready to be shown."""
    return [
        {
            "icon": entity_icon(kind),
            "kind": EntityKind(kind).label,
            "name": defang(name, kind),
            "crown": crown(level),
            "url": page_of(kind, number),
            "alerts": alerts,
        }
        for number, kind, _, name, level, alerts in related_to(entity, principal)
    ]
