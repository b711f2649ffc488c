"""A team goes: what it has still to do is nobody's from then on, and each incident's log says so."""

from __future__ import annotations

from uuid import uuid4

from accounts.models import Team
from activity.actors import Actor
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from incidents.changes import AlertChanges, TaskChanges
from incidents.commands.assignment import unassign
from incidents.commands.change import lock_all
from incidents.commands.many_alerts import change_many_alerts
from incidents.commands.tasks import change_task
from incidents.models import Incident, Task

MOST_LEFT = 500
"""Incidents, tasks and alerts in one act: it is one transaction, and its incidents stay locked until it ends."""


@command
def leave_to_nobody(team: Team, *, actor: Actor) -> int:
    """Take open incidents, open tasks and active alerts from a team; how many that are. Restricted ones as well:
    whoever deletes a team need not see them. Refused, with the way out, where it has too many of them."""
    batch = uuid4()
    tasks = list(Task.objects.open().filter(assignee_team=team).order_by("pk")[: MOST_LEFT + 1])
    held = Incident.objects.open().filter(assignee_team=team).order_by("pk")
    numbers = list(held.values_list("pk", flat=True)[: MOST_LEFT + 1])
    alerts = Alert.objects.active().filter(assignee_team=team).exclude(incident__in=numbers).order_by("pk")
    others = dict(alerts.values_list("pk", "incident_id")[: MOST_LEFT + 1])
    total = len(tasks) + len(numbers) + len(others)
    if total > MOST_LEFT:
        raise Refused(
            f"“{team.name}” has more than {MOST_LEFT} open incidents, tasks and alerts. Give most of them to somebody "
            "else first: select them in the queue and assign them at once."
        )
    # all of them, in the order of their numbers, before any of them changes
    locked = lock_all(sorted({*numbers, *others.values(), *(task.incident_id for task in tasks)}))
    for number in numbers:
        unassign(locked[number], actor=actor, batch=batch)
    for task in tasks:
        task.incident = locked[task.incident_id]
        change_task(task, TaskChanges(assignee=None), actor=actor, batch=batch)
    if others:
        change_many_alerts(others, AlertChanges(assignee=None), actor=actor, batch=batch)
    return total
