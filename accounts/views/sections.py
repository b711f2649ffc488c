"""The pages about oneself, as tabs."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.access import PersonRequest

PAGES = (("account", "My account"), ("account_tokens", "My tokens"), ("preferences", "Preferences"))
"""Route and label of each."""


def account_sections(request: PersonRequest) -> list[dict[str, Any]]:
    """All of them, the present one marked."""
    return [
        {"label": label, "url": reverse(route), "current": request.path == reverse(route)} for route, label in PAGES
    ]
