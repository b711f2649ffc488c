"""Cover and contents: what the report is about, who and when, and on which page each part stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.template.loader import render_to_string

from activity.models import Entry
from activity.verbs import Group, verbs_of
from alerts.choices import Severity
from exports.choices import Part
from exports.document.brief import Brief
from exports.document.margins import margins
from exports.document.parts import HEADINGS
from exports.document.signs import line, severity_in_words, status_in_words
from exports.options import ASSETS_OF_A_TYPE, EVIDENCE
from incidents.choices import IncidentStatus
from incidents.queries import detail
from incidents.rules import counted

LONGEST_TITLES = ((70, "short"), (140, "medium"), (280, "long"))
"""Up to so many characters a title is set so large."""
LONGEST_NAME = 120
"""Characters of a name on the cover; in the parts each stands whole."""
LONGEST_LIST = 200
"""Characters of tags, and of sources."""


def front_of(brief: Brief, parts: Collection[Part], pages: Mapping[str, int], total: int) -> str:
    """Both pages as a document; whatever stands in them, they are two."""
    incident = brief.incident
    name = line(incident.name)
    values = {
        **margins(brief),
        "size": next((size for most, size in LONGEST_TITLES if len(name) <= most), "longest"),
        "severity": severity_in_words(Severity(incident.severity)),
        "severity_slug": Severity(incident.severity).slug,
        "status": status_in_words(IncidentStatus(incident.status)),
        "classification": detail.finding(incident),
        "priority": incident.priority,
        "people": _people(brief),
        "times": _times(brief),
        "zone": brief.clock.zone,
        "is_utc": brief.clock.is_utc,
        "tags": _some([tag.name for tag in incident.tags.all()]),
        "sources": _some(incident.service_sources),
        "is_restricted": incident.restricted,
        "contents": _contents(brief, parts, pages),
        "left_out": [part.label for part in Part if part not in parts],
        "caps": _caps(brief),
        "total": total,
        "alerts": counted(incident.alerts_total, "alert", "alerts"),
        "entries": counted(brief.proof.entries, "entry", "entries"),
        "head": brief.proof.heads[0] if brief.proof.heads else None,
    }
    return render_to_string("exports/report/front.html", values)


def _people(brief: Brief) -> list[tuple[str, str]]:
    incident = brief.incident
    own = Entry.objects.of_incident(incident.pk)
    opened = own.order_by("sequence").first()
    assigned = None
    if incident.assignee:
        assigned = own.filter(verb__in=verbs_of(Group.ASSIGNMENT), subject_kind="").order_by("-sequence").first()
    by = f" (assigned by {_short(assigned.actor_label)})" if assigned else ""
    told = [
        ("Assignee", f"{_short(str(incident.assignee))}{by}" if incident.assignee else "Unassigned"),
        ("Opened by", _short(opened.actor_label) if opened else ""),
        ("Resolved by", _short(incident.resolved_by) if incident.resolved_at else "not resolved"),
        ("Report made by", _short(brief.made_by)),
    ]
    return [(label, value) for label, value in told if value]


def _times(brief: Brief) -> list[tuple[str, str, str]]:
    incident = brief.incident
    moments = [
        ("First activity", incident.first_activity),
        ("Last activity", incident.last_activity),
        ("Incident created", incident.created_at),
        ("Resolved", incident.resolved_at),
        ("Report made", brief.made_at),
    ]
    return [(label, *(brief.clock.both(moment) if moment else ("not yet", ""))) for label, moment in moments]


def _contents(brief: Brief, parts: Collection[Part], pages: Mapping[str, int]) -> list[dict[str, Any]]:
    """The parts in their order, each with the headings in it that are there."""
    return [
        {
            "id": f"part-{part.slug}",
            "label": brief.heading(part),
            "page": pages.get(f"part-{part.slug}", ""),
            "headings": [
                {"id": f"{part.slug}-{name}", "label": label, "page": page}
                for name, label in HEADINGS.get(part, ())
                if (page := pages.get(f"{part.slug}-{name}"))
            ],
        }
        for part in Part
        if part in parts
    ]


def _caps(brief: Brief) -> str:
    if not brief.options.is_capped:
        return "No caps: all assets and all evidence are listed."
    return (
        f"At most {ASSETS_OF_A_TYPE} assets of each type and {EVIDENCE} pieces of evidence are listed; where that "
        "leaves something out, it is said there, with the number. Alerts and log are always whole."
    )


def _short(name: str) -> str:
    text = line(name)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _some(words: Collection[str]) -> str:
    """As many as a few lines hold, and how many more there are."""
    shown: list[str] = []
    for word in map(_short, words):
        if shown and sum(map(len, shown)) + len(word) > LONGEST_LIST:
            break
        shown.append(word)
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
