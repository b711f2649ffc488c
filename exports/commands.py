"""Exports are recorded: who took what out."""

from __future__ import annotations

from activity.actors import Actor
from activity.record import Draft, record
from common.command import command
from exports.verbs import QUEUE_EXPORTED


@command
def record_queue_export(*, actor: Actor, address: str, incidents: int) -> None:
    """Note in the system's log that somebody took this list out."""
    record(Draft(QUEUE_EXPORTED, actor, facts={"address": address[:2_000], "incidents": incidents}))
