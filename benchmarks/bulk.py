"""One act on as many incidents as there are open ones, up to 50,000: previewed, carried out by the chunks of a worker,
and taken back. What the preview says and what was changed must be the same number."""

from __future__ import annotations

import time
from collections.abc import Iterator

from accounts.models import User
from benchmarks.measure import Row
from incidents.changes import Changes
from incidents.choices import Outcome
from incidents.commands import bulk
from incidents.models import BulkAct, Incident
from incidents.queries.bulk import incidents_of, preview

USER = "analyst01"
MOST = 50_000
FEW = 2_000
"""Incidents of the acts that write an entry for each alert as well."""


def measure(rounds: int) -> Iterator[Row]:
    user = User.objects.select_related("role").get(username=USER)
    assignee = User.objects.exclude(pk=user.pk).filter(username__startswith="analyst").order_by("pk")[3]
    for name, changes, most in (
        ("a tag added", Changes(add_tags=["seen by the benchmark's act"]), MOST),
        ("assigned", Changes(assignee=assignee), FEW),
    ):
        yield from _act(name, changes, most, user)


def _act(name: str, changes: Changes, most: int, user: User) -> Iterator[Row]:
    chosen = Incident.objects.visible_to(user).open().order_by("pk").values("pk")[:most]
    act = bulk.prepare_act(Incident.objects.filter(pk__in=chosen), user)
    started = time.perf_counter()
    expected = preview(incidents_of(act), changes, chosen=act.total).changed
    previewed = time.perf_counter() - started
    act = bulk.start_act(act, changes, actor=user.as_actor())
    changed = _carried_out(act, user)
    if act.counts.get(Outcome.CHANGED, 0) != expected:
        raise RuntimeError(f"{name}: the preview said {expected}, changed were {act.counts}")
    undo = bulk.start_undo(act, actor=user.as_actor())
    undone = _carried_out(undo, user)
    if undo.counts.get(Outcome.CHANGED, 0) != expected:
        raise RuntimeError(f"{name}: {expected} were changed, taken back were {undo.counts}")
    yield Row(f"bulk, {name}, incidents", act.total, "incidents")
    yield Row(f"bulk, {name}, preview", previewed * 1000, "ms")
    yield Row(f"bulk, {name}", act.total / changed, "incidents/s", n=act.total)
    yield Row(f"bulk, {name}, taken back", act.total / undone, "incidents/s", n=act.total)


def _carried_out(act: BulkAct, user: User) -> float:
    """Seconds until every chunk is done, one after the other as a worker does them."""
    started = time.perf_counter()
    while bulk.work_on(act.pk, actor=user.as_actor()):
        pass
    act.refresh_from_db()
    return time.perf_counter() - started
