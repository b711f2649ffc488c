"""The attack story: its picture as a drawing, the same in words, and which techniques of ATT&CK the alerts tell of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from alerts.choices import Tactic, Verdict
from alerts.rules import in_order_of_attack
from alerts.techniques import technique_name
from exports.choices import Part
from exports.document.brief import Brief, Chunk
from exports.document.signs import line, verdict_in_words
from incidents.models import Incident
from incidents.queries.story import Story as Told
from incidents.queries.story import notes, story_of
from incidents.story.drawing import svg
from incidents.story.layout import Layout
from incidents.story.shapes import form
from incidents.story.table import ThingRow, TieRow, things, ties

UPRIGHT, WIDE = (174.0, 212.0), (261.0, 134.0)
"""Millimetres that a picture has on a page of either kind, beside what else stands there."""
LARGEST = 0.3
"""Millimetres of paper for a unit of the drawing; a small picture is not blown up further."""
STYLE = """
.story-form{fill:#fff;stroke:#475061;stroke-width:1.4}
.story-malicious .story-form{fill:#fdeaec;stroke:#be1f2a;stroke-width:2.2}
.story-suspicious .story-form{fill:#fdefe2;stroke:#b04d00;stroke-width:1.8}
.story-no_threats_found .story-form,.story-ring{stroke:#17703c}
.story-behind{fill:#fff;stroke:#868f9d}
.story-line{stroke:#868f9d;color:#868f9d;stroke-width:1.1}
.story-number rect{fill:#fff;stroke:#868f9d;stroke-width:.8}
.story-name{font-size:12px}
.story-icon,.story-crown,.story-hand{stroke:#151922;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.story-crown{stroke:#b04d00}
"""
COLOURS = {
    Verdict.MALICIOUS: "#be1f2a",
    Verdict.SUSPICIOUS: "#b04d00",
    Verdict.NO_THREATS_FOUND: "#17703c",
    Verdict.UNKNOWN: "#475061",
}
TECHNIQUES = """
SELECT technique, count(*) FROM alerts_alert, unnest(techniques) AS technique
WHERE incident_id = %s GROUP BY technique ORDER BY technique
"""
CATEGORIES = """
SELECT category, count(*) FROM alerts_alert, unnest(categories) AS category
WHERE incident_id = %s GROUP BY category
"""


class Story:
    """The picture is read when it is counted, since what it takes depends on what is in it."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.told = story_of(brief.incident)
        graph = self.told.picture.graph
        self.weight = 100 + len(graph.nodes) * 4 + len(graph.edges)

    def chunks(self, most: int) -> Iterator[Chunk]:
        incident, picture = self.brief.incident, self.told.picture
        placed = Placed.of(picture.layout)
        values = {
            "heading": self.brief.heading(Part.STORY),
            "picture": _drawn(self.told),
            "is_empty": not picture.graph.nodes,
            "placed": placed,
            "legend": [{"form": _form(verdict), "label": verdict.label} for verdict in reversed(Verdict)],
            "has_added": any(node.added for node in picture.graph.nodes.values()),
            "has_critical": any(node.is_critical for node in picture.graph.nodes.values()),
            "notes": notes(self.told, incident.alerts_total),
            "things": [_thing(thing) for thing in things(picture.graph)],
            "ties": [_tie(tie) for tie in ties(picture.graph)],
            "categories": categories_of(incident),
            "techniques": techniques_of(incident),
        }
        yield Chunk(render_to_string("exports/report/story.html", values), self.weight)


class Placed:
    """A picture on its page: upright, or on a page of its own that lies, where it is larger so."""

    def __init__(self, width: float, height: float, *, is_wide: bool) -> None:
        self.width, self.height, self.is_wide = width, height, is_wide

    @classmethod
    def of(cls, layout: Layout) -> Placed:
        width, height = max(layout.width, 1), max(layout.height, 1)
        scales = [min(room[0] / width, room[1] / height, LARGEST) for room in (UPRIGHT, WIDE)]
        is_wide = scales[1] > scales[0] * 1.1
        scale = scales[is_wide]
        return cls(round(layout.width * scale, 1), round(layout.height * scale, 1), is_wide=is_wide)


def _drawn(told: Told) -> SafeString:
    graph = told.picture.graph
    words = f"Attack story: {len(graph.nodes)} assets and pieces of evidence, {len(graph.edges)} ties between them. "
    title = format_html("<title>{}The tables that follow say the same in words.</title>", words)
    return svg(told.picture, begin=title + mark_safe(f"<style>{STYLE}</style>"))


def _form(verdict: Verdict) -> SafeString:
    """The outline of a verdict, small."""
    return mark_safe(
        '<svg xmlns="http://www.w3.org/2000/svg" width="14" height="14" viewBox="0 0 54 54" fill="none" '
        f'stroke="{COLOURS[verdict]}" stroke-width="4"><title>{verdict.label}</title>{form(verdict, 27, 27)}</svg>'
    )


def _thing(thing: ThingRow) -> dict[str, Any]:
    return {
        "name": line(thing.name),
        "more": "; ".join(filter(None, (line(thing.also), line(thing.added)))),
        "kind": f"{thing.kind.label}{', critical' if thing.is_critical else ''}",
        "verdict": verdict_in_words(thing.verdict),
        "slug": thing.verdict.slug,
        "steps": thing.steps,
    }


def _tie(tie: TieRow) -> dict[str, str]:
    return {"words": f"{line(tie.source)} {tie.relation} {line(tie.target)}", "steps": tie.steps}


def categories_of(incident: Incident) -> list[dict[str, Any]]:
    """How many alerts tell of each category, along the kill chain."""
    with connection.cursor() as cursor:
        cursor.execute(CATEGORIES, [incident.pk])
        counts = dict(cursor.fetchall())
    known = [str(tactic) for tactic in Tactic if tactic in counts]
    ordered = [*known, *sorted(counts.keys() - set(known))]
    return [{"label": line(in_order_of_attack([slug])[0]), "alerts": counts[slug]} for slug in ordered]


def techniques_of(incident: Incident) -> list[dict[str, Any]]:
    """The techniques that alerts name, with how many do."""
    with connection.cursor() as cursor:
        cursor.execute(TECHNIQUES, [incident.pk])
        rows = cursor.fetchall()
    return [{"id": line(one), "name": technique_name(one) or "unknown", "alerts": number} for one, number in rows]
