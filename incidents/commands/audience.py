"""Who sees incidents that become one, and alerts that change their incident: never more people than before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Team, User
from activity.actors import Actor, ActorKind, Channel
from activity.models import Entry
from activity.record import Change, Draft, record_all
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.joining import assignee_word, members, people_of
from incidents.models import BreakGlass, Incident, IncidentMember
from incidents.models.access import Member


def give_members(incident: Incident, joint: set[Member]) -> list[Change]:
    """Restrict a locked incident to these members; its `restricted` is the caller's to save."""
    present = members([incident.pk])[incident.pk] if incident.restricted else set()
    if present == joint:
        return []
    changes = [] if incident.restricted else [Change("restricted", False, True)]
    changes.append(Change("members", _words(present), _words(joint)))
    incident.restricted = True
    users = [member.pk for member in joint if isinstance(member, User)]
    teams = [member.pk for member in joint if isinstance(member, Team)]
    IncidentMember.objects.filter(incident=incident).exclude(Q(user__in=users) | Q(team__in=teams)).delete()
    rows = [IncidentMember(incident=incident, user_id=pk) for pk in users]
    rows += [IncidentMember(incident=incident, team_id=pk) for pk in teams]
    IncidentMember.objects.bulk_create(rows, ignore_conflicts=True)
    return changes


def check_not_wider(origins: Sequence[Incident], to: Incident | None) -> None:
    """Raises Refused unless whoever will see alerts of these incidents sees them already; `to` is None for a new
    incident, which takes over the restriction."""
    kept = [incident for incident in origins if incident.restricted]
    if to is None or not kept:
        return
    numbers = ", ".join(f"#{incident.pk}" for incident in kept)
    if not to.restricted:
        raise Refused(
            f"Restricted: everyone sees #{to.pk}, and {numbers} is seen by its members only. "
            f"Move the alerts to a new incident, or restrict #{to.pk} first.",
            field="to",
        )
    people = members([to.pk, *(incident.pk for incident in kept)])
    if any(people_of(people[to.pk]) - people_of(people[incident.pk]) for incident in kept):
        raise Refused(f"Restricted: members of #{to.pk} are kept from {numbers}; name them there first.", field="to")


@command
def follow_restriction(told: Entry, *, actor: Actor) -> None:
    """What was merged into an incident is seen by the same people as that: after its restriction has changed."""
    target = Incident.objects.get(pk=told.incident_id or 0)
    sources = list(Incident.objects.filter(redirected_to=target).order_by("pk").select_for_update(of=("self",)))
    joint = members([target.pk])[target.pk]
    drafts = []
    for source in sources:
        changes = give_members(source, joint) if target.restricted else _lifted(source)
        if changes:
            source.version += 1
            source.save(update_fields=["restricted", "version"])
            verb = verbs.RESTRICTED if target.restricted else verbs.RESTRICTION_LIFTED
            drafts.append(Draft(verb, actor, source.pk, source.version, changes=changes, batch=told.batch))
    record_all(drafts, tell=False)


def actor_of(entry: Entry) -> Actor:
    """Who made an entry, for what follows from it."""
    return Actor(ActorKind(entry.actor_kind), entry.actor_label, entry.actor_id, Channel(entry.channel))


def _lifted(source: Incident) -> list[Change]:
    if not source.restricted:
        return []
    present = members([source.pk])[source.pk]
    source.restricted = False
    IncidentMember.objects.filter(incident=source).delete()
    BreakGlass.objects.running(source).update(ends_at=Now())
    return [Change("restricted", True, False), Change("members", _words(present), [])]


def _words(named: Iterable[Member]) -> list[str]:
    """As addresses and the log name them."""
    return sorted(assignee_word(each) for each in named)
