"""Restricted incidents: seen by their members only."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import User
from activity.actors import Actor
from activity.record import Change
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.commands.change import lock, save_and_record
from incidents.models import Incident, IncidentMember


@command
def restrict(incident: Incident, members: Iterable[User], *, actor: Actor) -> Incident:
    """Hide the incident from everybody but these members; Refused without any, since nobody would see it."""
    incident = lock(incident)
    if incident.restricted:
        return incident
    chosen = _set_members(incident, members)
    incident.restricted = True
    changes = [Change("restricted", False, True), Change("members", [], chosen)]
    save_and_record(incident, verbs.RESTRICTED, changes, fields=["restricted"], actor=actor)
    return incident


@command
def lift_restriction(incident: Incident, *, actor: Actor) -> Incident:
    """Show the incident to everyone whose role sees incidents."""
    incident = lock(incident)
    if not incident.restricted:
        return incident
    old = _usernames(incident)
    incident.members.all().delete()
    incident.restricted = False
    changes = [Change("restricted", True, False), Change("members", old, [])]
    save_and_record(incident, verbs.RESTRICTION_LIFTED, changes, fields=["restricted"], actor=actor)
    return incident


@command
def set_incident_members(incident: Incident, members: Iterable[User], *, actor: Actor) -> Incident:
    """Make these people, and nobody else, the ones who see the restricted incident."""
    incident = lock(incident)
    if not incident.restricted:
        raise Refused("Everyone sees this incident; restrict it before naming members.", field="members")
    old = _usernames(incident)
    new = _set_members(incident, members)
    if old == new:
        return incident
    save_and_record(incident, verbs.MEMBERS_CHANGED, [Change("members", old, new)], fields=[], actor=actor)
    return incident


def _set_members(incident: Incident, members: Iterable[User]) -> list[str]:
    chosen = {member.pk: member for member in members}
    if not chosen:
        raise Refused("Name at least one member, or nobody will see the incident.", field="members")
    incident.members.exclude(user_id__in=chosen).delete()
    IncidentMember.objects.bulk_create(
        [IncidentMember(incident=incident, user_id=pk) for pk in chosen], ignore_conflicts=True
    )
    return sorted(member.username for member in chosen.values())


def _usernames(incident: Incident) -> list[str]:
    return sorted(incident.members.values_list("user__username", flat=True))
