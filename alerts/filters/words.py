"""Searching alerts by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from alerts.filters.names import Names
from alerts.models import TITLE_WORDS, Alert, Evidence
from common.composed import Among
from common.filter_fields import Field, Kind, UnknownWord
from common.words import prefix_query, terms_of


class AlertSearchField(Field):
    """The search box: every word begins a word of the alert's title or is a part of the name of an entity in it; or the
    whole text is the source's own id of the alert."""

    kind = Kind.TEXT

    def refusals(self, words: Sequence[str], names: Names) -> list[UnknownWord]:
        return []

    def condition(self, words: Sequence[str], names: Names) -> Q:
        condition = Q()
        for text in words:
            each = Q()
            for term in terms_of(text):
                each &= Q(pk__in=_found(term, names, text))
            condition &= each
        return condition


def _found(term: str, names: Names, text: str) -> Among:
    """Ids of the alerts a term is found in: looked up in each index by itself, and put together."""
    titles = Alert.objects.alias(title_words=TITLE_WORDS)
    query = SearchQuery(prefix_query(term), config="simple", search_type="raw")
    arms: list[QuerySet[Any, Any]] = [
        titles.filter(title_words=query).values("pk"),
        Alert.objects.filter(external_id=text.strip()).values("pk"),
    ]
    entities = names.parts.get(term)
    if entities:
        arms.append(Evidence.objects.filter(entity__in=entities, alert__isnull=False).values("alert_id"))
    return Among(arms[0].union(*arms[1:], all=True), ("words", term, text.strip(), *(entities or ())))
