"""Entries of a log as plain values: what the API answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from activity.models import Entry
from activity.queries import latest_edits
from activity.verbs import GROUPS, Group
from activity.wording import sentence
from common.time_ranges import utc


def plain_entries(ids: Sequence[int]) -> list[dict[str, Any]]:
    """These entries in this order. The text of a comment stands at its last version alone, and at none once it was
    removed, as on the page."""
    found = {entry.pk: entry for entry in Entry.objects.filter(pk__in=list(ids)).select_related("body")}
    last = latest_edits([entry.about_id or entry.pk for entry in found.values() if entry.registered_verb.is_comment])
    return [_plain(found[number], last) for number in ids if number in found]


def _plain(entry: Entry, last: dict[int, Entry]) -> dict[str, Any]:
    later = last.get(entry.about_id or entry.pk) if entry.registered_verb.is_comment else None
    is_superseded = later is not None and later.pk != entry.pk
    body = None if is_superseded else entry.body
    return {
        "id": entry.pk,
        "incident": entry.incident_id,
        "number": entry.sequence,
        "time": utc(entry.recorded_at),
        "verb": entry.verb,
        "kind": str(GROUPS.get(entry.verb, Group.OTHER)),
        "actor": {"kind": entry.actor_kind, "name": entry.actor_label},
        "through": entry.channel,
        "sentence": f"{entry.actor_label} {sentence(entry)}",
        "subject": {"kind": entry.subject_kind, "id": entry.subject_id, "name": entry.subject_label}
        if entry.subject_kind
        else None,
        "changes": entry.changes,
        # of a bulk act it is how many
        "alerts": entry.facts["alerts"] if isinstance(entry.facts.get("alerts"), list) else [],
        "alert_count": entry.facts.get("alert_count", 0),
        "text": body.text if body else None,
        "text_sha256": entry.body_sha256 or None,
        "is_comment": entry.registered_verb.is_comment,
        "about": entry.about_id,
        "act": str(entry.batch) if entry.batch else None,
        "version": entry.incident_version,
        "hash": bytes(entry.hash).hex(),
    }
