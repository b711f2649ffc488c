"""The Alerts tab: the incident's alerts in the order asked for, a page at a time, without what is folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import Principal
from alerts.choices import AlertStatus, Severity
from alerts.lookup import visible_alerts
from alerts.models import Alert
from alerts.queries.detail import pane
from alerts.rules import in_order_of_attack
from common.counting import Count
from common.list_pages import range_text
from common.marks import absolute_time, day_and_time, severity_mark, status_mark
from common.pagination import page_of_rows
from common.query_strings import address, check_keys, with_values
from common.sorting import Sorting, SortKey
from entities.choices import ASSET_KINDS
from incidents.models import Incident

PAGE_SIZE = 50
SORTING = Sorting(
    (
        SortKey("time", "first_activity"),
        SortKey("severity", "severity", then="first_activity"),
        SortKey("status", "status", then="first_activity"),
        SortKey("source", "service_source", then="first_activity"),
    ),
    usual="time",
)
ORDERS = {
    "time": "Oldest first",
    "-time": "Newest first",
    "-severity": "Severity",
    "status": "Status",
    "source": "Source",
}
"""Orders that the page offers; others work in the address."""
KEYS = ("sort", "after", "before", "open")
FIELDS = (
    *("id", "title", "severity", "status", "categories", "service_source", "source", "first_activity", "link_reason"),
)


@dataclass(frozen=True, slots=True)
class AlertList:
    """One page of the tab, ready to be shown."""

    rows: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    range_text: str
    previous_url: str
    next_url: str
    opened: dict[str, Any] | None
    """What is known of the alert that the address says is open."""


def alert_list(incident: Incident, query: QueryDict, principal: Principal) -> AlertList:
    """Raises UnknownKeys, ValidationError or BadCursor for an address that means nothing."""
    check_keys(query, KEYS)
    order = SORTING.order(query.get("sort", SORTING.usual))
    own = Alert.objects.of_incident(incident.pk)
    page, values = page_of_rows(
        own, order, FIELDS, after=query.get("after", ""), before=query.get("before", ""), size=PAGE_SIZE
    )
    opened = _opened(incident, query.get("open", ""), principal)
    if opened and opened["id"] not in page.ids:
        # a link leads to it wherever the order has put it
        values = [*own.filter(pk=opened["id"]).values(*FIELDS), *values]
    path = reverse("incidents:alerts", args=[incident.pk])
    state = with_values(query)
    assets = _assets([row["id"] for row in values])
    return AlertList(
        rows=[_row(row, assets, opened) for row in values],
        orders=[
            {"label": label, "url": address(path, {"sort": [word]}), "current": word == order.name}
            for word, label in ORDERS.items()
        ],
        range_text=range_text(len(values), Count(incident.alerts_total)),
        previous_url=address(path, state | {"before": [page.previous]}) if page.previous else "",
        next_url=address(path, state | {"after": [page.next]}) if page.next else "",
        opened=opened,
    )


def opened_alert(incident: Incident, alert_id: int, principal: Principal) -> dict[str, Any] | None:
    """All that is known of one alert of the incident; None where it has none such."""
    alert = visible_alerts(principal, [alert_id]).filter(incident=incident).first()
    return pane(alert) if alert else None


def _opened(incident: Incident, word: str, principal: Principal) -> dict[str, Any] | None:
    is_number = word.isascii() and word.isdigit() and len(word) < 19
    return opened_alert(incident, int(word), principal) if is_number else None


def _row(
    row: dict[str, Any], assets: Mapping[int, Sequence[str]], opened: dict[str, Any] | None
) -> dict[str, SafeString | str | int | bool]:
    began = row["first_activity"]
    return {
        "id": row["id"],
        "title": row["title"],
        "severity": severity_mark(Severity(row["severity"]), compact=True),
        "status": status_mark(AlertStatus(row["status"])),
        "source": row["service_source"] or row["source"],
        "categories": ", ".join(in_order_of_attack(row["categories"])),
        "assets": ", ".join(assets.get(row["id"], ())),
        "reason": row["link_reason"],
        "began": day_and_time(began),
        "began_exactly": absolute_time(began),
        "is_open": opened is not None and opened["id"] == row["id"],
    }


MOST_ASSETS = 3
ASSETS = """
SELECT shown.alert, named.name FROM unnest(%s::bigint[]) AS shown (alert)
CROSS JOIN LATERAL (
    SELECT entity.name FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
    WHERE evidence.alert_id = shown.alert AND entity.kind = ANY(%s) ORDER BY evidence.id LIMIT %s
) AS named
"""


def _assets(alert_ids: Sequence[int]) -> dict[int, list[str]]:
    """The first assets that each alert is about."""
    found: dict[int, list[str]] = {}
    if alert_ids:
        with connection.cursor() as cursor:
            cursor.execute(ASSETS, [list(alert_ids), [str(kind) for kind in ASSET_KINDS], MOST_ASSETS])
            for alert_id, name in cursor.fetchall():
                found.setdefault(alert_id, []).append(name[:80])
    return found
