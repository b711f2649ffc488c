"""The log of the incident, whole and oldest first, with what it takes to compare the paper with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from activity.models import Entry
from activity.queries import latest_edits, through_in_words
from activity.verbs import COMMENT_REMOVED, COMMENTED
from activity.wording import sentence, shown_changes
from exports.choices import Part
from exports.document.brief import SPLIT, Brief, Chunk, shares
from exports.document.log_proof import Head
from exports.document.paper import on_paper
from exports.document.signs import line

LEAD = 15
MOST_TEXT = 150_000
"""Characters of texts after which a stretch ends early."""
EMPTIED = SafeString("<p><em>This text was emptied.</em></p>")


class Activity:
    """Every entry up to the head that stands at the beginning; entries that come later are not in it."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.total = brief.proof.entries
        self.weight = LEAD + self.total

    def chunks(self, most: int) -> Iterator[Chunk]:
        last: Entry | None = None
        weight = LEAD
        for size in shares(self.total, max(most // SPLIT, 1)):
            left = size
            while left > 0:
                rows = self._rows(last, left)
                if not rows:
                    break
                shown = self._shown(rows)
                continues = self.brief.heading(Part.ACTIVITY) if last else ""
                yield Chunk(self._html(shown, is_first=last is None), weight + len(rows), continues)
                last, left, weight = rows[-1], left - len(rows), 0
        if last is None:
            yield Chunk(self._html([], is_first=True), weight)

    def _html(self, shown: Sequence[dict[str, Any]], *, is_first: bool) -> SafeString:
        values = {
            "heading": self.brief.heading(Part.ACTIVITY),
            "entries": shown,
            "is_first": is_first,
            "total": f"{self.total:,}",
            "zone": self.brief.clock.zone,
            "heads": [self._head(head) for head in self.brief.proof.heads] if is_first else [],
            "is_merged": len(self.brief.numbers) > 1,
            "number": self.brief.incident.pk,
        }
        return render_to_string("exports/report/activity.html", values)

    def _head(self, head: Head) -> dict[str, Any]:
        newer = head.sequence - head.covered
        return {
            "incident": head.incident,
            "entries": f"{head.sequence:,}",
            "hash": head.hash,
            "checkpoint": f"{head.checkpoint:,}" if head.checkpoint else "",
            "signed_at": self.brief.clock.stamp(head.signed_at) if head.signed_at else "",
            "digest": head.digest,
            "key": head.key,
            "covered": f"{head.covered:,}",
            "newer": f"{newer:,} {'entry is' if newer == 1 else 'entries are'}" if newer > 0 else "",
        }

    def _rows(self, last: Entry | None, size: int) -> list[Entry]:
        """The next entries, fewer where their texts are long."""
        rows = _up_to(self.brief.proof.heads)
        if len(self.brief.numbers) > 1:
            rows = rows.order_by("recorded_at", "pk")
            rows = rows.filter(Q(recorded_at__gt=last.recorded_at) | _same_time(last)) if last else rows
        else:
            rows = rows.order_by("sequence")
            rows = rows.filter(sequence__gt=last.sequence) if last else rows
        found: list[Entry] = []
        text = 0
        for entry in rows.select_related("body")[:size].iterator(chunk_size=100):
            found.append(entry)
            text += len(entry.body.text or "") if entry.body else 0
            if text > MOST_TEXT:
                break
        return found

    def _shown(self, rows: Sequence[Entry]) -> list[dict[str, Any]]:
        texts = self._texts(rows)
        is_merged = len(self.brief.numbers) > 1
        return [
            {
                "line": f"{f'{entry.incident_id}/' if is_merged else ''}{entry.sequence}\t{self._said(entry)}",
                "text": texts.get(entry.pk, ""),
            }
            for entry in rows
        ]

    def _said(self, entry: Entry) -> str:
        changes = "; ".join(
            f"{line(change['field'])}: {line(change['old']) or 'nothing'} → {line(change['new'])}"
            for change in shown_changes(entry)
        )
        through = through_in_words(entry)
        at = self.brief.clock.stamp(entry.recorded_at) if entry.recorded_at else ""
        words = f"{line(entry.actor_label)} {line(sentence(entry))}{f' [{through}]' if through else ''}"
        return f"{at}\t{words}{f' · {changes}' if changes else ''}"

    def _texts(self, rows: Sequence[Entry]) -> Mapping[int, SafeString]:
        """The texts of entries, of a comment as it stands now; none where the comments are a part of their own."""
        shown = {entry.pk: entry for entry in rows if entry.body and not entry.registered_verb.is_comment}
        if not self.brief.has(Part.COMMENTS):
            comments = [entry for entry in rows if entry.verb == COMMENTED.name]
            edits = latest_edits([entry.pk for entry in comments])
            shown |= {entry.pk: edits.get(entry.pk, entry) for entry in comments}
        return texts_of(shown, self.brief)


def texts_of(shown: Mapping[int, Entry], brief: Brief) -> dict[int, SafeString]:
    """Entry → the text of the entry that tells how it reads now, as it is printed."""
    bodies: dict[int, SafeString] = {}
    plain: dict[int, str] = {}
    for number, entry in shown.items():
        if entry.verb == COMMENT_REMOVED.name:
            bodies[number] = SafeString("<p><em>This comment was removed.</em></p>")
        elif entry.body and entry.body.text is None:
            bodies[number] = EMPTIED
        elif entry.body:
            plain[number] = entry.body.text or ""
    return bodies | dict(zip(plain, on_paper(list(plain.values()), brief.images), strict=True))


def _up_to(heads: Sequence[Head]) -> QuerySet[Entry]:
    """The entries of these logs as far as their heads."""
    condition = Q(pk__in=())
    for head in heads:
        condition |= Q(incident=head.incident, sequence__lte=head.sequence)
    return Entry.objects.filter(condition)


def _same_time(last: Entry) -> Q:
    return Q(recorded_at=last.recorded_at, pk__gt=last.pk)
