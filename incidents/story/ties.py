"""What one alert ties: pure decisions, from the roles of its evidence and from what each kind of thing does.

The ties of an alert come in the order of their weight: who did it from where to what; then processes, what they wrote
and reached; then mail; at last, tied loosely to what the alert is about, whatever nothing else ties. So each thing that
an alert names hangs together with the others, and nothing is tied that no alert names together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from entities.choices import ASSET_KINDS, EntityKind
from incidents.story.deeds import changes, mails, network, stored
from incidents.story.facts import Facts
from incidents.story.parts import Piece, Relation, Step, Thing, Tie
from incidents.story.scene import Scene, scene_of

MOST_TIES_PER_ALERT = 400
MOST_PARTS = 150
"""Of an alert that names hundreds of accounts on hundreds of devices the rest is tied loosely."""

RUNNING = frozenset({Relation.RAN, Relation.STARTED})


class Teller:
    """Tells the alerts of an incident one after the other, and remembers who has been seen where."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._on: set[tuple[Thing, Thing]] = set()
        """Users and the devices or addresses they acted on or from before."""
        self._running = _Clusters()
        """Processes with those that started them and with their devices, in the alerts so far."""

    def ties_of(self, step: Step) -> list[Tie]:
        """What the alert ties, the weightiest first, each pair in one direction once."""
        pieces = [piece for piece in step.pieces if piece.entity not in self.facts.programs]
        scene = scene_of(pieces[:MOST_PARTS])
        found: dict[tuple[Thing, Thing], Tie] = {}
        for tie in islice(self._told(scene), MOST_TIES_PER_ALERT):
            source, target = (self.facts.addresses.get(end, end) for end in (tie.source, tie.target))
            if source != target:
                found.setdefault((source, target), Tie(source, target, tie.relation))
        return [*found.values(), *self._loose_ends(scene, pieces, found.values())]

    def _loose_ends(self, scene: Scene, pieces: list[Piece], ties: Iterable[Tie]) -> Iterator[Tie]:
        """Loose ties from what the alert is about to whatever does not hang together with it."""
        here = _Clusters()
        for tie in ties:
            if tie.relation in RUNNING:
                self._running.tie(tie.source, tie.target)
        for tie in ties:
            here.tie(self._running.of(tie.source), self._running.of(tie.target))
        anchor = _anchor(scene, pieces)
        for piece in pieces if anchor is not None else ():
            assert anchor is not None
            middle, thing = self._drawn(anchor), self._drawn(piece)
            ends = self._running.of(middle), self._running.of(thing)
            if here.of(ends[0]) != here.of(ends[1]):
                here.tie(*ends)
                yield Tie(middle, thing, Relation.SEEN_WITH)

    def _told(self, scene: Scene) -> Iterator[Tie]:
        if scene.sources:
            yield from self._from_somewhere(scene)
        else:
            yield from self._from_nowhere(scene)
        yield from changes(scene)
        yield from self._processes(scene)
        yield from mails(scene)
        yield from stored(scene, self.facts)
        yield from network(scene)
        for found in scene.malware:
            for carrier in scene.stored or scene.processes or scene.places:
                yield Tie(carrier.entity, found.entity, Relation.IDENTIFIED_AS)

    # ------------------------------------------------------------------------------------------ who, from where, what

    def _from_somewhere(self, scene: Scene) -> Iterator[Tie]:
        """From each source through the account that was used there for the first time, or straight from the source
        where the account has been at work before, to each target."""
        targets = [*scene.targets, *scene.victims]
        for source in scene.sources:
            here = {user.entity for user in scene.actors if self._is_on(user, source)}
            coming = [user for user in scene.actors if user.entity not in here]
            used = Relation.SIGNED_IN_AS if source.kind == EntityKind.IP else Relation.USED
            for user in coming:
                yield Tie(source.entity, user.entity, used)
                yield from self._acts(user, targets)
            if not coming:
                for target in targets:
                    is_user = target.kind == EntityKind.USER
                    yield Tie(source.entity, target.entity, Relation.ATTACKED if is_user else Relation.REACHED)
            for user in scene.actors:
                if user.entity in here:
                    yield Tie(user.entity, source.entity, Relation.ACTED_ON)
        yield from self._bystanders(scene)

    def _from_nowhere(self, scene: Scene) -> Iterator[Tie]:
        """Users on what it was done to; accounts that were attacked there."""
        for user in scene.actors:
            yield from self._acts(user, scene.targets)
        for victim in scene.victims if scene.actors and not scene.mails else ():
            for place in scene.places or scene.actors:
                yield Tie(place.entity, victim.entity, Relation.ATTACKED)
        yield from self._bystanders(scene)

    def _acts(self, user: Piece, targets: list[Piece]) -> Iterator[Tie]:
        for target in targets:
            if target.entity != user.entity:
                self._on.add((user.entity, target.entity))
                is_user = target.kind == EntityKind.USER
                yield Tie(user.entity, target.entity, Relation.ATTACKED if is_user else Relation.ACTED_ON)

    def _is_on(self, user: Piece, place: Piece) -> bool:
        return (user.entity, self._drawn(place)) in self._on

    def _drawn(self, piece: Piece) -> Thing:
        """What the piece is drawn as: an address of a device as the device."""
        return self.facts.addresses.get(piece.entity, piece.entity)

    def _bystanders(self, scene: Scene) -> Iterator[Tie]:
        """Who was signed in to a device, as it says itself; other users of whom nothing is said but that they were
        there: where they acted before, if that is among the devices."""
        users = (*scene.bystanders, *scene.victims, *scene.actors)
        for device in scene.devices:
            said = device.details.get("logged_on_users")
            signed_in = {_account(str(name)) for name in said} if isinstance(said, list) else set()
            for user in users:
                if _account(user.name) in signed_in or _account(user.key.partition(":")[2]) in signed_in:
                    yield Tie(user.entity, device.entity, Relation.SIGNED_IN_TO)
        nobody_acted = not (scene.mails or scene.actors or scene.sources)
        for user in (*scene.bystanders, *(scene.victims if nobody_acted else ())):
            places = [device for device in scene.devices if self._is_on(user, device)] or scene.places
            for place in places[:1]:
                yield Tie(user.entity, place.entity, Relation.SEEN_WITH)

    def _processes(self, scene: Scene) -> Iterator[Tie]:
        """Each process hangs on the one that started it, else on its device, else on who ran it."""
        for process in scene.processes:
            parent = self.facts.parent_of(process)
            if parent is not None:
                yield Tie(parent, process.entity, Relation.STARTED)
                continue
            device = self.facts.device_of(process)
            if device is None:
                places = scene.places or scene.actors
                device = places[0].entity if places else None
            if device is not None:
                yield Tie(device, process.entity, Relation.RAN)


def _account(name: str) -> str:
    """The bare account of DOMAIN\\jo and jo@domain."""
    return name.rpartition("\\")[2].partition("@")[0].casefold()


# ---------------------------------------------------------------------------------------------- what nothing else ties


def _anchor(scene: Scene, pieces: list[Piece]) -> Piece | None:
    """What the alert is about: the place, the account, the mail, the first asset, the first thing it names."""
    weighty = (*scene.places, *scene.actors, *scene.victims, *scene.mails, *scene.targets, *scene.sources)
    assets = [piece for piece in pieces if piece.kind in ASSET_KINDS]
    return next(iter((*weighty, *assets, *pieces)), None)


class _Clusters:
    """Which things hang together, whichever way their ties point."""

    def __init__(self) -> None:
        self._above: dict[Thing, Thing] = {}

    def of(self, thing: Thing) -> Thing:
        """The same thing for all that hang together."""
        above = self._above
        while thing in above:
            above[thing] = above.get(above[thing], above[thing])
            thing = above[thing]
        return thing

    def tie(self, one: Thing, other: Thing) -> None:
        first, second = self.of(one), self.of(other)
        if first != second:
            self._above[second] = first
