"""Reading the attack story: which alerts, which evidence, in which order; and its picture, laid out once."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils.safestring import SafeString

from alerts.choices import Severity, Verdict
from entities.choices import EntityKind
from incidents.models import Incident
from incidents.story.by_hand import Added, with_added
from incidents.story.drawing import Picture, svg, wires_of
from incidents.story.grouping import readable
from incidents.story.layout import Layout, Line, layout
from incidents.story.parts import Graph, Node, Piece, Step
from incidents.story.telling import graph_of
from incidents.what_happened.phrases import KIND_WORDS

MOST_STEPS = 500
"""Alerts that a picture is made of: of more the gravest, then the first. The list beside it has them all."""
MOST_PIECES = 5_000
"""Pieces of evidence that a picture is made of."""
MOST_ADDED = 200
"""Things added by hand that are drawn."""
REMEMBERED = 86_400
"""Seconds for which a layout is kept."""

STEPS = """
SELECT position, id, title, severity, first_activity FROM (
    SELECT row_number() OVER (ORDER BY first_activity, id) AS position, id, title, severity, first_activity
    FROM alerts_alert WHERE incident_id = %s
) AS told ORDER BY severity DESC, position LIMIT %s
"""
PIECES = """
SELECT evidence.alert_id, entity.id, entity.kind, entity.key, entity.name, evidence.roles, evidence.verdict,
       evidence.details, entity.attributes, entity.criticality
FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
WHERE evidence.alert_id = ANY(%s) ORDER BY evidence.id LIMIT %s
"""
ADDED = """
SELECT entity.id, entity.kind, entity.key, entity.name, evidence.verdict, entity.attributes, entity.criticality,
       evidence.added_by, evidence.note
FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
WHERE evidence.incident_number = %s AND evidence.alert_id IS NULL ORDER BY evidence.id LIMIT %s
"""
DEVICES = "SELECT value, entity_id FROM entities_entityidentifier WHERE kind = 'device' AND entity_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Story:
    """The alerts that a picture is made of, what people added, and the picture."""

    steps: Sequence[Step]
    added: Sequence[Added]
    picture: Picture


def story_of(incident: Incident, hidden: Iterable[EntityKind] = (), until: int | None = None) -> Story:
    """An incident's story, without the hidden kinds of things, up to the alert at a position. Four statements.

    The incident is read anew each time, so that nothing of it can be stale or be seen by somebody who may not: what is
    kept is the layout alone, which takes by far the longest. It is kept under what it was made from, numbers of nodes
    and lines without a name, so that it is right for whoever has the same graph and tells nothing.
    """
    steps = steps_of(incident)
    added = added_to(incident)
    graph = readable(with_added(graph_of(steps, devices_of(steps), hidden), added, steps, hidden))
    return Story(steps, added, Picture(graph, remembered_layout(graph), until))


def story_svg(incident: Incident, link: Callable[[Node], str] | None = None) -> SafeString:
    """The whole picture by itself, for print and wherever else there is no page around it."""
    return svg(story_of(incident).picture, link)


def notes(story: Story, total: int) -> list[str]:
    """What the picture of so many alerts leaves out, in sentences."""
    graph = story.picture.graph
    told = []
    if total > len(story.steps):
        told.append(f"The picture is made of the gravest {MOST_STEPS} of {total:,} alerts; the list has them all.")
    if len(story.added) >= MOST_ADDED:
        told.append(f"Of what people added the first {MOST_ADDED} things are drawn; Assets and Evidence have all.")
    if graph.left_out:
        kinds = ", ".join(f"{number:,} {KIND_WORDS[kind][number != 1]}" for kind, number in graph.left_out.items())
        told.append(f"Not drawn, because there are too many: {kinds}. They stand in Assets and Evidence.")
    if graph.lines_left_out:
        told.append(f"{graph.lines_left_out:,} weaker ties are not drawn.")
    return told


def steps_of(incident: Incident) -> list[Step]:
    """The alerts that the picture is made of, in their order, with their evidence. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(STEPS, [incident.pk, MOST_STEPS])
        rows = sorted(cursor.fetchall())
        cursor.execute(PIECES, [[alert for _, alert, *_ in rows], MOST_PIECES])
        pieces: dict[int, list[Piece]] = defaultdict(list)
        for alert, entity, kind, key, name, roles, verdict, details, attributes, level in cursor.fetchall():
            pieces[alert].append(
                Piece(
                    entity,
                    EntityKind(kind),
                    key,
                    name,
                    frozenset(roles),
                    Verdict(verdict),
                    _object(details),
                    _object(attributes),
                    level,
                )
            )
    return [
        Step(position, alert, title, Severity(severity), at, pieces.get(alert, ()))
        for position, alert, title, severity, at in rows
    ]


def added_to(incident: Incident) -> list[Added]:
    """What people have added by hand, the first first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(ADDED, [incident.pk, MOST_ADDED])
        return [
            Added(
                Piece(
                    entity,
                    EntityKind(kind),
                    key,
                    name,
                    verdict=Verdict(verdict),
                    attributes=_object(attributes),
                    criticality=level,
                ),
                by,
                note,
            )
            for entity, kind, key, name, verdict, attributes, level, by, note in cursor.fetchall()
        ]


def _object(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}


def devices_of(steps: Iterable[Step]) -> dict[str, int]:
    """Every name of the devices that the steps name, as identifiers spell it. One statement."""
    devices = {piece.entity for step in steps for piece in step.pieces if piece.kind == EntityKind.DEVICE}
    with connection.cursor() as cursor:
        cursor.execute(DEVICES, [sorted(devices)])
        return dict(cursor.fetchall())


def remembered_layout(graph: Graph) -> Layout:
    """The layout of a graph; without Redis it is made each time."""
    nodes, wires = len(graph.nodes), wires_of(graph)
    key = f"story-layout:{hashlib.sha256(json.dumps([FORM, nodes, wires]).encode()).hexdigest()}"
    kept = cache.get(key)
    if kept is not None:
        width, height, places, lines = kept
        return Layout(width, height, places, tuple(Line(*line) for line in lines))
    made = layout(nodes, wires)
    plain = (made.width, made.height, made.nodes, tuple((line.points, line.label) for line in made.lines))
    cache.set(key, plain, REMEMBERED)
    return made


FORM = 1
"""To be counted up when layouts are made or kept in another form: those kept before are then not found."""
