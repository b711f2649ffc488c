"""What the analysts found an incident to be."""

from __future__ import annotations

from uuid import UUID, uuid4

from activity.actors import Actor
from activity.record import Change
from alerts.choices import DETERMINATIONS, Classification, Determination
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.commands.change import lock, save_and_record
from incidents.models import Incident


@command
def classify(
    incident: Incident,
    classification: Classification,
    determination: Determination = Determination.NOT_SET,
    *,
    actor: Actor,
    batch: UUID | None = None,
) -> Incident:
    """Set classification and determination, at any time; raises Refused when the two do not fit."""
    incident = lock(incident)
    check_finding(classification, determination)
    wanted = (("classification", classification), ("determination", determination))
    changes = [
        Change(field, getattr(incident, field), str(new)) for field, new in wanted if getattr(incident, field) != new
    ]
    if not changes:
        return incident
    incident.classification, incident.determination = classification, determination
    save_and_record(
        incident,
        verbs.CLASSIFIED,
        changes,
        fields=["classification", "determination"],
        actor=actor,
        batch=batch or uuid4(),
    )
    return incident


def check_finding(classification: Classification, determination: Determination) -> None:
    """Raises Refused unless the two fit."""
    if determination != Determination.NOT_SET and determination not in DETERMINATIONS[classification]:
        fitting = ", ".join(str(fit.label) for fit in DETERMINATIONS[classification]) or "none"
        raise Refused(
            f"“{determination.label}” does not go with “{classification.label}”; choose among: {fitting}.",
            field="determination",
        )
