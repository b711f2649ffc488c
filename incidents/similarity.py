"""How alike two incidents are: what they share, how rare that is, and what the closed ones say about an open one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import NamedTuple

from alerts.choices import Classification, Determination
from entities.choices import EntityKind
from incidents.facets import Facet

MOST_COMMON = 25
"""An entity that more incidents than this have in common says nothing about any of them."""
LEAST = 8
"""Points below which two incidents are not called similar."""
ALIKE, VERY_ALIKE = 30, 60
"""Points from which they are called so."""

ENTITY_POINTS, SUSPECT_POINTS, MOST_ENTITY_POINTS = 24, 34, 50
DETECTOR_POINTS, MOST_DETECTOR_POINTS = 30, 45
TECHNIQUE_POINTS = 20
TOP = 100

ONLY_SUSPECTS = (
    EntityKind.FILE,
    EntityKind.PROCESS,
    EntityKind.REGISTRY_KEY,
    EntityKind.REGISTRY_VALUE,
    EntityKind.IP,
    EntityKind.DOMAIN,
    EntityKind.URL,
)
"""Kinds that every machine has many of: what they have in common counts only where one is suspected or attacks."""
TECHNIQUE = f"{Facet.TECHNIQUE}:"


@dataclass(frozen=True, slots=True)
class SharedEntity:
    """An entity that other incidents have as well."""

    id: int
    kind: EntityKind
    name: str
    suspected: bool
    others: int
    """In how many other incidents it is."""

    @property
    def points(self) -> float:
        """The rarer, the more."""
        return (SUSPECT_POINTS if self.suspected else ENTITY_POINTS) / (1 + log2(self.others))


@dataclass(frozen=True, slots=True)
class SharedDetector:
    """A detector, told by its source's id for it or by its alerts' title, that fired in other incidents as well."""

    key: str
    title: str
    others: int

    @property
    def points(self) -> float:
        """A detector that fires often still tells much about what it fires at, so it fades slowly."""
        return DETECTOR_POINTS / (1 + log2(self.others) / 2)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What one incident has in common with another, and how much that is worth."""

    entities: Sequence[SharedEntity]
    detectors: Sequence[SharedDetector]
    techniques: Sequence[str]
    """Those both tell of."""
    all_techniques: int = 0
    """How many different ones the two have together."""

    @property
    def points(self) -> int:
        """0 to 100."""
        entities = min(sum(one.points for one in self.entities), MOST_ENTITY_POINTS)
        detectors = min(sum(one.points for one in self.detectors), MOST_DETECTOR_POINTS)
        techniques = TECHNIQUE_POINTS * len(self.techniques) / self.all_techniques if self.all_techniques else 0
        return min(round(entities + detectors + techniques), TOP)

    @property
    def is_telling(self) -> bool:
        """Whether how the other one was classified says something about this one: techniques alone do not."""
        return bool(self.detectors) or self.points >= ALIKE

    @property
    def in_words(self) -> str:
        points = self.points
        return "Very alike" if points >= VERY_ALIKE else "Alike" if points >= ALIKE else "Somewhat alike"


def likeness(
    entities: Iterable[SharedEntity],
    detectors: Iterable[SharedDetector],
    own_facets: Iterable[str],
    other_facets: Iterable[str],
) -> Likeness:
    """What is shared, what tells most first."""
    own, other = techniques_of(own_facets), techniques_of(other_facets)
    return Likeness(
        sorted(entities, key=lambda one: (-one.points, one.id)),
        sorted(detectors, key=lambda one: (-one.points, one.key)),
        sorted(own & other),
        len(own | other),
    )


def techniques_of(facets: Iterable[str]) -> set[str]:
    """Techniques among an incident's facets; one of which a sub-technique is there stands for nothing of its own."""
    found = {facet.removeprefix(TECHNIQUE) for facet in facets if facet.startswith(TECHNIQUE)}
    return found - {technique.partition(".")[0] for technique in found if "." in technique}


class Finding(NamedTuple):
    """A classification with its determination."""

    classification: Classification
    determination: Determination


class Majority(NamedTuple):
    """How most of the closed similar incidents were classified."""

    finding: Finding
    agree: int
    of: int


def majority(findings: Sequence[Finding]) -> Majority | None:
    """What more than half of these say; None where they do not agree so far, or there are none."""
    counted: Mapping[Finding, int] = Counter(findings)
    if not counted:
        return None
    finding, agree = max(counted.items(), key=lambda pair: pair[1])
    return Majority(finding, agree, len(findings)) if agree * 2 > len(findings) else None
