"""One tree of the structures of all pieces."""

from __future__ import annotations

from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf


class Structure:
    """The tree that grows with each piece: a Document, and from each page's marks back to its elements."""

    def __init__(self, out: Pdf) -> None:
        self._out = out
        self._root = out.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        self._document = out.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=self._root, K=Array([])))
        self._numbers: dict[int, Any] = {}
        self._next = 0

    def add(self, piece: Pdf, first: int) -> None:
        """Of a piece whose pages have been added already, so that elements find them."""
        tree = self._out.copy_foreign(piece.Root.StructTreeRoot)
        for element in tree.K[0].K:
            element.P = self._document
            self._document.K.append(element)
        entries, most = tree.ParentTree.Nums, -1
        for place in range(0, len(entries), 2):
            key = int(entries[place])
            most = max(most, key)
            self._numbers[self._next + key] = entries[place + 1]
        for page in list(self._out.pages)[first:]:
            page.obj.StructParents = self._next + int(page.obj.StructParents)
            for annotation in page.obj.get("/Annots", ()):
                if "/StructParent" in annotation:
                    annotation.StructParent = self._next + int(annotation.StructParent)
        self._next += most + 1

    def loosen(self, annotation: Any) -> None:
        """An annotation is taken away: the element that spoke of it keeps its text alone."""
        element = self._numbers.pop(int(annotation.get("/StructParent", -1)), None)
        if element is not None:
            own = annotation.objgen
            element.K = Array([kid for kid in element.K if not _speaks_of(kid, own)])
            if Name.Link == element.S and not any(_is_reference(kid) for kid in element.K):
                element.S = Name.Span

    def finish(self) -> None:
        numbers = Array([])
        for key, value in sorted(self._numbers.items()):
            numbers.append(key)
            numbers.append(value)
        self._root.K = Array([self._document])
        self._root.ParentTree = self._out.make_indirect(Dictionary(Nums=numbers))
        self._root.ParentTreeNextKey = self._next
        self._out.Root.StructTreeRoot = self._root
        self._out.Root.MarkInfo = Dictionary(Marked=True)


def _is_reference(kid: Any) -> bool:
    return isinstance(kid, Dictionary) and kid.get("/Type") == Name.OBJR


def _speaks_of(kid: Any, annotation: tuple[int, int]) -> bool:
    return _is_reference(kid) and kid.Obj.objgen == annotation
