"""Background work for incidents."""

import logging

from celery import shared_task

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
