"""What leaving the house looks like in the system's log."""

from activity.verbs import SystemGroup, Verb, register

QUEUE_EXPORTED = Verb("queue.exported", "Queue exported", "export", "exported the queue as a table")
DATA_EXPORTED = Verb("data.exported", "Incident's data exported", "export", "exported {what}")
LOG_EXPORTED = Verb("log.exported", "Log exported", "export", "exported the log of {log}")
EXPORT_DOWNLOADED = Verb("export.downloaded", "Export downloaded", "export", "downloaded the {what} of {subject}")

register(QUEUE_EXPORTED, DATA_EXPORTED, LOG_EXPORTED, EXPORT_DOWNLOADED, group=SystemGroup.EXPORTS)
