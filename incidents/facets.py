"""What incidents can be filtered by beside their columns: words such as "category:impact" in `Incident.facets`.

One index over the words serves every such filter. incidents/summary.py keeps them, from the incident's alerts, evidence
and comments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from common.terms import NamedTerms


class Facet(NamedTerms):
    """A kind of fact; the word before the colon."""

    ALERT_SEVERITY = "alert_severity", "Alert severity"
    DETECTION_SOURCE = "detection_source", "Detection source"
    CATEGORY = "category", "Category"
    TECHNIQUE = "technique", "Technique"
    DEVICE_GROUP = "device_group", "Device group"
    OS_PLATFORM = "os_platform", "OS platform"


COMMENTED = "commented"
"""The facet of an incident somebody commented on."""
LONGEST = 160
"""Characters of a facet; a longer value is found by its beginning."""


def facet(kind: Facet, value: str) -> str:
    """The word for a fact, such as "technique:T1059.001"; a sub-technique's incidents carry its technique as well."""
    return f"{kind}:{value}"[:LONGEST]


def facets_of(values: Mapping[Facet, Iterable[str]]) -> list[str]:
    """The words for all that an incident's alerts and assets say, in a steady order."""
    words = {facet(kind, value) for kind, found in values.items() for value in found}
    words |= {facet(Facet.TECHNIQUE, value.split(".")[0]) for value in values.get(Facet.TECHNIQUE, ())}
    return sorted(words)
