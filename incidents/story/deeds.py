"""What each kind of thing does in an alert, beside who did it from where: accounts, files, registry, network, mail."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.choices import EvidenceRole
from entities.choices import EntityKind
from incidents.story.facts import Facts, is_program_of, mentions
from incidents.story.parts import Piece, Relation, Tie
from incidents.story.scene import CHANGED, Scene


def changes(scene: Scene) -> Iterator[Tie]:
    """Accounts, groups and other things that were created, added or edited."""
    groups = [piece for piece in scene.changed if piece.kind == EntityKind.SECURITY_GROUP]
    users = [piece for piece in scene.changed if piece.kind == EntityKind.USER]
    others = [piece for piece in scene.changed if piece not in groups and piece not in users]
    by = [piece for piece in (*scene.actors, *scene.places) if piece not in scene.changed][:1]
    for group in groups:
        for actor in by:
            yield Tie(actor.entity, group.entity, Relation.CHANGED)
        for user in users:
            yield Tie(user.entity, group.entity, Relation.ADDED_TO)
    for thing in (*others, *(() if groups else users)):
        for actor in by:
            is_new = EvidenceRole.CREATED in thing.roles
            yield Tie(actor.entity, thing.entity, Relation.CREATED if is_new else Relation.CHANGED)


def stored(scene: Scene, facts: Facts) -> Iterator[Tie]:
    """Files and registry: written by the process that names them, or opened by it; without such a process, seen where
    the alert happened."""
    for piece in scene.stored:
        is_new = bool(piece.roles & CHANGED)
        running = [process for process in scene.processes if is_program_of(piece, process)]
        naming = [process for process in scene.processes if process not in running and mentions(process, piece)]
        for process in running:
            yield Tie(piece.entity, process.entity, Relation.RAN_AS)
        if is_new and EvidenceRole.LOADED in piece.roles and naming:
            yield from _written_and_loaded(piece, naming, scene, facts)
        elif naming:
            for process in naming:
                if is_new or piece.kind != EntityKind.FILE:
                    yield Tie(process.entity, piece.entity, Relation.CREATED)
                else:
                    yield Tie(piece.entity, process.entity, Relation.OPENED_BY)
        elif running:
            continue
        elif len(scene.processes) == 1 and (is_new or piece.kind != EntityKind.FILE):
            yield Tie(scene.processes[0].entity, piece.entity, Relation.CREATED)
        elif not scene.mails:
            place = facts.device_of(piece) or next((device.entity for device in scene.places), None)
            if place is not None:
                yield Tie(place, piece.entity, Relation.CREATED if is_new else Relation.SEEN_WITH)


def _written_and_loaded(piece: Piece, naming: list[Piece], scene: Scene, facts: Facts) -> Iterator[Tie]:
    """A file written and loaded in one alert: whoever started the process that loads it wrote it."""
    present = {process.entity for process in scene.processes}
    for process in naming:
        parent = facts.parent_of(process)
        if parent in present and parent is not None:
            yield Tie(parent, piece.entity, Relation.CREATED)
        yield Tie(piece.entity, process.entity, Relation.OPENED_BY)


def network(scene: Scene) -> Iterator[Tie]:
    """What was reached in the network: by the only process of the alert, else from where the alert happened. Names go
    with the address they were reached by."""
    if scene.mails:
        return
    by = scene.processes if len(scene.processes) == 1 else scene.sources or scene.places or scene.actors
    addresses = [piece for piece in scene.network if piece.kind == EntityKind.IP]
    names = [piece for piece in scene.network if piece.kind != EntityKind.IP]
    for address in addresses:
        for actor in by:
            told = EvidenceRole.DESTINATION in address.roles or EvidenceRole.COMMAND_AND_CONTROL in address.roles
            yield Tie(actor.entity, address.entity, Relation.CONNECTED if told else Relation.SEEN_WITH)
    domains = [piece for piece in names if piece.kind == EntityKind.DOMAIN]
    for name in names:
        host = next((each for each in domains if each is not name and f"//{each.name.casefold()}" in name.key), None)
        if host is not None:
            yield Tie(host.entity, name.entity, Relation.NAMED)
        elif len(addresses) == 1:
            yield Tie(addresses[0].entity, name.entity, Relation.NAMED)
        else:
            for actor in by[:1]:
                yield Tie(actor.entity, name.entity, Relation.SEEN_WITH)


def mails(scene: Scene) -> Iterator[Tie]:
    """From the sender through the message to mailbox and person; what it carried."""
    for mail in scene.mails:
        sender, recipient = (str(mail.details.get(end) or "").casefold() for end in ("sender", "recipient"))
        for piece in (*scene.sources, *scene.network, *scene.mailboxes, *scene.actors):
            if _sent(piece, sender, str(mail.details.get("sender_ip") or "")):
                yield Tie(piece.entity, mail.entity, Relation.SENT)
        boxes = [box for box in scene.mailboxes if box.name.casefold() != sender]
        named = [box for box in boxes if recipient and recipient in box.key]
        for box in named or boxes:
            yield Tie(mail.entity, box.entity, Relation.DELIVERED)
        if not boxes:
            for user in (*scene.victims, *(one for one in scene.actors if one.name.casefold() != sender)):
                yield Tie(mail.entity, user.entity, Relation.DELIVERED)
        for piece in (*scene.stored, *(one for one in scene.network if one.kind == EntityKind.URL)):
            yield Tie(mail.entity, piece.entity, Relation.CARRIED)
    users = [*scene.victims, *scene.actors]
    for box in scene.mailboxes if scene.mails else ():
        for user in users:
            if _same_name(user, box) or len(users) == len(scene.mailboxes) == 1:
                yield Tie(box.entity, user.entity, Relation.MAILBOX_OF)


def _sent(piece: Piece, sender: str, sender_ip: str) -> bool:
    """Whether the mail came from this address, domain, mailbox or user."""
    if piece.kind == EntityKind.IP:
        return EvidenceRole.SOURCE in piece.roles or piece.name == sender_ip
    if piece.kind == EntityKind.DOMAIN:
        return sender.endswith((f"@{piece.name.casefold()}", f".{piece.name.casefold()}"))
    if piece.kind in (EntityKind.MAILBOX, EntityKind.USER):
        return bool(sender) and sender in piece.key
    return False


def _same_name(user: Piece, mailbox: Piece) -> bool:
    """Whether a user signs in by the address of the mailbox."""
    return (
        user.key.partition(":")[2] == mailbox.key.partition(":")[2] or user.name.casefold() == mailbox.name.casefold()
    )
