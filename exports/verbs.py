"""What leaving the house looks like in the system's log."""

from activity.verbs import Verb, register

QUEUE_EXPORTED = Verb("queue.exported", "Queue exported", "export", "exported the queue as a table")

register(QUEUE_EXPORTED)
