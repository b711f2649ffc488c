"""What the queue's defaults leave out."""

from __future__ import annotations

from accounts.models import Principal
from common.counting import count_each
from common.filters import ANY
from common.query_strings import address, as_query, with_values
from incidents.filters import DEFAULTS, IncidentFilter
from incidents.models import Incident


def hidden(wanted: IncidentFilter, principal: Principal, path: str) -> list[dict[str, str]]:
    """What the default view leaves out, with links that show it: resolved, merged away, informational, snoozed.

    Only what a default hides, under the other filters as they are; a person who filters knows what they hide. One
    statement, and each count stops at the cap.
    """
    query = wanted.data
    statuses = query.getlist("status")
    changes: dict[str, tuple[str, dict[str, list[str]]]] = {}
    for word, label in (("resolved", "resolved"), ("redirected", "merged")):
        if word not in statuses and ANY not in statuses:
            changes[word] = (label, {"status": [word], "severity": [ANY], "snoozed": [ANY]})
    if query.getlist("severity") == DEFAULTS["severity"]:
        changes["informational"] = ("informational", {"severity": ["informational"]})
    if query.getlist("snoozed") == DEFAULTS["snoozed"]:
        changes["snoozed"] = ("snoozed", {"snoozed": ["yes"]})
    visible = Incident.objects.visible_to(principal)
    states = {word: with_values(query, **change) for word, (_, change) in changes.items()}
    counts = count_each(
        {
            word: IncidentFilter(as_query(state), visible, principal=principal, named_as=wanted).qs
            for word, state in states.items()
        }
    )
    return [
        {"text": f"{counts[word]} {label}", "url": address(path, states[word])}
        for word, (label, _) in changes.items()
        if counts[word].exact != 0
    ]
