"""Background work for webhooks."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from common.jobs import wake_worker
from webhooks.commands.sending import forget_old, give_up_old, is_anything_due
from webhooks.delivering import deliver_due

SECONDS_AT_A_TIME = 20.0
"""Of one message; then others have their turn."""


@shared_task
def send_deliveries() -> None:
    """Send what is due, then wake somebody for what is left."""
    if deliver_due(SECONDS_AT_A_TIME):
        wake_worker(send_deliveries)


@shared_task
def sweep_deliveries() -> None:
    """Wake a worker where something is due that nobody has in hand; give up what has waited for a day."""
    give_up_old(timezone.now())
    if is_anything_due(timezone.now()):
        wake_worker(send_deliveries)


@shared_task
def forget_old_deliveries() -> None:
    """Messages that are over are kept for thirty days."""
    forget_old(timezone.now())
