"""The tabs Assets and Evidence: what an incident's alerts, and people, have found, one row for each entity."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef
from django.http import QueryDict
from django.urls import reverse

from accounts.models import Principal
from alerts.choices import Verdict
from alerts.models import Evidence
from alerts.queries.evidence_rows import remediation_in_words, roles_in_words, shown_name, text_of
from common.filters import ANY
from common.marks import entity_icon, status_mark, time_mark
from common.query_strings import address, with_values
from entities.choices import ASSET_KINDS, EntityKind
from entities.models import Entity
from entities.naming import page_of, timeline_of, word_of
from entities.queries import entities_named
from entities.recognition import Recognised, refanged
from incidents.models import Incident
from incidents.queries.evidence_asked import RANKED, Asked, kind_links, verdict_links
from incidents.queries.texts import rendered

PAGE_SIZE = 50
OF_EACH_KIND = 10
"""Rows of each kind where all kinds are shown."""
MOST_SIGHTINGS = 100
"""Of each entity so many of its latest sightings elsewhere are looked at."""


@dataclass(slots=True)
class Group:
    """The entities of one kind."""

    kind: EntityKind
    count: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def label(self) -> str:
        return str(self.kind.label)

    @property
    def icon(self) -> str:
        return entity_icon(self.kind)

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True)
class EvidenceList:
    """The tab, ready to be shown."""

    asked: Asked
    kinds: list[dict[str, Any]]
    """Each type there is, with its count and its link."""
    verdicts: list[dict[str, Any]]
    groups: list[Group]
    next_url: str
    first_url: str
    total: int
    is_narrowed: bool


# The first branch is the page, the second tells of each kind how many there are. What takes looking at every piece of
# an entity again (roles, what was done last, of which "none" says nothing, who added it) is read for the page alone.
ROWS = """
WITH own AS (
    SELECT entity_id, count(alert_id) AS alerts, min(event_time) AS first_seen, max(event_time) AS last_seen,
           max(array_position(%(ranked)s::varchar[], verdict)) AS worst, bool_or(verdict_is_manual) AS is_manual
    FROM alerts_evidence WHERE incident_number = %(incident)s GROUP BY entity_id
), matching AS (
    SELECT own.*, entity.kind, entity.key, entity.name
    FROM own JOIN entities_entity AS entity ON entity.id = own.entity_id
    WHERE entity.kind = ANY(%(kinds)s) AND (%(worst)s::int IS NULL OR own.worst = %(worst)s)
          AND (%(text)s = '' OR position(lower(%(text)s) IN lower(entity.name)) > 0
               OR position(lower(%(text)s) IN lower(entity.key)) > 0)
), ranked AS (
    SELECT *, count(*) OVER (PARTITION BY kind) AS of_kind,
           row_number() OVER (PARTITION BY kind ORDER BY alerts DESC, entity_id) AS place
    FROM matching
), page AS MATERIALIZED (
    SELECT * FROM ranked
    WHERE CASE WHEN %(of_each)s::int IS NOT NULL AND %(kind)s = '' THEN place <= %(of_each)s
          ELSE %(kind)s IN ('', kind) AND (
              %(after_alerts)s::int IS NULL OR alerts < %(after_alerts)s
              OR (alerts = %(after_alerts)s AND entity_id > %(after_entity)s)) END
    ORDER BY alerts DESC, entity_id LIMIT %(most)s
)
(SELECT page.kind, of_kind, page.entity_id, page.key, page.name, entity.attributes, entity.criticality, alerts,
        page.first_seen, page.last_seen, worst, is_manual,
        (SELECT array_agg(DISTINCT role ORDER BY role) FROM alerts_evidence AS one, unnest(one.roles) AS role
         WHERE one.incident_number = %(incident)s AND one.entity_id = page.entity_id),
        (SELECT one.remediation_status FROM alerts_evidence AS one
         WHERE one.incident_number = %(incident)s AND one.entity_id = page.entity_id
         ORDER BY one.remediation_status = 'none', one.event_time DESC, one.id DESC LIMIT 1),
        added.by, added.note
 FROM page JOIN entities_entity AS entity ON entity.id = page.entity_id
 LEFT JOIN LATERAL (
     SELECT one.added_by AS by, one.note FROM alerts_evidence AS one
     WHERE one.incident_number = %(incident)s AND one.entity_id = page.entity_id AND one.alert_id IS NULL
     ORDER BY one.id LIMIT 1
 ) AS added ON true
 ORDER BY alerts DESC, page.entity_id)
UNION ALL
(SELECT kind, of_kind, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
 FROM ranked WHERE place = 1)
"""


def evidence_list(
    incident: Incident, query: QueryDict, principal: Principal, *, path: str, of_assets: bool
) -> EvidenceList:
    """Raises UnknownKeys, BadQuestion or BadCursor for an address that means nothing."""
    kinds = [kind for kind in dict.fromkeys((*ASSET_KINDS, *EntityKind)) if (kind in ASSET_KINDS) == of_assets]
    asked = Asked.of(query, kinds)
    most = PAGE_SIZE + 1 if asked.kind else OF_EACH_KIND * len(kinds)
    counts, rows = found_in(incident, Cut(kinds, asked.kind, asked.after, asked.verdict, asked.text, most=most))
    is_cut = asked.kind is not None and len(rows) > PAGE_SIZE
    found = [_row(incident, row) for row in (rows[:PAGE_SIZE] if asked.kind else rows)]
    seen = elsewhere([row["id"] for row in found], incident, principal)
    for row in found:
        row["elsewhere"] = seen.get(row["id"], "")
    noted = [row for row in found if row["note"]]
    for row, note in zip(noted, rendered([row["note"] for row in noted], principal), strict=True):
        row["note"] = note
    groups = [Group(kind, counts[kind]) for kind in kinds if kind in counts and asked.kind in (None, kind)]
    for group in groups:
        group.rows = [row for row in found if row["kind"] == group.kind]
    state = with_values(query)
    last = found[-1] if found else None
    return EvidenceList(
        asked=asked,
        kinds=kind_links(path, state, counts, asked, kinds),
        verdicts=verdict_links(path, state, asked),
        groups=groups,
        next_url=address(path, state | {"after": [f"{last['alerts']}.{last['id']}"]}) if is_cut and last else "",
        first_url=address(path, state) if asked.after else "",
        total=sum(counts.values()),
        is_narrowed=bool(asked.text or asked.verdict),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """An entity of an incident, with all that its alerts and people say of it there."""

    kind: EntityKind
    entity: int
    key: str
    name: str
    attributes: dict[str, Any]
    """What is known about it."""
    criticality: str
    alerts: int
    first_seen: datetime
    last_seen: datetime
    verdict: Verdict
    """The worst of what alerts find."""
    is_manual: bool
    """Whether a person has given a verdict."""
    roles: Sequence[str]
    remediation: str
    added_by: str
    note: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows of a list are read: of one kind so many, those after an entity; or of all kinds so many of each; or
    all kinds in one list."""

    kinds: Sequence[EntityKind]
    kind: EntityKind | None = None
    after: tuple[int, int] | None = None
    """Alerts and id of the last entity that was read."""
    verdict: Verdict | None = None
    text: str = ""
    of_each: int | None = OF_EACH_KIND
    """Where no kind is named: so many of each; None for all kinds in one list, as of one kind."""
    most: int = PAGE_SIZE


def found_in(incident: Incident, cut: Cut) -> tuple[dict[EntityKind, int], list[Found]]:
    """How many entities there are of each kind, and the rows: most alerts first. One statement."""
    after = cut.after or (None, None)
    parameters: dict[str, Any] = {
        "incident": incident.pk,
        "ranked": [str(verdict) for verdict in RANKED],
        "kinds": [str(kind) for kind in cut.kinds],
        "worst": RANKED.index(cut.verdict) + 1 if cut.verdict else None,
        "text": refanged(cut.text),
        "kind": str(cut.kind or ""),
        "of_each": cut.of_each,
        "after_alerts": after[0],
        "after_entity": after[1],
        "most": cut.most,
    }
    counts: dict[EntityKind, int] = {}
    rows = []
    with connection.cursor() as cursor:
        cursor.execute(ROWS, parameters)
        for kind, of_kind, entity_id, *more in cursor.fetchall():
            if entity_id is None:
                counts[EntityKind(kind)] = of_kind
            else:
                rows.append(_found(EntityKind(kind), entity_id, *more))
    return counts, rows


def _found(
    kind: EntityKind,
    entity_id: int,
    key: str,
    name: str,
    attributes: Any,
    criticality: str,
    alerts: int,
    first_seen: datetime,
    last_seen: datetime,
    worst: int,
    is_manual: bool,
    roles: list[str] | None,
    remediation: str,
    added_by: str | None,
    note: str | None,
) -> Found:
    return Found(
        kind,
        entity_id,
        key,
        name,
        json.loads(attributes) if isinstance(attributes, str) else attributes,
        criticality,
        alerts,
        first_seen,
        last_seen,
        RANKED[worst - 1],
        is_manual,
        roles or (),
        remediation,
        added_by or "",
        note or "",
    )


DETAILS = """
SELECT DISTINCT ON (entity_id) entity_id, details FROM alerts_evidence
WHERE incident_number = %s AND entity_id = ANY(%s) AND details <> '{}'
ORDER BY entity_id, event_time DESC, id DESC
"""


def details_of(incident: Incident, entities: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What alerts of the incident say of each entity beside its name, such as a command line: the latest."""
    with connection.cursor() as cursor:
        cursor.execute(DETAILS, [incident.pk, list(entities)])
        rows = [(number, json.loads(said) if isinstance(said, str) else said) for number, said in cursor.fetchall()]
    return {number: said for number, said in rows if isinstance(said, dict)}


def _row(incident: Incident, found: Found) -> dict[str, Any]:
    kind, number = found.kind, found.entity
    page = timeline_of(kind, number, incident.pk) if kind in ASSET_KINDS else page_of(kind, number)
    return {
        "id": number,
        "kind": kind,
        "plain_name": found.name,
        "name": shown_name(found.name, kind, page, found.criticality),
        "known": known_in_words(found.attributes),
        "alerts": found.alerts,
        "first": time_mark(found.first_seen),
        "last": time_mark(found.last_seen),
        "verdict": status_mark(found.verdict),
        "is_manual": found.is_manual,
        "roles": roles_in_words(found.roles),
        "remediation": remediation_in_words(found.remediation),
        "added_by": found.added_by,
        "note": found.note,
        "elsewhere_url": elsewhere_url(word_of(kind, found.key, number)),
    }


def elsewhere(entity_ids: Sequence[int], incident: Incident, principal: Principal) -> dict[int, str]:
    """In how many other incidents that the person may see each entity was seen: "3", or "12+" where it was seen so
    often that not all was looked at. Entities seen nowhere else are left out."""
    sightings = (
        Evidence.objects.visible_to(principal)
        .filter(entity=OuterRef("pk"))
        .exclude(incident_number=incident.pk)
        .order_by("-event_time")
        .values("incident_number")[:MOST_SIGHTINGS]
    )
    rows = Entity.objects.filter(pk__in=entity_ids).values_list("pk", ArraySubquery(sightings))
    found = {}
    for entity_id, numbers in rows:
        if numbers:
            found[entity_id] = f"{len(set(numbers))}{'+' if len(numbers) == MOST_SIGHTINGS else ''}"
    return found


def elsewhere_url(word: str) -> str:
    """The queue of all incidents with the entity, whatever their state."""
    anything = {key: [ANY] for key in ("status", "severity", "snoozed")}
    return address(reverse("incidents:queue"), {"entity": [word], **anything})


def chosen_entities(incident: Incident, numbers: Collection[int]) -> list[Entity]:
    """Those of the entities that are evidence of the incident, in the order of their names."""
    own = Evidence.objects.filter(incident_number=incident.pk, entity__in=numbers).values("entity")
    return list(Entity.objects.filter(pk__in=own).defer("trigrams").order_by("name", "pk"))


def preview(incident: Incident, found: Sequence[Recognised]) -> list[dict[str, Any]]:
    """What was recognised, before it is added: which of it is evidence here already."""
    known = entities_named([one.identity(f"incident:{incident.pk}") for one in found])
    own = Evidence.objects.filter(incident_number=incident.pk, entity__in=[each for each in known if each])
    present = set(own.values_list("entity_id", flat=True))
    return [
        {
            "word": one.word,
            "kind": one.kind.label,
            "icon": entity_icon(one.kind),
            "name": shown_name(one.text, one.kind),
            "is_there": entity_id in present,
        }
        for one, entity_id in zip(found, known, strict=True)
    ]


def known_in_words(attributes: dict[str, Any]) -> str:
    """What is known of an entity, short enough for a row."""
    parts = [
        key.replace("_", " ") if value is True else f"{key.replace('_', ' ')} {text_of(value)}"
        for key, value in attributes.items()
        if value not in ("", None, [], False)
    ]
    return " · ".join(part[:60] for part in parts[:3])
