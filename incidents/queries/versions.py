"""One text of the log, whole, and what stood there before: every version of a comment, by whom and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString

from accounts.choices import Permission
from accounts.models import Principal
from activity.models import Entry
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED
from common.difference import Piece, difference
from common.marks import initials, person_mark, time_mark
from common.time_ranges import utc
from incidents.models import Incident
from incidents.queries.texts import rendered

MOST_SHOWN = 50
"""Versions on a page, the newest."""
DID = {COMMENTED.name: "wrote it", COMMENT_EDITED.name: "edited it", COMMENT_REMOVED.name: "removed it"}


@dataclass(frozen=True, slots=True)
class Version:
    """What somebody did to a text."""

    mark: SafeString
    name: str
    did: str
    time: SafeString
    pieces: Sequence[Piece]
    """How the text differs from the one before; the first one is there as it was written."""
    is_emptied: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the log with its versions, the newest first."""

    entry: Entry
    latest: Entry
    shown: SafeString | str
    versions: Sequence[Version]
    is_comment: bool
    is_removed: bool
    may_read: bool
    """What was removed is read by who wrote it and who moderates; others are told that it was."""
    is_own: bool


def text_of(incident: Incident, sequence: int, reader: Principal) -> Text | None:
    """The text of the entry with this number in the incident's log; None where it has none."""
    entry = Entry.objects.of_incident(incident.pk).filter(sequence=min(sequence, 2**31 - 1)).first()
    if entry is None or entry.body_id is None or entry.verb == COMMENT_EDITED.name:
        return None
    changes = [COMMENT_EDITED.name, COMMENT_REMOVED.name]
    later = entry.later_entries.filter(verb__in=changes).order_by("sequence").select_related("body")
    entries = [entry, *later] if entry.verb == COMMENTED.name else [entry]
    latest = entries[-1]
    is_own = is_by(entry, reader)
    is_removed = latest.verb == COMMENT_REMOVED.name
    may_read = not is_removed or is_own or reader.may(Permission.MODERATE_COMMENTS)
    text = next((each.body.text for each in reversed(entries) if each.body), None)
    shown = rendered([text], reader)[0] if text is not None and may_read else ""
    versions = _versions(entries, may_read=may_read)
    return Text(entry, latest, shown, versions, entry.verb == COMMENTED.name, is_removed, may_read, is_own)


def is_by(entry: Entry, principal: Principal) -> bool:
    """Whether it is what this person or token has done."""
    actor = principal.as_actor()
    return (entry.actor_kind, entry.actor_id) == (actor.kind, actor.id)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it stands."""

    entry: Entry
    latest: Entry
    """The entry itself, or its last edit or removal; its id is the comment's version."""

    @property
    def is_removed(self) -> bool:
        return self.latest.verb == COMMENT_REMOVED.name

    @property
    def text(self) -> str | None:
        """None where it was removed, or emptied."""
        return self.latest.body.text if self.latest.body else None

    def may_be_changed_by(self, principal: Principal) -> bool:
        """Whether it is their own, or they moderate."""
        is_author = is_by(self.entry, principal) and not self.entry.was_written_elsewhere
        return is_author or principal.may(Permission.MODERATE_COMMENTS)


def comment_of(incident: Incident, sequence: int) -> Comment | None:
    """The comment with this number in the incident's log."""
    rows = Entry.objects.of_incident(incident.pk).filter(verb=COMMENTED.name, sequence=min(sequence, 2**31 - 1))
    entry = rows.select_related("body").first()
    if entry is None:
        return None
    changes = [COMMENT_EDITED.name, COMMENT_REMOVED.name]
    later = entry.later_entries.filter(verb__in=changes).order_by("-sequence").select_related("body")
    return Comment(entry, later.first() or entry)


def plain_comment(comment: Comment) -> dict[str, Any]:
    """A comment as plain values: what the API answers."""
    entry, latest = comment.entry, comment.latest
    is_edited = latest.pk != entry.pk
    return {
        "incident": entry.incident_id,
        "number": entry.sequence,
        "text": comment.text,
        "removed": comment.is_removed,
        "author": {"kind": entry.actor_kind, "name": entry.actor_label},
        "time": utc(entry.recorded_at),
        "changed": utc(latest.recorded_at) if is_edited else None,
        "changed_by": latest.actor_label if is_edited else None,
        "version": latest.pk,
    }


def saved_by(principal: Principal, incident_id: int, act: UUID) -> bool:
    """Whether the act is one that this person or token has done on the incident itself."""
    actor = principal.as_actor()
    rows = Entry.objects.of_incident(incident_id).filter(batch=act, actor_kind=actor.kind, actor_id=actor.id)
    return rows.exclude(subject_kind="alert").exists()


def _versions(entries: Sequence[Entry], *, may_read: bool) -> list[Version]:
    shown: list[Version] = []
    before = ""
    for entry in entries:
        text = entry.body.text if entry.body else None
        is_shown = may_read and text is not None and len(entries) - len(shown) <= MOST_SHOWN
        shown.append(
            Version(
                mark=person_mark(initials(entry.actor_label), entry.actor_label, compact=True),
                name=entry.actor_label,
                did=DID.get(entry.verb, "wrote it"),
                time=time_mark(entry.recorded_at) if entry.recorded_at else SafeString(""),
                pieces=difference(before, text) if is_shown and text is not None else (),
                is_emptied=entry.body is not None and text is None,
            )
        )
        before = text or ""
    return shown[::-1][:MOST_SHOWN]
