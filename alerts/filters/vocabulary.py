"""The words that senders use for alerts: service and detection sources, categories, techniques."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Principal, User
from alerts.models import ACTIVE, Alert
from common.vocabulary import Vocabulary

RECENT = 3_000
"""Of active alerts, and of all, whose words are read."""
COLUMNS = {"source": "service_source", "detection_source": "detection_source"}
ARRAYS = {"category": "categories", "technique": "techniques"}
SUB_TECHNIQUES = 99
"""Numbers that ATT&CK may give the sub-techniques of one technique; it has used 24."""


class AlertWords(Vocabulary[Principal, Alert]):
    """The words of alerts, from their columns."""

    name = "alerts"
    fields = (*COLUMNS.values(), *ARRAYS.values())
    statement = """
    SELECT kind, word FROM (
        SELECT 'source' AS kind, service_source AS word, count(*) AS number FROM recent GROUP BY 2
        UNION ALL SELECT 'detection_source', detection_source, count(*) FROM recent GROUP BY 2
        UNION ALL SELECT 'category', word, count(*) FROM recent, unnest(categories) AS word GROUP BY 2
        UNION ALL SELECT 'technique', word, count(*) FROM recent, unnest(techniques) AS word GROUP BY 2
    ) AS counted WHERE word <> '' ORDER BY number DESC, word
    """

    def has(self, kind: str, words: Sequence[str]) -> Q:
        if kind in COLUMNS:
            return Q(**{f"{COLUMNS[kind]}__in": list(words)})
        every = [each for word in words for each in (with_sub_techniques(word) if kind == "technique" else [word])]
        return Q(**{f"{ARRAYS[kind]}__overlap": every})

    def visible_to(self, principal: Principal) -> QuerySet[Alert]:
        return Alert.objects.visible_to(principal)

    def samples(self) -> list[QuerySet[Alert]]:
        ordinary: QuerySet[Alert] = Alert.objects.filter(incident__restricted=False).order_by("-last_activity", "-pk")
        return [ordinary.filter(ACTIVE)[:RECENT], ordinary[:RECENT]]

    def own(self, principal: Principal) -> tuple[str, list[QuerySet[Alert]]]:
        if not isinstance(principal, User):
            return "", []
        incidents: Any = Alert._meta.get_field("incident").related_model
        theirs = Alert.objects.filter(incident__in=incidents.objects.named_to(principal))
        return str(principal.pk), [theirs.order_by("-last_activity", "-pk")[:RECENT]]


def with_sub_techniques(technique: str) -> list[str]:
    """T1059 with T1059.001 and so on, as alerts name them; a sub-technique by itself."""
    if "." in technique:
        return [technique]
    return [technique, *(f"{technique}.{number:03}" for number in range(1, SUB_TECHNIQUES + 1))]


WORDS = AlertWords()
