"""What a rule would do to the alerts of the last days, found out in memory by the same functions that place and catch
alerts as they come in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from alerts.choices import Severity
from ingest.correlation import JoinRules
from ingest.correlation.placing import Candidate, Known, place, ties_of
from ingest.queries.history import Past
from ingest.tuning import Conditions

MOST_LISTED = 200
"""Groups or alerts that a trial lists; of all it knows how many there are."""
MOST_NAMED = 50
"""Alerts and incidents of a group that it names."""


class Attempt(Protocol):
    """A rule being tried."""

    def take(self, alerts: Iterable[Past]) -> None: ...

    def result(self) -> dict[str, Any]: ...


@dataclass
class JoinAttempt:
    """Alerts placed twice from nothing, by the rules as they are and as they would be; people's merges, moves and
    resolutions count for neither, as when the same alerts came in anew."""

    before: JoinRules
    after: JoinRules
    _known: tuple[Known, Known] = field(default_factory=lambda: (Known(), Known()))
    _homes: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Of each alert: its id, its incident, and its n-th incident under either table."""

    def take(self, alerts: Iterable[Past]) -> None:
        for alert in alerts:
            if not alert.was_hidden:
                old = self._place(alert.candidate, self._known[0], self.before)
                new = self._place(alert.candidate, self._known[1], self.after)
                self._homes.append((alert.id, alert.incident_id, old, new))

    def _place(self, candidate: Candidate, known: Known, rules: JoinRules) -> int:
        """The number of the incident it belongs to by these rules."""
        return place(candidate, ties_of(candidate, rules), known, rules).home.number

    def result(self) -> dict[str, Any]:
        groups = [group for group in regroupings(self._homes) if len(group["before"]) > 1 or len(group["after"]) > 1]
        kinds = Counter(_kind(group) for group in groups)
        return {
            "alerts": len(self._homes),
            "before": self._known[0].openings,
            "after": self._known[1].openings,
            "joined": kinds["join"],
            "split": kinds["split"],
            "regrouped": kinds["regroup"],
            "groups": [group | {"kind": _kind(group)} for group in groups[:MOST_LISTED]],
        }


def regroupings(homes: Sequence[tuple[int, int, int, int]]) -> list[dict[str, Any]]:
    """Alerts that stand together before or after, each with the incidents they make before and after; the order is
    that of their first alerts."""
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for _, _, old, new in homes:
        parent[root(("after", new))] = root(("before", old))
    found: dict[tuple[str, int], dict[str, dict[int, list[tuple[int, int]]]]] = {}
    for alert_id, incident_id, old, new in homes:
        group = found.setdefault(root(("before", old)), {"before": defaultdict(list), "after": defaultdict(list)})
        group["before"][old].append((alert_id, incident_id))
        group["after"][new].append((alert_id, incident_id))
    return [
        {side: [_incident(alerts) for alerts in group[side].values()] for side in ("before", "after")}
        for group in found.values()
    ]


def _incident(alerts: Sequence[tuple[int, int]]) -> dict[str, Any]:
    numbers = Counter(incident_id for _, incident_id in alerts)
    return {
        "size": len(alerts),
        "alerts": [alert_id for alert_id, _ in alerts[:MOST_NAMED]],
        "incidents": [incident_id for incident_id, _ in numbers.most_common(MOST_NAMED)],
    }


def _kind(group: dict[str, Any]) -> str:
    if len(group["after"]) == 1:
        return "join"
    return "split" if len(group["before"]) == 1 else "regroup"


@dataclass
class TuneAttempt:
    """Alerts asked whether they fit a tuning rule's conditions."""

    conditions: Conditions
    _seen: int = 0
    _caught: list[int] = field(default_factory=list)
    _severities: Counter[int] = field(default_factory=Counter)
    _of_incident: Counter[int] = field(default_factory=Counter)
    _caught_of_incident: Counter[int] = field(default_factory=Counter)

    def take(self, alerts: Iterable[Past]) -> None:
        for alert in alerts:
            self._seen += 1
            self._of_incident[alert.incident_id] += 1
            if self.conditions.fit(alert.facts):
                self._caught.append(alert.id)
                self._severities[alert.candidate.severity] += 1
                self._caught_of_incident[alert.incident_id] += 1

    def result(self) -> dict[str, Any]:
        whole = [number for number, caught in self._caught_of_incident.items() if caught == self._of_incident[number]]
        return {
            "alerts": self._seen,
            "caught": len(self._caught),
            "incidents": len(self._caught_of_incident),
            "whole_incidents": len(whole),
            "severities": {Severity(level).slug: number for level, number in sorted(self._severities.items())[::-1]},
            "listed": self._caught[: -MOST_LISTED - 1 : -1],
        }
