"""From tree to text, in one way: what is printed parses to the same tree, and prints the same again."""

from __future__ import annotations

import re

from incidents.query_text.parsing import parse
from incidents.query_text.tree import And, Node, Not, Or, Term, Word

_PLAIN_VALUE = re.compile(r'[^\s()",“”\x00]+\Z')
_BEFORE_QUOTE = re.compile(r'(\\*)("|\Z)')


def print_query(node: Node | None) -> str:
    """The text of a tree."""
    if node is None:
        return ""
    if isinstance(node, Word):
        return node.text if _is_plain_word(node.text) else quoted(node.text)
    if isinstance(node, Term):
        return f"{node.key}:{','.join(print_value(value.text) for value in node.values)}"
    if isinstance(node, Not):
        inner = print_query(node.operand)
        return f"-({inner})" if isinstance(node.operand, And | Or) else f"-{inner}"
    if isinstance(node, And):
        return " ".join(
            f"({print_query(part)})" if isinstance(part, Or) else print_query(part) for part in node.operands
        )
    return " OR ".join(print_query(part) for part in node.operands)


def print_value(text: str) -> str:
    """A field's value, in quotation marks where it needs them."""
    return text if _PLAIN_VALUE.match(text) else quoted(text)


def quoted(text: str) -> str:
    """The text between quotation marks: backslashes are doubled before a mark only, so that paths stay readable."""
    return '"' + _BEFORE_QUOTE.sub(_escaped, text) + '"'


def _escaped(run: re.Match[str]) -> str:
    return run[1] * 2 + ('\\"' if run[2] else "")


def _is_plain_word(text: str) -> bool:
    """Whether the text read by itself is that word: OR, -x, status: and the like are not."""
    if "“" in text or "”" in text:
        return False
    try:
        node = parse(text)
    except ValueError:
        return False
    return node == Word(text) and not text.startswith('"')
