"""What must be read from the database before a search text can be compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from accounts.people import ME
from common.words import lexeme, words_of
from entities.queries import entities_containing
from entities.trigrams import SHORTEST
from incidents.query_text.parsing import QueryError, parse
from incidents.query_text.printing import print_value
from incidents.query_text.tree import Term, Word, leaves

PEOPLE_KEYS = ("assignee", "resolved_by", "task_assignee")
"""Keys whose words name people."""


def words_by_key(texts: Iterable[str]) -> dict[str, list[str]]:
    """The values that these texts give to each field; none for a text that is no query."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for leaf in _leaves(text):
            if isinstance(leaf, Term):
                found.setdefault(leaf.key, []).extend(leaf.words)
    return found


def with_name(text: str, username: str, keys: Iterable[str] = PEOPLE_KEYS) -> str:
    """The text with this person's name wherever a field of people says “me”; the rest as it was typed."""
    said = [leaf for leaf in _leaves(text) if isinstance(leaf, Term) and leaf.key in keys]
    places = [value.span for term in said for value in term.values if value.text == ME]
    for place in sorted(places, key=lambda span: span.start, reverse=True):
        text = text[: place.start] + print_value(username) + text[place.end :]
    return text


def parts_of_names(texts: Iterable[str]) -> list[str]:
    """What these texts search for that might be a part of an entity's name, as `entities_with_parts` wants it."""
    words = (leaf.text for text in texts for leaf in _leaves(text) if isinstance(leaf, Word))
    return list(dict.fromkeys(part for word in words if len(part := part_of_name(word)) >= SHORTEST))


def part_of_name(word: str) -> str:
    """A searched word as it is compared with names."""
    return lexeme(" ".join(word.split()))


def entities_with_parts(parts: Sequence[str]) -> dict[str, list[int] | None]:
    """For each part the entities that have it in their names, without those found by their words anyway, since a word
    of them begins with it; None where too many have it. One statement, or none."""
    found: dict[str, list[int] | None] = {}
    for part, rows in entities_containing(parts).items():
        if rows is None:
            found[part] = None
        else:
            found[part] = [number for number, key, name in rows if not _is_found_by_word(part, key, name)]
    return found


def parts_that_say_too_little(texts: Iterable[str], parts: Mapping[str, list[int] | None]) -> list[str]:
    """Searched words that are a part of so many names that only names with a word that begins so are found."""
    return [part for part in parts_of_names(texts) if part in parts and parts[part] is None]


def _is_found_by_word(part: str, key: str, name: str) -> bool:
    return any(word.startswith(part) for word in words_of((key, name)))


def _leaves(text: str) -> Iterable[Word | Term]:
    try:
        return list(leaves(parse(text)))
    except QueryError:
        return ()
