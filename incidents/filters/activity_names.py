"""Who and what the log of an incident names: those who acted, and the alerts and entities it tells of.

All of it is read from the log itself, so nothing is named here that its reader does not read there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.acting import MOST_SUGGESTED, Actors, contains
from accounts.models import Principal
from common.filters import storable

LONGEST_NUMBER = 18
"""Digits."""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """An alert or an entity that the log tells of."""

    number: int
    label: str


# An alert is the subject of an entry, or one of those that an entry brought.
ALERTS = """
SELECT DISTINCT ON (number) number, label FROM (
    SELECT subject_id::bigint AS number, subject_label AS label, id FROM activity_entry
    WHERE incident_id = ANY(%(incidents)s) AND subject_kind = 'alert'
    UNION ALL
    SELECT (alert->>'id')::bigint, alert->>'title', id
    FROM activity_entry, jsonb_array_elements(facts->'alerts') AS alert
    WHERE incident_id = ANY(%(incidents)s) AND facts ? 'alerts'
    UNION ALL
    SELECT number::bigint, alike->>'title', id
    FROM activity_entry, jsonb_array_elements(facts->'joined') AS alike, jsonb_array_elements(alike->'ids') AS number
    WHERE incident_id = ANY(%(incidents)s) AND facts ? 'joined'
) AS named WHERE {which} ORDER BY number, id DESC LIMIT %(most)s
"""
ENTITIES = """
SELECT DISTINCT ON (subject_id) subject_id::bigint AS number, subject_label AS label FROM activity_entry
WHERE incident_id = ANY(%(incidents)s) AND subject_kind = 'entity' AND {which}
ORDER BY subject_id, id DESC LIMIT %(most)s
"""


class ActivityNames(Actors):
    """What the words of an address name, in the logs of these incidents."""

    def __init__(self, numbers: Sequence[int], principal: Principal) -> None:
        super().__init__(numbers, principal)
        self.alerts: dict[int, str] = {}
        """Number → title, of those that words name."""
        self.entities: dict[str, list[Mentioned]] = {}
        """Word → the entities of that name or number."""

    def learn(self, words: Mapping[str, Sequence[str]]) -> None:
        """Read the alerts and entities that these words (by key) name and that have not been read yet."""
        alerts = [number for word in words.get("alert", ()) if (number := number_of(word)) not in (None, *self.alerts)]
        if alerts:
            found = self._read(ALERTS, "number = ANY(%(wanted)s)", wanted=alerts)
            self.alerts |= {each.number: each.label for each in found}
        new = [word for word in storable(words.get("entity", ())) if word not in self.entities]
        if new:
            which = "(subject_id = ANY(%(wanted)s) OR lower(subject_label) = ANY(%(folded)s))"
            rows = self._read(ENTITIES, which, wanted=new, folded=[word.lower() for word in new])
            for word in new:
                alike = (word, word.lower())
                self.entities[word] = [
                    each for each in rows if str(each.number) in alike or each.label.lower() in alike
                ]

    def alerts_like(self, text: str) -> list[Mentioned]:
        """Alerts whose title has the text in it, or whose number it is."""
        return self._like(ALERTS, "(label ILIKE %(part)s OR number::text = %(text)s)", text)

    def entities_like(self, text: str) -> list[Mentioned]:
        return self._like(ENTITIES, "subject_label ILIKE %(part)s", text)

    def _like(self, statement: str, which: str, text: str) -> list[Mentioned]:
        text = " ".join(text.replace("\x00", "").split())[:200]
        return self._read(statement, which, most=MOST_SUGGESTED, text=text, part=contains(text))

    def _read(self, statement: str, which: str, most: int = 500, **values: Any) -> list[Mentioned]:
        with connection.cursor() as cursor:
            cursor.execute(statement.format(which=which), {"incidents": self.numbers, "most": most, **values})
            return [Mentioned(number, label) for number, label in cursor.fetchall()]


def number_of(word: str) -> int | None:
    """The number that a word is; None for one that is none."""
    word = word.removeprefix("#")
    return int(word) if word.isascii() and word.isdigit() and len(word) <= LONGEST_NUMBER else None
