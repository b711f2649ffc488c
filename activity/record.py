"""Writing the log: `record` adds entries in the transaction of the change they tell of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from activity.actors import Actor
from activity.delivery import deliver
from activity.models import Body, Entry
from activity.remote import remote_address
from activity.verbs import VERBS, Verb
from common.inserting import insert
from common.portions import portions

AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One field's old and new value, as the API shows them: words, numbers, lists, or {"id", "label"} for people."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Subject:
    """What was changed, when it is not the incident itself."""

    kind: str
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry about to be recorded."""

    verb: Verb
    actor: Actor
    incident_id: int | None = None
    incident_version: int | None = None
    subject: Subject | None = None
    changes: Sequence[Change] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    batch: UUID | None = None
    about: Entry | None = None


def record(draft: Draft) -> Entry:
    """Add one entry; see record_all."""
    return record_all([draft])[0]


def record_all(drafts: Iterable[Draft], *, tell: bool = True) -> list[Entry]:
    """Add entries in the order given, in the transaction that is open, and tell the handlers of them.

    `tell` is for what is only the consequence of something just recorded, such as the alerts of a resolved incident:
    nobody wants to hear of each.

    Raises RuntimeError outside a transaction (a change and its entry stand or fall together), ValueError for a verb
    that is not registered or a change whose old and new value are equal.
    """
    entries = store(prepare(drafts))
    if tell:
        deliver(entries)
    return entries


def prepare(drafts: Iterable[Draft]) -> list[Entry]:
    """The entries of these drafts, not stored yet. Raises ValueError as record_all does."""
    drafts = list(drafts)
    for draft in drafts:
        _check(draft)
    return [_entry(draft) for draft in drafts]


def store(entries: Sequence[Entry]) -> list[Entry]:
    """Add entries with their texts, in the transaction that is open; RuntimeError outside one."""
    if not connection.in_atomic_block:
        raise RuntimeError("record() needs the transaction of the change it tells of")
    Body.objects.bulk_create(list(filter(None, (entry.body for entry in entries))))
    for entry in entries:
        if entry.body:
            entry.body_id = entry.body.pk
    for portion in portions(entries, AT_A_TIME):
        insert(portion)
    return list(entries)


def _check(draft: Draft) -> None:
    if VERBS.get(draft.verb.name) is not draft.verb:
        raise ValueError(f"the verb {draft.verb.name} is not registered")
    for change in draft.changes:
        if change.old == change.new:
            raise ValueError(f"{draft.verb.name}: {change.field} did not change, so there is nothing to record")


def _entry(draft: Draft) -> Entry:
    subject = draft.subject
    body = Body(text=draft.text, sha256=text_sha256(draft.text)) if draft.text is not None else None
    return Entry(
        incident_id=draft.incident_id,
        incident_version=draft.incident_version,
        verb=draft.verb.name,
        actor_kind=draft.actor.kind,
        actor_id=draft.actor.id,
        actor_label=draft.actor.label[:200],
        channel=draft.actor.channel,
        batch=draft.batch,
        subject_kind=subject.kind if subject else "",
        subject_id=subject.id if subject else "",
        subject_label=subject.label[:600] if subject else "",
        changes=[{"field": change.field, "old": change.old, "new": change.new} for change in draft.changes],
        facts=_facts(draft),
        body=body,
        body_sha256=body.sha256 if body else "",
        about=draft.about,
    )


def _facts(draft: Draft) -> dict[str, Any]:
    """In the system's own stream, which administrators read, with the address that the act came from. What people did
    on an incident is read by all who see it, and where they sat concerns none of them."""
    address = remote_address() if draft.incident_id is None else ""
    return {"remote_address": address, **draft.facts} if address else draft.facts


def text_sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
