"""The log as a whole: chains, checkpoints and their file; and what the last check found, kept outside the database."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from activity.chain import verify
from activity.checkpoints import files
from activity.checkpoints.keys import public_text, signing_key
from activity.checkpoints.problems import CheckpointProblem
from activity.models import CheckpointMark
from activity.verify_log import Evidence, Verification, summary

MOST_KEPT = 100
"""Problems that are kept for the page; the command prints all."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a check of everything has found."""

    verification: Verification
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    summary: str


def prove(incident_id: int | None = None, *, paths: Sequence[Path] = (), trusted: Sequence[str] = ()) -> Proof:
    """Check the chains against the checkpoints of this installation, or those of other files and keys.

    The checkpoints are read before the entries, so none can tell of an entry that is not there yet.
    """
    evidence, missing = evidence_of(paths, trusted)
    found = verify(incident_id, evidence=evidence)
    problems = (*missing, *evidence.problems, *map(str, found.breaks))
    return Proof(found, problems, tuple(evidence.notes), summary(evidence, found))


def evidence_of(paths: Sequence[Path] = (), trusted: Sequence[str] = ()) -> tuple[Evidence, list[str]]:
    """What the checkpoints say, and what keeps them from being read or believed."""
    problems: list[str] = []
    keys = list(trusted)
    if not keys and not paths and files.newest() is not None:
        try:
            keys = [public_text(signing_key())]
        except CheckpointProblem as problem:
            problems.append(str(problem))
    evidence = Evidence(keys)
    if not paths:
        mark = CheckpointMark.objects.filter(**({"key": keys[0]} if keys else {})).order_by("-number").first()
        evidence.received = {mark.number: mark.digest} if mark else {}
    try:
        files.read(evidence, list(paths) or None)
    except CheckpointProblem as problem:
        problems.append(str(problem))
    return evidence.finish(), problems


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last check of everything found, as the page tells it."""

    checked_at: str
    entries: int
    chains: int
    seconds: float
    problems: list[str]
    notes: list[str]

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.checked_at)


def keep_outcome(proof: Proof, seconds: float) -> None:
    """Write down what a check found, beside the checkpoints."""
    found = proof.verification
    outcome = Outcome(
        checked_at=timezone.now().isoformat(),
        entries=found.entries,
        chains=found.chains,
        seconds=round(seconds, 1),
        problems=list(proof.problems[:MOST_KEPT]),
        notes=list(proof.notes[:MOST_KEPT]),
    )
    path = _outcome_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(asdict(outcome), indent=1), encoding="utf-8")
    fresh.replace(path)


def last_outcome() -> Outcome | None:
    """What the last check found; None when there was none."""
    try:
        return Outcome(**json.loads(_outcome_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _outcome_path() -> Path:
    folder: Path = settings.CHECKPOINT_FOLDER
    return folder / "verification.json"
