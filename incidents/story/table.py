"""The twin of the picture in words: a row for each thing in it, and one for each line."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.text import capfirst

from alerts.choices import Verdict
from entities.choices import EntityKind
from incidents.story.drawing import added_in_words, steps_in_words
from incidents.story.parts import Edge, Graph
from incidents.story.shapes import visible

MOST_ALERTS = 2**31
"""More than an incident has."""


@dataclass(frozen=True, slots=True)
class ThingRow:
    """A node: an asset, a piece of evidence, or several that are alike."""

    node: str
    """Its key in the graph."""
    kind: EntityKind
    name: str
    also: str
    is_critical: bool
    verdict: Verdict
    added: str
    """Who added it by hand, in words."""
    steps: str
    """The alerts that name it, in words."""


@dataclass(frozen=True, slots=True)
class TieRow:
    """A line."""

    source: str
    relation: str
    target: str
    steps: str


def things(graph: Graph) -> list[ThingRow]:
    """Each node as a row."""
    return [
        ThingRow(
            node=key,
            kind=node.kind,
            name=node.name,
            also=", ".join(node.also) + (" …" if node.is_group and len(node.members) > len(node.also) else ""),
            is_critical=node.is_critical,
            verdict=node.verdict,
            added=visible(capfirst(added_in_words(node))) if node.added else "",
            steps=capfirst(steps_in_words(node.steps)),
        )
        for key, node in graph.nodes.items()
    ]


def ties(graph: Graph) -> list[TieRow]:
    """Each line as a row, in the order in which the alerts bring them up, then what people added."""
    ordered: list[Edge] = sorted(graph.edges.values(), key=lambda edge: edge.steps[0] if edge.steps else MOST_ALERTS)
    return [
        TieRow(
            graph.nodes[edge.source].name,
            edge.words,
            graph.nodes[edge.target].name,
            capfirst(steps_in_words(edge.steps)),
        )
        for edge in ordered
    ]
