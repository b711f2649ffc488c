"""Following an incident: being told by the bell of what others do to it."""

from __future__ import annotations

from accounts.models import User
from activity.actors import Actor, ActorKind
from activity.record import Draft, record
from activity.verbs import Verb
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.commands.change import lock
from incidents.models import Follower, Incident


@command
def follow(incident: Incident, *, actor: Actor) -> Incident:
    """Tell the actor of the incident's changes from now on. Its version stays: nothing about it has changed."""
    incident = lock(incident)
    if follows(incident, _person(actor)):
        return incident
    start_following(incident, _person(actor))
    _record(incident, verbs.FOLLOWED, actor)
    return incident


@command
def unfollow(incident: Incident, *, actor: Actor) -> Incident:
    """Tell the actor no more, whoever or whatever made them a follower."""
    incident = lock(incident)
    gone, _ = Follower.objects.filter(incident=incident, user_id=_person(actor)).delete()
    if gone:
        _record(incident, verbs.UNFOLLOWED, actor)
    return incident


def start_following(incident: Incident, user: User | int | None) -> None:
    """Who takes an incident on or comments on it follows it from then on, without a word of its own in the log: the
    assignment and the comment say it."""
    if user is not None:
        user_id = user if isinstance(user, int) else user.pk
        if incident.handful:
            incident.handful.follow(incident, user_id)
        else:
            Follower.objects.bulk_create([Follower(incident=incident, user_id=user_id)], ignore_conflicts=True)


def follows(incident: Incident, user_id: int) -> bool:
    return Follower.objects.filter(incident=incident, user_id=user_id).exists()


def _person(actor: Actor) -> int:
    if actor.kind != ActorKind.USER or actor.id is None:
        raise Refused("Only a person can follow an incident.")
    return actor.id


def _record(incident: Incident, verb: Verb, actor: Actor) -> None:
    record(Draft(verb, actor, incident_id=incident.pk, incident_version=incident.version))
