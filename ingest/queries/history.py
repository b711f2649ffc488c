"""Stored alerts as they were when they came in, to try rules on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from alerts.models import Alert, AlertQuerySet, Evidence
from common.portions import portions
from entities.choices import EntityKind
from entities.identity import EntityIdentity
from entities.noise import is_noise
from ingest.correlation import HIDDEN
from ingest.correlation.placing import Candidate, Mention, counts
from ingest.tuning import Facts, names_of

MOST = 50_000
"""Alerts that a trial goes through, the latest of its days."""
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Past:
    """One stored alert, as correlation and tuning would meet it."""

    id: int
    incident_id: int
    candidate: Candidate
    facts: Facts
    was_hidden: bool


def rows_of(user: User, days: int) -> AlertQuerySet:
    """The alerts of the last days, as far as the person may see them."""
    return Alert.objects.visible_to(user).filter(received_at__gte=timezone.now() - timedelta(days=days))


def numbers_of(user: User, days: int) -> tuple[list[int], bool]:
    """Their ids in the order they were placed, and whether there are more than are gone through."""
    ids = list(rows_of(user, days).order_by("-received_at", "-id").values_list("pk", flat=True)[: MOST + 1])
    return sorted(ids[:MOST]), len(ids) > MOST


def chunks(ids: Sequence[int]) -> Iterator[list[Past]]:
    for portion in portions(ids, CHUNK):
        yield _read(portion)


ALERT_FIELDS = (
    *("pk", "incident_id", "source", "service_source", "detector_id", "title", "severity", "categories", "techniques"),
    *("first_activity", "last_activity", "source_incident", "link_rule"),
)
EVIDENCE_FIELDS = (
    *("alert_id", "entity_id", "entity__kind", "entity__name", "entity__key"),
    *("event_time", "roles", "verdict"),
)


def _read(ids: Sequence[int]) -> list[Past]:
    evidence: dict[int, list[tuple[Any, ...]]] = {}
    for alert_id, *piece in Evidence.objects.filter(alert__in=ids).order_by("pk").values_list(*EVIDENCE_FIELDS):
        evidence.setdefault(alert_id, []).append(tuple(piece))
    return [
        _past(row, evidence.get(row[0], []))
        for row in Alert.objects.filter(pk__in=ids).order_by("pk").values_list(*ALERT_FIELDS)
    ]


def _past(row: tuple[Any, ...], evidence: Sequence[tuple[Any, ...]]) -> Past:
    number, incident_id, source, service_source, detector, title, severity, categories, techniques = row[:9]
    first, last, source_incident, link_rule = row[9:]
    names = [each for _, kind, name, key, *_ in evidence for each in names_of(kind, name, key)]
    return Past(
        number,
        incident_id,
        Candidate(
            first,
            last,
            source,
            source_incident,
            detector,
            severity,
            tuple(_mention(*piece) for piece in evidence),
        ),
        Facts((source, service_source), (detector,), (title,), categories, techniques, severity, names),
        link_rule == HIDDEN,
    )


def _mention(
    entity_id: int, kind: str, name: str, key: str, time: datetime, roles: Sequence[str], verdict: str
) -> Mention:
    known = EntityKind(kind)
    noise = is_noise(EntityIdentity(known, key, name, (key,)))
    return Mention(entity_id, known, name, time, counts(known, roles, verdict), bool(noise))
