"""Exports are recorded: who took what out."""

from __future__ import annotations

from collections.abc import Sequence

from activity.actors import Actor
from activity.record import Draft, record
from common.command import command
from exports.verbs import DATA_EXPORTED, LOG_EXPORTED, QUEUE_EXPORTED


@command
def record_queue_export(*, actor: Actor, address: str, incidents: int, format: str, columns: Sequence[str]) -> None:
    """Note in the system's log that somebody takes this list out: before its first byte leaves."""
    facts = {"address": address[:2_000], "incidents": incidents, "format": format, "columns": list(columns)}
    record(Draft(QUEUE_EXPORTED, actor, facts=facts))


@command
def record_log_export(*, actor: Actor, incident_id: int | None = None, whole: bool = False) -> None:
    """Note in the system's log that somebody takes out an incident's log, the system's own, or all of it."""
    log = "everything" if whole else "the system" if incident_id is None else f"#{incident_id}"
    record(Draft(LOG_EXPORTED, actor, facts={"log": log, "incident": incident_id}))


@command
def record_data_export(*, actor: Actor, incident_id: int, what: str) -> None:
    """Note in the system's log that somebody takes out data of one incident, and which."""
    record(Draft(DATA_EXPORTED, actor, facts={"what": what, "incident": incident_id}))
