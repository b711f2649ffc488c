"""One incident as tables: its alerts, its evidence and its log, and all of them as one JSON document.

What a table holds is fixed when it is asked for, as numbers; the rows are read some at a time while they are sent, as
far as the reader may see them then. So no transaction stays open, and memory stays flat however long it is.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Principal
from activity.models import Entry
from activity.queries import latest_edits
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED, GROUPS, Group
from activity.wording import sentence, shown_changes
from alerts.choices import AlertStatus, Severity
from alerts.models import Alert, Evidence
from alerts.queries.plain import plain_assignee
from common.portions import portions
from exports.tables import csv_text, json_text, plain
from incidents.models import Incident
from incidents.queries.attachments import plain_attachments
from incidents.queries.merging import merged_into
from incidents.queries.plain import plain_incidents, plain_tasks

ROWS_AT_A_TIME = 500
NUMBERS_AT_A_TIME = 20_000
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind, known by their numbers; `read` gives the values of some of them."""

    name: str
    header: tuple[str, ...]
    numbers: array[int]
    """Eight bytes a row."""
    read: Callable[[Sequence[int]], Mapping[int, Row]]
    """Numbers → rows that are still there for the reader."""

    def batches(self) -> Iterator[list[list[Any]]]:
        """Values in the order of the header, some rows at a time."""
        for numbers in portions(self.numbers, ROWS_AT_A_TIME):
            found = self.read(numbers)
            yield [[found[number][name] for name in self.header] for number in numbers if number in found]

    def csv(self) -> Iterator[str]:
        """The table for a spreadsheet: one text in each cell."""
        cells = ([[_cell(value) for value in row] for row in rows] for rows in self.batches())
        return csv_text(self.header, cells)

    def json(self) -> Iterator[str]:
        """The table as a JSON array of objects."""
        return json_text(self.header, self.batches())


def _cell(value: Any) -> Any:
    """A value that has parts, as one cell shows it; what cells hold anyway stays."""
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "; ".join(f"{each['field']}: {each['old'] or 'nothing'} → {each['new']}" for each in value)
    return value


def alerts_table(incident: Incident, principal: Principal) -> Table:
    """The incident's alerts, in the order of what they tell of."""
    visible = Alert.objects.visible_to(principal).of_incident(incident.pk)

    def read(numbers: Sequence[int]) -> dict[int, Row]:
        rows = visible.filter(pk__in=numbers).values(*ALERT_FIELDS, *ASSIGNEE, "tuned_by__name")
        return {row["id"]: _alert(row) for row in rows}

    return Table("alerts", ALERT_HEADER, _numbers(visible, "first_activity", "pk"), read)


ASSIGNEE = ("assignee_user__username", "assignee_user__display_name", "assignee_team__slug", "assignee_team__name")
ALERT_FIELDS = (
    *("id", "source", "external_id", "title", "description", "severity", "status", "classification", "determination"),
    *("categories", "techniques", "service_source", "detection_source", "product_name", "detector_id"),
    *("recommended_actions", "source_url", "source_incident", "first_activity", "last_activity", "source_created_at"),
    *("received_at", "updated_at", "resolved_at", "repeats", "last_repeat_at", "link_rule", "link_reason", "linked_at"),
)
ALERT_HEADER = (*ALERT_FIELDS[:9], "assignee", "assignee_name", *ALERT_FIELDS[9:], "tuned_by")


def _alert(row: dict[str, Any]) -> Row:
    assignee = plain_assignee(row)
    return row | {
        "severity": Severity(row["severity"]).slug,
        "status": AlertStatus(row["status"]).slug,
        "assignee": assignee["key"] if assignee else None,
        "assignee_name": assignee["name"] if assignee else None,
        "tuned_by": row["tuned_by__name"],
    }


def evidence_table(incident: Incident, principal: Principal) -> Table:
    """What the incident's alerts name and what was added by hand, alert by alert."""
    visible = Evidence.objects.visible_to(principal).filter(incident_number=incident.pk)

    def read(numbers: Sequence[int]) -> dict[int, Row]:
        rows = visible.filter(pk__in=numbers).values(*EVIDENCE_FIELDS.values())
        return {row["pk"]: {name: row[path] for name, path in EVIDENCE_FIELDS.items()} for row in rows}

    return Table("evidence", tuple(EVIDENCE_FIELDS), _numbers(visible, "alert", "pk"), read)


EVIDENCE_FIELDS = {
    "id": "pk",
    "alert": "alert_id",
    "alert_title": "alert__title",
    "entity": "entity_id",
    "kind": "entity__kind",
    "name": "entity__name",
    "key": "entity__key",
    "roles": "roles",
    "verdict": "verdict",
    "verdict_by_hand": "verdict_is_manual",
    "remediation_status": "remediation_status",
    "remediation_by_hand": "remediation_is_manual",
    "time": "event_time",
    "details": "details",
    "attributes": "entity__attributes",
    "criticality": "entity__criticality",
    "added_by": "added_by",
    "note": "note",
}
"""Column → where its value stands."""


def log_table(incident: Incident, principal: Principal) -> Table:
    """What the Activity tab shows this reader, oldest first: the log of the incident and of those merged into it,
    comments with their text as it stands now."""
    merged = merged_into(incident, principal)
    rows = Entry.objects.filter(incident__in=[incident.pk, *merged]).exclude(verb=COMMENT_EDITED.name)

    def read(numbers: Sequence[int]) -> dict[int, Row]:
        if not Incident.objects.visible_to(principal).filter(pk=incident.pk).exists():
            return {}
        entries = list(rows.filter(pk__in=numbers).select_related("body"))
        later = latest_edits([entry.pk for entry in entries if entry.verb == COMMENTED.name])
        with timezone.override(UTC):
            return {entry.pk: _entry(entry, later.get(entry.pk)) for entry in entries}

    return Table("log", LOG_HEADER, _numbers(rows, "recorded_at", "pk"), read)


LOG_HEADER = (
    *("incident", "number", "time", "actor_kind", "actor", "through", "kind", "verb", "sentence"),
    *("subject_kind", "subject", "changes", "text", "text_note", "act", "version"),
)


def _entry(entry: Entry, later: Entry | None) -> Row:
    """An entry as the page shows it; `later` is the last edit or the removal of a comment."""
    shown = later or entry
    note = ""
    if later is not None:
        note = f"{'removed' if later.verb == COMMENT_REMOVED.name else 'edited'} by {later.actor_label}"
    text = shown.body.text if shown.body else None
    if shown.body is not None and text is None:
        note = "emptied"
    return {
        "incident": entry.incident_id,
        "number": entry.sequence,
        "time": entry.recorded_at,
        "actor_kind": entry.actor_kind,
        "actor": entry.actor_label,
        "through": entry.channel,
        "kind": str(GROUPS.get(entry.verb, Group.OTHER)),
        "verb": entry.verb,
        "sentence": f"{entry.actor_label} {sentence(entry)}",
        "subject_kind": entry.subject_kind or None,
        "subject": entry.subject_label or None,
        "changes": shown_changes(entry),
        "text": text,
        "text_note": note or None,
        "act": str(entry.batch) if entry.batch else None,
        "version": entry.incident_version,
    }


TABLES: dict[str, Callable[[Incident, Principal], Table]] = {
    "alerts": alerts_table,
    "evidence": evidence_table,
    "log": log_table,
}


def document(incident: Incident, principal: Principal) -> Iterator[str]:
    """All of it as one JSON document, piece by piece. One that was cut off has no closing bracket."""
    tables = [table(incident, principal) for table in TABLES.values()]
    (told,) = plain_incidents([incident.pk], principal)
    yield f'{{"incident": {_json(told)},\n"tasks": {_json(plain_tasks(incident.pk))},\n'
    yield f'"attachments": {_json(plain_attachments(incident))}'
    for table in tables:
        yield f',\n"{table.name}": '
        yield from table.json()
    yield "}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=plain)


def _numbers(rows: QuerySet[Any], *order: str) -> array[int]:
    """The numbers of rows in order: one statement, and so one moment."""
    with transaction.atomic():
        found = rows.order_by(*order).values_list("pk", flat=True)
        return array("q", found.iterator(chunk_size=NUMBERS_AT_A_TIME))
