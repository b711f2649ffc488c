"""Pure decisions about incidents: which changes of status are allowed, what the system calls an incident, and how much
it presses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from alerts.choices import Severity, Tactic
from alerts.rules import in_order_of_attack
from common.errors import Refused
from entities.choices import Criticality, EntityKind
from incidents.choices import OPEN_STATUSES, IncidentStatus

NOT_SEEN = "It does not exist, or you may not see it any more."
LONGEST_NOTE = 30_000
"""Characters of a comment or a resolution note."""

MORNING = time(8)
MOST_TAGS = 50
"""On one incident."""

TRANSITIONS: dict[IncidentStatus, tuple[IncidentStatus, ...]] = {
    IncidentStatus.ACTIVE: (IncidentStatus.IN_PROGRESS, IncidentStatus.RESOLVED),
    IncidentStatus.IN_PROGRESS: (IncidentStatus.ACTIVE, IncidentStatus.RESOLVED),
    IncidentStatus.RESOLVED: OPEN_STATUSES,
    IncidentStatus.REDIRECTED: (),
}


def check_transition(old: IncidentStatus, new: IncidentStatus) -> None:
    """Raises Refused unless an incident may go from `old` to `new` by a person's or rule's act."""
    if new not in TRANSITIONS[old]:
        problem = f"An incident that is {old.label.lower()} cannot become {new.label.lower()}."
        if old == IncidentStatus.REDIRECTED:
            problem = "This incident was merged into another one; work on that one."
        raise Refused(problem, field="status")


def check_text(text: str, field: str) -> str:
    """A comment or note without the space around it; Refused when nothing is left or it is too long."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Refused("Write something first.", field=field)
    if len(text) > LONGEST_NOTE:
        raise Refused(
            f"The text has {len(text):,} characters; {LONGEST_NOTE:,} are allowed. Shorten or split it.", field=field
        )
    if "\x00" in text:
        raise Refused("The text holds a NUL character, which cannot be stored; remove it.", field=field)
    return text


MOST_JUDGED = 500
"""Pieces of evidence in one act: it is one transaction, and the incident stays locked until it ends."""
MOST_ADDED = 200
"""Entities that are added to the evidence by hand at once."""
LONGEST_EVIDENCE_NOTE = 2_000


def check_note(text: str) -> str:
    """A note beside evidence added by hand, which may be empty; Refused when it is too long."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_EVIDENCE_NOTE:
        raise Refused(
            f"The note has {len(text):,} characters; {LONGEST_EVIDENCE_NOTE:,} are allowed. Shorten it, or write a "
            "comment.",
            field="note",
        )
    return text


LONGEST_REASON = 1_000


def check_reason(reason: str, *, required: bool = False) -> str:
    """Why something is done, without the space around it; Refused when it is too long, or is asked for and missing."""
    if not reason.strip() and not required:
        return ""
    reason = check_text(reason, "reason")
    if len(reason) > LONGEST_REASON:
        raise Refused(
            f"The reason has {len(reason):,} characters; {LONGEST_REASON:,} are allowed. Shorten it.", field="reason"
        )
    return reason


LONGEST_SNOOZE = timedelta(days=366)

SNOOZES: dict[str, str] = {
    "1h": "1 hour",
    "4h": "4 hours",
    "tomorrow": "Tomorrow, 08:00",
    "monday": "Next Monday, 08:00",
}
"""The usual times to snooze until."""


def check_snooze(status: IncidentStatus, until: datetime, now: datetime) -> None:
    """Raises Refused unless an incident of this status may be snoozed until then."""
    if status not in OPEN_STATUSES:
        raise Refused(f"Only an open incident can be snoozed; this one is {status.label.lower()}.", field="until")
    if until <= now:
        raise Refused("This time has passed already; choose a later one.", field="until")
    if until > now + LONGEST_SNOOZE:
        raise Refused("A snooze lasts a year at most; choose an earlier time.", field="until")


def snooze_until(word: str, now: datetime) -> datetime:
    """When one of SNOOZES ends, from now in the person's own zone. Mornings are theirs, summer time or not."""
    if word == "1h":
        return now + timedelta(hours=1)
    if word == "4h":
        return now + timedelta(hours=4)
    days = 1 if word == "tomorrow" else 7 - now.weekday()
    return datetime.combine(now.date() + timedelta(days=days), MORNING, tzinfo=now.tzinfo)


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What an automatic name is made of."""

    titles: Sequence[str]
    """Distinct alert titles, the first alert's first; two are enough."""
    categories: Sequence[str]
    asset_counts: dict[str, int]
    """Kind of asset → how many."""
    sources: int
    """How many products reported."""


def automatic_name(facts: NameFacts) -> str:
    """The system's name for an incident: kind, extent, source.

    | alerts | name |
    |---|---|
    | of one kind | the alert's title, with the extent |
    | of several kinds, two or more categories | Multi-stage incident involving the first & the last category |
    | of several kinds, one category | that category's incident |
    | of several kinds, no category | the first title and others |
    """
    categories = in_order_of_attack(facts.categories)
    if len(facts.titles) == 1:
        subject, verb = facts.titles[0], "involving"
    elif len(categories) > 1:
        subject, verb = f"Multi-stage incident involving {categories[0]} & {categories[-1]}", "with"
    elif categories:
        subject, verb = f"{categories[0]} incident", "involving"
    else:
        subject, verb = f"{facts.titles[0]} and other alerts", "involving"
    reported = " reported by multiple sources" if facts.sources > 1 else ""
    name = subject + _extent(facts.asset_counts, verb) + reported
    return name if len(name) <= 500 else name[:499] + "…"


def _extent(asset_counts: dict[str, int], verb: str) -> str:
    devices = asset_counts.get(EntityKind.DEVICE, 0)
    others = [
        counted(asset_counts.get(kind, 0), one, many)
        for kind, one, many in (
            (EntityKind.USER, "user", "users"),
            (EntityKind.MAILBOX, "mailbox", "mailboxes"),
            (EntityKind.APPLICATION, "app", "apps"),
            (EntityKind.CLOUD_RESOURCE, "cloud resource", "cloud resources"),
        )
        if asset_counts.get(kind, 0)
    ][:1]
    if devices:
        endpoints = " on " + counted(devices, "endpoint", "endpoints")
        return endpoints + (f" and {others[0]}" if others else "")
    return f" {verb} {others[0]}" if others else ""


def counted(number: int, one: str, many: str) -> str:
    return f"one {one}" if number == 1 else f"{number:,} {many}"


Factor = tuple[str, int, str | int]
"""What counts towards a priority: which of FACTORS, its points, and what was found."""

TOP_PRIORITY = 100
HIGH_PRIORITY, MEDIUM_PRIORITY = 86, 15
"""The bands' lower ends: above 85 is red, from 15 to 85 orange, below 15 grey."""

SEVERITY_POINTS = {Severity.INFORMATIONAL: 2, Severity.LOW: 12, Severity.MEDIUM: 28, Severity.HIGH: 45}
CRITICALITY_POINTS: dict[str, int] = {
    Criticality.VERY_HIGH: 20,
    Criticality.HIGH: 14,
    Criticality.MEDIUM: 7,
    Criticality.LOW: 3,
}
ATTACK_POINTS = 15
TACTIC_POINTS = (0, 0, 5, 9, 12, 15)
"""By how many tactics are covered; the last goes for more."""
KIND_POINTS = (0, 0, 4, 7, 10)
"""By how many kinds of alerts there are; the last goes for more."""
RARITY_POINTS = ((0, 8), (9, 6), (99, 3))
"""An alert kind that came at most so often in 30 days gives so many points."""
WAITING_POINTS = ((timedelta(hours=24), 8), (timedelta(hours=4), 5), (timedelta(hours=1), 2))
"""Open and without an owner for so long."""

FACTORS = {
    "severity": "{detail} severity",
    "assets": "An asset of {detail} criticality is involved",
    "attack": "Type of attack: {detail}",
    "tactics": "{detail} tactics of the kill chain are covered",
    "kinds": "{detail} kinds of alerts",
    "rarity": "An alert kind {detail} in 30 days",
    "waiting": "Nobody has taken it on for more than {detail}",
}


@dataclass(frozen=True, slots=True)
class PriorityFacts:
    """What an incident's alerts, assets and tags add to its priority."""

    criticality: str = ""
    """The highest among its assets: a key of CRITICALITY_POINTS, or nothing."""
    attacks: Sequence[str] = ()
    """Names of its attack type tags."""
    tactics: int = 0
    """Different ATT&CK tactics among its alerts' categories."""
    kinds: int = 1
    """Different titles among its alerts."""
    rarest: int | None = None
    """How often the rarest of these kinds came in the last 30 days, anywhere; None where that is not known."""


def priority_factors(facts: PriorityFacts) -> list[Factor]:
    """The lasting part of a priority; `with_present` adds what depends on the incident's row and the hour.

    A sum, so that each factor's share can be told: severity 2 to 45, asset criticality up to 20, type of attack 15,
    tactics covered up to 15, kinds of alerts up to 10, rarity up to 8, waiting without an owner up to 8; at most 100.
    """
    factors: list[Factor] = []
    factors += asset_factor(facts.criticality)
    factors += attack_factor(facts.attacks)
    factors.append(("tactics", _step(TACTIC_POINTS, facts.tactics), facts.tactics))
    factors.append(("kinds", _step(KIND_POINTS, facts.kinds), facts.kinds))
    if facts.rarest is not None:
        points = next((points for most, points in RARITY_POINTS if facts.rarest <= most), 0)
        factors.append(("rarity", points, facts.rarest))
    return [factor for factor in factors if factor[1]]


def asset_factor(criticality: str) -> list[Factor]:
    """What the most critical of its assets adds; nothing where none is critical."""
    return [("assets", CRITICALITY_POINTS[criticality], criticality.replace("_", " "))] if criticality else []


def attack_factor(attacks: Sequence[str]) -> list[Factor]:
    """What attack type tags of these names add: once, however many there are."""
    return [("attack", ATTACK_POINTS, ", ".join(sorted(attacks)))] if attacks else []


def with_present(
    lasting: Sequence[Sequence[str | int]], *, severity: Severity, waiting_since: datetime | None, now: datetime
) -> list[Factor]:
    """All factors, the heaviest first: the lasting ones, the severity of this moment, and how long nobody has taken
    the incident on (`waiting_since` is None where somebody has, or nothing is left to do)."""
    factors: list[Factor] = [("severity", SEVERITY_POINTS[severity], severity.label)]
    factors += [_factor(one) for one in lasting if one[0] not in ("severity", "waiting")]
    if waiting_since is not None:
        waited = now - waiting_since
        for span, points in WAITING_POINTS:
            if waited >= span:
                hours = int(span.total_seconds() // 3600)
                factors.append(("waiting", points, "an hour" if hours == 1 else f"{hours} hours"))
                break
    return sorted(factors, key=lambda factor: (-factor[1], factor[0]))


def priority_of(factors: Sequence[Factor]) -> int:
    """0 to 100."""
    return min(sum(points for _, points, _ in factors), TOP_PRIORITY)


def factor_in_words(factor: Sequence[str | int]) -> str:
    """Why a factor counts, as the details show it beside its points."""
    name, _, detail = _factor(factor)
    if name == "rarity":
        detail = {0: "not seen", 1: "seen once"}.get(int(detail), f"seen {detail} times")
    return FACTORS[name].format(detail=detail) if name in FACTORS else name


def _factor(factor: Sequence[str | int]) -> Factor:
    name, points, detail = factor
    return str(name), int(points), detail


def _step(points: Sequence[int], number: int) -> int:
    return points[min(number, len(points) - 1)]


def tidied(names: Iterable[str]) -> list[str]:
    """Names with single spaces inside and none around; empty ones are none."""
    tidied = [" ".join(name.split()) for name in names]
    if any("\x00" in name for name in tidied):
        raise Refused("A tag cannot hold a NUL character; remove it.", field="tags")
    return list(filter(None, tidied))


CRITICAL_ASSET = "Critical asset"
"""The system tag of an incident with a critical asset among its own."""

RANSOMWARE, CREDENTIAL_PHISHING, MAIL_FRAUD = "Ransomware", "Credential phishing", "BEC fraud"
STOLEN_CREDENTIALS = {"T1056", "T1110", "T1111", "T1528", "T1539", "T1557", "T1606", "T1621"}
"""Techniques by which a phished account's secrets are taken or used: capture, guessing, tokens, cookies, relayed
sign-ins, pressed second factors."""


def attack_types(categories: Collection[str], techniques: Collection[str]) -> list[str]:
    """Types of attack that an incident's alerts tell of, as the system tags it.

    | tag | when |
    |---|---|
    | Ransomware | a ransomware category, or data encrypted for impact (T1486) |
    | Credential phishing | phishing (T1566) together with credential access |
    | BEC fraud | mail forwarded or hidden by rules (T1114.003, T1564.008), or phishing from inside (T1534) |

    Source of the techniques: MITRE ATT&CK Enterprise.
    """
    parents = {technique.split(".")[0] for technique in techniques}
    takes_credentials = Tactic.CREDENTIAL_ACCESS in categories or bool(parents & STOLEN_CREDENTIALS)
    found = {
        RANSOMWARE: Tactic.RANSOMWARE in categories or "T1486" in parents,
        CREDENTIAL_PHISHING: "T1566" in parents and takes_credentials,
        MAIL_FRAUD: bool({"T1114.003", "T1564.008"} & set(techniques)) or "T1534" in parents,
    }
    return [name for name, tells in found.items() if tells]
