"""What an archive says of its incident, held to what the incident's log, which is proven, says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activity.wording import label_of
from exports.archive import layout
from exports.importing.contents import Contents, Row
from incidents.as_it_was.state import State, rebuilt

COMPARED = ("name", "severity", "status", "classification", "determination", "restricted")


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a log's file, as much of it as rebuilding the state reads."""

    verb: str
    subject_kind: str
    subject_id: str
    subject_label: str
    changes: list[dict[str, Any]]
    facts: dict[str, Any]
    body_sha256: str
    text: str | None


def otherwise(contents: Contents) -> list[str]:
    """What the archive says otherwise than the log does, as notes; none where they agree. Somebody may have written it
    into the archive, hashes and all; or the log is of a time when entries told less."""
    told = contents.incident
    state = rebuilt(_entries(contents), lambda entry: entry.text)
    fields = [name for name in COMPARED if told[name] != state.values[name]]
    assignee = state.values["assignee"]
    if _name(told["assignee"]) != _name(assignee):
        fields.append("assignee")
    if sorted(tag["name"] for tag in told["tags"]) != sorted(state.values["tags"]):
        fields.append("tags")
    if told["due_at"] != _moment(state.values["due_at"]):
        fields.append("due_at")
    if told["resolution_note"] != state.note and not state.note_was_emptied:
        fields.append("resolution_note")
    fields += _of_alerts(contents, state)
    return [f"The archive says otherwise than its log of: {', '.join(map(label_of, fields))}."] if fields else []


def _of_alerts(contents: Contents, state: State) -> list[str]:
    there = {row["id"]: (row["title"], row["severity"], row["status"]) for row in contents.alerts()}
    logged = {number: (alert.title, alert.severity, alert.status) for number, alert in state.alerts.items()}
    return [] if there == logged else ["alerts"]


def _name(member: Row | None) -> tuple[str, str] | None:
    return (member["kind"], member["name"]) if member else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _entries(contents: Contents) -> Iterator[Line]:
    with contents.file(layout.LOG).open("rb") as file:
        for line in file:
            entry = json.loads(line).get("entry")
            if entry:
                columns = entry["columns"]
                yield Line(
                    columns["verb"],
                    columns["subject_kind"],
                    columns["subject_id"],
                    columns["subject_label"],
                    json.loads(columns["changes"]),
                    json.loads(columns["facts"]),
                    columns["body_sha256"],
                    entry.get("text"),
                )
