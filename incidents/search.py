"""The words incidents are found by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection

from common.words import words_of

MOST_WORDS = 15_000
"""Per incident; PostgreSQL holds a search vector to one megabyte. Later words of a huge incident are left out."""


def add_words(texts: Mapping[int, Iterable[str]]) -> None:
    """Let each incident be found by the words of these texts, beside those it has already. Part of a command."""
    rows = sorted((incident_id, sorted(words_of(said))[:MOST_WORDS]) for incident_id, said in texts.items())
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO incidents_incidentsearch AS kept (incident_id, words)
            VALUES (%s, array_to_tsvector(%s::text[]))
            ON CONFLICT (incident_id) DO UPDATE SET words = kept.words || excluded.words
            WHERE length(kept.words) < %s
            """,
            [(incident_id, words, MOST_WORDS) for incident_id, words in rows],
        )
