"""Who works on an incident: one user, one team, or nobody yet."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db import connection

from accounts.choices import Permission
from accounts.models import Team, User
from activity.actors import Actor
from activity.record import Change
from alerts import commands as alerts
from alerts.commands import assignee_value
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.commands.change import alert_updates, alerts_of, lock, record_of_alerts, save_and_record
from incidents.commands.following import start_following
from incidents.commands.sight import check_named
from incidents.models import Incident


@command
def assign(incident: Incident, assignee: User | Team, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Assign the incident and all its alerts to a user or a team."""
    check_assignee(assignee)
    return _set_assignee(incident, assignee, actor, batch)


@command
def unassign(incident: Incident, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Leave the incident and its alerts to nobody."""
    return _set_assignee(incident, None, actor, batch)


def check_assignee(assignee: User | Team, incident: Incident | None = None) -> None:
    """Raises Refused for somebody who may not work on incidents, or would not see this one, and for a team that was
    deleted."""
    if isinstance(assignee, User) and not assignee.may(Permission.EDIT_INCIDENTS):
        raise Refused(f"{assignee.display_name} may not work on incidents; choose somebody else.", field="assignee")
    if isinstance(assignee, Team):
        check_present(assignee)
    if incident is not None:
        check_named(incident, assignee)


def check_present(team: Team) -> None:
    """Raises Refused for a team that is there no more, whatever the row at hand says. Its row is held from here on, so
    that who deletes it waits, and finds what it is given."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deleted_at IS NULL FROM accounts_team WHERE id = %s FOR KEY SHARE", [team.pk])
        found = cursor.fetchone()
    if found is None or not found[0]:
        raise Refused(f"The team “{team.name}” was deleted; choose somebody else.", field="assignee")


def _set_assignee(incident: Incident, assignee: User | Team | None, actor: Actor, batch: UUID | None) -> Incident:
    incident = lock(incident)
    batch = batch or uuid4()
    user = assignee if isinstance(assignee, User) else None
    team = assignee if isinstance(assignee, Team) else None
    old = assignee_value(incident.assignee_user, incident.assignee_team)
    new = assignee_value(user, team)
    if old == new:
        return incident
    if assignee is not None:
        check_named(incident, assignee)
    incident.assignee_user, incident.assignee_team = user, team
    save_and_record(
        incident,
        verbs.ASSIGNED if assignee else verbs.UNASSIGNED,
        [Change("assignee", old, new)],
        fields=["assignee_user", "assignee_team"],
        actor=actor,
        batch=batch,
    )
    start_following(incident, user)
    with alert_updates(incident) as updates:
        drafts = alerts.assign(alerts_of(incident), user=user, team=team, actor=actor, batch=batch, updates=updates)
    record_of_alerts(incident, drafts)
    return incident
