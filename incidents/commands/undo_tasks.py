"""Taking back what an act did to an incident's tasks; what others have touched since stays as they made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from accounts.models import Team, User
from activity.actors import Actor
from activity.models import Entry
from activity.record import Change, Draft
from common.errors import Refused
from incidents import verbs
from incidents.commands.change import save
from incidents.commands.sight import check_named
from incidents.commands.tasks import CLOSING_NOTE, DESCRIPTION, draft_of_task, recount, set_closed, values_of
from incidents.models import Incident, Task

if TYPE_CHECKING:
    from incidents.commands.undo import Past

START = "task "
"""How the subjects of tasks begin in a past (incidents/commands/undo.py)."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """Who takes which act back, and how a logged assignee is found."""

    actor: Actor
    batch: UUID
    act: UUID
    person: Callable[[dict[str, Any] | None], tuple[User | None, Team | None]]


def restore_tasks(incident: Incident, past: Past, left: list[str], undoing: Undoing) -> list[Draft]:
    """Give the tasks that the act has changed their former values, take away those it added, and bring back those it
    removed. What is to be recorded; what is left as it is is added to `left`."""
    subjects = {subject for subject, _ in past.done if subject.startswith(START)}
    if not subjects:
        return []
    numbers = [int(subject.removeprefix(START)) for subject in subjects]
    rows = Task.objects.filter(incident=incident.pk, pk__in=numbers).order_by("pk")
    tasks = rows.select_for_update(of=("self",)).select_related("incident", "assignee_user", "assignee_team")
    drafts = [draft for task in tasks for draft in _TaskRestorer(task, past, left, undoing).run()]
    if drafts:
        recount(incident)
        save(incident, "tasks_total", "tasks_open")
    return drafts


class _TaskRestorer:
    """Takes an act back on one locked task."""

    def __init__(self, task: Task, past: Past, left: list[str], undoing: Undoing) -> None:
        self.task, self.past, self.left, self.undoing = task, past, left, undoing
        self.subject = f"{START}{task.pk}"
        self.done = {name: values for (subject, name), values in past.done.items() if subject == self.subject}

    def run(self) -> list[Draft]:
        if "title" in self.done and self.done["title"][0] is None:
            return self._take_away()
        if "removed" in self.done:
            return self._bring_back()
        return self._give_back()

    def _take_away(self) -> list[Draft]:
        """What the act added goes, unless somebody has worked on it since."""
        touched = next((found[-1][1] for (subject, _), found in self.past.touched.items()
                        if subject == self.subject and found), "")  # fmt: skip
        if touched:
            self.left.append(f"the task “{self.task.title[:60]}”, which {touched} has changed since")
            return []
        if self.task.removed_at is not None:
            return []
        self.task.removed_at = timezone.now()
        self.task.save(update_fields=["removed_at"])
        return [self._draft([Change("removed", False, True)])]

    def _bring_back(self) -> list[Draft]:
        if self.task.removed_at is None:
            return []
        self.task.removed_at = None
        self.task.save(update_fields=["removed_at"])
        return [self._draft([Change("removed", True, False)])]

    def _give_back(self) -> list[Draft]:
        if self.task.removed_at is not None:
            self.left.append(f"the task “{self.task.title[:60]}”, which was removed")
            return []
        task, present, changes, texts = self.task, values_of(self.task), [], []
        for name in ("title", "assignee", "due_at", "state"):
            old = self._old(name)
            if old is not _LEFT and old != present[name] and self._set(name, old):
                changes.append(Change(name, present[name], old))
        for name in (DESCRIPTION, CLOSING_NOTE):
            if self._old(name) is not _LEFT and (former := self._former(name)) != present[name]:
                setattr(task, name, former)
                texts.append((name, former))
        if not changes and not texts:
            return []
        task.save()
        name, text = texts[0] if texts else ("", None)
        first = self._draft(changes, text=text, text_is=name)
        return [first, *(self._draft([], text=text, text_is=name) for name, text in texts[1:])]

    def _old(self, name: str) -> Any:
        """The former value of a field; _LEFT where the act did not change it, or somebody has since."""
        if name not in self.done:
            return _LEFT
        if by := self.past.by(name, subject=self.subject):
            what = name.replace("_", " ").removesuffix(" at")
            self.left.append(f"{what} of the task “{self.task.title[:60]}”, which {by} has changed since")
            return _LEFT
        return self.done[name][0]

    def _set(self, name: str, value: Any) -> bool:
        task = self.task
        if name == "title":
            task.title = value
        elif name == "due_at":
            task.due_at, task.overdue_told = (datetime.fromisoformat(value) if value else None), False
        elif name == "state":
            task.state = value
            set_closed(task, self.undoing.actor)
        else:
            try:
                user, team = self.undoing.person(value)
                if found := user or team:
                    check_named(task.incident, found)
                task.assignee_user, task.assignee_team = user, team
            except Refused as refused:
                self.left.append(f"assignee of the task “{task.title[:60]}”: {refused.problem}")
                return False
        return True

    def _former(self, name: str) -> str:
        """The text before the act, as the log has it."""
        log = Entry.objects.of_incident(self.task.incident_id).filter(sequence__lt=self.past.began)
        told = log.filter(subject_kind="task", subject_id=str(self.task.pk), facts__text=name, body__isnull=False)
        last = told.order_by("-sequence").select_related("body").first()
        return (last.body.text or "") if last and last.body else ""

    def _draft(self, changes: list[Change], *, text: str | None = None, text_is: str = "") -> Draft:
        facts = {"undo_of": str(self.undoing.act)}
        batch = self.undoing.batch
        return draft_of_task(
            verbs.TASK_UNDONE, self.task, self.undoing.actor, batch, changes, text=text, text_is=text_is, facts=facts
        )


_LEFT = object()
