"""What can be printed: a report as pieces of HTML, made one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Piece:
    """Some pages of a report as a whole HTML document. It begins on a new page.

    Style sheets are named `asset:report.css` (a file of static/print/), images `image:<id>` (a file of the report's
    `images`). A link to `page:<id>` leads to the element of that id, in whatever piece it stands; nothing else is
    loaded or led to. Texts have been escaped; there is no template language in it.
    """

    name: str
    html: str
    weight: int = 1
    """How much of the work it is, as a share of the report's `weight`: rows, about."""


@dataclass(frozen=True, slots=True)
class Description:
    """What the file says of itself."""

    title: str
    subject: str
    author: str
    language: str = "en"
    keywords: tuple[str, ...] = field(default=())


class Report(Protocol):
    """Something to be printed."""

    description: Description
    weight: int
    """Of all its pieces together."""

    @property
    def images(self) -> Mapping[str, Path]:
        """Images that its pieces may show, by their ids; complete when the last piece has been made."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """All that follows the front, each made when it is asked for."""
        ...

    def front(self, pages: Mapping[str, int], total: int) -> Piece:
        """Cover and contents, two pages: made last, when it is known on which page each id stands and how many pages
        there are."""
        ...
