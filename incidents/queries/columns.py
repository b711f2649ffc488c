"""The columns of the queue: what can be shown of an incident in a list, on the page and in exports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Value
from django.db.models.functions import Concat

from alerts.choices import Classification, Determination, Severity
from alerts.rules import in_order_of_attack
from common.columns import Column, Row, fields_of, first_of
from common.marks import (
    asset_counts,
    due_mark,
    icon,
    initials,
    person_mark,
    restricted_mark,
    score_mark,
    severity_mark,
    status_mark,
    tag_mark,
    time_mark,
)
from entities.choices import EntityKind
from incidents.choices import OPEN_STATUSES, IncidentStatus
from incidents.facets import Facet
from incidents.models import IncidentTag

TAG_ORDER = {"attack": 0, "automatic": 1, "critical": 2, "redirected": 3, "custom": 4}
TAG_TEXTS = ArraySubquery(
    IncidentTag.objects.filter(incident=OuterRef("pk")).values(text=Concat("tag__kind", Value(" "), "tag__name"))
)
"""The tags of a row as "kind name", read with it."""
ANNOTATIONS = {"tag_texts": TAG_TEXTS}
"""What columns read beside the model's own fields."""
UNASSIGNED_MARK = ("", "Unassigned", "unassigned")
MOST_TAGS = 12
"""Shown in a row; the details have them all."""
NOTHING = ""

ASSIGNEE_FIELDS = (
    "assignee_user__username",
    "assignee_user__display_name",
    "assignee_team__slug",
    "assignee_team__name",
)
META_FIELDS = ("id", "name", "restricted", "snoozed_until", "tag_texts", "asset_counts", "service_sources")


@lru_cache(maxsize=4096)
def _in_order(categories: tuple[str, ...]) -> list[str]:
    """Kept, since few sets of categories occur, again and again."""
    return in_order_of_attack(categories)


def tags_of(row: Row) -> list[tuple[str, str]]:
    """Kind and name of each tag; what the system set stands first."""
    pairs = [text.split(" ", 1) for text in row["tag_texts"]]
    return sorted(((kind, name) for kind, name in pairs), key=lambda tag: (TAG_ORDER[tag[0]], tag[1].lower()))


def facts_of(row: Row, kind: Facet) -> list[str]:
    """The values of one kind of fact among a row's facets."""
    start = f"{kind}:"
    return sorted(facet[len(start) :] for facet in row["facets"] if facet.startswith(start))


def assignee_of(row: Row) -> tuple[str, str, str]:
    """Initials, name and kind of who has it."""
    if row["assignee_user__username"]:
        return initials(row["assignee_user__display_name"]), row["assignee_user__display_name"], "person"
    if row["assignee_team__slug"]:
        return initials(row["assignee_team__name"]), row["assignee_team__name"], "team"
    return UNASSIGNED_MARK


def _marks(row: Row) -> str:
    tags = tags_of(row)
    marks = "".join([tag_mark(name, kind) for kind, name in tags[:MOST_TAGS]])
    rest = len(tags) - MOST_TAGS
    return f'{marks}<span class="faint">+{rest}</span>' if rest > 0 else marks


def _unread(row: Row) -> str:
    """What is new to the person, where the list knows the person."""
    words = row.get("unread")
    return f'<span class="row-news" data-unread>{words}</span>' if words else NOTHING


def _snoozed(row: Row, now: datetime) -> str:
    until = row["snoozed_until"]
    if until is None or until <= now:
        return NOTHING
    return f'<span class="row-snoozed">{icon("snooze", "s")}<span>Wakes {time_mark(until, now)}</span></span>'


def _name(row: Row, now: datetime) -> str:
    number, name = row["id"], escape(row["name"])
    restricted = restricted_mark() if row["restricted"] else ""
    return (
        f'<a class="cell-name" href="/incidents/{number}/" title="{name}">{name}</a><span class="cell-meta">'
        f'<span class="faint number">#{number}</span>{_unread(row)}{_snoozed(row, now)}{restricted}{_marks(row)}'
        f"{asset_counts(row['asset_counts'])}"
        f"<span>{first_of(row['service_sources'], 'sources')}</span></span>"
    )


def _number(row: Row, now: datetime) -> str:
    return f'<a class="cell-link number" href="/incidents/{row["id"]}/">#{row["id"]}</a>'


def _alerts(row: Row, now: datetime) -> str:
    return f'{row["alerts_active"]}<span class="faint"> / {row["alerts_total"]}</span>'


def _severity(row: Row, now: datetime) -> str:
    return severity_mark(Severity(row["severity"]), compact=True)


def _person(row: Row, now: datetime) -> str:
    return person_mark(*assignee_of(row))


def _assets(row: Row, now: datetime) -> str:
    return asset_counts(row["asset_counts"]) if any(row["asset_counts"].values()) else NOTHING


def _restricted(row: Row, now: datetime) -> str:
    return restricted_mark() if row["restricted"] else NOTHING


def _due(row: Row, now: datetime) -> str:
    if row["due_at"] is None:
        return NOTHING
    return due_mark(row["due_at"], now, counts=row["status"] in OPEN_STATUSES)


def _tasks(row: Row, now: datetime) -> str:
    total = row["tasks_total"]
    return f'{total - row["tasks_open"]}<span class="faint"> / {total}</span>' if total else NOTHING


def _asset_words(row: Row) -> list[str]:
    known = {str(kind): str(kind.label) for kind in EntityKind}
    return [f"{known.get(kind, kind)}: {count}" for kind, count in row["asset_counts"].items() if count]


def _moment(key: str, label: str, name: str, hint: str, sort: str = "", heading: str = "") -> Column:
    def content(row: Row, now: datetime) -> str:
        return time_mark(row[name], now) if row[name] else NOTHING

    return Column(
        key,
        label,
        content,
        lambda row: row[name],
        (name,),
        heading=heading,
        hint=hint,
        width="time",
        sort=sort,
        classes="cell-time soft",
    )


def _text(key: str, label: str, value: Any, fields: Iterable[str], **how: Any) -> Column:
    """A column of words: one text, or a list of which the first is shown."""

    def content(row: Row, now: datetime) -> str:
        found = value(row)
        return first_of(found) if isinstance(found, list) else escape(found)

    classes = " ".join(filter(None, ["soft", how.pop("classes", "cell-hide")]))
    return Column(key, label, content, value, tuple(fields), classes=classes, **how)


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
    Column(
        "priority",
        "Priority",
        lambda row, now: score_mark(row["priority"]),
        lambda row: row["priority"],
        ("priority",),
        heading="Prio",
        hint="Priority, from 0 to 100",
        width="score",
        sort="priority",
    ),
    Column("name", "Incident", _name, lambda row: row["name"], META_FIELDS, width="fill", classes="cell-title"),
    Column("number", "Number", _number, lambda row: row["id"], ("id",), width="short", sort="number", give=1),
    Column(
        "status",
        "Status",
        lambda row, now: status_mark(IncidentStatus(row["status"])),
        lambda row: IncidentStatus(row["status"]).slug,
        ("status",),
        give=3,
    ),
    Column(
        "assignee",
        "Assigned to",
        _person,
        lambda row: "" if assignee_of(row) == UNASSIGNED_MARK else assignee_of(row)[1],
        ASSIGNEE_FIELDS,
        width="person",
        give=2,
        classes="person-cell",
    ),
    Column(
        "tags",
        "Tags",
        lambda row, now: f'<span class="cell-tags">{_marks(row)}</span>' if row["tag_texts"] else NOTHING,
        lambda row: [name for _, name in tags_of(row)],
        ("tag_texts",),
        width="wide",
        give=1,
        classes="cell-hide",
    ),
    Column(
        "alerts",
        "Alerts",
        _alerts,
        lambda row: f"{row['alerts_active']} of {row['alerts_total']}",
        ("alerts_active", "alerts_total"),
        hint="Active alerts of all",
        width="time",
        number=True,
        give=2,
        classes="cell-hide",
    ),
    _text(
        "categories",
        "Categories",
        lambda row: _in_order(tuple(row["categories"])),
        ["categories"],
        hint="The first on the kill chain, and how many more",
        width="long",
        give=1,
    ),
    _text(
        "techniques",
        "Techniques",
        lambda row: facts_of(row, Facet.TECHNIQUE),
        ["facets"],
        hint="ATT&CK techniques of its alerts",
        give=1,
    ),
    _text("source", "Service source", lambda row: row["service_sources"], ["service_sources"], width="long", give=1),
    _text(
        "detection_source",
        "Detection source",
        lambda row: facts_of(row, Facet.DETECTION_SOURCE),
        ["facets"],
        width="long",
        give=1,
    ),
    Column(
        "assets",
        "Impacted assets",
        _assets,
        _asset_words,
        ("asset_counts",),
        heading="Assets",
        hint="Impacted assets",
        width="long",
        give=1,
        classes="cell-hide",
    ),
    _text(
        "classification",
        "Classification",
        lambda row: "" if row["classification"] == Classification.NOT_SET else _label(Classification, row),
        ["classification"],
        give=1,
    ),
    _text(
        "determination",
        "Determination",
        lambda row: "" if row["determination"] == Determination.NOT_SET else _label(Determination, row),
        ["determination"],
        width="long",
        give=1,
    ),
    _moment("first_activity", "First activity", "first_activity", "First activity", heading="First"),
    _moment("last_activity", "Last activity", "last_activity", "Last activity", "last_activity", heading="Last"),
    _moment("created", "Created", "created_at", "When it was opened here", "created"),
    _moment("updated", "Updated", "updated_at", "When anything was last changed or said", "updated"),
    Column(
        "due",
        "Due",
        _due,
        lambda row: row["due_at"],
        ("due_at", "status"),
        hint="When it shall be dealt with",
        width="long",
        sort="due",
        rises=True,
        give=3,
        classes="soft",
    ),
    Column(
        "tasks",
        "Tasks",
        _tasks,
        lambda row: f"{row['tasks_total'] - row['tasks_open']} of {row['tasks_total']}" if row["tasks_total"] else "",
        ("tasks_open", "tasks_total"),
        hint="Tasks done of all",
        width="short",
        number=True,
        give=2,
        classes="cell-hide",
    ),
    _text("resolved_by", "Resolved by", lambda row: row["resolved_by"], ["resolved_by"], width="long", give=1),
    _moment("resolved", "Resolved", "resolved_at", "When it was resolved"),
    Column(
        "restricted",
        "Restricted",
        _restricted,
        lambda row: "yes" if row["restricted"] else "no",
        ("restricted",),
        give=1,
        classes="soft cell-hide",
    ),
)


def _label(terms: type[Classification | Determination], row: Row) -> str:
    name = "classification" if terms is Classification else "determination"
    return str(terms(row[name]).label)


def reading(columns: Iterable[Column], *others: str) -> tuple[list[str], dict[str, Any]]:
    """What to read of each row for these columns: fields, and annotations by name."""
    names = fields_of(columns, *others)
    return [name for name in names if name not in ANNOTATIONS], {
        name: ANNOTATIONS[name] for name in names if name in ANNOTATIONS
    }


COLUMNS = {column.key: column for column in ALL}
USUAL = (
    "severity",
    "priority",
    "name",
    "status",
    "assignee",
    "alerts",
    "categories",
    "last_activity",
)
"""Where neither the address nor the person says."""
LEADS_ON = ("name", "number")
"""Columns whose cells open the incident."""
