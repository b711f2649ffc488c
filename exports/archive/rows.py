"""Rows as an archive has them: plain values, people by their names in addresses, times to the microsecond."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.models import Team, User
from activity.models import Entry
from alerts.choices import AlertStatus, Severity
from alerts.commands import assignee_value
from alerts.models import Alert, Evidence
from common.time_ranges import utc
from entities.models import Entity
from incidents.brought import ALERT_TIMES, ALERT_VALUES, EVIDENCE_VALUES
from incidents.choices import IncidentStatus, TagKind
from incidents.models import Attachment, Incident, Merge, Task
from incidents.models.access import members_of

Row = dict[str, Any]


def person(user: User | None) -> Row | None:
    return assignee_value(user, None)


def somebody(each: User | Team) -> Row | None:
    return assignee_value(each, None) if isinstance(each, User) else assignee_value(None, each)


def incident_row(incident: Incident, related_to: int | None, merges: Iterable[Merge]) -> Row:
    """All of an incident's own row, and who and what hangs on it by name. `related_to` and `merges` are what the reader
    may see of other incidents."""
    return {
        "number": incident.pk,
        "name": incident.name,
        "name_is_manual": incident.name_is_manual,
        "automatic_name": incident.automatic_name,
        "severity": Severity(incident.severity).slug,
        "severity_is_manual": incident.severity_is_manual,
        "automatic_severity": Severity(incident.automatic_severity).slug,
        "status": IncidentStatus(incident.status).slug,
        "classification": incident.classification,
        "determination": incident.determination,
        "assignee": assignee_value(incident.assignee_user, incident.assignee_team),
        "tags": [{"name": tag.name, "kind": str(TagKind(tag.kind))} for tag in incident.tags.order_by("name")],
        "resolution_note": incident.resolution_note,
        "resolved_at": utc(incident.resolved_at),
        "resolved_by": incident.resolved_by,
        "resolved_by_user": person(incident.resolved_by_user),
        "snoozed_until": utc(incident.snoozed_until),
        "snoozed_by": person(incident.snoozed_by),
        "due_at": utc(incident.due_at),
        "overdue_told": incident.overdue_told,
        "restricted": incident.restricted,
        "members": [somebody(each) for each in members_of(incident)],
        "followers": [person(row.user) for row in incident.followers.select_related("user").order_by("user__username")],
        "created_at": utc(incident.created_at),
        "updated_at": utc(incident.updated_at),
        "version": incident.version,
        "first_activity": utc(incident.first_activity),
        "last_activity": utc(incident.last_activity),
        "alerts_total": incident.alerts_total,
        "alerts_active": incident.alerts_active,
        "service_sources": incident.service_sources,
        "categories": incident.categories,
        "asset_counts": incident.asset_counts,
        "tasks_total": incident.tasks_total,
        "tasks_open": incident.tasks_open,
        "priority": incident.priority,
        "priority_factors": incident.priority_factors,
        "redirected_to": incident.redirected_to_id,
        "related_to": related_to,
        "merges": [merge_row(merge) for merge in merges],
    }


def merge_row(merge: Merge) -> Row:
    return {
        "number": merge.source_id,
        "name": merge.source.name,
        "alerts": len(merge.alert_ids),
        "merged_at": utc(merge.merged_at),
        "merged_by": merge.merged_by,
        "unmerged_at": utc(merge.unmerged_at),
    }


def alert_row(alert: Alert) -> Row:
    """An alert with the record that its source sent."""
    payload = getattr(alert, "payload", None)
    return {
        "id": alert.pk,
        **{name: getattr(alert, name) for name in ALERT_VALUES},
        "severity": Severity(alert.severity).slug,
        "status": AlertStatus(alert.status).slug,
        "assignee": assignee_value(alert.assignee_user, alert.assignee_team),
        **{name: utc(getattr(alert, name)) for name in ALERT_TIMES},
        "link_entity": alert.link_entity_id,
        "tuned_by": alert.tuned_by.name if alert.tuned_by else None,
        "raw": payload.raw if payload is not None else None,
    }


def entity_row(entity: Entity, first: Any, last: Any) -> Row:
    """An entity as this incident knows it: seen from first to last."""
    return {
        "id": entity.pk,
        "kind": entity.kind,
        "key": entity.key,
        "name": entity.name,
        "identifiers": sorted(each.value for each in entity.identifiers.all()),
        "attributes": entity.attributes,
        "criticality": entity.criticality,
        "first_seen": utc(first),
        "last_seen": utc(last),
    }


def evidence_row(piece: Evidence) -> Row:
    return {
        "alert": piece.alert_id,
        "entity": piece.entity_id,
        "event_time": utc(piece.event_time),
        **{name: getattr(piece, name) for name in EVIDENCE_VALUES},
    }


def task_row(task: Task) -> Row:
    return {
        "id": task.pk,
        "title": task.title,
        "description": task.description,
        "assignee": assignee_value(task.assignee_user, task.assignee_team),
        "due_at": utc(task.due_at),
        "state": str(task.state),
        "closing_note": task.closing_note,
        "closed_at": utc(task.closed_at),
        "closed_by": task.closed_by,
        "created_at": utc(task.created_at),
        "overdue_told": task.overdue_told,
    }


def comment_row(comment: Entry, edit: Entry | None, usernames: Mapping[int, str]) -> Row:
    """A comment as it stands now. One that came by an import is still its author's, of the time when they wrote it."""
    standing = edit or comment
    text = standing.body.text if standing.body else None
    if comment.was_written_elsewhere:
        written = comment.facts["written"]
    else:
        by = {"kind": comment.actor_kind, "name": _username(comment, usernames), "label": comment.actor_label}
        written = {"by": by, "at": utc(comment.recorded_at), "edited_by": None, "edited_at": None}
    if edit is not None:
        written = written | {"edited_by": edit.actor_label, "edited_at": utc(edit.recorded_at)}
    return {"text": text, **{name: written[name] for name in ("by", "at", "edited_by", "edited_at")}}


def attachment_row(file: Attachment, usernames: Mapping[int, str], *, is_there: bool) -> Row:
    """A file; its bytes stand under its id where they are what came."""
    name = usernames.get(file.actor_id or 0) if file.actor_kind == "user" else None
    return {
        "id": str(file.pk),
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "media_type": file.media_type,
        "width": file.width,
        "height": file.height,
        "added_by": {"kind": file.actor_kind, "name": name, "label": file.added_by},
        "added_at": utc(file.added_at),
        "is_there": is_there,
    }


def _username(entry: Entry, usernames: Mapping[int, str]) -> str | None:
    return usernames.get(entry.actor_id or 0) if entry.actor_kind == "user" else None
