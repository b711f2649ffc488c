"""What stands in the margins of each page."""

from __future__ import annotations

from exports.document.brief import Brief
from exports.document.signs import line


def margins(brief: Brief) -> dict[str, str]:
    """At the top the incident and the marking, at the bottom when and by whom the report was made."""
    stamp = brief.clock.stamp(brief.made_at)
    return {
        "language": brief.options.language,
        "title": f"Incident {brief.incident.pk}: {line(brief.incident.name)}",
        "number": str(brief.incident.pk),
        "name": line(brief.incident.name),
        "marking": str(brief.options.marking.label),
        "marking_slug": brief.options.marking.slug,
        "made": f"Made {stamp} by {line(brief.made_by)}",
    }
