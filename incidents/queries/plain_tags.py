"""Tags as plain values: what the API answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef

from accounts.models import Principal
from common.counting import CAP, Count
from common.pagination import Order, Page, page_of_rows
from incidents.choices import TagKind
from incidents.models import Incident, IncidentTag, Tag

BY_NAME = Order("name", ("name", "id"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the list asks for."""

    text: str = ""
    kinds: Sequence[TagKind] = ()
    after: str = ""


def plain_tags(principal: Principal, asked: Asked, size: int) -> tuple[Page, list[dict[str, Any]]]:
    """One page of the tags that the person or token knows of, by name, each with how many incidents that they may see
    have it: exact up to 1,000. One statement. Raises BadCursor."""
    rows = Tag.objects.known_to(principal)
    if asked.kinds:
        rows = rows.filter(kind__in=asked.kinds)
    if asked.text:
        rows = rows.filter(name__icontains=asked.text)
    seen = Incident.objects.visible_to(principal).filter(pk=OuterRef("incident"))
    uses = IncidentTag.objects.filter(tag=OuterRef("pk"), incident__in=seen.values("pk")).values("pk")
    page, found = page_of_rows(
        rows,
        BY_NAME,
        ("id", "name", "kind"),
        after=asked.after,
        size=size,
        uses=Func(ArraySubquery(uses[: CAP + 1]), function="cardinality", output_field=IntegerField()),
    )
    return page, [_tag(row) for row in found]


def _tag(row: Mapping[str, Any]) -> dict[str, Any]:
    number = row["uses"]
    return {
        "name": row["name"],
        "kind": row["kind"],
        "incidents": Count(number if number <= CAP else None).plain,
    }
