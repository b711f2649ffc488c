"""What incidents do when something is recorded: the bell of everybody whom it concerns rings; what was merged into an
incident is as restricted as that; and what critical assets mean is worked out anew."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.consequences import when_a_team_goes
from accounts.models import Principal, Team, User
from accounts.verbs import TEAM_DELETED
from activity.delivery import on
from activity.models import Entry
from activity.verbs import COMMENT_REMOVED, VERBS
from alerts.lookup import when_looked_at
from alerts.models import Alert
from entities.verbs import (
    CLASSIFICATION_ADDED,
    CLASSIFICATION_CHANGED,
    CLASSIFICATION_DELETED,
    CRITICALITY_FOUND,
    CRITICALITY_SET,
)
from incidents import tasks, verbs
from incidents.commands.audience import actor_of, follow_restriction
from incidents.commands.critical_assets import start_reassessment
from incidents.commands.leaving import leave_to_nobody
from incidents.commands.looking import record_look
from incidents.commands.telling import tell_people
from incidents.models import Reassessment
from incidents.queries.team_work import sentences_of_work

SILENT = {
    verbs.OPENED.name,
    verbs.IMPORTED.name,
    verbs.FOLLOWED.name,
    verbs.UNFOLLOWED.name,
    verbs.EXPORTED.name,
    verbs.GLASS_LOOKED_THROUGH.name,
    verbs.CRITICAL_MARKED.name,
    verbs.CRITICAL_UNMARKED.name,
    COMMENT_REMOVED.name,
    verbs.ATTACHMENT_REMOVED.name,
    verbs.ATTACHMENT_ERASED.name,
    verbs.ATTACHMENT_DOWNLOADED.name,
}
"""Nobody follows an incident that is only just opened, and breaking the glass has rung already; the others are nobody
else's concern."""
HEARD = [
    verb
    for verb in VERBS.values()
    if verb.name.startswith(("incident.", "alert.", "comment.", "task.", "attachment.")) and verb.name not in SILENT
]


@on(HEARD)
def ring(entries: Sequence[Entry]) -> None:
    tell_people(entries)


@on([verbs.RESTRICTED, verbs.RESTRICTION_LIFTED, verbs.MEMBERS_CHANGED])
def restrict_what_was_merged(entries: Sequence[Entry]) -> None:
    for entry in entries:
        follow_restriction(entry, actor=actor_of(entry))


@on([CLASSIFICATION_ADDED, CLASSIFICATION_CHANGED, CLASSIFICATION_DELETED])
def judge_assets(entries: Sequence[Entry]) -> None:
    """A classification decides otherwise from now on; its name alone decides nothing."""
    for entry in entries:
        if any(change["field"] != "name" for change in entry.changes):
            _announce(start_reassessment(f"Classification {entry.subject_label}", actor=actor_of(entry)))


@on([CRITICALITY_SET, CRITICALITY_FOUND])
def weigh_incidents(entries: Sequence[Entry]) -> None:
    """Assets are more or less critical than before: their incidents follow."""
    changed = [entry for entry in entries if entry.change_of("criticality")]
    if changed:
        numbers = [int(entry.subject_id) for entry in changed]
        _announce(start_reassessment(changed[-1].subject_label, actor=actor_of(changed[-1]), entity_ids=numbers))


@when_a_team_goes
def say_what_it_works_on(team: Team, principal: Principal) -> list[str]:
    return sentences_of_work(team, principal)


@on([TEAM_DELETED])
def take_work_from_team(entries: Sequence[Entry]) -> None:
    for entry in entries:
        leave_to_nobody(Team(pk=int(entry.subject_id), name=entry.subject_label), actor=actor_of(entry))


def _announce(job: Reassessment) -> None:
    transaction.on_commit(lambda: tasks.announce_reassessment(job.pk))


@when_looked_at
def record_look_at_alert(alert: Alert, user: User) -> None:
    """Who looks at an alert of a restricted incident looks at that."""
    if alert.incident is not None:
        record_look(alert.incident, user)
