"""Carrying an export out: the incident as it is at one moment, made into a file, kept, and told.

The database may go away, another worker may take the job, the person may lose the right to it: each ends this attempt,
and none leaves a file without a row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import Principal
from common.errors import Refused
from exports import files
from exports.archive import write_archive
from exports.choices import Format
from exports.commands import MadeFile, claim, finish_export, give_up, let_go
from exports.document import report_of
from exports.files import NotMade
from exports.models import IncidentExport
from exports.one_moment import one_moment
from exports.options import ReportOptions
from exports.printing import Limits, PrintingFailed, print_report
from exports.pulse import NoLongerOurs, Pulse
from exports.rights import rights_of
from incidents.models import Incident
from incidents.queries.lookup import whole_incidents

logger = logging.getLogger(__name__)

Tell = Callable[[int], None]
"""Is told how much is done, in percent, and may raise to stop."""


def carry_out(export_id: UUID) -> bool:
    """Make the file, from the beginning; whether this attempt had the job at all. Nothing happens while somebody else
    is at it or when it is over."""
    export = claim(export_id)
    if export is None:
        return False
    try:
        check_rights(export)
        with Pulse(export) as pulse, files.work_folder(export) as folder:
            made = make(export.incident_id, Format(export.format), _options(export), export.reader, folder, pulse.tell)
            if finish_export(export, made, actor=export.as_actor()) is None:
                files.remove(made.id)
    except NoLongerOurs:
        logger.warning("The export %s was taken over by another worker.", export.pk)
    except (NotMade, PrintingFailed, Refused) as problem:
        give_up(export, str(problem))
    except (OperationalError, InterfaceError):
        logger.warning("The database was away while the export %s was made.", export.pk, exc_info=True)
        connection.close()
        let_go(export)
    except Exception:
        logger.exception("The export %s failed.", export.pk)
        give_up(export, "It could not be made; the reason stands in the worker's log. Tell an administrator.")
    return True


def make(
    number: int, format: Format, options: ReportOptions | None, reader: Principal, folder: Path, tell: Tell
) -> MadeFile:
    """The incident as a file in the store, as the reader sees it at this moment. Raises NotMade or PrintingFailed, and
    whatever `tell` raises."""
    pages = write(number, format, options, reader, folder / "file", tell)
    return files.keep(folder / "file", pages=pages)


def write(number: int, format: Format, options: ReportOptions | None, reader: Principal, path: Path, tell: Tell) -> int:
    """The incident as a file at this path; its pages, where it has any. Raises as `make` does."""
    if format == Format.ARCHIVE:
        write_archive(_whole(number, reader), reader, path, tell=tell)
        return 0
    with one_moment():
        incident, made_at = _whole(number, reader), timezone.now()
        report = report_of(incident, options or ReportOptions(), reader, made_at=made_at, made_by=str(reader))
        folder = path.with_name(f"{path.name}-parts")
        folder.mkdir(mode=0o700)
        printed = print_report(report, folder, limits=limits(), tell=tell)
    printed.path.rename(path)
    return printed.pages


def _whole(number: int, reader: Principal) -> Incident:
    incident = whole_incidents(reader).filter(pk=number).first()
    if incident is None:
        raise NotMade("There is no such incident, or you may not see it.")
    return incident


def limits() -> Limits:
    """What making one report may take of the machine."""
    return Limits(
        seconds=settings.EXPORT_TIME.total_seconds(), memory=settings.EXPORT_MEMORY, size=settings.EXPORT_BYTES
    )


def check_rights(export: IncidentExport) -> None:
    """Raises NotMade unless whoever asked may still take the incident out, with the rights they had."""
    reader = export.reader
    visible = Incident.objects.visible_to(reader).filter(pk=export.incident_id)
    if not reader.may(Permission.EXPORT) or not visible.exists():
        raise NotMade("You may no longer see this incident or take it out.")
    if rights_of(reader) != export.rights:
        raise NotMade("Your rights have changed since you asked; ask again.")


def _options(export: IncidentExport) -> ReportOptions | None:
    return export.report_options if export.options else None
