"""The Attack story tab: the picture, its twin as a table, and the alerts as the story's text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.urls import reverse

from alerts.choices import Severity
from alerts.models import Alert
from common.marks import day_and_time, entity_icon, severity_mark, status_mark
from entities.choices import ASSET_KINDS, EntityKind
from entities.naming import page_of, timeline_of
from incidents.models import Incident
from incidents.queries.story import Story, notes, story_of
from incidents.queries.story_asked import VIEWS, Asked
from incidents.story.drawing import svg
from incidents.story.parts import Graph, Node, Step
from incidents.story.table import things, ties
from incidents.story.telling import name_of

ALERTS_IN_LIST = 200
NAMES_IN_A_LINE = 3
MOST_TICKS = 500


def story_page(incident: Incident, asked: Asked) -> dict[str, Any]:
    """All that the tab shows below the header. Five statements."""
    story = story_of(incident, asked.hidden, asked.until)
    graph, total = story.picture.graph, incident.alerts_total
    path = reverse("incidents:story", args=[incident.pk])
    at = asked.until or total

    def step_url(position: int) -> str:
        return replace(asked, until=max(position, 1) if position < total else None).address(path)

    return _drawn(incident, story, asked) | {
        "views": [
            {"label": view.capitalize(), "url": replace(asked, view=view).address(path), "current": view == asked.view}
            for view in VIEWS
        ],
        "kinds": _kinds(story, asked, path),
        "until": at,
        "is_whole": asked.until is None or asked.until >= total,
        "total": total,
        "path": path,
        "kept": [("hide", kind.slug) for kind in asked.hidden] + [("view", asked.view)],
        "previous_url": step_url(at - 1),
        "next_url": step_url(at + 1),
        "whole_url": replace(asked, until=None).address(path),
        "ticks": _ticks(story.steps, total),
        "began": day_and_time(incident.first_activity),
        "ended": day_and_time(incident.last_activity),
        "has_added": any(node.added for node in graph.nodes.values()),
        "notes": notes(story, total),
        "list": _alerts(incident, asked, story.steps, path),
    }


def story_picture(incident: Incident, asked: Asked) -> dict[str, Any]:
    """The picture or the table without what stands around it. Four statements."""
    return _drawn(incident, story_of(incident), asked)


def _drawn(incident: Incident, story: Story, asked: Asked) -> dict[str, Any]:
    link = leads_to(incident)
    if asked.view == "table":
        return {"things": _things(story.picture.graph, link), "ties": ties(story.picture.graph)}
    return {"picture": svg(story.picture, link)}


def leads_to(incident: Incident) -> Callable[[Node], str]:
    """Where a node leads: an asset to its timeline around the incident, other things to their pages, and a group to all
    of its type among the assets or the evidence."""
    assets, evidence = (reverse(f"incidents:{tab}", args=[incident.pk]) for tab in ("assets", "evidence"))

    def link(node: Node) -> str:
        if node.is_group:
            return f"{assets if node.kind in ASSET_KINDS else evidence}?type={node.kind.slug}"
        if node.kind in ASSET_KINDS:
            return timeline_of(node.kind.slug, node.members[0], incident.pk)
        return page_of(node.kind.slug, node.members[0])

    return link


def _kinds(story: Story, asked: Asked, path: str) -> list[dict[str, Any]]:
    """The kinds of things in the story, each with a link that hides it or shows it again."""
    shown: Counter[EntityKind] = Counter()
    for node in story.picture.graph.nodes.values():
        shown[node.kind] += len(node.members)
    for kind, number in story.picture.graph.left_out.items():
        shown[kind] += number
    pieces = {(piece.kind, piece.entity) for step in story.steps for piece in step.pieces}
    pieces |= {(each.piece.kind, each.piece.entity) for each in story.added}
    named = Counter(kind for kind, _ in pieces)
    return [
        {
            "label": kind.label,
            "icon": entity_icon(kind),
            "count": named[kind] if kind in asked.hidden else shown[kind],
            "is_hidden": kind in asked.hidden,
            "url": replace(asked, hidden=asked.hidden ^ {kind}).address(path),
        }
        for kind in EntityKind
        if shown[kind] or (kind in asked.hidden and named[kind])
    ]


def _things(graph: Graph, link: Callable[[Node], str]) -> list[dict[str, Any]]:
    """Each node as a row."""
    return [
        {
            "kind": thing.kind.label,
            "icon": entity_icon(thing.kind),
            "name": thing.name,
            "url": link(graph.nodes[thing.node]),
            "also": thing.also,
            "is_critical": thing.is_critical,
            "verdict": status_mark(thing.verdict),
            "added": thing.added,
            "steps": thing.steps,
        }
        for thing in things(graph)
    ]


def _ticks(steps: Iterable[Step], total: int) -> list[dict[str, Any]]:
    """A mark for each alert along the scrubber, as high as it is grave."""
    if total > MOST_TICKS:
        return []
    return [
        {"x": step.position - 1, "y": 8 - 2 * step.severity, "height": 2 * step.severity, "slug": step.severity.slug}
        for step in steps
    ]


# ------------------------------------------------------------------------------------------------- the story's text


def _alerts(incident: Incident, asked: Asked, steps: Iterable[Step], path: str) -> dict[str, Any]:
    """The page of the list that the alert in question stands on."""
    total = incident.alerts_total
    after = (min(asked.until or 1, total or 1) - 1) // ALERTS_IN_LIST * ALERTS_IN_LIST
    fields = ("id", "title", "severity", "first_activity", "techniques")
    rows = Alert.objects.of_incident(incident.pk).order_by("first_activity", "id").values_list(*fields)
    named = {step.alert: _names(step) for step in steps}
    alerts_url = reverse("incidents:alerts", args=[incident.pk])
    found = [
        _alert(alerts_url, asked, path, after + number, row, named)
        for number, row in enumerate(rows[after : after + ALERTS_IN_LIST], 1)
    ]
    later = after + ALERTS_IN_LIST
    return {
        "alerts": found,
        "first": after + 1,
        "last": after + len(found),
        "earlier_url": replace(asked, until=after).address(path) if after else "",
        "later_url": replace(asked, until=later + 1).address(path) if later < total else "",
    }


def _alert(
    alerts_url: str,
    asked: Asked,
    path: str,
    position: int,
    row: tuple[int, str, int, datetime, list[str]],
    named: dict[int, str],
) -> dict[str, Any]:
    number, title, severity, at, techniques = row
    until = asked.until
    return {
        "position": position,
        "title": title,
        "severity": severity_mark(Severity(severity), compact=True),
        "at": day_and_time(at),
        "names": named.get(number, ""),
        "techniques": ", ".join(techniques[:NAMES_IN_A_LINE]),
        "url": replace(asked, until=position).address(path),
        "alert_url": f"{alerts_url}{number}/",
        "state": "" if until is None else "now" if position == until else "later" if position > until else "",
    }


def _names(step: Step) -> str:
    """The first of its assets; of an alert without assets, the first things it names."""
    assets = [name_of(piece) for piece in step.pieces if piece.kind in ASSET_KINDS]
    names = list(dict.fromkeys(assets or [name_of(piece) for piece in step.pieces]))
    more = len(names) - NAMES_IN_A_LINE
    return ", ".join(names[:NAMES_IN_A_LINE]) + (f" and {more} more" if more > 0 else "")
