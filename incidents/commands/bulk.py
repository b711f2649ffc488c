"""Bulk acts: the same changes on many incidents or alerts as rows first, done a chunk at a time by whoever is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import AccessToken, Principal, User
from activity.actors import Actor
from activity.record import Draft, record
from activity.verbs import Verb
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from common.jobs import LEASE, UNFINISHED, JobState
from incidents import verbs
from incidents.changes import AlertChanges, Changes, Gone
from incidents.choices import BulkSubject, Outcome
from incidents.commands.alerts import MOST_ALERTS
from incidents.commands.manage import Result, apply_to_many, check_for_any
from incidents.commands.many_alerts import change_many_alerts, check_for_any_alert
from incidents.commands.undo import take_back
from incidents.models import BulkAct, BulkItem, Incident

AT_ONCE = 100
"""Incidents or alerts that are changed within the request; more are a job."""
CHUNK = 100
"""Incidents per transaction, which keeps them locked."""
CHUNK_ALERTS = 2_000
"""Alerts of incidents per transaction, unless one incident alone has more."""
OWNERS = ("user__role", "token__role")
DRAFTS_KEPT = timedelta(days=1)


def prepare_act(
    rows: QuerySet[Incident] | QuerySet[Alert], principal: Principal, query: str = "", number: UUID | None = None
) -> BulkAct:
    """A draft over these incidents or alerts: which ones is fixed from here on, what shall change is not said yet.

    A draft is nobody's business but its owner's, and changes nothing; a task removes those that are left lying.
    """
    actor, user = principal.as_actor(), principal if isinstance(principal, User) else None
    act = BulkAct(
        id=number or uuid4(),
        actor={"kind": str(actor.kind), "label": actor.label, "id": actor.id, "channel": str(actor.channel)},
        user=user,
        token=None if isinstance(principal, User) else principal,
        subject=BulkSubject.ALERT if rows.model is Alert else BulkSubject.INCIDENT,
        changes={},
        query=query[:8000],
        state=JobState.DRAFT,
    )
    with transaction.atomic():
        act.save(force_insert=True)
        act.total = _fill(act, rows)
        act.save(update_fields=["total"])
    return act


@command
def start_act(act: BulkAct, changes: Changes | AlertChanges, *, actor: Actor, seen: str = "") -> BulkAct:
    """Let a draft become an act. Started again, it is what it has become meanwhile.

    Raises Refused for changes that none of them could be given, or a draft of nothing.
    """
    act = _lock(act)
    if act.state != JobState.DRAFT:
        return act
    if changes.is_empty():
        raise Refused("Choose something to change first.")
    if not act.total:
        raise Refused(f"None of these {act.subject}s can be found any more; choose others.")
    if isinstance(changes, AlertChanges):
        check_for_any_alert(changes)
        verb = verbs.BULK_ALERTS_STARTED
    else:
        check_for_any(changes)
        verb = verbs.BULK_STARTED
    act.changes, act.seen = changes.as_values(), seen
    return _queue(act, verb, actor, {f"{act.subject}s": f"{act.total:,}", "changes": act.changes})


@command
def start_undo(act: BulkAct, *, actor: Actor) -> BulkAct:
    """Take an act back, as an act of its own; once more is the same one. Raises Refused while it still runs."""
    act = _lock(act)
    known = BulkAct.objects.filter(undo_of=act).first()
    if known is not None:
        return known
    if not act.is_over:
        raise Refused("The act is still running; cancel it first.")
    undo = BulkAct(actor=act.actor | {"label": actor.label}, user=act.user, token=act.token, changes={}, undo_of=act)
    undo.save(force_insert=True)
    changed = Incident.objects.filter(pk__in=act.items.filter(outcome=Outcome.CHANGED).values("incident"))
    undo.total = _fill(undo, changed)
    return _queue(undo, verbs.BULK_UNDO_STARTED, actor, {"incidents": f"{undo.total:,}", "undo_of": str(act.pk)})


@command
def cancel_act(act: BulkAct, *, actor: Actor) -> BulkAct:
    """Let an act end after the chunk that is being changed; what is changed stays changed, and can be undone."""
    act = _lock(act)
    if act.is_over or act.state == JobState.DRAFT:
        return act
    act.end(JobState.CANCELLED)
    act.save(update_fields=["state", "problem", "finished_at", "leased_until"])
    _record(act, verbs.BULK_CANCELLED, actor, {"done": f"{act.done:,}", f"{act.subject}s": f"{act.total:,}"})
    return act


@command
def work_on(act_id: UUID, *, actor: Actor) -> bool:
    """Change the next chunk of what the act is about, in one transaction with the outcomes; whether more is left.

    Nothing happens while somebody else has the act in hand. Whose act it is, and what they may, is read anew for each
    chunk: who has lost the right to change incidents stops there.
    """
    act = _take(act_id)
    if act is None:
        return False
    items = _next_alerts(act) if act.subject == BulkSubject.ALERT else _next_incidents(act)
    if not items:
        act.end(JobState.DONE)
    else:
        problem = _problem_of(act.principal)
        results: dict[int, Result] = {}
        if not problem:
            try:
                results = _change(act, items, actor)
            except (Refused, Gone) as error:
                problem = getattr(error, "problem", str(error))
        if problem:
            act.end(JobState.FAILED, problem)
        else:
            _keep_outcomes(act, results)
            act.hold()
            if act.done >= act.total:
                act.end(JobState.DONE)
    act.save(update_fields=["state", "problem", "counts", "finished_at", "leased_until"])
    return not act.is_over


def _change(act: BulkAct, items: Sequence[int], actor: Actor) -> dict[int, Result]:
    if act.undo_of_id:
        return take_back(items, act.undo_of_id, actor=actor, principal=act.principal, batch=act.pk)
    if act.subject == BulkSubject.ALERT:
        wanted = AlertChanges.from_values(act.changes)
        return change_many_alerts(items, wanted, actor=actor, principal=act.principal, batch=act.pk, seen=act.seen)
    changes = Changes.from_values(act.changes)
    return apply_to_many(items, changes, actor=actor, principal=act.principal, batch=act.pk, seen=act.seen)


def _problem_of(principal: Principal | None) -> str:
    """Why the act may not go on, or nothing."""
    if isinstance(principal, AccessToken):
        is_there = principal.is_usable(timezone.now())
    else:
        is_there = principal is not None and principal.is_active
    if principal is None or not is_there:
        return "The account that asked for it is gone."
    if not (principal.may(Permission.BULK_EDIT) and principal.may(Permission.EDIT_INCIDENTS)):
        return f"{principal} may no longer change several at once."
    return ""


def _take(act_id: UUID) -> BulkAct | None:
    """The act, locked, unless it is over or another worker holds it."""
    rows = BulkAct.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related(*OWNERS)
    return rows.filter(pk=act_id, state__in=UNFINISHED).first()


def _waiting(act: BulkAct) -> QuerySet[BulkItem]:
    rows = BulkItem.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.filter(act=act, outcome=Outcome.WAITING)


def _next_alerts(act: BulkAct) -> list[int]:
    """The next alerts without an outcome, as many as one transaction shall hold, of no more incidents than that."""
    chosen: list[int] = []
    incidents: set[int] = set()
    for number, incident in _waiting(act).order_by("alert").values_list("alert", "alert__incident")[:MOST_ALERTS]:
        incidents.add(incident)
        if len(incidents) > CHUNK:
            break
        chosen.append(number)
    return chosen


def _next_incidents(act: BulkAct) -> list[int]:
    """The next incidents without an outcome, as many as one transaction shall hold."""
    chosen: list[int] = []
    alerts = 0
    for number, size in _waiting(act).order_by("incident").values_list("incident", "incident__alerts_total")[:CHUNK]:
        alerts += size
        if chosen and alerts > CHUNK_ALERTS:
            break
        chosen.append(number)
    return chosen


def _keep_outcomes(act: BulkAct, results: dict[int, Result]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE incidents_bulkitem AS item SET outcome = done.outcome, reason = done.reason,"
            " incident_id = coalesce(done.incident, item.incident_id)"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[])"
            " AS done (number, outcome, reason, incident)"
            f" WHERE item.act_id = %s AND item.{act.subject}_id = done.number AND item.outcome = 'waiting'",
            [
                list(results),
                [str(result.outcome) for result in results.values()],
                [result.reason for result in results.values()],
                [result.incident for result in results.values()],
                act.pk,
            ],
        )
    found = Counter(act.counts) + Counter(str(result.outcome) for result in results.values())
    act.counts = dict(found)


def _queue(act: BulkAct, verb: Verb, actor: Actor, facts: dict[str, Any]) -> BulkAct:
    """Ready to be worked on; the lease keeps the sweep from it until the first chunk has had its time."""
    act.state = JobState.QUEUED
    act.created_at = timezone.now()
    act.leased_until = act.created_at + LEASE
    if not act.total:
        act.end(JobState.DONE)
    act.save()
    _record(act, verb, actor, facts)
    return act


def _record(act: BulkAct, verb: Verb, actor: Actor, facts: dict[str, Any]) -> None:
    """In the system's own stream; each incident's log tells of its own."""
    record(Draft(verb, actor, facts=facts | {"act": str(act.pk)}, batch=act.pk))


def _lock(act: BulkAct) -> BulkAct:
    return BulkAct.objects.select_for_update(no_key=True, of=("self",)).select_related(*OWNERS).get(pk=act.pk)


def _fill(act: BulkAct, rows: QuerySet[Any]) -> int:
    """Fix which incidents or alerts the act is about, in one statement; how many they are."""
    try:
        chosen, parameters = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO incidents_bulkitem (act_id, {act.subject}_id, outcome, reason)"
            f" SELECT %s, chosen.id, 'waiting', '' FROM ({chosen}) AS chosen (id) ORDER BY chosen.id",
            [act.pk, *parameters],
        )
        return int(cursor.rowcount)


def forget_drafts(now: datetime) -> int:
    """Remove drafts that nobody has started for a day."""
    gone, _ = BulkAct.objects.filter(state=JobState.DRAFT, created_at__lt=now - DRAFTS_KEPT).delete()
    return gone
