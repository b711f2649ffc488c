"""The words incidents are found by."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import connection

from common.words import words_of

MOST_WORDS = 15_000
"""Per incident; PostgreSQL holds a search vector to one megabyte. Later words of a huge incident are left out."""


def add_words(texts: Mapping[int, Iterable[str]]) -> None:
    """Let each incident be found by the words of these texts, beside those it has already. Part of a command."""
    rows = sorted((incident_id, sorted(words_of(said))[:MOST_WORDS]) for incident_id, said in texts.items())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO incidents_incidentsearch AS kept (incident_id, words)
            SELECT incident_id, array_to_tsvector(words)
            FROM json_to_recordset(%s) AS said (incident_id bigint, words text[])
            ON CONFLICT (incident_id) DO UPDATE SET words = kept.words || excluded.words
            WHERE length(kept.words) < %s AND kept.words || excluded.words <> kept.words
            """,
            [json.dumps([{"incident_id": number, "words": words} for number, words in rows]), MOST_WORDS],
        )


TEXTS = """
SELECT incident_id, array_agg(DISTINCT title), array_agg(DISTINCT technique) FILTER (WHERE technique IS NOT NULL)
FROM alerts_alert LEFT JOIN LATERAL unnest(techniques) AS technique ON true
WHERE incident_id = ANY(%s) GROUP BY incident_id
"""
NAMES = """
SELECT own.incident_number, array_agg(entity.name || ' ' || entity.key)
FROM (SELECT DISTINCT incident_number, entity_id FROM alerts_evidence WHERE incident_number = ANY(%s)) AS own
JOIN entities_entity AS entity ON entity.id = own.entity_id GROUP BY own.incident_number
"""


def rewrite_words(names: Mapping[int, Iterable[str]]) -> None:
    """Let each incident be found by its number, these names of it and what its alerts say, and by nothing else: after
    alerts have left it, or all of it came at once. Part of a command."""
    texts: dict[int, list[str]] = defaultdict(list, {number: [str(number), *said] for number, said in names.items()})
    with connection.cursor() as cursor:
        for statement in (TEXTS, NAMES):
            cursor.execute(statement, [list(names)])
            for incident_id, *said in cursor.fetchall():
                texts[incident_id] += [text for part in said for text in part or ()]
        cursor.execute("DELETE FROM incidents_incidentsearch WHERE incident_id = ANY(%s)", [list(names)])
    add_words(texts)


def join_words(target_id: int, source_ids: Iterable[int]) -> None:
    """Let the target be found by the words of the sources as well. Part of a command."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO incidents_incidentsearch AS kept (incident_id, words)
            SELECT %s, words FROM incidents_incidentsearch WHERE incident_id = %s
            ON CONFLICT (incident_id) DO UPDATE SET words = kept.words || excluded.words
            WHERE length(kept.words) < %s
            """,
            [(target_id, source_id, MOST_WORDS) for source_id in source_ids],
        )
