"""Background work for the log."""

import logging
import time

from celery import shared_task

from activity.checkpoints.problems import CheckpointProblem
from activity.checkpoints.taking import take_checkpoint
from activity.checkpoints.verifying import keep_outcome, prove

logger = logging.getLogger(__name__)

LONGEST_CHECK = 6 * 3600
"""Seconds. Its message is taken at once: one that came again meanwhile would only start a second check."""


@shared_task
def take_checkpoints() -> None:
    """Sign what the log has gained; that it cannot be signed is an alarm, and the Status page says so too."""
    try:
        take_checkpoint(patience=5)
    except CheckpointProblem as problem:
        logger.critical("The activity log gets no checkpoint: %s", problem)


@shared_task(acks_late=False, soft_time_limit=LONGEST_CHECK, time_limit=LONGEST_CHECK)
def verify_chains() -> None:
    """Check every chain against its checkpoints; what does not fit is an alarm, and stands on the Status page."""
    started = time.monotonic()
    proof = prove()
    for problem in proof.problems:
        logger.critical("The activity log does not verify: %s", problem)
    keep_outcome(proof, time.monotonic() - started)
