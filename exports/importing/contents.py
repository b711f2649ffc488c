"""What an archive says: every row held to the shape of its kind, and rows to each other.

Rows are read from disk as often as they are needed, so that memory does not grow with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from activity.actors import ActorKind
from alerts.choices import (
    DETERMINATIONS,
    AlertStatus,
    Classification,
    Determination,
    RemediationStatus,
    Severity,
    Verdict,
)
from alerts.models import Alert, Evidence
from common.boundary import MAXIMUM_TEXT, BoundaryError, parse_json
from entities.choices import Criticality, EntityKind
from entities.models import Entity, EntityIdentifier
from exports.archive import layout
from exports.importing.shapes import (
    Shape,
    flag,
    identifier,
    listed,
    mapping,
    moment,
    one_of,
    optional,
    record,
    sha256,
    text,
    text_of,
    whole,
)
from exports.importing.unpacking import BadArchive, Unpacked
from incidents.choices import IncidentStatus, TagKind, TaskState
from incidents.models import Attachment, Incident, Tag, Task

LONGEST_LINE = 64 * 1024 * 1024
MOST_ALERTS = 1_000_000
SMALL = 2**31 - 1
ORIGINS = 1_000
Row = dict[str, Any]

MEMBER = record(kind=one_of(["user", "team"]), name=text(80, required=True), label=text(200))
AUTHOR = record(kind=one_of(ActorKind.values), name=optional(text(80)), label=text(200))
FINDING: dict[str, Shape] = {
    "classification": one_of(Classification.values),
    "determination": one_of(Determination.values),
}
ORIGIN = record(
    member=text(200),
    place=whole(0, ORIGINS),
    system=text(200),
    number=whole(1),
    name=text(500),
    history=mapping,
    archive_sha256=sha256,
    archived_at=moment,
    sha256=sha256,
    size=whole(),
    entries=whole(1, SMALL),
    head=sha256,
    imported_at=moment,
    imported_by=text(200),
)
MERGE = record(
    number=whole(1),
    name=text(500),
    alerts=whole(0, SMALL),
    merged_at=moment,
    merged_by=text(200),
    unmerged_at=optional(moment),
)
INCIDENT = record(
    number=whole(1),
    name=text_of(Incident, "name", required=True),
    name_is_manual=flag,
    automatic_name=text_of(Incident, "automatic_name"),
    severity=one_of(Severity.slugs()),
    severity_is_manual=flag,
    automatic_severity=one_of(Severity.slugs()),
    status=one_of(IncidentStatus.slugs()),
    **FINDING,
    assignee=optional(MEMBER),
    tags=listed(record(name=text_of(Tag, "name", required=True), kind=one_of(TagKind.values)), 1_000),
    resolution_note=text(MAXIMUM_TEXT),
    resolved_at=optional(moment),
    resolved_by=text_of(Incident, "resolved_by"),
    resolved_by_user=optional(MEMBER),
    snoozed_until=optional(moment),
    snoozed_by=optional(MEMBER),
    due_at=optional(moment),
    overdue_told=flag,
    restricted=flag,
    members=listed(MEMBER, 1_000),
    followers=listed(MEMBER),
    created_at=moment,
    updated_at=moment,
    version=whole(1, SMALL),
    first_activity=moment,
    last_activity=moment,
    alerts_total=whole(0, MOST_ALERTS),
    alerts_active=whole(0, MOST_ALERTS),
    service_sources=listed(text(100)),
    categories=listed(text(60)),
    asset_counts=mapping,
    tasks_total=whole(0, SMALL),
    tasks_open=whole(0, SMALL),
    priority=whole(0, 100),
    priority_factors=listed(listed(lambda value, path: value, 10), 100),
    redirected_to=optional(whole(1)),
    related_to=optional(whole(1)),
    merges=listed(MERGE),
    origins=listed(ORIGIN, ORIGINS),
)
ALERT = record(
    id=whole(1),
    source=text_of(Alert, "source", required=True),
    external_id=text_of(Alert, "external_id", required=True),
    title=text_of(Alert, "title", required=True),
    description=text(MAXIMUM_TEXT),
    **FINDING,
    categories=listed(text(60), 1_000),
    techniques=listed(text(20), 1_000),
    service_source=text_of(Alert, "service_source"),
    detection_source=text_of(Alert, "detection_source"),
    product_name=text_of(Alert, "product_name"),
    detector_id=text_of(Alert, "detector_id"),
    recommended_actions=text(MAXIMUM_TEXT),
    source_url=text_of(Alert, "source_url"),
    source_incident=text_of(Alert, "source_incident"),
    payload_sha256=sha256,
    link_rule=text_of(Alert, "link_rule"),
    link_reason=text_of(Alert, "link_reason"),
    repeats=whole(0, SMALL),
    severity=one_of(Severity.slugs()),
    status=one_of(AlertStatus.slugs()),
    assignee=optional(MEMBER),
    first_activity=moment,
    last_activity=moment,
    source_created_at=optional(moment),
    received_at=moment,
    updated_at=moment,
    resolved_at=optional(moment),
    last_repeat_at=optional(moment),
    linked_at=moment,
    link_entity=optional(whole(1)),
    tuned_by=optional(text(200)),
    raw=optional(mapping),
)
ENTITY = record(
    id=whole(1),
    kind=one_of(EntityKind.values),
    key=text_of(Entity, "key", required=True),
    name=text_of(Entity, "name", required=True),
    identifiers=listed(text_of(EntityIdentifier, "value", required=True), 1_000),
    attributes=mapping,
    criticality=one_of(["", *Criticality.values]),
    first_seen=moment,
    last_seen=moment,
)
EVIDENCE = record(
    alert=optional(whole(1)),
    entity=whole(1),
    event_time=moment,
    roles=listed(text(30), 100),
    verdict=one_of(Verdict.values),
    verdict_is_manual=flag,
    remediation_status=one_of(RemediationStatus.values),
    remediation_is_manual=flag,
    details=mapping,
    added_by=text_of(Evidence, "added_by"),
    note=text_of(Evidence, "note"),
)
TASK = record(
    id=whole(1),
    title=text_of(Task, "title", required=True),
    description=text(MAXIMUM_TEXT),
    assignee=optional(MEMBER),
    due_at=optional(moment),
    state=one_of(TaskState.values),
    closing_note=text(MAXIMUM_TEXT),
    closed_at=optional(moment),
    closed_by=text_of(Task, "closed_by"),
    created_at=moment,
    overdue_told=flag,
)
COMMENT = record(
    text=text(MAXIMUM_TEXT, required=True),
    by=AUTHOR,
    at=moment,
    edited_by=optional(text(200)),
    edited_at=optional(moment),
)
FILE = record(
    id=identifier,
    name=text_of(Attachment, "name", required=True),
    size=whole(1),
    sha256=sha256,
    media_type=text_of(Attachment, "media_type", required=True),
    width=optional(whole(1, SMALL)),
    height=optional(whole(1, SMALL)),
    added_by=AUTHOR,
    added_at=moment,
    is_there=flag,
)


@dataclass
class Contents:
    """The rows of an archive. Each is checked by itself when it is read first; from then on, nobody else reaching the
    folder where it lies, it only has to be read."""

    unpacked: Unpacked
    are_checked: bool = False

    @cached_property
    def incident(self) -> Row:
        try:
            found: Row = INCIDENT(parse_json(self.unpacked.files[layout.INCIDENT].read_bytes()), "")
        except BoundaryError as error:
            raise BadArchive(f"In {layout.INCIDENT}: {error}") from None
        return found

    def alerts(self) -> Iterator[Row]:
        return self._rows(layout.ALERTS, ALERT)

    def entities(self) -> Iterator[Row]:
        return self._rows(layout.ENTITIES, ENTITY)

    def evidence(self) -> Iterator[Row]:
        return self._rows(layout.EVIDENCE, EVIDENCE)

    def tasks(self) -> Iterator[Row]:
        return self._rows(layout.TASKS, TASK)

    def comments(self) -> Iterator[Row]:
        return self._rows(layout.COMMENTS, COMMENT)

    def attachments(self) -> Iterator[Row]:
        return self._rows(layout.ATTACHMENTS, FILE)

    def _rows(self, member: str, shape: Shape) -> Iterator[Row]:
        with self.unpacked.files[member].open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                try:
                    yield shape(json.loads(line) if self.are_checked else parse_json(line), "")
                except BoundaryError as error:
                    raise BadArchive(f"In {member}, line {number:,}: {error}") from None

    def file(self, member: str) -> Path:
        return self.unpacked.files[member]


def check(contents: Contents) -> None:
    """Hold every row to its shape and to the others. Raises BadArchive for the first that does not fit."""
    told = contents.incident
    _check_incident(told, contents.unpacked.manifest)
    entities = _check_entities(contents)
    alerts = _check_alerts(contents, entities, told)
    _check_evidence(contents, alerts, entities)
    for place, task in enumerate(contents.tasks(), 1):
        is_closed = task["state"] in (TaskState.COMPLETED, TaskState.SKIPPED)
        if is_closed != (task["closed_at"] is not None):
            raise BadArchive(f"In {layout.TASKS}, line {place:,}: a task is closed when it has the time of that.")
    for _ in contents.comments():
        pass
    _check_files(contents)
    contents.are_checked = True


def _check_incident(told: Row, manifest: Row) -> None:
    if told["number"] != manifest["incident"]:
        raise BadArchive(f"Its manifest is about #{manifest['incident']}, {layout.INCIDENT} about #{told['number']}.")
    if told["status"] == IncidentStatus.REDIRECTED.slug:
        raise BadArchive(
            f"#{told['number']} was merged into #{told['redirected_to']} there and holds no alerts; import an archive "
            "of that one."
        )
    if (told["status"] == IncidentStatus.RESOLVED.slug) and told["resolved_at"] is None:
        raise BadArchive(f"In {layout.INCIDENT}: a resolved incident has the time of that.")
    if told["first_activity"] > told["last_activity"]:
        raise BadArchive(f"In {layout.INCIDENT}: the last activity lies before the first.")
    _check_finding(told, layout.INCIDENT)


def _check_finding(told: Row, where: str) -> None:
    classification, determination = told["classification"], told["determination"]
    fits = DETERMINATIONS[Classification(classification)]
    if determination != Determination.NOT_SET and determination not in fits:
        raise BadArchive(f"In {where}: {determination} is no determination of {classification}.")


def _check_entities(contents: Contents) -> set[int]:
    entities: set[int] = set()
    keys: set[tuple[str, str]] = set()
    for place, told in enumerate(contents.entities(), 1):
        key = told["kind"], told["key"]
        if told["id"] in entities or key in keys:
            raise BadArchive(f"In {layout.ENTITIES}, line {place:,}: this entity is there twice.")
        if told["first_seen"] > told["last_seen"]:
            raise BadArchive(f"In {layout.ENTITIES}, line {place:,}: it was last seen before it was first.")
        entities.add(told["id"])
        keys.add(key)
    return entities


def _check_alerts(contents: Contents, entities: set[int], incident: Row) -> set[int]:
    alerts: set[int] = set()
    keys: set[tuple[str, str]] = set()
    for place, told in enumerate(contents.alerts(), 1):
        where, key = f"{layout.ALERTS}, line {place:,}", (told["source"], told["external_id"])
        if told["id"] in alerts or key in keys:
            raise BadArchive(f"In {where}: this alert is there twice.")
        if told["link_entity"] is not None and told["link_entity"] not in entities:
            raise BadArchive(f"In {where}: the entity that ties it to the incident is not in {layout.ENTITIES}.")
        if told["first_activity"] > told["last_activity"]:
            raise BadArchive(f"In {where}: the last activity lies before the first.")
        if (told["status"] == AlertStatus.RESOLVED.slug) != (told["resolved_at"] is not None):
            raise BadArchive(f"In {where}: an alert is resolved when it has the time of that.")
        _check_finding(told, where)
        alerts.add(told["id"])
        keys.add(key)
    if not alerts:
        raise BadArchive("It holds no alert, and an incident has at least one.")
    if len(alerts) != incident["alerts_total"]:
        raise BadArchive(f"It holds {len(alerts):,} alerts; the incident has {incident['alerts_total']:,}.")
    return alerts


def _check_evidence(contents: Contents, alerts: set[int], entities: set[int]) -> None:
    pieces: set[tuple[int, int]] = set()
    for place, told in enumerate(contents.evidence(), 1):
        where, alert, entity = f"{layout.EVIDENCE}, line {place:,}", told["alert"], told["entity"]
        if entity not in entities:
            raise BadArchive(f"In {where}: its entity is not in {layout.ENTITIES}.")
        if alert is None:
            if not told["added_by"]:
                raise BadArchive(f"In {where}: evidence of no alert was added by somebody.")
            continue
        if alert not in alerts:
            raise BadArchive(f"In {where}: its alert is none of this incident's.")
        if told["added_by"] or (alert, entity) in pieces:
            raise BadArchive(f"In {where}: an alert names an entity once, and nobody adds that by hand.")
        pieces.add((alert, entity))


def _check_files(contents: Contents) -> None:
    told: dict[UUID, Row] = {}
    for place, row in enumerate(contents.attachments(), 1):
        if row["id"] in told:
            raise BadArchive(f"In {layout.ATTACHMENTS}, line {place:,}: this file is there twice.")
        if (row["width"] is None) != (row["height"] is None):
            raise BadArchive(f"In {layout.ATTACHMENTS}, line {place:,}: an image has a width and a height.")
        told[row["id"]] = row
    listed_there = {f"{layout.FILES}{number}" for number, row in told.items() if row["is_there"]}
    members = {each["name"]: each for each in contents.unpacked.manifest["members"]}
    if listed_there != {name for name in members if name.startswith(layout.FILES)}:
        raise BadArchive(f"Its files are not those that {layout.ATTACHMENTS} lists.")
    for number, row in told.items():
        member = members.get(f"{layout.FILES}{number}")
        if member and (member["size"], member["sha256"]) != (row["size"], row["sha256"]):
            raise BadArchive(f"The file {number} is not the one that {layout.ATTACHMENTS} tells of.")
    origins = [each["member"] for each in contents.incident["origins"]]
    if len(set(origins)) != len(origins) or set(origins) != {n for n in members if n.startswith(layout.ORIGINS)}:
        raise BadArchive(f"Its logs of earlier origins are not those that {layout.INCIDENT} lists.")
