"""What people added to the incident by hand, drawn into the story that the alerts tell.

No alert names it, so nothing is claimed of what it did. It is tied, loosely, to what its note names and to what it
visibly goes with (the device that has the address, the domain of the URL); where nothing of that is in the story, to
the asset that most alerts tell of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from common.defang import defang
from entities.choices import ASSET_KINDS, EntityKind
from incidents.story.facts import SHORTEST_NAME
from incidents.story.parts import Edge, Graph, Node, Piece, Relation, Step
from incidents.story.telling import GRAVITY, is_critical, key_of, name_of

LONGEST_NOTE = 80
"""Characters of a note that stand in a description; the Evidence tab has all of it."""


@dataclass(frozen=True, slots=True)
class Added:
    """A thing that somebody added to the incident, and what they noted."""

    piece: Piece
    by: str
    note: str = ""

    @property
    def words(self) -> str:
        """Who added it, and how the note begins."""
        note = " ".join(self.note.split())
        return f"{self.by}: {note[:LONGEST_NOTE]}{'…' * (len(note) > LONGEST_NOTE)}" if note else self.by


def with_added(graph: Graph, added: Sequence[Added], steps: Iterable[Step], hidden: Iterable[EntityKind] = ()) -> Graph:
    """The graph with what people added, but for the kinds that are hidden; what an alert names as well is marked."""
    left_away = frozenset(hidden)
    shown = [each for each in added if each.piece.kind not in left_away]
    told = {piece.entity: piece for step in steps for piece in step.pieces if key_of(piece.entity) in graph.nodes}
    pieces = told | {each.piece.entity: each.piece for each in shown}
    hub = _hub(graph)
    for each in shown:
        _add(graph, each)
    for each in shown:
        thing = each.piece.entity
        noted = [other for other, piece in pieces.items() if other != thing and names(each.note, piece)]
        owners = [other for other, piece in pieces.items() if other != thing and _belongs(each.piece, to=piece)]
        owned = [other for other, piece in pieces.items() if other != thing and _belongs(piece, to=each.piece)]
        for other in noted:
            _tie(graph, key_of(other), key_of(thing), Relation.NOTED)
        for source, target in [(owner, thing) for owner in owners] + [(thing, other) for other in owned]:
            _tie(graph, key_of(source), key_of(target), Relation.NAMED)
        if hub and not (noted or owners or owned or graph.nodes[key_of(thing)].steps):
            _tie(graph, hub, key_of(thing), Relation.ADDED)
    return graph


def _add(graph: Graph, added: Added) -> None:
    piece, key = added.piece, key_of(added.piece.entity)
    node = graph.nodes.get(key)
    if node is None:
        name = name_of(piece)
        node = graph.nodes[key] = Node(key, piece.kind, name, piece.verdict, False, (), (piece.entity,))
    node.verdict = max(node.verdict, piece.verdict, key=GRAVITY.__getitem__)
    node.is_critical |= is_critical(piece)
    node.added = tuple(dict.fromkeys((*node.added, added.words)))


def _tie(graph: Graph, source: str, target: str, relation: Relation) -> None:
    """A loose line; what is tied already, by alerts or the other way round, stays as it is."""
    if (source, target) not in graph.edges and (target, source) not in graph.edges:
        graph.edges[source, target] = Edge(source, target, (relation,), ())


def _hub(graph: Graph) -> str:
    """What most alerts tell of: an asset, if there is one."""
    assets = [node for node in graph.nodes.values() if node.kind in ASSET_KINDS]
    weighty = max(assets or graph.nodes.values(), key=lambda node: len(node.steps), default=None)
    return weighty.key if weighty else ""


def names(note: str, piece: Piece) -> bool:
    """Whether a note names the thing: as it is called, disarmed or not, or a device by the first part of its name."""
    said = note.casefold()
    words = {piece.name, defang(piece.name, piece.kind)}
    if piece.kind == EntityKind.DEVICE:
        words.add(piece.name.partition(".")[0])
    return any(_says(said, word.casefold()) for word in words if len(word) >= SHORTEST_NAME)


def _says(note: str, word: str) -> bool:
    return word in note and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", note) is not None


def _belongs(piece: Piece, to: Piece) -> bool:
    """Whether the things themselves say so: an address of a device, a URL of a domain, the mailbox of a user."""
    if piece.kind == EntityKind.IP and to.kind == EntityKind.DEVICE:
        own = to.attributes.get("ip_addresses")
        return isinstance(own, list) and piece.name in map(str, own)
    if piece.kind == EntityKind.URL and to.kind in (EntityKind.DOMAIN, EntityKind.IP):
        return _host(piece.name) == to.name.casefold()
    if piece.kind == EntityKind.MAILBOX and to.kind == EntityKind.USER:
        return piece.name.casefold() in (to.name.casefold(), to.key.rpartition(":")[2].casefold())
    return False


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").casefold()
    except ValueError:
        return ""
