"""Whether a search text means something: its grammar, its fields, and their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.filter_fields import Field, Kind, UnknownWord, meant_range, misshapen
from common.query_strings import nearest
from incidents.query_text.parsing import QueryError, parse
from incidents.query_text.printing import print_value
from incidents.query_text.tree import Span, Term, leaves

MOST_REFUSALS = 5
"""Told of at once; the rest follows when these are mended."""


class TextRefusal(UnknownWord):
    """A search text that means nothing, or a part of one: says which characters, and `better` is the whole text as it
    was probably meant, "" where nothing is near."""

    def __init__(self, text: str, problem: str, span: Span, better: str = "") -> None:
        super().__init__(text, f"{problem} (column {span.start + 1})", better)
        self.problem, self.span = problem, span


def refusals(text: str, fields: Mapping[str, Field], names: Any) -> list[TextRefusal]:
    """Why a text cannot be searched for; empty when it can. `names` has read what the text names."""
    try:
        tree = parse(text)
    except QueryError as error:
        return [TextRefusal(text, error.problem, error.span)]
    found: list[TextRefusal] = []
    for leaf in leaves(tree):
        if isinstance(leaf, Term):
            found.extend(_of_term(text, leaf, fields, names))
        if len(found) >= MOST_REFUSALS:
            break
    return found[:MOST_REFUSALS]


def words_of_term(term: Term, field: Field) -> list[str]:
    """The values of a field as its key has them in an address; numbers may be compared here: `>5` is `6..`."""
    if field.kind is not Kind.RANGE:
        return list(dict.fromkeys(term.words))
    return list(dict.fromkeys(_spelled(word, field) for word in term.words))


def _spelled(word: str, field: Field) -> str:
    compared = word[:1] in ("<", ">", "=")
    return meant_range(word) or word if compared else word


def _of_term(text: str, term: Term, fields: Mapping[str, Field], names: Any) -> Iterator[TextRefusal]:
    field = fields.get(term.key)
    if field is None or field.kind is Kind.TEXT:
        yield _unknown_field(text, term, fields)
        return
    problem = misshapen(term.words)
    if problem:
        yield TextRefusal(text, str(problem.message), term.span)
        return
    for refused in field.refusals(words_of_term(term, field), names):
        where = next((value.span for value in term.values if _spelled(value.text, field) == refused.word), term.span)
        where = next((value.span for value in term.values if value.text == refused.word), where)
        better = _replaced(text, where, print_value(refused.better)) if refused.better else ""
        yield TextRefusal(text, f"{field.label}: {refused.message}", where, better)


def _unknown_field(text: str, term: Term, fields: Mapping[str, Field]) -> TextRefusal:
    where = Span(term.span.start, term.span.start + len(term.key))
    known = sorted(key for key, field in fields.items() if field.kind is not Kind.TEXT)
    hint = nearest(term.key, known)
    close = hint.partition("“")[2].partition("”")[0]
    better = _replaced(text, where, close) if close else ""
    quoting = f'To search for the text itself, put it in quotation marks: "{text[term.span.start : term.span.end]}".'
    end = "" if hint else "."
    return TextRefusal(text, f"There is no field “{term.key[:60]}”{end}{hint} {quoting}"[:400], where, better)


def _replaced(text: str, where: Span, by: str) -> str:
    return text[: where.start] + by + text[where.end :]
