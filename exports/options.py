"""How somebody wants the report of an incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from exports.choices import Marking, Part

ASSETS_OF_A_TYPE = 10
"""Assets of each type that a report with caps shows. Source: Microsoft Defender, Export incident as PDF."""
EVIDENCE = 100
"""Pieces of evidence that a report with caps shows. Source: the same."""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What stands in a report and how it is written; together with incident, its log and the reader's rights this says
    all of what the file will be."""

    parts: tuple[Part, ...] = tuple(Part)
    """In the order of the report."""
    is_capped: bool = True
    """Whether long lists are cut at the caps; what was cut is said in the report."""
    marking: Marking = Marking.AMBER
    time_zone: str = "UTC"
    """IANA name; times stand in it, beside UTC."""
    language: str = "en"

    def as_json(self) -> dict[str, Any]:
        """Plain values, always the same for the same options."""
        return {
            "parts": [str(part) for part in Part if part in self.parts],
            "is_capped": self.is_capped,
            "marking": str(self.marking),
            "time_zone": self.time_zone,
            "language": self.language,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """What `as_json` gave."""
        return cls(
            parts=tuple(Part(word) for word in values["parts"]),
            is_capped=values["is_capped"],
            marking=Marking(values["marking"]),
            time_zone=values["time_zone"],
            language=values["language"],
        )
