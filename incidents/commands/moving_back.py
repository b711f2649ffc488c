"""Undoing a move of alerts: they are where they were, by what tied them there, as if they had never been moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Principal
from activity.actors import Actor, ActorKind
from activity.models import Entry
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from entities.models import Entity
from incidents import verbs
from incidents.choices import IncidentStatus
from incidents.commands.apart import Parting, take_back_parting
from incidents.commands.audience import check_not_wider
from incidents.commands.change import lock_all
from incidents.commands.lifecycle import resolve
from incidents.commands.manage import visible_among
from incidents.commands.moving import READ, Move, Moving
from incidents.models import Incident
from incidents.rules import NOT_SEEN

TAKEN_BACK = "The move was taken back."
ARRIVED = (verbs.ALERTS_MOVED_IN.name, verbs.SPLIT_OFF.name)


@command
def move_back(to: Incident, batch: UUID, *, actor: Actor, principal: Principal | None = None) -> list[Move]:
    """Undo the actor's own move `batch` into this incident; one Move for each incident the alerts are in again.

    An incident that was split off for them is resolved, unless somebody else has worked on it. Raises Refused, with
    what stands in the way, where an alert was moved on or an incident was merged, resolved or restricted since.
    """
    told = Entry.objects.of_incident(to.pk).filter(batch=batch, verb__in=ARRIVED).first()
    if told is None or not _is_own(told, actor):
        raise Refused(f"There is no such move of yours into #{to.pk}.")
    numbers = [int(number) for number in told.facts["moved_from"]]
    locked = lock_all({to.pk, *numbers})
    if len(visible_among(locked, principal)) < 1 + len(numbers):
        raise Refused(NOT_SEEN)
    to, origins = locked[to.pk], [locked[number] for number in numbers]
    left = {
        entry.incident_id: entry.facts
        for entry in Entry.objects.filter(incident__in=numbers, batch=batch, verb=verbs.ALERTS_MOVED_OUT.name)
    }
    _check_is_as_left(to, origins, left)
    back = uuid4()
    moves = [_Returning(to, origin, left[origin.pk], actor, back).run() for origin in origins]
    to = locked[to.pk]
    if told.verb == verbs.SPLIT_OFF.name and not to.alerts_total and to.is_open and not _others(to, told, actor):
        resolve(to, actor=actor, note=TAKEN_BACK, batch=back)
    return moves


def _is_own(told: Entry, actor: Actor) -> bool:
    return (told.actor_kind, told.actor_id) == (actor.kind, actor.id)


def _check_is_as_left(to: Incident, origins: Sequence[Incident], left: Mapping[int | None, dict[str, Any]]) -> None:
    """Raises Refused for the first thing that stands in the way."""
    if to.status == IncidentStatus.REDIRECTED:
        raise Refused(f"#{to.pk} was merged into #{to.redirected_to_id} since; take that merge back first.")
    for origin in origins:
        if "links" not in left.get(origin.pk, {}):
            raise Refused("This move was made before moves could be taken back; move the alerts back instead.")
        if origin.status == IncidentStatus.REDIRECTED:
            raise Refused(f"#{origin.pk} was merged into #{origin.redirected_to_id} since; take that merge back first.")
        if not origin.is_open:
            raise Refused(f"#{origin.pk} is resolved; reopen it first.")
        check_not_wider([to], origin)
    wanted = {number for facts in left.values() for number in facts["alert_ids"]}
    present = set(Alert.objects.of_incident(to.pk).filter(pk__in=wanted).values_list("pk", flat=True))
    if gone := len(wanted - present):
        words = "1 of these alerts has" if gone == 1 else f"{gone} of these alerts have"
        raise Refused(f"{words} been moved on since; move what is still in #{to.pk} back by hand.")


def _others(to: Incident, told: Entry, actor: Actor) -> bool:
    """Whether anybody else has worked on the incident since it was split off."""
    later = Entry.objects.of_incident(to.pk).filter(sequence__gt=told.sequence, actor_kind=ActorKind.USER)
    return later.exclude(actor_id=actor.id).exists()


class _Returning(Moving):
    """The way back of one move, into one of the incidents that the alerts came from."""

    def __init__(self, to: Incident, origin: Incident, facts: Mapping[str, Any], actor: Actor, batch: UUID) -> None:
        rows = Alert.objects.filter(pk__in=facts["alert_ids"]).order_by("pk").select_for_update(of=("self",))
        self.links = dict(zip(facts["alert_ids"], facts["links"], strict=True))
        parting = facts["parting"]
        self.parting = Parting(parting["made"], [tuple(row) for row in parting["voided"]])
        super().__init__([to], {to.pk: list(rows.only(*READ))}, origin, actor, TAKEN_BACK, batch)

    def move(self) -> dict[int, Parting]:
        """Each alert has its former link again, and nothing keeps it apart that the move did."""
        now = timezone.now()
        entities = Entity.objects.filter(pk__in={entity for _, entity, _ in self.links.values()})
        known = set(entities.values_list("pk", flat=True))
        alike: dict[tuple[str, int | None, str], list[int]] = defaultdict(list)
        for number, (rule, entity, reason) in self.links.items():
            alike[rule, entity if entity in known else None, reason].append(number)
        for (rule, entity, reason), ids in alike.items():
            Alert.objects.filter(pk__in=ids).update(
                incident=self.to, link_rule=rule, link_reason=reason, link_entity=entity, linked_at=now, updated_at=now
            )
        take_back_parting(self.to.pk, self.origins[0].pk, self.parting)
        return {}
