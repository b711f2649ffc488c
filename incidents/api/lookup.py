"""One incident by its number, for every address of the API that begins with one."""

from __future__ import annotations

from django.http import Http404
from rest_framework.request import Request

from accounts.authentication import principal_of
from accounts.models import Principal, User
from activity.actors import Actor, Channel
from common.bodies import LARGEST_ID
from incidents.commands.looking import record_look
from incidents.models import Incident


def actor_of(request: Request) -> Actor:
    """Who changes something by a request of the API."""
    return principal_of(request).as_actor(Channel.API)


def visible_or_404(number: int, principal: Principal) -> Incident:
    """The incident of a number, as far as the principal may see it; a look through broken glass is recorded."""
    incident = Incident.objects.visible_to(principal).filter(pk=min(number, LARGEST_ID)).first()
    if incident is None:
        raise Http404
    if incident.restricted and isinstance(principal, User):
        record_look(incident, principal)
    return incident
