"""Background work for incidents."""

import logging
import time
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from activity.actors import SYSTEM
from alerts.kinds import count_kinds
from common.jobs import carry_on, unclaimed, wake_worker
from common.portions import portions
from incidents.choices import WakeReason
from incidents.commands import bulk, empty_old_comments, reassess, tell_overdue, wake
from incidents.commands.attachments import look_at
from incidents.commands.due import overdue_and_not_told
from incidents.commands.emptying import incidents_with_old_comments
from incidents.commands.waiting import weigh_waiting
from incidents.files import store
from incidents.models import Attachment, BulkAct, ImportedLog, Incident, Reassessment, RetentionRule
from incidents.summary import differences

logger = logging.getLogger(__name__)

AT_A_TIME = 500
LONGEST_RUN = 480.0
"""Seconds that one run of a nightly task goes on."""
HALF_DONE = timedelta(hours=1)
"""How long an upload may take from its file to its row."""


@shared_task
def check_summaries() -> None:
    """Compare what the queue shows with the truth, a batch at a time; every difference is an alarm in the log."""
    rows = Incident.objects.not_redirected().order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:AT_A_TIME]):
        for difference in differences(batch):
            logger.error("The queue does not say what the alerts say: %s", difference)
        last = batch[-1].pk


@shared_task
def look_at_attachments() -> None:
    """Compare the bytes of every attachment with what came; what is missing or changed is recorded and an alarm."""
    last = UUID(int=0)
    rows = Attachment.objects.stored().select_related("incident").order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:AT_A_TIME]):
        for attachment in batch:
            look_at(attachment)
        last = batch[-1].pk


@shared_task
def sweep_attachments() -> None:
    """Take away files that have no row an hour after they were written: their upload was cut off, or they were
    erased."""
    kept = store()
    for numbers in portions(kept.older_than(HALF_DONE.total_seconds()), AT_A_TIME):
        known = set(Attachment.objects.stored().filter(pk__in=numbers).values_list("pk", flat=True))
        known |= set(ImportedLog.objects.filter(pk__in=numbers).values_list("pk", flat=True))
        for number in set(numbers) - known:
            kept.remove(number)


@shared_task
def wake_due() -> None:
    """Wake the incidents whose snooze has run out, each in its own transaction."""
    due = Incident.objects.filter(snoozed_until__lte=timezone.now()).order_by("snoozed_until")
    for incident in due.only("pk")[: 20 * AT_A_TIME]:
        wake(incident, actor=SYSTEM, reason=WakeReason.TIME)


@shared_task
def tell_what_is_overdue() -> None:
    """Say of every due date that has passed that it has, once, each incident in its own transaction."""
    for number in overdue_and_not_told(timezone.now()):
        tell_overdue(Incident(pk=number), actor=SYSTEM)


@shared_task
def empty_what_is_old() -> None:
    """Empty the texts that the rule of retention gives no more time, each incident in its own transaction; what one run
    does not get to is the next one's."""
    rule = RetentionRule.objects.filter(pk=RetentionRule.ONLY).first()
    if rule is None or rule.days is None:
        return
    until = time.monotonic() + LONGEST_RUN
    for number in incidents_with_old_comments(rule.days):
        empty_old_comments(Incident(pk=number), rule.days, actor=SYSTEM)
        if time.monotonic() > until:
            break


@shared_task
def weigh_incidents() -> None:
    """Let priorities grow with the time that incidents wait for somebody."""
    weigh_waiting()


@shared_task
def count_alert_kinds() -> None:
    """Count how common each kind of alert has been, which tells how rare a new one is."""
    count_kinds()


WORK_FOR = 20.0
"""Seconds that one message may keep a worker at an act; then the others have their turn."""


@shared_task
def run_bulk_act(act_id: str) -> None:
    """Change what is left of an act's incidents, for a while; the rest is another message's."""
    if carry_out(UUID(act_id), seconds=WORK_FOR):
        announce(UUID(act_id))


@shared_task
def sweep_bulk_acts() -> None:
    """Announce acts anew that no worker has in hand: their message was lost, or their worker died."""
    for act_id in unclaimed(BulkAct, timezone.now()):
        announce(act_id)
    bulk.forget_drafts(timezone.now())


def announce(act_id: UUID) -> None:
    """Wake a worker for an act."""
    wake_worker(run_bulk_act, act_id)


def carry_out(act_id: UUID, *, seconds: float) -> bool:
    """Work on an act chunk by chunk, for so long; whether incidents are left that are ours to go on with."""
    act = BulkAct.objects.filter(pk=act_id).first()
    return act is not None and carry_on(lambda: bulk.work_on(act_id, actor=act.as_actor()), seconds)


@shared_task
def run_reassessment(number: str) -> None:
    """Judge assets and bring incidents up to date, for a while; the rest is another message's."""
    job = Reassessment.objects.filter(pk=number).first()
    if job is not None and carry_on(lambda: reassess(job.pk, actor=job.as_actor()), WORK_FOR):
        announce_reassessment(job.pk)


@shared_task
def sweep_reassessments() -> None:
    """Announce reassessments anew that no worker has in hand."""
    for number in unclaimed(Reassessment, timezone.now()):
        announce_reassessment(number)


def announce_reassessment(number: UUID) -> None:
    """Wake a worker for a reassessment."""
    wake_worker(run_reassessment, number)
