"""A search text as a tree. Where in the text a part stands is kept beside it and does not tell trees apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of the text: from (inclusive) until (exclusive), counted from 0."""

    start: int
    end: int


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Word:
    """Something to search for; with spaces in it, which takes quotation marks, words that stand side by side."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a field."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Term:
    """A field that has any of some values: `status:active,in_progress`."""

    key: str
    values: tuple[Value, ...]
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def words(self) -> list[str]:
        return [value.text for value in self.values]


@dataclass(frozen=True, slots=True)
class Not:
    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Node, ...]


Leaf = Word | Term
Node = Word | Term | Not | And | Or


def leaves(node: Node | None) -> Iterator[Leaf]:
    """Every word and field of a tree, from left to right."""
    if node is None:
        return
    if isinstance(node, Not):
        yield from leaves(node.operand)
    elif isinstance(node, And | Or):
        for operand in node.operands:
            yield from leaves(operand)
    else:
        yield node


def conjuncts(node: Node | None) -> tuple[Node, ...]:
    """What all must hold at once; a tree is the same as AND between these."""
    if node is None:
        return ()
    return node.operands if isinstance(node, And) else (node,)


def all_of(nodes: tuple[Node, ...] | list[Node]) -> Node | None:
    """The inverse of `conjuncts`; no nodes ask for nothing."""
    flat = tuple(part for node in nodes for part in conjuncts(node))
    return And(flat) if len(flat) > 1 else flat[0] if flat else None


def negation(node: Node) -> Node:
    return node.operand if isinstance(node, Not) else Not(node)
