"""What hangs on an incident that is brought: followers, tags, tasks, files and comments, and its logs there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.utils import timezone

from activity.actors import Actor, ActorKind
from activity.record import Draft
from activity.verbs import COMMENTED
from common.time_ranges import utc
from incidents.brought import BroughtFile, BroughtLog, People, Row
from incidents.commands.attachments import row_of
from incidents.models import Attachment, Follower, ImportedLog, Incident, IncidentTag, Tag, Task


def add_followers(incident: Incident, told: Iterable[Row], people: People) -> None:
    found = [people.user(each, "follower") for each in told]
    Follower.objects.bulk_create([Follower(incident=incident, user=user) for user in found if user])


def add_tags(incident: Incident, told: Iterable[Row]) -> tuple[list[str], list[str]]:
    """Tags by their names; these, and a note of each that is of another kind here and is taken as it is here."""
    wanted = {tag["name"]: tag["kind"] for tag in told}
    known = Tag.objects.named(wanted)
    new = [Tag(name=name, kind=kind) for name, kind in wanted.items() if name not in known]
    Tag.objects.bulk_create(new, ignore_conflicts=True)
    known = Tag.objects.named(wanted)
    notes = [
        f"The tag “{name}” is of another kind here, and was taken as it is here."
        for name, tag in known.items()
        if tag.kind != wanted[name]
    ]
    tags = {tag.pk: tag for tag in known.values()}
    IncidentTag.objects.bulk_create([IncidentTag(incident=incident, tag=tag) for tag in tags.values()])
    return sorted((tag.name for tag in tags.values()), key=str.lower), notes


TASK_VALUES = (
    *("title", "description", "due_at", "state", "closing_note", "closed_at", "closed_by", "created_at"),
    "overdue_told",
)


def add_tasks(incident: Incident, told: Iterable[Row], people: People) -> list[Task]:
    tasks = []
    for position, row in enumerate(told):
        user, team = people.assignee(row["assignee"], "assignee of tasks")
        values = {name: row[name] for name in TASK_VALUES}
        tasks.append(Task(incident=incident, **values, assignee_user=user, assignee_team=team, position=position))
    return Task.objects.bulk_create(tasks)


def add_files(incident: Incident, files: Iterable[BroughtFile], people: People) -> list[Attachment]:
    attachments = []
    for file in files:
        by = file.row["added_by"]
        user = people.users.get(by["name"] or "") if by["kind"] == ActorKind.USER else None
        attachment = row_of(file.upload, incident)
        attachment.actor_kind, attachment.actor_id = by["kind"], user.pk if user else None
        attachment.added_by, attachment.added_at = by["label"], file.row["added_at"]
        attachment.save(force_insert=True)
        attachments.append(attachment)
    return attachments


def comments_of(incident: Incident, told: Iterable[Row], actor: Actor) -> list[Draft]:
    """What was said, by whom and when it was written there; here it was brought by who imports it."""
    return [
        Draft(
            COMMENTED,
            actor,
            incident_id=incident.pk,
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
        for row in told
    ]


LOG_VALUES = (
    *("place", "system", "number", "name", "history", "archive_sha256", "archived_at"),
    *("size", "sha256", "entries", "head"),
)


def keep_logs(incident: Incident, logs: Mapping[UUID, BroughtLog], actor: Actor) -> None:
    """The log of its origin, and those that it had brought along to there."""
    now = timezone.now()
    ImportedLog.objects.bulk_create(
        [
            ImportedLog(
                id=number,
                incident=incident,
                **{name: getattr(log, name) for name in LOG_VALUES},
                imported_at=log.imported_at or now,
                imported_by=log.imported_by or actor.label[:200],
            )
            for number, log in logs.items()
        ]
    )
