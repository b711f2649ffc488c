"""`manage.py archive_incident N FILE`: write the archive of an incident, for safe-keeping or another Watchfloor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activity.actors import COMMAND_LINE
from exports.archive import write_archive
from exports.commands import record_data_export
from incidents.models import Incident


class Command(BaseCommand):
    help = "Write all that is known of an incident into one new file (docs/archive-format.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", metavar="N", type=int, help="the incident's number")
        parser.add_argument("file", metavar="FILE", type=Path, help="a file that does not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        number, path = options["number"], options["file"]
        incident = Incident.objects.filter(pk=min(number, 2**62)).first()
        if incident is None:
            raise CommandError(f"There is no incident {number}.")
        if path.exists():
            raise CommandError(f"{path} exists already; name a new file.")
        record_data_export(actor=COMMAND_LINE, incident_id=incident.pk, what=f"#{incident.pk} as an archive")
        try:
            written = write_archive(incident, None, path, actor=COMMAND_LINE)
        except OSError as problem:
            raise CommandError(f"{path} cannot be written: {problem.strerror}.") from None
        self.stdout.write(f"Written to {path}: {written.size:,} bytes, SHA-256 {written.sha256}.")
