"""Background work for people and sessions."""

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from accounts.commands import tell_untold
from accounts.commands.answers import forget_old_answers
from activity.actors import SYSTEM


@shared_task
def clear_expired_sessions() -> None:
    call_command("clearsessions")


@shared_task
def tell_of_the_door() -> None:
    tell_untold(actor=SYSTEM)


@shared_task
def forget_kept_answers() -> None:
    forget_old_answers(timezone.now())
