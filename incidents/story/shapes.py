"""The small parts of the picture: forms, names in lines, paths. Text is escaped here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import cos, pi, sin

from django.utils.html import escape

from alerts.choices import Verdict

RADIUS = 22
LINE_LENGTH = 18
MOST_LINES = 2
CORNER = 7
ARROW_LENGTH, ARROW_WIDTH = 8, 4

_CORNERS = {Verdict.MALICIOUS: 8, Verdict.SUSPICIOUS: 6}
_PIECES = re.compile(r"(?:[^\s\\/@._:\[-]|\[(?!\.\]))*(?:\[\.\]|[\s\\/@._:-])*")
_JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    """The text with signs that nobody can see, those that turn its direction above all, made visible."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in _JOINERS else "\ufffd" for sign in text)


def lines_of(name: str) -> list[str]:
    """A name in at most two short lines, broken where it has a sign to break at."""
    lines = [""]
    for piece in _PIECES.findall(visible(name)[: LINE_LENGTH * 8]):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > LINE_LENGTH:
            lines.append("")
        lines[-1] += piece
    lines = [line.strip() for line in lines if line.strip()] or ["?"]
    shown = [_shortened(line) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES and not shown[-1].endswith("…"):
        shown[-1] = f"{shown[-1][: LINE_LENGTH - 1]}…"
    return shown


def _shortened(line: str) -> str:
    return line if len(line) <= LINE_LENGTH else f"{line[: LINE_LENGTH - 1]}…"


def form(verdict: Verdict, x: int, y: int, radius: float = RADIUS) -> str:
    """The outline that tells the verdict without colour: an octagon for malicious, a hexagon for suspicious, a double
    circle where no threats were found, a circle where nothing is known."""
    corners = _CORNERS.get(verdict)
    if corners:
        turn = pi / 8 if corners == 8 else 0.0
        angles = [turn + 2 * pi * corner / corners for corner in range(corners)]
        points = " ".join(f"{x + (radius + 2) * cos(a):.1f},{y + (radius + 2) * sin(a):.1f}" for a in angles)
        return f'<polygon class="story-form" points="{points}"/>'
    ring = f'<circle class="story-ring" cx="{x}" cy="{y}" r="{radius - 4}"/>'
    circle = f'<circle class="story-form" cx="{x}" cy="{y}" r="{radius}"/>'
    return circle + (ring if verdict == Verdict.NO_THREATS_FOUND else "")


def name_text(name: str, x: int, y: int, class_name: str = "story-name") -> str:
    """A name centred below a point."""
    spans = "".join(
        f'<tspan x="{x}" y="{y + 13 * number}">{escape(line)}</tspan>' for number, line in enumerate(lines_of(name))
    )
    return f'<text class="{class_name}" fill="currentColor" stroke="none">{spans}</text>'


Point = tuple[int, int]


def path_of(points: Sequence[Point]) -> str:
    """A path along the points with rounded corners."""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        near, far = _towards(corner, before, CORNER), _towards(corner, after, CORNER)
        parts.append(f"L{near[0]:.0f} {near[1]:.0f}Q{corner[0]} {corner[1]} {far[0]:.0f} {far[1]:.0f}")
    parts.append(f"L{points[-1][0]} {points[-1][1]}")
    return "".join(parts)


def arrow_of(points: Sequence[Point]) -> str:
    """The head of an arrow at the end of the line."""
    tip, before = points[-1], points[-2]
    base = _towards(tip, before, ARROW_LENGTH)
    across = (tip[1] - base[1]) * ARROW_WIDTH / ARROW_LENGTH, (base[0] - tip[0]) * ARROW_WIDTH / ARROW_LENGTH
    corners = (tip, (base[0] + across[0], base[1] + across[1]), (base[0] - across[0], base[1] - across[1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _towards(start: Point, end: Point, distance: float) -> tuple[float, float]:
    """So far from the start on the way to the end, half way at most."""
    x, y = end[0] - start[0], end[1] - start[1]
    length = (x * x + y * y) ** 0.5
    share = min(distance / length, 0.5) if length else 0.0
    return start[0] + x * share, start[1] + y * share
