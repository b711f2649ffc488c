"""The state of an incident after some entries of its log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from alerts import verbs as alert_verbs
from incidents import verbs


class Told(Protocol):
    """An entry of the log, as much of it as is read here."""

    @property
    def verb(self) -> str: ...
    @property
    def subject_kind(self) -> str: ...
    @property
    def subject_id(self) -> str: ...
    @property
    def subject_label(self) -> str: ...
    @property
    def changes(self) -> list[dict[str, Any]]: ...
    @property
    def facts(self) -> dict[str, Any]: ...
    @property
    def body_sha256(self) -> str: ...


TextOf = Callable[[Any], "str | None"]
"""Entry → its long text; None for none, or one that was emptied."""


@dataclass(slots=True)
class AlertThen:
    """An alert as it was."""

    title: str
    severity: str
    status: str


@dataclass(slots=True)
class TaskThen:
    """A task as it was."""

    title: str
    state: str = "new"
    assignee: dict[str, Any] | None = None
    due_at: str | None = None
    removed: bool = False


@dataclass(slots=True)
class EvidenceThen:
    """What had been said of an entity: by whom adds it by hand, or judges it."""

    label: str
    verdict: Any = None
    remediation_status: Any = None
    by_hand: bool = False


ITS_OWN: dict[str, Any] = {
    "name": "",
    "severity": "informational",
    "status": "active",
    "classification": "not_set",
    "determination": "not_set",
    "assignee": None,
    "tags": [],
    "due_at": None,
    "snoozed_until": None,
    "restricted": False,
    "members": [],
    "categories": [],
    "service_sources": [],
    "asset_counts": {},
    "first_activity": None,
    "last_activity": None,
}
"""Fields of the incident itself → how they are before an entry says otherwise."""


@dataclass(slots=True)
class State:
    """An incident at a moment."""

    values: dict[str, Any] = field(default_factory=lambda: dict(ITS_OWN))
    note: str = ""
    """The resolution note."""
    note_was_emptied: bool = False
    merged_into: int | None = None
    alerts: dict[int, AlertThen] = field(default_factory=dict)
    tasks: dict[int, TaskThen] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    """Of its tasks."""
    evidence: dict[int, EvidenceThen] = field(default_factory=dict)

    @property
    def alerts_active(self) -> int:
        return sum(alert.status != "resolved" for alert in self.alerts.values())

    @property
    def open_tasks(self) -> list[TaskThen]:
        return [self.tasks[number] for number in self.shown_tasks if self.tasks[number].state in ("new", "in_progress")]

    @property
    def shown_tasks(self) -> list[int]:
        """Ids of its tasks in their order, without those that were removed."""
        places = {number: place for place, number in enumerate(self.order)}
        kept = [number for number, task in self.tasks.items() if not task.removed]
        return sorted(kept, key=lambda number: (places.get(number, len(places)), number))


def rebuilt(entries: Iterable[Told], text_of: TextOf) -> State:
    """The state after these entries, which begin with the one that opened the incident."""
    state = State()
    for entry in entries:
        tell(state, entry, text_of)
    return state


def tell(state: State, entry: Told, text_of: TextOf) -> None:
    """Let the state be as it was after one more entry."""
    if entry.subject_kind == "alert":
        _of_alert(state, entry)
    elif entry.subject_kind == "task":
        _of_task(state, entry)
    elif entry.subject_kind == "entity":
        _of_evidence(state, entry)
    else:
        _of_incident(state, entry, text_of)
    for change in entry.facts.get("incident_changes", ()):
        _set(state, change)


def _of_incident(state: State, entry: Told, text_of: TextOf) -> None:
    status = state.values["status"]
    for change in entry.changes:
        _set(state, change)
    _note(state, entry, text_of, was_resolved=status == "resolved")
    _come(state, entry.facts)
    _go(state, entry)
    if entry.verb == verbs.MERGED_AWAY.name:
        state.merged_into = entry.facts["redirected_to"]
    elif entry.verb == verbs.RESTORED.name:
        state.merged_into = None


def _set(state: State, change: dict[str, Any]) -> None:
    if change["field"] in ITS_OWN:
        state.values[change["field"]] = change["new"]


NOTED = (verbs.RESOLVED.name, verbs.NOTE_CHANGED.name, verbs.UNDONE.name, verbs.IMPORTED.name)
"""Verbs whose text, where there is one, is the resolution note from then on."""


def _note(state: State, entry: Told, text_of: TextOf, *, was_resolved: bool) -> None:
    is_resolved = state.values["status"] in ("resolved", "redirected")
    if was_resolved and not is_resolved:
        state.note, state.note_was_emptied = "", False
    if entry.verb in NOTED and entry.body_sha256:
        text = text_of(entry)
        state.note, state.note_was_emptied = text or "", text is None


def _come(state: State, facts: dict[str, Any]) -> None:
    """What the entry brought."""
    for group in facts.get("joined", ()):
        for number in group["ids"]:
            state.alerts[number] = AlertThen(group["title"], group["severity"], group["status"])
    for task in facts.get("tasks_joined", ()):
        state.tasks[task["id"]] = TaskThen(
            task["title"], task["state"], task["assignee"], task["due_at"], task["removed"]
        )
    for piece in facts.get("evidence_joined", ()):
        state.evidence[piece["id"]] = EvidenceThen(
            piece["label"], piece["verdict"], piece["remediation_status"], by_hand=piece.get("by_hand", True)
        )


def _go(state: State, entry: Told) -> None:
    """What the entry took away."""
    facts = entry.facts
    if entry.verb == verbs.MERGED_AWAY.name:
        state.alerts, state.tasks, state.order, state.evidence = {}, {}, [], {}
    moved = facts.get("alert_ids", ()) if entry.verb == verbs.ALERTS_MOVED_OUT.name else ()
    for number in (*moved, *facts.get("alerts_left", ())):
        state.alerts.pop(number, None)
    for number in facts.get("tasks_left", ()):
        state.tasks.pop(number, None)
    for number in facts.get("evidence_left", ()):
        state.evidence.pop(number, None)


def _of_alert(state: State, entry: Told) -> None:
    alert = state.alerts.get(int(entry.subject_id))
    if alert is None:
        return
    for change in entry.changes:
        if change["field"] in ("title", "severity", "status"):
            setattr(alert, change["field"], change["new"])


def _of_task(state: State, entry: Told) -> None:
    number = int(entry.subject_id)
    task = state.tasks.setdefault(number, TaskThen(entry.subject_label))
    for change in entry.changes:
        if change["field"] in ("title", "state", "assignee", "due_at", "removed"):
            setattr(task, change["field"], change["new"])
    if "order" in entry.facts:
        state.order = entry.facts["order"]["new"]
    elif entry.verb == verbs.TASK_ADDED.name:
        state.order = [*(each for each in state.order if each != number), number]


def _of_evidence(state: State, entry: Told) -> None:
    number = int(entry.subject_id)
    if entry.verb == alert_verbs.EVIDENCE_REMOVED.name:
        state.evidence.pop(number, None)
        return
    piece = state.evidence.setdefault(number, EvidenceThen(entry.subject_label))
    piece.by_hand = piece.by_hand or entry.verb == alert_verbs.EVIDENCE_ADDED.name
    for change in entry.changes:
        if change["field"] in ("verdict", "remediation_status"):
            setattr(piece, change["field"], change["new"])
