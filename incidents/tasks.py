"""Background work for incidents."""

import logging

from celery import shared_task
from django.utils import timezone

from activity.actors import SYSTEM
from alerts.kinds import count_kinds
from incidents.choices import WakeReason
from incidents.commands import wake
from incidents.commands.waiting import weigh_waiting
from incidents.models import Incident
from incidents.summary import differences

logger = logging.getLogger(__name__)

AT_A_TIME = 500


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
def wake_due() -> None:
    """Wake the incidents whose snooze has run out, each in its own transaction."""
    due = Incident.objects.filter(snoozed_until__lte=timezone.now()).order_by("snoozed_until")
    for incident in due.only("pk")[: 20 * AT_A_TIME]:
        wake(incident, actor=SYSTEM, reason=WakeReason.TIME)


@shared_task
def weigh_incidents() -> None:
    """Let priorities grow with the time that incidents wait for somebody."""
    weigh_waiting()


@shared_task
def count_alert_kinds() -> None:
    """Count how common each kind of alert has been, which tells how rare a new one is."""
    count_kinds()
