"""Reading one JSON object field by field, so that a format, or the body of a request (common/bodies.py), reads like the
list of its fields.

Our own format is read strictly: a value that does not fit refuses the record and says how to mend it. A foreign format
is read leniently, because its sender cannot be asked to change it: what does not fit is left out and noted, what is too
long is cut, and the record itself is kept whole beside it. Only what an alert cannot do without refuses a record.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from common.boundary import BoundaryError, join_path, name_type, show_name, text_problem
from common.terms import NamedTerms, RankedTerms, UnknownTerm
from common.times import TimeProblem, parse_time

Term = TypeVar("Term", bound="RankedTerms | NamedTerms")
Value = TypeVar("Value")

ELLIPSIS = "…"

SHORT_TEXT = 300
"""Characters of a text, where its reader does not say."""
LIST_ITEMS = 100
"""Items of a list."""
MOST_OWN_FIELDS = 100
"""Fields of an object whose fields the sender chooses."""

MISSING = "This field is missing; it is required."


class _Unfit(ValueError):
    """A value that a field cannot take; the message is a sentence."""


class Fields:
    """The fields of one object that has passed the boundary. `null` counts as left out everywhere, as most fields of
    most records are; each way of reading one looks at that first."""

    def __init__(
        self,
        record: Mapping[str, Any],
        path: str = "",
        *,
        now: datetime | None,
        lenient: bool = False,
        naive_is_utc: bool = False,
        notices: list[str] | None = None,
    ) -> None:
        self.record = record
        self.path = path
        self.now = now
        self.lenient = lenient
        self.naive_is_utc = naive_is_utc
        self.notices: list[str] = [] if notices is None else notices
        """What was left out or cut, in words; shared with the fields inside."""

    def at(self, name: str) -> str:
        """The path of a field."""
        return join_path(self.path, name)

    def has(self, name: str) -> bool:
        return self.record.get(name) is not None

    def refuse(self, name: str, problem: str) -> BoundaryError:
        """The error to raise for a field."""
        return BoundaryError(self.at(name) if name else self.path, problem)

    def fail(self, path: str, problem: str) -> None:
        """What stands at `path` cannot be taken."""
        raise BoundaryError(path, problem)

    def notice(self, name: str, problem: str) -> None:
        self.notices.append(f"{self.at(name)}: {problem}")

    def refuse_unknown(self, known: tuple[str, ...], what: str) -> None:
        """Refuses a field that `what` does not have, suggesting the nearest one that it has."""
        if self.record.keys() <= _set_of(known):
            return
        for name in self.record:
            if name not in known:
                near = difflib.get_close_matches(name.lower()[:60], known, n=1, cutoff=0.6)
                way_out = f"did you mean “{near[0]}”?" if near else f"it has {', '.join(sorted(known))}."
                self.fail(self.at(name), f"{what} has no field {show_name(name)}; {way_out}")

    # ------------------------------------------------------------------------------------------------- plain values

    def text(self, name: str, maximum: int = SHORT_TEXT, *, required: bool = False) -> str:
        """A text; empty when left out. A required one has more than white space."""
        if not required and self.record.get(name) is None:
            return ""
        return self._read(name, "", required, lambda value: self._as_text(value, name, maximum, required))

    def integer(self, name: str, minimum: int = 0, maximum: int = 2**63 - 1) -> int | None:
        return self._read(name, None, False, lambda value: self._as_integer(value, minimum, maximum))

    def flag(self, name: str) -> bool | None:
        return self._read(name, None, False, _as_flag)

    def time(self, name: str, *, required: bool = False) -> datetime | None:
        """A moment in UTC, as `parse_time` reads it."""
        if not required and self.record.get(name) is None:
            return None
        return self._read(name, None, required, self._as_time)

    def required_time(self, name: str) -> datetime:
        moment = self.time(name, required=True)
        assert moment is not None  # a required field that is missing or unfit has raised
        return moment

    def texts(self, name: str, count: int = LIST_ITEMS, maximum: int = SHORT_TEXT) -> tuple[str, ...]:
        """A list of texts; blank ones are dropped."""
        if self.record.get(name) is None:
            return ()
        found = self._converted(name, count, lambda value: self._as_text(value, name, maximum))
        return tuple(text for text in found if text.strip())

    def free(self, name: str, count: int = MOST_OWN_FIELDS) -> dict[str, Any]:
        """An object with fields of the sender's own choice."""
        if self.record.get(name) is None:
            return {}

        def as_object(value: Any) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise _Unfit(f"This is {name_type(value)}, not an object; send one in braces.")
            if len(value) > count:
                raise _Unfit(f"It has {len(value):,} fields, more than the {count} allowed; leave some out.")
            return dict(value)

        return self._read(name, {}, False, as_object)

    # -------------------------------------------------------------------------------------------------------- terms

    def term(self, name: str, terms: type[Term], default: Term | None = None) -> Term:
        """One of our own terms, by its word; required unless there is a default."""
        if default is not None and self.record.get(name) is None:
            return default
        return cast(Term, self._read(name, default, default is None, lambda value: _as_term(value, terms)))

    def terms(self, name: str, terms: type[Term], count: int) -> tuple[str, ...]:
        """A list of our own terms, by their words, each once."""
        if self.record.get(name) is None:
            return ()
        return tuple(dict.fromkeys(self._converted(name, count, lambda value: _as_term(value, terms).slug)))

    def mapped(self, name: str, table: Mapping[str, Value], default: Value) -> Value:
        """What a foreign word means to us: looked up without regard to case, hyphens and underscores."""
        word = self.record.get(name)
        if word is None or word == "":
            return default
        if isinstance(word, str) and (found := table.get(fold_word(word))) is not None:
            return found
        self.notice(name, "An unknown word, taken as not said.")
        return default

    # ----------------------------------------------------------------------------------------------- nested objects

    def object(self, name: str) -> Fields | None:
        """The fields of the object in a field."""
        if self.record.get(name) is None:
            return None

        def as_fields(value: Any) -> Fields:
            if not isinstance(value, dict):
                raise _Unfit(f"This is {name_type(value)}, not an object; send one in braces.")
            return self._inside(value, self.at(name))

        return self._read(name, None, False, as_fields)

    def objects(self, name: str, count: int) -> list[Fields]:
        """The fields of each object of a list."""
        found: list[Fields] = []
        for position, value in self._items(name, count):
            path = join_path(self.at(name), position)
            if isinstance(value, dict):
                found.append(self._inside(value, path))
            elif self.lenient:
                self.notices.append(f"{path}: This is {name_type(value)}, not an object; left out.")
            else:
                self.fail(path, f"This is {name_type(value)}, not an object; send one in braces.")
        return found

    def _inside(self, record: Mapping[str, Any], path: str) -> Fields:
        return Fields(
            record,
            path,
            now=self.now,
            lenient=self.lenient,
            naive_is_utc=self.naive_is_utc,
            notices=self.notices,
        )

    # ---------------------------------------------------------------------------------------------------- how it works

    def _read(self, name: str, default: Any, required: bool, convert: Callable[[Any], Any]) -> Any:
        value = self.record.get(name)
        if value is None:
            if required:
                self.fail(self.at(name), MISSING)
            return default
        try:
            return convert(value)
        except (_Unfit, TimeProblem) as unfit:
            problem = str(unfit)
        if required or not self.lenient:
            self.fail(self.at(name), problem)
        else:
            self.notice(name, f"{problem} Left out.")
        return default

    def _items(self, name: str, count: int) -> list[tuple[int, Any]]:
        if self.record.get(name) is None:
            return []
        value = self._read(name, [], False, self._as_list)
        if len(value) > count:
            found = f"The list has {len(value):,} items"
            if self.lenient:
                self.notice(name, f"{found}; the first {count:,} were taken.")
            else:
                self.fail(self.at(name), f"{found}, more than the {count:,} allowed; send fewer.")
        return [(position, item) for position, item in enumerate(value[:count]) if item is not None]

    def _converted(self, name: str, count: int, convert: Callable[[Any], Value]) -> list[Value]:
        """The items of a list that fit."""
        found = []
        for position, value in self._items(name, count):
            try:
                found.append(convert(value))
            except _Unfit as unfit:
                path, problem = join_path(self.at(name), position), str(unfit)
            else:
                continue
            if self.lenient:
                self.notices.append(f"{path}: {problem} Left out.")
            else:
                self.fail(path, problem)
        return found

    def _as_list(self, value: Any) -> list[Any]:
        if isinstance(value, (list, tuple)):
            return list(value)
        if self.lenient and isinstance(value, (str, int, float)):
            return [value]
        raise _Unfit(f"This is {name_type(value)}, not a list; put it in square brackets.")

    def _as_text(self, value: Any, name: str, maximum: int, required: bool = False) -> str:
        if self.lenient and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise _Unfit(f"This is {name_type(value)}, not text; put it in quotation marks.")
        if self.lenient and len(value) > maximum:
            self.notice(name, f"Cut from {len(value):,} to {maximum:,} characters.")
            return cut(value, maximum)
        if len(value) > maximum:
            raise _Unfit(text_problem(value, maximum))
        if required and not value.strip():
            raise _Unfit("This is empty and must not be; give it a value.")
        return value

    def _as_integer(self, value: Any, minimum: int, maximum: int) -> int:
        if self.lenient and isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 20:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Unfit(f"This is {name_type(value)}, not a whole number; send digits without quotation marks.")
        if not minimum <= value <= maximum:
            raise _Unfit(f"The number must lie between {minimum:,} and {maximum:,}; correct it.")
        return value

    def _as_time(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise _Unfit(f'This is {name_type(value)}, not a time; write it like "2026-03-01T09:30:00Z".')
        return parse_time(value, self.now, naive_is_utc=self.naive_is_utc)


@cache
def _set_of(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


def _as_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit(f"This is {name_type(value)}; send true or false.")
    return value


def _as_term(value: Any, terms: type[Term]) -> Term:
    if not isinstance(value, str):
        raise _Unfit(f"This is {name_type(value)}; send one of {', '.join(terms.slugs())}.")
    try:
        return cast(Term, terms.from_slug(value))  # a bound of two classes loses which of their subclasses it is
    except UnknownTerm as unknown:
        near = difflib.get_close_matches(value.lower()[:60], unknown.known, n=1)
        meant = f"did you mean “{near[0]}”? Known are" if near else "send one of"
        raise _Unfit(f"{show_name(value)} is not known; {meant} {', '.join(unknown.known)}.") from None


def fold_word(word: str) -> str:
    """A word as one spelling of camelCase, PascalCase, snake_case and plain words: letters and digits, lower case."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def cut(text: str, maximum: int) -> str:
    """At most `maximum` characters, the last one an ellipsis where something was cut off."""
    return text if len(text) <= maximum else text[: maximum - 1] + ELLIPSIS
