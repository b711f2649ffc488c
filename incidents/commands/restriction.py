"""Restricted incidents: seen by the people and teams named to them, and who may change that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from django.db.models import Q
from django.db.models.functions import Now

from accounts.choices import Permission
from accounts.models import Team, User
from activity.actors import Actor, ActorKind
from activity.record import Change
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.changes import TaskChanges
from incidents.commands.alerts import assign_alerts
from incidents.commands.change import lock, save_and_record
from incidents.commands.sight import NotNamed, alerts_held, check_named, kept_out, tasks_held
from incidents.commands.tasks import change_task
from incidents.models import BreakGlass, Incident, IncidentMember, Task
from incidents.models.access import Member, members_of
from incidents.rules import check_reason


@command
def restrict(incident: Incident, members: Iterable[Member], *, actor: Actor, reason: str = "") -> Incident:
    """Hide the incident from everybody but these people and teams; Refused when nobody would see it.

    Open tasks and active alerts of those who do not see it any more are nobody's then.
    """
    incident = lock(incident)
    if incident.restricted:
        return incident
    chosen = _set_members(incident, members)
    incident.restricted = True
    changes = [Change("restricted", False, True), Change("members", [], chosen)]
    save_and_record(
        incident,
        verbs.RESTRICTED,
        changes,
        fields=["restricted"],
        actor=actor,
        batch=(batch := uuid4()),
        text=check_reason(reason) or None,
    )
    return taken_from_outsiders(incident, actor, batch)


@command
def lift_restriction(incident: Incident, *, actor: Actor, reason: str = "") -> Incident:
    """Show the incident, with all that was said and done in it, to everyone whose role sees incidents."""
    incident = lock(incident)
    if not incident.restricted:
        return incident
    _check_is_no_guest(incident, actor)
    old = words_of_members(incident)
    incident.members.all().delete()
    # Who broke the glass keeps nothing for the case that it is restricted again.
    BreakGlass.objects.running(incident).update(ends_at=Now())
    incident.restricted = False
    changes = [Change("restricted", True, False), Change("members", old, [])]
    save_and_record(
        incident,
        verbs.RESTRICTION_LIFTED,
        changes,
        fields=["restricted"],
        actor=actor,
        text=check_reason(reason) or None,
    )
    return incident


@command
def set_incident_members(
    incident: Incident,
    members: Iterable[Member],
    *,
    actor: Actor,
    reason: str = "",
    batch: UUID | None = None,
) -> Incident:
    """Make these people and teams, and nobody else, the ones named to the restricted incident. Open tasks and active
    alerts of those who do not see it any more are nobody's then."""
    incident = lock(incident)
    if not incident.restricted:
        raise Refused("Everyone sees this incident; restrict it before naming members.", field="members")
    _check_is_no_guest(incident, actor)
    old = words_of_members(incident)
    new = _set_members(incident, members)
    if old == new:
        return incident
    save_and_record(
        incident,
        verbs.MEMBERS_CHANGED,
        [Change("members", old, new)],
        fields=[],
        actor=actor,
        batch=(batch := batch or uuid4()),
        text=check_reason(reason) or None,
    )
    return taken_from_outsiders(incident, actor, batch)


@command
def name_to(incident: Incident, member: Member, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Name one more person or team to the restricted incident, if they do not see it yet."""
    incident = lock(incident)
    try:
        check_named(incident, member)
    except NotNamed:
        return set_incident_members(incident, [*members_of(incident), member], actor=actor, batch=batch)
    return incident


def words_of_members(incident: Incident) -> list[str]:
    """The same as addresses and the log name them: `ana`, `team:tier2`."""
    return _words(members_of(incident))


def _words(members: Iterable[Member]) -> list[str]:
    return sorted(f"team:{each.slug}" if isinstance(each, Team) else each.username for each in members)


def _set_members(incident: Incident, members: Iterable[Member]) -> list[str]:
    chosen = list({(type(member), member.pk): member for member in members}.values())
    users = [member.pk for member in chosen if isinstance(member, User)]
    teams = [member.pk for member in chosen if isinstance(member, Team)]
    if not User.objects.who_may(Permission.SEE_INCIDENTS).filter(Q(pk__in=users) | Q(teams__in=teams)).exists():
        raise Refused("Name at least one person who sees incidents, or nobody will see this one.", field="members")
    incident.members.exclude(Q(user_id__in=users) | Q(team_id__in=teams)).delete()
    rows = [IncidentMember(incident=incident, user_id=pk) for pk in users]
    rows += [IncidentMember(incident=incident, team_id=pk) for pk in teams]
    IncidentMember.objects.bulk_create(rows, ignore_conflicts=True)
    _check_assignee_stays(incident, chosen)
    return _words(chosen)


def taken_from_outsiders(incident: Incident, actor: Actor, batch: UUID) -> Incident:
    """What is left to do is with nobody who cannot know of it; the incident as it is then."""
    tasks, alerts = tasks_held(incident), alerts_held(incident)
    held: list[Task | Alert] = [*tasks, *alerts]
    out = kept_out((each.assignee_user or each.assignee_team for each in held), incident)
    for task in tasks:
        if (task.assignee_user or task.assignee_team) in out:
            change_task(task, TaskChanges(assignee=None), actor=actor, batch=batch)
    theirs = [alert.pk for alert in alerts if (alert.assignee_user or alert.assignee_team) in out]
    if theirs:
        assign_alerts(incident, theirs, None, actor=actor, batch=batch)
    return lock(incident) if out else incident


def _check_assignee_stays(incident: Incident, chosen: Sequence[Member]) -> None:
    """Raises Refused where the incident would be kept from who has it to work on."""
    assignee = incident.assignee
    if assignee is None or assignee in chosen:
        return
    if isinstance(assignee, User):
        teams = [each.pk for each in chosen if isinstance(each, Team)]
        if assignee.may(Permission.SEE_RESTRICTED) or assignee.teams.filter(pk__in=teams).exists():
            return
    raise Refused(
        f"It is assigned to {assignee}, who has to see it. Name them as well, or assign it to somebody else first.",
        field="members",
    )


def _check_is_no_guest(incident: Incident, actor: Actor) -> None:
    """Raises Refused for who sees the incident by break-glass alone: that is for looking and acting in need, and must
    not be made to last by the one who broke it. Where nobody else is left who could see it, somebody has to."""
    if actor.kind != ActorKind.USER or actor.id is None:
        return
    is_guest = BreakGlass.objects.running(incident).filter(user_id=actor.id).exists()
    named = IncidentMember.objects.filter(incident=incident)
    others = User.objects.who_may(Permission.SEE_INCIDENTS).filter(
        Q(pk__in=named.values("user")) | Q(teams__in=named.values("team"))
    )
    if is_guest and not others.filter(pk=actor.id).exists() and others.exists():
        raise Refused(
            "You see this incident by break-glass, which does not let you change who sees it. Ask one of its members."
        )
