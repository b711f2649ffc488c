"""Pure decisions about merging incidents: what would lie, and what becomes of the fields that can have one value only.

| field | the merged incident has |
|---|---|
| status | the target's |
| assignee | the one that any of them has; two different ones have to be chosen from |
| classification, determination | the same way; a classification alone gives way to one with its determination |
| name | the target's, when it was given by hand; otherwise a name that a source was given; otherwise the system's |
| due date | the earliest: what was meant for one of them holds for the whole |
| severity | the target's, when it was set by hand; otherwise the highest: of all alerts, or set by hand on a source |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from alerts.choices import Classification, Determination, finding_in_words
from incidents.choices import OPEN_STATUSES, IncidentStatus

Value = TypeVar("Value", str, int)

MOST_MERGED = 50
"""Incidents in one merge, the target among them."""
NOBODY = "unassigned"
"""What a person chooses who leaves the merged incident to nobody."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the incidents, as much of it as the rules look at."""

    number: int
    status: IncidentStatus
    name: str
    name_is_manual: bool
    severity: int
    severity_is_manual: bool
    assignee: str
    """As forms name one: "ana", "team:tier2", nothing for nobody."""
    assignee_label: str
    finding: str
    """"true_positive/phishing", nothing while nobody has said."""
    due: datetime | None = None
    redirected_to: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person chose where the incidents differ; empty where nothing was asked."""

    assignee: str = ""
    finding: str = ""
    name: int = 0
    """Number of the incident whose name is kept."""


@dataclass(frozen=True, slots=True)
class Block:
    """Why a merge would lie: which field, and the way out."""

    field: str
    problem: str
    is_choice: bool = False
    """Whether choosing one of the values is that way."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fields of the merged incident that can have one value only."""

    assignee: str
    finding: str
    named_by: int
    """Number of the incident whose name it has; the target's own where that stays."""
    severity_by: int | None
    """Number of the source whose severity, set by hand, is kept if it is higher than the alerts'."""
    due_by: int | None
    """Number of the incident whose due date it has."""


def finding_word(classification: str, determination: str) -> str:
    return "" if classification == Classification.NOT_SET else f"{classification}/{determination}"


def finding_label(word: str) -> str:
    classification, _, determination = word.partition("/")
    return finding_in_words(Classification(classification), Determination(determination or "not_set"))


def assignees(parts: Iterable[Part]) -> dict[str, str]:
    """Everybody who has one of them, with their names."""
    return {part.assignee: part.assignee_label for part in parts if part.assignee}


def findings(parts: Iterable[Part]) -> list[str]:
    """What they were found to be; a classification without determination counts only where nobody was more exact."""
    words = list(dict.fromkeys(part.finding for part in parts if part.finding))
    exact = {word.partition("/")[0] for word in words if not word.endswith("/not_set")}
    return [word for word in words if not word.endswith("/not_set") or word.partition("/")[0] not in exact]


def names(target: Part, sources: Sequence[Part]) -> list[Part]:
    """Whose name the merged incident can have; nothing to choose while there is only one."""
    if target.name_is_manual:
        return [target]
    given = [part for part in sources if part.name_is_manual]
    return [*given, target] if given else [target]


def blocks(target: Part, sources: Sequence[Part], choice: Choice) -> list[Block]:
    """All that stands in the way of the merge."""
    parts = [target, *sources]
    found = []
    if not sources:
        found.append(Block("incidents", "Choose at least two incidents to merge."))
    if len(parts) > MOST_MERGED:
        found.append(
            Block(
                "incidents", f"At most {MOST_MERGED} incidents merge at once; these are {len(parts)}. Leave some out."
            )
        )
    for part in parts:
        if part.status == IncidentStatus.REDIRECTED:
            problem = f"#{part.number} was merged into #{part.redirected_to} already; merge that one instead."
            found.append(Block("incidents", problem))
        elif part.status not in OPEN_STATUSES:
            problem = f"Status: #{part.number} is {part.status.label.lower()}. Reopen it first, or leave it out."
            found.append(Block("status", problem))
    found += _differing("assignee", _of_whom(parts), choice.assignee, assignees(parts), "who has the merged incident")
    labels = {word: finding_label(word) for word in findings(parts)}
    said = [(part.number, labels[part.finding]) for part in parts if part.finding in labels]
    found += _differing("classification", said, choice.finding, labels, "what the merged incident is")
    if choice.name and choice.name not in {part.number for part in names(target, sources)}:
        found.append(Block("name", "This name cannot be kept; choose one of those offered.", is_choice=True))
    return found


def _of_whom(parts: Sequence[Part]) -> list[tuple[int, str]]:
    return [(part.number, part.assignee_label) for part in parts if part.assignee]


def _differing(
    field: str, said: Sequence[tuple[int, str]], chosen: str, known: dict[str, str], what: str
) -> list[Block]:
    label = "Assigned to" if field == "assignee" else "Classification"
    if chosen and chosen not in known and not (field == "assignee" and chosen == NOBODY):
        return [Block(field, f"{label}: none of these incidents has this; choose one of those offered.", True)]
    if len(known) < 2 or chosen:
        return []
    first = {value: number for number, value in reversed(said)}
    several = ", ".join(f"#{number} {value}" for value, number in sorted(first.items(), key=lambda each: each[1]))
    return [Block(field, f"{label} differs: {several}. Choose {what}.", True)]


def outcome(target: Part, sources: Sequence[Part], choice: Choice) -> Outcome:
    """What the merged incident has, where nothing blocks the merge."""
    parts = [target, *sources]
    by_hand = [part for part in sources if part.severity_is_manual]
    due = [(part.due, part.number) for part in parts if part.due]
    people, found, named = list(assignees(parts)), findings(parts), [part.number for part in names(target, sources)]
    return Outcome(
        assignee="" if choice.assignee == NOBODY else _kept(choice.assignee, people, ""),
        finding=_kept(choice.finding, found, ""),
        named_by=_kept(choice.name, named, target.number),
        severity_by=max(by_hand, key=lambda part: part.severity).number
        if by_hand and not target.severity_is_manual
        else None,
        due_by=min(due)[1] if due else None,
    )


def _kept(chosen: Value, known: Sequence[Value], otherwise: Value) -> Value:
    """What was chosen, if it is there to be chosen; or the first."""
    return chosen if chosen in known else next(iter(known), otherwise)
