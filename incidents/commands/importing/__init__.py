"""An incident comes from another Watchfloor: everything at once, as it was there, under a number of its own.

What is brought has been checked before (exports/importing/); here it meets what is here already: alerts that are known,
people of the same names, entities that others have seen (`seen.py`). What hangs on it comes along
(`belongings.py`), and the first entry of its log tells all of it (`opening.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import Principal, User
from activity.actors import Actor, ActorKind
from activity.record import record_all
from alerts.choices import Severity
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from common.inserting import insert, reserve
from common.portions import portions
from incidents import facets, summary
from incidents.brought import Brought, BroughtFile, BroughtLog, People
from incidents.choices import IncidentStatus, TaskState
from incidents.commands.critical_assets import mark_critical, newly_critical
from incidents.commands.importing.belongings import (
    add_files,
    add_followers,
    add_tags,
    add_tasks,
    comments_of,
    keep_logs,
)
from incidents.commands.importing.opening import first_entry
from incidents.commands.importing.seen import AT_A_TIME, Seen
from incidents.commands.moving import names_of
from incidents.commands.restriction import taken_from_outsiders
from incidents.commands.sight import NotNamed, check_named
from incidents.models import ImportedLog, Incident, IncidentMember, Task
from incidents.search import rewrite_words


@dataclass(slots=True)
class Imported:
    """The incident as it is here, and what could not be as it was."""

    incident: Incident
    notes: list[str] = field(default_factory=list)


class AlreadyHere(Refused):
    """The incident, or one of its alerts, is here already."""


@command
def import_incident(
    found: Brought,
    logs: Mapping[UUID, BroughtLog],
    files: Iterable[BroughtFile],
    *,
    actor: Actor,
    principal: Principal | None = None,
) -> Imported:
    """Create the incident that was brought, with all it has. `logs` and `files` lie in the file store under their ids.

    `principal` is who may be told of incidents that stand in the way. Raises AlreadyHere where one does, and Refused
    where nobody here would see a restricted one.
    """
    _check_is_new(found, logs.values(), principal)
    return _Import(found, actor).run(logs, files)


def _check_is_new(found: Brought, logs: Iterable[BroughtLog], principal: Principal | None) -> None:
    heads = [log.head for log in logs if log.place == 0]
    known = ImportedLog.objects.filter(place=0, head__in=heads).values_list("incident", flat=True).first()
    if known is not None:
        raise AlreadyHere(f"This incident was imported already: {_named(known, principal)}.", field="file")
    for rows in portions(found.alerts(), AT_A_TIME):
        keys = {(row["source"], row["external_id"]) for row in rows}
        stored = Alert.objects.filter(external_id__in=[name for _, name in keys], source__in={s for s, _ in keys})
        for source, name, number in stored.values_list("source", "external_id", "incident"):
            if (source, name) in keys:
                raise AlreadyHere(
                    f"The alert {name} of {source} is here already, in {_named(number, principal)}; an alert belongs "
                    "to one incident alone.",
                    field="file",
                )


def _named(number: int, principal: Principal | None) -> str:
    is_seen = principal is None or Incident.objects.visible_to(principal).filter(pk=number).exists()
    return f"incident #{number}" if is_seen else "an incident that you do not see"


class _Import:
    """One import, within its transaction."""

    def __init__(self, found: Brought, actor: Actor) -> None:
        self.found, self.actor, self.told = found, actor, found.incident
        self.number = reserve(Incident, 1)[0]
        self.people = People(self.found)
        self.notes: list[str] = []

    def run(self, logs: Mapping[UUID, BroughtLog], files: Iterable[BroughtFile]) -> Imported:
        insert([self._row()])
        seen = Seen(self.found, self.number, self.people)
        seen.observe()
        joined = seen.add_alerts()
        judged = seen.add_evidence()
        self.notes += seen.notes
        incident = Incident.objects.select_related("assignee_user", "assignee_team").get(pk=self.number)
        self._restrict(incident)
        add_followers(incident, self.told["followers"], self.people)
        tags, of_other_kind = add_tags(incident, self.told["tags"])
        self.notes += of_other_kind
        tasks = add_tasks(incident, self.found.tasks(), self.people)
        attachments = add_files(incident, files, self.people)
        summarised = self._sum_up(incident, tasks)
        comments = comments_of(incident, self.found.comments(), self.actor)
        if comments:
            incident.facets = [*incident.facets, facets.COMMENTED]
        incident.save()
        keep_logs(incident, logs, self.actor)
        self.notes += [f"Not here: {who}." for who in sorted(self.people.missing)]
        first = first_entry(
            incident,
            self.actor,
            next(iter(logs.values())),
            joined=joined,
            judged=judged,
            tags=tags,
            tasks=tasks,
            attachments=attachments,
            comments=len(comments),
            notes=self.notes,
        )
        record_all([first, *comments], tell=False)
        rewrite_words(names_of([incident]))
        if newly_critical(summarised):
            mark_critical({self.number: incident}, [self.number])
        incident = Incident.objects.get(pk=self.number)
        if incident.restricted:
            incident = taken_from_outsiders(incident, self.actor, uuid4())
        return Imported(incident, self.notes)

    def _row(self) -> Incident:
        told = self.told
        kept = ("name", "name_is_manual", "automatic_name", "severity_is_manual", "classification", "determination")
        times = ("resolved_at", "snoozed_until", "due_at", "created_at", "first_activity", "last_activity")
        user, team = self.people.assignee(told["assignee"], "assignee")
        return Incident(
            pk=self.number,
            **{name: told[name] for name in (*kept, *times, "resolution_note", "resolved_by", "overdue_told")},
            severity=Severity.from_slug(told["severity"]),
            automatic_severity=Severity.from_slug(told["automatic_severity"]),
            status=IncidentStatus.from_slug(told["status"]),
            assignee_user=user,
            assignee_team=team,
            resolved_by_user=self.people.user(told["resolved_by_user"], "who resolved it"),
            snoozed_by=self.people.user(told["snoozed_by"], "who snoozed it"),
            restricted=told["restricted"],
            updated_at=timezone.now(),
        )

    def _restrict(self, incident: Incident) -> None:
        """Named are those who are here; who imports it sees it anyhow, having its archive."""
        if not incident.restricted:
            return
        users, teams = set(), set()
        for member in self.told["members"]:
            user, team = self.people.assignee(member, "member")
            users |= {user.pk} if user else set()
            teams |= {team.pk} if team else set()
        if self.actor.kind == ActorKind.USER and self.actor.id is not None:
            users.add(self.actor.id)
        rows = [IncidentMember(incident=incident, user_id=pk) for pk in sorted(users)]
        rows += [IncidentMember(incident=incident, team_id=pk) for pk in sorted(teams)]
        IncidentMember.objects.bulk_create(rows)
        may_see = User.objects.who_may(Permission.SEE_INCIDENTS)
        if not may_see.filter(Q(pk__in=users) | Q(teams__in=teams)).exists():
            raise Refused(
                "It is restricted, and none of its members is here, so nobody would see it. Create one of them first, "
                "or let a person import it, in the browser or through the API.",
                field="file",
            )
        if incident.assignee is not None:
            try:
                check_named(incident, incident.assignee)
            except NotNamed as outsider:
                self.notes.append(f"It is nobody's now: {outsider.problem}")
                incident.assignee_user = incident.assignee_team = None

    def _sum_up(self, incident: Incident, tasks: list[Task]) -> summary.Summary:
        """What the queue shows, from the rows as they are here; name and severity stay as people gave them."""
        (summarised,) = summary.summarise([self.number])
        summary.apply(incident, summarised)
        incident.tasks_total = len(tasks)
        incident.tasks_open = sum(task.state in (TaskState.NEW, TaskState.IN_PROGRESS) for task in tasks)
        return summarised
