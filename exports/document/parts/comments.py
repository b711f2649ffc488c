"""What people said, oldest first, with the images they put into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.template.loader import render_to_string

from activity.models import Entry
from activity.queries import latest_edits
from activity.verbs import COMMENT_EDITED, COMMENTED
from exports.choices import Part
from exports.document.brief import SPLIT, Brief, Chunk, shares
from exports.document.parts.activity import MOST_TEXT, texts_of
from exports.document.signs import line

LEAD, ROW = 10, 6


class Comments:
    """Each as it stands after its edits; of a removed one, that it was removed."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.rows = Entry.objects.filter(incident__in=brief.numbers, verb=COMMENTED.name)
        self.total = self.rows.count()
        self.weight = LEAD + ROW * self.total

    def chunks(self, most: int) -> Iterator[Chunk]:
        last, position, weight = 0, 1, LEAD
        for size in shares(self.total, max(most // SPLIT // ROW, 1)):
            left = size
            while left > 0:
                rows = self._rows(last, left)
                if not rows:
                    break
                yield self._chunk(rows, position, weight)
                last, left, weight = rows[-1].pk, left - len(rows), 0
                position += len(rows)
        if not last:
            yield self._chunk([], 1, weight)

    def _rows(self, last: int, size: int) -> list[Entry]:
        """The next comments, fewer where they are long."""
        found: list[Entry] = []
        text = 0
        rows = self.rows.filter(pk__gt=last).order_by("pk").select_related("body")
        for entry in rows[:size].iterator(chunk_size=100):
            found.append(entry)
            text += len(entry.body.text or "") if entry.body else 0
            if text > MOST_TEXT:
                break
        return found

    def _chunk(self, rows: Sequence[Entry], position: int, weight: int) -> Chunk:
        edits = latest_edits([entry.pk for entry in rows])
        texts = texts_of({entry.pk: edits.get(entry.pk, entry) for entry in rows}, self.brief)
        shown = [self._shown(entry, edits.get(entry.pk)) | {"text": texts.get(entry.pk, "")} for entry in rows]
        values = {
            "heading": self.brief.heading(Part.COMMENTS),
            "comments": shown,
            "is_first": position == 1,
            "total": f"{self.total:,}",
            "is_empty": not self.total,
        }
        continues = self.brief.heading(Part.COMMENTS) if position > 1 else ""
        return Chunk(render_to_string("exports/report/comments.html", values), weight + ROW * len(rows), continues)

    def _shown(self, entry: Entry, edit: Entry | None) -> dict[str, Any]:
        stamp = self.brief.clock.stamp
        origin = f" of incident {entry.incident_id}" if entry.incident_id != self.brief.incident.pk else ""
        return {
            "head": f"{line(entry.actor_label)}",
            "at": stamp(entry.recorded_at) if entry.recorded_at else "",
            "entry": f"entry {entry.sequence}{origin}",
            "edited": f"{_did(edit)} by {line(edit.actor_label)} {stamp(edit.recorded_at)}"
            if edit and edit.recorded_at
            else "",
        }


def _did(edit: Entry) -> str:
    return "edited" if edit.verb == COMMENT_EDITED.name else "removed"
