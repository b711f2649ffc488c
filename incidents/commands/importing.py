"""An incident comes from another Watchfloor: everything at once, as it was there, under a number of its own.

What is brought has been checked before (exports/importing/); here it meets what is here already: alerts that are known,
people of the same names, entities that others have seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import Principal, User
from activity.actors import Actor, ActorKind
from activity.record import Draft, record_all
from activity.verbs import COMMENTED
from alerts.choices import AlertStatus, Severity
from alerts.commands import assignee_value
from alerts.models import Alert, AlertPayload, Evidence
from common.command import command
from common.defang import defang
from common.errors import Refused
from common.inserting import insert, insert_values, reserve
from common.portions import portions
from common.time_ranges import utc
from entities.choices import EntityKind
from entities.commands import Observation, observe
from entities.identity import EntityIdentity
from entities.models import EntityIdentifier
from incidents import facets, summary, verbs
from incidents.brought import ALERT_TIMES, ALERT_VALUES, EVIDENCE_VALUES, Brought, BroughtFile, BroughtLog, People, Row
from incidents.choices import IncidentStatus, TaskState
from incidents.commands.arrivals import brought, joined_rows
from incidents.commands.attachments import row_of
from incidents.commands.belongings import EVIDENCE
from incidents.commands.critical_assets import mark_critical, newly_critical
from incidents.commands.linking import MOST_ALERTS_NAMED, changes_between, state_of
from incidents.commands.restriction import taken_from_outsiders, words_of_members
from incidents.commands.sight import NotNamed, check_named
from incidents.models import (
    Follower,
    ImportedLog,
    Incident,
    IncidentMember,
    IncidentTag,
    Tag,
    Task,
)
from incidents.search import add_words

AT_A_TIME = 500
WEAK = ("host:", "account:")
"""How names begin that lead to an entity only where nothing better is known (entities/identity.py)."""
MOST_WORDS_OF = 2_000
"""Entities and titles whose words an incident is found by at once."""


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
    return _Import(found, actor).run(logs, list(files))


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
        self.now = timezone.now()
        self.number = reserve(Incident, 1)[0]
        self.notes: list[str] = []
        self.people = People(self.found)
        self.entities: dict[int, int] = {}
        """Number there → number here."""
        self.alerts: dict[int, int] = {}
        self.words: list[str] = []

    def run(self, logs: Mapping[UUID, BroughtLog], files: list[BroughtFile]) -> Imported:
        incident = self._row()
        insert([incident])
        self._observe()
        joined = self._alerts()
        judged = self._evidence()
        incident = Incident.objects.select_related("assignee_user", "assignee_team").get(pk=self.number)
        self._restrict(incident)
        self._follow()
        tags = self._tags()
        tasks = self._tasks()
        self._attach(incident, files)
        summarised = self._sum_up(incident, tasks)
        comments = self._comments(incident)
        if comments:
            incident.facets = [*incident.facets, facets.COMMENTED]
        incident.save()
        self._keep(logs)
        self._say_who_is_missing()
        first = self._opening(incident, joined, judged, tags, tasks, next(iter(logs.values())), len(comments))
        record_all([first, *comments], tell=False)
        add_words({self.number: [str(self.number), incident.name, *self.words]})
        if newly_critical(summarised):
            mark_critical({self.number: incident}, [self.number])
        incident = Incident.objects.get(pk=self.number)
        if incident.restricted:
            incident = taken_from_outsiders(incident, self.actor, uuid4())
        return Imported(incident, self.notes)

    # The incident's own row

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
            updated_at=self.now,
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
                "or let a person import it through the API.",
                field="file",
            )
        if incident.assignee is not None:
            try:
                check_named(incident, incident.assignee)
            except NotNamed as outsider:
                self.notes.append(f"It is nobody's now: {outsider.problem}")
                incident.assignee_user = incident.assignee_team = None

    def _follow(self) -> None:
        found = [self.people.user(each, "follower") for each in self.told["followers"]]
        Follower.objects.bulk_create([Follower(incident_id=self.number, user=user) for user in found if user])

    def _tags(self) -> list[str]:
        """Tags by their names; one that is of another kind here is taken as it is here."""
        wanted = {tag["name"]: tag["kind"] for tag in self.told["tags"]}
        known = Tag.objects.named(wanted)
        new = [Tag(name=name, kind=kind) for name, kind in wanted.items() if name not in known]
        Tag.objects.bulk_create(new, ignore_conflicts=True)
        known = Tag.objects.named(wanted)
        for name, tag in known.items():
            if tag.kind != wanted[name]:
                self.notes.append(f"The tag “{name}” is of another kind here, and was taken as it is here.")
        tags = {tag.pk: tag for tag in known.values()}
        IncidentTag.objects.bulk_create([IncidentTag(incident_id=self.number, tag=tag) for tag in tags.values()])
        return sorted((tag.name for tag in tags.values()), key=str.lower)

    # Entities, alerts, evidence

    def _observe(self) -> None:
        """Every entity as the senders' words about it would have it; what is known of it here counts."""
        for rows in portions(self.found.entities(), AT_A_TIME):
            known = _attributes_here(rows)
            observations = []
            for row in rows:
                identity = _identity(row, known.get((row["kind"], row["key"]), {}))
                observations += [Observation(identity, row["first_seen"]), Observation(identity, row["last_seen"])]
            ids = observe(observations)
            self.entities |= {row["id"]: ids[2 * place] for place, row in enumerate(rows)}
            self.words += [text for row in rows for text in (row["name"], row["key"])][:MOST_WORDS_OF]

    def _alerts(self) -> list[Row]:
        groups: dict[tuple[str, int, int], list[int]] = {}
        for rows in portions(self.found.alerts(), AT_A_TIME):
            alerts = insert([self._alert(row) for row in rows])
            payloads = [
                {"alert_id": alert.pk, "raw": row["raw"]}
                for alert, row in zip(alerts, rows, strict=True)
                if row["raw"] is not None
            ]
            insert_values({AlertPayload: payloads})
            self.alerts |= {row["id"]: alert.pk for alert, row in zip(alerts, rows, strict=True)}
            for alert in alerts:
                groups.setdefault((alert.title, alert.severity, alert.status), []).append(alert.pk)
            self.words += list(dict.fromkeys(alert.title for alert in alerts))[:MOST_WORDS_OF]
            self.words += sorted({each for alert in alerts for each in alert.techniques})
        return joined_rows(groups)

    def _alert(self, row: Row) -> Alert:
        user, team = self.people.assignee(row["assignee"], "assignee of alerts")
        if row["tuned_by"]:
            self.people.missing.add(f"the tuning rule “{row['tuned_by']}”")
        return Alert(
            incident_id=self.number,
            **{name: row[name] for name in (*ALERT_VALUES, *ALERT_TIMES)},
            severity=Severity.from_slug(row["severity"]),
            status=AlertStatus.from_slug(row["status"]),
            assignee_user=user,
            assignee_team=team,
            link_entity_id=self.entities[row["link_entity"]] if row["link_entity"] is not None else None,
        )

    def _evidence(self) -> list[int]:
        """Every piece; the entities of which people have said something. Two entities may be known as one here: then
        what was said first of it counts."""
        seen: set[tuple[int, int]] = set()
        judged: dict[int, None] = {}
        left = 0
        for rows in portions(self.found.evidence(), AT_A_TIME):
            pieces = []
            for row in rows:
                entity, alert = self.entities[row["entity"]], self.alerts.get(row["alert"])
                if alert is not None and (alert, entity) in seen:
                    left += 1
                    continue
                if alert is not None:
                    seen.add((alert, entity))
                pieces.append(
                    {
                        **{name: row[name] for name in ("event_time", *EVIDENCE_VALUES)},
                        "alert_id": alert,
                        "entity_id": entity,
                        "incident_number": self.number,
                    }
                )
                if row["verdict_is_manual"] or row["remediation_is_manual"] or alert is None:
                    judged[entity] = None
            insert_values({Evidence: pieces})
        if left:
            self.notes.append(f"{left:,} pieces of evidence name what is known as the same thing here.")
        return list(judged)

    # What hangs on it

    def _tasks(self) -> list[Task]:
        tasks = []
        for position, row in enumerate(self.found.tasks()):
            user, team = self.people.assignee(row["assignee"], "assignee of tasks")
            kept = ("title", "description", "due_at", "state", "closing_note", "closed_at", "closed_by", "created_at")
            tasks.append(
                Task(
                    incident_id=self.number,
                    **{name: row[name] for name in (*kept, "overdue_told")},
                    assignee_user=user,
                    assignee_team=team,
                    position=position,
                )
            )
        return Task.objects.bulk_create(tasks)

    def _attach(self, incident: Incident, files: list[BroughtFile]) -> None:
        for file in files:
            by = file.row["added_by"]
            user = self.people.users.get(by["name"] or "") if by["kind"] == ActorKind.USER else None
            attachment = row_of(file.upload, incident)
            attachment.actor_kind, attachment.actor_id = by["kind"], user.pk if user else None
            attachment.added_by, attachment.added_at = by["label"], file.row["added_at"]
            attachment.save(force_insert=True)

    def _comments(self, incident: Incident) -> list[Draft]:
        """What was said, by whom and when it was written there; here it was brought by who imports it."""
        return [
            Draft(
                COMMENTED,
                self.actor,
                incident_id=self.number,
                incident_version=incident.version,
                text=row["text"],
                facts={
                    "written": {
                        "by": row["by"],
                        "at": utc(row["at"]),
                        "edited_by": row["edited_by"],
                        "edited_at": utc(row["edited_at"]),
                    }
                },
            )
            for row in self.found.comments()
        ]

    def _keep(self, logs: Mapping[UUID, BroughtLog]) -> None:
        ImportedLog.objects.bulk_create(
            [
                ImportedLog(
                    id=number,
                    incident_id=self.number,
                    place=log.place,
                    system=log.system,
                    number=log.number,
                    name=log.name,
                    history=log.history,
                    archive_sha256=log.archive_sha256,
                    archived_at=log.archived_at,
                    size=log.size,
                    sha256=log.sha256,
                    entries=log.entries,
                    head=log.head,
                    imported_at=log.imported_at or self.now,
                    imported_by=log.imported_by or self.actor.label[:200],
                )
                for number, log in logs.items()
            ]
        )

    # What is worked out and recorded

    def _sum_up(self, incident: Incident, tasks: list[Task]) -> summary.Summary:
        """What the queue shows, from the rows as they are here; name and severity stay as people gave them."""
        (summarised,) = summary.summarise([self.number])
        summary.apply(incident, summarised)
        incident.tasks_total = len(tasks)
        incident.tasks_open = sum(task.state in (TaskState.NEW, TaskState.IN_PROGRESS) for task in tasks)
        return summarised

    def _opening(
        self,
        incident: Incident,
        joined: list[Row],
        judged: list[int],
        tags: list[str],
        tasks: list[Task],
        log: BroughtLog,
        comments: int,
    ) -> Draft:
        """The entry that carries the whole opening state, as every first entry does."""
        after = state_of(incident) | {
            "name_is_manual": incident.name_is_manual,
            "severity_is_manual": incident.severity_is_manual,
            "assignee": assignee_value(incident.assignee_user, incident.assignee_team),
            "tags": tags,
            "restricted": incident.restricted,
            "members": words_of_members(incident),
            "due_at": _time(incident.due_at),
            "snoozed_until": _time(incident.snoozed_until),
        }
        changes = [each for each in changes_between(dict.fromkeys(after), after) if each.new not in (False, [])]
        from_where = f" of {log.system}" if log.system else ""
        count = incident.alerts_total
        facts: dict[str, Any] = {
            "origin": f"of #{log.number}{from_where}",
            "system": log.system,
            "number": log.number,
            "archive_sha256": log.archive_sha256,
            "log": {"entries": log.entries, "head": log.head, "sha256": log.sha256},
            "alerts": _first_alerts(incident),
            "joined": joined,
            "alert_count": count,
            "comments": comments,
            **brought([{Task._meta.label_lower: [task.pk for task in tasks], EVIDENCE: _by_hand(incident)}]),
        }
        if others := _judged(incident, judged):
            facts["evidence_joined"] = [*facts.get("evidence_joined", []), *others]
        if self.notes:
            facts["notes"] = self.notes[:50]
        return Draft(
            verbs.IMPORTED,
            self.actor,
            incident_id=self.number,
            incident_version=incident.version,
            changes=changes,
            facts=facts,
            text=incident.resolution_note or None,
        )

    def _say_who_is_missing(self) -> None:
        self.notes += [f"Not here: {who}." for who in sorted(self.people.missing)]


def _identity(row: Row, known: Row) -> EntityIdentity:
    """The entity as senders name it: by its sure names first, its key above all."""
    names = [row["key"], *(name for name in row["identifiers"] if name != row["key"])]
    weak = [name for name in names if name.startswith(WEAK)]
    sure = [name for name in names if name not in weak]
    new = {name: value for name, value in row["attributes"].items() if name not in known}
    match, aliases = (sure, weak) if sure else (weak, [])
    return EntityIdentity(EntityKind(row["kind"]), row["key"], row["name"], tuple(match), tuple(aliases), new)


def _attributes_here(rows: list[Row]) -> dict[tuple[str, str], Row]:
    """Kind and key there → what is known here of the same thing already: an archive is older than that."""
    wanted = {(row["kind"], name): (row["kind"], row["key"]) for row in rows for name in row["identifiers"]}
    wanted |= {(row["kind"], row["key"]): (row["kind"], row["key"]) for row in rows}
    found = EntityIdentifier.objects.filter(value__in={name for _, name in wanted}).select_related("entity")
    known: dict[tuple[str, str], Row] = {}
    for each in found:
        if key := wanted.get((each.kind, each.value)):
            known.setdefault(key, {}).update(each.entity.attributes)
    return known


def _first_alerts(incident: Incident) -> list[Row]:
    rows = Alert.objects.of_incident(incident.pk).order_by("pk")[:MOST_ALERTS_NAMED]
    told = rows.values_list("pk", "title", "link_reason")
    return [{"id": number, "title": title, "reason": reason} for number, title, reason in told]


def _by_hand(incident: Incident) -> list[int]:
    rows = Evidence.objects.filter(incident_number=incident.pk, alert__isnull=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _judged(incident: Incident, entities: list[int]) -> list[Row]:
    """What people have said of things that alerts name."""
    rows = Evidence.objects.filter(incident_number=incident.pk, alert__isnull=False, entity__in=entities)
    rows = rows.filter(Q(verdict_is_manual=True) | Q(remediation_is_manual=True)).order_by("entity", "pk")
    return [
        {
            "id": piece.entity_id,
            "label": defang(piece.entity.name, piece.entity.kind)[:300],
            "verdict": piece.verdict,
            "remediation_status": piece.remediation_status,
            "by_hand": False,
        }
        for piece in rows.distinct("entity").select_related("entity")
    ]


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
