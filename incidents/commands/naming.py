"""Name and severity: given by a person, or by the system."""

from __future__ import annotations

from uuid import UUID

from activity.actors import Actor
from activity.record import Change
from alerts.choices import Severity
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.commands.change import lock, save_and_record
from incidents.models import Incident
from incidents.search import add_words

LONGEST_NAME = 500


@command
def rename(incident: Incident, name: str, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Give the incident a name by hand; the system will not overwrite it."""
    incident = lock(incident)
    name = " ".join(name.split())
    if not name:
        raise Refused("An incident needs a name; write one or use the automatic name.", field="name")
    if "\x00" in name:
        raise Refused("A name cannot hold a NUL character; remove it.", field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(f"The name has {len(name)} characters; {LONGEST_NAME} are allowed.", field="name")
    if name == incident.name:
        return incident
    changes = [Change("name", incident.name, name)]
    if not incident.name_is_manual:
        changes.append(Change("name_is_manual", False, True))
    incident.name, incident.name_is_manual = name, True
    save_and_record(incident, verbs.RENAMED, changes, fields=["name", "name_is_manual"], actor=actor, batch=batch)
    add_words({incident.pk: [name]})
    return incident


@command
def use_automatic_name(incident: Incident, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Give naming back to the system."""
    incident = lock(incident)
    if not incident.name_is_manual:
        return incident
    changes = [Change("name_is_manual", True, False)]
    if incident.name != incident.automatic_name:
        changes.insert(0, Change("name", incident.name, incident.automatic_name))
    incident.name, incident.name_is_manual = incident.automatic_name, False
    save_and_record(
        incident, verbs.AUTOMATIC_NAME_USED, changes, fields=["name", "name_is_manual"], actor=actor, batch=batch
    )
    return incident


@command
def set_severity(incident: Incident, severity: Severity, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Set the severity by hand; it stays, whatever alerts come or go."""
    incident = lock(incident)
    if severity == incident.severity:
        return incident
    changes = [Change("severity", Severity(incident.severity).slug, severity.slug)]
    if not incident.severity_is_manual:
        changes.append(Change("severity_is_manual", False, True))
    incident.severity, incident.severity_is_manual = severity, True
    save_and_record(
        incident, verbs.SEVERITY_SET, changes, fields=["severity", "severity_is_manual"], actor=actor, batch=batch
    )
    return incident


@command
def use_automatic_severity(incident: Incident, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Let the severity follow the highest of the alerts again."""
    incident = lock(incident)
    if not incident.severity_is_manual:
        return incident
    changes = [Change("severity_is_manual", True, False)]
    if incident.severity != incident.automatic_severity:
        old, new = Severity(incident.severity), Severity(incident.automatic_severity)
        changes.insert(0, Change("severity", old.slug, new.slug))
    incident.severity, incident.severity_is_manual = incident.automatic_severity, False
    save_and_record(
        incident,
        verbs.AUTOMATIC_SEVERITY_USED,
        changes,
        fields=["severity", "severity_is_manual"],
        actor=actor,
        batch=batch,
    )
    return incident
