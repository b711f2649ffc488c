"""Who sees a restricted incident, told to those who do; and who opened one by break-glass, to those who watch it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.models import Team, User
from common.marks import initials, person_mark, time_mark
from incidents.models import BreakGlass, Incident
from incidents.models.access import Member, members_of

PAGE = 50
MOST_SHOWN = 8
"""Members that are shown where the incident is."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """What page and pane say of an incident being restricted."""

    members: Sequence[SafeString]
    more: int
    """Members that are not shown."""
    guest: Guest | None


@dataclass(frozen=True, slots=True)
class Guest:
    """That the person reading sees it by break-glass, and for how long."""

    ends: SafeString
    """How long still."""
    ends_at: datetime


def restriction_of(incident: Incident, user: User) -> Restriction | None:
    """None for an incident that everyone sees."""
    if not incident.restricted:
        return None
    glass = BreakGlass.objects.running(incident).filter(user=user).order_by("-ends_at").first()
    guest = Guest(time_mark(glass.ends_at), glass.ends_at) if glass and glass.ends_at else None
    members = members_of(incident)
    shown = [mark_of(member) for member in members[:MOST_SHOWN]]
    return Restriction(shown, len(members) - len(shown), guest)


def mark_of(member: Member) -> SafeString:
    name = str(member)
    return person_mark(initials(name), name, "team" if isinstance(member, Team) else "person")


def is_first_look(incident: Incident, user: User) -> bool:
    """Whether the person sees the incident by break-glass and has not looked at it before."""
    unseen = BreakGlass.objects.running(incident).filter(user=user, viewed_at__isnull=True)
    return incident.restricted and unseen.exists()


@dataclass(frozen=True, slots=True)
class Uses:
    """A page of what was asked for by break-glass, newest first, and where the older ones start."""

    rows: list[dict[str, Any]]
    older: int | None


def uses(*, before: int | None = None) -> Uses:
    """Who asked, when, for which number, for how long and why: nothing of what the incidents are about."""
    rows = BreakGlass.objects.select_related("user").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    now = timezone.now()
    return Uses([_use(glass, now) for glass in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None)


def _use(glass: BreakGlass, now: datetime) -> dict[str, Any]:
    lasting = ""
    if glass.ends_at is not None:
        minutes = round((glass.ends_at - glass.asked_at).total_seconds() / 60)
        lasting = f"{minutes} min{', still open' if glass.ends_at > now else ''}"
    return {
        "time": time_mark(glass.asked_at, now),
        "who": person_mark(glass.user.initials, glass.user.display_name),
        "number": glass.number,
        "lasting": lasting,
        "looked": time_mark(glass.viewed_at, now) if glass.viewed_at else "",
        "reason": glass.reason,
    }


def uses_since(since: datetime) -> tuple[int, int]:
    """How often somebody asked since then, and how often something was opened."""
    rows = BreakGlass.objects.filter(asked_at__gte=since)
    return rows.count(), rows.filter(incident__isnull=False).count()
