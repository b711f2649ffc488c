"""What stands in the archive of an incident: one member after the other, each as pieces of bytes.

Everything is read some rows at a time and as far as the reader may see it; of other incidents nothing but the numbers
of those that the reader sees.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import Principal, User
from activity.models import Entry
from activity.queries import latest_edits
from activity.verbs import COMMENT_REMOVED, COMMENTED
from alerts.models import Alert, Evidence
from common.file_store import chunks_of
from common.portions import portions
from common.time_ranges import utc
from entities.models import Entity
from exports.archive import layout, rows
from exports.log_files import log_lines
from incidents import files
from incidents.files import Damaged
from incidents.models import Attachment, ImportedLog, Incident, Merge, Task

AT_A_TIME = 200
"""Rows that are held at once: an alert's raw record may have a megabyte."""
ROWS_AT_ONCE = 5_000
Pieces = Iterable[bytes]


@dataclass(slots=True)
class Source:
    """One incident, as one reader may see it; without a reader, all of it."""

    incident: Incident
    reader: Principal | None
    damaged: list[tuple[Attachment, str]] = field(default_factory=list)
    """Attachments whose bytes are not what came, and how: they are not in the archive."""

    @property
    def visible(self) -> Any:
        return Incident.objects.all() if self.reader is None else Incident.objects.visible_to(self.reader)

    @property
    def merged(self) -> list[int]:
        """Incidents whose log belongs to this one's."""
        return list(self.visible.filter(redirected_to=self.incident).order_by("pk").values_list("pk", flat=True))


def members(source: Source) -> Iterator[tuple[str, Pieces]]:
    """Name and bytes of each member in their order, but for the manifest."""
    incident = source.incident
    yield layout.INCIDENT, [_json(_incident(source))]
    yield layout.ALERTS, _lines(_alerts(incident))
    seen: dict[int, tuple[datetime, datetime]] = {}
    evidence = _numbers_of_evidence(incident, seen)
    yield layout.ENTITIES, _lines(_entities(seen))
    yield layout.EVIDENCE, _lines(_evidence(evidence))
    yield layout.TASKS, _lines(map(rows.task_row, _tasks(incident)))
    yield layout.COMMENTS, _lines(_comments(source))
    attached = list(Attachment.objects.present().filter(incident=incident).order_by("added_at", "pk"))
    whole = {file.pk for file in attached if _is_whole(file, source)}
    names = _usernames(file.actor_id for file in attached)
    told = (rows.attachment_row(file, names, is_there=file.pk in whole) for file in attached)
    yield layout.ATTACHMENTS, _lines(told)
    for file in attached:
        if file.pk in whole:
            yield f"{layout.FILES}{file.pk}", _bytes_of(file)
    yield layout.LOG, _encoded(log_lines(incident.pk))
    for number in source.merged:
        yield f"{layout.MERGED}{number}.jsonl", _encoded(log_lines(number))
    for log in _origins(incident):
        yield f"{layout.ORIGINS}{log.pk}.jsonl", _bytes_of_log(log)


def _incident(source: Source) -> rows.Row:
    incident = source.incident
    related = source.visible.filter(pk=incident.related_to_id).values_list("pk", flat=True).first()
    merges = Merge.objects.filter(target=incident, source__in=source.visible).select_related("source")
    told = rows.incident_row(incident, related, merges.order_by("merged_at", "pk"))
    return told | {"origins": [origin_row(log) for log in _origins(incident)]}


def origin_row(log: ImportedLog) -> rows.Row:
    """Where an imported incident came from, and the member that holds its log there."""
    return {
        "member": f"{layout.ORIGINS}{log.pk}.jsonl",
        "place": log.place,
        "system": log.system,
        "number": log.number,
        "name": log.name,
        "history": log.history,
        "archive_sha256": log.archive_sha256,
        "archived_at": utc(log.archived_at),
        "sha256": log.sha256,
        "size": log.size,
        "entries": log.entries,
        "head": log.head,
        "imported_at": utc(log.imported_at),
        "imported_by": log.imported_by,
    }


def _origins(incident: Incident) -> list[ImportedLog]:
    return list(ImportedLog.objects.filter(incident=incident).order_by("imported_at", "place", "pk"))


def _alerts(incident: Incident) -> Iterator[rows.Row]:
    found = Alert.objects.of_incident(incident.pk)
    related = ("payload", "assignee_user", "assignee_team", "tuned_by")
    for portion in portions(_numbers(found.order_by("pk").values_list("pk", flat=True)), AT_A_TIME):
        for alert in found.filter(pk__in=portion).select_related(*related).order_by("pk"):
            yield rows.alert_row(alert)


def _numbers_of_evidence(incident: Incident, seen: dict[int, tuple[datetime, datetime]]) -> array[int]:
    """The evidence in order, and since and until when each entity was seen in it."""
    numbers = array("q")
    found = Evidence.objects.filter(incident_number=incident.pk).order_by("alert", "pk")
    for number, entity, moment in found.values_list("pk", "entity", "event_time").iterator(chunk_size=ROWS_AT_ONCE):
        numbers.append(number)
        first, last = seen.get(entity, (moment, moment))
        seen[entity] = min(first, moment), max(last, moment)
    linked = Alert.objects.of_incident(incident.pk).filter(link_entity__isnull=False).order_by()
    for entity, moment in linked.values_list("link_entity", "linked_at").iterator(chunk_size=ROWS_AT_ONCE):
        seen.setdefault(entity, (moment, moment))
    return numbers


def _entities(seen: dict[int, tuple[datetime, datetime]]) -> Iterator[rows.Row]:
    for portion in portions(sorted(seen), AT_A_TIME):
        for entity in Entity.objects.filter(pk__in=portion).prefetch_related("identifiers").order_by("pk"):
            yield rows.entity_row(entity, *seen[entity.pk])


def _evidence(numbers: array[int]) -> Iterator[rows.Row]:
    for portion in portions(numbers, AT_A_TIME):
        found = Evidence.objects.in_bulk(portion)
        yield from (rows.evidence_row(found[number]) for number in portion if number in found)


def _tasks(incident: Incident) -> Iterable[Task]:
    return Task.objects.of_incident(incident.pk).select_related("assignee_user", "assignee_team")


def _comments(source: Source) -> Iterator[rows.Row]:
    """Comments that stand, with their text as it is now, of the incident and of those merged into it; what was removed
    or emptied the logs tell."""
    found = Entry.objects.filter(incident__in=[source.incident.pk, *source.merged], verb=COMMENTED.name)
    numbers = _numbers(found.order_by("recorded_at", "pk").values_list("pk", flat=True))
    for portion in portions(numbers, AT_A_TIME):
        entries = {entry.pk: entry for entry in found.filter(pk__in=portion).select_related("body")}
        later = latest_edits(portion)
        names = _usernames(entry.actor_id for entry in entries.values())
        for number in portion:
            edit = later.get(number)
            if edit is not None and edit.verb == COMMENT_REMOVED.name:
                continue
            told = rows.comment_row(entries[number], edit, names)
            if told["text"] is not None:
                yield told


def _usernames(ids: Iterable[int | None]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in={number for number in ids if number}).values_list("pk", "username"))


def _is_whole(file: Attachment, source: Source) -> bool:
    """Whether the bytes are those that came; what is found of others, source remembers."""
    try:
        files.opened(file).close()
    except Damaged as damaged:
        source.damaged.append((file, str(damaged)))
        return False
    return True


def _bytes_of(file: Attachment) -> Iterator[bytes]:
    with files.opened(file) as opened:
        yield from chunks_of(opened)


def _bytes_of_log(log: ImportedLog) -> Iterator[bytes]:
    with files.store().open_checked(log.pk, log.sha256, log.size) as opened:
        yield from chunks_of(opened)


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    return (line.encode() for line in lines)


def _lines(told: Iterable[rows.Row]) -> Iterator[bytes]:
    return (_json(each) for each in told)


def _json(value: rows.Row) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _numbers(found: Any) -> array[int]:
    return array("q", found.iterator(chunk_size=ROWS_AT_ONCE))
