"""What can happen to an alert, as the log of its incident tells it."""

from activity.verbs import Group, Verb, register

ALERT_UPDATED = Verb(
    "alert.updated",
    "Alert updated by its source",
    "alert",
    "updated the alert “{subject}”",
    many="updated {count} alerts",
)
ALERT_ASSIGNED = Verb(
    "alert.assigned",
    "Alert assigned",
    "alert",
    "changed the assignee of the alert “{subject}”",
    many="changed the assignee of {count} alerts",
)
ALERT_STATUS_SET = Verb(
    "alert.status_set",
    "Alert status changed",
    "alert",
    "set the status of the alert “{subject}”",
    many="set the status of {count} alerts",
)
ALERT_RESOLVED = Verb(
    "alert.resolved", "Alert resolved", "alert", "resolved the alert “{subject}”", many="resolved {count} alerts"
)
ALERT_REOPENED = Verb(
    "alert.reopened", "Alert reopened", "alert", "reopened the alert “{subject}”", many="reopened {count} alerts"
)
ALERT_CLASSIFIED = Verb(
    "alert.classified",
    "Alert classified",
    "alert",
    "classified the alert “{subject}”",
    many="classified {count} alerts",
)
ALERT_UNDONE = Verb(
    "alert.undone",
    "Change of an alert taken back",
    "undo",
    "took back a change of the alert “{subject}”",
    many="took back changes of {count} alerts",
)
EVIDENCE_JUDGED = Verb(
    "evidence.judged",
    "Evidence judged",
    "evidence",
    "judged the evidence {subject}",
    many="judged {count} pieces of evidence",
)
EVIDENCE_ADDED = Verb(
    "evidence.added",
    "Evidence added",
    "evidence",
    "added {subject} as evidence",
    many="added {count} pieces of evidence",
)
EVIDENCE_REMOVED = Verb(
    "evidence.removed",
    "Evidence removed",
    "delete",
    "took {subject} out of the evidence",
    many="took {count} pieces out of the evidence",
)
EVIDENCE_UNDONE = Verb(
    "evidence.undone",
    "Judgement of evidence taken back",
    "undo",
    "took back what was said of the evidence {subject}",
    many="took back what was said of {count} pieces of evidence",
)

register(
    ALERT_UPDATED,
    ALERT_ASSIGNED,
    ALERT_STATUS_SET,
    ALERT_RESOLVED,
    ALERT_REOPENED,
    ALERT_CLASSIFIED,
    group=Group.ALERTS,
)
register(EVIDENCE_JUDGED, EVIDENCE_ADDED, EVIDENCE_REMOVED, group=Group.EVIDENCE)
register(ALERT_UNDONE, EVIDENCE_UNDONE, group=Group.UNDOING)
