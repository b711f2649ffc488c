"""Changing an incident as the program had it before its eyes: held, compared with what it names, then changed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from common.command import in_one_transaction
from common.errors import Conflict
from common.preconditions import Seen, seen_of
from incidents.changes import Changes
from incidents.commands.change import lock
from incidents.commands.manage import conflicts_since
from incidents.models import Incident


def held(
    request: Request,
    incident: Incident,
    act: Callable[[Incident], Response],
    wanted: Callable[[Incident], Changes] | None = None,
) -> Response:
    """What `act` answers, which is given the incident locked and at a version that If-Match names.

    An older version is refused even where other fields were changed since: the page merges what does not overlap, for
    its person sees the outcome, but If-Match says that nothing at all may be otherwise (RFC 9110 section 13.1.1).
    Raises PreconditionRequired without the header, and Conflict with the version as it is now and those of the `wanted`
    changes that somebody else has made otherwise.
    """
    seen = seen_of(request)

    def compare_and_act() -> Response:
        locked = lock(incident)
        if seen.allows(locked.version):
            return act(locked)
        if not Incident.objects.visible_to(principal_of(request)).filter(pk=locked.pk).exists():
            raise Http404
        raise Conflict(locked.version, conflicts_since(locked, wanted(locked), _latest(seen)) if wanted else [])

    return in_one_transaction(compare_and_act)


def _latest(seen: Seen) -> int:
    """The newest version that was named; of none of ours, all that was ever changed may be news."""
    return min(max(seen.versions or (), default=0), 2**31 - 1)
