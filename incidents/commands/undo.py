"""Taking an act back by its entries in the log: what others have touched since stays as they made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Principal, Team, User
from activity.actors import Actor, ActorKind
from activity.models import Entry
from activity.record import Change, Draft
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.commands import assignee_value, draft_of
from alerts.models import Alert
from alerts.verbs import ALERT_UNDONE
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.choices import OPEN_STATUSES, IncidentStatus, Outcome
from incidents.commands.assignment import check_assignee
from incidents.commands.change import alert_updates, alerts_of, record_of_alerts, save_and_record
from incidents.commands.handful import Handful
from incidents.commands.lifecycle import RESOLUTION
from incidents.commands.manage import MERGED, UNSEEN, Result, visible_among
from incidents.commands.sight import check_named
from incidents.commands.snoozing import as_logged
from incidents.commands.tagging import put_tags, tag_names
from incidents.commands.undo_evidence import restore_evidence
from incidents.commands.undo_tasks import Undoing, restore_tasks
from incidents.models import Incident, Tag
from incidents.rules import MOST_TAGS
from incidents.search import add_words

NOTE_VERBS = (verbs.RESOLVED.name, verbs.NOTE_CHANGED.name, verbs.REOPENED.name)
"""Entries after which the resolution note is another one; the note is their text, not one of their changes."""
ITSELF = ""
"""The incident among the subjects of its entries; the others are its alerts, its tasks and its entities."""
SUBJECTS = {"alert": "{}", "task": "task {}", "entity": "entity {}"}
"""What the log calls a subject → how it is named here, by its number."""

Field = tuple[str, str]
"""Subject and name of a field."""


@dataclass
class Past:
    """What the log tells of one incident from an act on."""

    done: dict[Field, tuple[Any, Any]] = field(default_factory=dict)
    """What the act did: old and new value of each field."""
    touched: dict[Field, list[tuple[UUID | None, str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """Who has changed a field since: batch, name and, for tags, which ones."""
    began: int = 0
    """Sequence of the act's first entry."""

    def by(self, *names: str, subject: str = ITSELF) -> str:
        """Who has touched one of these fields since, or nobody."""
        return next((found[-1][1] for name in names if (found := self.touched.get((subject, name)))), "")


@command
def take_back(
    incident_ids: Iterable[int],
    act: UUID,
    *,
    actor: Actor,
    principal: Principal | None = None,
    batch: UUID | None = None,
) -> dict[int, Result]:
    """Give every field that the entries of batch `act` have changed its former value; what became of each incident.

    A field that a later entry of another batch has changed is left, and the reason names it and who it was. What
    another act did and has taken back since counts as untouched, and so does what a merge did from which the incident
    came back. Comments stay.
    """
    batch = batch or uuid4()
    wanted = sorted(set(incident_ids))
    handful = Handful(wanted)
    visible = visible_among(handful.incidents, principal)
    pasts = read_past(visible, act)
    former = _formerly({number: past.began for number, past in pasts.items() if _asks_for_note(past)})

    def result(incident: Incident | None) -> Result:
        if incident is None or incident.pk not in visible:
            return UNSEEN
        if incident.status == IncidentStatus.REDIRECTED:
            return MERGED
        past = pasts.get(incident.pk)
        if past is None or not past.done:
            return Result(Outcome.UNCHANGED, "Nothing was changed here.")
        restorer = _Restorer(incident, past, former.get(incident.pk, Former()), actor, batch, act)
        changed = handful.attempt(incident, restorer.run)
        reason = f"Left as it is: {'; '.join(restorer.left)}"[:500] if restorer.left else ""
        return Result(Outcome.CHANGED if changed else Outcome.UNCHANGED, reason)

    results = {number: result(handful.incidents.get(number)) for number in wanted}
    handful.write()
    return results


def read_past(incident_ids: Iterable[int], act: UUID) -> dict[int, Past]:
    """What the act did to each of these incidents, and what was done since."""
    pasts: dict[int, Past] = {}
    rows = Entry.objects.raw(
        "SELECT entry.* FROM activity_entry AS entry JOIN"
        " (SELECT incident_id, min(sequence) AS began FROM activity_entry"
        "  WHERE incident_id = ANY(%s) AND batch = %s GROUP BY incident_id) AS own USING (incident_id)"
        " WHERE entry.sequence >= own.began ORDER BY incident_id, sequence",
        [list(incident_ids), act],
    )
    for entry in rows:
        past = pasts.setdefault(entry.incident_id or 0, Past(began=entry.sequence))
        for name, old, new in _changes_of(entry):
            if entry.batch == act:
                past.done[name] = (past.done[name][0] if name in past.done else old, new)
            else:
                _touch(past, name, entry, (old, new))
    return pasts


def _changes_of(entry: Entry) -> Iterable[tuple[Field, Any, Any]]:
    subject = SUBJECTS.get(entry.subject_kind, "").format(entry.subject_id)
    for change in entry.changes:
        yield (subject, change["field"]), change["old"], change["new"]
    for change in entry.facts.get("incident_changes", ()):
        yield (ITSELF, change["field"]), change["old"], change["new"]
    if entry.subject_kind == "task" and (text_is := entry.facts.get("text")):
        yield (subject, text_is), None, None
    if entry.verb in NOTE_VERBS or (entry.verb == verbs.UNDONE.name and entry.body_id):
        yield (ITSELF, "resolution_note"), None, None


def _touch(past: Past, name: Field, entry: Entry, values: tuple[Any, Any]) -> None:
    touches = past.touched[name]
    undone = entry.facts.get("merge" if entry.verb == verbs.RESTORED.name else "undo_of")
    if undone and any(str(batch) == undone for batch, _, _ in touches):
        past.touched[name] = [touch for touch in touches if str(touch[0]) != undone]
    else:
        touches.append((entry.batch, entry.actor_label, values))


def _asks_for_note(past: Past) -> bool:
    """Whether taking it back needs the note that stood there before."""
    status = past.done.get((ITSELF, "status"))
    if status is None:
        return (ITSELF, "resolution_note") in past.done
    return bool(status[0] == IncidentStatus.RESOLVED.slug)


@dataclass(frozen=True, slots=True)
class Former:
    """How an incident was resolved before the act."""

    note: Entry | None = None
    resolved: Entry | None = None


def _formerly(before: dict[int, int]) -> dict[int, Former]:
    """Of each incident, the entries before a sequence that hold its note and tell of its resolving."""
    notes = _last(before, (verbs.RESOLVED.name, verbs.NOTE_CHANGED.name, verbs.UNDONE.name))
    resolved = _last(before, (verbs.RESOLVED.name,))
    return {number: Former(notes.get(number), resolved.get(number)) for number in before}


def _last(before: dict[int, int], names: Sequence[str]) -> dict[int, Entry]:
    if not before:
        return {}
    rows = Entry.objects.raw(
        "SELECT DISTINCT ON (entry.incident_id) entry.* FROM activity_entry AS entry"
        " JOIN unnest(%s::bigint[], %s::int[]) AS act (incident, began)"
        " ON entry.incident_id = act.incident AND entry.sequence < act.began"
        " WHERE entry.verb = ANY(%s) AND entry.body_id IS NOT NULL ORDER BY entry.incident_id, entry.sequence DESC",
        [list(before), list(before.values()), list(names)],
    )
    return {entry.incident_id: entry for entry in rows if entry.incident_id}


class _Restorer:
    """Takes an act back on one locked incident."""

    def __init__(self, incident: Incident, past: Past, former: Former, actor: Actor, batch: UUID, act: UUID) -> None:
        self.incident, self.past, self.former = incident, past, former
        self.actor, self.batch, self.act = actor, batch, act
        self.changes: list[Change] = []
        self.fields: list[str] = []
        self.left: list[str] = []
        self.note: str | None = None

    def run(self) -> None:
        self._severity()
        self._name()
        self._tags()
        self._assignee()
        self._finding()
        self._status()
        self._snooze()
        self._due()
        drafts = [*self._alerts(), *restore_evidence(self.incident, self.past, self.left, self._undoing())]
        drafts += restore_tasks(self.incident, self.past, self.left, self._undoing())
        if not self.changes and not drafts and self.note is None:
            return
        save_and_record(
            self.incident,
            verbs.UNDONE,
            self.changes,
            fields=self.fields,
            actor=self.actor,
            batch=self.batch,
            facts={"undo_of": str(self.act)},
            text=self.note,
        )
        record_of_alerts(self.incident, drafts)

    def _old(self, *names: str) -> dict[str, Any] | None:
        """The former values of a group of fields; None where the act did not change it, or somebody has since."""
        old = {name: self.past.done[ITSELF, name][0] for name in names if (ITSELF, name) in self.past.done}
        if not old:
            return None
        if by := self.past.by(*names):
            self.left.append(f"{names[0].replace('_', ' ')}, which {by} has changed since")
            return None
        return old

    def _set(self, what: str, present: Any, former: Any, /, **values: Any) -> None:
        if present != former:
            self.changes.append(Change(what, present, former))
        for attribute, value in values.items():
            setattr(self.incident, attribute, value)
            self.fields.append(attribute)

    def _severity(self) -> None:
        incident, old = self.incident, self._old("severity", "severity_is_manual")
        if old is None:
            return
        present = Severity(incident.severity)
        manual = old.get("severity_is_manual", incident.severity_is_manual)
        former = Severity.from_slug(old.get("severity", present.slug)) if manual else incident.automatic_severity
        self._set("severity", present.slug, Severity(former).slug, severity=former)
        self._set("severity_is_manual", incident.severity_is_manual, manual, severity_is_manual=manual)

    def _name(self) -> None:
        incident, old = self.incident, self._old("name", "name_is_manual")
        if old is None:
            return
        manual = old.get("name_is_manual", incident.name_is_manual)
        former = old.get("name", incident.name) if manual else incident.automatic_name
        self._set("name", incident.name, former, name=former)
        self._set("name_is_manual", incident.name_is_manual, manual, name_is_manual=manual)
        add_words({incident.pk: [former]})

    def _tags(self) -> None:
        """Tag by tag: one that somebody has put or taken since stays so."""
        if (ITSELF, "tags") not in self.past.done:
            return
        old, new = (set(names) for names in self.past.done[ITSELF, "tags"])
        later: dict[str, str] = {}
        for _, by, (before, after) in self.past.touched.get((ITSELF, "tags"), ()):
            later |= dict.fromkeys(set(before or ()) ^ set(after or ()), by)
        for name in sorted((old ^ new) & later.keys()):
            self.left.append(f"the tag “{name}”, which {later[name]} has changed since")
        present = {tag.pk: tag for tag in self.incident.tags.all()}
        gone = {pk for pk, tag in present.items() if tag.name in new - old - later.keys()}
        missing = sorted(old - new - later.keys() - {tag.name for tag in present.values()})
        coming = self._known_tags(missing)
        after = {pk: tag for pk, tag in present.items() if pk not in gone} | {tag.pk: tag for tag in coming}
        if len(after) > MOST_TAGS:
            self.left.append(f"its tags, of which it would have more than {MOST_TAGS}")
        elif gone or coming:
            put_tags(self.incident, coming=coming, gone=gone)
            self.changes.append(Change("tags", tag_names(present.values()), tag_names(after.values())))
            self.fields.append("tag_ids")

    def _known_tags(self, names: Sequence[str]) -> list[Tag]:
        if not names:
            return []
        key = ("former tags", tuple(names))
        return list(self.incident.handful.once(key, lambda: Tag.objects.named(names)).values())

    def _assignee(self) -> None:
        old = self._old("assignee")
        if old is None:
            return
        try:
            user, team = self._person(old["assignee"])
            if found := user or team:
                check_named(self.incident, found)
        except Refused as refused:
            self.left.append(f"assignee: {refused.problem}")
            return
        present = assignee_value(self.incident.assignee_user, self.incident.assignee_team)
        former = assignee_value(user, team)
        self._set("assignee", present, former, assignee_user=user, assignee_team=team)

    def _person(self, value: dict[str, Any] | None) -> tuple[User | None, Team | None]:
        """Whom a logged assignee names. Raises Refused for somebody who is not there, or may not work, any more."""
        if value is None:
            return None, None

        def find() -> User | Team | None:
            if value["kind"] == "team":
                return Team.objects.filter(slug=value["name"]).first()
            return User.objects.filter(username=value["name"]).select_related("role").first()

        found = self.incident.handful.once(("assignee", value["kind"], value["name"]), find)
        if found is None:
            raise Refused(f"{value['label']} does not exist any more.")
        check_assignee(found)
        return (None, found) if isinstance(found, Team) else (found, None)

    def _finding(self) -> None:
        incident, old = self.incident, self._old("classification", "determination")
        if old is None:
            return
        classification = old.get("classification", incident.classification)
        determination = old.get("determination", incident.determination)
        self._set(
            "classification", incident.classification, classification, classification=Classification(classification)
        )
        self._set("determination", incident.determination, determination, determination=Determination(determination))

    def _status(self) -> None:
        incident, old = self.incident, self._old("status", "resolution_note")
        if old is None:
            return
        present = IncidentStatus(incident.status)
        former = IncidentStatus.from_slug(old.get("status", present.slug))
        if former == IncidentStatus.RESOLVED:
            self._resolved_again(present)
            return
        if present == IncidentStatus.RESOLVED:
            incident.resolution_note, incident.resolved_at, incident.resolved_by = "", None, ""
            incident.resolved_by_user = None
            self.fields += RESOLUTION
        self._set("status", present.slug, former.slug, status=former)

    def _resolved_again(self, present: IncidentStatus) -> None:
        """Back to resolved, or to the note of before, as the log has it."""
        incident, note, resolved = self.incident, self.former.note, self.former.resolved
        if incident.alerts_active > self._alerts_to_resolve():
            self.left.append("status, since it has active alerts")
            return
        if note is None or note.body is None or note.body.text is None:
            self.left.append("status, since the former resolution note is gone")
            return
        self.note = incident.resolution_note = note.body.text
        self.fields += RESOLUTION
        if present != IncidentStatus.RESOLVED:
            resolved = resolved or note
            incident.resolved_at, incident.resolved_by = resolved.recorded_at or timezone.now(), resolved.actor_label
            incident.resolved_by_user_id = resolved.actor_id if resolved.actor_kind == ActorKind.USER else None
            self._set("status", present.slug, IncidentStatus.RESOLVED.slug, status=IncidentStatus.RESOLVED)

    def _alerts_to_resolve(self) -> int:
        """Active alerts that were resolved before the act, and that nobody has touched since."""
        former = {
            subject
            for (subject, name), (old, _) in self.past.done.items()
            if subject.isdigit() and name == "status" and old == "resolved" and not self.past.by(name, subject=subject)
        }
        if not former:
            return 0
        return sum(str(alert.pk) in former for alert in alerts_of(self.incident, active=True))

    def _snooze(self) -> None:
        """An incident that the act woke sleeps on, unless its time has come."""
        old = self._old("snoozed_until")
        if old is None:
            return
        until = datetime.fromisoformat(old["snoozed_until"]) if old["snoozed_until"] else None
        if until and (until <= timezone.now() or self.incident.status not in OPEN_STATUSES):
            return
        self._set("snoozed_until", as_logged(self.incident.snoozed_until), as_logged(until), snoozed_until=until)
        if until is None:
            self.incident.snoozed_by = None
            self.fields.append("snoozed_by")

    def _due(self) -> None:
        old = self._old("due_at")
        if old is None:
            return
        due = datetime.fromisoformat(old["due_at"]) if old["due_at"] else None
        self._set("due_at", as_logged(self.incident.due_at), as_logged(due), due_at=due, overdue_told=False)

    def _undoing(self) -> Undoing:
        return Undoing(self.actor, self.batch, self.act, self._person)

    def _alerts(self) -> list[Draft]:
        """The alerts that the act changed along with the incident."""
        subjects = {subject for subject, _ in self.past.done if subject.isdigit()}
        if not subjects:
            return []
        own = {str(alert.pk): alert for alert in alerts_of(self.incident) if str(alert.pk) in subjects}
        if len(own) < len(subjects):
            self.left.append(f"{len(subjects) - len(own)} alerts that have been moved away")
        drafts, active = [], self.incident.alerts_active
        for number, alert in own.items():
            changes = [
                *self._alert_status(alert, number),
                *self._alert_assignee(alert, number),
                *self._alert_finding(alert, number),
            ]
            if changes:
                drafts.append(draft_of(ALERT_UNDONE, alert, changes, self.actor, self.batch))
            for change in changes:
                if change.field == "status":
                    active += (change.old == "resolved") - (change.new == "resolved")
        if active != self.incident.alerts_active:
            self._set("alerts_active", self.incident.alerts_active, active, alerts_active=active)
        return drafts

    def _alert_old(self, alert: Alert, number: str, name: str) -> Any:
        if by := self.past.by(name, subject=number):
            self.left.append(f"{name} of the alert “{alert.title[:60]}”, which {by} has changed since")
            return _LEFT
        return self.past.done[number, name][0] if (number, name) in self.past.done else _LEFT

    def _alert_status(self, alert: Alert, number: str) -> list[Change]:
        if (number, "status") not in self.past.done:
            return []
        old = self._alert_old(alert, number, "status")
        if old is _LEFT or old == AlertStatus(alert.status).slug:
            return []
        former = AlertStatus.from_slug(old)
        if former != AlertStatus.RESOLVED and self.incident.status not in OPEN_STATUSES:
            self.left.append(f"status of the alert “{alert.title[:60]}”, since the incident is resolved")
            return []
        with alert_updates(self.incident) as updates:
            resolved_at = updates.now if former == AlertStatus.RESOLVED else None
            updates.add([alert], status=former, resolved_at=resolved_at)
        return [Change("status", AlertStatus(alert.status).slug, former.slug)]

    def _alert_assignee(self, alert: Alert, number: str) -> list[Change]:
        if (number, "assignee") not in self.past.done:
            return []
        old = self._alert_old(alert, number, "assignee")
        present = assignee_value(alert.assignee_user, alert.assignee_team)
        if old is _LEFT or old == present:
            return []
        try:
            user, team = self._person(old)
            if found := user or team:
                check_named(self.incident, found)
        except Refused as refused:
            self.left.append(f"assignee of the alert “{alert.title[:60]}”: {refused.problem}")
            return []
        with alert_updates(self.incident) as updates:
            updates.add([alert], assignee_user=user, assignee_team=team)
        return [Change("assignee", present, assignee_value(user, team))]

    def _alert_finding(self, alert: Alert, number: str) -> list[Change]:
        """Classification and determination, which are chosen together."""
        names = [name for name in ("classification", "determination") if (number, name) in self.past.done]
        if not names:
            return []
        if by := self.past.by("classification", "determination", subject=number):
            self.left.append(f"classification of the alert “{alert.title[:60]}”, which {by} has changed since")
            return []
        old = {name: self.past.done[number, name][0] for name in names}
        changes = [Change(name, getattr(alert, name), value) for name, value in old.items()]
        changes = [change for change in changes if change.old != change.new]
        if changes:
            with alert_updates(self.incident) as updates:
                updates.add([alert], **old)
        return changes


_LEFT = object()
