"""How the proof of the log stands, for the Status page: in a sentence where something is amiss, else nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from activity.checkpoints import files
from activity.checkpoints.keys import public_text, signing_key
from activity.checkpoints.problems import CheckpointProblem
from activity.checkpoints.verifying import last_outcome
from activity.models import CheckpointMark, Entry
from activity.snapshots import unseen
from activity.verify_log import Checkpoint

LATE = timedelta(minutes=5)
"""So long an entry may wait for its checkpoint; there is one every minute."""
STALE = timedelta(hours=50)
"""So long ago the nightly check may have been."""


def problem_of_checkpoints() -> str:
    """Whether what is recorded is signed, with the key and in the files of before."""
    newest = files.newest()
    try:
        key = public_text(signing_key()) if newest else ""
    except CheckpointProblem as problem:
        return str(problem)
    if newest and key not in (newest.key, newest.next_key):
        return "The key that signs checkpoints is not that of the last checkpoint; see “Proof” in docs/operations.md."
    mark = CheckpointMark.objects.filter(**({"key": newest.key} if newest else {})).order_by("-number").first()
    if mark and mark.number > (newest.number if newest else 0):
        return (
            f"Checkpoint {mark.number} was written, and is not in {files.folder()}: its files were cut, moved or lost. "
            "Bring them back from your backup; see “Proof” in docs/operations.md."
        )
    if waits_unsigned(newest):
        since = f"since number {newest.number} of {newest.signed_at[:16].replace('T', ' ')} UTC" if newest else "yet"
        return f"No checkpoint has been written {since}, though there is something to sign. Is the worker running?"
    return ""


def waits_unsigned(newest: Checkpoint | None) -> bool:
    """Whether an entry has waited for its checkpoint for too long."""
    if newest and datetime.fromisoformat(newest.signed_at) > timezone.now() - LATE:
        return False
    entries = Entry.objects.all() if newest is None else unseen(Entry.objects.all(), newest.snapshot)
    waiting = entries.order_by("transaction", "pk").values_list("recorded_at", flat=True).first()
    return waiting is not None and waiting < timezone.now() - LATE


def problem_of_verification() -> str:
    """Whether the last check of the whole log found it untouched, and was not too long ago."""
    outcome = last_outcome()
    if outcome is None:
        return ""
    if outcome.problems:
        more = f" There are {len(outcome.problems) - 1} more." if len(outcome.problems) > 1 else ""
        return (
            f"The activity log does not verify. Checked at {outcome.time:%Y-%m-%d %H:%M} UTC: "
            f"{outcome.problems[0].rstrip('.')}.{more} See “What an alarm means” in docs/operations.md."
        )
    if outcome.time < timezone.now() - STALE:
        return f"The activity log was last verified on {outcome.time:%Y-%m-%d %H:%M} UTC. Is the scheduler running?"
    return ""


def alarms() -> int:
    """How many misfits the last check of the log has found."""
    outcome = last_outcome()
    return len(outcome.problems) if outcome else 0


def told() -> list[tuple[str, str]]:
    """The last checkpoint, the last check and the public key, each with its name."""
    newest, outcome = files.newest(), last_outcome()
    try:
        key = public_text(signing_key())
    except CheckpointProblem:
        key = "none"
    signed = "none yet"
    if newest:
        counts = f"{newest.entries:,} entries in {newest.chains:,} chains"
        signed = f"number {newest.number} of {newest.signed_at[:16].replace('T', ' ')} UTC, over {counts}"
    checked = "not yet"
    if outcome:
        number = len(outcome.problems)
        found = f"{number:,} misfit{'s' if number > 1 else ''}" if number else "nothing amiss"
        checked = f"{outcome.time:%Y-%m-%d %H:%M} UTC, {outcome.entries:,} entries: {found}"
    return [("Last checkpoint", signed), ("Last verified", checked), ("Public key", key)]
