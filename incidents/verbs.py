"""What can happen to an incident, as the log tells it."""

from activity.verbs import Group, SystemGroup, Verb, register

OPENED = Verb("incident.opened", "Incident opened", "incident", "opened the incident from {alerts_in_words}")
IMPORTED = Verb("incident.imported", "Incident imported", "incident", "imported the incident from an archive {origin}")
ALERTS_LINKED = Verb("incident.alerts_linked", "Alerts linked", "link", "linked {alerts_in_words}")
RENAMED = Verb("incident.renamed", "Name changed", "rename", "renamed the incident")
AUTOMATIC_NAME_USED = Verb(
    "incident.automatic_name_used", "Automatic name used", "rename", "gave the incident its automatic name"
)
SEVERITY_SET = Verb("incident.severity_set", "Severity changed", "severity", "set the severity")
AUTOMATIC_SEVERITY_USED = Verb(
    "incident.automatic_severity_used", "Automatic severity used", "severity", "gave the severity back to the system"
)
ASSIGNED = Verb("incident.assigned", "Assigned", "assign", "assigned the incident")
UNASSIGNED = Verb("incident.unassigned", "Unassigned", "assign", "removed the assignee")
STARTED = Verb("incident.started", "In progress", "status", "set the incident in progress")
SET_BACK = Verb("incident.set_back", "Set back to active", "status", "set the incident back to active")
RESOLVED = Verb("incident.resolved", "Resolved", "resolve", "resolved the incident")
REOPENED = Verb("incident.reopened", "Reopened", "reopen", "reopened the incident")
NOTE_CHANGED = Verb("incident.note_changed", "Resolution note changed", "resolve", "changed the resolution note")
CLASSIFIED = Verb("incident.classified", "Classified", "classify", "classified the incident")
TAGS_CHANGED = Verb("incident.tags_changed", "Tags changed", "tag", "changed the tags")
RESTRICTED = Verb("incident.restricted", "Restricted", "restricted", "restricted the incident to its members")
RESTRICTION_LIFTED = Verb("incident.restriction_lifted", "Restriction lifted", "restricted", "lifted the restriction")
MEMBERS_CHANGED = Verb("incident.members_changed", "Members changed", "team", "changed who may see the incident")
GLASS_BROKEN = Verb(
    "incident.glass_broken", "Opened by break-glass", "restricted", "opened it by break-glass for {minutes} minutes"
)
GLASS_LOOKED_THROUGH = Verb(
    "incident.glass_looked_through", "Looked at by break-glass", "restricted", "looked at it by break-glass"
)
GLASS_CLOSED = Verb("incident.glass_closed", "Break-glass ended", "restricted", "ended their break-glass early")
GLASS_OPENED = Verb(
    "break_glass.opened",
    "Opened by break-glass",
    "restricted",
    "opened {subject} by break-glass for {minutes} minutes: {reason}",
)
GLASS_IN_VAIN = Verb(
    "break_glass.in_vain",
    "Break-glass in vain",
    "restricted",
    "tried to open {subject} by break-glass, where nothing is: {reason}",
)
RESTRICTED_SEEN = Verb(
    "restricted.seen",
    "Restricted incident looked at",
    "restricted",
    "looked at the restricted incident {subject}, {by}",
)
SNOOZED = Verb("incident.snoozed", "Snoozed", "snooze", "snoozed the incident")
WOKEN = Verb("incident.woken", "Woken", "wake", "woke the incident: {reason}")
DUE_SET = Verb("incident.due_set", "Due date changed", "date", "changed the due date")
OVERDUE = Verb("incident.overdue", "Overdue", "date", "noted that the incident is overdue")
TEMPLATE_APPLIED = Verb(
    "incident.template_applied",
    "Task template applied",
    "task",
    "added {tasks} from the template “{template}”",
    covers=("task.added",),
)
TASK_ADDED = Verb("task.added", "Task added", "task", "added the task “{subject}”", many="added {count} tasks")
TASK_CHANGED = Verb(
    "task.changed", "Task changed", "task", "changed the task “{subject}”", many="changed {count} tasks"
)
TASK_STARTED = Verb(
    "task.started", "Task started", "task", "started the task “{subject}”", many="started {count} tasks"
)
TASK_COMPLETED = Verb(
    "task.completed", "Task completed", "task", "completed the task “{subject}”", many="completed {count} tasks"
)
TASK_SKIPPED = Verb(
    "task.skipped", "Task skipped", "task", "skipped the task “{subject}”", many="skipped {count} tasks"
)
TASK_REOPENED = Verb(
    "task.reopened", "Task reopened", "task", "opened the task “{subject}” again", many="opened {count} tasks again"
)
TASK_NOTED = Verb(
    "task.noted",
    "Closing note written",
    "task",
    "wrote what came of the task “{subject}”",
    many="wrote what came of {count} tasks",
)
TASK_MOVED = Verb(
    "task.moved", "Task moved", "task", "moved the task “{subject}” {direction}", many="moved {count} tasks"
)
TASK_REMOVED = Verb(
    "task.removed", "Task removed", "task", "removed the task “{subject}”", many="removed {count} tasks"
)
TASK_UNDONE = Verb(
    "task.undone",
    "Change of a task taken back",
    "undo",
    "took back a change of the task “{subject}”",
    many="took back changes of {count} tasks",
)
TASK_OVERDUE = Verb(
    "task.overdue",
    "Task overdue",
    "date",
    "noted that the task “{subject}” is overdue",
    many="noted that {count} tasks are overdue",
)
TASK_TEMPLATE_SAVED = Verb("task_template.saved", "Task template saved", "task", "saved a template of tasks")
TASK_TEMPLATE_CHANGED = Verb("task_template.changed", "Task template changed", "task", "changed a template of tasks")
TASK_TEMPLATE_DELETED = Verb("task_template.deleted", "Task template deleted", "delete", "deleted a template of tasks")
FOLLOWED = Verb("incident.followed", "Followed", "follow", "follows the incident")
UNFOLLOWED = Verb("incident.unfollowed", "No longer followed", "unfollow", "no longer follows the incident")
EXPORTED = Verb("incident.exported", "Exported", "export", "exported the incident as {what}, SHA-256 {sha256}")
PERSONAL = (FOLLOWED.name, UNFOLLOWED.name, EXPORTED.name)
"""What concerns one person alone: no news to anybody else."""
MERGED = Verb("incident.merged", "Merged", "merge", "merged {sources} into this incident")
MERGED_AWAY = Verb("incident.merged_away", "Merged away", "merge", "merged this incident into {into}")
UNMERGED = Verb("incident.unmerged", "Un-merged", "undo", "took {sources} out of this incident again")
RESTORED = Verb("incident.restored", "Un-merged", "undo", "took this incident out of {into} again")
ALERTS_MOVED_OUT = Verb("incident.alerts_moved_out", "Alerts moved away", "move", "moved {alerts_in_words} to {into}")
ALERTS_MOVED_IN = Verb("incident.alerts_moved_in", "Alerts moved here", "move", "moved {alerts_in_words} here {origin}")
SPLIT_OFF = Verb("incident.split_off", "Split off", "split", "opened the incident with {alerts_in_words} {origin}")
VIEW_SAVED = Verb("view.saved", "View saved", "saved_view", "saved a view of the queue")
VIEW_CHANGED = Verb("view.changed", "View changed", "saved_view", "changed a view of the queue")
VIEW_DELETED = Verb("view.deleted", "View deleted", "delete", "deleted a view of the queue")
UNDONE = Verb("incident.undone", "Taken back", "undo", "took a change back")
BULK_STARTED = Verb("bulk.started", "Bulk act started", "manage", "started to change {incidents} incidents at once")
BULK_ALERTS_STARTED = Verb(
    "bulk.alerts_started", "Bulk act started", "manage", "started to change {alerts} alerts at once"
)
BULK_UNDO_STARTED = Verb("bulk.undo_started", "Undo of a bulk act", "undo", "started to take a bulk act back")
BULK_CANCELLED = Verb("bulk.cancelled", "Bulk act cancelled", "close", "cancelled a bulk act")

ATTACHED = Verb("attachment.added", "Attached", "attachment", "attached “{subject}”", many="attached {count} files")
ATTACHMENT_REMOVED = Verb("attachment.removed", "Attachment removed", "remove", "removed the attachment “{subject}”")
ATTACHMENT_ERASED = Verb("attachment.erased", "File erased", "delete", "erased the file of the attachment “{subject}”")
ATTACHMENT_DAMAGED = Verb(
    "attachment.damaged", "Attachment damaged", "warning", "refused the attachment “{subject}”: its file {reason}"
)
ATTACHMENT_WHOLE = Verb(
    "attachment.whole", "Attachment whole again", "success", "found the file of “{subject}” as it was stored"
)
ATTACHMENT_DOWNLOADED = Verb("attachment.downloaded", "Downloaded", "export", "downloaded “{subject}”")

CRITICAL_MARKED = Verb(
    "incident.critical_marked",
    "Critical asset",
    "critical",
    "marked the incident as one with a critical asset: {because}",
)
CRITICAL_UNMARKED = Verb(
    "incident.critical_unmarked", "No critical asset", "critical", "took the mark away: none of its assets is critical"
)

RETENTION_SET = Verb("retention.set", "Retention changed", "settings", "changed how long texts of comments are kept")

register(OPENED, IMPORTED, ALERTS_LINKED, group=Group.ALERTS)
register(RENAMED, AUTOMATIC_NAME_USED, SEVERITY_SET, AUTOMATIC_SEVERITY_USED, group=Group.NAMING)
register(ASSIGNED, UNASSIGNED, group=Group.ASSIGNMENT)
register(STARTED, SET_BACK, RESOLVED, REOPENED, NOTE_CHANGED, group=Group.STATUS)
register(CLASSIFIED, group=Group.CLASSIFICATION)
register(TAGS_CHANGED, CRITICAL_MARKED, CRITICAL_UNMARKED, group=Group.TAGS)
register(RESTRICTED, RESTRICTION_LIFTED, MEMBERS_CHANGED, group=Group.ACCESS)
register(GLASS_BROKEN, GLASS_LOOKED_THROUGH, GLASS_CLOSED, group=Group.ACCESS)
register(GLASS_OPENED, GLASS_IN_VAIN, RESTRICTED_SEEN, group=SystemGroup.SIGHT)
register(SNOOZED, WOKEN, DUE_SET, OVERDUE, group=Group.DATES)
register(
    TEMPLATE_APPLIED,
    TASK_ADDED,
    TASK_CHANGED,
    TASK_STARTED,
    TASK_COMPLETED,
    TASK_SKIPPED,
    TASK_REOPENED,
    TASK_NOTED,
    TASK_MOVED,
    TASK_REMOVED,
    TASK_OVERDUE,
    group=Group.TASKS,
)
register(
    ATTACHED,
    ATTACHMENT_REMOVED,
    ATTACHMENT_ERASED,
    ATTACHMENT_DAMAGED,
    ATTACHMENT_WHOLE,
    ATTACHMENT_DOWNLOADED,
    group=Group.ATTACHMENTS,
)
register(FOLLOWED, UNFOLLOWED, group=Group.FOLLOWING)
register(EXPORTED, group=Group.EXPORTS)
register(MERGED, MERGED_AWAY, UNMERGED, RESTORED, ALERTS_MOVED_OUT, ALERTS_MOVED_IN, SPLIT_OFF, group=Group.MERGES)
register(UNDONE, TASK_UNDONE, group=Group.UNDOING)
register(RETENTION_SET, TASK_TEMPLATE_SAVED, TASK_TEMPLATE_CHANGED, TASK_TEMPLATE_DELETED, group=SystemGroup.SETTINGS)
register(VIEW_SAVED, VIEW_CHANGED, VIEW_DELETED, group=SystemGroup.VIEWS)
register(BULK_STARTED, BULK_ALERTS_STARTED, BULK_UNDO_STARTED, BULK_CANCELLED, group=SystemGroup.BULK)
