"""By what a printed log can be compared with the log itself: the head of its chain, and who signed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from activity.checkpoints import files
from activity.models import Entry


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of an incident's log when the report was begun, and the last checkpoint that tells of it."""

    incident: int
    sequence: int
    """Of the last entry; as many entries there are."""
    hash: str
    checkpoint: int | None = None
    signed_at: datetime | None = None
    digest: str = ""
    key: str = ""
    covered: int = 0
    """Up to which entry the checkpoint tells."""

    @property
    def is_covered(self) -> bool:
        return self.covered >= self.sequence


@dataclass(frozen=True, slots=True)
class LogProof:
    """The heads of the logs that are read, the incident's own first."""

    heads: Sequence[Head]

    @property
    def entries(self) -> int:
        return sum(head.sequence for head in self.heads)


def proof_of(numbers: Sequence[int]) -> LogProof:
    """Where the logs of these incidents end now. One statement; and the files of the checkpoints."""
    rows = Entry.objects.filter(incident__in=numbers).order_by("incident", "-sequence").distinct("incident")
    found = {number: (sequence, bytes(hash_)) for number, sequence, hash_ in rows.values_list(*FIELDS)}
    return LogProof([_head(number, *found[number]) for number in numbers if number in found])


FIELDS = ("incident", "sequence", "hash")


def _head(number: int, sequence: int, hash_: bytes) -> Head:
    try:
        covering = files.covering(number)
    except OSError:
        covering = None
    if covering is None:
        return Head(number, sequence, hash_.hex())
    checkpoint, covered = covering
    signed_at = datetime.fromisoformat(checkpoint.signed_at)
    return Head(number, sequence, hash_.hex(), checkpoint.number, signed_at, checkpoint.digest, checkpoint.key, covered)
