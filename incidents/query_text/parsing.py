"""From text to tree. Whatever the text, the answer is a tree or a QueryError that says where and what was expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from incidents.query_text.tree import And, Node, Not, Or, Span, Term, Value, Word, negation

LONGEST = 2_000
"""Characters."""
MOST_PARTS = 100
"""Words and values in all."""
DEEPEST = 12
"""Parentheses and NOTs within each other."""

_GRAMMAR = Path(__file__).with_name("grammar.lark")
_RESERVED = re.compile("OR|AND|NOT")
_BEFORE_QUOTE = re.compile(r'(\\+)("|\Z)')


class QueryError(ValueError):
    """A text that is no query: what is wrong, and where it stands in the text (characters from 0)."""

    def __init__(self, problem: str, span: Span) -> None:
        super().__init__(problem)
        self.problem = problem
        self.span = span

    @property
    def column(self) -> int:
        """As people count: from 1."""
        return self.span.start + 1

    def __str__(self) -> str:
        return f"Column {self.column}: {self.problem}"


@lru_cache(maxsize=512)
def parse(text: str) -> Node | None:
    """The tree of a text; None for one that asks for nothing. Raises QueryError."""
    if len(text) > LONGEST:
        raise QueryError(
            f"The text is {len(text):,} characters long; the most is {LONGEST:,}.", Span(LONGEST, len(text))
        )
    for position, character in enumerate(text):
        if character == "\x00" or "\ud800" <= character <= "\udfff":
            raise QueryError("This character cannot be searched for.", Span(position, position + 1))
    try:
        tree: Node | None = parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _in_words(error, text) from None
    _check_size(tree, text)
    return tree


def unquoted(text: str) -> str:
    """What stands between quotation marks. Backslashes are themselves, except in a run before a quotation mark: two
    stand for one there, and an odd one makes the mark part of the text."""
    if not text.startswith('"'):
        return text[1:-1]
    return _BEFORE_QUOTE.sub(lambda run: "\\" * (len(run[1]) // 2) + run[2], text[1:-1])


@cache
def parser() -> Lark:
    return Lark(_GRAMMAR.read_text(), parser="lalr", transformer=_ToTree(), maybe_placeholders=True)


class _ToTree(Transformer[Token, Node]):
    """Called bottom-up while parsing, so that no depth of parentheses runs the stack out."""

    def start(self, children: Sequence[Any]) -> Any:
        return children[0] if children else None

    def any_of(self, children: Sequence[Node]) -> Node:
        return Or(_merged(children, Or))

    def all_of(self, children: Sequence[Node]) -> Node:
        return And(_merged(children, And))

    def negated(self, children: Sequence[Node]) -> Node:
        return negation(children[0])

    def term(self, children: Sequence[Token]) -> Node:
        key, *values = children
        return Term(
            str(key)[:-1].lower(),
            tuple(Value(_text(value), _span(value)) for value in values),
            Span(_span(key).start, _span(values[-1]).end),
        )

    def word(self, children: Sequence[Token]) -> Node:
        return Word(_text(children[0]), _span(children[0]))


def _merged(nodes: Sequence[Node], kind: type[And] | type[Or]) -> tuple[Node, ...]:
    """Parentheses that change nothing are left out: (a b) c is a b c."""
    return tuple(part for node in nodes for part in (node.operands if isinstance(node, kind) else (node,)))


def _text(token: Token) -> str:
    return unquoted(str(token)) if token.type == "QUOTED" else str(token)


def _span(token: Token) -> Span:
    assert token.start_pos is not None and token.end_pos is not None
    return Span(token.start_pos, token.end_pos)


def _check_size(tree: Node | None, text: str) -> None:
    """A tree that is too deep or too large is refused before anything walks it by recursion."""
    waiting: list[tuple[Node, int]] = [(tree, 1)] if tree else []
    parts = 0
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, Word | Term):
            parts += len(node.values) if isinstance(node, Term) else 1
            continue
        if depth > DEEPEST:
            raise QueryError(f"At most {DEEPEST} groups may stand within each other.", Span(0, len(text)))
        operands = (node.operand,) if isinstance(node, Not) else node.operands
        waiting.extend((operand, depth + 1) for operand in operands)
    if parts > MOST_PARTS:
        raise QueryError(f"There are {parts} words and values; the most is {MOST_PARTS}.", Span(0, len(text)))


def _in_words(error: UnexpectedInput, text: str) -> QueryError:
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedToken):
        return _unexpected(error, text)
    if isinstance(error, UnexpectedCharacters) and text[position : position + 1] == '"':
        return QueryError(
            'This quotation mark is not closed. (Within the text write \\" for one, and \\\\ before the last.)',
            Span(position, len(text)),
        )
    reserved = _RESERVED.match(text, position)
    if reserved:
        word = reserved[0]
        return QueryError(
            f'A word, a field or “(” is expected before {word}; to search for it, write "{word}".',
            Span(*reserved.span()),
        )
    return QueryError("This is not understood here.", Span(position, position + 1))


def _unexpected(error: UnexpectedToken, text: str) -> QueryError:
    token, stack = error.token, _stack(error)
    last = stack[-1] if stack else None
    at_end = token.type == "$END"
    span = Span(len(text), len(text) + 1) if at_end else _span(token)
    if isinstance(last, Token):
        span_of_last = _span(last)
        if last.type == "KEY" or (last.type == "_COMMA" and not at_end):
            key = next(str(each) for each in reversed(stack) if isinstance(each, Token) and each.type == "KEY")
            return QueryError(f"A value is expected after “{key}”, such as {key}{_example(key)}.", span)
        if last.type == "_COMMA":
            return QueryError("Another value is expected after the comma.", span)
        if last.type == "_OPEN" and token.type == "_CLOSE":
            return QueryError("Something to search for is expected in the parentheses.", span)
        if last.type in ("_OR", "_AND", "_NOT"):
            return QueryError(f"A word, a field or “(” is expected after {last!s}.", span)
        if last.type == "_OPEN" and at_end:
            return QueryError("This parenthesis is not closed; “)” is expected.", span_of_last)
    if token.type == "_CLOSE":
        return QueryError("There is no open parenthesis for this one to close.", span)
    if token.type in ("_OR", "_AND"):
        return QueryError(
            f'A word, a field or “(” is expected before {token}; to search for it, write "{token}".', span
        )
    if at_end:
        opened = [_span(each) for each in stack if isinstance(each, Token) and each.type == "_OPEN"]
        if opened:
            return QueryError("This parenthesis is not closed; “)” is expected.", opened[-1])
    return QueryError("A word, a field such as status:active, or “(” is expected here.", span)


def _stack(error: UnexpectedToken) -> list[Any]:
    """What the parser had read and not yet put together."""
    interactive = error.interactive_parser
    return list(interactive.parser_state.value_stack) if interactive else []


_EXAMPLES = {"status": "active", "severity": "high", "assignee": "me", "tag": "phishing", "entity": "10.0.0.8"}


def _example(key: str) -> str:
    name = key[:-1].lower()
    if name in ("created", "updated", "last_activity", "first_activity"):
        return ">-7d"
    return _EXAMPLES.get(name, "…")
