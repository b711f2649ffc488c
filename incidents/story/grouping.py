"""Keeping a story readable: like nodes become one, and what is too much is left out and named.

Up to GROUP_BEYOND nodes everything is drawn by itself, but for crowds: forty accounts that one address tried
say no more than one node of forty. Beyond it, things of one kind that are tied to the same others in the same way
become one node, at least three at a time: first those that are alike in everything, then those that share what they
hang on. If there are still too many, the ones that matter least are left out, and the story names how
many of which kind. Critical assets are never put into a group and never left out before others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from heapq import heappop, heappush

from alerts.choices import Verdict
from entities.choices import ASSET_KINDS
from incidents.story.parts import LOOSE, Edge, Graph, Node, Relation
from incidents.story.telling import GRAVITY
from incidents.what_happened.phrases import KIND_WORDS

GROUP_BEYOND = 60
MOST_NODES = 150
MOST_EDGES = 220
"""Lines beyond which a picture of so many nodes says nothing more, and takes too long to lay out."""
SMALLEST_GROUP = 3
CROWD = 7
"""Things alike in everything that are drawn as one even in a small picture."""
NAMES_OF_A_GROUP = 30


def readable(graph: Graph, beyond: int = GROUP_BEYOND, most: int = MOST_NODES, most_edges: int = MOST_EDGES) -> Graph:
    """The graph with as many nodes and lines as can be read."""
    graph = grouped(graph, _ties_and_verdict, CROWD)
    for alike in (_ties_and_verdict, _ties, _strongest_tie):
        if len(graph.nodes) > beyond:
            graph = grouped(graph, alike)
    return _without_the_least(graph, most, most_edges)


Likeness = Callable[[Graph], dict[str, Hashable]]
"""Says of each node what it is alike in; those of equal answers are one group."""


def _neighbours(graph: Graph) -> dict[str, list[tuple[str, bool, tuple[Relation, ...]]]]:
    """Of each node: at the other end of each of its lines, whether the line goes out, and what it tells."""
    found: dict[str, list[tuple[str, bool, tuple[Relation, ...]]]] = defaultdict(list)
    for (source, target), edge in graph.edges.items():
        found[source].append((target, True, edge.relations))
        found[target].append((source, False, edge.relations))
    return found


def _ties_and_verdict(graph: Graph) -> dict[str, Hashable]:
    neighbours = _neighbours(graph)
    return {
        key: (node.kind, node.verdict, bool(node.added), frozenset(neighbours[key]))
        for key, node in graph.nodes.items()
    }


def _ties(graph: Graph) -> dict[str, Hashable]:
    neighbours = _neighbours(graph)
    return {
        key: (node.kind, bool(node.added), frozenset((other, out) for other, out, _ in neighbours[key]))
        for key, node in graph.nodes.items()
    }


def _strongest_tie(graph: Graph) -> dict[str, Hashable]:
    """What a thing hangs on: of those it is tied to, the one with the most ties of its own."""
    neighbours = _neighbours(graph)
    return {
        key: (
            node.kind,
            bool(node.added),
            max((other for other, _, _ in neighbours[key]), key=lambda one: (len(neighbours[one]), one), default=None),
        )
        for key, node in graph.nodes.items()
    }


def grouped(graph: Graph, alike: Likeness, at_least: int = SMALLEST_GROUP) -> Graph:
    """Nodes that are alike as one; what hung on them hangs on the group."""
    families: dict[Hashable, list[Node]] = defaultdict(list)
    for key, likeness in alike(graph).items():
        if not graph.nodes[key].is_critical:
            families[likeness].append(graph.nodes[key])
    moved = {node.key: family[0].key for family in families.values() if len(family) >= at_least for node in family}
    by_leader: dict[str, list[Node]] = defaultdict(list)
    for key, node in graph.nodes.items():
        by_leader[moved.get(key, key)].append(node)
    nodes = {key: _one_of(family) if len(family) > 1 else family[0] for key, family in by_leader.items()}
    return Graph(nodes, _moved(graph.edges.values(), moved), graph.left_out, graph.lines_left_out)


def _one_of(family: list[Node]) -> Node:
    first = family[0]
    names = [name for node in family for name in (node.also if node.is_group else (node.name,))]
    members = tuple(member for node in family for member in node.members)
    return Node(
        key=first.key,
        kind=first.kind,
        name=f"{len(members):,} {KIND_WORDS[first.kind][len(members) > 1]}",
        verdict=max((node.verdict for node in family), key=GRAVITY.__getitem__),
        is_critical=False,
        steps=tuple(sorted({step for node in family for step in node.steps})),
        members=members,
        also=tuple(names[:NAMES_OF_A_GROUP]),
        added=tuple(dict.fromkeys(words for node in family for words in node.added)),
    )


def _moved(edges: Iterable[Edge], moved: dict[str, str]) -> dict[tuple[str, str], Edge]:
    """Lines between the nodes that are left; those that now lie within one node are no lines any more."""
    found: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        ends = (moved.get(edge.source, edge.source), moved.get(edge.target, edge.target))
        if ends[0] == ends[1]:
            continue
        known = found.get(ends)
        if known is None:
            found[ends] = Edge(*ends, edge.relations, edge.steps, edge.labels)
        else:
            known.relations = tuple(dict.fromkeys((*known.relations, *edge.relations)))
            known.steps = tuple(sorted({*known.steps, *edge.steps}))
            known.labels = tuple(sorted({*known.labels, *edge.labels}))
    return found


def _without_the_least(graph: Graph, most: int, most_edges: int) -> Graph:
    kept = _kept(graph, most)
    left_out = Counter(graph.left_out)
    for node in graph.nodes.values():
        if node.key not in kept:
            left_out[node.kind] += len(node.members)
    nodes = {key: node for key, node in graph.nodes.items() if key in kept}
    edges = [edge for edge in graph.edges.values() if edge.source in kept and edge.target in kept]
    weighty = sorted(edges, key=_weight_of_line, reverse=True)[:most_edges]
    chosen = {(edge.source, edge.target) for edge in weighty}
    shown = {(edge.source, edge.target): edge for edge in edges if (edge.source, edge.target) in chosen}
    return Graph(nodes, shown, dict(left_out), graph.lines_left_out + len(edges) - len(shown))


def _kept(graph: Graph, most: int) -> set[str]:
    """The keys of the weightiest nodes: critical assets, then always the weightiest that is tied to those chosen
    before, so that what is left hangs together."""
    if len(graph.nodes) <= most:
        return set(graph.nodes)
    rank = {key: (*_weight(node), place) for place, (key, node) in enumerate(graph.nodes.items())}
    neighbours = _neighbours(graph)
    by_weight = sorted(graph.nodes, key=rank.__getitem__)
    waiting = [(rank[key], key) for key in by_weight if graph.nodes[key].is_critical]
    rest = iter(by_weight)
    kept: set[str] = set()
    while len(kept) < most:
        key = heappop(waiting)[1] if waiting else next(rest)
        if key not in kept:
            kept.add(key)
            for other, _, _ in neighbours[key]:
                if other not in kept:
                    heappush(waiting, (rank[other], other))
    return kept


def _weight(node: Node) -> tuple[bool, int, bool, int]:
    """Lowest first: critical assets, then what was found bad, then assets, then what many alerts name."""
    worst = GRAVITY[node.verdict] if node.verdict in (Verdict.SUSPICIOUS, Verdict.MALICIOUS) else 0
    return not node.is_critical, -worst, node.kind not in ASSET_KINDS, -len(node.steps)


def _weight_of_line(edge: Edge) -> tuple[bool, bool, int, int]:
    return not LOOSE.issuperset(edge.relations), bool(edge.labels), len(edge.steps), -edge.steps[0] if edge.steps else 0
