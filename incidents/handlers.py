"""What incidents do when something is recorded: the bell of everybody whom it concerns rings; and what was merged into
an incident is as restricted as that."""

from __future__ import annotations

from collections.abc import Sequence

from activity.delivery import on
from activity.models import Entry
from activity.verbs import COMMENT_REMOVED, VERBS
from incidents import verbs
from incidents.commands.audience import actor_of, follow_restriction
from incidents.commands.telling import tell_people

SILENT = {
    verbs.OPENED.name,
    verbs.FOLLOWED.name,
    verbs.UNFOLLOWED.name,
    verbs.GLASS_LOOKED_THROUGH.name,
    COMMENT_REMOVED.name,
}
"""Nobody follows an incident that is only just opened, and breaking the glass has rung already; the others are nobody
else's concern."""
HEARD = [
    verb
    for verb in VERBS.values()
    if verb.name.startswith(("incident.", "alert.", "comment.", "task.")) and verb.name not in SILENT
]


@on(HEARD)
def ring(entries: Sequence[Entry]) -> None:
    tell_people(entries)


@on([verbs.RESTRICTED, verbs.RESTRICTION_LIFTED, verbs.MEMBERS_CHANGED])
def restrict_what_was_merged(entries: Sequence[Entry]) -> None:
    for entry in entries:
        follow_restriction(entry, actor=actor_of(entry))
