"""A person's exports as pages and programs read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.models import Principal, User
from common.jobs import JobState
from common.marks import day_and_time, time_mark
from exports.choices import Format, Marking, Part
from exports.models import ExportRequest, IncidentExport
from exports.options import ReportOptions
from incidents.models import Incident
from incidents.rules.attachments import size_in_words

LISTED = 200
SHOWN_AFTER = timedelta(days=1)
"""How long an export that has failed or expired is shown at its incident."""
STATES = {
    JobState.QUEUED: "Queued",
    JobState.RUNNING: "Preparing",
    JobState.DONE: "Ready",
    JobState.FAILED: "Failed",
}
EXPIRED = "Expired"


@dataclass(frozen=True, slots=True)
class Shown:
    """One export as its person sees it."""

    export: IncidentExport
    name: str
    """Of the incident."""
    state: str
    options: str
    """What was chosen other than usual, in words."""
    asked: SafeString
    made: SafeString | str
    until: str
    """How long the file can be had."""
    size: str

    @property
    def title(self) -> str:
        return f"{Format(self.export.format).label} of #{self.export.incident_id}"

    @property
    def slug(self) -> str:
        return self.state.lower()

    @property
    def is_over(self) -> bool:
        return self.export.is_over


def requests_of(principal: Principal) -> QuerySet[ExportRequest]:
    """What somebody asked for, the latest first."""
    rows = ExportRequest.objects.asked_for_by(principal).select_related("export__incident")
    return rows.order_by("-asked_at", "-pk")


def shown_at(incident: Incident, user: User) -> list[Shown]:
    """What stands under the incident's title: of each format the person's latest export, unless it was put away, or
    has failed or expired some time ago."""
    since = timezone.now() - settings.EXPORT_KEPT_TIME - SHOWN_AFTER
    rows = requests_of(user).filter(export__incident=incident, hidden_at__isnull=True, asked_at__gt=since)
    latest: dict[str, ExportRequest] = {}
    for each in rows[:LISTED]:
        latest.setdefault(each.export.format, each)
    return [shown(each.export, each.asked_at) for each in latest.values()]


def shown(export: IncidentExport, asked_at: datetime) -> Shown:
    """An export as a line of a page, for who asked for it then."""
    state = EXPIRED if export.is_expired else STATES[JobState(export.state)]
    return Shown(
        export=export,
        name=export.incident.name,
        state=state,
        options=in_words(export.report_options) if export.options else "",
        asked=time_mark(asked_at),
        made=time_mark(export.finished_at) if export.finished_at else "",
        until=day_and_time(export.expires_at) if export.is_ready and export.expires_at else "",
        size=size_in_words(export.size) if export.is_ready else "",
    )


def in_words(options: ReportOptions) -> str:
    """What a report is other than usual: "without Tasks, no caps, TLP:RED"."""
    out = [Part(part).label for part in Part if part not in options.parts]
    if len(out) > len(options.parts):
        words = [f"only {', '.join(Part(part).label for part in options.parts)}"]
    else:
        words = [f"without {', '.join(out)}"] if out else []
    words += [] if options.is_capped else ["no caps"]
    words += [Marking(options.marking).label, options.time_zone.replace("_", " ")]
    return ", ".join(words)


def plain(export: IncidentExport) -> dict[str, Any]:
    """An export as the API tells it; times in UTC."""
    state = (
        "expired"
        if export.is_expired
        else {JobState.RUNNING: "preparing", JobState.DONE: "ready"}.get(JobState(export.state), str(export.state))
    )
    return {
        "id": str(export.pk),
        "incident": export.incident_id,
        "format": export.format,
        "options": _plain_options(export.report_options) if export.options else {},
        "state": state,
        "percent": export.percent,
        "problem": export.problem or None,
        "created_at": export.created_at,
        "finished_at": export.finished_at,
        "expires_at": export.expires_at,
        "size": export.size or None,
        "sha256": export.sha256 or None,
        "pages": export.pages or None,
        "url": reverse("api:export", args=[export.pk]),
        "file": reverse("api:export_file", args=[export.pk]) if export.is_ready else None,
    }


def _plain_options(options: ReportOptions) -> dict[str, Any]:
    return {
        "parts": [str(part) for part in options.parts],
        "caps": options.is_capped,
        "marking": str(options.marking),
        "time_zone": options.time_zone,
    }
