"""Background work for people and sessions."""

from celery import shared_task
from django.core.management import call_command

from accounts.commands import forget_ended_sessions, tell_untold
from activity.actors import SYSTEM


@shared_task
def clear_expired_sessions() -> None:
    call_command("clearsessions")
    forget_ended_sessions()


@shared_task
def tell_of_the_door() -> None:
    tell_untold(actor=SYSTEM)
