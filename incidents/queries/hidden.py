"""What the queue's defaults leave out."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict

from accounts.models import Principal
from common.composed import Listed
from common.counting import Count
from common.filters import ANY
from common.query_strings import address, as_query, with_values
from incidents.filters import DEFAULTS, IncidentFilter


def hidden_rows(wanted: IncidentFilter, principal: Principal) -> dict[str, Listed]:
    """What the default view leaves out: resolved, merged away, informational, snoozed.

    Only what a default hides, under the other filters as they are; a person who filters knows what they hide.
    """
    states = {word: with_values(wanted.data, **change) for word, (_, change) in _left_out(wanted.data).items()}
    return {
        word: IncidentFilter(as_query(state), principal=principal, named_as=wanted).listed
        for word, state in states.items()
    }


def hidden(query: QueryDict, counts: Mapping[str, Count], path: str) -> list[dict[str, str]]:
    """In words, with links that show it; `counts` of `hidden_rows`."""
    return [
        {"text": f"{counts[word]} {label}", "url": address(path, with_values(query, **change))}
        for word, (label, change) in _left_out(query).items()
        if counts[word].exact != 0
    ]


def _left_out(query: QueryDict) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """What a default hides: its label, and how the address would show it."""
    statuses = query.getlist("status")
    changes: dict[str, tuple[str, dict[str, list[str]]]] = {}
    for word, label in (("resolved", "resolved"), ("redirected", "merged")):
        if word not in statuses and ANY not in statuses:
            changes[word] = (label, {"status": [word], "severity": [ANY], "snoozed": [ANY]})
    if query.getlist("severity") == DEFAULTS["severity"]:
        changes["informational"] = ("informational", {"severity": ["informational"]})
    if query.getlist("snoozed") == DEFAULTS["snoozed"]:
        changes["snoozed"] = ("snoozed", {"snoozed": ["yes"]})
    return changes
