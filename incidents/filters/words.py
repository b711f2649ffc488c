"""Search by words."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField

from common.words import prefix_query
from incidents.filters.names import Names
from incidents.models import IncidentSearch

LARGEST_NUMBER = 2**63 - 1


def by_words(text: str, names: Names) -> Q:
    """Every word begins a word of the incident's name, alert titles or entities; a number is its number, too."""
    number = text.strip().removeprefix("#")
    condition = Q()
    query = prefix_query(text)
    if query:
        matching = IncidentSearch.objects.filter(RawSQL("words @@ %s::tsquery", [query], BooleanField()))
        condition |= Q(pk__in=matching.values("incident_id"))
    if number.isascii() and number.isdigit() and len(number) < 20 and int(number) <= LARGEST_NUMBER:
        condition |= Q(pk=int(number))
    return condition
