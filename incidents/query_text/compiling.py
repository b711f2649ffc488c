"""From tree to condition, onto the fields that addresses use.

What must hold at the top is asked as "one of these ids", which PostgreSQL joins; within OR and NOT as "there is such a
row", which it looks up incident by incident.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from alerts.models import Alert, Evidence
from common.composed import Among, ThereIs
from common.filter_fields import Field
from common.words import prefix_query
from incidents.models import Incident, IncidentSearch
from incidents.query_text.checking import words_of_term
from incidents.query_text.names import part_of_name
from incidents.query_text.tree import And, Node, Not, Or, Term, Word, conjuncts

LARGEST_NUMBER = 2**63 - 1
EVERYTHING = ~Q(pk__in=[])
"""An empty Q means that too, but it vanishes from an OR, and its negation is empty again."""


def condition(tree: Node | None, fields: Mapping[str, Field], names: Any) -> Q:
    """The rows a tree asks for. For a text that `refusals` accepts; `names` has read what it names."""
    return _Compiler(fields, names).whole(tree)


@dataclass(frozen=True, slots=True)
class _Arm:
    """Rows that each stand for an incident, whose number is in the column."""

    rows: QuerySet[Any]
    column: str
    key: tuple[object, ...]
    """Equal only where the same rows are meant."""


class _Compiler:
    def __init__(self, fields: Mapping[str, Field], names: Any) -> None:
        self.fields, self.names = fields, names

    def whole(self, tree: Node | None) -> Q:
        parts = conjuncts(tree)
        # All that words alone decide is one look into their index.
        queries = {part: query for part in parts if (query := self.as_word_query(part))}
        found = _by_ids([_search(" & ".join(queries.values()))]) if queries else Q()
        for part in parts:
            if part not in queries:
                found &= self.at_the_top(part)
        return found

    def at_the_top(self, node: Node) -> Q:
        words = node.operands if isinstance(node, Or) else (node,)
        arms = [self.arms(word) for word in words if isinstance(word, Word)]
        if len(arms) == len(words) and all(arms):
            return _by_ids([arm for each in arms for arm in each])
        return self.anywhere(node)

    def anywhere(self, node: Node) -> Q:
        """The condition in a form that may stand within OR and NOT."""
        if isinstance(node, Not):
            return ~self.anywhere(node.operand)
        if isinstance(node, And):
            return reduce(and_, (self.anywhere(operand) for operand in node.operands))
        if isinstance(node, Or):
            return reduce(or_, (self.anywhere(operand) for operand in node.operands))
        if isinstance(node, Term):
            return self.of_field(node) or EVERYTHING
        arms = self.arms(node)
        return reduce(or_, (_exists(arm) for arm in arms)) if arms else EVERYTHING

    def of_field(self, term: Term) -> Q:
        field = self.fields[term.key]
        return field.condition(words_of_term(term, field), self.names)

    def as_word_query(self, node: Node) -> str:
        """The question to the index of words that says all of this node; "" where there is more to it."""
        if isinstance(node, Word):
            alone = _number(node.text) is None and not _is_phrase(node.text) and not self.entities(node.text)
            return prefix_query(node.text) if alone else ""
        if isinstance(node, And | Or):
            queries = [self.as_word_query(operand) for operand in node.operands]
            return f"({(' & ' if isinstance(node, And) else ' | ').join(queries)})" if all(queries) else ""
        return ""

    def arms(self, word: Word) -> list[_Arm]:
        """Where an incident may have the word: in its words, in an entity's name, as its number. None for a word
        without a letter or digit, which asks for nothing."""
        query = prefix_query(word.text)
        if not query:
            return []
        arms = [_phrase(word.text, query) if _is_phrase(word.text) else _search(query)]
        if entities := self.entities(word.text):
            arms.append(_Arm(Evidence.objects.filter(entity__in=entities), "incident_number", ("entities", *entities)))
        number = _number(word.text)
        if number is not None:
            arms.append(_Arm(Incident.objects.filter(pk=number), "pk", ("number", number)))
        return arms

    def entities(self, text: str) -> Sequence[int]:
        """Entities with the word somewhere in their names, where their own words do not say so."""
        return self.names.parts.get(part_of_name(text)) or ()


def _is_phrase(text: str) -> bool:
    return len(text.split()) > 1


def _number(text: str) -> int | None:
    digits = text.strip().removeprefix("#")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) <= LARGEST_NUMBER
    return int(digits) if is_number else None


def _search(query: str) -> _Arm:
    asked = RawSQL("words @@ %s::tsquery", [query], BooleanField())
    return _Arm(IncidentSearch.objects.filter(asked), "incident_id", ("words", query))


def _phrase(text: str, query: str) -> _Arm:
    """Incidents with all the words, and with the words side by side in the name or in an alert's title."""
    phrase = " ".join(text.split())
    titled = Alert.objects.filter(incident=OuterRef("incident_id"), title__icontains=phrase)
    arm = _search(query)
    rows = arm.rows.filter(Q(incident__name__icontains=phrase) | Exists(titled))
    return _Arm(rows, arm.column, ("phrase", phrase, query))


def _by_ids(arms: Sequence[_Arm]) -> Q:
    first, *others = (arm.rows.order_by().values(arm.column) for arm in arms)
    rows = first.union(*others, all=True) if others else first
    return Q(pk__in=Among(rows, tuple(arm.key for arm in arms)))


def _exists(arm: _Arm) -> Q:
    return Q(ThereIs(arm.rows.filter(**{arm.column: OuterRef("pk")}), arm.key))
