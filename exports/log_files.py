"""A log as a file that can be verified anywhere: docs/log-format.md says what stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from activity.chain import ALL, SYSTEM, now, told_entries
from activity.checkpoints import files
from activity.verify_log import LOG_FORMAT, leaf

__all__ = ["ALL", "SYSTEM", "log_lines"]


def log_lines(which: str | int) -> Iterator[str]:
    """The lines of a log: of ALL chains, of the SYSTEM's own stream, or of the incident of a number.

    First what it is, then the checkpoints (read before the entries, so that none is without its entry), the entries,
    and how many there were, so that a file that was cut off is noticed.
    """
    number = None if isinstance(which, str) else which
    scope = "incident" if number is not None else {ALL: "all", SYSTEM: "system"}[str(which)]
    yield _line({"log": {"format": LOG_FORMAT, "scope": scope, "incident": number, "exported_at": now()}})
    yield from _whole_checkpoints() if scope == "all" else _checkpoints_of(number)
    entries = 0
    for entry in told_entries(which):
        entries += 1
        yield _line({"entry": entry})
    yield _line({"end": {"entries": entries}})


def _whole_checkpoints() -> Iterator[str]:
    for path in files.files():
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from (line for line in lines if _document(line))


def _checkpoints_of(incident_id: int | None) -> Iterator[str]:
    """The checkpoints that tell of one chain, without the heads of others: of these stand the digests alone, which say
    nothing about them. With them come those that name another key, and the last."""
    mark = "[null," if incident_id is None else f"[{incident_id},"
    last, key = "", ""
    for path in files.files():
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                document = _document(line)
                if document is None:
                    continue
                last = line
                own = [head for head in document["heads"] if head[0] == incident_id] if mark in line else []
                is_of_keys = document["checkpoint"]["next_key"] not in (None, key)
                if own or is_of_keys:
                    key = document["checkpoint"]["next_key"] or key
                    last = ""
                    yield _excerpt(document, own)
    if last and (document := _document(last)):
        yield _excerpt(document, [])


def _excerpt(document: dict[str, Any], own: list[Any]) -> str:
    told = {"checkpoint": document["checkpoint"], "signature": document["signature"], "heads": own}
    if own:
        told["leaves"] = [leaf(head).hex() for head in document["heads"]]
    return _line(told)


def _document(line: str) -> dict[str, Any] | None:
    """A line of a checkpoint; None for one that a crash cut off."""
    try:
        document = json.loads(line)
        return document if isinstance(document["heads"], list) and document["checkpoint"]["format"] else None
    except (ValueError, KeyError, TypeError):
        return None


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
