"""Terms of what leaves the house."""

from __future__ import annotations

from common.terms import NamedTerms


class Format(NamedTerms):
    """What an incident is made into, in the background."""

    PDF = "pdf", "PDF report"
    ARCHIVE = "archive", "Archive"


class Part(NamedTerms):
    """A part of the report of an incident, in the order in which they stand in it."""

    OVERVIEW = "overview", "Overview"
    STORY = "story", "Attack story and threat categories"
    ASSETS = "assets", "Impacted assets"
    EVIDENCE = "evidence", "Evidence"
    ALERTS = "alerts", "Alerts"
    TASKS = "tasks", "Tasks"
    ACTIVITY = "activity", "Activity log"
    COMMENTS = "comments", "Comments, with their images"
    TEXTS = "texts", "Report texts"


class Marking(NamedTerms):
    """To whom a report may be given. Source: FIRST, Traffic Light Protocol 2.0."""

    CLEAR = "clear", "TLP:CLEAR"
    GREEN = "green", "TLP:GREEN"
    AMBER = "amber", "TLP:AMBER"
    AMBER_STRICT = "amber_strict", "TLP:AMBER+STRICT"
    RED = "red", "TLP:RED"
