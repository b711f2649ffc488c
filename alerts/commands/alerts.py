"""Every change to alerts and evidence. All run inside a command of the floor above, which holds the incident's lock.

Nothing here opens a transaction of its own: an alert never changes but as part of its incident's story.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.models import Team, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject
from alerts import verbs
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert, AlertPayload, AlertQuerySet, Evidence
from common.inserting import insert, insert_values


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """Evidence about to be stored, its entity known by id."""

    entity_id: int
    event_time: datetime
    roles: tuple[str, ...]
    verdict: str
    remediation_status: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert about to be stored: its row (incident and link set), its raw record, its evidence."""

    alert: Alert
    raw: dict[str, Any]
    evidence: Sequence[EvidenceFacts]


CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def payload_sha256(raw: dict[str, Any]) -> str:
    """Fingerprint of a source's record: equal for equal content, whatever the order of its keys."""
    return hashlib.sha256(CANONICAL.encode(raw).encode()).hexdigest()


def store(new_alerts: Sequence[NewAlert]) -> list[Alert]:
    """Add alerts with their payloads and evidence, two statements for all.

    Raises IntegrityError when one was stored meanwhile by somebody else; `ingest` then starts over and finds it.
    """
    alerts = insert([new.alert for new in new_alerts])
    insert_values(
        {
            AlertPayload: [{"alert_id": new.alert.pk, "raw": new.raw} for new in new_alerts],
            Evidence: [_evidence(new.alert, facts) for new in new_alerts for facts in new.evidence],
        }
    )
    return alerts


def count_repeats(alert_ids: Iterable[int]) -> None:
    """The source sent these again, unchanged. Counted, not recorded: nothing about the incident changed."""
    ids = list(alert_ids)
    if ids:
        Alert.objects.filter(pk__in=ids).update(repeats=F("repeats") + 1, last_repeat_at=timezone.now())


UPDATABLE = (
    "title",
    "description",
    "severity",
    "categories",
    "techniques",
    "service_source",
    "detection_source",
    "product_name",
    "detector_id",
    "recommended_actions",
    "source_url",
    "source_incident",
    "first_activity",
    "last_activity",
)
"""What a source may change on an alert it has sent before. Status and classification belong to the analysts then."""


def update_from_source(stored: Alert, fresh: NewAlert, *, actor: Actor) -> list[Draft]:
    """Take a source's newer word on an alert; drafts of what to record (none when only unread parts changed)."""
    changes = []
    for name in UPDATABLE:
        old, new = getattr(stored, name), getattr(fresh.alert, name)
        if old != new:
            changes.append(Change(name, _shown(name, old), _shown(name, new)))
            setattr(stored, name, new)
    stored.payload_sha256 = fresh.alert.payload_sha256
    stored.repeats = F("repeats") + 1
    stored.last_repeat_at = stored.updated_at = timezone.now()
    stored.save(update_fields=[*UPDATABLE, "payload_sha256", "repeats", "last_repeat_at", "updated_at"])
    AlertPayload.objects.filter(alert=stored).update(raw=fresh.raw)
    changes += _update_evidence(stored, fresh.evidence)
    if not changes:
        return []
    return [draft_of(verbs.ALERT_UPDATED, stored, changes, actor)]


def _update_evidence(stored: Alert, fresh: Sequence[EvidenceFacts]) -> list[Change]:
    """Take a source's newer word on an alert's evidence: new pieces, other verdicts, other remediation."""
    known = {item.entity_id: item for item in Evidence.objects.filter(alert=stored).select_related("entity")}
    added = [facts for facts in fresh if facts.entity_id not in known]
    insert_values({Evidence: [_evidence(stored, facts) for facts in added]})
    changes = [Change("evidence_count", len(known), len(known) + len(added))] if added else []
    for facts in fresh:
        item = known.get(facts.entity_id)
        if item is None:
            continue
        manual = {"verdict": item.verdict_is_manual, "remediation_status": item.remediation_is_manual}
        for name, is_manual in manual.items():
            old, new = getattr(item, name), getattr(facts, name)
            if old != new and not is_manual:
                setattr(item, name, new)
                labels = [{"entity": item.entity_id, "label": f"{item.entity.name}: {word}"} for word in (old, new)]
                changes.append(Change(f"evidence_{name}", *labels))
        item.roles, item.details = list(facts.roles), facts.details
        item.save(update_fields=["verdict", "remediation_status", "roles", "details"])
    return changes


class Updates:
    """What becomes of alert rows, kept back so that the same change of many is one statement."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or timezone.now()
        self._alerts: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)

    def add(self, alerts: Iterable[Alert], **values: Any) -> None:
        self._alerts[tuple(sorted(values.items()))].extend(alert.pk for alert in alerts)

    def take(self, other: Updates) -> None:
        for values, ids in other._alerts.items():
            self._alerts[values] += ids

    def write(self) -> None:
        for values, ids in self._alerts.items():
            if ids:
                Alert.objects.filter(pk__in=ids).update(**dict(values), updated_at=self.now)
        self._alerts.clear()


@contextmanager
def _written(updates: Updates | None) -> Iterator[Updates]:
    """The updates given, which their owner writes; or some that are written at once."""
    kept = Updates() if updates is None else updates
    yield kept
    if updates is None:
        kept.write()


def locked(incident_ids: Iterable[int]) -> AlertQuerySet:
    """The alerts of these incidents, in the order of their ids, as much of them as their commands read."""
    rows = Alert.objects.filter(incident__in=list(incident_ids)).order_by("pk").select_for_update(of=("self",))
    return rows.select_related("assignee_user", "assignee_team").only(
        *("title", "status", "classification", "determination", "incident", "resolved_at"),
        *("assignee_user__username", "assignee_user__display_name", "assignee_team__slug", "assignee_team__name"),
    )


def assign(
    alerts: Iterable[Alert],
    *,
    user: User | None,
    team: Team | None,
    actor: Actor,
    batch: UUID,
    updates: Updates | None = None,
) -> list[Draft]:
    """Give locked alerts an assignee, or nobody; those that have it already are left alone."""
    new, ids = assignee_value(user, team), (user and user.pk, team and team.pk)
    changed = [alert for alert in alerts if (alert.assignee_user_id, alert.assignee_team_id) != ids]
    with _written(updates) as kept:
        kept.add(changed, assignee_user=user, assignee_team=team)
    return [
        draft_of(
            verbs.ALERT_ASSIGNED,
            alert,
            [Change("assignee", assignee_value(alert.assignee_user, alert.assignee_team), new)],
            actor,
            batch,
        )
        for alert in changed
    ]


def set_status(
    alerts: Iterable[Alert], status: AlertStatus, *, actor: Actor, batch: UUID, updates: Updates | None = None
) -> list[Draft]:
    """Set the status of locked alerts; those that have it already are left alone."""
    changed = [alert for alert in alerts if alert.status != status]
    verb = verbs.ALERT_STATUS_SET
    if status == AlertStatus.RESOLVED:
        verb = verbs.ALERT_RESOLVED
    with _written(updates) as kept:
        kept.add(changed, status=status, resolved_at=kept.now if status == AlertStatus.RESOLVED else None)
    return [
        draft_of(
            verbs.ALERT_REOPENED if alert.status == AlertStatus.RESOLVED else verb,
            alert,
            [Change("status", AlertStatus(alert.status).slug, status.slug)],
            actor,
            batch,
        )
        for alert in changed
    ]


def classify(
    alerts: Iterable[Alert], classification: Classification, determination: Determination, *, actor: Actor, batch: UUID
) -> list[Draft]:
    """Set classification and determination of locked alerts."""
    drafts = []
    changed = []
    for alert in alerts:
        changes = [
            Change(field, old, str(new))
            for field, old, new in (
                ("classification", alert.classification, classification),
                ("determination", alert.determination, determination),
            )
            if old != new
        ]
        if changes:
            changed.append(alert.pk)
            drafts.append(draft_of(verbs.ALERT_CLASSIFIED, alert, changes, actor, batch))
    if changed:
        Alert.objects.filter(pk__in=changed).update(
            classification=classification, determination=determination, updated_at=timezone.now()
        )
    return drafts


def assignee_value(user: User | None, team: Team | None) -> dict[str, Any] | None:
    """An assignee as log and API show one: kind, name in addresses, label; None for nobody."""
    if user:
        return {"kind": "user", "name": user.username, "label": user.display_name}
    if team:
        return {"kind": "team", "name": team.slug, "label": team.name}
    return None


def _evidence(alert: Alert, facts: EvidenceFacts) -> dict[str, Any]:
    """A row of Evidence, by its attributes."""
    return {
        "alert_id": alert.pk,
        "entity_id": facts.entity_id,
        "incident_number": alert.incident_id,
        "event_time": facts.event_time,
        "roles": facts.roles,
        "verdict": facts.verdict,
        "remediation_status": facts.remediation_status,
        "details": facts.details,
    }


def draft_of(verb: Any, alert: Alert, changes: Sequence[Change], actor: Actor, batch: UUID | None = None) -> Draft:
    return Draft(
        verb,
        actor,
        incident_id=alert.incident_id,
        subject=Subject("alert", str(alert.pk), alert.title),
        changes=changes,
        batch=batch,
    )


def _shown(name: str, value: Any) -> Any:
    if name == "severity":
        return Severity(value).slug
    return value.isoformat() if isinstance(value, datetime) else value
