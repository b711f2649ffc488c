"""The queue page: which rows, in which order, and what is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Concat
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.models import Principal
from alerts.choices import Classification, Severity
from alerts.rules import in_order_of_attack
from common.counting import Count, count, count_each
from common.filters import ANY
from common.marks import asset_counts, person_mark, severity_mark, status_mark, tag_mark, time_mark
from common.pagination import BadCursor, Order, Page, page_of_ids
from common.query_strings import address, nearest, with_values
from incidents.choices import IncidentStatus
from incidents.filters import DEFAULTS, IncidentFilter, with_defaults
from incidents.models import Incident, IncidentTag

PAGE_SIZE = 50

ORDERS = {
    order.name: order
    for order in (
        Order("-last_activity", ("-last_activity", "-id")),
        Order("last_activity", ("last_activity", "id")),
        Order("-severity", ("-severity", "-last_activity", "-id")),
        Order("severity", ("severity", "last_activity", "id")),
        Order("-created", ("-created_at", "-id")),
        Order("created", ("created_at", "id")),
        Order("-updated", ("-updated_at", "-id")),
        Order("updated", ("updated_at", "id")),
        Order("-number", ("-id",)),
        Order("number", ("id",)),
    )
}
DEFAULT_ORDER = "-last_activity"
"""Every order is served by an index, from either end."""

ROW_FIELDS = (
    "id",
    "name",
    "severity",
    "status",
    "classification",
    "last_activity",
    "alerts_active",
    "alerts_total",
    "service_sources",
    "categories",
    "asset_counts",
    "restricted",
    "version",
    "assignee_user__username",
    "assignee_user__display_name",
    "assignee_team__slug",
    "assignee_team__name",
)


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue, ready to be shown."""

    rows: list[dict[str, Any]]
    count: Count
    order: Order
    query: QueryDict
    """With the defaults written out."""
    filter: IncidentFilter
    previous_url: str
    next_url: str
    link: str
    """The address that shows this list to anybody."""


def order_named(name: str) -> Order:
    """Raises ValidationError, with the nearest name, for an order that is none."""
    if name not in ORDERS:
        raise ValidationError({"sort": [f"“{name[:60]}” is no order{nearest(name, ORDERS)}"]})
    return ORDERS[name]


@dataclass(frozen=True, slots=True)
class Asked:
    """The list that an address asks for, the same for page, API, export and saved view."""

    query: QueryDict
    """With the defaults written out."""
    filter: IncidentFilter
    order: Order

    @property
    def matching(self) -> QuerySet[Incident]:
        return self.filter.qs


def asked(query: QueryDict, principal: Principal) -> Asked:
    """What an address asks for. Raises UnknownKeys or ValidationError for one that means nothing."""
    full = with_defaults(query)
    incident_filter = IncidentFilter(full, Incident.objects.visible_to(principal), principal=principal)
    incident_filter.check()
    return Asked(full, incident_filter, order_named(full.get("sort", DEFAULT_ORDER)))


def queue_page(query: QueryDict, principal: Principal, path: str) -> QueuePage:
    """The page that an address asks for. Raises UnknownKeys or ValidationError for one that means nothing."""
    wanted = asked(query, principal)
    full, incident_filter, order, matching = wanted.query, wanted.filter, wanted.order, wanted.matching
    try:
        page = page_of_ids(matching, order, after=full.get("after", ""), before=full.get("before", ""), size=PAGE_SIZE)
    except BadCursor as error:
        raise ValidationError({"after": [str(error)]}) from None
    state = with_values(full)
    return QueuePage(
        rows=rows(page.ids),
        count=count_of(page, matching, full),
        order=order,
        query=full,
        filter=incident_filter,
        previous_url=address(path, state | {"before": [page.previous]}) if page.previous else "",
        next_url=address(path, state | {"after": [page.next]}) if page.next else "",
        link=address(path, state),
    )


def count_of(page: Page, matching: QuerySet[Incident], query: QueryDict) -> Count:
    """A first page that is not full is its own count."""
    is_first = "after" not in query and "before" not in query
    return Count(len(page.ids)) if is_first and not page.next else count(matching)


def rows(ids: Sequence[int], now: datetime | None = None) -> list[dict[str, Any]]:
    """Rows in the order of their ids, every value ready to print: the template's loop formats nothing."""
    now = now or timezone.now()
    found = Incident.objects.filter(pk__in=list(ids)).values(*ROW_FIELDS, tag_texts=TAG_TEXTS) if ids else ()
    values = {row["id"]: row for row in found}
    return [_row(values[number], now) for number in ids if number in values]


TAG_ORDER = {"attack": 0, "automatic": 1, "critical": 2, "redirected": 3, "custom": 4}
TAG_TEXTS = ArraySubquery(
    IncidentTag.objects.filter(incident=OuterRef("pk")).values(text=Concat("tag__kind", Value(" "), "tag__name"))
)
"""The tags of a row as "kind name", read with it."""
UNASSIGNED_MARK = ("", "Unassigned", "unassigned")


def _row(value: dict[str, Any], now: datetime) -> dict[str, Any]:
    number = value["id"]
    severity, status = Severity(value["severity"]), IncidentStatus(value["status"])
    tags = (text.split(" ", 1) for text in value["tag_texts"])
    shown = sorted(tags, key=lambda tag: (TAG_ORDER[tag[0]], tag[1].lower()))
    sources, categories = value["service_sources"], in_order_of_attack(value["categories"])
    return {
        "number": str(number),
        "name": value["name"],
        "url": f"/incidents/{number}/",
        "severity": severity_mark(severity, compact=True),
        "severity_slug": severity.slug,
        "status": status_mark(status),
        "assignee": person_mark(*_assignee(value)),
        "tags": [tag_mark(name, kind) for kind, name in shown],
        "assets": asset_counts(value["asset_counts"]),
        "alerts_active": str(value["alerts_active"]),
        "alerts_total": str(value["alerts_total"]),
        "sources": sources[0] if len(sources) == 1 else f"{len(sources)} sources" if sources else "",
        "sources_title": ", ".join(sources),
        "categories": " +".join([*categories[:1], *([str(len(categories) - 1)] if len(categories) > 1 else [])]),
        "categories_title": ", ".join(categories),
        "classification": Classification(value["classification"]).label
        if value["classification"] != Classification.NOT_SET
        else "",
        "last_activity": time_mark(value["last_activity"], now),
        "restricted": value["restricted"],
        "version": value["version"],
    }


def _assignee(value: dict[str, Any]) -> tuple[str, str, str]:
    if value["assignee_user__username"]:
        return initials(value["assignee_user__display_name"]), value["assignee_user__display_name"], "person"
    if value["assignee_team__slug"]:
        return initials(value["assignee_team__name"]), value["assignee_team__name"], "team"
    return UNASSIGNED_MARK


def initials(name: str) -> str:
    """Two letters for a person's or team's mark."""
    words = name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def hidden(page: QueuePage, principal: Principal, path: str) -> list[dict[str, str]]:
    """What the default view leaves out, with links that show it: resolved, informational, merged away.

    Only what a default hides, under the other filters as they are; a person who filters knows what they hide.
    """
    chosen = page.query
    querysets: dict[str, QuerySet[Incident]] = {}
    links: dict[str, tuple[str, str]] = {}
    statuses = chosen.getlist("status")
    others = _of_any_status_and_severity(page, principal)
    for word, label in (("resolved", "resolved"), ("redirected", "merged")):
        if word not in statuses and ANY not in statuses:
            querysets[word] = others.filter(status__in=[IncidentStatus.from_slug(word)])
            links[word] = (label, address(path, with_values(chosen, status=[word], severity=[ANY])))
    if chosen.getlist("severity") == DEFAULTS["severity"]:
        informational = others.filter(severity__in=[Severity.INFORMATIONAL])
        if statuses and ANY not in statuses:
            informational = informational.filter(status__in=[IncidentStatus.from_slug(word) for word in statuses])
        querysets["informational"] = informational
        links["informational"] = ("informational", address(path, with_values(chosen, severity=["informational"])))
    counts = count_each(querysets)
    return [
        {"text": f"{counts[word]} {label}", "url": url}
        for word, (label, url) in links.items()
        if counts[word].exact != 0
    ]


def _of_any_status_and_severity(page: QueuePage, principal: Principal) -> QuerySet[Incident]:
    """What the page's other filters let pass."""
    query = page.query.copy()
    query.setlist("status", [ANY])
    query.setlist("severity", [ANY])
    query.setlist("snoozed", [ANY])
    visible = Incident.objects.visible_to(principal)
    return IncidentFilter(query, visible, principal=principal, named_as=page.filter).qs


def chips(page: QueuePage, path: str) -> list[dict[str, Any]]:
    """The filters that are set, as words, each with the address that takes it away."""
    shown = []
    for key, filter_ in page.filter.FIELDS.items():
        words = page.query.getlist(key)
        if not words or key == "q" or words == [""]:
            continue
        removed = [ANY] if key in DEFAULTS else None
        shown.append(
            {
                "key": key,
                "label": filter_.label,
                "value": "Any" if ANY in words else ", ".join(page.filter.label(key, word) for word in words),
                "is_any": ANY in words,
                "remove_url": address(path, with_values(page.query, **{key: removed})),
            }
        )
    return shown


def headings(page: QueuePage, path: str) -> dict[str, dict[str, str]]:
    """The columns one can sort by: the address of the other order, and the present direction for assistive tech."""
    shown = {}
    for name in ("severity", "last_activity", "number", "created", "updated"):
        descending = page.order.name == f"-{name}"
        ascending = page.order.name == name
        other = name if descending else f"-{name}"
        shown[name] = {
            "url": address(path, with_values(page.query, sort=[other])),
            "direction": "descending" if descending else "ascending" if ascending else "",
        }
    return shown


def queue_path() -> str:
    return reverse("incidents:queue")
