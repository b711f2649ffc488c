"""Break-glass: opening a restricted incident in need, for a while, with a reason, and with everybody told."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.choices import Permission
from accounts.models import User
from activity.actors import Actor, ActorKind
from activity.models import Entry
from activity.record import Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.choices import NoticeReason
from incidents.commands.change import lock
from incidents.models import BreakGlass, Incident, IncidentAccess, Notice
from incidents.rules import check_reason

MOST_ASKED, WITHIN = 5, timedelta(hours=1)
"""How often a person may ask, found or not: nobody goes through the numbers."""


class AskedTooOften(Refused):
    """Somebody has broken the glass, or tried to, too often of late."""


@command
def break_glass(number: int, reason: str, *, actor: Actor) -> BreakGlass:
    """Let the actor see the restricted incident of that number for `BREAK_GLASS_MINUTES`. Its members are told, and
    those who might have done it themselves.

    Where there is no such incident, the row says so, and it is recorded and counted all the same. Refused for what the
    person sees already, without a reason, and for who asks too often.
    """
    person = _locked_person(actor)
    reason = check_reason(reason, required=True)
    incident = _where_it_went(number)
    if incident is not None and (running := BreakGlass.objects.running(incident).filter(user=person).first()):
        return running
    if incident is not None and Incident.objects.visible_to(person).filter(pk=incident.pk).exists():
        raise Refused(f"You see #{number} already; open it as any other.", field="number")
    if BreakGlass.objects.filter(user=person, asked_at__gt=Now() - WITHIN).count() >= MOST_ASKED:
        raise AskedTooOften(
            f"You have asked {MOST_ASKED} times within an hour. Wait an hour, or ask a member of the incident."
        )
    glass = BreakGlass.objects.create(
        user=person,
        number=number,
        incident=incident,
        reason=reason,
        ends_at=None if incident is None else Now() + settings.BREAK_GLASS_TIME,
    )
    glass.refresh_from_db()
    if incident is None:
        _record_for_the_system(glass, actor)
    else:
        _tell(glass, lock(incident), actor)
    return glass


@command
def end_break_glass(incident: Incident, *, actor: Actor) -> Incident:
    """Give up what the actor was let see, before its time is over."""
    incident = lock(incident)
    if BreakGlass.objects.running(incident).filter(user_id=actor.id or 0).update(ends_at=Now()):
        _record(incident, verbs.GLASS_CLOSED, actor)
    return incident


@command
def look_through_glass(incident: Incident, *, actor: Actor) -> Incident:
    """Record that the actor looked at what they were let see: once for each time they broke the glass."""
    incident = lock(incident)
    unseen = BreakGlass.objects.running(incident).filter(user_id=actor.id or 0, viewed_at__isnull=True)
    if unseen.update(viewed_at=Now()):
        _record(incident, verbs.GLASS_LOOKED_THROUGH, actor)
    return incident


def _locked_person(actor: Actor) -> User:
    """Who asks, held so that two requests at once count as two. Raises Refused for whom it is not."""
    found = None
    if actor.kind == ActorKind.USER:
        # Without the key, which entries and notices of others refer to meanwhile.
        rows = User.objects.get_queryset().select_for_update(of=("self",), no_key=True).select_related("role")
        found = rows.filter(pk=actor.id or 0).first()
    if found is None or not (found.may(Permission.BREAK_GLASS) and found.may(Permission.SEE_INCIDENTS)):
        raise Refused("Only a person whose role allows it can open an incident by break-glass.")
    return found


def _where_it_went(number: int) -> Incident | None:
    """The incident of that number, or the one it was merged into in the end."""
    found = Incident.objects.filter(pk=number).first()
    while found is not None and found.redirected_to_id is not None:
        found = Incident.objects.get(pk=found.redirected_to_id)
    return found


def _tell(glass: BreakGlass, incident: Incident, actor: Actor) -> None:
    """Record it in both logs. The incident's rings at its members; the system's at whoever might have done it too, so
    that one more pair of eyes knows, without learning what the incident is about."""
    _record(incident, verbs.GLASS_BROKEN, actor, minutes=_minutes(glass), text=glass.reason)
    entry = _record_for_the_system(glass, actor)
    members = IncidentAccess.objects.filter(incident=incident).values("user")
    told = _second_pair_of_eyes(glass.user).exclude(pk__in=members)
    Notice.objects.bulk_create([Notice(user=each, entry=entry, reason=NoticeReason.BREAK_GLASS) for each in told])


def _second_pair_of_eyes(person: User) -> QuerySet[User]:
    """Who else may break glass; where nobody else may, those who manage people."""
    for permission in (Permission.BREAK_GLASS, Permission.MANAGE_PEOPLE):
        others = User.objects.who_may(permission).exclude(pk=person.pk)
        if others.exists():
            break
    return others


def _record(incident: Incident, verb: Verb, actor: Actor, *, text: str | None = None, **facts: int) -> None:
    """Nothing about the incident has changed, so its version stays."""
    record(Draft(verb, actor, incident_id=incident.pk, incident_version=incident.version, facts=facts, text=text))


def _record_for_the_system(glass: BreakGlass, actor: Actor) -> Entry:
    was_given = glass.incident_id is not None
    facts = {"number": glass.number, "reason": glass.reason} | ({"minutes": _minutes(glass)} if was_given else {})
    subject = Subject("break_glass", str(glass.pk), f"#{glass.number}")
    return record(Draft(verbs.GLASS_OPENED if was_given else verbs.GLASS_IN_VAIN, actor, subject=subject, facts=facts))


def _minutes(glass: BreakGlass) -> int:
    assert glass.ends_at is not None
    return round((glass.ends_at - glass.asked_at).total_seconds() / 60)
