"""The sentences themselves, from how it began to what is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alerts.choices import RemediationStatus, Verdict
from alerts.rules import in_order_of_attack
from entities.choices import ASSET_KINDS, EntityKind
from incidents.choices import IncidentStatus
from incidents.rules import CRITICALITY_POINTS, counted
from incidents.what_happened.facts import Alike, Facts, Piece, Sentence, Step, Target
from incidents.what_happened.phrases import (
    KIND_WORDS,
    MOST_NAMED,
    are,
    begun,
    counts_by_kind,
    listed,
    more_of,
    name_of,
    named,
    number_of,
    quoted,
    scene,
    telling,
    title_of,
    when,
    within,
)

CONTAINED = (RemediationStatus.REMEDIATED, RemediationStatus.BLOCKED, RemediationStatus.PREVENTED)
UNDER_WAY = (RemediationStatus.RUNNING, RemediationStatus.PENDING_APPROVAL, RemediationStatus.PARTIALLY_REMEDIATED)
MOST_KINDS = 3
"""Kinds of evidence that are counted one by one."""


def paragraphs(facts: Facts) -> list[list[Sentence]]:
    """The incident from its beginning to what is open: what happened, what was found, where the work stands."""
    if facts.first is None:
        return [[[Piece("All alerts of this incident were moved away.")], *_standing(facts)]]
    happened = [_beginning(facts.first), *_spread(facts), *_gravest(facts, facts.first)]
    found = [*_added(facts), *_verdicts(facts), *_containment(facts)]
    return [each for each in (happened, found, list(_standing(facts))) if each]


def plain(told: Iterable[Iterable[Sentence]]) -> str:
    """The paragraphs as text, without links; one a line."""
    return "\n".join(
        " ".join("".join(piece.text for piece in sentence) for sentence in paragraph) for paragraph in told
    )


def _beginning(first: Step) -> Sentence:
    """“On 28 Nov at 16:21, Mail gateway raised “…” in the mailbox …, with the suspicious file ….”"""
    return [
        Piece(f"On {when(first.began)}, "),
        name_of(first.source),
        Piece(" raised "),
        *title_of(first),
        *scene(first.things, with_means=True),
        Piece("."),
    ]


def _spread(facts: Facts) -> Iterable[Sentence]:
    """What the alerts after the first one added."""
    told = [one for one in facts.alike if not one.by_hand]
    critical = [one for one in told if one.criticality and one.kind in ASSET_KINDS]
    critical.sort(key=lambda one: (-CRITICALITY_POINTS.get(one.criticality, 0), ASSET_KINDS.index(one.kind)))
    from_start = [one for one in critical if one.in_first]
    if from_start:
        number = sum(one.count for one in from_start)
        yield [*named(from_start), Piece(f" {are(number)} {_rated(from_start)}.")]
    more = facts.alerts_total - 1
    if more < 1:
        return
    sentence = begun([Piece(counted(more, "more alert", "more alerts"), Target("alerts"))])
    sentence.append(Piece(f" followed {within(facts.ended - facts.began)}"))
    if facts.sources > 1:
        sentence.append(Piece(f", from {facts.sources:,} sources in all"))
    new = counts_by_kind((one for one in told if not one.in_first), ASSET_KINDS)
    if new:
        concern = "it concerns" if more == 1 else "they concern"
        sentence += [
            Piece(f"; {concern} "),
            *listed([[more_of(kind, number) if _is_known(facts, kind) else number_of(kind, number)]
                     for kind, number in new.items()]),
        ]  # fmt: skip
        joined = [one for one in critical if not one.in_first]
        if joined:
            sentence += [Piece(", among them "), *named(joined), Piece(f", {_rated(joined)}")]
    elif any(one.kind in ASSET_KINDS for one in told):
        sentence.append(Piece(f"; {'it names' if more == 1 else 'they name'} no other assets"))
    else:
        sentence.append(Piece("; no alert names a device, user or other asset"))
    yield [*sentence, Piece(".")]


def _added(facts: Facts) -> Iterable[Sentence]:
    """What people know of that no alert names."""
    number = sum(one.count for one in facts.alike if one.by_hand)
    if number:
        pieces = counted(number, "piece of evidence", "pieces of evidence")
        has = "was" if number == 1 else "were"
        yield begun([Piece(pieces, Target("evidence")), Piece(f" {has} added by hand.")])


def _is_known(facts: Facts, kind: EntityKind) -> bool:
    """Whether the first alert names one of this kind already, so that others are further ones."""
    return any(one.in_first and one.kind == kind for one in facts.alike)


def _rated(critical: Sequence[Alike]) -> str:
    """“a critical asset (very high)”."""
    number = sum(one.count for one in critical)
    levels = {one.criticality.replace("_", " ") for one in critical}
    level = f" ({levels.pop()})" if len(levels) == 1 else ""
    return f"{'a critical asset' if number == 1 else 'critical assets'}{level}"


def _gravest(facts: Facts, first: Step) -> Iterable[Sentence]:
    gravest, leak = facts.gravest, facts.leak
    if gravest and gravest.id != first.id:
        labels = in_order_of_attack(gravest.categories)
        yield [
            Piece(f"The gravest step came on {when(gravest.began)}: "),
            *title_of(gravest),
            *scene(gravest.things, with_means=False),
            Piece(f" ({labels[-1]})." if labels else "."),
        ]
    if leak and leak.id not in (first.id, gravest.id if gravest else first.id):
        yield [Piece("Data may have left: "), *title_of(leak), *scene(leak.things, with_means=False), Piece(".")]


def _verdicts(facts: Facts) -> Iterable[Sentence]:
    if not facts.alike:
        return
    malicious = [one for one in facts.alike if one.verdict == Verdict.MALICIOUS]
    number = sum(one.count for one in malicious)
    suspicious = sum(one.count for one in facts.alike if one.verdict == Verdict.SUSPICIOUS)
    if not number:
        sentence = [Piece("Nothing was found malicious")]
        if suspicious:
            pieces = counted(suspicious, "piece of evidence", "pieces of evidence")
            sentence += [Piece("; "), Piece(pieces, Target("evidence")), Piece(f" {are(suspicious)} suspicious")]
        yield [*sentence, Piece(".")]
        return
    things = telling([thing for one in malicious for thing in one.things])
    if number <= MOST_NAMED:
        sentence = listed([[Piece(f"the {KIND_WORDS[thing.kind][0]} "), *quoted(thing)] for thing in things])
    else:
        sentence = listed(_most_of(counts_by_kind(malicious, EntityKind)))
    sentence = [*begun(sentence), Piece(f" {'was' if number == 1 else 'were'} found malicious")]
    if number > MOST_NAMED:
        sentence += [Piece(", such as "), *listed([quoted(thing) for thing in things[:2]])]
    if suspicious:
        more = counted(suspicious, "more piece of evidence", "more pieces of evidence")
        sentence += [Piece("; "), Piece(more, Target("evidence")), Piece(f" {are(suspicious)} suspicious")]
    yield [*sentence, Piece(".")]


def _most_of(counts: dict[EntityKind, int]) -> list[Sentence]:
    """The kinds of which there are most, and how many others there are."""
    kinds = sorted(counts, key=lambda kind: -counts[kind])
    if len(kinds) > MOST_KINDS + 1:
        kinds = kinds[:MOST_KINDS]
    parts: list[Sentence] = [[number_of(kind, counts[kind])] for kind in kinds]
    rest = sum(counts.values()) - sum(counts[kind] for kind in kinds)
    return [*parts, [Piece(f"{rest:,} others", Target("evidence"))]] if rest else parts


def _containment(facts: Facts) -> Iterable[Sentence]:
    """Of what is malicious or suspicious, what is reported as dealt with."""
    threats = [one for one in facts.alike if one.verdict in (Verdict.MALICIOUS, Verdict.SUSPICIOUS)]
    total = sum(one.count for one in threats)
    if not total:
        return
    numbers = {status: _number_with(threats, status) for status in (*CONTAINED, *UNDER_WAY)}
    done = sum(numbers[status] for status in CONTAINED)
    under_way = sum(numbers[status] for status in UNDER_WAY)
    how = _how_contained({status: numbers[status] for status in CONTAINED if numbers[status]})
    if not done:
        text = f"{'It is not' if total == 1 else 'None of this is'} reported as contained"
    elif done == total:
        text = f"{'It' if total == 1 else 'All of this'} is contained ({how})"
    else:
        text = f"Of these {total:,}, {'one is' if done == 1 else f'{done:,} are'} contained ({how})"
    sentence = [Piece(text, Target("evidence"))]
    if under_way:
        whose = "" if total == 1 else f" for {'one' if under_way == 1 else f'{under_way:,}'}"
        sentence.append(Piece(f"; remediation{whose} is under way or waits for approval"))
    yield [*sentence, Piece(".")]


def _number_with(groups: Iterable[Alike], status: RemediationStatus) -> int:
    return sum(one.count for one in groups if one.remediation == status)


def _how_contained(numbers: dict[RemediationStatus, int]) -> str:
    """“blocked”, or “2 remediated, one blocked”."""
    labels = {status: str(status.label).lower() for status in numbers}
    if len(numbers) == 1:
        return "".join(labels.values())
    return ", ".join(f"{'one' if number == 1 else f'{number:,}'} {labels[each]}" for each, number in numbers.items())


def _standing(facts: Facts) -> Iterable[Sentence]:
    """Where the work stands."""
    if facts.status == IncidentStatus.REDIRECTED:
        yield [Piece("It was merged into another incident.")]
        return
    if facts.status == IncidentStatus.RESOLVED:
        by = [Piece(" by "), name_of(facts.resolved_by)] if facts.resolved_by else []
        day = f" on {when(facts.resolved_at)}" if facts.resolved_at else ""
        found = f" as {facts.finding[:1].lower()}{facts.finding[1:]}" if facts.finding else ", without a classification"
        yield [Piece("It was "), Piece("resolved", Target("activity")), *by, Piece(f"{day}{found}.")]
        return
    who = [Piece("assigned to "), name_of(facts.assignee)] if facts.assignee else [Piece("not assigned to anybody")]
    end = Piece(" and in progress." if facts.status == IncidentStatus.IN_PROGRESS else ".")
    if not facts.alerts_total:
        yield [Piece("The incident is "), *who, end]
        return
    count, state = _active(facts.alerts_total, facts.alerts_active)
    yield [Piece(count, Target("alerts")), Piece(f" {state}; the incident is "), *who, end]


def _active(total: int, active: int) -> tuple[str, str]:
    """Subject and predicate: how many alerts are still active."""
    if total == 1:
        return "The alert", "is still active" if active else "is resolved"
    if not active:
        return "Neither alert" if total == 2 else f"None of the {total:,} alerts", "is still active"
    if active == total:
        return ("Both alerts" if total == 2 else f"All {total:,} alerts"), "are still active"
    if active == 1:
        return f"One of the {total:,} alerts", "is still active"
    return f"{active:,} of the {total:,} alerts", "are still active"
