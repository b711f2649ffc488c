"""How a person left a list: its columns, and the parts they closed. A convenience of their own, so not in the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accounts.models import ListSettings, User


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of one list; empty for whoever never touched it."""

    columns: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


def kept_list(user: User, name: str) -> Kept:
    """How the person left the list of this name. Costs nothing where sign-in has read it (accounts.adapter.SignIn)."""
    read: list[dict[str, Any]] | None = getattr(user, "kept_lists", None)
    if read is None:
        read = [dict(row) for row in ListSettings.objects.filter(user=user, name=name).values()]
    found = next((each for each in read if each["name"] == name), None)
    return Kept(found["columns"], found["closed"]) if found else Kept()
