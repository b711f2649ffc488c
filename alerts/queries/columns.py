"""The columns of the alert list: what can be shown of an alert in a row."""

from __future__ import annotations

from datetime import datetime
from html import escape

from alerts.choices import AlertStatus, Classification, Determination, Severity, finding_in_words
from alerts.rules import in_order_of_attack
from common.columns import Column, Row, first_of
from common.marks import initials, person_mark, restricted_mark, severity_mark, status_mark, time_mark

META_FIELDS = ("id", "title", "incident_id", "incident__name", "incident__restricted", "service_source", "source")
ASSIGNEE_FIELDS = (
    "assignee_user__username",
    "assignee_user__display_name",
    "assignee_team__slug",
    "assignee_team__name",
)


def assignee_of(row: Row) -> tuple[str, str, str]:
    """Initials, name and kind of who has it."""
    for name, kind in (("assignee_user__display_name", "person"), ("assignee_team__name", "team")):
        if row[name]:
            return initials(row[name]), row[name], kind
    return "", "Unassigned", "unassigned"


def _title(row: Row, now: datetime) -> str:
    title, incident = escape(row["title"]), escape(row["incident__name"])
    restricted = restricted_mark() if row["incident__restricted"] else ""
    return (
        f'<a class="cell-name" href="/alerts/{row["id"]}/" title="{title}">{title}</a><span class="cell-meta">'
        f'{restricted}<a class="one-line" href="/incidents/{row["incident_id"]}/" title="{incident}">'
        f'<span class="number">#{row["incident_id"]}</span> {incident}</a></span>'
    )


def _severity(row: Row, now: datetime) -> str:
    return severity_mark(Severity(row["severity"]), compact=True)


def _status(row: Row, now: datetime) -> str:
    return status_mark(AlertStatus(row["status"]))


def _person(row: Row, now: datetime) -> str:
    return person_mark(*assignee_of(row))


def _incident(row: Row, now: datetime) -> str:
    return f'<a class="number" href="/incidents/{row["incident_id"]}/">#{row["incident_id"]}</a>'


def _categories(row: Row, now: datetime) -> str:
    return first_of(in_order_of_attack(row["categories"]))


def _techniques(row: Row, now: datetime) -> str:
    return first_of(row["techniques"])


def _finding(row: Row, now: datetime) -> str:
    if row["classification"] == Classification.NOT_SET:
        return ""
    return escape(finding_in_words(Classification(row["classification"]), Determination(row["determination"])))


def _source(row: Row, now: datetime) -> str:
    return escape(row["service_source"] or row["source"])


ALL = (
    Column(
        "severity",
        "Severity",
        _severity,
        lambda row: Severity(row["severity"]).slug,
        ("severity",),
        heading="Sev",
        hint="Severity",
        width="icon",
        sort="severity",
    ),
    Column("title", "Alert", _title, lambda row: row["title"], META_FIELDS, width="fill", classes="cell-title"),
    Column(
        "status", "Status", _status, lambda row: AlertStatus(row["status"]).slug, ("status",), give=3, width="medium"
    ),
    Column(
        "assignee",
        "Assigned to",
        _person,
        lambda row: (
            row["assignee_user__username"] or (row["assignee_team__slug"] and f"team:{row['assignee_team__slug']}")
        ),
        ASSIGNEE_FIELDS,
        width="person",
        give=2,
        classes="person-cell",
    ),
    Column(
        "incident", "Incident", _incident, lambda row: row["incident_id"], ("incident_id",), width="time", number=True
    ),
    Column(
        "categories",
        "Categories",
        _categories,
        lambda row: row["categories"],
        ("categories",),
        hint="The first on the kill chain, and how many more",
        width="long",
        give=1,
        classes="soft cell-hide",
    ),
    Column(
        "techniques",
        "Techniques",
        _techniques,
        lambda row: row["techniques"],
        ("techniques",),
        give=1,
        classes="soft cell-hide",
    ),
    Column(
        "source",
        "Source",
        _source,
        lambda row: row["service_source"] or row["source"],
        ("service_source", "source"),
        hint="Service source",
        width="long",
        give=1,
        classes="soft cell-hide",
    ),
    Column(
        "detection_source",
        "Detection source",
        lambda row, now: escape(row["detection_source"]),
        lambda row: row["detection_source"],
        ("detection_source",),
        width="long",
        give=1,
        classes="soft cell-hide",
    ),
    Column(
        "classification",
        "Classification",
        _finding,
        lambda row: row["classification"],
        ("classification", "determination"),
        give=1,
        width="long",
        classes="soft cell-hide",
    ),
    Column(
        "first_activity",
        "First activity",
        lambda row, now: time_mark(row["first_activity"], now),
        lambda row: row["first_activity"],
        ("first_activity",),
        heading="First",
        classes="cell-time soft",
    ),
    Column(
        "received",
        "Received",
        lambda row, now: time_mark(row["received_at"], now),
        lambda row: row["received_at"],
        ("received_at",),
        sort="received",
        classes="cell-time soft",
        give=2,
    ),
    Column(
        "last_activity",
        "Last activity",
        lambda row, now: time_mark(row["last_activity"], now),
        lambda row: row["last_activity"],
        ("last_activity",),
        heading="Last",
        hint="Last activity",
        sort="last_activity",
        classes="cell-time soft",
    ),
    Column(
        "external_id",
        "The source's id",
        lambda row, now: f'<span class="code-text">{escape(row["external_id"])}</span>',
        lambda row: row["external_id"],
        ("external_id",),
        width="long",
        give=1,
        classes="cell-hide",
    ),
)
COLUMNS = {column.key: column for column in ALL}
USUAL = ("severity", "title", "status", "assignee", "source", "categories", "last_activity")
"""Where the address does not say."""
LEADS_ON = ("title",)
"""Columns whose cells open the alert."""
