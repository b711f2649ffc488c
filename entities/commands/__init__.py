"""Every change to entities: observing them in what sources report, and how critical they are."""

from entities.commands.classifications import delete_classification, save_classification
from entities.commands.criticality import Judged, judge_entities, set_criticality
from entities.commands.observing import Identifier, Observation, observe

__all__ = [
    "Identifier",
    "Judged",
    "Observation",
    "delete_classification",
    "judge_entities",
    "observe",
    "save_classification",
    "set_criticality",
]
