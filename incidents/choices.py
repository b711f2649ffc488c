"""Terms of incidents. Severity, classification and determination are shared with alerts (alerts/choices.py)."""

from datetime import timedelta

from common.terms import NamedTerms, RankedTerms

VISIT = timedelta(minutes=10)
"""Looks at an incident that are no further apart are one visit."""


NEW_FOR = timedelta(days=7)
"""An incident never looked at is new to a person for so long after it was opened; later nobody would catch up."""


class IncidentStatus(RankedTerms):
    ACTIVE = 1, "Active"
    IN_PROGRESS = 2, "In progress"
    RESOLVED = 3, "Resolved"
    REDIRECTED = 4, "Redirected"


OPEN_STATUSES = (IncidentStatus.ACTIVE, IncidentStatus.IN_PROGRESS)


class TagKind(NamedTerms):
    """Who sets a tag and how it looks: custom tags by people, the others by the system alone."""

    CUSTOM = "custom", "Custom tag"
    ATTACK = "attack", "Type of attack"
    AUTOMATIC = "automatic", "Automatic action"
    CRITICAL = "critical", "Critical asset"
    REDIRECTED = "redirected", "Redirected"


class TaskState(NamedTerms):
    """How far a task is."""

    NEW = "new", "New"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    SKIPPED = "skipped", "Skipped"


class TaskProgress(NamedTerms):
    """How far an incident is with its tasks, as a list is filtered by it."""

    OPEN = "open", "Some are open"
    DONE = "done", "All are done"
    NONE = "none", "Has none"


class DueWhen(NamedTerms):
    """When an incident is due, as a list is filtered by it."""

    OVERDUE = "overdue", "Overdue"
    TODAY = "today", "Today"
    WEEK = "7d", "Within 7 days"
    SET = "set", "Has a due date"
    NONE = "none", "Has none"


class Audience(NamedTerms):
    """Who sees a saved view."""

    PRIVATE = "private", "Only me"
    TEAM = "team", "A team"
    EVERYONE = "everyone", "Everyone"


class NoticeReason(NamedTerms):
    """Why the bell tells a person of something."""

    ASSIGNED = "assigned", "Assigned to you"
    MENTIONED = "mentioned", "Mentions you"
    FOLLOWED = "followed", "You follow it"
    WOKEN = "woken", "Woke up"
    OVERDUE = "overdue", "Overdue"
    BREAK_GLASS = "break_glass", "Opened by break-glass"


class WakeReason(NamedTerms):
    """Why a snooze ended; reads on from "woke the incident: "."""

    TIME = "time", "its time had come"
    ALERT = "alert", "a new alert joined it"
    HAND = "hand", "by hand"


class BulkSubject(NamedTerms):
    """What a bulk act changes many of; the word is that of the item's foreign key, too."""

    INCIDENT = "incident", "Incidents"
    ALERT = "alert", "Alerts"


class Outcome(NamedTerms):
    """What a bulk act did to one incident or alert."""

    WAITING = "waiting", "Waiting"
    CHANGED = "changed", "Changed"
    UNCHANGED = "unchanged", "Already so"
    REFUSED = "refused", "Refused"
    CONFLICT = "conflict", "Changed meanwhile"
