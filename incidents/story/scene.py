"""One alert as a scene: who acted from where on what, as far as the roles of its evidence say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from alerts.choices import EvidenceRole
from entities.choices import EntityKind
from incidents.story.parts import Piece

FROM = frozenset({EvidenceRole.SOURCE})
TO = frozenset({EvidenceRole.DESTINATION, EvidenceRole.COMMAND_AND_CONTROL})
ACTING = frozenset({EvidenceRole.COMPROMISED, EvidenceRole.ATTACKER, EvidenceRole.SOURCE})
CHANGED = frozenset({EvidenceRole.ADDED, EvidenceRole.EDITED, EvidenceRole.CREATED})
NETWORK = (EntityKind.IP, EntityKind.DOMAIN, EntityKind.URL)
STORED = (EntityKind.FILE, EntityKind.REGISTRY_KEY, EntityKind.REGISTRY_VALUE)
HELD = (EntityKind.MAILBOX, EntityKind.APPLICATION, EntityKind.CLOUD_RESOURCE, EntityKind.CONTAINER)


@dataclass(slots=True)
class Scene:
    """The evidence of one alert, sorted by the parts that they play in it."""

    sources: list[Piece] = field(default_factory=list)
    """Devices and addresses from which it was done."""
    actors: list[Piece] = field(default_factory=list)
    """Users who did it, or in whose name it was done."""
    victims: list[Piece] = field(default_factory=list)
    """Users to whom it was done."""
    bystanders: list[Piece] = field(default_factory=list)
    targets: list[Piece] = field(default_factory=list)
    """Assets to which it was done, or where it was seen."""
    devices: list[Piece] = field(default_factory=list)
    processes: list[Piece] = field(default_factory=list)
    stored: list[Piece] = field(default_factory=list)
    """Files, registry keys and values."""
    network: list[Piece] = field(default_factory=list)
    """Addresses, domains and URLs that were reached, or of which the alert does not say."""
    mails: list[Piece] = field(default_factory=list)
    mailboxes: list[Piece] = field(default_factory=list)
    changed: list[Piece] = field(default_factory=list)
    """Users, groups and other things that were created, added or edited."""
    malware: list[Piece] = field(default_factory=list)

    @property
    def places(self) -> list[Piece]:
        """Devices where it happened: not those from which others were reached, unless there are no others."""
        from_here = {piece.entity for piece in self.sources}
        return [piece for piece in self.devices if piece.entity not in from_here] or self.devices


def scene_of(pieces: Sequence[Piece]) -> Scene:
    """Sort the evidence of an alert."""
    scene = Scene()
    users = []
    for piece in pieces:
        end = _end(piece)
        if piece.kind == EntityKind.DEVICE:
            scene.devices.append(piece)
            (scene.sources if end == "from" else scene.targets).append(piece)
        elif piece.kind == EntityKind.USER:
            users.append(piece)
        elif piece.kind == EntityKind.PROCESS:
            scene.processes.append(piece)
        elif piece.kind in STORED:
            scene.stored.append(piece)
        elif piece.kind in NETWORK:
            (scene.sources if end == "from" and piece.kind == EntityKind.IP else scene.network).append(piece)
        elif piece.kind == EntityKind.MAIL_MESSAGE:
            scene.mails.append(piece)
        elif piece.kind == EntityKind.MALWARE:
            scene.malware.append(piece)
        elif piece.kind in HELD:
            scene.targets.append(piece)
            if piece.kind == EntityKind.MAILBOX:
                scene.mailboxes.append(piece)
        elif piece.roles & CHANGED:
            scene.changed.append(piece)
    _cast(users, scene)
    if scene.mails:
        _by_mail(scene)
    elif not scene.devices and not scene.sources:
        _signed_in_from(scene)
    return scene


def _end(piece: Piece) -> str:
    """Whether it went out "from" here or "to" here; what is neither plain stays ""."""
    if piece.roles & FROM:
        return "from"
    if piece.roles & TO:
        return "to"
    if EvidenceRole.ATTACKER in piece.roles:
        return "from"
    return "to" if EvidenceRole.ATTACKED in piece.roles else ""


def _cast(users: Sequence[Piece], scene: Scene) -> None:
    """Who of the users acted. Where nobody is said to have, those did of whom nothing else is said."""
    acting = [user for user in users if user.roles & ACTING]
    for user in users:
        if user.roles & ACTING:
            scene.actors.append(user)
        elif user.roles & CHANGED:
            scene.changed.append(user)
        elif EvidenceRole.ATTACKED in user.roles:
            scene.victims.append(user)
        elif acting or EvidenceRole.CONTEXTUAL in user.roles:
            scene.bystanders.append(user)
        else:
            scene.actors.append(user)


def _by_mail(scene: Scene) -> None:
    """Addresses and mailboxes of an alert about mail are its ends, not places where somebody acted."""
    scene.network += [piece for piece in scene.sources if piece.kind in NETWORK]
    scene.sources = [piece for piece in scene.sources if piece.kind not in NETWORK]
    scene.targets = [piece for piece in scene.targets if piece.kind != EntityKind.MAILBOX]


def _signed_in_from(scene: Scene) -> None:
    """A user and an address with no role and no device between them: the user came from the address."""
    if scene.actors or scene.victims:
        came_from = [piece for piece in scene.network if piece.kind == EntityKind.IP and not _end(piece)]
        scene.sources += came_from
        scene.network = [piece for piece in scene.network if piece not in came_from]
