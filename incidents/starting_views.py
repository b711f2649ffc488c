"""The views that everybody starts with. They are part of the program: nobody can change them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartingView:
    """A named list of incidents that needs no saving."""

    slug: str
    name: str
    icon: str
    query: str


_OPEN = "status=active&status=in_progress"
_USUAL = f"{_OPEN}&severity=low&severity=medium&severity=high"

STARTING_VIEWS = {
    view.slug: view
    for view in (
        StartingView("open", "Open", "incident", _USUAL),
        StartingView("mine", "Assigned to me", "assign_to_me", f"{_OPEN}&severity=any&assignee=me"),
        StartingView("unassigned", "Unassigned", "unassigned", f"{_USUAL}&assignee=unassigned"),
        StartingView("high", "High severity", "warning", f"{_OPEN}&severity=high"),
        StartingView("informational", "Informational", "info", f"{_OPEN}&severity=informational"),
        StartingView(
            "resolved", "Resolved, 7 days", "resolve", "status=resolved&severity=any&updated=7d&sort=-updated"
        ),
    )
}

RESERVED_SLUGS = frozenset({*STARTING_VIEWS, "new", "side", "arrange"})
"""What a saved view's address cannot be."""
