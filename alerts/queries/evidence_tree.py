"""The evidence of one alert as people read it: by kind, assets first, and processes as a tree by who started whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.models import Evidence
from alerts.queries.evidence_rows import evidence_row
from common.marks import entity_icon
from entities.choices import ASSET_KINDS, EntityKind
from entities.spelling import fold, last_part

DEEPEST = 8
"""Steps of indentation; what was started further down stands at the last of them."""


def groups(items: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Label and rows of each kind; a row as evidence_row makes it, with its `level` in the tree."""
    by_kind: dict[str, list[Evidence]] = defaultdict(list)
    for item in items:
        by_kind[item.entity.kind].append(item)
    found = []
    for kind in dict.fromkeys((*ASSET_KINDS, *EntityKind)):
        rows = by_kind.get(str(kind))
        if rows:
            shown = list(process_tree(rows)) if kind == EntityKind.PROCESS else [evidence_row(row) for row in rows]
            found.append({"label": kind.label, "rows": shown, "is_tree": any(row["level"] for row in shown)})
    return found


@dataclass(slots=True)
class _Process:
    """A process in the tree: one of the evidence, or one that is known only as the parent of such."""

    row: dict[str, Any]
    pid: int | None = None
    created: str = ""
    image: str = ""
    children: list[_Process] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rows:
    """How a piece of evidence becomes a row, and a process that only its children tell of, by pid and image."""

    of_evidence: Callable[[Evidence], dict[str, Any]]
    of_name: Callable[[int | None, str], dict[str, Any]]
    deepest: int | None = DEEPEST


def process_tree(items: Sequence[Evidence], rows: Rows | None = None) -> Iterator[dict[str, Any]]:
    """Rows in the order of the tree, each process beneath the one that started it; those of the page, unless `rows`
    makes others.

    A parent that is no evidence itself stands there by what its children say of it. Process ids are used again, so what
    senders say can contradict itself; whatever they say, each process stands there once.
    """
    rows = rows or PAGE
    nodes = [_of_evidence(item, rows) for item in items]
    by_pid: dict[int, list[_Process]] = defaultdict(list)
    for node in nodes:
        if node.pid is not None:
            by_pid[node.pid].append(node)
    named: dict[tuple[int | None, str], _Process] = {}
    roots: list[_Process] = []
    for item, node in zip(items, nodes, strict=True):
        parent = _parent(item.details, node, by_pid, named, rows)
        (parent.children if parent else roots).append(node)
    seen: set[int] = set()
    yield from _walk([*named.values(), *roots], seen, rows.deepest)
    # what is left are circles: each is entered somewhere
    for node in nodes:
        yield from _walk([node], seen, rows.deepest)


def _parent(
    details: dict[str, Any],
    child: _Process,
    by_pid: dict[int, list[_Process]],
    named: dict[tuple[int | None, str], _Process],
    rows: Rows,
) -> _Process | None:
    pid, image = _number(details.get("parent_pid")), _text(details.get("parent_image"))
    created = _text(details.get("parent_created_at"))
    for node in by_pid.get(pid, ()) if pid is not None else ():
        fits_time = not created or not node.created or created == node.created
        fits_image = not image or not node.image or fold(last_part(image)) == fold(last_part(node.image))
        if node is not child and fits_time and fits_image:
            return node
    if pid is None and not image:
        return None
    return named.setdefault((pid, fold(image)), _Process(rows.of_name(pid, image), pid, created, image))


def _walk(starts: Sequence[_Process], seen: set[int], deepest: int | None) -> Iterator[dict[str, Any]]:
    """Depth first, without recursion: how deep it goes is for the senders to say."""
    todo = [(node, 0) for node in reversed(_in_order(starts))]
    while todo:
        node, level = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node.row | {"level": level if deepest is None else min(level, deepest)}
        todo += [(child, level + 1) for child in reversed(_in_order(node.children))]


def _in_order(nodes: Sequence[_Process]) -> list[_Process]:
    return sorted(nodes, key=lambda node: (node.created, node.pid or 0))


TOLD_BY_PLACE = {"Pid", "Parent pid", "Parent image", "Parent created at"}
"""Details that the tree itself tells, or the name."""


def _of_evidence(item: Evidence, rows: Rows) -> _Process:
    details, row = item.details, rows.of_evidence(item)
    return _Process(row, _number(details.get("pid")), _text(details.get("created_at")), _text(details.get("image")))


def _row_in_tree(item: Evidence) -> dict[str, Any]:
    row = evidence_row(item)
    row["details"] = [(label, value) for label, value in row["details"] if label not in TOLD_BY_PLACE]
    return row


def name_of(pid: int | None, image: str) -> str:
    """What a process is called of which only pid and image are known."""
    name = last_part(image) or "Process"
    return f"{name} ({pid})" if pid is not None else name


def _of_name(pid: int | None, image: str) -> dict[str, Any]:
    """The row of a process that only its children tell of."""
    name, shown = last_part(image) or "Process", name_of(pid, image)
    return {
        "icon": entity_icon(EntityKind.PROCESS),
        "kind": EntityKind.PROCESS.label,
        "name": shown,
        "raw_name": shown,
        "is_context": True,
        "details": [("Image", image)] if image and image != name else [],
        "level": 0,
    }


PAGE = Rows(_row_in_tree, _of_name)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
