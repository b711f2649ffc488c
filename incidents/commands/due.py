"""When people mean to be done: the incident's due date, and telling once that it or a task's has passed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from activity.actors import Actor
from activity.record import Change, Draft
from alerts.commands import assignee_value
from common.command import command
from incidents import verbs
from incidents.commands.change import lock, record_under_version, save, save_and_record
from incidents.commands.snoozing import as_logged
from incidents.commands.tasks import draft_of_task
from incidents.models import Incident, Task
from incidents.rules.tasks import check_due


@command
def set_due(incident: Incident, due: datetime | None, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Say until when the incident shall be dealt with, or None for no date. Raises Refused for a time that is past."""
    incident = lock(incident)
    if due is not None:
        due = due.replace(second=0, microsecond=0)
    if due == incident.due_at:
        return incident
    if due is not None:
        due = check_due(due, timezone.now())
    change = Change("due_at", as_logged(incident.due_at), as_logged(due))
    incident.due_at, incident.overdue_told = due, False
    fields = ["due_at", "overdue_told"]
    save_and_record(incident, verbs.DUE_SET, [change], fields=fields, actor=actor, batch=batch)
    return incident


@command
def tell_overdue(incident: Incident, *, actor: Actor) -> Incident:
    """Record that the due date of the open incident, or of tasks of it, has passed: once for each date, so that whoever
    has it in hand is told once. The version stays, since nothing about the work has changed."""
    incident = lock(incident)
    if not incident.is_open:
        return incident
    now, drafts = timezone.now(), []
    if incident.due_at and incident.due_at <= now and not incident.overdue_told:
        incident.overdue_told = True
        facts = {
            "due_at": as_logged(incident.due_at),
            "due_for": assignee_value(incident.assignee_user, incident.assignee_team),
        }
        drafts.append(Draft(verbs.OVERDUE, actor, incident_id=incident.pk, facts=facts))
    rows = Task.objects.of_incident(incident.pk).open().filter(due_at__lte=now, overdue_told=False)
    tasks = list(rows.select_related("assignee_user", "assignee_team").select_for_update(of=("self",)))
    for task in tasks:
        # a task that nobody has is the concern of whoever has the incident
        user, team = task.assignee_user, task.assignee_team
        if task.assignee is None:
            user, team = incident.assignee_user, incident.assignee_team
        facts = {"due_at": as_logged(task.due_at), "due_for": assignee_value(user, team)}
        drafts.append(draft_of_task(verbs.TASK_OVERDUE, task, actor, None, facts=facts))
    if not drafts:
        return incident
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(overdue_told=True)
    save(incident, "overdue_told")
    record_under_version(incident, drafts)
    return incident


def overdue_and_not_told(now: datetime) -> list[int]:
    """Open incidents of which something is overdue and nobody was told yet."""
    due = Incident.objects.open().filter(due_at__lte=now, overdue_told=False).order_by().values("pk")
    tasks = Task.objects.open().filter(due_at__lte=now, overdue_told=False, incident__status__in=[1, 2])
    return sorted({*due.values_list("pk", flat=True), *tasks.order_by().values_list("incident", flat=True)})
