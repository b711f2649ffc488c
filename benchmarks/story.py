"""The attack story of an incident of 150 nodes: drawn the first time, and with its layout remembered.

The alerts are made here and read from nowhere, so that the figures are those of telling, laying out and drawing; their
floor is the same graph told and drawn in places that are known already.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from alerts.choices import EvidenceRole, Severity, Verdict
from benchmarks.measure import Row, compared, times_in_turn
from entities.choices import EntityKind
from incidents.story.drawing import Picture, svg, wires_of
from incidents.story.grouping import readable
from incidents.story.layout import Layout, layout
from incidents.story.parts import Graph, Piece, Step
from incidents.story.telling import graph_of

BEGAN = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
DEVICES = 30
FOUND_ON_EACH = 4


def measure(rounds: int) -> Iterator[Row]:
    steps = attack()
    graph = told(steps)
    assert len(graph.nodes) == DEVICES * (FOUND_ON_EACH + 1)
    places = layout(len(graph.nodes), wires_of(graph))
    first, again = times_in_turn([partial(_first, steps), partial(_again, steps, places)], min(rounds, 10))
    yield compared("story, 150 nodes drawn the first time", first, again)


def told(steps: list[Step]) -> Graph:
    """The graph without grouping: 150 nodes that are all drawn."""
    return readable(graph_of(steps, {}), beyond=1_000)


def attack() -> list[Step]:
    """From device to device, each with an account, processes and files of its own, and every third with an address."""
    steps = []
    for number in range(1, DEVICES):
        before, device = number * 10, (number + 1) * 10
        pieces = [
            _piece(before, EntityKind.DEVICE, EvidenceRole.SOURCE),
            _piece(device, EntityKind.DEVICE, EvidenceRole.ATTACKED),
            *_on(device),
        ]
        if number == 1:
            pieces += _on(before)
        steps.append(Step(number, number, "Moved on", Severity.HIGH, BEGAN + timedelta(minutes=number), pieces))
    return steps


def _on(device: int) -> list[Piece]:
    """What was found on a device: an account, a process, and what that wrote or reached."""
    reached = EntityKind.IP if device % 30 == 0 else EntityKind.REGISTRY_VALUE
    return [
        _piece(device + 1, EntityKind.USER, EvidenceRole.COMPROMISED),
        _piece(device + 2, EntityKind.PROCESS),
        _piece(device + 3, EntityKind.FILE, EvidenceRole.CREATED),
        _piece(device + 4, reached, EvidenceRole.DESTINATION),
    ]


def _piece(number: int, kind: EntityKind, *roles: EvidenceRole) -> Piece:
    verdict = Verdict.MALICIOUS if number % 3 else Verdict.UNKNOWN
    return Piece(number, kind, f"x:{number}", f"{kind.slug}-{number}", frozenset(roles), verdict)


def _first(steps: list[Step]) -> None:
    graph = told(steps)
    svg(Picture(graph, layout(len(graph.nodes), wires_of(graph))))


def _again(steps: list[Step], places: Layout) -> None:
    svg(Picture(told(steps), places))
