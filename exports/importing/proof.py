"""The logs of an archive: verified by the functions that verify every log, before anything is believed of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from activity.verify_log import Entry, Evidence, Unreadable, check, entries_of, later, read_head
from exports.archive import layout
from exports.importing.contents import Contents, Row
from exports.importing.unpacking import BadArchive
from incidents.brought import BroughtLog


@dataclass(frozen=True, slots=True)
class Proven:
    """What a log was found to be."""

    entries: int
    head: str


def prove(contents: Contents) -> list[BroughtLog]:
    """Verify all logs of an archive; what is kept of each, that of the incident itself first. Raises BadArchive."""
    incident, manifest = contents.incident, contents.unpacked.manifest
    members = {each["name"]: each for each in manifest["members"]}
    logs: list[BroughtLog] = []

    def keep(member: str, place: int, number: int, name: str, history: Row) -> None:
        proven = _proven(contents.file(member), number, member)
        logs.append(
            BroughtLog(
                path=contents.file(member),
                place=place,
                system=manifest["system"],
                number=number,
                name=name,
                history=history,
                archive_sha256=contents.unpacked.sha256,
                archived_at=manifest["made_at"],
                size=members[member]["size"],
                sha256=members[member]["sha256"],
                entries=proven.entries,
                head=proven.head,
            )
        )

    history = {"related_to": incident["related_to"], "merges": [_plain(merge) for merge in incident["merges"]]}
    keep(layout.LOG, 0, incident["number"], incident["name"], history)
    merged = {merge["number"]: merge["name"] for merge in incident["merges"]}
    for place, member in enumerate(sorted(name for name in members if name.startswith(layout.MERGED)), 1):
        number = int(member.removeprefix(layout.MERGED).removesuffix(".jsonl"))
        keep(member, place, number, merged.get(number, ""), {})
    for origin in incident["origins"]:
        logs.append(_earlier(contents, origin, members[origin["member"]]))
    return logs


def _earlier(contents: Contents, origin: Row, member: Row) -> BroughtLog:
    """A log that the incident had brought along already: kept as it is, with what was said of it."""
    proven = _proven(contents.file(origin["member"]), origin["number"], origin["member"])
    said = origin["sha256"], origin["size"], origin["entries"], origin["head"]
    if (member["sha256"], member["size"], proven.entries, proven.head) != said:
        raise BadArchive(f"“{origin['member']}” is not the log that {layout.INCIDENT} tells of.")
    told = {name: origin[name] for name in EARLIER}
    return BroughtLog(path=contents.file(origin["member"]), **told)


EARLIER = (
    *("place", "system", "number", "name", "history", "archive_sha256", "archived_at", "size", "sha256", "entries"),
    *("head", "imported_at", "imported_by"),
)


def _proven(path: Path, number: int, member: str) -> Proven:
    """Raises BadArchive for a log of another incident, or one that does not verify."""
    evidence = Evidence()
    last: list[Entry] = []

    def own_entries() -> Iterator[Entry]:
        for entry in entries_of(path):
            if entry.incident_id != number:
                raise BadArchive(f"In “{member}”: an entry is of another incident than #{number}.")
            last[:] = [entry]
            yield entry

    try:
        header = read_head(path, evidence)
        if header.get("scope") != "incident" or header.get("incident") != number:
            raise BadArchive(f"“{member}” is not the log of #{number}.")
        evidence.finish()
        found = check(own_entries(), evidence, latest=later(header["exported_at"]), only={number})
    except (Unreadable, KeyError, ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise BadArchive(f"“{member}” cannot be verified: {str(problem).replace(path.name, member)}") from None
    problems = [*evidence.problems, *map(str, found.breaks)]
    if problems:
        raise BadArchive(f"“{member}” does not verify: {problems[0].rstrip('.')}.")
    if not last:
        raise BadArchive(f"“{member}” has no entry.")
    return Proven(found.entries, last[0].hash.hex())


def _plain(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
