"""What is otherwise between two states of an incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activity.wording import in_words, label_of, listed
from incidents.as_it_was.state import ITS_OWN, State

MOST_NAMED = 5
UNTOLD = ("first_activity", "last_activity", "asset_counts", "service_sources")
"""Fields that the alerts tell of, which are compared by themselves."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise: before and after in words, and as values."""

    what: str
    old: str
    new: str
    sentence: str
    field: str
    values: tuple[Any, Any]


def differences(before: State, after: State) -> list[Difference]:
    """All that is otherwise, in the order in which the page shows it."""
    found = [_of_value(name, before.values[name], after.values[name]) for name in ITS_OWN if name not in UNTOLD]
    found.append(_of_value("resolution_note", before.note, after.note))
    found.append(_of_value("merged_into", _number(before), _number(after)))
    found += [
        _of_many("alerts", "alert", _alerts(before), _alerts(after)),
        _of_many("tasks", "task", _tasks(before), _tasks(after)),
        _of_many("evidence", "piece of evidence", _evidence(before), _evidence(after)),
    ]
    return [difference for difference in found if difference is not None]


def _number(state: State) -> str | None:
    return f"#{state.merged_into}" if state.merged_into else None


def _of_value(name: str, old: Any, new: Any) -> Difference | None:
    if old == new:
        return None
    was, now = _shown(name, old), _shown(name, new)
    label = label_of(name)
    if isinstance(old, list) and isinstance(new, list):
        gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
        parts = [f"gained {in_words(come, name)}"] if come else []
        parts += [f"lost {in_words(gone, name)}"] if gone else []
        sentence = f"The {label} {listed(parts)}."
    elif name == "restricted":
        sentence = "It was restricted." if new else "Its restriction was lifted."
    elif name == "resolution_note":
        sentence = "The resolution note is another one." if old and new else _came_or_went(label, new)
    elif not was or not now:
        sentence = f"{_came_or_went(label, now)[:-1]}: {now or was}."
    else:
        sentence = f"The {label} went from {was} to {now}."
    return Difference(label.capitalize(), was or "none", now or "none", sentence, name, (old, new))


def _came_or_went(label: str, now: Any) -> str:
    return f"The {label} was {'set' if now else 'taken away'}."


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return in_words(value, name)


Things = Mapping[int, tuple[str, str]]
"""Id → name, and in words how it is."""


def _alerts(state: State) -> Things:
    return {
        number: (alert.title, f"{in_words(alert.severity, 'severity')}, {in_words(alert.status, 'status').lower()}")
        for number, alert in state.alerts.items()
    }


def _tasks(state: State) -> Things:
    shown = {}
    for number in state.shown_tasks:
        task = state.tasks[number]
        words = [in_words(task.state, "state"), in_words(task.assignee), in_words(task.due_at, "due_at")]
        shown[number] = task.title, ", ".join(filter(None, words))
    return shown


def _evidence(state: State) -> Things:
    return {
        number: (
            piece.label,
            ", ".join(
                filter(
                    None,
                    [
                        in_words(piece.verdict, "verdict"),
                        in_words(piece.remediation_status, "remediation_status"),
                        "added by hand" if piece.by_hand else "",
                    ],
                )
            ),
        )
        for number, piece in state.evidence.items()
    }


def _of_many(name: str, one: str, before: Things, after: Things) -> Difference | None:
    """Alerts, tasks or evidence: what came, what went, and what of the same is otherwise."""
    if before == after:
        return None
    come, gone = after.keys() - before.keys(), before.keys() - after.keys()
    other = {number for number in after.keys() & before.keys() if after[number] != before[number]}
    many = "pieces of evidence" if name == "evidence" else f"{one}s"
    parts = [f"{_count(come, one, many)} came"] if come else []
    parts += [f"{_count(gone, one, many)} went"] if gone else []
    parts += [f"{_count(other, one, many)} changed"] if other else []
    sentence = f"{listed(parts).capitalize()}: {_named([*sorted(come), *sorted(gone), *sorted(other)], before, after)}."
    values = (
        [{"id": number, "name": before[number][0], "was": before[number][1]} for number in sorted(gone | other)],
        [{"id": number, "name": after[number][0], "is": after[number][1]} for number in sorted(come | other)],
    )
    old, new = _lines(sorted(gone | other), before), _lines(sorted(come | other), after)
    return Difference(name.capitalize(), old or "none", new or "none", sentence, name, values)


def _count(numbers: set[int], one: str, many: str) -> str:
    return f"1 {one}" if len(numbers) == 1 else f"{len(numbers):,} {many}"


def _named(numbers: Sequence[int], before: Things, after: Things) -> str:
    names = list(dict.fromkeys(f"“{(after.get(number) or before[number])[0]}”" for number in numbers))
    rest = len(names) - MOST_NAMED
    return listed(names) if rest < 2 else f"{', '.join(names[:MOST_NAMED])} and {rest:,} more"


def _lines(numbers: Sequence[int], things: Things) -> str:
    """What they were like, a line each; the same said once with its number."""
    lines: dict[str, int] = {}
    for number in numbers:
        name, how = things[number]
        line = f"{name}: {how}" if how else name
        lines[line] = lines.get(line, 0) + 1
    shown = [line if count == 1 else f"{line} ({count:,} of them)" for line, count in lines.items()]
    rest = len(shown) - MOST_NAMED
    return "\n".join(shown if rest < 2 else [*shown[:MOST_NAMED], f"and {rest:,} more"])
