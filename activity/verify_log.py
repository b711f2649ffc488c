#!/usr/bin/env python3
"""Proof that a log of Watchfloor is untouched. This one file is the whole verifier: take it along with an export.

    python verify_log.py LOG.jsonl [--checkpoints FILE ...] [--public-key KEY ...]

It needs Python 3.11 and the package `cryptography`: no Django, no database, nothing else of Watchfloor. Exit code 0
when all fits, 1 when something does not, each named on a line, 2 when nothing could be checked. `manage.py
verify_activity` uses the same functions on the database. docs/log-format.md describes what is read here.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import struct
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIRST = bytes(32)
"""What the first entry of a chain, and the first checkpoint, has in place of a previous hash."""
COLUMNS = (
    *("incident_id", "sequence", "recorded_at", "incident_version", "verb", "actor_kind", "actor_id", "actor_label"),
    *("channel", "batch", "subject_kind", "subject_id", "subject_label", "changes", "facts", "body_sha256", "about_id"),
)
"""What of an entry is hashed, in this order."""
VERB, RECORDED_AT, BODY, ABOUT = (COLUMNS.index(name) for name in ("verb", "recorded_at", "body_sha256", "about_id"))
EMPTIED = "body.emptied"
"""The verb of the entry that tells of an emptied text."""
LOG_FORMAT, CHECKPOINT_FORMAT = "watchfloor-log/1", "watchfloor-checkpoint/1"
CLOCK_TOLERANCE = timedelta(seconds=60)
"""So much a clock may be set back without an alarm."""
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


# Entries -------------------------------------------------------------------------------------------------------------


def canonical_form(values: tuple[str | None, ...]) -> bytes:
    """The bytes that are hashed for one entry: its columns' texts in the order of COLUMNS, each as `<length in UTF-8
    bytes>:<text>`, NULL as `-`, joined by commas."""
    parts = []
    for value in values:
        if value is None:
            parts.append(b"-")
        else:
            encoded = value.encode()
            parts.append(str(len(encoded)).encode() + b":" + encoded)
    return b",".join(parts)


def entry_hash(previous: bytes, values: tuple[str | None, ...]) -> bytes:
    """The SHA-256 that an entry must carry, given the hash of the entry before it."""
    return hashlib.sha256(previous + canonical_form(values)).digest()


class Entry(NamedTuple):
    """One entry as it is stored or exported."""

    id: int
    incident_id: int | None
    sequence: int
    transaction: int
    previous_hash: bytes
    hash: bytes
    values: tuple[str | None, ...]
    text_problem: str | None
    is_emptied: bool


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not fit: its first entry that is not what it was, or what is missing at its end."""

    incident_id: int | None
    sequence: int
    entry_id: int | None
    problem: str

    def __str__(self) -> str:
        stream = f"incident {self.incident_id}" if self.incident_id is not None else "the system stream"
        row = f" (id {self.entry_id})" if self.entry_id is not None else ""
        return f"{stream}, entry {self.sequence}{row}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check found."""

    chains: int
    entries: int
    breaks: tuple[Break, ...]


# Checkpoints ---------------------------------------------------------------------------------------------------------


class Head(NamedTuple):
    """What a checkpoint says of one chain: its last entry, and a digest of the numbers of the rows it added."""

    first: int
    last: int
    moment: int
    """Index of the checkpoint's moment."""
    hash: bytes
    rows: bytes


PACKED = struct.Struct(">III32s32s")
"""A Head as it is kept here: logs have very many."""


def canonical_json(value: Any) -> bytes:
    """The bytes of a value that are signed and hashed: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def leaf(head: Sequence[Any]) -> bytes:
    """The digest under which a checkpoint holds one of its heads, so that others need not be shown to prove it."""
    return hashlib.sha256(canonical_json(list(head))).digest()


def rows_digest(rows: Sequence[str]) -> bytes:
    """The digest of rows' `id:transaction`, which no entry's hash covers."""
    return hashlib.sha256(",".join(rows).encode()).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One signed line, without its heads."""

    number: int
    previous: str
    signed_at: str
    snapshot: str
    entries: int
    chains: int
    heads_sha256: str
    key: str
    next_key: str | None
    base: dict[str, str] | None
    """Why it starts anew with all heads: first, moved, lost or declared; None for one that only goes on."""
    more: bool
    digest: str

    @classmethod
    def of(cls, signed: dict[str, Any]) -> Checkpoint:
        """Raises ValueError, KeyError or TypeError for what is none."""
        if signed["format"] != CHECKPOINT_FORMAT:
            raise ValueError("another format")
        datetime.strptime(signed["signed_at"], TIME_FORMAT)
        Moment.of_snapshot(signed["snapshot"])
        digest = hashlib.sha256(canonical_json(signed)).hexdigest()
        names = [name for name in cls.__slots__ if name != "digest"]
        return cls(**{name: signed[name] for name in names}, digest=digest)


@dataclass(frozen=True, slots=True)
class Moment:
    """Which transactions had ended at a checkpoint, and when that was."""

    lowest: int
    next: int
    running: frozenset[int]
    number: int = 0
    signed_at: str = ""
    earliest: str = ""
    """What is recorded by a later transaction cannot carry a time before this."""

    @classmethod
    def of_snapshot(cls, snapshot: str, **more: Any) -> Moment:
        """A moment of the text that PostgreSQL gives a snapshot; raises ValueError."""
        lowest, following, running = snapshot.split(":")
        return cls(int(lowest), int(following), frozenset(int(each) for each in running.split(",") if each), **more)

    def had_ended(self, transaction: int) -> bool:
        return transaction < self.next and transaction not in self.running


class Evidence:
    """What checkpoints say, read line by line in their order; `finish` when all are read."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self.trusted = set(trusted)
        self.is_told_whom_to_trust = bool(trusted)
        self.moments: list[Moment] = []
        self.eras: list[int] = []
        """For each moment the first one with whose transaction numbers its own can be compared."""
        self.heads: dict[int | None, bytearray] = {}
        self.lengths: dict[int | None, int] = {}
        """Entries of each chain, as far as a checkpoint knows it."""
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.last: Checkpoint | None = None
        self.checkpoints = 0
        self.is_excerpt = False
        """Of one chain's checkpoints only, as the export of an incident has them."""
        self.starts_declared = False
        self.counts = True
        """Whether the heads tell how many entries there are; where a database was moved, pieces are told twice."""
        self.received: dict[int, str] = {}
        """Number → digest of checkpoints that somebody else has heard of: they must be there."""
        self._era = 0

    def read(self, line: bytes | str, where: str) -> None:
        """Take one line of a file of checkpoints."""
        try:
            document = json.loads(line)
            checkpoint = Checkpoint.of(document["checkpoint"])
            heads, signature = document["heads"], base64.b64decode(document["signature"], validate=True)
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(checkpoint.key, validate=True))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.notes.append(f"{where} is no checkpoint; a write that was cut off leaves such a line.")
            return
        if self.last is not None and checkpoint.digest == self.last.digest:
            return
        try:
            key.verify(signature, canonical_json(document["checkpoint"]))
            self._prove(checkpoint, heads, document.get("leaves"))
        except (InvalidSignature, ValueError, TypeError):
            self.problems.append(f"Checkpoint {checkpoint.number} ({where}) is not what was signed.")
            return
        self._follow(checkpoint)
        self._start_anew(checkpoint)
        self._trust(checkpoint)
        self._hold(heads)
        self.checkpoints += 1
        self.last = checkpoint
        if not checkpoint.more:
            self._end_moment(checkpoint)

    def finish(self) -> Evidence:
        """All lines are read."""
        newest = self.last.number if self.last else 0
        if missing := [number for number in self.received if number > newest]:
            self.problems.append(f"Checkpoint {max(missing)} was written once; the newest here is {newest or 'none'}.")
        if self.last is None:
            return self
        if (counted := sum(self.lengths.values())) != self.last.entries and self._counts_hold():
            self.problems.append(
                f"Checkpoint {self.last.number} counts {self.last.entries:,} entries; the heads of all chains have "
                f"{counted:,}."
            )
        if self.last.key not in self.trusted:
            self.problems.append(
                f"Checkpoint {self.last.number} is signed by the key {self.last.key}, which is none of those given."
            )
        return self

    def heads_of(self, incident_id: int | None) -> list[Head]:
        """What is known of one chain, in the order of its entries."""
        packed = self.heads.get(incident_id, b"")
        return sorted((Head(*each) for each in PACKED.iter_unpack(packed)), key=_place)

    def signed(self, head: Head) -> str:
        """The checkpoint of a head, in words."""
        # The last lines may belong to a moment whose end was never written.
        moment = self.moments[head.moment] if head.moment < len(self.moments) else _moment(self._newest())
        return f"checkpoint {moment.number} of {moment.signed_at[:19].replace('T', ' ')} UTC"

    def contradiction(self, entry: Entry, covered: int) -> str | None:
        """What an entry that moment `covered` is the first to know says against the moments before it."""
        if covered == 0:
            return None
        era = self.eras[covered] if covered < len(self.moments) else self._era
        if covered == era:
            return None
        before = self.moments[covered - 1]
        if before.had_ended(entry.transaction):
            return f"it was added after checkpoint {before.number}, among what had been recorded before it"
        found = bisect_right(self.moments, entry.transaction, era, covered, key=_following) - 1
        if found >= era and (entry.values[RECORDED_AT] or "") < self.moments[found].earliest:
            return (
                f"its time lies before checkpoint {self.moments[found].number}, after which it was recorded: it is "
                "backdated, or the clock was set back"
            )
        return None

    def _newest(self) -> Checkpoint:
        assert self.last is not None
        return self.last

    def _prove(self, checkpoint: Checkpoint, heads: Any, leaves: Any) -> None:
        """Raises ValueError where the heads are not those that were signed."""
        own = [leaf(head) for head in heads]
        if self.is_excerpt and leaves is None and not own:
            return
        held = own if leaves is None else [bytes.fromhex(each) for each in leaves]
        if hashlib.sha256(b"".join(held)).hexdigest() != checkpoint.heads_sha256 or not set(own) <= set(held):
            raise ValueError("other heads")

    def _hold(self, heads: Sequence[Any]) -> None:
        moment = len(self.moments)
        for incident_id, first, last, hashed, rows in heads:
            head = PACKED.pack(first, last, moment, bytes.fromhex(hashed), bytes.fromhex(rows))
            self.heads.setdefault(incident_id, bytearray()).extend(head)
            self.lengths[incident_id] = max(last, self.lengths.get(incident_id, 0))

    def _follow(self, checkpoint: Checkpoint) -> None:
        """Whether it is the next one, and the one that others have heard of."""
        if self.received.get(checkpoint.number, checkpoint.digest) != checkpoint.digest:
            self.problems.append(f"Checkpoint {checkpoint.number} is another one than was written once.")
        if self.is_excerpt:
            return
        number, last = checkpoint.number, self.last
        if last is None:
            if number != 1 and not _is_declared(checkpoint):
                self.problems.append(f"Checkpoints 1 to {number - 1} are missing before it; find their files.")
        elif number > last.number + 1:
            self.problems.append(f"Checkpoints {last.number + 1} to {number - 1} are missing.")
        elif number <= last.number:
            self.problems.append(f"There are two checkpoints {number}.")
        elif checkpoint.previous != last.digest:
            self.problems.append(f"Checkpoint {number} does not follow from the one before it.")

    def _start_anew(self, checkpoint: Checkpoint) -> None:
        """What a checkpoint with all heads means for those before it."""
        base = checkpoint.base
        if base is None or (self.last is not None and self.last.base == base and self.last.more):
            return
        why, number = base.get("why"), checkpoint.number
        if why == "declared":
            self.notes += [f"Before checkpoint {number}: {problem}" for problem in self.problems]
            self.notes.append(
                f"Checkpoint {number} of {checkpoint.signed_at} began anew: {base.get('reason')} "
                "Nothing is compared with earlier ones."
            )
            self.problems, self.moments, self.eras, self.heads, self.lengths = [], [], [], {}, {}
            self.starts_declared, self.counts, self._era = True, True, 0
        elif why == "moved":
            self.counts = False
            self.notes.append(f"Checkpoint {number} of {checkpoint.signed_at} is the first after the database moved.")
            self._era = len(self.moments)
        elif why == "lost":
            self.counts = False
            self.problems.append(
                f"Checkpoint {number} of {checkpoint.signed_at} began anew, because those before it were not found."
            )
            self._era = len(self.moments)

    def _trust(self, checkpoint: Checkpoint) -> None:
        """A key is trusted that was given, or that a trusted one names as its successor."""
        if not self.trusted:
            self.trusted.add(checkpoint.key)
        if checkpoint.key in self.trusted and checkpoint.next_key:
            self.trusted.add(checkpoint.next_key)

    def _counts_hold(self) -> bool:
        return self.counts and not self.is_excerpt and self.last is not None and not self.last.more

    def _end_moment(self, checkpoint: Checkpoint) -> None:
        self.moments.append(_moment(checkpoint))
        self.eras.append(self._era)
        if self._counts_hold() and checkpoint.chains != len(self.heads):
            self.problems.append(
                f"Checkpoint {checkpoint.number} counts {checkpoint.chains:,} chains; it and those before it name "
                f"{len(self.heads):,}."
            )


def _moment(checkpoint: Checkpoint) -> Moment:
    earliest = datetime.strptime(checkpoint.signed_at, TIME_FORMAT) - CLOCK_TOLERANCE
    return Moment.of_snapshot(
        checkpoint.snapshot,
        number=checkpoint.number,
        signed_at=checkpoint.signed_at,
        earliest=earliest.strftime(TIME_FORMAT),
    )


def _is_declared(checkpoint: Checkpoint) -> bool:
    return checkpoint.base is not None and checkpoint.base.get("why") == "declared"


def _place(head: Head) -> tuple[int, int]:
    return head.last, head.moment


def _following(moment: Moment) -> int:
    return moment.next


# Checking ------------------------------------------------------------------------------------------------------------


class Chain:
    """The check of one chain, entry by entry."""

    def __init__(self, incident_id: int | None, evidence: Evidence, latest: str) -> None:
        self.incident_id, self.evidence, self.latest = incident_id, evidence, latest
        self.heads = evidence.heads_of(incident_id)
        self.at = 0
        """The first head that is not passed yet."""
        firsts = [head.first for head in reversed(self.heads)]
        self.needed = list(accumulate(firsts, min))[::-1]
        """For each head the first entry whose row it or a later one asks for."""
        self.rows: list[str] = []
        self.rows_from = 1
        self.previous, self.expected, self.newest = FIRST, 1, ""
        self.emptied: dict[int, int] = {}
        self.told: set[int] = set()

    def problem_of(self, entry: Entry) -> str | None:
        """What does not fit about the next entry."""
        problem = self._link(entry) or entry.text_problem or self._time(entry) or self._head(entry)
        self.previous, self.expected = entry.hash, entry.sequence + 1
        if entry.is_emptied:
            self.emptied[entry.id] = entry.sequence
        if entry.values[VERB] == EMPTIED and (about := entry.values[ABOUT]):
            self.told.add(int(about))
        return problem

    def end(self) -> Break | None:
        """What is missing once its last entry has been seen."""
        if self.at < len(self.heads):
            head = self.heads[-1]
            if self.expected == 1:
                what = "the whole chain is missing"
            elif self.expected == head.last:
                what = "it is missing at the end"
            else:
                what = f"it and all up to entry {head.last} are missing at the end"
            return Break(self.incident_id, self.expected, None, f"{what}; {self.evidence.signed(head)} knows of it")
        for number, sequence in self.emptied.items():
            if number not in self.told:
                return Break(self.incident_id, sequence, number, "its text was emptied, and no entry tells of it")
        return None

    def _link(self, entry: Entry) -> str | None:
        if entry.sequence < self.expected:
            return "its number occurs twice"
        if entry.sequence != self.expected:
            return f"entry {self.expected} is missing before it"
        if entry.previous_hash != self.previous:
            return "it does not follow from the entry before it"
        if entry_hash(self.previous, entry.values) != entry.hash:
            return "its content is not what was recorded"
        return None

    def _time(self, entry: Entry) -> str | None:
        time = entry.values[RECORDED_AT]
        if not time:
            return "it carries no time"
        covered = self.heads[self.at].moment if self.at < len(self.heads) else len(self.evidence.moments)
        if covered == 0 and self.evidence.starts_declared:
            return None
        if time < self.newest and _seconds(time, self.newest) > CLOCK_TOLERANCE.total_seconds():
            return f"its time lies before that of an entry before it, {self.newest}"
        self.newest = max(time, self.newest)
        if time > self.latest:
            return "its time lies in the future"
        return self.evidence.contradiction(entry, covered)

    def _head(self, entry: Entry) -> str | None:
        """Compare with the checkpoints that end at this entry."""
        if self.at == len(self.heads):
            return None
        self.rows.append(f"{entry.id}:{entry.transaction}")
        while self.at < len(self.heads) and self.heads[self.at].last == entry.sequence:
            head = self.heads[self.at]
            if head.hash != entry.hash:
                return f"it is not the one that {self.evidence.signed(head)} knows: {self._since(head)} was exchanged"
            if rows_digest(self.rows[head.first - self.rows_from :]) != head.rows:
                return f"the numbers of rows are not those that {self.evidence.signed(head)} knows: {self._since(head)}"
            self.at += 1
        if self.at < len(self.heads):
            passed = self.needed[self.at] - self.rows_from
            if passed > 0:
                del self.rows[:passed]
                self.rows_from += passed
        return None

    def _since(self, head: Head) -> str:
        before = max((other.last for other in self.heads[: self.at]), default=0)
        return f"something between entry {before + 1} and {head.last}" if head.last > before + 1 else "the entry"


def check(
    entries: Iterable[Entry], evidence: Evidence, *, latest: str = "9", only: set[int | None] | None = None
) -> Verification:
    """Check entries, grouped by chain and in the order of their sequence, by themselves and against checkpoints.

    The first misfit of each chain is named. `latest` is the time of reading as entries have it; `only` names the chains
    that must be there, where not all are looked at.
    """
    breaks: list[Break] = []
    seen: set[int | None] = set()
    number = 0
    chain: Chain | None = None
    is_broken = False
    for entry in entries:
        number += 1
        if chain is None or entry.incident_id != chain.incident_id:
            _end(chain, is_broken, breaks)
            chain = Chain(entry.incident_id, evidence, latest)
            is_broken = entry.incident_id in seen
            if is_broken:
                breaks.append(Break(entry.incident_id, entry.sequence, entry.id, "its chain is told in two places"))
            seen.add(entry.incident_id)
        if not is_broken and (problem := chain.problem_of(entry)):
            breaks.append(Break(entry.incident_id, entry.sequence, entry.id, problem))
            is_broken = True
    _end(chain, is_broken, breaks)
    known = evidence.heads.keys() if only is None else evidence.heads.keys() & only
    for incident_id in sorted(known - seen, key=lambda number: number or 0):
        _end(Chain(incident_id, evidence, latest), False, breaks)
    return Verification(len(seen), number, tuple(breaks))


def _end(chain: Chain | None, is_broken: bool, breaks: list[Break]) -> None:
    if chain is not None and not is_broken and (found := chain.end()):
        breaks.append(found)


def _seconds(earlier: str, later: str) -> float:
    try:
        return (datetime.strptime(later, TIME_FORMAT) - datetime.strptime(earlier, TIME_FORMAT)).total_seconds()
    except ValueError:
        return float("inf")


# An exported file ----------------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """A file that cannot be checked, in a sentence."""


def read_head(path: Path, evidence: Evidence) -> dict[str, Any]:
    """The header of an exported log; the checkpoints that follow it are read. Raises Unreadable, OSError."""
    header: dict[str, Any] = {}
    for where, line, document in _documents(path):
        if "log" in document:
            header = document["log"]
            evidence.is_excerpt = header.get("scope") != "all"
        elif "checkpoint" in document:
            evidence.read(line, where)
        else:
            break
    if header.get("format") != LOG_FORMAT:
        raise Unreadable(f"{path} is no log in the format {LOG_FORMAT}.")
    return header


def entries_of(path: Path) -> Iterator[Entry]:
    """The entries of an exported log, in their order. Raises Unreadable for what is no entry, or where the end is
    missing."""
    found, told = 0, -1
    for where, _line, document in _documents(path):
        try:
            if "entry" in document:
                found += 1
                yield _entry(document["entry"])
            elif "end" in document:
                told = document["end"]["entries"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unreadable(f"{where} is no entry of a log.") from None
    if told != found:
        raise Unreadable(f"{path} was cut off: its end tells of {max(told, 0):,} entries, and there are {found:,}.")


def _documents(path: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path.name}, line {number},"
            try:
                document = json.loads(line)
            except ValueError:
                raise Unreadable(f"{where} is no JSON.") from None
            if not isinstance(document, dict):
                raise Unreadable(f"{where} is nothing that a log consists of.")
            yield where, line, document


_values: Callable[[dict[str, Any]], tuple[str | None, ...]] = itemgetter(*COLUMNS)
TEXTS = {str, type(None)}


def _entry(told: dict[str, Any]) -> Entry:
    values = _values(told["columns"])
    if not {*map(type, values)} <= TEXTS:
        raise TypeError("columns are texts")
    return Entry(
        told["id"],
        int(values[0]) if values[0] is not None else None,
        int(values[1] or 0),
        told["transaction"],
        bytes.fromhex(told["previous_hash"]),
        bytes.fromhex(told["hash"]),
        values,
        _text_problem(values[BODY] or "", told.get("text"), told.get("emptied_at") is not None),
        told.get("emptied_at") is not None,
    )


def _text_problem(sha256: str, text: str | None, is_emptied: bool) -> str | None:
    if text is None:
        return "its text is missing" if sha256 and not is_emptied else None
    return None if hashlib.sha256(text.encode()).hexdigest() == sha256 else "its text is not what was recorded"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check an exported log; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        evidence = Evidence([key for word in options.public_key for key in public_keys(word)])
        header = read_head(options.log, Evidence() if options.checkpoints else evidence)
        for path in options.received:
            evidence.received |= received_digests(path.read_text("utf-8", "replace"))
        for path in options.checkpoints:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    evidence.read(line, f"{path.name}, line {number},")
        evidence.finish()
        found = check(
            entries_of(options.log),
            evidence,
            latest=later(header["exported_at"]),
            only=None if header["scope"] == "all" else {header["incident"]},
        )
    except (Unreadable, OSError, KeyError, ValueError) as problem:
        print(f"cannot check: {problem}", file=sys.stderr)
        return 2
    return _tell(evidence, found)


def later(time: str) -> str:
    """The latest time that an entry read at `time` may carry."""
    return (datetime.strptime(time, TIME_FORMAT) + CLOCK_TOLERANCE).strftime(TIME_FORMAT)


def public_keys(word: str) -> list[str]:
    """The public keys that a word names: itself in base64, or those in the file of that name.

    Raises ValueError for what is none, OSError for a file that cannot be read.
    """
    words = [word] if _is_key(word) else Path(word).read_text("ascii").split()
    if not words or not all(map(_is_key, words)):
        raise ValueError(f"{word} holds no public key: 32 bytes in base64.")
    return words


def _is_key(word: str) -> bool:
    try:
        return len(base64.b64decode(word, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def received_digests(text: str) -> dict[int, str]:
    """Checkpoints of which a log server's file tells: number → digest."""
    found = re.findall(r'watchfloor-checkpoint .*?"number":(\d+),.*?"sha256":"([0-9a-f]{64})"', text)
    return {int(number): digest for number, digest in found}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify_log.py", description="Check an exported log of Watchfloor.")
    parser.add_argument("log", type=Path, metavar="LOG", help="the exported log")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="your own copy of the files of checkpoints, in their order, instead of those in the export",
    )
    parser.add_argument(
        "--public-key", nargs="+", default=[], metavar="KEY", help="the key to believe: in base64, or a file with it"
    )
    parser.add_argument(
        "--received", type=Path, nargs="+", default=[], metavar="FILE", help="what a log server received of checkpoints"
    )
    return parser


def _tell(evidence: Evidence, found: Verification) -> int:
    for note in evidence.notes:
        print(f"note: {note}")
    problems = [*evidence.problems, *map(str, found.breaks)]
    for problem in problems:
        print(f"does not fit: {problem}")
    if evidence.last is None:
        print("note: without checkpoints; who recomputed whole chains would not be noticed.")
    elif not evidence.is_told_whom_to_trust:
        print(f"note: nobody named the key to believe; the file names {evidence.last.key}.")
    print(summary(evidence, found) if not problems else f"{_counted(len(problems), 'problem', 'problems')}.")
    return 1 if problems else 0


def summary(evidence: Evidence, found: Verification) -> str:
    """What was verified, in a sentence."""
    text = f"{_counted(found.entries, 'entry', 'entries')} in {_counted(found.chains, 'chain', 'chains')} verified"
    if evidence.last is None:
        return f"{text}; there is no checkpoint yet."
    last = evidence.last
    checkpoints = _counted(evidence.checkpoints, "checkpoint", "checkpoints")
    return f"{text}, against {checkpoints} up to number {last.number} of {last.signed_at}."


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


if __name__ == "__main__":
    sys.exit(main())
