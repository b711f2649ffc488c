"""Trying a rule on stored alerts: a row first, then whoever is there to do it. Nothing else is written, so a trial
leaves no entry."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import User
from common.errors import Refused
from common.jobs import LEASE, UNFINISHED, JobState
from ingest.choices import TrialOf
from ingest.models import Trial
from ingest.queries.history import chunks, numbers_of
from ingest.rulebook import join_rules
from ingest.trying import Attempt, JoinAttempt, TuneAttempt
from ingest.tuning import Conditions

SPANS = (1, 7, 30)
"""Days that a trial may go back."""
KEPT = timedelta(days=7)
TELL_EVERY = 0.5
"""Seconds between two words of how far it is."""


def start_trial(of: TrialOf, subject: str, values: Mapping[str, Any], *, days: int, user: User) -> Trial:
    """A trial, ready to be carried out. Raises Refused for another span than those offered."""
    if days not in SPANS:
        raise Refused(f"Choose one of {', '.join(map(str, SPANS))} days.", field="days")
    return Trial.objects.create(
        user=user, of=of, subject=subject, values=dict(values), days=days, leased_until=timezone.now() + LEASE
    )


def cancel_trial(trial: Trial) -> None:
    """Let a trial end; whoever is at it notices with the next thousand alerts."""
    Trial.objects.filter(pk=trial.pk, state__in=UNFINISHED).update(
        state=JobState.CANCELLED, finished_at=timezone.now(), leased_until=None
    )


def carry_out(trial_id: UUID) -> None:
    """Try the rule, from the first alert on; nothing happens while somebody else is at it or when it is over."""
    trial = _take(trial_id)
    if trial is None:
        return
    if not trial.user.is_active or not trial.user.may(Permission.MANAGE_RULES):
        trial.end(JobState.FAILED, f"{trial.user.display_name} may no longer manage rules.")
        trial.save()
        return
    ids, is_cut = numbers_of(trial.user, trial.days)
    attempt, told = _attempt(trial), 0.0
    Trial.objects.filter(pk=trial.pk).update(total=len(ids))
    done = 0
    for alerts in chunks(ids):
        attempt.take(alerts)
        done += len(alerts)
        if time.monotonic() > told + TELL_EVERY:
            told = time.monotonic()
            if not _tell(trial, done):
                return
    trial.done, trial.total, trial.result = done, len(ids), attempt.result() | {"is_cut": is_cut}
    trial.end(JobState.DONE)
    trial.save(update_fields=["done", "total", "result", "state", "problem", "finished_at", "leased_until"])


def forget_trials(now: datetime) -> int:
    """Remove trials of more than a week ago."""
    gone, _ = Trial.objects.filter(created_at__lt=now - KEPT).delete()
    return gone


def _attempt(trial: Trial) -> Attempt:
    if trial.of == TrialOf.TUNING:
        return TuneAttempt(Conditions.from_values(trial.values["conditions"]))
    before = join_rules()
    after = before.with_rule(before[trial.subject].with_values(trial.values), trial.values["place"])
    return JoinAttempt(before, after)


def _tell(trial: Trial, done: int) -> bool:
    """Say how far it is; whether it shall go on."""
    still = Trial.objects.filter(pk=trial.pk, state=JobState.RUNNING)
    return bool(still.update(done=done, leased_until=timezone.now() + LEASE))


def _take(trial_id: UUID) -> Trial | None:
    """The trial, ours for the time of a lease, unless it is over or another worker is at it."""
    with transaction.atomic():
        rows = Trial.objects.select_for_update(of=("self",), skip_locked=True).select_related("user__role")
        trial = rows.filter(pk=trial_id, state__in=UNFINISHED).first()
        if trial is None:
            return None
        is_held = trial.state == JobState.RUNNING and trial.leased_until and trial.leased_until > timezone.now()
        if is_held:
            return None
        trial.hold()
        trial.save(update_fields=["state", "leased_until"])
        return trial
