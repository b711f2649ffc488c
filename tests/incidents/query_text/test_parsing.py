"""The text of the search box as a tree, and what is said of a text that is none."""

from __future__ import annotations

import contextlib
import time

import pytest

from incidents.query_text import QueryError, parse
from incidents.query_text.parsing import LONGEST, MOST_PARTS
from incidents.query_text.tree import And, Node, Not, Or, Term, Value, Word


def term(key: str, *values: str) -> Term:
    return Term(key, tuple(Value(value) for value in values))


def words(*texts: str) -> And:
    return And(tuple(Word(text) for text in texts))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        (" \n\t ", None),
        ("mimikatz", Word("mimikatz")),
        ("beacon command", words("beacon", "command")),
        ("beacon AND command", words("beacon", "command")),
        ("beacon OR command", Or((Word("beacon"), Word("command")))),
        ("a b OR c d", Or((words("a", "b"), words("c", "d")))),
        ("a (b OR c)", And((Word("a"), Or((Word("b"), Word("c")))))),
        ("((a b) c)", words("a", "b", "c")),
        ("or and not", words("or", "and", "not")),
        ("-beacon", Not(Word("beacon"))),
        ("NOT beacon", Not(Word("beacon"))),
        ("NOT (a OR b) c", And((Not(Or((Word("a"), Word("b")))), Word("c")))),
        ("NOT -beacon", Word("beacon")),
        ("- a --b c-d", words("-", "a", "--b", "c-d")),
        ("status:active", term("status", "active")),
        ("Status:active,in_progress", term("status", "active", "in_progress")),
        ("status: active , resolved x", And((term("status", "active", "resolved"), Word("x")))),
        ('tag:"red team",vip', term("tag", "red team", "vip")),
        ("-tag:vip", Not(term("tag", "vip"))),
        ("tag:OR", term("tag", "OR")),
        ("updated:>-7d", term("updated", ">-7d")),
        ("created:2026-11-01..2026-11-08", term("created", "2026-11-01..2026-11-08")),
        ("last_activity:<2026-11-01T08:00", term("last_activity", "<2026-11-01T08:00")),
        ("alerts:>5 priority:>=85", And((term("alerts", ">5"), term("priority", ">=85")))),
        ("#123", Word("#123")),
        ("foo, bar", words("foo,", "bar")),
        ("ünï-cödé 検索:x", words("ünï-cödé", "検索:x")),
        ('"lateral movement"', Word("lateral movement")),
        ("“lateral movement”", Word("lateral movement")),
        ("“half", Word("“half")),
        ('"OR" "-x" "tag:vip"', words("OR", "-x", "tag:vip")),
        ('"say \\"hi\\""', Word('say "hi"')),
        ('""', Word("")),
        ('a"b c"d', words("a", "b c", "d")),
    ],
)
def test_a_text_is_a_tree(text: str, tree: Node | None) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "word",
    [
        "10.0.0.8",
        "fe80::1",
        "::1",
        "dead:beef::1",
        "fe80::1%eth0",
        "2001:db8::/32",
        "aa:bb:cc:dd:ee:ff",
        "C:\\Users\\ana",
        "c:/temp/x.exe",
        "\\\\server\\share",
        "CONTOSO\\ana",
        "ana@contoso.example",
        "https://evil.example/a?b=c,d",
        "3f" * 32,
        "12:30",
        "T1059.001",
        "Trojan:Win32/Wacatac.B!ml",
        "Ransom:Win64/Hollowcrate",
        "HEUR:Trojan.Win32.Generic",
        "fin-ws-17.contoso.example:443",
    ],
)
def test_what_analysts_paste_is_one_word_and_one_value(word: str) -> None:
    assert parse(word) == Word(word)
    if "," not in word:
        assert parse(f"entity:{word}") == term("entity", word)
    assert parse(f'entity:"{word}"') == term("entity", word)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (r'"C:\Program Files\x"', r"C:\Program Files\x"),
        (r'"\\server\a share"', r"\\server\a share"),
        (r'"C:\a dir\\"', "C:\\a dir\\"),
        (r'"a \\\" b"', r"a \" b"),
    ],
)
def test_backslashes_in_quotation_marks_are_themselves_except_before_a_mark(typed: str, meant: str) -> None:
    assert parse(typed) == Word(meant)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("a OR", 5, "expected after OR"),
        ("a AND", 6, "expected after AND"),
        ("a NOT", 6, "expected after NOT"),
        ("OR a", 1, "expected before OR"),
        ("a OR OR b", 6, "expected after OR"),
        ("a (OR b)", 4, "expected before OR"),
        ("-OR", 2, "expected after -"),
        ("(a", 1, "not closed"),
        ("x (a (b) c", 3, "not closed"),
        ("x (", 3, "not closed"),
        ("a)", 2, "no open parenthesis"),
        ("a ()", 4, "in the parentheses"),
        ("tag:", 5, "value is expected after “tag:”"),
        ("tag: )", 6, "value is expected after “tag:”"),
        ("tag:a,", 7, "value is expected after the comma"),
        ("tag:,a", 5, "value is expected after “tag:”"),
        ("updated:", 9, "updated:>-7d"),
        ('x "abc', 3, "not closed"),
        ('tag:"a b', 5, "not closed"),
        ('"C:\\dir\\"', 1, "not closed"),
        ("ab\x00c", 3, "cannot be searched for"),
        ("a \ud800", 3, "cannot be searched for"),
    ],
)
def test_an_error_points_at_the_column_and_says_what_is_expected(text: str, column: int, expected: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert refused.value.column == column, str(refused.value)
    assert expected in refused.value.problem


@pytest.mark.parametrize(
    "text",
    [
        "x" * (LONGEST + 1),
        "x " * (MOST_PARTS + 1),
        "tag:" + ",".join(["a"] * (MOST_PARTS + 1)),
        "(a OR (b c " * 40 + ")) " * 40,
        "-(a " * 40 + ")" * 40,
    ],
)
def test_what_is_too_long_too_deep_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2000,
        "-(" * 1000,
        "(" * 1000 + ")" * 1000,
        "a:" * 1000,
        "ab:" * 660,
        "aa:" * 600 + "!",
        '"' + "\\" * 1999,
        '"\\' * 1000,
        "NOT " * 500,
        "a OR " * 400,
        "(a " * 660,
        "tag:" + "a," * 900,
        "“" * 2000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.perf_counter()
    with contextlib.suppress(QueryError):
        parse(text)
    assert time.perf_counter() - began < 1


def test_only_groups_that_mean_something_count_as_depth() -> None:
    assert parse("(" * 900 + "a" + ")" * 900) == Word("a")


def test_a_part_knows_where_it_stands() -> None:
    tree = parse('x -tag:"a b",vip')
    assert isinstance(tree, And) and isinstance(tree.operands[1], Not)
    found = tree.operands[1].operand
    assert isinstance(found, Term)
    assert (found.span.start, found.span.end) == (3, 16)
    assert [(value.span.start, value.span.end) for value in found.values] == [(7, 12), (13, 16)]
