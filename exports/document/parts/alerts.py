"""All alerts of the incident, in the order in which they happened, each with its place among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.template.loader import render_to_string

from alerts.choices import AlertStatus, Classification, Determination, Severity, finding_in_words
from alerts.models import Alert
from alerts.rules import in_order_of_attack
from alerts.techniques import technique_name
from entities.choices import ASSET_KINDS, EntityKind
from exports.choices import Part
from exports.document.brief import SPLIT, Brief, Chunk, shares
from exports.document.signs import exact, line, lines, severity_in_words, status_in_words

ROW = 4
"""What an alert weighs."""
MOST_ASSETS, MOST_PROCESSES = 30, 10
"""Of one alert that are named; of further ones it says how many they are."""
FIELDS = (
    *("id", "title", "severity", "status", "classification", "determination", "service_source", "source"),
    *("detection_source", "product_name", "first_activity", "last_activity", "categories", "techniques", "link_reason"),
    *("description", "external_id", "repeats", "assignee_user__display_name", "assignee_team__name"),
)
NAMED = """
SELECT alert_id, is_asset, name, command_line, number FROM (
    SELECT evidence.alert_id, entity.kind <> %(process)s AS is_asset, entity.name, evidence.id,
           evidence.details ->> 'command_line' AS command_line,
           row_number() OVER (PARTITION BY evidence.alert_id, entity.kind <> %(process)s ORDER BY evidence.id) AS place,
           count(*) OVER (PARTITION BY evidence.alert_id, entity.kind <> %(process)s) AS number
    FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
    WHERE evidence.alert_id = ANY(%(alerts)s) AND (entity.kind = %(process)s OR entity.kind = ANY(%(assets)s))
) AS told WHERE place <= CASE WHEN is_asset THEN %(most_assets)s ELSE %(most_processes)s END ORDER BY id
"""


class Alerts:
    """Every alert, whatever the caps are; read by key, so many at a time."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.total = Alert.objects.of_incident(brief.incident.pk).count()
        self.weight = 10 + ROW * self.total

    def chunks(self, most: int) -> Iterator[Chunk]:
        last: tuple[datetime, int] | None = None
        position, weight = 1, 10
        for size in shares(self.total, max(most // SPLIT // ROW, 1)):
            rows = self._rows(last, size)
            shown = self._shown(rows, position)
            values = {
                "heading": self.brief.heading(Part.ALERTS),
                "alerts": shown,
                "is_first": position == 1,
                "total": f"{self.total:,}",
                "is_empty": not self.total,
            }
            continues = self.brief.heading(Part.ALERTS) if last else ""
            yield Chunk(render_to_string("exports/report/alerts.html", values), weight + ROW * size, continues)
            if not rows:
                break
            last, position, weight = (rows[-1]["first_activity"], rows[-1]["id"]), position + len(rows), 0

    def _rows(self, last: tuple[datetime, int] | None, size: int) -> list[dict[str, Any]]:
        rows = Alert.objects.of_incident(self.brief.incident.pk).order_by("first_activity", "id")
        if last:
            at, number = last
            rows = rows.filter(Q(first_activity__gt=at) | Q(first_activity=at, id__gt=number), first_activity__gte=at)
        return list(rows.values(*FIELDS)[:size])

    def _shown(self, rows: Sequence[dict[str, Any]], position: int) -> list[dict[str, Any]]:
        assets, processes = _named([row["id"] for row in rows])
        return [
            self._alert(row, position + place, assets.get(row["id"], ""), processes.get(row["id"], ()))
            for place, row in enumerate(rows)
        ]

    def _alert(self, row: dict[str, Any], position: int, assets: str, processes: Sequence[str]) -> dict[str, Any]:
        severity, clock = Severity(row["severity"]), self.brief.clock
        classification = Classification(row["classification"])
        is_judged = classification != Classification.NOT_SET
        finding = finding_in_words(classification, Determination(row["determination"])) if is_judged else ""
        sources = dict.fromkeys(filter(None, (row["service_source"] or row["source"], row["detection_source"])))
        assignee = row["assignee_user__display_name"] or row["assignee_team__name"]
        return {
            "position": position,
            "title": line(row["title"]),
            "slug": severity.slug,
            "state": " · ".join(
                (
                    severity_in_words(severity),
                    status_in_words(AlertStatus(row["status"])),
                    " / ".join(map(line, sources)),
                    clock.span(row["first_activity"], row["last_activity"]),
                )
            ),
            "about": " · ".join(
                filter(
                    None,
                    (
                        f"Why here: {line(row['link_reason'])}",
                        f"Assets: {assets}" if assets else "",
                        f"Classification: {finding}" if finding else "",
                        f"Assignee: {line(assignee)}" if assignee else "",
                        ", ".join(map(line, in_order_of_attack(row["categories"]))),
                        ", ".join(map(self._technique, row["techniques"])),
                        f"Sent again {row['repeats']:,} times" if row["repeats"] else "",
                        f"Source’s id: {line(row['external_id'])}",
                    ),
                )
            ),
            "description": lines(row["description"]),
            "processes": "\n".join(processes),
        }

    def _technique(self, identifier: str) -> str:
        """By its id, and by its name unless the story lists the names."""
        name = "" if self.brief.has(Part.STORY) else technique_name(identifier)
        return f"{line(identifier)} {name}".strip()


def _named(alerts: Sequence[int]) -> tuple[dict[int, str], dict[int, list[str]]]:
    """What each alert is about, and the command lines of its processes. One statement."""
    assets: dict[int, list[str]] = defaultdict(list)
    processes: dict[int, list[str]] = defaultdict(list)
    numbers: dict[tuple[int, bool], int] = {}
    parameters: dict[str, Any] = {
        "alerts": list(alerts),
        "process": str(EntityKind.PROCESS),
        "assets": [str(kind) for kind in ASSET_KINDS],
        "most_assets": MOST_ASSETS,
        "most_processes": MOST_PROCESSES,
    }
    with connection.cursor() as cursor:
        cursor.execute(NAMED, parameters)
        for alert, is_asset, name, command_line, number in cursor.fetchall():
            numbers[alert, is_asset] = number
            if is_asset:
                assets[alert].append(line(name))
            else:
                processes[alert].append(f"{line(name)}: {exact(command_line)}" if command_line else line(name))
    for alert, told in processes.items():
        if (more := numbers[alert, False] - len(told)) > 0:
            told.append(f"and {more:,} more processes, which stand in the evidence")
    return {alert: _counted(names, numbers[alert, True]) for alert, names in assets.items()}, processes


def _counted(names: Sequence[str], number: int) -> str:
    more = number - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")
