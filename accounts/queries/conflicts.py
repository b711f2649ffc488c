"""What somebody else changed while one did, as pages say it (templates/settings/conflicts.html)."""

from __future__ import annotations

from typing import Any

from accounts.choices import Permission
from common.errors import Conflict

LABELS = {"display_name": "Name", "email": "E-mail", "role": "Role", "teams": "Teams", "permissions": "Rights"}


def told(conflict: Conflict | None) -> list[dict[str, str]]:
    """Each field with both values."""
    return [
        {
            "label": LABELS.get(each.field, each.field.capitalize()),
            "by": each.changed_by,
            "theirs": _in_words(each.field, each.theirs),
            "mine": _in_words(each.field, each.mine),
        }
        for each in (conflict.conflicts if conflict else ())
    ]


def _in_words(field: str, value: Any) -> str:
    if field == "permissions":
        return "; ".join(Permission(each).label for each in value) or "nothing"
    return ", ".join(value) or "none" if isinstance(value, list) else str(value) or "none"
