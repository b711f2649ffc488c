"""The words that senders use: service and detection sources, categories, techniques, device groups, OS platforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Principal, User
from common.vocabulary import Vocabulary, matching
from incidents.facets import Facet, facet
from incidents.models import Incident

SOURCE = "source"
"""The service sources, which have a column of their own."""
RECENT = 3_000
"""Of open incidents, and of all, whose words are read."""


class IncidentWords(Vocabulary[Principal, Incident]):
    """The words of incidents, from their facets and service sources."""

    name = "incidents"
    fields = ("facets", "service_sources")
    statement = """
    SELECT kind, word FROM (
        SELECT split_part(facet, ':', 1) AS kind, substr(facet, strpos(facet, ':') + 1) AS word, count(*) AS number
        FROM recent, unnest(recent.facets) AS facet WHERE strpos(facet, ':') > 0 GROUP BY facet
        UNION ALL
        SELECT 'source', word, count(*) FROM recent, unnest(recent.service_sources) AS word GROUP BY word
    ) AS counted ORDER BY number DESC, word
    """

    def has(self, kind: str, words: Sequence[str]) -> Q:
        if kind == SOURCE:
            return Q(service_sources__overlap=list(words))
        return Q(facets__overlap=[facet(Facet(kind), word) for word in words])

    def visible_to(self, principal: Principal) -> QuerySet[Incident]:
        return Incident.objects.visible_to(principal)

    def samples(self) -> list[QuerySet[Incident]]:
        ordinary = Incident.objects.filter(restricted=False)
        return [_newest(ordinary.open()), _newest(ordinary)]

    def own(self, principal: Principal) -> tuple[str, list[QuerySet[Incident]]]:
        if not isinstance(principal, User):
            return "", []
        return str(principal.pk), [_newest(Incident.objects.named_to(principal))]


def _newest(rows: Any) -> Any:
    return rows.order_by("-last_activity", "-pk")[:RECENT]


WORDS = IncidentWords()
has, recent_words, spelled = WORDS.has, WORDS.recent, WORDS.spelled

__all__ = ["SOURCE", "WORDS", "has", "matching", "recent_words", "spelled"]
