"""Background work for exports."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from common.jobs import unclaimed, wake_worker
from exports import files
from exports.commands import expire
from exports.making import carry_out
from exports.models import IncidentExport

HALF_DONE = 3_600.0
"""Seconds that a file may be older than its row."""


@shared_task
def make_export(export_id: str) -> None:
    """Make one file, then wake somebody for the next that waits."""
    if carry_out(UUID(export_id)):
        for waiting in unclaimed(IncidentExport, timezone.now())[:1]:
            announce(waiting)


@shared_task
def sweep_exports() -> None:
    """Announce exports anew that no worker has in hand; remove files whose time is over, or that have no row."""
    for export_id in unclaimed(IncidentExport, timezone.now()):
        announce(export_id)
    for number in expire(timezone.now()):
        files.remove(number)
    files.remove_left_work()


@shared_task
def sweep_export_files() -> None:
    """Remove files that have no row an hour after they were written: their worker died before it could say so."""
    kept = files.store()
    for number in kept.older_than(HALF_DONE):
        if not IncidentExport.objects.filter(file=number).exists():
            kept.remove(number)


def announce(export_id: UUID) -> None:
    """Wake a worker for an export."""
    wake_worker(make_export, export_id)
