"""The system's log as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.http import QueryDict

from accounts.filters import SystemLogFilter
from accounts.models import Principal, User
from activity.models import Entry
from activity.queries import Line, lines_of
from activity.stream import Asked, Page, asked_of, read_page

MOST_COUNTED = 100
"""New entries; beyond that “100+” says enough."""


def asked(query: QueryDict, principal: Principal) -> Asked:
    """Raises UnknownKeys or ValidationError for an address that means nothing."""
    return asked_of(SystemLogFilter(query, principal=principal))


def page(wanted: Asked, user: User) -> Page:
    """The page that an address asks for. Raises ValidationError for a place that is none."""
    return read_page(wanted, lambda entries: _lines(entries, user))


def newest() -> int:
    """Sequence of the last entry; 0 before the first."""
    last = Entry.objects.of_system().order_by("-sequence").values_list("sequence", flat=True).first()
    return last or 0


def new_since(wanted: Asked, sequence: int) -> int:
    """How many entries that fit came after one, MOST_COUNTED + 1 at most."""
    return len(wanted.matching.filter(sequence__gt=sequence).order_by().values_list("pk")[: MOST_COUNTED + 1])


def _lines(entries: Sequence[Entry], user: User) -> list[Line]:
    lines = lines_of(entries, incident_id=None, actor_id=user.pk)
    return [replace(line, note=_where(entry)) for line, entry in zip(lines, entries, strict=True)]


def _where(entry: Entry) -> str:
    """From which address, where the sentence does not say so."""
    facts = entry.facts
    if "counted" in facts:
        return ""
    address = facts.get("remote_address", "")
    return f"from {address}" if address else ""
