"""What the people of the demo say of evidence: what they found themselves, and what they judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activity.actors import Actor
from alerts.changes import Judgement
from alerts.choices import RemediationStatus, Verdict
from alerts.models import Evidence
from entities.recognition import recognise
from incidents.commands import add_evidence, judge_evidence
from incidents.models import Incident


def add_found(told: Mapping[str, Any], incident: Incident, actor: Actor) -> None:
    """Add what the `text` names, with `verdict` and `note`."""
    found = [one.identity(f"incident:{incident.pk}") for one in recognise(told["text"])]
    add_evidence(incident, found, actor=actor, verdict=Verdict(told["verdict"]), note=told["note"])


def judge_named(told: Mapping[str, Any], incident: Incident, actor: Actor) -> None:
    """Give the entities of these `names` a `verdict`, a `remediation_status`, or both."""
    judgement = Judgement(
        Verdict(told["verdict"]) if "verdict" in told else None,
        RemediationStatus(told["remediation_status"]) if "remediation_status" in told else None,
    )
    judge_evidence(incident, _numbers(incident, told["names"]), judgement, actor=actor)


def _numbers(incident: Incident, names: Sequence[str]) -> list[int]:
    """Raises ValueError for a name that is no evidence of the incident by then."""
    rows = Evidence.objects.filter(incident_number=incident.pk, entity__name__in=names)
    found = dict(rows.values_list("entity__name", "entity_id"))
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"the demo judges what is no evidence yet: {', '.join(missing)}")
    return list(found.values())
