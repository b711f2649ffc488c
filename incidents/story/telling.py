"""From the alerts of an incident to one graph: every thing once, every tie once, each with the alerts it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerts.choices import Verdict
from common.defang import defang
from entities.choices import EntityKind
from incidents.story.facts import Facts, facts_of
from incidents.story.parts import LOOSE, Edge, Graph, Node, Piece, Step, Thing, Tie
from incidents.story.ties import Teller

GRAVITY = {Verdict.UNKNOWN: 0, Verdict.NO_THREATS_FOUND: 1, Verdict.SUSPICIOUS: 2, Verdict.MALICIOUS: 3}
"""Of what alerts found about one thing the gravest counts."""


def graph_of(steps: Sequence[Step], devices: Mapping[str, Thing], hidden: Iterable[EntityKind] = ()) -> Graph:
    """The whole story; without the kinds of things that are hidden it is told as if no alert had named them."""
    left_away = frozenset(hidden)
    shown = [replace(step, pieces=[piece for piece in step.pieces if piece.kind not in left_away]) for step in steps]
    facts = facts_of(shown, devices)
    teller = Teller(facts)
    graph = Graph({}, {})
    for step in shown:
        for piece in step.pieces:
            if piece.entity not in facts.programs:
                _add_piece(graph, piece, step, facts)
        _add_ties(graph, teller.ties_of(step), step)
    return graph


def key_of(thing: Thing) -> str:
    return f"n{thing}"


def _add_piece(graph: Graph, piece: Piece, step: Step, facts: Facts) -> None:
    """The thing of a piece of evidence as a node; an address of a device is told with the device."""
    device = facts.addresses.get(piece.entity)
    key = key_of(piece.entity if device is None else device)
    name = name_of(piece)
    known = graph.nodes.get(key)
    if device is not None:
        if known is None:  # the device itself comes later
            known = graph.nodes[key] = Node(key, EntityKind.DEVICE, name, Verdict.UNKNOWN, False, (), (device,))
        known.also = _with(known.also, piece.name)
    elif known is None:
        known = graph.nodes[key] = Node(key, piece.kind, name, piece.verdict, False, (), (piece.entity,))
    else:
        known.name = name
    known.verdict = max(known.verdict, piece.verdict, key=GRAVITY.__getitem__)
    known.is_critical |= is_critical(piece)
    known.steps = _with(known.steps, step.position)


def name_of(piece: Piece) -> str:
    """What people call it: a person by name rather than by account; what has no kind of ours with its sender's word for
    it; addresses of attackers disarmed."""
    display_name = piece.attributes.get("display_name")
    if piece.kind == EntityKind.USER and isinstance(display_name, str) and display_name.strip():
        return display_name.strip()
    type_name = piece.attributes.get("type")
    if piece.kind == EntityKind.OTHER and isinstance(type_name, str) and type_name not in piece.name:
        return f"{type_name} {piece.name}"
    return defang(piece.name, piece.kind)


def is_critical(piece: Piece) -> bool:
    """Whether the organisation counts on it most."""
    return bool(piece.criticality)


def _add_ties(graph: Graph, ties: Sequence[Tie], step: Step) -> None:
    """The lines of an alert, and its number on one of them: the first that it brings, else the weightiest; one without
    direction only if it has no other."""
    numbered: Edge | None = None
    is_final = False
    for tie in sorted(ties, key=lambda tie: tie.relation in LOOSE):
        ends = (key_of(tie.source), key_of(tie.target))
        edge = graph.edges.get(ends)
        if edge is None and _is_told_by_another(tie, ends, graph):
            edge = graph.edges[ends[1], ends[0]]
        brings = edge is None
        if edge is None:
            edge = graph.edges[ends] = Edge(*ends, (tie.relation,), ())
        edge.relations = _with(edge.relations, tie.relation)
        edge.steps = _with(edge.steps, step.position)
        brings &= tie.relation not in LOOSE
        if numbered is None or (brings and not is_final):
            numbered, is_final = edge, brings
    if numbered is not None:
        numbered.labels = (*numbered.labels, step.position)


def _is_told_by_another(tie: Tie, ends: tuple[str, str], graph: Graph) -> bool:
    """Whether a loose tie lies between two things that are tied the other way round already."""
    return tie.relation in LOOSE and (ends[1], ends[0]) in graph.edges


def _with(known: tuple[Any, ...], new: Any) -> tuple[Any, ...]:
    return known if new in known else (*known, new)
