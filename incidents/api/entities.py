"""Entities for programs: finding one, what is known of it, and where it was."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from alerts.api import alerts_answer
from alerts.choices import Severity
from alerts.filters.alert_filter import AlertFilter
from alerts.queries import queue as alert_queue
from alerts.shapes import ALERT
from common.api_lists import ABOUT_KEYS, following, limit_of, listed, listing, one_of, without
from common.endpoints import Endpoint
from common.pagination import BadCursor
from common.query_strings import address, nearest, with_values
from common.shapes import (
    answer,
    chosen,
    link,
    list_of,
    looked_up,
    or_null,
    text,
    word_of,
)
from entities.choices import Criticality, EntityKind
from entities.models import Entity
from entities.naming import page_of
from incidents.api.incidents import with_addresses
from incidents.forms.entities import LONGEST_TEXT, BadAddress, read_list, read_timeline
from incidents.queries import entity as queries
from incidents.queries import entity_list, entity_timeline, plain_entities
from incidents.queries.entity_timeline import BadPlace
from incidents.queries.plain import plain_incidents
from incidents.shapes import ENTITY, ENTITY_IN_FULL, INCIDENT_OF_ENTITY, SIGHTING

PLACES = {key: looked_up(ABOUT_KEYS[key]) for key in ("after", "before")} | {"limit": ABOUT_KEYS["limit"]}
NEXT = or_null(link("the address of what follows; null at the end"))
PAGE = link("the page that shows the same")


class EntitiesView(Endpoint):
    """Entities that incidents have which one may see, by the keys of their page: `q` (a part of a name, or an
    identifier), `kind`, `criticality`, `sort` (newest, name), with `limit` and `next` as in every list."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {
        "GET": {
            "q": text("A part of a name, or an identifier.", most=LONGEST_TEXT),
            "kind": list_of(chosen(EntityKind), "Those of some types."),
            "criticality": list_of(chosen(Criticality), "Those that are so critical."),
            "sort": word_of([*entity_list.ORDERS, ""], "The order; usually newest."),
        }
        | PLACES
    }
    gives = {"GET": answer("Entities", entities=list_of(ENTITY), next=NEXT, page=PAGE)}

    def get(self, request: Request) -> Response:
        """List entities."""
        limit, query = limit_of(request.query_params), single(request, ("q", "sort", "after", "before"))
        try:
            page, rows = plain_entities.plain_list(principal_of(request), read_list(query), limit)
        except (BadAddress, BadCursor) as error:
            raise refused(error, query) from None
        for row in rows:
            row["url"] = request.build_absolute_uri(plain_entities.address_of(row))
        path = address(plain_entities.list_path(), with_values(query))
        return Response({"entities": rows, "next": following(request, page.next), "page": absolute(request, path)})


class OfEntity(Endpoint):
    """What is asked of one entity, by its type and its number or key."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}

    def entity(self, request: Request) -> Entity:
        """Raises Http404 for what no incident has that one may see."""
        kind, word = self.kwargs["kind"], self.kwargs["word"]
        found = None
        if kind in EntityKind.values:
            found = plain_entities.named_entity(principal_of(request), kind, word)
        if found is None:
            raise Http404
        return found


class EntityView(OfEntity):
    """What an entity is, how critical, and how far it is involved. `by` says whether `risk` counts its alerts by day
    (usual, the last 30 days) or by week (26 weeks)."""

    keys = {"GET": {"by": word_of([*queries.UNITS, ""], "What `risk` counts by; usually day.")}}
    gives = {"GET": ENTITY_IN_FULL}

    def get(self, request: Request, kind: str, word: str) -> Response:
        """Read an entity."""
        unit = one_of(request.query_params, "by") or "day"
        if unit not in queries.UNITS:
            raise ValidationError({"by": [f"“{unit[:60]}” is no period{nearest(unit, queries.UNITS)}"]})
        entity = self.entity(request)
        return Response(entity_answer(request, entity, unit))


class EntityAlertsView(OfEntity):
    """The alerts it was in, by the keys of the list of alerts but for `entity`; without `status` and `severity` all."""

    keys = {"GET": listing(AlertFilter, alert_queue.SORTING, fixed=("entity",))}
    gives = {"GET": listed("Alerts", "alerts", ALERT)}

    def get(self, request: Request, kind: str, word: str) -> Response:
        """List the alerts of an entity."""
        return Response(alerts_answer(request, fixed={"entity": str(self.entity(request).pk)}))


class EntityIncidentsView(OfEntity):
    """The incidents it was in, where it was seen last first; each with `seen`: in how many of its alerts, and when. By
    the queue's filters: `/api/v1/incidents/?entity=…`."""

    keys = {"GET": {key: PLACES[key] for key in ("after", "limit")}}
    gives = {"GET": answer("IncidentsOfEntity", incidents=list_of(INCIDENT_OF_ENTITY), next=NEXT, page=PAGE)}

    def get(self, request: Request, kind: str, word: str) -> Response:
        """List the incidents of an entity."""
        limit, after = limit_of(request.query_params), one_of(request.query_params, "after")
        entity, principal = self.entity(request), principal_of(request)
        try:
            place = entity_timeline.read_place(after) if after else entity_timeline.LATEST
        except BadPlace as error:
            raise ValidationError({"after": [str(error)]}) from None
        found, following_place = entity_timeline.places(entity, principal, place, limit)
        numbers = [number for _, number in found]
        seen = plain_entities.plain_spans(entity, principal, numbers) if numbers else {}
        rows = [row | {"seen": seen.get(row["number"])} for row in plain_incidents(numbers, principal)]
        page = f"{page_of(entity.kind, entity.pk)}incidents/"
        answer = {"incidents": with_addresses(rows, request), "next": following(request, following_place)}
        return Response(answer | {"page": absolute(request, page)})


class EntityTimelineView(OfEntity):
    """Its alerts across incidents in time, and what people added by hand, by the keys of its page: `from`, `to`,
    `severity`, `source`, `incident`, `around`, `sort` (newest, oldest). Days are those of UTC."""

    keys = {
        "GET": {
            "from": looked_up(text("From this day or moment on.")),
            "to": looked_up(text("To the end of this day, or this moment.")),
            "severity": list_of(chosen(Severity), "Of alerts."),
            "source": list_of(text(), "Of alerts."),
            "incident": looked_up(text("In one incident, by its number.")),
            "around": looked_up(text("From a day before the first alert of this incident.")),
            "sort": word_of([*entity_timeline.ORDERS, ""], "The order; usually newest."),
        }
        | PLACES
    }
    gives = {"GET": answer("Timeline", moments=list_of(SIGHTING), next=NEXT, page=PAGE)}

    def get(self, request: Request, kind: str, word: str) -> Response:
        """Follow an entity through time."""
        limit = limit_of(request.query_params)
        query = single(request, ("from", "to", "incident", "around", "sort", "after", "before"))
        entity, principal = self.entity(request), principal_of(request)
        try:
            with timezone.override(UTC):
                asked = read_timeline(query, principal)
            page, rows = plain_entities.plain_timeline(entity, principal, asked, limit)
        except (BadAddress, BadCursor) as error:
            raise refused(error, query) from None
        path = address(f"{page_of(entity.kind, entity.pk)}timeline/", with_values(query))
        return Response({"moments": rows, "next": following(request, page.next), "page": absolute(request, path)})


def entity_answer(request: Request, entity: Entity, unit: str = "day") -> dict[str, Any]:
    """An entity as it is now."""
    told = plain_entities.plain_entity(entity, principal_of(request), unit)
    return told | {"url": absolute(request, plain_entities.address_of(told))}


# --- addresses of lists that are no filters ------------------------------------------------------------------------


def single(request: Request, keys: tuple[str, ...]) -> QueryDict:
    """The address without `limit`; raises ValidationError for one of these keys that stands there twice."""
    for key in keys:
        one_of(request.query_params, key)
    return without(request.query_params, ("limit",))


def refused(error: BadAddress | BadCursor, query: QueryDict) -> ValidationError:
    """What is wrong with an address, by key."""
    if isinstance(error, BadAddress):
        return ValidationError(error.by_key)
    return ValidationError({"before" if "before" in query else "after": [str(error)]})


def absolute(request: Request, path: str) -> str:
    return request.build_absolute_uri(path)
