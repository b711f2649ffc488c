"""Reading one incident's log: its entries as lines of a page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.html import format_html
from django.utils.safestring import SafeString

from activity.actors import ActorKind, Channel
from activity.models import Entry
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED
from activity.wording import sentence, shown_changes
from common.markdown import render
from common.marks import person_mark, time_mark

PAGE_SIZE = 50
Rendered = Callable[[Sequence[str]], Sequence[SafeString]]
"""Texts of a page → how each looks to who reads them; all in a few statements."""
WaysOf = Callable[[Sequence[Entry]], Mapping[int, str]]
"""Entries → for some of them the page of what they came through, such as a bulk act, if the reader may see it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the page shows it."""

    id: int
    sequence: int
    mark: SafeString
    name: str
    sentence: str
    time: SafeString
    changes: list[dict[str, str]]
    through: str = ""
    """Through what it was done, where that is no page of the portal."""
    way: str = ""
    """The page of that."""
    act: UUID | None = None
    body: SafeString | str = ""
    note: str = ""
    noted: SafeString | str = ""
    """When a comment was edited or removed."""
    is_cut: bool = False
    """Whether the body is only its beginning: the page holds as much text already as it shows at once."""
    is_comment: bool = False
    is_removed: bool = False
    is_own: bool = False
    alerts: list[dict[str, Any]] = field(default_factory=list)
    alerts_total: int = 0
    """How many the entry tells of; it names the first ones."""
    menu: SafeString | str = ""
    by_reader: bool = False
    """Whether the person reading did it."""
    origin: int | None = None
    """The incident whose log it stands in, when that is another one, merged into this."""

    @property
    def more_alerts(self) -> int:
        """Alerts that the entry does not name."""
        return max(self.alerts_total - len(self.alerts), 0)

    @property
    def alerts_in_words(self) -> str:
        number = max(self.alerts_total, len(self.alerts))
        return f"{number:,} alert{'' if number == 1 else 's'} and why"

    @property
    def anchor(self) -> str:
        """The line's name in addresses."""
        return f"entry-{self.origin}-{self.sequence}" if self.origin else f"entry-{self.sequence}"


@dataclass(frozen=True, slots=True)
class Stream:
    """A page of the log, newest first, and where the next older page starts."""

    lines: list[Line]
    older: int | None
    """Id of the last entry shown, when there are more."""


def plainly_rendered(texts: Sequence[str]) -> Sequence[SafeString]:
    """Texts by themselves, with nothing looked up that they name."""
    return [render(text) for text in texts]


def stream(
    incident_id: int,
    *,
    content: str = "all",
    before: int | None = None,
    actor_id: int | None = None,
    size: int = PAGE_SIZE,
    rendered: Rendered = plainly_rendered,
    merged: Sequence[int] = (),
) -> Stream:
    """Entries of one incident, newest first, from before the entry of the given id; edits are shown at their comment.

    `content`: all, comments, or brief, which leaves out what happened to single alerts and entities.
    `merged` names incidents that were merged into it: their entries stand between its own, by the time of
    writing.
    """
    rows = Entry.objects.filter(incident__in=[incident_id, *merged])
    rows = rows.filter(verb=COMMENTED.name) if content == "comments" else rows.exclude(verb=COMMENT_EDITED.name)
    if content == "brief":
        rows = rows.exclude(subject_kind__in=("alert", "entity"))
    order = ("-recorded_at", "-pk") if merged else ("-sequence",)
    if before is not None and merged:
        time = Entry.objects.filter(pk=before).values_list("recorded_at", flat=True).first()
        rows = rows.filter(Q(recorded_at__lt=time) | Q(recorded_at=time, pk__lt=before)) if time else rows.none()
    elif before is not None:
        rows = rows.filter(pk__lt=before)
    if merged:
        # Ids first: sorting all entries of these incidents by time is cheap as long as their rows are not read.
        rows = Entry.objects.filter(pk__in=list(rows.order_by(*order).values_list("pk", flat=True)[: size + 1]))
    found = list(rows.select_related("body").order_by(*order)[: size + 1])
    entries = found[:size]
    lines = lines_of(entries, incident_id=incident_id, actor_id=actor_id, rendered=rendered)
    return Stream(lines, entries[-1].pk if len(found) > size else None)


def lines_of(
    entries: Sequence[Entry],
    *,
    incident_id: int | None,
    actor_id: int | None = None,
    rendered: Rendered = plainly_rendered,
    ways: WaysOf | None = None,
    menu: Callable[[Entry], SafeString] | None = None,
) -> list[Line]:
    """Entries as the page of an incident shows them to a person; comments as they stand after their edits."""
    edits = latest_edits([entry.pk for entry in entries if entry.verb == COMMENTED.name])
    bodies, cut = _bodies([edits.get(entry.pk) or entry for entry in entries], rendered)
    pages = ways(entries) if ways else {}
    lines = []
    for entry in entries:
        line = _line(entry, edits.get(entry.pk), actor_id, bodies, cut, incident_id, pages.get(entry.pk, ""))
        lines.append(replace(line, menu=menu(entry)) if menu else line)
    return lines


def latest_edits(comment_ids: Sequence[int]) -> dict[int, Entry]:
    """Comment → its last edit or removal."""
    verbs = [COMMENT_EDITED.name, COMMENT_REMOVED.name]
    if not comment_ids:
        return {}
    rows = Entry.objects.filter(about__in=comment_ids, verb__in=verbs).order_by("sequence").select_related("body")
    return {entry.about_id: entry for entry in rows if entry.about_id}


TEXT_AT_ONCE = 60_000
"""Characters of texts that a page shows; rendering takes time, and nobody reads on for more."""
BEGINNING = 400


def _bodies(entries: Sequence[Entry], rendered: Rendered) -> tuple[Mapping[int, SafeString], set[int]]:
    """Entry → its text as the page shows it; and the entries of which that is only the beginning."""
    bodies = {entry.pk: SafeString("This text was emptied.") for entry in entries if entry.body}
    texts: dict[int, str] = {}
    cut: set[int] = set()
    left = TEXT_AT_ONCE
    for entry in entries:
        text = entry.body.text if entry.body else None
        if text is None:
            continue
        left -= len(text)
        if left >= 0 or not texts:
            texts[entry.pk] = text
        else:
            cut.add(entry.pk)
            bodies[entry.pk] = format_html("<p>{}…</p>", text[:BEGINNING])
    return bodies | dict(zip(texts, rendered(list(texts.values())), strict=True)), cut


def _line(
    entry: Entry,
    edit: Entry | None,
    actor_id: int | None,
    bodies: Mapping[int, SafeString],
    cut: Collection[int],
    incident_id: int | None,
    way: str,
) -> Line:
    verb = entry.registered_verb
    is_comment = entry.verb == COMMENTED.name
    body, note, is_removed = bodies.get((edit or entry).pk, ""), "", False
    if is_comment and edit:
        note = "edited" if edit.verb == COMMENT_EDITED.name else "removed"
        body = body if note == "edited" else ""
        is_removed = note == "removed"
        if (edit.actor_kind, edit.actor_id) != (entry.actor_kind, entry.actor_id):
            note = f"{note} by {edit.actor_label}"
    kind = "person" if entry.actor_kind == "user" else "system"
    initials = "".join(word[0] for word in entry.actor_label.split()[:2]).upper()
    return Line(
        id=entry.pk,
        sequence=entry.sequence,
        mark=person_mark(initials, entry.actor_label, kind, compact=True),
        name=entry.actor_label,
        sentence=sentence(entry),
        time=time_mark(entry.recorded_at) if entry.recorded_at else SafeString(""),
        changes=shown_changes(entry),
        through=through_in_words(entry),
        way=way,
        act=entry.batch,
        body=body,
        note=note,
        noted=time_mark(edit.recorded_at) if note and edit and edit.recorded_at else "",
        is_cut=(edit or entry).pk in cut and not is_removed,
        is_comment=is_comment,
        is_removed=is_removed,
        is_own=is_comment
        and not is_removed
        and entry.actor_kind == "user"
        and entry.actor_id == actor_id
        and not entry.was_written_elsewhere,
        alerts=entry.facts.get("alerts", []) if verb.name.startswith("incident.") else [],
        alerts_total=entry.facts.get("alert_count", 0),
        by_reader=entry.actor_kind == "user" and entry.actor_id == actor_id,
        origin=entry.incident_id if entry.incident_id != incident_id else None,
    )


THROUGH = {
    Channel.BULK: "bulk act",
    Channel.API: "API",
    Channel.COMMAND_LINE: "command line",
}


def through_in_words(entry: Entry) -> str:
    """Through what it was done; nothing where that is a page of the portal."""
    if entry.actor_kind == ActorKind.TOKEN:
        return "API token"
    if entry.actor_kind == ActorKind.RULE:
        return "rule"
    return THROUGH.get(Channel(entry.channel), "") if entry.channel in Channel.values else ""
