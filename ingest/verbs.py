"""What is done to rules, as the system's log tells it."""

from activity.verbs import SystemGroup, Verb, register

CORRELATION_CHANGED = Verb(
    "correlation.changed", "Correlation rule changed", "correlation", "changed the correlation rule “{subject}”"
)
CORRELATION_RESET = Verb(
    "correlation.reset",
    "Correlation rule reset",
    "correlation",
    "gave the correlation rule “{subject}” the values it was shipped with",
)
CORRELATION_ORDERED = Verb(
    "correlation.ordered", "Correlation rules put in order", "correlation", "changed the order of the correlation rules"
)
TUNING_CREATED = Verb("tuning.created", "Tuning rule created", "rule", "created the tuning rule “{subject}”")
TUNING_CHANGED = Verb("tuning.changed", "Tuning rule changed", "rule", "changed the tuning rule “{subject}”")
TUNING_DELETED = Verb("tuning.deleted", "Tuning rule deleted", "delete", "deleted the tuning rule “{subject}”")

register(
    CORRELATION_CHANGED,
    CORRELATION_RESET,
    CORRELATION_ORDERED,
    TUNING_CREATED,
    TUNING_CHANGED,
    TUNING_DELETED,
    group=SystemGroup.SETTINGS,
)
