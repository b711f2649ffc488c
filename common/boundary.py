"""The one check for everything that comes in from outside: bodies, files, table cells, forms.

What passes can be stored in PostgreSQL as text or jsonb, parsed and written again without loss, and walked without
exhausting anything. It says nothing of meaning: script tags, template braces, prototype keys or direction marks are
text like any other and are kept as they came.

JSON follows RFC 8259 in the strict reading of RFC 7493 (I-JSON): UTF-8 only, no repeated names, no numbers that other
parsers would read differently.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

MAXIMUM_DEPTH = 64
"""Objects and lists inside each other. Real alerts stay under 12."""

MAXIMUM_TEXT = 1_000_000
"""Characters in one text, whatever the field; fields have smaller caps of their own."""

MAXIMUM_VALUES = 200_000
"""Values in one record: room for 1,000 pieces of evidence with 200 fields each."""

MAXIMUM_DOCUMENT_VALUES = 2_000_000
"""Values in one JSON text of many records."""

SMALLEST_INTEGER = -(2**63)
LARGEST_INTEGER = 2**64 - 1
"""64 bits, signed or not: beyond them other parsers silently round."""

SHOWN_OF_A_NAME = 60
"""Characters of a sender's own field name that are repeated in an error."""


class BoundaryError(ValueError):
    """A value that is not taken: where it stands and, in one sentence, what is wrong and the way out."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        """JSON-like path such as "[3].evidence[0].url"; empty for the whole."""
        self.problem = problem


class Flaw:
    """Stands in a parsed value where the JSON text had something that cannot be taken; `check_value` refuses it."""

    __slots__ = ("problem",)

    def __init__(self, problem: str) -> None:
        self.problem = problem


class RepeatingObject(dict[str, Any]):
    """A JSON object that gave one of its names twice; `check_value` refuses it."""

    def __init__(self, values: dict[str, Any], repeated: str) -> None:
        super().__init__(values)
        self.repeated = repeated


# ---------------------------------------------------------------------------------------------------------- JSON text


def parse_json(data: bytes) -> Any:
    """The value of a JSON text, wholly checked; raises BoundaryError for anything that is not taken."""
    value = load_json(decode_text(data))
    check_value(value, maximum_values=MAXIMUM_DOCUMENT_VALUES)
    return value


def load_json(text: str) -> Any:
    """The value of a JSON text whose records are still to be checked one by one with `check_value`.

    Raises BoundaryError only for what spoils the whole: broken syntax and hopeless nesting. Flaws inside are left
    standing as markers, so that one bad record of a list does not refuse the others.
    """
    check_depth(text)
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BoundaryError("", describe_syntax_error(error)) from None


def decode_text(data: bytes) -> str:
    """The text of `data`, which must be UTF-8; a byte order mark at the start is dropped."""
    if encoding := foreign_encoding(data):
        raise BoundaryError("", f"This is {encoding}; send it encoded as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at offset {error.start:,}"
        raise BoundaryError("", f"This is not UTF-8 ({found}); send it encoded as UTF-8.") from None


def foreign_encoding(data: bytes) -> str:
    """“UTF-16” or “UTF-32” where the first bytes of JSON or CSV show it, else empty. Source: RFC 4627, section 3."""
    start = data[:4]
    if start in (b"\xff\xfe\0\0", b"\0\0\xfe\xff") or start[:3] == b"\0\0\0":
        return "UTF-32"
    is_marked = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    has_half_empty_pairs = len(start) == 4 and b"\0\0" in (start[0::2], start[1::2])
    return "UTF-16" if is_marked or has_half_empty_pairs else ""


# An unclosed string counts as one token to the end: otherwise each quotation mark in it would be searched from anew.
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def check_depth(text: str, maximum: int = MAXIMUM_DEPTH) -> None:
    """Refuses a JSON text that is nested too deeply, before any parser recurses into it."""
    if text.count("[") + text.count("{") <= maximum:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        mark = text[token.start()]
        if mark == "[" or mark == "{":
            depth += 1
            if depth > maximum:
                raise BoundaryError("", _too_deep(maximum))
        elif mark != '"':
            depth -= 1


def _too_deep(maximum: int) -> str:
    return f"It is nested deeper than {maximum} levels; flatten it."


def describe_syntax_error(error: json.JSONDecodeError) -> str:
    """One sentence for a text that is not JSON."""
    return f"This is not JSON: {error.msg} (line {error.lineno:,}, column {error.colno:,}); correct the text."


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else RepeatingObject(values, _first_repeated(name for name, _ in pairs))


def _first_repeated(names: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _integer_of(digits: str) -> int | Flaw:
    # int() itself refuses beyond 4,300 digits; 20 digits and a sign hold every 64-bit number.
    return int(digits) if len(digits) <= 21 else Flaw(_number_too_large(f"{len(digits):,} digits"))


def _constant_of(word: str) -> Flaw:
    return Flaw(f"{word} is not a number in JSON; send null or leave the field out.")


def _number_too_large(what: str) -> str:
    return f"A whole number of {what} does not fit into 64 bits; send it as text."


DECODER = json.JSONDecoder(object_pairs_hook=_object_of, parse_int=_integer_of, parse_constant=_constant_of)
"""Parses JSON with flaws left standing as markers; what it returns must go through `check_value`."""


# ------------------------------------------------------------------------------------------------------------- values


class _Found(Exception):
    """A problem on its way up; each level adds its step to the trail."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.trail: list[str | int] = []


def check_value(value: Any, path: str = "", *, maximum_values: int = MAXIMUM_VALUES) -> None:
    """Refuses any part of a JSON-like value (also one from table cells or forms) that cannot be taken."""
    try:
        _check(value, 0, [maximum_values, maximum_values])
    except _Found as found:
        for step in reversed(found.trail):
            path = join_path(path, step)
        raise BoundaryError(path, found.problem) from None


def check_text(value: Any, path: str, maximum: int = MAXIMUM_TEXT, *, required: bool = False) -> str:
    """`value` as a text of at most `maximum` characters; a required one has more than white space."""
    if not isinstance(value, str):
        raise BoundaryError(path, f"This is {name_type(value)}, not text; put it in quotation marks.")
    if problem := text_problem(value, maximum):
        raise BoundaryError(path, problem)
    if required and not value.strip():
        raise BoundaryError(path, "This is empty and must not be; give it a value.")
    return value


def text_problem(text: str, maximum: int = MAXIMUM_TEXT) -> str:
    """What keeps a text from being stored, as one sentence; empty if nothing does."""
    if len(text) > maximum:
        return f"The text has {len(text):,} characters, more than the {maximum:,} allowed; shorten it."
    if "\0" in text:
        return f"A NUL character (position {text.index(chr(0)) + 1:,}) cannot be stored; leave it out."
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            found = f"\\u{ord(text[error.start]):04x} at position {error.start + 1:,}"
            return f"A lone surrogate ({found}) is half a character; send the whole character."
    return ""


def _is_plain(text: str) -> bool:
    """Whether nothing can be wrong with a text, as quickly as that can be said."""
    return text.isascii() and "\0" not in text and len(text) <= MAXIMUM_TEXT


def _check(value: Any, depth: int, budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise _Found(f"It holds more than {budget[1]:,} values; split it.")
    if isinstance(value, str):
        if problem := text_problem(value):
            raise _Found(problem)
    elif isinstance(value, dict):
        _check_object(value, depth + 1, budget)
    elif isinstance(value, (list, tuple)):
        _check_items(enumerate(value), depth + 1, budget)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            raise _Found(_number_too_large("this size"))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _Found("The number is too large or not finite; send it as text or leave the field out.")
    elif isinstance(value, Flaw):
        raise _Found(value.problem)
    else:
        raise _Found(f"This is {name_type(value)}, which JSON does not know; send it as text.")


def _check_object(value: dict[Any, Any], depth: int, budget: list[int]) -> None:
    if isinstance(value, RepeatingObject):
        raise _Found(f"The field {show_name(value.repeated)} is there twice; name it once.")
    for name in value:
        if type(name) is str and _is_plain(name):
            continue
        if not isinstance(name, str):
            raise _Found(f"A field's name is {name_type(name)}, not text; put it in quotation marks.")
        if problem := text_problem(name):
            raise _Found(f"In the field name {show_name(name)}: {problem[0].lower()}{problem[1:]}")
    _check_items(value.items(), depth, budget)


def _check_items(items: Iterable[tuple[str | int, Any]], depth: int, budget: list[int]) -> None:
    if depth > MAXIMUM_DEPTH:
        raise _Found(_too_deep(MAXIMUM_DEPTH))
    for step, item in items:
        # Nearly all values are short plain texts, which are looked at here rather than by a call each.
        if type(item) is str and budget[0] > 0 and _is_plain(item):
            budget[0] -= 1
            continue
        try:
            _check(item, depth, budget)
        except _Found as found:
            found.trail.append(step)
            raise


# -------------------------------------------------------------------------------------------------------------- paths

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def join_path(path: str, step: str | int) -> str:
    """The path one step further in; a name that is not a plain word is quoted, escaped and cut."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if len(step) <= SHOWN_OF_A_NAME and _PLAIN_NAME.fullmatch(step):
        return f"{path}.{step}" if path else step
    return f"{path}[{_quoted(step)}]"


def show_name(name: str) -> str:
    """A sender's own word, safe to repeat in an error: quoted, escaped and cut."""
    return _quoted(name)


def _quoted(name: str) -> str:
    shown = json.dumps(name[:SHOWN_OF_A_NAME])
    return shown if len(name) <= SHOWN_OF_A_NAME else f"{shown[:-1]}…{shown[-1]}"


_TYPE_NAMES = {dict: "an object", list: "a list", tuple: "a list", str: "text", bool: "true or false"}


def name_type(value: Any) -> str:
    """The type of a value in the words of JSON."""
    if value is None:
        return "null"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "a number"
    return next((name for kind, name in _TYPE_NAMES.items() if isinstance(value, kind)), f"a {type(value).__name__}")
