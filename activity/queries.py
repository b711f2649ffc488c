"""Reading the log: one incident's stream for a page, and what changed since a moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, Func, Q, QuerySet
from django.utils.safestring import SafeString

from activity.actors import ActorKind
from activity.models import Entry
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED
from common.composed import Listed
from common.counting import question_of
from common.markdown import render
from common.marks import absolute_time, person_mark, time_mark
from common.mentions import mentioned

PAGE_SIZE = 50
LinksOf = Callable[[Sequence[str]], Mapping[str, str]]
"""Names that texts mention → the addresses of those that are known, in one statement."""
CONTENTS = ("all", "audits", "comments")


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
    channel: str
    body: SafeString | str = ""
    note: str = ""
    is_comment: bool = False
    is_own: bool = False
    alerts: list[dict[str, Any]] = field(default_factory=list)
    by_reader: bool = False
    """Whether the person reading did it."""
    origin: int | None = None
    """The incident whose log it stands in, when that is another one, merged into this."""

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


def stream(
    incident_id: int,
    *,
    content: str = "all",
    before: int | None = None,
    actor_id: int | None = None,
    size: int = PAGE_SIZE,
    links: LinksOf | None = None,
    merged: Sequence[int] = (),
) -> Stream:
    """Entries of one incident, newest first, from before the entry of the given id; edits are shown at their comment.

    `content`: all, audits, comments, or brief, which leaves out what happened to single alerts and entities.
    `merged` names incidents that were merged into it: their entries stand between its own, by the time of
    writing.
    """
    rows = Entry.objects.filter(incident__in=[incident_id, *merged])
    if content == "comments":
        rows = rows.filter(verb=COMMENTED.name)
    elif content == "audits":
        rows = rows.audits()
    else:
        rows = rows.exclude(verb=COMMENT_EDITED.name)
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
    edits = _latest_edits([entry.pk for entry in entries if entry.verb == COMMENTED.name])
    addresses = _addresses([edits.get(entry.pk) or entry for entry in entries], links)
    lines = [_line(entry, edits.get(entry.pk), actor_id, addresses, incident_id) for entry in entries]
    return Stream(lines, entries[-1].pk if len(found) > size else None)


def _latest_edits(comment_ids: Sequence[int]) -> dict[int, Entry]:
    """Comment → its last edit or removal."""
    verbs = [COMMENT_EDITED.name, COMMENT_REMOVED.name]
    if not comment_ids:
        return {}
    rows = Entry.objects.filter(about__in=comment_ids, verb__in=verbs).order_by("sequence").select_related("body")
    return {entry.about_id: entry for entry in rows if entry.about_id}


def _addresses(entries: Sequence[Entry], links: LinksOf | None) -> Mapping[str, str]:
    """The pages of whom the texts of these entries mention."""
    texts = [entry.body.text or "" for entry in entries if entry.body]
    names = [name for text in texts for name in mentioned(text)]
    return links(names) if links and names else {}


def _line(
    entry: Entry, edit: Entry | None, actor_id: int | None, addresses: Mapping[str, str], incident_id: int
) -> Line:
    verb = entry.registered_verb
    is_comment = entry.verb == COMMENTED.name
    body, note = _body(edit or entry, addresses), ""
    if is_comment and edit:
        note = "edited" if edit.verb == COMMENT_EDITED.name else "removed"
        body = body if edit.verb == COMMENT_EDITED.name else ""
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
        channel=entry.get_channel_display(),
        body=body,
        note=note,
        is_comment=is_comment,
        is_own=is_comment and note != "removed" and entry.actor_kind == "user" and entry.actor_id == actor_id,
        alerts=entry.facts.get("alerts", []) if verb.name.startswith("incident.") else [],
        by_reader=entry.actor_kind == "user" and entry.actor_id == actor_id,
        origin=entry.incident_id if entry.incident_id != incident_id else None,
    )


def _body(entry: Entry, addresses: Mapping[str, str]) -> SafeString | str:
    if entry.body is None:
        return ""
    return render(entry.body.text, addresses) if entry.body.text is not None else "This text was emptied."


def sentence(entry: Entry) -> str:
    """What was done, in words that follow the actor's name."""
    values = {"subject": entry.subject_label, **entry.facts}
    try:
        return entry.registered_verb.sentence.format_map(_Quoted(values))
    except (ValueError, KeyError, IndexError):
        return entry.registered_verb.label


class _Quoted(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


HIDDEN_CHANGES = {
    "name_is_manual",
    "severity_is_manual",
    "alerts_total",
    "alerts_active",
    "first_activity",
    "last_activity",
    "asset_counts",
    "service_sources",
    "related_to",
}
"""Fields that entries carry so that the state can be rebuilt, but that say nothing new to a reader of the page."""


def shown_changes(entry: Entry) -> list[dict[str, str]]:
    """Old and new values in words; what an opening entry sets to nothing is left out."""
    shown = []
    for change in entry.changes:
        field, old, new = change["field"], change["old"], change["new"]
        if field in HIDDEN_CHANGES or isinstance(new, bool):
            continue
        if isinstance(old, list) and isinstance(new, list):
            words = _difference(field, old, new)
        else:
            words = in_words(old, field), in_words(new, field)
        if words[0] == words[1] or (old is None and words[1] in ("", "Not set")):
            continue
        shown.append({"field": field.replace("_", " "), "old": words[0], "new": words[1] or "nothing"})
    return shown


def _difference(field: str, old: list[Any], new: list[Any]) -> tuple[str, str]:
    """Of two lists, what was taken out and what was put in."""
    gone, come = [item for item in old if item not in new], [item for item in new if item not in old]
    return in_words(gone, field), in_words(come, field) or ("nothing more" if gone else "")


TERM_FIELDS = {
    *("severity", "status", "state", "classification", "determination", "categories", "verdict", "remediation_status"),
    *("role", "theme", "density"),
}
"""Fields whose values are terms: read as words, not as people typed them."""


def in_words(value: Any, field: str = "") -> str:
    """A logged value as people read it."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value.get("label", value))
    if isinstance(value, list):
        return ", ".join(in_words(item, field) for item in value)
    if field in TIME_FIELDS:
        return absolute_time(datetime.fromisoformat(value))
    if field in TERM_FIELDS:
        return str(value).replace("_", " ").capitalize()
    return str(value)


TIME_FIELDS = {"snoozed_until", "due_at"}


MOST_NEWS = 20_000
"""Entries that are gone through for a reader who was away; beyond that everything counts as changed."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened since a reader last asked."""

    until: int
    """Ask from here next time."""
    incidents: dict[int, frozenset[str]]
    """Incident → verbs of what happened to it, the incident that changed last first."""
    is_cut: bool = False
    """Whether more happened than is told: then anything may have changed."""


LATELY = 5_000
"""Of a person's entries, the newest, among which an act of theirs is looked for."""


def incidents_of_late_act(person_id: int, batch: UUID) -> list[int]:
    """The incidents that an act of this person, done lately, has changed; by the index of their entries."""
    rows = Entry.objects.filter(actor_kind=ActorKind.USER, actor_id=person_id).order_by("-pk")
    found = rows.values_list("batch", "incident_id")[:LATELY]
    return sorted({number for act, number in found if act == batch and number is not None})


MOMENT_SQL = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
MOMENT = Func(template=MOMENT_SQL, output_field=BigIntegerField())
"""The moment of a statement that reads rows, as an annotation of them."""


def moment() -> int:
    """Where the log stands now: every entry below this transaction number is final and readable."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MOMENT_SQL}")
        return int(cursor.fetchone()[0])


def moment_of_none(rows: QuerySet[Any] | Listed) -> int | None:
    """A moment at which a list has no rows; None where it has some by now."""
    question = question_of(rows)
    if question is None:
        return moment()
    sql, values = question
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MOMENT_SQL} WHERE NOT EXISTS ({sql})", values)
        found = cursor.fetchone()
    return int(found[0]) if found else None


def news(since: int, *, without: Sequence[str] = (), most: int = MOST_NEWS) -> News:
    """What transactions from `since` on that have ended, together with all lower ones, did to incidents, apart from
    the verbs `without`.

    Transactions, not entry numbers: numbers are handed out before commits, so a reader that follows them can miss an
    entry that commits late; all transactions below the oldest running one have ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS until),
            recent AS (
                SELECT incident_id, verb, entry.id FROM horizon, activity_entry AS entry
                WHERE transaction >= %s AND transaction < horizon.until
                ORDER BY transaction DESC, entry.id DESC LIMIT %s
            )
            SELECT horizon.until, (SELECT count(*) FROM recent), recent.incident_id, array_agg(DISTINCT recent.verb)
            FROM horizon LEFT JOIN recent ON recent.incident_id IS NOT NULL AND recent.verb <> ALL(%s)
            GROUP BY horizon.until, recent.incident_id ORDER BY max(recent.id) DESC
            """,
            [since, most + 1, list(without)],
        )
        rows = cursor.fetchall()
    until, entries = rows[0][:2]
    return News(until, {row[2]: frozenset(row[3]) for row in rows if row[2] is not None}, entries > most)
