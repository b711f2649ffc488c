"""Making a file of an incident: a row first, then whoever is there to do it; and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Principal, User
from activity.actors import Actor
from activity.record import Draft, Subject, record
from common.command import command
from common.errors import Refused
from common.jobs import LEASE, UNFINISHED, JobState
from exports.archive import check_may_archive
from exports.choices import Format, Part
from exports.models import ExportRequest, IncidentExport, asker
from exports.options import ReportOptions
from exports.rights import key_of, last_sequence, rights_of
from exports.verbs import EXPORT_DOWNLOADED
from incidents import verbs
from incidents.models import Incident

MOST_WAITING = 10
"""Files that are made or wait to be made for one person."""
MOST_ATTEMPTS = 5
"""A file whose worker dies each time is given up after so many; that the database was away counts as well."""
ROW_KEPT = timedelta(days=30)
"""How long one's exports are listed."""
MOST_AT_ONCE = 1_000
"""Files that are forgotten in one go."""


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that lies in the store, of which no row knows yet."""

    id: UUID
    size: int
    sha256: str
    pages: int = 0


def request_export(
    incident: Incident,
    format: Format,
    options: ReportOptions | None = None,
    *,
    principal: Principal,
    anew: bool = False,
) -> IncidentExport:
    """The file that the person or token shall have: one that is being made, or was made a moment ago of the very same,
    or else a new job. With `anew` none that is finished is taken. Raises Refused when they have too many under way, or
    for a report without parts.
    """
    if options is not None and not options.parts:
        raise Refused("Choose at least one part of the report.", field="parts")
    if format == Format.ARCHIVE:
        check_may_archive(principal)
    rights = rights_of(principal)
    sequence = last_sequence(incident)
    key = key_of(incident, sequence, format, options, rights)
    with transaction.atomic():
        _one_at_a_time(key)
        export = _at_hand(key, anew=anew)
        if export is None:
            own = ExportRequest.objects.filter(**asker(principal), export__state__in=UNFINISHED)
            if own.count() >= MOST_WAITING:
                raise Refused(f"{MOST_WAITING} of your exports are still being made; wait for one of them.")
            export = IncidentExport.objects.create(
                incident=incident,
                format=format,
                options=options.as_json() if options else {},
                key=key,
                rights=rights,
                sequence=sequence,
                **asker(principal),
            )
        asked = {"asked_at": timezone.now(), "hidden_at": None}
        ExportRequest.objects.update_or_create(export=export, **asker(principal), defaults=asked)
    return export


def at_hand(
    incident: Incident, format: Format, options: ReportOptions | None, principal: Principal
) -> IncidentExport | None:
    """The file that asking now would give at once, or that is being made already."""
    key = key_of(incident, last_sequence(incident), format, options, rights_of(principal))
    return _at_hand(key, anew=False)


def _at_hand(key: str, *, anew: bool) -> IncidentExport | None:
    now = timezone.now()
    young = Q(finished_at__gt=now - settings.EXPORT_CACHE_TIME) & Q(
        state=JobState.DONE, file__isnull=False, expires_at__gt=now
    )
    states = Q(state__in=UNFINISHED) if anew else Q(state__in=UNFINISHED) | young
    return IncidentExport.objects.filter(states, key=key).order_by("-created_at").first()


def put_away(export: IncidentExport, user: User) -> None:
    """Show it no longer at the incident; it stays among the person's exports."""
    ExportRequest.objects.filter(export=export, user=user).update(hidden_at=timezone.now())


def claim(export_id: UUID) -> IncidentExport | None:
    """The job, ours for the time of a lease and known by the number of its attempt; None where it is over, where
    another worker is at it, or while enough of them are being made: those that wait are taken up as the others end."""
    with transaction.atomic():
        _one_at_a_time("exports that are being made")
        rows = IncidentExport.objects.select_for_update(of=("self",), skip_locked=True)
        export = rows.filter(pk=export_id, state__in=UNFINISHED).first()
        if export is None or _is_held(export) or _being_made() >= settings.EXPORTS_AT_ONCE:
            return None
        if export.attempts >= MOST_ATTEMPTS:
            export.end(JobState.FAILED, f"Its worker ended {MOST_ATTEMPTS} times before the file was made.")
            export.save(update_fields=["state", "problem", "finished_at", "leased_until"])
            return None
        export.hold()
        export.attempts += 1
        export.percent = 0
        export.save(update_fields=["state", "leased_until", "attempts", "percent"])
        return export


def _is_held(export: IncidentExport) -> bool:
    return export.state == JobState.RUNNING and bool(export.leased_until and export.leased_until > timezone.now())


def _being_made() -> int:
    return IncidentExport.objects.filter(state=JobState.RUNNING, leased_until__gt=timezone.now()).count()


def hold_on(export: IncidentExport, percent: int) -> bool:
    """Say how far the file is, and that somebody is at it; whether it is still ours."""
    return bool(_own(export).update(percent=percent, leased_until=timezone.now() + LEASE))


def let_go(export: IncidentExport) -> None:
    """Leave the job for the next worker at once, as when the database was away."""
    _own(export).update(state=JobState.QUEUED, leased_until=None)


def give_up(export: IncidentExport, problem: str) -> None:
    """The file cannot be made, and why, in words for who asked."""
    export.end(JobState.FAILED, problem[:1_000])
    _own(export).update(state=export.state, problem=export.problem, finished_at=export.finished_at, leased_until=None)


@command
def finish_export(export: IncidentExport, made: MadeFile, *, actor: Actor) -> IncidentExport | None:
    """The file is made: it can be had from now on, and the incident's log says what left the house, by its SHA-256.

    None, with nothing changed, when the job is no longer this attempt's; the file is then the caller's to remove.
    """
    incident = Incident.objects.select_for_update(of=("self",)).get(pk=export.incident_id)
    found = _own(export).select_for_update(of=("self",)).first()
    if found is None:
        return None
    found.file, found.size, found.sha256, found.pages = made.id, made.size, made.sha256, made.pages
    found.percent, found.expires_at = 100, timezone.now() + settings.EXPORT_KEPT_TIME
    found.end(JobState.DONE)
    found.save()
    _record_made(incident, Format(found.format), found.report_options if found.options else None, made, actor)
    return found


@command
def record_export(
    incident: Incident, format: Format, options: ReportOptions | None, made: MadeFile, *, actor: Actor
) -> None:
    """Note in the incident's log that a file was made of it by hand, outside of the portal's own store."""
    _record_made(incident, format, options, made, actor)


def _record_made(
    incident: Incident, format: Format, options: ReportOptions | None, made: MadeFile, actor: Actor
) -> None:
    facts = {"what": Format(format).label, "format": str(format), "sha256": made.sha256, "size": made.size}
    if options is not None:
        facts |= {"pages": made.pages, "marking": options.marking.label, "is_capped": options.is_capped}
        facts["left_out"] = [str(part) for part in Part if part not in options.parts]
    record(Draft(verbs.EXPORTED, actor, incident_id=incident.pk, incident_version=incident.version, facts=facts))


@command
def record_download(export: IncidentExport, *, actor: Actor) -> None:
    """Note in the system's log that somebody is given the file: before its first byte leaves."""
    subject = Subject("incident", str(export.incident_id), f"#{export.incident_id}")
    what = Format(export.format).label
    facts = {"what": what, "export": str(export.pk), "sha256": export.sha256, "size": export.size}
    record(Draft(EXPORT_DOWNLOADED, actor, subject=subject, facts=facts))


def expire(now: datetime) -> list[UUID]:
    """Forget the files whose time is over, and rows of long ago; the ids of the files, for the caller to remove."""
    over = IncidentExport.objects.filter(file__isnull=False, expires_at__lte=now).order_by("expires_at")
    files = dict(over.values_list("pk", "file")[:MOST_AT_ONCE])
    IncidentExport.objects.filter(pk__in=files).update(file=None)
    old = IncidentExport.objects.filter(created_at__lt=now - ROW_KEPT, file__isnull=True)
    old.exclude(state__in=UNFINISHED).delete()
    return [file for file in files.values() if file]


def _own(export: IncidentExport) -> QuerySet[IncidentExport]:
    """The job's row, as long as it is this attempt's."""
    return IncidentExport.objects.filter(pk=export.pk, state=JobState.RUNNING, attempts=export.attempts)


def _one_at_a_time(name: str) -> None:
    """Until the transaction ends, nobody else passes who says the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
