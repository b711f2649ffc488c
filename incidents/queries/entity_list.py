"""The list of entities, to find one: those alone that an incident has which the person may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef, Q, QuerySet, Subquery

from accounts.models import Principal
from alerts.models import Evidence
from common.counting import CAP
from common.counting import Count as Number
from common.defang import defang
from common.marks import entity_icon, time_mark
from common.pagination import Order, Page, page_of_rows
from common.words import fold
from entities.choices import Criticality, EntityKind
from entities.marks import crown
from entities.models import Entity
from entities.naming import named, page_of
from entities.queries import entities_containing
from entities.trigrams import SHORTEST, trigrams
from incidents.filters.names import Names

PAGE_SIZE = 50
ORDERS = {
    "newest": Order("newest", ("-id",)),
    "name": Order("name", ("kind", "key", "id")),
}
LABELS = {"newest": "Latest known first", "name": "By name"}
"""Latest known is what was stored last, which no update changes. An order by the last sighting would have each sighting
write to all indexes of its entity, and would tell by the place in the list what restricted incidents saw."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the list asks for."""

    text: str = ""
    kinds: Sequence[EntityKind] = ()
    criticalities: Sequence[Criticality] = ()
    sort: str = "newest"
    after: str = ""
    before: str = ""


def is_too_short(text: str) -> bool:
    """Whether a text says too little to look for."""
    return bool(text) and len(fold(named(text).value).strip()) < SHORTEST


def entities(principal: Principal, asked: Asked) -> QuerySet[Entity]:
    """The entities that the address asks for. `device:fin` looks among devices."""
    names = Names(principal)
    rows = names.known_entities()
    if asked.kinds:
        rows = rows.filter(kind__in=asked.kinds)
    if asked.criticalities:
        rows = rows.filter(criticality__in=asked.criticalities)
    if asked.text:
        rows = rows.filter(_with_text(names, asked.text))
    return rows


def _with_text(names: Names, text: str) -> Q:
    """Entities whose name or key has the text in it, and those that an identifier of this spelling leads to."""
    wanted = named(text)
    part = fold(wanted.value).strip()
    names.learn({"entity": [text]})
    exactly = Q(pk__in=names.entity_ids([text]))
    if len(part) < SHORTEST:
        return exactly
    found = entities_containing([part])[part]
    # of too many the index alone decides, which knows all their trigrams but not the order of these
    alike = Q(trigrams__contains=trigrams(part)) if found is None else Q(pk__in=[number for number, _, _ in found])
    return exactly | (alike & Q(kind=wanted.kind) if wanted.kind else alike)


def page_of_values(principal: Principal, asked: Asked, size: int, *fields: str) -> tuple[Page, list[dict[str, Any]]]:
    """One page of the list as values, with these fields and what the person may know of each: first and last sighting,
    and its alerts up to one above the cap. Raises BadCursor."""
    seen = Evidence.objects.visible_to(principal).filter(entity=OuterRef("pk"))
    return page_of_rows(
        entities(principal, asked),
        ORDERS[asked.sort],
        ("id", "kind", "name", "criticality", *fields),
        after=asked.after,
        before=asked.before,
        size=size,
        first=Subquery(seen.order_by("event_time").values("event_time")[:1]),
        seen=Subquery(seen.order_by("-event_time").values("event_time")[:1]),
        alerts=Func(ArraySubquery(seen.values("pk")[: CAP + 1]), function="cardinality", output_field=IntegerField()),
    )


def page(principal: Principal, asked: Asked) -> tuple[Page, list[dict[str, Any]]]:
    """One page of the list, ready to be shown. Raises BadCursor."""
    found, rows = page_of_values(principal, asked, PAGE_SIZE)
    return found, [_row(row) for row in rows]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    kind = EntityKind(row["kind"])
    return {
        "icon": entity_icon(kind),
        "kind": kind.label,
        "name": defang(row["name"], kind),
        "crown": crown(row["criticality"]),
        "url": page_of(row["kind"], row["id"]),
        "alerts": str(Number(row["alerts"] if row["alerts"] <= CAP else None)),
        "first": time_mark(row["first"]) if row["first"] else "",
        "last": time_mark(row["seen"]) if row["seen"] else "",
    }
