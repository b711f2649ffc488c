"""A tree as text: one way to write it, and reading it again gives the same tree."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from incidents.query_text import QueryError, parse, print_query
from incidents.query_text.tree import Node, Term, Value, Word, all_of, negation
from incidents.query_text.tree import Or as AnyOf

PIECES = st.sampled_from(
    ["a", "OR", "AND", "NOT", "-", "(", ")", '"', "\\", ",", ":", " ", "tag:", "status:active", "fe80::1", "C:\\", "“",
     "”", "x y", "#1", "\n", "ß", "İ", "検", ">-7d", "\x00", "'", "%", "*"]
)  # fmt: skip
GARBAGE = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200)
TEXTS = st.text(min_size=1, max_size=12).filter(
    lambda text: "\x00" not in text and text.isprintable()
) | st.sampled_from(["OR", "-x", "tag:vip", "C:\\dir\\", 'say "hi"', "a\\", "“q”", "(x)", "a b", ""])
KEYS = st.sampled_from(["tag", "status", "last_activity"])
LEAVES: st.SearchStrategy[Node] = st.builds(Word, TEXTS) | st.builds(
    lambda key, values: Term(key, tuple(map(Value, values))), KEYS, st.lists(TEXTS, min_size=1, max_size=3)
)


def _or(nodes: list[Node]) -> Node:
    flat = [part for node in nodes for part in (node.operands if isinstance(node, AnyOf) else (node,))]
    return AnyOf(tuple(flat))


TREES = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map(negation)
        | st.lists(inner, min_size=2, max_size=3).map(lambda nodes: all_of(nodes) or nodes[0])
        | st.lists(inner, min_size=2, max_size=3).map(_or)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(TREES)
def test_a_tree_is_read_back_as_it_was(tree: Node) -> None:
    text = print_query(tree)
    assert parse(text) == tree
    assert print_query(parse(text)) == text


@settings(max_examples=600, deadline=None)
@given(GARBAGE)
@example("“a (OR) ”")
def test_garbage_is_a_tree_or_a_refusal(text: str) -> None:
    try:
        tree = parse(text)
    except QueryError as error:
        assert 0 <= error.span.start <= error.span.end and error.span.start <= len(text)
        assert error.problem
        return
    printed = print_query(tree)
    assert parse(printed) == tree
    assert print_query(parse(printed)) == printed


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("a  AND b", "a b"),
        ("NOT(a OR b)", "-(a OR b)"),
        ("(a b) OR c", "a b OR c"),
        ('tag:"vip","red team"', 'tag:vip,"red team"'),
        ('"C:\\Program Files\\x"', '"C:\\Program Files\\x"'),
        ('"OR"', '"OR"'),
        ("STATUS:active", "status:active"),
    ],
)
def test_there_is_one_way_to_write_it(typed: str, printed: str) -> None:
    assert print_query(parse(typed)) == printed
