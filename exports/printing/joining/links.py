"""Links of a report lead to places of the report, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pikepdf import Array, Dictionary, Name, Pdf, String

from exports.printing.joining.structure import Structure

SCHEME = "page:"
PRINTED = 4
"""The flag of an annotation that is not left out on paper, which PDF/A and PDF/UA ask for."""


class Places:
    """Where each id stands; of two of one name it is the first."""

    def __init__(self, out: Pdf) -> None:
        self._out = out
        self._found: dict[str, tuple[int, float, float]] = {}
        self._made: dict[str, Any] = {}

    def add(self, places: Mapping[str, tuple[int, float, float]], first: int) -> None:
        for name, (page, x, y) in places.items():
            self._found.setdefault(name, (first + page, x, y))

    def destination(self, name: str) -> Any | None:
        """None where no id is of that name."""
        if name not in self._made and name in self._found:
            page, x, y = self._found[name]
            self._made[name] = self._out.make_indirect(
                Array([self._out.pages[page].obj, Name.XYZ, round(x, 2), round(y, 2), 0])
            )
        return self._made.get(name)

    def page(self, name: str) -> int:
        return self._found[name][0]

    def led_to(self) -> dict[str, Any]:
        return self._made


def lead(out: Pdf, places: Places, structure: Structure) -> None:
    """Gives each link its destination; takes away those without one, and all that would lead outside."""
    for page in out.pages:
        if "/Annots" not in page.obj:
            continue
        kept = []
        for annotation in page.obj.Annots:
            name = _target(annotation)
            destination = places.destination(name)
            if destination is None:
                structure.loosen(annotation)
                continue
            if "/A" in annotation:
                del annotation["/A"]
            annotation.Dest = destination
            annotation.F = PRINTED
            annotation.Contents = String(f"Page {places.page(name) + 1}")
            kept.append(annotation)
        if kept:
            page.obj.Annots = Array(kept)
        else:
            del page.obj["/Annots"]
    names = Array([])
    for name, destination in sorted(places.led_to().items(), key=lambda item: item[0].encode("utf-16-be")):
        names.append(String(name))
        names.append(destination)
    if names:
        out.Root.Names = Dictionary(Dests=out.make_indirect(Dictionary(Names=names)))


def _target(annotation: Any) -> str:
    """The id that a link names; "" for what is no link of ours."""
    if annotation.get("/Subtype") != Name.Link:
        return ""
    if "/Dest" in annotation:
        return str(annotation.Dest)
    address = str(annotation.A.get("/URI", "")) if "/A" in annotation else ""
    return unquote(address.removeprefix(SCHEME)) if address.startswith(SCHEME) else ""
