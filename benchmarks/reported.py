"""The incident whose report is printed in the measurements, and its report as one page for a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction

from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from activity.record import Change, Draft, record_all
from benchmarks.large_incident import large_incident
from exports.document import report_of
from exports.document.report import IncidentReport
from exports.options import ReportOptions
from incidents import verbs
from incidents.models import Incident

ASSETS = Path(__file__).resolve().parent.parent / "static" / "print"
MADE_AT = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL)
SHEET = re.compile(r'@import "asset:([a-z]+\.css)";')


def reported_incident(*, alerts: int, entities: int, entries: int) -> Incident:
    """One with so many alerts, entities (two of seven of them assets) and entries in its log."""
    incident = large_incident(alerts=alerts, entities=entities)
    recorded = Entry.objects.of_incident(incident.pk).count()
    drafts = [
        Draft(
            verbs.RENAMED,
            SYSTEM,
            incident_id=incident.pk,
            incident_version=incident.version,
            changes=[Change("name", f"Beacon from {number} hosts", f"Beacon from {number + 1} hosts")],
        )
        for number in range(recorded, entries)
    ]
    with transaction.atomic():
        record_all(drafts, tell=False)
    return incident


def report(incident: Incident, reader: User, *, is_capped: bool) -> IncidentReport:
    """Its report, all parts of it."""
    options = ReportOptions(is_capped=is_capped)
    return report_of(incident, options, reader, made_at=MADE_AT, made_by=reader.display_name)


def page_for_a_browser(made: IncidentReport) -> str:
    """The same document as one HTML page, with its styles, which a browser prints by itself."""
    pieces = list(made.pieces())
    pages = {name: 1 for piece in pieces for name in re.findall(r'id="([\w-]+)"', piece.html)}
    front = made.front(pages, 40)
    bodies = "\n".join(match[1] for piece in (front, *pieces) if (match := BODY.search(piece.html)))
    bodies = bodies.replace("asset:", f"{ASSETS.as_uri()}/").replace("page:", "#")
    head = f'<html lang="en"><head><meta charset="utf-8"><style>{_styles()}</style></head>'
    return f"<!doctype html>{head}<body>{bodies}</body></html>"


def _styles() -> str:
    joined = (ASSETS / "report.css").read_text()
    return SHEET.sub(lambda match: (ASSETS / match[1]).read_text(), joined)
