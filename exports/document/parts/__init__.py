"""The parts of a report: each a Section, made of what the pages of the incident read."""

from __future__ import annotations

from collections.abc import Callable

from exports.choices import Part
from exports.document.brief import Brief, Section
from exports.document.parts.activity import Activity
from exports.document.parts.alerts import Alerts
from exports.document.parts.comments import Comments
from exports.document.parts.found import Assets, Evidence
from exports.document.parts.overview import Overview
from exports.document.parts.story import Story
from exports.document.parts.tasks import Tasks
from exports.document.parts.texts import Texts

SECTIONS: dict[Part, Callable[[Brief], Section]] = {
    Part.OVERVIEW: Overview,
    Part.STORY: Story,
    Part.ASSETS: Assets,
    Part.EVIDENCE: Evidence,
    Part.ALERTS: Alerts,
    Part.TASKS: Tasks,
    Part.ACTIVITY: Activity,
    Part.COMMENTS: Comments,
    Part.TEXTS: Texts,
}
HEADINGS: dict[Part, tuple[tuple[str, str], ...]] = {
    Part.OVERVIEW: (
        ("what-happened", "What happened"),
        ("facts", "Facts"),
        ("kill-chain", "Tactics"),
        ("priority", "Priority"),
        ("most-concerned", "Assets most alerts are about"),
        ("related", "Related incidents"),
        ("note", "Resolution note"),
    ),
    Part.STORY: (
        ("drawing", "The picture"),
        ("things", "Assets and evidence in the picture"),
        ("ties", "How they are tied"),
        ("threats", "Threat categories and techniques"),
    ),
    Part.ACTIVITY: (("proof", "Proof"), ("entries", "Entries")),
    Part.TEXTS: (
        ("summary", "Automatic summary"),
        ("resolution", "Resolution note"),
        ("closing-notes", "Closing notes of tasks"),
        ("next-steps", "Recommended next steps"),
    ),
}
"""Headings within a part, by the ids they have where they stand; the contents name those that are there."""
