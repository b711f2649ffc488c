"""What a text is found by, and what a query asks for. Searching itself: tests/incidents/test_search.py."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.words import LONGEST_WORD, fold, prefix_query, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FIN-WS-17", {"fin-ws-17", "fin", "ws", "17"}),
        ("10.2.3.44", {"10.2.3.44", "10", "44"}),
        ("C:\\Temp\\run.exe", {"c:\\temp\\run.exe", "temp", "run", "exe"}),
        ("(“Quoted”, done.)", {"quoted", "done"}),
        ("ana@example.org", {"ana@example.org", "ana", "example", "org"}),
        ("Straße ﬁle", {"strasse", "file"}),
        (" … ", set()),
    ],
)
def test_wholes_and_parts(text: str, words: set[str]) -> None:
    assert words_of([text]) == words


def test_endless_words_are_found_by_their_beginning() -> None:
    assert words_of(["x" * 5_000]) == {"x" * LONGEST_WORD}
    assert len(prefix_query("x" * 5_000)) == LONGEST_WORD + 4


@pytest.mark.parametrize(
    ("text", "query"),
    [("", ""), ("  ", ""), ("Fin 17", "'fin':* & '17':*"), ("o'neil", "'o''neil':*"), ("a\\b", "'a\\\\b':*")],
)
def test_every_word_is_asked_for_as_a_beginning(text: str, query: str) -> None:
    assert prefix_query(text) == query


ANY = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=ANY | st.text("ab'\\:*&|!()<-> \"%", max_size=12))
def test_a_text_is_always_found_by_itself(db: None, text: str) -> None:
    """Whatever it holds, it is a query that PostgreSQL understands, and the text answers it."""
    query = prefix_query(text)
    if not query:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_to_tsvector(%s::text[]) @@ %s::tsquery", [sorted(words_of([text])), query])
        assert cursor.fetchone() == (True,)


@given(st.text())
def test_folding_twice_changes_nothing_more_for_words(text: str) -> None:
    assert words_of([text]) == words_of([text.upper()]) or fold(text) != fold(text.upper())
