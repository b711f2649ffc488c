"""Incidents that are to become one, as the rules look at them, and who could see the result. Reads, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_

from accounts.choices import Permission
from accounts.models import Team, User
from common.errors import Refused
from incidents.choices import IncidentStatus
from incidents.models import Incident, IncidentMember
from incidents.models.access import Member
from incidents.rules.merging import Block, Choice, Part, blocks, finding_word, outcome


def part_of(incident: Incident) -> Part:
    """An incident as the rules look at it."""
    return Part(
        number=incident.pk,
        status=IncidentStatus(incident.status),
        name=incident.name,
        name_is_manual=incident.name_is_manual,
        severity=incident.severity,
        severity_is_manual=incident.severity_is_manual,
        assignee=assignee_word(incident.assignee),
        assignee_label=str(incident.assignee or ""),
        finding=finding_word(incident.classification, incident.determination),
        due=incident.due_at,
        redirected_to=incident.redirected_to_id,
    )


def assignee_word(assignee: User | Team | None) -> str:
    """An assignee as an address or a form names one."""
    if isinstance(assignee, Team):
        return f"team:{assignee.slug}"
    return assignee.username if assignee else ""


def members(incident_ids: Iterable[int]) -> dict[int, set[Member]]:
    """The people and teams named to each of these incidents."""
    found: dict[int, set[Member]] = {number: set() for number in incident_ids}
    rows = IncidentMember.objects.filter(incident__in=list(found)).select_related("user__role", "team")
    for row in rows.prefetch_related("team__members__role"):
        member = row.user or row.team
        if member is not None:
            found[row.incident_id].add(member)
    return found


def joint_members(incidents: Iterable[Incident]) -> set[Member] | None:
    """Who may see all of them: the teams that are named to each restricted one, and the people who are, by themselves
    or in a team; so that nobody sees what was kept from them. Who broke the glass is not named.

    None where none is restricted. Raises Refused when nobody would be left.
    """
    restricted = [incident.pk for incident in incidents if incident.restricted]
    if not restricted:
        return None
    named = list(members(restricted).values())
    shared: set[Member] = reduce(and_, named)
    teams = {member for member in shared if isinstance(member, Team)}
    in_teams = {person for team in teams for person in team.members.all()}
    people: set[User] = reduce(and_, map(people_of, named)) - in_teams
    direct = {person for each in named for person in each if isinstance(person, User)}
    joint: set[Member] = {*teams, *people, *(direct & shared)}
    if not joint:
        raise Refused(
            "Restricted: these incidents have no member in common, so nobody would see what they become. "
            "Name somebody to each of them first.",
            field="restricted",
        )
    return joint


def people_of(named: Iterable[Member]) -> set[User]:
    """Everybody in these teams and among these people."""
    return {person for member in named for person in (member.members.all() if isinstance(member, Team) else (member,))}


def same_people(one: Incident, other: Incident) -> bool:
    """Whether both are seen by the same people, so that the log of each may name the other."""
    if not (one.restricted or other.restricted):
        return True
    people = members([one.pk, other.pk])
    return one.restricted == other.restricted and people[one.pk] == people[other.pk]


def blocks_of(target: Incident, sources: Sequence[Incident], choice: Choice) -> list[Block]:
    """All that stands in the way of merging these, their members included."""
    parts = [part_of(source) for source in sources]
    found = blocks(part_of(target), parts, choice)
    try:
        joint = joint_members([target, *sources])
    except Refused as refused:
        return [*found, Block(refused.field, refused.problem)]
    if joint is not None and not any(block.field == "assignee" for block in found):
        word = outcome(part_of(target), parts, choice).assignee
        has_it = next((each.assignee for each in (target, *sources) if assignee_word(each.assignee) == word), None)
        if has_it is not None and has_it not in joint and not _sees(has_it, joint):
            problem = f"Assigned to: {has_it} would not see the merged incident, which is restricted. Choose again."
            found.append(Block("assignee", problem, is_choice=True))
    return found


def _sees(person: Member, joint: Iterable[Member]) -> bool:
    """Whether a person sees what is restricted to these, though not named."""
    return isinstance(person, User) and (person.may(Permission.SEE_RESTRICTED) or person in people_of(joint))
