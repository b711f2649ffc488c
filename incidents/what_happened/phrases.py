"""Parts of sentences: how things are named, counted and listed, and where an alert says that it happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from alerts.choices import EvidenceRole, Verdict
from common.defang import defang
from common.marks import day_and_time
from entities.choices import ASSET_KINDS, EntityKind
from incidents.rules import counted
from incidents.what_happened.facts import Alike, Piece, Sentence, Step, Target, Thing

LONGEST_NAME = 70
LONGEST_TITLE = 140
"""Characters of an entity's name and of an alert's title in a sentence; the whole of it is shown on hover."""
MOST_NAMED = 3
"""Things of one sort that a sentence names before it counts."""

KIND_WORDS: dict[EntityKind, tuple[str, str]] = {
    EntityKind.DEVICE: ("device", "devices"),
    EntityKind.USER: ("user", "users"),
    EntityKind.MAILBOX: ("mailbox", "mailboxes"),
    EntityKind.APPLICATION: ("app", "apps"),
    EntityKind.CLOUD_RESOURCE: ("cloud resource", "cloud resources"),
    EntityKind.IP: ("IP address", "IP addresses"),
    EntityKind.DOMAIN: ("domain", "domains"),
    EntityKind.URL: ("URL", "URLs"),
    EntityKind.FILE: ("file", "files"),
    EntityKind.PROCESS: ("process", "processes"),
    EntityKind.MAIL_MESSAGE: ("mail message", "mail messages"),
    EntityKind.MAIL_CLUSTER: ("mail cluster", "mail clusters"),
    EntityKind.REGISTRY_KEY: ("registry key", "registry keys"),
    EntityKind.REGISTRY_VALUE: ("registry value", "registry values"),
    EntityKind.SECURITY_GROUP: ("security group", "security groups"),
    EntityKind.MALWARE: ("malware family", "malware families"),
    EntityKind.CONTAINER: ("container", "containers"),
    EntityKind.OTHER: ("other entity", "other entities"),
}
MEANS = (
    EntityKind.FILE,
    EntityKind.MAIL_MESSAGE,
    EntityKind.URL,
    EntityKind.DOMAIN,
    EntityKind.MALWARE,
    EntityKind.PROCESS,
)
"""Kinds of evidence that say by what means something was done, the most telling first."""
COMING_FROM = frozenset({EvidenceRole.SOURCE, EvidenceRole.ATTACKER})
MISUSED = frozenset({EvidenceRole.COMPROMISED, EvidenceRole.ATTACKER, EvidenceRole.POLICY_VIOLATOR})


def scene(things: Sequence[Thing], *, with_means: bool) -> Sentence:
    """Where, with whom, from where and by what means, as far as an alert says so; begins with a space."""
    of = {kind: [thing for thing in things if thing.kind == kind] for kind in KIND_WORDS}
    mailboxes = {mailbox.name.casefold() for mailbox in of[EntityKind.MAILBOX]}
    users = [user for user in of[EntityKind.USER] if user.name.casefold() not in mailboxes]
    misused = any(MISUSED & user.roles for user in users)
    phrases = [
        _phrase(("on", "on"), of[EntityKind.DEVICE]),
        _phrase(("in the mailbox", "in the mailboxes"), of[EntityKind.MAILBOX]),
        _phrase(("with the account", "with the accounts") if misused else CONCERNING, users),
        _phrase(("through the app", "through the apps"), of[EntityKind.APPLICATION]),
        _phrase(("at the cloud resource", "at the cloud resources"), of[EntityKind.CLOUD_RESOURCE]),
    ]
    if with_means:
        addresses = of[EntityKind.IP]
        phrases += [
            _phrase(("from", "from"), [one for one in addresses if COMING_FROM & one.roles]),
            _phrase(CONTACT, [one for one in addresses if EvidenceRole.COMMAND_AND_CONTROL in one.roles]),
            _means(things),
        ]
    sentence: Sentence = []
    for phrase in filter(None, phrases):
        sentence += [Piece(", " if sentence else " "), *phrase]
    return sentence


CONCERNING = ("concerning the user", "concerning the users")
CONTACT = ("in contact with", "in contact with")


def _phrase(begin: tuple[str, str], things: Sequence[Thing]) -> Sentence:
    """“on FIN-WS-17”, “on FIN-WS-17 and DC-02”, “on FIN-WS-17 and 4 more devices”; `begin` for one, and for two."""
    if not things:
        return []
    sentence = [Piece(f"{begin[len(things) == 2]} "), piece_of(things[0])]
    if len(things) == 2:
        sentence += [Piece(" and "), piece_of(things[1])]
    elif len(things) > 2:
        sentence += [Piece(" and "), more_of(things[0].kind, len(things) - 1)]
    return sentence


def _means(things: Sequence[Thing]) -> Sentence:
    """“with the malicious file invoice.docm”: the most telling piece of evidence that looks bad."""
    bad = [one for one in things if one.kind in MEANS and one.verdict in (Verdict.MALICIOUS, Verdict.SUSPICIOUS)]
    if not bad:
        return []
    chosen = min(bad, key=lambda one: (one.verdict != Verdict.MALICIOUS, MEANS.index(one.kind), one.id))
    return [Piece(f"with the {chosen.verdict} {KIND_WORDS[chosen.kind][0]} "), *quoted(chosen)]


def quoted(thing: Thing) -> Sentence:
    """An entity by its name; a mail message's subject, which is words like ours, in quotation marks."""
    if thing.kind == EntityKind.MAIL_MESSAGE:
        return [Piece("“"), piece_of(thing), Piece("”")]
    return [piece_of(thing)]


def piece_of(thing: Thing) -> Piece:
    """An entity by its name, disarmed, with its place on the page."""
    whole = " ".join(defang(thing.name, thing.kind).split()) or "one without a name"
    text = shortened(whole, LONGEST_NAME)
    return Piece(text, Target(thing.kind, thing.id), whole if text != whole else "", is_foreign=True)


def name_of(name: str) -> Piece:
    """A name that has no place on the page: of a product, or of a person."""
    return Piece(shortened(name, LONGEST_NAME), is_foreign=True)


def title_of(step: Step) -> Sentence:
    """An alert by its title, quoted."""
    whole = " ".join(step.title.split()) or "an alert without a title"
    text = shortened(whole, LONGEST_TITLE)
    title = Piece(text, Target("alert", step.id), whole if text != whole else "", is_foreign=True)
    return [Piece("“"), title, Piece("”")]


def number_of(kind: EntityKind, number: int) -> Piece:
    """“5 devices”."""
    return Piece(counted(number, *KIND_WORDS[kind]), tab_of(kind))


def more_of(kind: EntityKind, number: int) -> Piece:
    """“5 more devices”."""
    one, many = KIND_WORDS[kind]
    return Piece(counted(number, f"more {one}", f"more {many}"), tab_of(kind))


def named(groups: Sequence[Alike]) -> Sentence:
    """The first few by name, the rest by number."""
    number = sum(one.count for one in groups)
    things = [thing for one in groups for thing in one.things][:MOST_NAMED]
    parts: list[Sentence] = [[piece_of(thing)] for thing in things]
    if number > len(things):
        parts.append([Piece(f"{number - len(things):,} more", tab_of(groups[0].kind))])
    return listed(parts)


def listed(parts: Sequence[Sentence]) -> Sentence:
    """“a, b and c”."""
    sentence: Sentence = []
    for position, part in enumerate(parts):
        if position:
            sentence.append(Piece(" and " if position == len(parts) - 1 else ", "))
        sentence += part
    return sentence


def begun(sentence: Sentence) -> Sentence:
    """With a capital letter where our own words begin it."""
    first, *rest = sentence
    return [first._replace(text=first.text[:1].upper() + first.text[1:]), *rest]


def counts_by_kind(groups: Iterable[Alike], kinds: Iterable[EntityKind]) -> dict[EntityKind, int]:
    """How many of each of these kinds there are; those of which there are none are left out."""
    counts = dict.fromkeys(kinds, 0)
    for one in groups:
        if one.kind in counts:
            counts[one.kind] += one.count
    return {kind: number for kind, number in counts.items() if number}


def telling(things: Sequence[Thing]) -> list[Thing]:
    """What says most first: means of the attack, then addresses, then assets."""
    others = [kind for kind in EntityKind if kind not in MEANS and kind not in ASSET_KINDS]
    order = [*MEANS, *others, *ASSET_KINDS]
    return sorted(things, key=lambda thing: order.index(thing.kind))


def tab_of(kind: EntityKind) -> Target:
    """The tab that lists entities of this kind."""
    return Target("assets" if kind in ASSET_KINDS else "evidence")


def shortened(text: str, most: int) -> str:
    """A text in one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def when(moment: datetime) -> str:
    """“28 Nov at 16:21”, in the zone of the person reading."""
    return day_and_time(moment).replace(", ", " at ")


def within(span: timedelta) -> str:
    """“within 33 hours”; to be read after what happened."""
    seconds = span.total_seconds()
    for size, from_, one, many in (
        (86_400, 2 * 86_400, "day", "days"),
        (3_600, 2 * 3_600, "hour", "hours"),
        (60, 60, "minute", "minutes"),
    ):
        if seconds >= from_:
            return f"within {counted(round(seconds / size), one, many)}"
    return "within a minute" if seconds else "at the same moment"


def are(number: int) -> str:
    return "is" if number == 1 else "are"
