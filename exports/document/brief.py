"""What all parts of a report are made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.safestring import SafeString

from accounts.models import Principal
from exports.choices import Part
from exports.document.clock import Clock
from exports.document.images import Images
from exports.document.log_proof import LogProof
from exports.options import ReportOptions
from incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Brief:
    """An incident, who reads it and how the report is wanted."""

    incident: Incident
    options: ReportOptions
    reader: Principal
    made_at: datetime
    made_by: str
    clock: Clock
    images: Images
    merged: Sequence[int]
    """Numbers of the incidents that were merged into it, as far as the reader may see them."""
    proof: LogProof

    def has(self, part: Part) -> bool:
        return part in self.options.parts

    def heading(self, part: Part) -> str:
        """“5 Alerts”: a part with its number among those that were chosen."""
        chosen = [each for each in Part if self.has(each)]
        return f"{chosen.index(part) + 1}\u2003{part.label}"

    @property
    def numbers(self) -> list[int]:
        """The incident and those merged into it: their logs are read as one."""
        return [self.incident.pk, *self.merged]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a part; a page may begin before it."""

    html: SafeString
    weight: int
    continues: str = ""
    """The heading of its part, where the part began before it."""


class Section(Protocol):
    """A part of a report, counted but not yet read."""

    weight: int
    """Of all its chunks together; about the time it takes to set, in entries of the log."""

    def chunks(self, most: int) -> Iterator[Chunk]:
        """The part in stretches of that weight at most, or about it, each read when it is asked for."""
        ...


SPLIT = 3
"""Lists that can be cut anywhere come in stretches of a third of a piece, so that pieces become about equal."""


def shares(total: int, most: int) -> list[int]:
    """How many rows stand in each stretch, when there are `total` and at most `most` fit: about as many in each."""
    number = max(-(-total // max(most, 1)), 1)
    return [total // number + (place < total % number) for place in range(number)]
