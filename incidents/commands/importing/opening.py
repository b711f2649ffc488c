"""The first entry of an imported incident's log, which carries its whole state, as every first entry does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from activity.actors import Actor
from activity.record import Draft
from alerts.commands import assignee_value
from alerts.models import Alert, Evidence
from common.defang import defang
from incidents import verbs
from incidents.brought import BroughtLog, Row
from incidents.commands.arrivals import TASKS, brought
from incidents.commands.attachments import values_of
from incidents.commands.belongings import EVIDENCE
from incidents.commands.linking import MOST_ALERTS_NAMED, changes_between, state_of
from incidents.commands.restriction import words_of_members
from incidents.commands.snoozing import as_logged
from incidents.models import Attachment, Incident, Task

MOST_NOTES = 50


def first_entry(
    incident: Incident,
    actor: Actor,
    log: BroughtLog,
    *,
    joined: list[Row],
    judged: Sequence[int],
    tags: list[str],
    tasks: Sequence[Task],
    attachments: Sequence[Attachment],
    comments: int,
    notes: Sequence[str],
) -> Draft:
    """The entry of who imports it, from `log` of its origin. `joined` tells its alerts, and `judged` are the entities
    of which people have said something."""
    after = state_of(incident) | {
        "name_is_manual": incident.name_is_manual,
        "severity_is_manual": incident.severity_is_manual,
        "assignee": assignee_value(incident.assignee_user, incident.assignee_team),
        "tags": tags,
        "restricted": incident.restricted,
        "members": words_of_members(incident),
        "due_at": as_logged(incident.due_at),
        "snoozed_until": as_logged(incident.snoozed_until),
    }
    changes = [each for each in changes_between(dict.fromkeys(after), after) if each.new not in (False, [])]
    facts: dict[str, Any] = {
        "origin": f"of {log.origin}",
        "system": log.system,
        "number": log.number,
        "archive_sha256": log.archive_sha256,
        "log": {"entries": log.entries, "head": log.head, "sha256": log.sha256},
        "alerts": _first_alerts(incident),
        "joined": joined,
        "alert_count": incident.alerts_total,
        "comments": comments,
        **brought([{TASKS: [task.pk for task in tasks], EVIDENCE: _by_hand(incident)}]),
    }
    if others := _judged(incident, judged):
        facts["evidence_joined"] = [*facts.get("evidence_joined", []), *others]
    if attachments:
        facts["attachments"] = [{"id": str(each.pk), "name": each.name, **values_of(each)} for each in attachments]
    if notes:
        facts["notes"] = notes[:MOST_NOTES]
    return Draft(
        verbs.IMPORTED,
        actor,
        incident_id=incident.pk,
        incident_version=incident.version,
        changes=changes,
        facts=facts,
        text=incident.resolution_note or None,
    )


def _first_alerts(incident: Incident) -> list[Row]:
    rows = Alert.objects.of_incident(incident.pk).order_by("pk")[:MOST_ALERTS_NAMED]
    told = rows.values_list("pk", "title", "link_reason")
    return [{"id": number, "title": title, "reason": reason} for number, title, reason in told]


def _by_hand(incident: Incident) -> list[int]:
    rows = Evidence.objects.filter(incident_number=incident.pk, alert__isnull=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _judged(incident: Incident, entities: Sequence[int]) -> list[Row]:
    """What people have said of things that alerts name."""
    rows = Evidence.objects.filter(incident_number=incident.pk, alert__isnull=False, entity__in=entities)
    rows = rows.filter(Q(verdict_is_manual=True) | Q(remediation_is_manual=True)).order_by("entity", "pk")
    return [
        {
            "id": piece.entity_id,
            "label": defang(piece.entity.name, piece.entity.kind)[:300],
            "verdict": piece.verdict,
            "remediation_status": piece.remediation_status,
            "by_hand": False,
        }
        for piece in rows.distinct("entity").select_related("entity")
    ]
