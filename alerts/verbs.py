"""What can happen to an alert, as the log of its incident tells it."""

from activity.verbs import Verb, register

ALERT_UPDATED = Verb("alert.updated", "Alert updated by its source", "alert", "updated the alert {subject}")
ALERT_ASSIGNED = Verb("alert.assigned", "Alert assigned", "alert", "changed the assignee of the alert {subject}")
ALERT_STATUS_SET = Verb("alert.status_set", "Alert status changed", "alert", "set the status of the alert {subject}")
ALERT_RESOLVED = Verb("alert.resolved", "Alert resolved", "alert", "resolved the alert {subject}")
ALERT_REOPENED = Verb("alert.reopened", "Alert reopened", "alert", "reopened the alert {subject}")
ALERT_CLASSIFIED = Verb("alert.classified", "Alert classified", "alert", "classified the alert {subject}")
ALERT_UNDONE = Verb(
    "alert.undone", "Change of an alert taken back", "undo", "took back a change of the alert {subject}"
)
EVIDENCE_JUDGED = Verb("evidence.judged", "Evidence judged", "evidence", "judged the evidence {subject}")
EVIDENCE_ADDED = Verb("evidence.added", "Evidence added", "evidence", "added {subject} as evidence")
EVIDENCE_REMOVED = Verb("evidence.removed", "Evidence removed", "delete", "took {subject} out of the evidence")
EVIDENCE_UNDONE = Verb(
    "evidence.undone", "Judgement of evidence taken back", "undo", "took back what was said of the evidence {subject}"
)

register(
    ALERT_UPDATED,
    ALERT_ASSIGNED,
    ALERT_STATUS_SET,
    ALERT_RESOLVED,
    ALERT_REOPENED,
    ALERT_CLASSIFIED,
    ALERT_UNDONE,
    EVIDENCE_JUDGED,
    EVIDENCE_ADDED,
    EVIDENCE_REMOVED,
    EVIDENCE_UNDONE,
)
