"""The left rail, for every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.choices import Permission
from activity.checkpoints.standing import alarms
from incidents.views.side_list import side_list_context
from webhooks.queries import stopped

SETTINGS: tuple[tuple[str, str, Permission], ...] = (
    ("critical_assets:overview", "Critical assets", Permission.MANAGE_RULES),
    ("correlation:overview", "Correlation", Permission.MANAGE_RULES),
    ("tuning:overview", "Alert tuning", Permission.MANAGE_RULES),
    ("tasks:templates", "Task templates", Permission.MANAGE_RULES),
    ("webhooks:overview", "Webhooks", Permission.MANAGE_WEBHOOKS),
    ("sign_in_settings:overview", "Sign-in", Permission.MANAGE_PEOPLE),
    ("retention:overview", "Retention", Permission.EMPTY_TEXTS),
    ("people:overview", "People", Permission.MANAGE_PEOPLE),
    ("teams:overview", "Teams", Permission.MANAGE_PEOPLE),
    ("roles:overview", "Roles", Permission.MANAGE_PEOPLE),
    ("tokens:overview", "Tokens", Permission.MANAGE_PEOPLE),
    ("system_log:overview", "System log", Permission.SEE_SYSTEM_LOG),
)
"""The pages of settings: route, label, and what it takes to open them."""


def settings_sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Tabs of the settings that this person may open, the present one marked."""
    user: Any = request.user
    return [
        {"label": label, "url": reverse(route), "current": request.path.startswith(reverse(route))}
        for route, label, permission in SETTINGS
        if user.may(permission)
    ]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context for base.html: the pages this person may open, with the present one marked."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    places = []
    counts: dict[str, int | None] = {}
    if user.may(Permission.SEE_INCIDENTS):
        places.append(("Incidents", reverse("incidents:queue"), "incident", "g i"))
        places.append(("Alerts", reverse("alerts:queue"), "alert", "g a"))
        places.append(("Entities", reverse("entities:list"), "entity", "g e"))
    if settings_sections(request):
        places.append(("Settings", reverse("settings"), "settings", ""))
        counts["Settings"] = (stopped() if user.may(Permission.MANAGE_WEBHOOKS) else 0) or None
    if user.may(Permission.MANAGE_PEOPLE):
        places.append(("Status", reverse("status"), "health", "g s"))
        counts["Status"] = alarms() or None
    return {
        "hears_bell": user.may(Permission.SEE_INCIDENTS),
        "may_break_glass": user.may(Permission.BREAK_GLASS),
        "may_bulk_edit": user.may(Permission.BULK_EDIT),
        "may_export": user.may(Permission.EXPORT),
        "navigation": [
            {
                "label": label,
                "url": url,
                "icon": icon,
                "shortcut": shortcut,
                "count": counts.get(label),
                "current": request.path.startswith(url) and not request.GET.get("view"),
            }
            for label, url, icon, shortcut in places
        ],
        "settings_sections": settings_sections(request),
        # asked for by whole pages alone, not by every fragment
        "side_list": lambda: side_list_context(request) if user.may(Permission.SEE_INCIDENTS) else None,
    }
