"""What the bell tells a person, notice by notice, as plain values: what the API answers."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from activity.wording import sentence
from common.time_ranges import utc
from incidents.models import Notice
from incidents.queries.notices import of_person


def plain_notices(
    user: User, *, before: int | None, only_unread: bool, size: int
) -> tuple[list[dict[str, Any]], int | None]:
    """The newest first, those of a lower number than `before`, and the number before which the rest lies; one
    statement."""
    rows = of_person(user).select_related("entry", "incident").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if only_unread:
        rows = rows.filter(read_at__isnull=True)
    found = list(rows[: size + 1])
    return [_notice(each) for each in found[:size]], found[size - 1].pk if len(found) > size else None


def _notice(notice: Notice) -> dict[str, Any]:
    entry, incident = notice.entry, notice.incident
    return {
        "id": notice.pk,
        "reason": notice.reason,
        "incident": {"number": incident.pk, "name": incident.name} if incident else None,
        "entry": entry.pk,
        "verb": entry.verb,
        "actor": {"kind": entry.actor_kind, "name": entry.actor_label},
        "sentence": sentence(entry),
        "time": utc(entry.recorded_at or notice.created_at),
        "read": utc(notice.read_at),
    }
