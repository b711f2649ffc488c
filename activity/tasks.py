"""Background work for the log."""

import logging

from celery import shared_task

from activity.chain import verify

logger = logging.getLogger(__name__)


@shared_task
def verify_chains() -> None:
    """Recompute every chain; a break is an alarm for whoever reads the server's log."""
    for broken in verify().breaks:
        logger.critical("The activity log does not verify: %s", broken)
