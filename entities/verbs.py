"""What can happen to entities and to the classifications of critical assets; recorded in the system's own stream."""

from activity.verbs import SystemGroup, Verb, register

CLASSIFICATION_ADDED = Verb(
    "asset_classification.added",
    "Critical assets: classification added",
    "critical",
    "added the classification {subject}",
)
CLASSIFICATION_CHANGED = Verb(
    "asset_classification.changed",
    "Critical assets: classification changed",
    "critical",
    "changed the classification {subject}",
)
CLASSIFICATION_DELETED = Verb(
    "asset_classification.deleted",
    "Critical assets: classification deleted",
    "delete",
    "deleted the classification {subject}",
)
CRITICALITY_SET = Verb("entity.criticality_set", "Criticality set", "critical", "set how critical {subject} is")
CRITICALITY_FOUND = Verb(
    "entity.criticality_found", "Criticality found", "critical", "learnt anew how critical {subject} is"
)

register(
    CLASSIFICATION_ADDED,
    CLASSIFICATION_CHANGED,
    CLASSIFICATION_DELETED,
    CRITICALITY_SET,
    CRITICALITY_FOUND,
    group=SystemGroup.CRITICAL,
)
