"""Making a checkpoint: the heads of the chains that have grown since the last one, signed, written to the file, told to
the log server. It reads what is new by the index over transactions, so its cost follows the news and not the log.

Which entries are new is decided by the database's snapshots: what can be seen now and could not be seen then. So an
entry that commits late is in the next checkpoint, however long its transaction took.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction

from activity.chain import TIME
from activity.checkpoints import files
from activity.checkpoints.keys import public_text, replace_key, signing_key
from activity.checkpoints.problems import CheckpointProblem
from activity.checkpoints.syslog import LogServer, message_of
from activity.models import CheckpointMark
from activity.verify_log import CHECKPOINT_FORMAT, FIRST, Checkpoint, Moment, canonical_json, leaf

logger = logging.getLogger(__name__)

HEADS_A_LINE = 20_000
LONGEST_STATEMENT = "10min"
"""The first checkpoint of a large log reads it once."""

HEADS = """
SELECT incident_id, min(sequence), max(sequence), (array_agg(hash ORDER BY sequence DESC))[1],
       sha256(convert_to(string_agg(id || ':' || transaction, ',' ORDER BY sequence), 'UTF8')), count(*)
FROM activity_entry WHERE {where} GROUP BY incident_id ORDER BY incident_id NULLS FIRST
"""
NEW = """
transaction >= %(lowest)s AND transaction < %(next)s
AND pg_visible_in_snapshot(transaction::text::xid8, %(now)s::pg_snapshot)
AND NOT pg_visible_in_snapshot(transaction::text::xid8, %(then)s::pg_snapshot)
"""
ALL = """
(pg_visible_in_snapshot(transaction::text::xid8, %(now)s::pg_snapshot)
 OR transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
AND transaction IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint
"""
"""The second half: rows of a restored database carry numbers that are still to come in this one, also when they are
read; what is recorded after `now` is for the next checkpoint. What the caller has not committed yet is left out."""
WHOLE = "incident_id IS NOT DISTINCT FROM %(incident)s AND sequence BETWEEN %(first)s AND %(last)s"


@dataclass(frozen=True, slots=True)
class Base:
    """Why a checkpoint tells all heads instead of going on."""

    why: str
    reason: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"why": self.why} | ({"reason": self.reason} if self.reason else {})


def take_checkpoint(*, patience: float = files.PATIENCE) -> Checkpoint | None:
    """Sign what is new; None when nothing is. Raises CheckpointProblem."""
    with files.one_writer(patience):
        last = files.newest()
        key = signing_key(make=last is None)
        _check_key(key, last)
        return _Writing(key, last).write()


def begin_anew(reason: str) -> Checkpoint:
    """Sign all chains as they are now, and say why nothing is compared with earlier checkpoints any more: after an
    older backup was restored, after files were lost, with a new key. Raises CheckpointProblem."""
    with files.one_writer():
        written = _Writing(signing_key(make=True), files.newest(), Base("declared", reason), must_write=True).write()
        assert written is not None
        return written


def announce(successor: Ed25519PrivateKey) -> Checkpoint:
    """Sign, with the key that is still in use, the public half of its successor; raises CheckpointProblem."""
    with files.one_writer():
        return _announced(successor)


def rotate() -> Checkpoint:
    """Put a new key in the place of the one that is kept in the data folder; the old one vouches for it, and the new
    one signs at once. Raises CheckpointProblem."""
    successor = Ed25519PrivateKey.generate()
    with files.one_writer():
        _announced(successor)
        replace_key(successor)
        written = _Writing(successor, files.newest(), must_write=True).write()
        assert written is not None
        return written


def _announced(successor: Ed25519PrivateKey) -> Checkpoint:
    last = files.newest()
    key = signing_key(make=last is None)
    _check_key(key, last)
    written = _Writing(key, last, next_key=public_text(successor), must_write=True).write()
    assert written is not None
    return written


def _check_key(key: Ed25519PrivateKey, last: Checkpoint | None) -> None:
    if last is not None and public_text(key) not in (last.key, last.next_key):
        raise CheckpointProblem(
            f"The key that signs checkpoints is not the one of checkpoint {last.number}, {last.key}. Bring that one "
            "back from your backup, or say `manage.py checkpoint_key --replace REASON`."
        )


class _Writing:
    """One checkpoint being made."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        last: Checkpoint | None,
        base: Base | None = None,
        *,
        next_key: str | None = None,
        must_write: bool = False,
    ) -> None:
        self.key, self.public, self.last, self.base = key, public_text(key), last, base
        known = CheckpointMark.objects.order_by("-number")
        mark = (known.filter(key=self.public) if last else known).first()
        self.number = last.number if last else 0
        self.digest = last.digest if last else FIRST.hex()
        if mark is not None and mark.number > self.number:
            # The files were lost or cut: they go on after what the database remembers, and say so.
            self.number, self.digest = mark.number, mark.digest
            self.base = self.base or Base("lost")
        elif last is None:
            self.base = self.base or Base("first")
        elif last.more and last.base:
            # What began to tell all heads was cut off, and nothing before it counts; so they are told again.
            self.base = self.base or Base(**last.base)
        self.since = files.newest(complete=True) if last and last.more else last
        if self.since is None:
            self.base = self.base or Base("lost")
        self.next_key = next_key or (last.next_key if last and last.key == self.public else None)
        self.must_write = must_write
        """Whether there is something to say even where no chain has grown."""
        self.checkpoint: Checkpoint | None = None

    def write(self) -> Checkpoint | None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_current_snapshot()::text, {TIME.format('statement_timestamp()')}")
            self.snapshot, self.time = cursor.fetchone()
            now = Moment.of_snapshot(self.snapshot)
            if self.base is None and self.since and Moment.of_snapshot(self.since.snapshot).next > now.next:
                self.base = Base("moved")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LONGEST_STATEMENT])
            written = files.append(self._lines(self._heads(now)), self.time[:7])
        if not written:
            return None
        checkpoint = self.checkpoint
        assert checkpoint is not None
        CheckpointMark.objects.bulk_create([_mark(checkpoint)], ignore_conflicts=True)
        _tell_log_server(checkpoint)
        return checkpoint

    def _heads(self, now: Moment) -> Iterator[list[Any]]:
        """The heads of chains that have grown, or of all: incident, first and last new entry, and both digests."""
        values: dict[str, Any] = {"now": self.snapshot, "next": now.next}
        if self.base is None:
            assert self.since is not None
            then = Moment.of_snapshot(self.since.snapshot)
            values |= {"then": self.since.snapshot, "lowest": then.lowest}
        with connection.chunked_cursor() as cursor:
            cursor.execute(HEADS.format(where=ALL if self.base else NEW), values)
            for incident, first, last, hashed, rows, number in cursor:
                if number != last - first + 1:
                    hashed, rows = _whole(incident, first, last)
                yield [incident, first, last, bytes(hashed).hex(), bytes(rows).hex()]

    def _lines(self, heads: Iterator[list[Any]]) -> Iterator[bytes]:
        """As many lines as it takes; none where nothing is new."""
        since = None if self.base else self.since
        entries, chains = (since.entries, since.chains) if since else (0, 0)
        held = _taken(heads)
        while held or self.must_write:
            entries += sum(last - first + 1 for _, first, last, _, _ in held)
            chains += sum(first == 1 for _, first, *_ in held)
            following = _taken(heads)
            yield self._line(held, entries, chains, more=bool(following))
            held, self.must_write = following, False

    def _line(self, heads: Sequence[list[Any]], entries: int, chains: int, *, more: bool) -> bytes:
        self.number += 1
        signed = {
            "format": CHECKPOINT_FORMAT,
            "number": self.number,
            "previous": self.digest,
            "signed_at": self.time,
            "snapshot": self.snapshot,
            "entries": entries,
            "chains": chains,
            "heads_sha256": hashlib.sha256(b"".join(map(leaf, heads))).hexdigest(),
            "base": self.base.as_dict() if self.base else None,
            "more": more,
            "key": self.public,
            "next_key": self.next_key,
        }
        self.checkpoint = Checkpoint.of(signed)
        self.digest = self.checkpoint.digest
        signature = base64.b64encode(self.key.sign(canonical_json(signed))).decode()
        return canonical_json({"checkpoint": signed, "heads": list(heads), "signature": signature})


def _taken(heads: Iterator[list[Any]]) -> list[list[Any]]:
    return list(islice(heads, HEADS_A_LINE))


def _whole(incident: int | None, first: int, last: int) -> tuple[bytes, bytes]:
    """Hash and digest of a piece of a chain of which the numbers of transactions do not tell the limits."""
    with connection.cursor() as cursor:
        cursor.execute(HEADS.format(where=WHOLE), {"incident": incident, "first": first, "last": last})
        _, _, _, hashed, rows, _ = cursor.fetchone()
        return bytes(hashed), bytes(rows)


def _mark(checkpoint: Checkpoint) -> CheckpointMark:
    names = ("number", "signed_at", "entries", "chains", "digest", "key")
    return CheckpointMark(**{name: getattr(checkpoint, name) for name in names})


def _tell_log_server(checkpoint: Checkpoint) -> None:
    if not settings.CHECKPOINT_SYSLOG:
        return
    try:
        LogServer.of(settings.CHECKPOINT_SYSLOG).send([message_of(checkpoint)])
    except OSError as problem:
        logger.error("The log server could not be told of checkpoint %s: %s", checkpoint.number, problem)
