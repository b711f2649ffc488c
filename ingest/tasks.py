"""Background work for rules."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from common.jobs import unclaimed, wake_worker
from ingest.commands import trials
from ingest.models import Trial


@shared_task
def run_trial(trial_id: str) -> None:
    """Try a rule on stored alerts."""
    trials.carry_out(UUID(trial_id))


@shared_task
def sweep_trials() -> None:
    """Announce trials anew that no worker has in hand, and forget old ones."""
    for trial_id in unclaimed(Trial, timezone.now()):
        wake_worker(run_trial, trial_id)
    trials.forget_trials(timezone.now())
