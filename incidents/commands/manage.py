"""One save of the Manage pane: several fields, one act, nobody's work lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Principal, Team, User
from activity.actors import Actor, Channel
from activity.models import Entry
from activity.snapshots import unseen
from activity.wording import in_words
from alerts.choices import Severity
from alerts.commands import assignee_value
from common.command import command
from common.errors import Conflict, FieldConflict, Refused
from incidents import verbs
from incidents.changes import KEEP, Changes
from incidents.choices import IncidentStatus, Outcome, TagKind
from incidents.commands.assignment import assign, check_assignee, unassign
from incidents.commands.change import lock
from incidents.commands.classification import check_finding, classify
from incidents.commands.comments import add_comment
from incidents.commands.due import set_due
from incidents.commands.handful import Handful
from incidents.commands.lifecycle import change_note, resolve, set_status
from incidents.commands.naming import rename, set_severity, use_automatic_name, use_automatic_severity
from incidents.commands.restriction import name_to
from incidents.commands.snoozing import as_logged, snooze, wake
from incidents.commands.tagging import change_tags, check_tags
from incidents.models import Incident
from incidents.rules import NOT_SEEN, check_snooze, check_text
from incidents.rules.tasks import check_due

NOTE_VERBS = {verbs.RESOLVED.name, verbs.NOTE_CHANGED.name, verbs.REOPENED.name}
"""Entries after which an incident's resolution note is another one."""


@command
def apply_changes(
    incident: Incident,
    changes: Changes,
    *,
    actor: Actor,
    based_on: int | None = None,
    batch: UUID | None = None,
    once: UUID | None = None,
) -> Incident:
    """Make all the changes or none, one command per changed field, joined by one batch.

    `based_on` is the version the person saw. Fields that nobody touched since are saved; where someone else changed
    the same field to another value, raises Conflict with both values. A comment never conflicts, and is added only
    `once` for each form it was typed in.
    """
    incident = lock(incident)
    if based_on is not None and based_on < incident.version:
        conflicts = conflicts_since(incident, changes, based_on)
        if conflicts:
            raise Conflict(incident.version, conflicts)
    batch = batch or uuid4()
    if changes.name is not KEEP:
        if changes.name is None:
            incident = use_automatic_name(incident, actor=actor, batch=batch)
        else:
            incident = rename(incident, str(changes.name), actor=actor, batch=batch)
    if changes.severity is not KEEP:
        if isinstance(changes.severity, Severity):
            incident = set_severity(incident, changes.severity, actor=actor, batch=batch)
        else:
            incident = use_automatic_severity(incident, actor=actor, batch=batch)
    add, remove = _tags(incident, changes)
    if add or remove:
        incident = change_tags(incident, add=add, remove=remove, actor=actor, batch=batch)
    if changes.assignee is not KEEP:
        if isinstance(changes.assignee, User | Team):
            if changes.names_assignee:
                incident = name_to(incident, changes.assignee, actor=actor, batch=batch)
            incident = assign(incident, changes.assignee, actor=actor, batch=batch)
        else:
            incident = unassign(incident, actor=actor, batch=batch)
    if changes.due is None or isinstance(changes.due, datetime):
        incident = set_due(incident, changes.due, actor=actor, batch=batch)
    if changes.classification is not None:
        incident = classify(incident, changes.classification, changes.determination, actor=actor, batch=batch)
    incident = _change_status(incident, changes, actor, batch)
    if isinstance(changes.snoozed_until, datetime):
        incident = snooze(incident, changes.snoozed_until, actor=actor, batch=batch)
    elif changes.snoozed_until is None:
        incident = wake(incident, actor=actor, batch=batch)
    if changes.comment.strip():
        add_comment(incident, changes.comment, actor=actor, once=once)
    return incident


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one incident or alert of many, and why where it was not changed as wanted."""

    outcome: Outcome
    reason: str = ""
    incident: int | None = None
    """Of an alert: where it is."""


UNSEEN = Result(Outcome.REFUSED, NOT_SEEN)
MERGED = Result(Outcome.REFUSED, "Merged into another incident; work on that one.")


@command
def apply_to_many(
    incident_ids: Iterable[int],
    changes: Changes,
    *,
    actor: Actor,
    principal: Principal | None = None,
    batch: UUID | None = None,
    seen: str = "",
) -> dict[int, Result]:
    """The same changes on many incidents in one batch, each of them wholly or not at all; what became of each.

    What `principal` may not see is left alone, and so is an incident of which somebody else has changed the same
    field since the snapshot `seen` (activity/snapshots.py). Raises Refused for what no incident could be given.
    """
    check_for_any(changes)
    batch = batch or uuid4()
    actor = actor.through(Channel.BULK)
    wanted = sorted(set(incident_ids))
    handful = Handful(wanted)
    visible = visible_among(handful.incidents, principal)
    newer = _entries_since(seen, visible, actor) if seen else {}

    def result(incident: Incident | None) -> Result:
        if incident is None or incident.pk not in visible:
            return UNSEEN
        if incident.status == IncidentStatus.REDIRECTED:
            return MERGED
        conflicts = _conflicts(incident, changes, newer.get(incident.pk, ()))
        if conflicts:
            return Result(Outcome.CONFLICT, _in_words(conflicts))
        try:
            changed = handful.attempt(incident, lambda: apply_changes(incident, changes, actor=actor, batch=batch))
        except Refused as refused:
            return Result(Outcome.REFUSED, refused.problem[:500])
        return Result(Outcome.CHANGED if changed else Outcome.UNCHANGED)

    results = {number: result(handful.incidents.get(number)) for number in wanted}
    handful.write()
    return results


def visible_among(incident_ids: Iterable[int], principal: Principal | None) -> set[int]:
    """Those of locked incidents that this person or token may see; all of them to nobody in particular."""
    if principal is None:
        return set(incident_ids)
    rows = Incident.objects.visible_to(principal).filter(pk__in=list(incident_ids))
    return set(rows.values_list("pk", flat=True))


def check_for_any(changes: Changes) -> None:
    """Raises Refused for changes that no incident could be given, whatever it is like."""
    if isinstance(changes.assignee, User):
        check_assignee(changes.assignee)
    if changes.classification is not None:
        check_finding(changes.classification, changes.determination)
    if isinstance(changes.due, datetime):
        check_due(changes.due, timezone.now())
    if isinstance(changes.snoozed_until, datetime):
        after = IncidentStatus.ACTIVE if changes.status is None else changes.status
        check_snooze(after, changes.snoozed_until, timezone.now())
    if changes.status == IncidentStatus.REDIRECTED:
        raise Refused("An incident is redirected by merging it.", field="status")
    if changes.status == IncidentStatus.RESOLVED:
        check_text(changes.resolution_note, "resolution_note")
    if changes.comment.strip():
        check_text(changes.comment, "comment")
    check_tags([*(changes.tags or ()), *changes.add_tags])


def _in_words(conflicts: Sequence[FieldConflict]) -> str:
    """“Changed meanwhile: severity by Lee Park (low)”, for each field."""
    parts = (
        f"{each.field.replace('_', ' ')} by {each.changed_by} ({in_words(each.theirs, each.field) or 'nothing'})"
        for each in conflicts
    )
    return f"Changed meanwhile: {', '.join(parts)}"[:500]


def _entries_since(seen: str, incident_ids: Iterable[int], actor: Actor) -> dict[int, list[Entry]]:
    """What others have recorded about these incidents since the snapshot, by incident."""
    found: dict[int, list[Entry]] = defaultdict(list)
    for entry in unseen(Entry.objects.filter(incident__in=list(incident_ids)), seen).order_by("sequence"):
        if (entry.actor_kind, entry.actor_id) != (actor.kind, actor.id) and entry.incident_id:
            found[entry.incident_id].append(entry)
    return found


def _change_status(incident: Incident, changes: Changes, actor: Actor, batch: UUID) -> Incident:
    if changes.status == IncidentStatus.RESOLVED:
        if incident.status == IncidentStatus.RESOLVED:
            if changes.resolution_note.strip():
                return change_note(incident, changes.resolution_note, actor=actor, batch=batch)
            return incident
        return resolve(incident, actor=actor, note=changes.resolution_note, batch=batch)
    if changes.status is not None:
        return set_status(incident, changes.status, actor=actor, batch=batch)
    if changes.resolution_note.strip():
        if incident.status != IncidentStatus.RESOLVED:
            raise Refused("Only a resolved incident has a resolution note; resolve it as well.", field="status")
        return change_note(incident, changes.resolution_note, actor=actor, batch=batch)
    return incident


def _tags(incident: Incident, changes: Changes) -> tuple[list[str], list[str]]:
    add, remove = list(changes.add_tags), list(changes.remove_tags)
    if changes.tags is not None:
        wanted = {name.strip().lower() for name in changes.tags}
        custom = incident.tags.filter(kind=TagKind.CUSTOM).values_list("name", flat=True)
        add += changes.tags
        remove += [name for name in custom if name.lower() not in wanted]
    return add, remove


def conflicts_since(incident: Incident, changes: Changes, based_on: int) -> list[FieldConflict]:
    """The fields that are to be changed and that were changed since the version `based_on`, to something else."""
    newer = Entry.objects.of_incident(incident.pk).filter(incident_version__gt=based_on).order_by("sequence")
    return _conflicts(incident, changes, newer)


def _conflicts(incident: Incident, changes: Changes, newer: Iterable[Entry]) -> list[FieldConflict]:
    """The fields that are to be changed and that these entries tell were changed, to something else."""
    changed_by: dict[str, str] = {}
    for entry in newer:
        # A note is the text of its entry, not one of the entry's changes.
        if entry.verb in NOTE_VERBS:
            changed_by["resolution_note"] = entry.actor_label
        # An alert's entry carries the alert's own fields, and what its source's newer word changed of the incident.
        for change in entry.facts.get("incident_changes", ()) if entry.subject_kind else entry.changes:
            changed_by[change["field"]] = entry.actor_label
    if not changed_by:
        return []
    return [
        FieldConflict(field, theirs, mine, changed_by[field])
        for field, theirs, mine in _wishes(incident, changes)
        if field in changed_by and theirs != mine
    ]


def _wishes(incident: Incident, changes: Changes) -> Iterator[tuple[str, Any, Any]]:
    """Field, its present value and the wanted one, for each field the save means to change."""
    if changes.name is not KEEP:
        yield "name", incident.name, changes.name or incident.automatic_name
    if changes.severity is not KEEP:
        wanted = changes.severity or Severity(incident.automatic_severity)
        yield "severity", Severity(incident.severity).slug, wanted.slug  # type: ignore[union-attr]
    if changes.assignee is not KEEP:
        user = changes.assignee if isinstance(changes.assignee, User) else None
        team = changes.assignee if isinstance(changes.assignee, Team) else None
        yield (
            "assignee",
            assignee_value(incident.assignee_user, incident.assignee_team),
            assignee_value(user, team),
        )
    if changes.due is None or isinstance(changes.due, datetime):
        yield "due_at", as_logged(incident.due_at), as_logged(changes.due)
    if changes.snoozed_until is None or isinstance(changes.snoozed_until, datetime):
        yield "snoozed_until", as_logged(incident.snoozed_until), as_logged(changes.snoozed_until)
    if changes.status is not None:
        yield "status", IncidentStatus(incident.status).slug, changes.status.slug
    if changes.resolution_note.strip():
        if incident.status == IncidentStatus.RESOLVED:
            yield "resolution_note", incident.resolution_note, check_text(changes.resolution_note, "resolution_note")
        elif changes.status is None:
            yield "status", IncidentStatus(incident.status).slug, IncidentStatus.RESOLVED.slug
    if changes.classification is not None:
        yield "classification", incident.classification, str(changes.classification)
        yield "determination", incident.determination, str(changes.determination)
    if changes.tags is not None:
        present = sorted(incident.tags.filter(kind=TagKind.CUSTOM).values_list("name", flat=True), key=str.lower)
        yield "tags", present, sorted(changes.tags, key=str.lower)
