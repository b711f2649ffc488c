"""Where the nodes and lines of a story go: the only module that knows the library that computes it.

graphlay, a layered layout written in Rust, was chosen over Graphviz (pygraphviz) after drawing the demo's ransomware
case, the payment fraud and an incident of real alerts with both. It puts the longest chain of what led to what on one
straight line and runs the others in channels beside it, so that the picture reads from left to right as the attack
went; Graphviz spreads the same chain over the whole height. It gives the same places for the same input, reserves room
for the numbers on the lines, and is one wheel of 4 MB without any system library; the other brings 108 MB of C and
needs GLib. It is young: if it must go, `layout` is all there is to write anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import graphlay

NODE = 44
"""Pixels across a node, without its name."""
MARGIN_SIDE, MARGIN_TOP, MARGIN_FOOT = 70, 40, 64
"""Room around the nodes at the edge, for names and crowns."""
LABEL_HEIGHT = 16
THOROUGH_UP_TO = 80
"""Nodes; the lines of a larger picture are ordered with less effort, which takes a fifth of the time."""
MOST_BENDS = 6_000
"""Points that lines on their way past nodes may need before the layout is given up."""

SPACING = {"layer_gap": 92.0, "node_gap": 60.0, "dummy_gap": 36.0, "isolated_gap": 66.0}
"""Between columns room for the names, between rows for two lines of a name."""


class Wire(NamedTuple):
    """A line to lay out: from the n-th node to another, with a label of so many pixels, 0 for none."""

    source: int
    target: int
    label: int


class Line(NamedTuple):
    """A line as it runs, and the middle of its label."""

    points: tuple[tuple[int, int], ...]
    label: tuple[int, int] | None


class Layout(NamedTuple):
    """All places, in whole pixels from the upper left; nodes by their middle."""

    width: int
    height: int
    nodes: tuple[tuple[int, int], ...]
    lines: tuple[Line, ...]


def layout(nodes: int, wires: Sequence[Wire]) -> Layout:
    """Places for so many nodes and for the lines between them, in the order given."""
    if not nodes:
        return Layout(0, 0, (), ())
    try:
        return _places(_laid_out(nodes, wires))
    except graphlay.GraphlayError:  # a net too dense to route: the lines run straight
        return _straight(_places(_laid_out(nodes, ())), wires)


def _laid_out(nodes: int, wires: Sequence[Wire]) -> graphlay.Layout:
    request: dict[str, Any] = {
        "nodes": [{"size": {"width": NODE, "height": NODE}, "shape": "ellipse"} for _ in range(nodes)],
        "edges": [
            {"source": wire.source, "target": wire.target}
            | ({"label_size": {"width": wire.label, "height": LABEL_HEIGHT}} if wire.label else {})
            for wire in wires
        ],
    }
    options = {
        "spacing": SPACING,
        "effort": "balanced" if nodes <= THOROUGH_UP_TO else "fast",
        "limits": {"max_dummies": MOST_BENDS},
    }
    return graphlay.layout(request, options=options)


def _places(found: graphlay.Layout) -> Layout:
    least, most = found.bounds["min"], found.bounds["max"]
    left, top = MARGIN_SIDE - least["x"], MARGIN_TOP - least["y"]

    def place(point: dict[str, float]) -> tuple[int, int]:
        return round(point["x"] + left), round(point["y"] + top)

    return Layout(
        width=round(most["x"] - least["x"]) + 2 * MARGIN_SIDE,
        height=round(most["y"] - least["y"]) + MARGIN_TOP + MARGIN_FOOT,
        nodes=tuple(place(node["center"]) for node in found.nodes),
        lines=tuple(
            Line(tuple(map(place, edge["points"])), place(anchor) if (anchor := edge.get("label_anchor")) else None)
            for edge in found.edges
        ),
    )


def _straight(places: Layout, wires: Sequence[Wire]) -> Layout:
    lines = []
    for wire in wires:
        (x1, y1), (x2, y2) = places.nodes[wire.source], places.nodes[wire.target]
        length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1.0)
        x, y = (x2 - x1) / length * NODE / 2, (y2 - y1) / length * NODE / 2
        ends = ((round(x1 + x), round(y1 + y)), (round(x2 - x), round(y2 - y)))
        lines.append(Line(ends, ((x1 + x2) // 2, (y1 + y2) // 2) if wire.label else None))
    return places._replace(lines=tuple(lines))
