"""Every change to teams; all recorded in the system's own stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils import timezone
from django.utils.text import slugify

from accounts import verbs
from accounts.commands.checking import check
from accounts.commands.rights import person_behind
from accounts.models import Team, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from common.command import command
from common.errors import Refused

LONGEST_SLUG = 50


@command
def create_team(slug: str, *, actor: Actor, name: str, members: Iterable[User] = ()) -> Team:
    """A new team. Raises Refused, naming the field, for a slug or name that is taken or malformed."""
    team = Team(slug=slug, name=name.strip())
    check(team, whole="name")
    team.save()
    chosen = sorted(members, key=lambda member: member.username)
    team.members.set(chosen)
    changes = [Change("name", None, team.name)]
    if chosen:
        changes.append(Change("members", [], [member.username for member in chosen]))
    record(Draft(verbs.TEAM_CREATED, actor, subject=of_team(team), changes=changes))
    return team


def free_slug(name: str) -> str:
    """A word for addresses, made of a team's name, that no team has or had; "" where the name has no letters for it."""
    plain = slugify(name)[: LONGEST_SLUG - 4].strip("-_")
    taken = set(Team.objects.filter(slug__startswith=plain).values_list("slug", flat=True)) if plain else set()
    words = [plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 2))] if plain else [""]
    return next(word for word in words if word not in taken)


@command
def rename_team(team: Team, name: str, *, actor: Actor) -> Team:
    """Call a team otherwise; its addresses stay. Raises Refused at `name` for one that is taken or empty."""
    team = lock_team(team)
    old, team.name = team.name, name.strip()
    if old == team.name:
        return team
    check(team, whole="name")
    team.save(update_fields=["name"])
    record(Draft(verbs.TEAM_RENAMED, actor, subject=of_team(team), changes=[Change("name", old, team.name)]))
    return team


@command
def set_members(team: Team, members: Iterable[User], *, actor: Actor) -> Team:
    """Make these people, and nobody else, the members of the team.

    Raises Refused where the actor would come in: a team may be named to see restricted incidents, and nobody lets
    themselves see them.
    """
    team = lock_team(team)
    old = sorted(team.members.values_list("username", flat=True))
    chosen = list(members)
    new = sorted(member.username for member in chosen)
    if old == new:
        return team
    _check_not_oneself((member for member in chosen if member.username not in old), actor)
    team.members.set(chosen)
    record(Draft(verbs.MEMBERS_CHANGED, actor, subject=of_team(team), changes=[Change("members", old, new)]))
    return team


@command
def delete_team(team: Team, *, actor: Actor) -> Team:
    """End a team: it has no members and is offered to nobody any more. What floors above had given to it, they take
    back in the same transaction, or refuse (accounts/consequences.py)."""
    # Who assigns something to the team holds its row, so that either this waits for them or they find it gone.
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team.deleted_at:
        return team
    members = sorted(team.members.values_list("username", flat=True))
    team.members.clear()
    team.deleted_at = timezone.now()
    team.save(update_fields=["deleted_at"])
    changes = [Change("deleted", False, True)]
    if members:
        changes.append(Change("members", members, []))
    record(Draft(verbs.TEAM_DELETED, actor, subject=of_team(team), changes=changes))
    return team


def join_and_leave(user: User, slugs: Sequence[str], *, actor: Actor) -> None:
    """Make these the person's teams: one entry for each that they come into or leave. Part of a command about them."""
    wanted = set(slugs)
    present = set(teams_of(user))
    concerned = {team.slug: team for team in Team.objects.present().filter(slug__in=wanted ^ present).order_by("slug")}
    unknown = sorted(wanted - present - concerned.keys())
    if unknown:
        raise Refused(f"There is no team “{unknown[0][:60]}”; choose among those that are.", field="teams")
    for slug, team in concerned.items():
        members = list(team.members.all())
        others = [member for member in members if member.pk != user.pk]
        set_members(team, [*others, user] if slug in wanted else others, actor=actor)


def teams_of(user: User) -> list[str]:
    """The slugs of a person's teams, in their order."""
    return sorted(user.teams.values_list("slug", flat=True))


def _check_not_oneself(newcomers: Iterable[User], actor: Actor) -> None:
    me = person_behind(actor)
    if me is not None and any(newcomer.pk == me for newcomer in newcomers):
        raise Refused(
            "Nobody puts themselves into a team that is there already: restricted incidents may name it. Ask another "
            "administrator, or make a new team.",
            field="members",
        )


def lock_team(team: Team) -> Team:
    """The team as it is now; Refused where it was deleted."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team.deleted_at:
        raise Refused(f"The team “{team.name}” was deleted.")
    return team


def of_team(team: Team) -> Subject:
    return Subject("team", str(team.pk), team.name)
