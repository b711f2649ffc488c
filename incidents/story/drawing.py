"""The picture of a story as SVG: for the page, where style sheets colour it, and for print, where it stands alone in
the colour of the text. No scripts, no styles; forms and strokes tell what colours tell.

Everything carries the positions of the alerts it comes from (`data-steps`), so that a page can show the story up to
one of them and what an alert touches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from alerts.choices import Verdict
from common.icons import drawing as icon_drawing
from incidents.story.layout import Layout, Wire
from incidents.story.parts import Edge, Graph, Node
from incidents.story.shapes import RADIUS, arrow_of, form, name_text, path_of, visible
from incidents.what_happened.phrases import KIND_WORDS

MOST_NUMBERS = 2
"""Numbers that stand on one line; of more it says how many."""
ADDERS_NAMED = 2
"""People, with their notes, whom a description names."""
STEPS_NAMED = 12
"""Positions that a description names one by one."""


NOTHING = SafeString("")


class Picture(NamedTuple):
    """What is drawn, and how far the story has come: `until` is the position of an alert, None for all of it."""

    graph: Graph
    layout: Layout
    until: int | None = None


def wires_of(graph: Graph) -> list[Wire]:
    """The lines of a graph as the layout takes them."""
    number = {key: position for position, key in enumerate(graph.nodes)}
    return [
        Wire(number[edge.source], number[edge.target], _label_width(edge) if edge.labels else 0)
        for edge in graph.edges.values()
    ]


def svg(
    picture: Picture,
    link: Callable[[Node], str] | None = None,
    identifier: str = "story",
    begin: SafeString = NOTHING,
) -> SafeString:
    """The picture; nodes lead where `link` says, or nowhere. `begin` stands first in it: a title, or a style where no
    style sheet reaches it."""
    graph, layout, until = picture
    words = f"{len(graph.nodes)} assets and pieces of evidence, {len(graph.edges)} ties between them"
    places = dict(zip(graph.nodes, layout.nodes, strict=True))
    lines = list(zip(graph.edges.values(), layout.lines, strict=True))
    parts = [
        f'<svg class="story-picture" xmlns="http://www.w3.org/2000/svg" id="{identifier}-picture" role="group" '
        f'aria-label="Attack story: {words}" viewBox="0 0 {layout.width} {layout.height}" width="{layout.width}" '
        f'height="{layout.height}" fill="none" stroke="currentColor" font-size="10.5" text-anchor="middle">',
        begin,
        _symbols(graph, identifier),
        '<g class="story-lines" aria-hidden="true">',
        *(_line(graph, edge, line.points, until) for edge, line in lines),
        "</g>",
        *(_node(node, places[key], until, link, identifier) for key, node in graph.nodes.items()),
        '<g class="story-numbers" aria-hidden="true" pointer-events="none">',
        *(_numbers(edge, line.label, until) for edge, line in lines if line.label and edge.labels),
        "</g></svg>",
    ]
    return mark_safe("".join(parts))  # every text in it has been escaped where it was put in


def _symbols(graph: Graph, identifier: str) -> str:
    """Each icon that is used, once."""
    kinds = dict.fromkeys(node.kind.slug for node in graph.nodes.values())
    icons = {**{kind: kind for kind in kinds}, "crown": "critical", "hand": "edit"}
    symbols = (
        f'<symbol id="{identifier}-{name}" viewBox="0 0 24 24">{icon_drawing(role)}</symbol>'
        for name, role in icons.items()
    )
    return f"<defs>{''.join(symbols)}</defs>"


def state(steps: Sequence[int], until: int | None) -> str:
    """Classes for how a thing stands at a moment of the story; what only people name stands there throughout."""
    if until is None or not steps:
        return ""
    if steps[0] > until:
        return " is-later"
    return " is-now" if until in steps else ""


def described(node: Node) -> str:
    """A node in words: what it is, how it stands, in which alerts."""
    parts = [visible(node.name), *([] if node.is_group else [KIND_WORDS[node.kind][0]])]
    parts += ["critical asset"] if node.is_critical else []
    parts += [str(node.verdict.label).lower()] if node.verdict != Verdict.UNKNOWN else []
    if node.also:
        parts.append(f"{'among them' if node.is_group else 'also'} {', '.join(map(visible, node.also[:3]))}")
    parts += [visible(added_in_words(node))] if node.added else []
    return ", ".join([*parts, steps_in_words(node.steps)])


def added_in_words(node: Node) -> str:
    """Who added it: "added by Ana Ruiz: seen in the proxy's log"."""
    more = len(node.added) - ADDERS_NAMED
    return f"added by {'; '.join(node.added[:ADDERS_NAMED])}{f' and {more} more' if more > 0 else ''}"


def tie_in_words(graph: Graph, edge: Edge) -> str:
    """A line in words: this one started that one."""
    return f"{visible(graph.nodes[edge.source].name)} {edge.words} {visible(graph.nodes[edge.target].name)}"


def steps_in_words(steps: Sequence[int]) -> str:
    """The alerts by their positions: "alerts 1, 3 and 4 more"; "no alert" for what people added."""
    if not steps:
        return "no alert"
    named = ", ".join(map(str, steps[:STEPS_NAMED]))
    more = f" and {len(steps) - STEPS_NAMED} more" if len(steps) > STEPS_NAMED else ""
    return f"alert{'s' if len(steps) > 1 else ''} {named}{more}"


def _data(steps: Iterable[int]) -> str:
    return f'data-steps="{" ".join(map(str, steps))}"'


def _line(graph: Graph, edge: Edge, points: Sequence[tuple[int, int]], until: int | None) -> str:
    loose = edge.is_loose
    words = f"{tie_in_words(graph, edge)} ({steps_in_words(edge.steps)})"
    dashes = ' stroke-dasharray="3 4"' if loose else ""
    head = "" if loose else f'<polygon points="{arrow_of(points)}" fill="currentColor" stroke="none"/>'
    return (
        f'<g class="story-line{" is-loose" * loose}{state(edge.steps, until)}" {_data(edge.steps)} '
        f'data-from="{edge.source}" data-to="{edge.target}"><title>{escape(words)}</title>'
        f'<path d="{path_of(points)}"{dashes}/>{head}</g>'
    )


def _label(edge: Edge) -> str:
    shown = ", ".join(map(str, edge.labels[:MOST_NUMBERS]))
    more = len(edge.labels) - MOST_NUMBERS
    return f"{shown} +{more}" if more > 0 else shown


def _label_width(edge: Edge) -> int:
    return 10 + 6 * len(_label(edge))


def _numbers(edge: Edge, middle: tuple[int, int] | None, until: int | None) -> str:
    assert middle is not None
    (x, y), width = middle, _label_width(edge)
    return (
        f'<g class="story-number{state(edge.labels, until)}" {_data(edge.labels)}>'
        f'<rect x="{x - width / 2:g}" y="{y - 8}" width="{width}" height="16" rx="8"/>'
        f'<text x="{x}" y="{y + 3.5}" font-size="9.5" fill="currentColor" stroke="none">{_label(edge)}</text></g>'
    )


def _node(
    node: Node, place: tuple[int, int], until: int | None, link: Callable[[Node], str] | None, identifier: str
) -> str:
    x, y = place
    words = escape(described(node))
    classes = f"story-node story-{node.verdict.slug}{state(node.steps, until)}"
    said = f'class="{classes}" data-node="{node.key}" data-kind="{node.kind.slug}" {_data(node.steps)}'
    begins = f'<a href="{escape(link(node))}" {said} aria-label="{words}">' if link else f"<g {said}>"
    icon = f'href="#{identifier}-{node.kind.slug}" x="{x - 9}" y="{y - 9}" width="18" height="18"'
    behind = f'<circle class="story-behind" cx="{x + 5}" cy="{y - 4}" r="{RADIUS}"/>' if node.is_group else ""
    crown = (
        f'<use class="story-crown" href="#{identifier}-crown" x="{x + 10}" y="{y - 36}" width="16" height="16"/>'
        if node.is_critical
        else ""
    )
    hand = (
        f'<use class="story-hand" href="#{identifier}-hand" x="{x - 25}" y="{y - 35}" width="15" height="15"/>'
        if node.added
        else ""
    )
    return (
        f'{begins}<title>{words}</title>{behind}{form(node.verdict, x, y)}<use class="story-icon" {icon}/>'
        f"{crown}{hand}{name_text(node.name, x, y + RADIUS + 14)}{'</a>' if link else '</g>'}"
    )
