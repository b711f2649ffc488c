"""What the alerts of an incident say of its things beyond each single alert: which device something exists on, which
process started which, what is only another name of something else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.choices import Verdict
from entities.choices import EntityKind
from entities.identity import place_of
from entities.spelling import last_part
from incidents.story.parts import Piece, Step, Thing


@dataclass(slots=True)
class Facts:
    """What holds for the whole incident."""

    devices: Mapping[str, Thing] = field(default_factory=dict)
    """Every name of its devices, as identifiers spell them, and the device it leads to."""
    addresses: dict[Thing, Thing] = field(default_factory=dict)
    """IP addresses that are a device's own, and the device."""
    programs: set[Thing] = field(default_factory=set)
    """Files of which nothing is known but that a process runs from them."""
    processes: dict[tuple[Thing | str, int], list[Piece]] = field(default_factory=dict)
    """Processes by where they run and their number, which the system gives again and again."""

    def device_of(self, piece: Piece) -> Thing | None:
        """The device that a thing exists on, where its own name says it."""
        return self.devices.get(place_of(piece.key))

    def place_of(self, piece: Piece) -> Thing | str:
        """Where a thing exists: its device; or whatever else its name says, to be compared only."""
        return self.device_of(piece) or place_of(piece.key)

    def parent_of(self, child: Piece) -> Thing | None:
        """The process that started this one: the right number, on the same device, not younger, of the same program."""
        number = child.details.get("parent_pid")
        if not isinstance(number, int):
            return None
        candidates = self.processes.get((self.place_of(child), number), ())
        fitting = [one for one in candidates if one.entity != child.entity and _may_have_started(one, child)]
        return max(fitting, key=_created).entity if fitting else None


def facts_of(steps: Sequence[Step], devices: Mapping[str, Thing]) -> Facts:
    """Gather what the steps say; `devices` gives the names of devices."""
    present = {piece.entity for piece in _all(steps)}
    names = {name: device for name, device in devices.items() if device in present}
    facts = Facts(names, addresses=_own_addresses(steps), programs=_mere_programs(steps))
    seen: set[Thing] = set()
    for piece in _all(steps):
        number = piece.details.get("pid")
        if piece.kind == EntityKind.PROCESS and isinstance(number, int) and piece.entity not in seen:
            seen.add(piece.entity)
            facts.processes.setdefault((facts.place_of(piece), number), []).append(piece)
    return facts


def _all(steps: Sequence[Step]) -> Iterable[Piece]:
    return (piece for step in steps for piece in step.pieces)


def _own_addresses(steps: Sequence[Step]) -> dict[Thing, Thing]:
    """IP addresses that exactly one device of the incident says are its own: drawn as the device."""
    holders: dict[str, set[Thing]] = defaultdict(set)
    for piece in _all(steps):
        own = piece.attributes.get("ip_addresses")
        if piece.kind == EntityKind.DEVICE and isinstance(own, list):
            for address in own:
                holders[str(address)].add(piece.entity)
    found = {}
    for piece in _all(steps):
        holding = holders.get(piece.name, set()) if piece.kind == EntityKind.IP else set()
        if len(holding) == 1:
            found[piece.entity] = next(iter(holding))
    return found


def _mere_programs(steps: Sequence[Step]) -> set[Thing]:
    """Files that are the program of a process wherever they are named, without a finding or a part of their own."""
    mere: set[Thing] = set()
    more: set[Thing] = set()
    for step in steps:
        processes = [piece for piece in step.pieces if piece.kind == EntityKind.PROCESS]
        running = {_folded_name(process.details.get("image")) for process in processes}
        for piece in step.pieces:
            if piece.kind == EntityKind.FILE:
                plain = piece.verdict == Verdict.UNKNOWN and not piece.roles and _folded_name(piece.name) in running
                (mere if plain else more).add(piece.entity)
    return mere - more


def _folded_name(path: object) -> str:
    return last_part(path).casefold() if isinstance(path, str) else "\0"


def _created(process: Piece) -> str:
    """When it was created; times of one form, so that their texts compare as they do."""
    created = process.details.get("created_at")
    return created if isinstance(created, str) else ""


def _may_have_started(parent: Piece, child: Piece) -> bool:
    said = child.details.get("parent_created_at")
    if _created(parent) and said and _created(parent) != said:
        return False
    if _created(parent) and _created(child) and _created(parent) > _created(child):
        return False
    image, said_image = parent.details.get("image"), child.details.get("parent_image")
    return not image or not said_image or _folded_name(image) == _folded_name(said_image)


def is_program_of(file: Piece, process: Piece) -> bool:
    """Whether the process runs from the file, by its name."""
    return file.kind == EntityKind.FILE and _folded_name(process.details.get("image")) == _folded_name(file.name)


def mentions(process: Piece, piece: Piece) -> bool:
    """Whether a process's command line names the thing: its file, or the last part of its key."""
    line = process.details.get("command_line")
    name = last_part(piece.name).casefold()
    if not isinstance(line, str) or len(name) < SHORTEST_NAME:
        return False
    said = line[:LONGEST_LINE].casefold()
    return name in said and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


SHORTEST_NAME = 4
"""Characters of a name that a command line may name by chance no more."""
LONGEST_LINE = 4_000
"""Characters of a command line that are looked through."""
