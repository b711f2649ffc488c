"""The bookmarks of all pieces as one outline."""

from __future__ import annotations

from collections.abc import Sequence

from pikepdf import OutlineItem, Pdf

Bookmark = tuple[int, str, int, float, float]
"""Level, text, page from 0, and the point on it."""


def outline(out: Pdf, bookmarks: Sequence[Bookmark]) -> None:
    """A heading stands below the last one of a higher level, also where that stood in another piece."""
    with out.open_outline() as tree:
        above: list[tuple[int, list[OutlineItem]]] = [(0, tree.root)]
        for level, text, page, x, y in bookmarks:
            item = OutlineItem(text, page, "XYZ", left=x, top=y)
            while above[-1][0] >= level:
                above.pop()
            above[-1][1].append(item)
            above.append((level, item.children))
    if bookmarks:
        out.Root.PageMode = "/UseOutlines"
