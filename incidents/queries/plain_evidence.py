"""What an incident's alerts, and people, have found, as plain values: what the API answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alerts.models import Evidence
from common.time_ranges import utc
from entities.choices import ASSET_KINDS, EntityKind
from incidents.models import Incident
from incidents.queries.evidence import Cut, Found, found_in
from incidents.queries.evidence_asked import Asked


@dataclass(frozen=True, slots=True)
class PlainEvidence:
    """Some entities of an incident, most alerts first."""

    rows: list[dict[str, Any]]
    kinds: dict[str, int]
    """How many entities match of each kind there is."""
    next: str
    """After what the rest follows; "" at the end."""


def kinds_of(*, assets: bool) -> list[EntityKind]:
    """The types that the tab Assets shows, or those of the tab Evidence."""
    return [kind for kind in EntityKind if (kind in ASSET_KINDS) == assets]


def plain_evidence(incident: Incident, asked: Asked, *, assets: bool, limit: int) -> PlainEvidence:
    """One page of what the address asks for; one statement."""
    cut = Cut(kinds_of(assets=assets), asked.kind, asked.after, asked.verdict, asked.text, of_each=None, most=limit + 1)
    counts, found = found_in(incident, cut)
    page = found[:limit]
    return PlainEvidence(
        [plain_found(each) for each in page],
        {str(kind): number for kind, number in counts.items()},
        f"{page[-1].alerts}.{page[-1].entity}" if len(found) > limit else "",
    )


def plain_found(found: Found) -> dict[str, Any]:
    """An entity of an incident, with all that is said of it there."""
    return {
        "entity": found.entity,
        "kind": str(found.kind),
        "name": found.name,
        "key": found.key,
        "attributes": found.attributes,
        "criticality": found.criticality or None,
        "verdict": str(found.verdict),
        "verdict_is_manual": found.is_manual,
        "remediation_status": found.remediation,
        "roles": list(found.roles),
        "alerts": found.alerts,
        "first_seen": utc(found.first_seen),
        "last_seen": utc(found.last_seen),
        "added_by": found.added_by or None,
        "note": found.note or None,
    }


def entities_among(number: int, entities: Sequence[int]) -> set[int]:
    """Those of these entities that are evidence of an incident which whoever asks has been found to see."""
    there = Evidence.objects.filter(incident_number=number, entity__in=entities)
    return set(there.values_list("entity_id", flat=True))
