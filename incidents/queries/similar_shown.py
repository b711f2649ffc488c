"""Similar incidents as the page and the API show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Principal
from alerts.choices import Classification, Severity, finding_in_words
from common.defang import defang
from common.marks import severity_mark, status_mark, time_mark
from common.time_ranges import utc
from entities.naming import page_of
from incidents.choices import IncidentStatus
from incidents.models import Incident
from incidents.queries import detail
from incidents.queries.similar import MOST_SHOWN, Similar, consensus, finding_of, similar
from incidents.what_happened.phrases import KIND_WORDS, shortened

SHOWN_AT_OVERVIEW = 3
NAMED = 3
"""Shared things of one sort that are named; the others are counted."""
LONGEST_NOTE = 400
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Offer:
    """What “Classify like these” would set, and why."""

    value: str
    """As the form sends it: "true_positive/phishing"."""
    words: str
    basis: str
    """How many of how many closed ones say so."""
    is_so: bool
    """Whether the incident is classified so already."""
    now: str
    """What it is classified as otherwise; nothing while it is not."""

    @property
    def button(self) -> str:
        return f"Classify as {self.words[:1].lower()}{self.words[1:]}"


@dataclass(frozen=True, slots=True)
class Shown:
    rows: list[dict[str, Any]]
    total: int
    offer: Offer | None


def similar_shown(incident: Incident, principal: Principal, most: int = MOST_SHOWN) -> Shown:
    """The first few of the similar incidents in words, with what all of them say about the classification."""
    found = similar(incident, principal)
    return Shown([_row(one) for one in found[:most]], len(found), _offer(incident, found))


def _offer(incident: Incident, found: Sequence[Similar]) -> Offer | None:
    agreed = consensus(found)
    if agreed is None:
        return None
    classification, determination = agreed.finding
    words = finding_in_words(classification, determination)
    is_so = finding_of(incident) == agreed.finding
    is_set = incident.classification != Classification.NOT_SET
    now = detail.finding(incident) if is_set and not is_so else ""
    if agreed.of == 1:
        basis = "The one similar incident that was closed was"
    else:
        number = f"All {agreed.of}" if agreed.agree == agreed.of else f"{agreed.agree} of {agreed.of}"
        basis = f"{number} similar incidents that were closed were"
    return Offer(f"{classification}/{determination}", words, basis, is_so, now)


def _row(one: Similar) -> dict[str, Any]:
    incident, shared = one.incident, one.likeness
    is_classified = incident.classification != Classification.NOT_SET
    return {
        "number": incident.pk,
        "name": incident.name,
        "severity": severity_mark(Severity(incident.severity), compact=True),
        "status": status_mark(IncidentStatus(incident.status)),
        "last": time_mark(incident.last_activity),
        "points": shared.points,
        "alike": shared.in_words,
        "reasons": _reasons(one),
        "is_closed": one.is_closed,
        "finding": detail.finding(incident) if is_classified else "",
        "note": shortened(incident.resolution_note, LONGEST_NOTE),
        "by": incident.resolved_by,
        "at": time_mark(incident.resolved_at) if incident.resolved_at else "",
    }


def _reasons(one: Similar) -> list[dict[str, Any]]:
    """Why it is called similar: a label, the things shared, how many more there are."""
    shared = one.likeness
    entities = [
        {
            "kind": KIND_WORDS[each.kind][0],
            "name": shortened(defang(each.name, each.kind), LONGEST_NAME),
            "url": page_of(each.kind, each.id),
        }
        for each in shared.entities
    ]
    detectors = [{"kind": "", "name": shortened(each.title, LONGEST_NAME), "url": ""} for each in shared.detectors]
    techniques = [{"kind": "", "name": technique, "url": ""} for technique in shared.techniques]
    return [
        {"label": label, "things": things[:NAMED], "more": max(len(things) - NAMED, 0)}
        for label, things in (
            ("Shares", entities),
            ("Same detector" if len(detectors) == 1 else "Same detectors", detectors),
            ("Same technique" if len(techniques) == 1 else "Same techniques", techniques),
        )
        if things
    ]


def plain_similar(incident: Incident, principal: Principal) -> list[dict[str, Any]]:
    """The similar incidents as the API answers them."""
    return [
        {
            "number": one.incident.pk,
            "name": one.incident.name,
            "status": IncidentStatus(one.incident.status).slug,
            "severity": Severity(one.incident.severity).slug,
            "likeness": one.likeness.points,
            "shared": {
                "entities": [
                    {"id": each.id, "kind": each.kind.slug, "name": each.name} for each in one.likeness.entities
                ],
                "detectors": [each.title for each in one.likeness.detectors],
                "techniques": list(one.likeness.techniques),
            },
            "classification": one.incident.classification,
            "determination": one.incident.determination,
            "resolution_note": one.incident.resolution_note,
            "resolved_by": one.incident.resolved_by,
            "resolved": utc(one.incident.resolved_at),
        }
        for one in similar(incident, principal)
    ]
