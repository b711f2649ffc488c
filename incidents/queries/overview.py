"""What the overview of an incident shows beside its header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Principal, User
from activity.queries import stream
from alerts.choices import ATTACK_TACTICS, Severity
from alerts.rules import in_order_of_attack
from common.marks import severity_mark, status_mark, time_mark
from incidents.choices import IncidentStatus
from incidents.models import Incident
from incidents.queries import detail
from incidents.queries.next_steps import by_phase, next_steps
from incidents.queries.texts import renderer
from incidents.queries.what_happened import told, top_assets
from incidents.what_happened import Facts

LATEST = 6
"""Entries of the log."""
MOST_RELATED = 10
STEPS_AT_FIRST = 3
"""Steps of a phase that show at once; the others are folded away."""


def overview(incident: Incident, facts: Facts, user: User, merged: Sequence[int]) -> dict[str, Any]:
    """The cards of the overview; a bounded number of statements, whatever the incident holds. `merged` names what was
    merged into it."""
    return {
        "told": told(incident, facts),
        "kill_chain": kill_chain(incident),
        "other_categories": in_order_of_attack([slug for slug in incident.categories if slug not in ATTACK_TACTICS]),
        "assets_by_kind": top_assets(incident.pk, facts),
        "phases": [
            {"name": name, "steps": steps[:STEPS_AT_FIRST], "folded": steps[STEPS_AT_FIRST:]}
            for name, steps in by_phase(next_steps(incident))
        ],
        "shares": detail.priority_shares(incident),
        "around": detail.around(incident),
        "related": related(incident, user),
        "latest": stream(
            incident.pk, content="brief", size=LATEST, actor_id=user.pk, rendered=renderer(user), merged=merged
        ),
    }


def kill_chain(incident: Incident) -> list[dict[str, Any]]:
    """Every tactic in the order of an attack, with the alerts of those that are covered."""
    alerts = reverse("alerts:queue")
    return [
        {
            "label": tactic.label,
            "url": f"{alerts}?incident={incident.pk}&category={tactic}&status=any&severity=any"
            if tactic in incident.categories
            else "",
        }
        for tactic in ATTACK_TACTICS
    ]


def related(incident: Incident, user: User) -> list[dict[str, Any]]:
    """Incidents that this one follows and that follow it, ready to be shown."""
    return [
        {
            "number": one.pk,
            "name": one.name,
            "how": how_related(incident, one),
            "severity": severity_mark(Severity(one.severity), compact=True),
            "status": status_mark(IncidentStatus(one.status)),
            "last": time_mark(one.last_activity),
            "finding": detail.finding(one),
        }
        for one in related_incidents(incident, user)
    ]


def related_incidents(incident: Incident, principal: Principal) -> list[Incident]:
    """Incidents that this one follows and that follow it, as far as the person may see them; the latest first. What
    was merged into it is told beside (queries/merging.py)."""
    rows = (
        Incident.objects.visible_to(principal)
        .filter(Q(pk=incident.related_to_id) | Q(related_to=incident.pk))
        .exclude(pk=incident.pk)
        .order_by(F("last_activity").desc(), F("id").desc())
    )
    return list(rows[:MOST_RELATED])


def how_related(incident: Incident, other: Incident) -> str:
    return "This one follows it" if other.pk == incident.related_to_id else "Follows this one"
