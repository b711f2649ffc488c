"""Whether those who are to work on a restricted incident see it, and who has work there that they do not see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from accounts.choices import Permission
from accounts.models import Team, User
from alerts.models import Alert
from common.errors import Refused
from incidents.models import Incident, Task
from incidents.models.access import Member


class NotNamed(Refused):
    """Somebody was to have a restricted incident who would not see it; naming them to it is the way out."""

    def __init__(self, assignee: Member) -> None:
        super().__init__(f"{assignee} does not see this restricted incident; name them to it first.", field="assignee")
        self.assignee = assignee


def check_named(incident: Incident, assignee: Member) -> None:
    """Raises NotNamed for who would not see the restricted incident that they are to work on. A team sees what it is
    named to itself; to see it for an hour by break-glass is not to be there for it."""
    if not incident.restricted:
        return
    named = Q(team=assignee) if isinstance(assignee, Team) else Q(user=assignee) | Q(team__members=assignee)
    sees_all = isinstance(assignee, User) and assignee.may(Permission.SEE_RESTRICTED)
    if not sees_all and not incident.members.filter(named).exists():
        raise NotNamed(assignee)


@dataclass(slots=True)
class Holder:
    """Somebody with open tasks or active alerts of an incident."""

    member: Member
    tasks: int = 0
    alerts: int = 0

    def __str__(self) -> str:
        counts = ((self.tasks, "task"), (self.alerts, "alert"))
        words = [f"{number} {what}{'' if number == 1 else 's'}" for number, what in counts if number]
        return f"{self.member} ({', '.join(words)})"


def tasks_held(incident: Incident) -> list[Task]:
    """Open tasks that somebody has."""
    held = Task.objects.of_incident(incident.pk).open().exclude(assignee_user=None, assignee_team=None)
    return list(held.select_related("assignee_user__role", "assignee_team"))


def alerts_held(incident: Incident) -> list[Alert]:
    """Active alerts that somebody has."""
    held = Alert.objects.of_incident(incident.pk).active().exclude(assignee_user=None, assignee_team=None)
    return list(held.select_related("assignee_user__role", "assignee_team").order_by("pk"))


def holders_of(incident: Incident) -> list[Holder]:
    """Who has open tasks or active alerts of the incident, apart from those whose role sees every restricted one."""
    found: dict[Member, Holder] = {}
    held: list[Task | Alert] = [*tasks_held(incident), *alerts_held(incident)]
    for each in held:
        member: Member | None = each.assignee_user or each.assignee_team
        if member is None or (isinstance(member, User) and member.may(Permission.SEE_RESTRICTED)):
            continue
        holder = found.setdefault(member, Holder(member))
        if isinstance(each, Task):
            holder.tasks += 1
        else:
            holder.alerts += 1
    return sorted(found.values(), key=lambda holder: str(holder.member))


def kept_out(members: Iterable[Member | None], incident: Incident) -> set[Member | None]:
    """Those of the members who do not see the restricted incident."""
    out: set[Member | None] = set()
    for member in set(members) - {None}:
        assert member is not None
        try:
            check_named(incident, member)
        except NotNamed:
            out.add(member)
    return out
