"""Impacted assets and evidence: the entities that alerts and people name, by their types."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar

from django.template.loader import render_to_string

from alerts.queries.evidence_rows import remediation_in_words, roles_in_words, text_of
from common.defang import defang
from entities.choices import ASSET_KINDS, EntityKind
from entities.models import EntityIdentifier
from exports.choices import Part
from exports.document.brief import Brief, Chunk, shares
from exports.document.paper import on_paper
from exports.document.signs import criticality_in_words, exact, line, verdict_in_words
from exports.options import ASSETS_OF_A_TYPE, EVIDENCE
from incidents.queries.evidence import Cut, Found, details_of, found_in
from incidents.rules import counted
from incidents.what_happened.phrases import KIND_WORDS

ROW = 3
"""What a row weighs."""
HASHES = {"sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5"}
LEAD, HEAD = 10, 8
"""What the beginning weighs, and the heading of a type."""


class _FoundThings:
    """A list of entities, as much of it as the caps allow; of each type it says what they leave out."""

    part: ClassVar[Part]
    template: ClassVar[str]
    kinds: ClassVar[tuple[EntityKind, ...]]
    of_each: ClassVar[int]
    most: ClassVar[int]
    cap: ClassVar[str]
    """In words."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.is_capped = brief.options.is_capped
        of_each, most = (self.of_each, self.most) if self.is_capped else (0, 0)
        counts, self.capped = found_in(brief.incident, Cut(self.kinds, of_each=of_each, most=most))
        self.counts = {kind: counts[kind] for kind in self.kinds if kind in counts}
        self.capped.sort(key=lambda row: self.kinds.index(row.kind))
        self.shown = Counter(row.kind for row in self.capped) if self.is_capped else Counter(self.counts)
        self.weight = LEAD + HEAD * len(self.counts) + ROW * self.shown.total()

    def chunks(self, most: int) -> Iterator[Chunk]:
        weight = LEAD + HEAD * len(self.counts)
        is_first = True
        for rows in self._read(max(most // ROW, 1)):
            yield self._chunk(rows, weight + ROW * len(rows), is_first=is_first)
            weight, is_first = 0, False
        if is_first:
            yield self._chunk([], weight, is_first=True)

    def _read(self, rows_at_once: int) -> Iterator[list[Found]]:
        """By type, those that most alerts name first."""
        if self.is_capped:
            start = 0
            for size in shares(len(self.capped), rows_at_once) if self.capped else ():
                yield self.capped[start : start + size]
                start += size
            return
        held: list[Found] = []
        for kind in self.counts:
            after: tuple[int, int] | None = None
            while True:
                _, found = found_in(self.brief.incident, Cut([kind], kind, after, most=rows_at_once))
                held += found
                while len(held) >= rows_at_once:
                    yield held[:rows_at_once]
                    held = held[rows_at_once:]
                if len(found) < rows_at_once:
                    break
                after = (found[-1].alerts, found[-1].entity)
        if held:
            yield held

    def _chunk(self, rows: Sequence[Found], weight: int, *, is_first: bool) -> Chunk:
        details = details_of(self.brief.incident, [row.entity for row in rows]) if rows else {}
        hashes = _hashes(rows)
        noted = [row.note for row in rows if row.note]
        notes = iter(on_paper(noted, self.brief.images))
        groups = []
        for kind, members in groupby(rows, key=lambda row: row.kind):
            shown = [
                self._row(row, details.get(row.entity, {}), hashes.get(row.entity, {}), next(notes) if row.note else "")
                for row in members
            ]
            groups.append({"kind": kind.slug, "label": _many(kind), "said": self._said(kind), "rows": shown})
        values = {
            "heading": self.brief.heading(self.part),
            "groups": groups,
            "is_first": is_first,
            "lead": self._lead(),
            "is_empty": not self.counts,
        }
        continues = "" if is_first else self.brief.heading(self.part)
        return Chunk(render_to_string(self.template, values), weight, continues)

    def _lead(self) -> str:
        """What stands here, and what the cap left out."""
        total, left_out = sum(self.counts.values()), self._left_out()
        if not left_out:
            return f"All {total:,} are listed." if total > 1 else ""
        words = ", ".join(counted(number, *KIND_WORDS[kind]) for kind, number in left_out.items())
        return (
            f"{self.shown.total():,} of {total:,} are shown, those that most alerts name; "
            f"{_are(sum(left_out.values()))} left out by the cap of {self.cap}: {words}."
        )

    def _left_out(self) -> dict[EntityKind, int]:
        return {kind: rest for kind, number in self.counts.items() if (rest := number - self.shown[kind])}

    def _said(self, kind: EntityKind) -> str:
        """How many of a type there are; “12 of 31 devices are shown; 19 are left out by the cap”."""
        total, shown = self.counts.get(kind, 0), self.shown[kind]
        if shown == total:
            return counted(total, *KIND_WORDS[kind])
        words = f"{shown:,} of {counted(total, *KIND_WORDS[kind])} {'is' if shown == 1 else 'are'} shown"
        return f"{words}; {_are(total - shown)} left out by the cap"

    def _row(self, row: Found, details: dict[str, Any], hashes: Mapping[str, str], note: str) -> dict[str, Any]:
        clock = self.brief.clock
        verdict = (verdict_in_words(row.verdict), "by a person" if row.is_manual else "")
        remediation = remediation_in_words(row.remediation).lower()
        return {
            "name": line(defang(row.name, row.kind)),
            "details": " · ".join(
                filter(
                    None,
                    (
                        counted(row.alerts, "alert", "alerts") if row.alerts else "no alert",
                        *_details(row, details, hashes),
                        f"Role: {line(roles_in_words(row.roles))}" if row.roles else "",
                        f"Added by {line(row.added_by)}" if row.added_by else "",
                    ),
                )
            ),
            "criticality": criticality_in_words(row.criticality),
            "verdict": ", ".join(filter(None, (*verdict, remediation))),
            "slug": row.verdict.slug,
            "first": clock.stamp(row.first_seen),
            "last": clock.stamp(row.last_seen) if row.last_seen != row.first_seen else "",
            "note": note,
        }


class Assets(_FoundThings):
    """Devices, users, mailboxes, apps and cloud resources; with caps, the first few of each type."""

    part, template, kinds = Part.ASSETS, "exports/report/assets.html", ASSET_KINDS
    of_each, most, cap = ASSETS_OF_A_TYPE, ASSETS_OF_A_TYPE * len(ASSET_KINDS), f"{ASSETS_OF_A_TYPE} of each type"


class Evidence(_FoundThings):
    """Everything else: files, processes, addresses, messages; with caps, those that most alerts name."""

    part, template = Part.EVIDENCE, "exports/report/evidence.html"
    kinds = tuple(kind for kind in EntityKind if kind not in ASSET_KINDS)
    of_each, most, cap = EVIDENCE, EVIDENCE, f"{EVIDENCE} pieces of evidence"


def _are(number: int) -> str:
    return f"{number:,} {'is' if number == 1 else 'are'}"


def _many(kind: EntityKind) -> str:
    words = KIND_WORDS[kind][1]
    return words[:1].upper() + words[1:]


def _hashes(rows: Sequence[Found]) -> dict[int, dict[str, str]]:
    """The hashes by which files are known. One statement, or none."""
    files = [row.entity for row in rows if row.kind == EntityKind.FILE]
    found: dict[int, dict[str, str]] = defaultdict(dict)
    known = EntityIdentifier.objects.filter(entity__in=files).order_by("entity", "-value") if files else ()
    for each in known:
        name, _, value = each.value.partition(":")
        if name in HASHES:
            found[each.entity_id][name] = value
    return found


def _details(row: Found, details: dict[str, Any], hashes: Mapping[str, str]) -> list[str]:
    """What is known of it, each with its name; never shortened."""
    told = {**hashes, **{key: text_of(value) for key, value in {**row.attributes, **details}.items() if value}}
    return [
        f"{HASHES.get(key) or key.replace('_', ' ').capitalize()}: {exact(value)}"
        for key, value in told.items()
        if value != row.name
    ]
