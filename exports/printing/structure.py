"""The structure of a drawn piece made plain: what says nothing to a reader's ears goes, what does is kept.

WeasyPrint describes each box, so a cell of a table is three elements deep: the cell, its block, its text. Half of a
tagged file would be such hollow elements. Running heads and feet are marked as what they are, artifacts.
"""

from __future__ import annotations

from typing import Any

import pydyf

POINTS = 0.75
"""Of a CSS pixel."""
HOLLOW = ("/NonStruct", "/Span")


def simplify(pdf: pydyf.PDF) -> None:
    """Takes hollow elements out of the tree, and says of table heads what they head."""
    elements = {
        item.reference: item
        for item in pdf.objects
        if isinstance(item, pydyf.Dictionary) and item.get("Type") == "/StructElem"
    }
    heights = {
        item.reference: item["MediaBox"][3]
        for item in pdf.objects
        if isinstance(item, pydyf.Dictionary) and item.get("Type") == "/Page"
    }
    for element in elements.values():
        _plain_cell(element, elements)
        _place_figure(element, heights)
    instead: dict[bytes, bytes] = {}
    # Children come after their parents: from the last, a child has gone before its parent does.
    for reference, element in reversed(elements.items()):
        if element["S"] in HOLLOW and _lift(reference, element, elements):
            instead[reference] = element["P"]
            element.free = "f"
    _rename_parents(pdf, instead)
    _mark_margins(pdf, elements)


def _plain_cell(element: Any, elements: dict[bytes, Any]) -> None:
    """Heads name their direction, which needs no identifiers; those of two pieces would be the same."""
    if element["S"] not in ("/TH", "/TD") or "A" not in element:
        return
    element.pop("ID", None)
    element["A"].pop("Headers", None)
    if element["S"] == "/TH":
        group = elements.get(elements[element["P"]]["P"]) if element["P"] in elements else None
        element["A"]["Scope"] = "/Column" if group is not None and group["S"] == "/THead" else "/Row"
    elif len(element["A"]) == 1:
        del element["A"]


def _place_figure(element: Any, heights: dict[bytes, float]) -> None:
    """Says where a figure is as the file counts: in points from the lower edge, not in pixels from the upper one."""
    if element["S"] == "/Figure" and "A" in element:
        left, top, right, bottom = (edge * POINTS for edge in element["A"]["BBox"])
        height = heights[element["Pg"]]
        element["A"]["BBox"] = pydyf.Array([left, height - bottom, right, height - top])


def _lift(reference: bytes, element: Any, elements: dict[bytes, Any]) -> bool:
    """Puts an element's content in its place. Not where content would lose its page."""
    parent = elements.get(element["P"])
    if parent is None or parent.get("Pg") != element.get("Pg") or reference not in parent["K"]:
        return False
    place = parent["K"].index(reference)
    parent["K"][place : place + 1] = element["K"]
    for kid in element["K"]:
        if kid in elements:
            elements[kid]["P"] = element["P"]
    return True


def _rename_parents(pdf: pydyf.PDF, instead: dict[bytes, bytes]) -> None:
    """The tree from marked content to elements names those that have taken it over."""
    numbers = _parent_tree(pdf)
    for place in range(1, len(numbers), 2):
        entry = numbers[place]
        if isinstance(entry, pydyf.Array):
            entry[:] = [_last(reference, instead) for reference in entry]
        else:
            numbers[place] = _last(entry, instead)


def _last(reference: bytes, instead: dict[bytes, bytes]) -> bytes:
    while reference in instead:
        reference = instead[reference]
    return reference


def _parent_tree(pdf: pydyf.PDF) -> Any:
    root = next(item for item in pdf.objects if isinstance(item, pydyf.Dictionary) and "ParentTree" in item)
    return next(item for item in pdf.objects if item.reference == root["ParentTree"])["Nums"]


def _mark_margins(pdf: pydyf.PDF, elements: dict[bytes, Any]) -> None:
    """Text of the margins, which no element of the tree holds, becomes an artifact."""
    held = {kid for element in elements.values() if element.free != "f" for kid in element["K"] if kid in elements}
    pages = [item for item in pdf.objects if isinstance(item, pydyf.Dictionary) and item.get("Type") == "/Page"]
    streams = {item.reference: item for item in pdf.objects if isinstance(item, pydyf.Stream)}
    numbers = _parent_tree(pdf)
    for number, page in enumerate(pages):
        entry = numbers[2 * number + 1]
        loose = {mcid for mcid, reference in enumerate(entry) if not _stands(reference, held, elements)}
        if not loose:
            continue
        content = streams[page["Contents"]].stream
        for place, operator in enumerate(content):
            # A mark is three entries: its tag, its properties, the operator.
            if isinstance(operator, pydyf.Dictionary) and operator.get("MCID") in loose:
                content[place - 1 : place + 2] = [b"/Artifact", b"", b"BMC"]
        entry[:] = [b"null" if mcid in loose else reference for mcid, reference in enumerate(entry)]


def _stands(reference: bytes, held: set[bytes], elements: dict[bytes, Any]) -> bool:
    """Whether an element hangs in the tree: each of its ancestors is held by the next."""
    while reference in elements:
        parent = elements[reference]["P"]
        if parent not in elements:
            return elements[reference]["S"] == "/Document"
        if reference not in held:
            return False
        reference = parent
    return False
