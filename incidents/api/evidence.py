"""Evidence and assets of an incident, for programs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from common.api_lists import limit_of, one_of, without
from common.endpoints import Endpoint
from common.pagination import BadCursor
from common.query_strings import address, with_values
from incidents.api.entities import absolute, following
from incidents.api.lookup import visible_or_404
from incidents.models import Incident
from incidents.queries.evidence_asked import KEYS, Asked, BadQuestion
from incidents.queries.plain_evidence import kinds_of, plain_evidence

READ = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}


class AssetsView(Endpoint):
    """The devices, users, mailboxes, apps and cloud resources that an incident's alerts are about, those in most alerts
    first. Takes the keys of the tab, `type`, `verdict` and `q`, with `limit` and `next` as every list."""

    needs = READ

    def get(self, request: Request, number: int) -> Response:
        incident = visible_or_404(number, principal_of(request))
        return Response(evidence_answer(request, incident, assets=True))


class EvidenceView(Endpoint):
    """Everything else that an incident's alerts name, or people have added: files, processes, addresses, messages."""

    needs = READ

    def get(self, request: Request, number: int) -> Response:
        incident = visible_or_404(number, principal_of(request))
        return Response(evidence_answer(request, incident, assets=False))


def evidence_answer(request: Request, incident: Incident, *, assets: bool) -> dict[str, Any]:
    """The page of a tab that an address asks for. Raises UnknownKeys or ValidationError for one that means nothing."""
    limit, query = limit_of(request.query_params), without(request.query_params, ("limit",))
    for key in KEYS:
        one_of(query, key)
    try:
        asked = Asked.of(query, kinds_of(assets=assets))
    except BadQuestion as error:
        raise ValidationError({error.key: [str(error)]}) from None
    except BadCursor as error:
        raise ValidationError({"after": [str(error)]}) from None
    found = plain_evidence(incident, asked, assets=assets, limit=limit)
    name = "assets" if assets else "evidence"
    path = address(reverse(f"incidents:{name}", args=[incident.pk]), with_values(query))
    return {
        name: found.rows,
        "kinds": found.kinds,
        "next": following(request, found.next),
        "page": absolute(request, path),
        "version": incident.version,
    }
