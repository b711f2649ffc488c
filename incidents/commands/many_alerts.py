"""The same changes on many alerts, each of them wholly or not at all: what a bulk act does with a chunk of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from accounts.models import Principal, Team, User
from activity.actors import Actor, Channel
from activity.models import Entry
from activity.snapshots import unseen
from activity.wording import in_words
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from incidents.changes import AlertChanges
from incidents.choices import Outcome
from incidents.commands.alerts import carry_out, changers, lock_alerts, value_of, wishes_for_alerts
from incidents.commands.assignment import check_assignee
from incidents.commands.change import lock_all
from incidents.commands.classification import check_finding
from incidents.commands.comments import add_comment
from incidents.commands.manage import UNSEEN, Result
from incidents.commands.sight import check_named
from incidents.models import Incident
from incidents.rules import check_text

MOVED = Result(Outcome.CONFLICT, "Moved to another incident this moment.")


def check_for_any_alert(changes: AlertChanges) -> None:
    """Raises Refused for changes that no alert could be given, whatever it is like."""
    if isinstance(changes.assignee, User | Team):
        check_assignee(changes.assignee)
    if changes.classification is not None:
        check_finding(changes.classification, changes.determination)
    if changes.comment.strip():
        check_text(changes.comment, "comment")


@command
def change_many_alerts(
    alert_ids: Iterable[int],
    changes: AlertChanges,
    *,
    actor: Actor,
    principal: Principal | None = None,
    batch: UUID | None = None,
    seen: str = "",
) -> dict[int, Result]:
    """The same changes on many alerts of any incidents in one batch; what became of each.

    What `principal` may not see is left alone, and so is an alert of which somebody else has changed the same field
    since the snapshot `seen` (activity/snapshots.py). The comment is said once on each incident, however often the
    batch comes by. Raises Refused for what no alert could be given.
    """
    check_for_any_alert(changes)
    batch = batch or uuid4()
    actor = actor.through(Channel.BULK)
    wanted = sorted(set(alert_ids))
    incidents = lock_all(Alert.objects.filter(pk__in=wanted).values_list("incident_id", flat=True).distinct())
    found = lock_alerts(_visible(wanted, principal))
    results = dict.fromkeys(wanted, UNSEEN)
    closed = _kept_from(changes, incidents)
    newer = _changed_since(found, changes, seen, actor) if seen else {}
    chosen: list[Alert] = []
    for alert in found:
        if alert.incident_id not in incidents:
            results[alert.pk] = MOVED
        elif alert.incident_id in closed:
            results[alert.pk] = Result(Outcome.REFUSED, closed[alert.incident_id], alert.incident_id)
        elif alert.pk in newer:
            results[alert.pk] = Result(Outcome.CONFLICT, newer[alert.pk], alert.incident_id)
        else:
            chosen.append(alert)
    concerned = {alert.incident_id: incidents[alert.incident_id] for alert in chosen}
    act = carry_out(concerned, chosen, changes, actor, batch, {})
    says = bool(changes.comment.strip())
    for number in sorted(concerned) if says else ():
        add_comment(concerned[number], changes.comment, actor=actor, once=batch)
    for alert in chosen:
        outcome = Outcome.CHANGED if says or alert.pk in act.alerts else Outcome.UNCHANGED
        results[alert.pk] = Result(outcome, incident=alert.incident_id)
    return results


def _visible(alert_ids: Sequence[int], principal: Principal | None) -> list[int]:
    """Those of the alerts that this person or token may see; all of them to nobody in particular."""
    if principal is None:
        return list(alert_ids)
    return list(Alert.objects.visible_to(principal).filter(pk__in=alert_ids).values_list("pk", flat=True))


def _kept_from(changes: AlertChanges, incidents: Mapping[int, Incident]) -> dict[int, str]:
    """Restricted incidents that the new assignee does not see, and what is said of it."""
    if not isinstance(changes.assignee, User | Team):
        return {}
    closed = {}
    for number, incident in incidents.items():
        try:
            check_named(incident, changes.assignee)
        except Refused as refused:
            closed[number] = refused.problem
    return closed


def _changed_since(alerts: Sequence[Alert], changes: AlertChanges, seen: str, actor: Actor) -> dict[int, str]:
    """Alerts of which others have changed a wanted field since the snapshot, to something else; and what it is."""
    entries = unseen(
        Entry.objects.filter(
            incident__in={alert.incident_id for alert in alerts},
            subject_kind="alert",
            subject_id__in=[str(alert.pk) for alert in alerts],
        ),
        seen,
    )
    ordered = entries.order_by("incident", "sequence")
    changed_by = changers(each for each in ordered if (each.actor_kind, each.actor_id) != (actor.kind, actor.id))
    found: dict[int, list[str]] = {}
    for alert in alerts if changed_by else ():
        for name, mine in wishes_for_alerts(changes).items():
            by = changed_by.get((alert.pk, name))
            if by and (theirs := value_of(alert, name)) != mine:
                found.setdefault(alert.pk, []).append(f"{name} by {by} ({_told(theirs, name)})")
    return {number: f"Changed meanwhile: {', '.join(parts)}"[:500] for number, parts in found.items()}


def _told(value: Any, name: str) -> str:
    return in_words(value, name) or "nothing"
