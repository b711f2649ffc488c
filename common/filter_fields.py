"""What a list can be filtered by: each field turns the words of its key into a condition on rows.

A list's filter holds one field per key (see `incidents/filters/fields.py`). Addresses, the search text, the API and
saved views all come down to `condition`, so that a filter means the same wherever it is said.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from common.filters import ANY, MOST_VALUES, is_storable
from common.query_strings import nearest
from common.shapes import Shape, list_of, looked_up, text, word_of
from common.terms import NamedTerms, RankedTerms
from common.time_ranges import BadRange, parse_range, range_in_words

LONGEST_WORD = 500
"""Characters of a value."""


class Kind(NamedTerms):
    """How a field's values are chosen and shown."""

    TERMS = "terms", "Any of a closed list"
    VOCABULARY = "vocabulary", "Any of the words senders use"
    PEOPLE = "people", "Users and teams"
    TAGS = "tags", "Tags"
    ENTITY = "entity", "Entities"
    TIME = "time", "A range of time"
    RANGE = "range", "A range of numbers"
    YES_NO = "yes_no", "Yes or no"
    TEXT = "text", "Search text"


CLOSED = (Kind.TERMS, Kind.YES_NO)
"""Kinds whose words are all known."""


class UnknownWord(ValidationError):
    """A value that its key does not take. `better` is what was probably meant, "" where nothing is near."""

    def __init__(self, word: str, message: str, better: str = "") -> None:
        super().__init__(message, code="unknown")
        self.word, self.better = word, better


@dataclass(frozen=True, slots=True)
class Option:
    """A value that can be chosen: the word of the address, and how it is shown."""

    value: str
    label: str


def unknown(word: str, known: Iterable[str]) -> UnknownWord:
    """The refusal of a word that is not among the known ones, naming the nearest that is."""
    known = list(known)
    by_fold = {each.casefold(): each for each in known}
    same = by_fold.get(word.casefold())
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.5)
    better = same or (by_fold[close[0]] if close else "")
    hint = f" — did you mean “{better}”?" if better else nearest(word, known)
    return UnknownWord(word, f"“{word[:60]}” is unknown{hint}", better)


class Field:
    """One thing to filter by. `names` is what the list's filter has read of the people, tags … that words name."""

    kind: ClassVar[Kind]

    def __init__(self, key: str, label: str, *, icon: str, help: str = "", suggest: str = "") -> None:
        self.key, self.label, self.icon, self.help = key, label, icon, help
        self.suggest = suggest
        """Name of the address that suggests values while typing; "" where `options` are all there are."""

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        """Why these words mean nothing here; empty when all do."""
        raise NotImplementedError

    def condition(self, words: Sequence[str], names: Any) -> Q:
        """Rows that any of the words fits; the words have been checked by `refusals`."""
        raise NotImplementedError

    def misshapen(self, words: Sequence[str]) -> ValidationError | None:
        """Why so many or such words cannot even be looked up."""
        return misshapen(words)

    def options(self) -> list[Option]:
        """All values there are, where they are few and fixed."""
        return []

    def options_for(self, names: Any) -> list[Option]:
        """The same where they depend on the list."""
        return self.options()

    def shape(self) -> Shape:
        """What the key takes, for the API's document: any of a few words, or texts that are looked up."""
        about = " ".join(filter(None, (f"{self.label}.", self.help and f"{self.help}.")))
        if self.kind in CLOSED and (options := self.options()):
            return list_of(word_of([*(option.value for option in options), ANY]), about)
        return list_of(looked_up(text(most=LONGEST_WORD)), about)

    def word_label(self, word: str, names: Any) -> str:
        """A word as a chip shows it."""
        return next((option.label for option in self.options() if option.value == word), word)


def misshapen(words: Sequence[str]) -> ValidationError | None:
    """Why so many or such words cannot even be looked up."""
    if len(words) > MOST_VALUES:
        return ValidationError(f"At most {MOST_VALUES} values; this has {len(words)}.")
    if any(len(word) > LONGEST_WORD or not is_storable(word) for word in words):
        return ValidationError(f"A value is at most {LONGEST_WORD} characters long and holds no NUL character.")
    return None


class TermsField(Field):
    """Any of a closed list of terms, by one column; `any` lifts a filter that is set by default."""

    kind = Kind.TERMS

    def __init__(
        self,
        key: str,
        label: str,
        terms: type[RankedTerms | NamedTerms],
        *,
        column: str = "",
        backwards: bool = False,
        icon: str,
        help: str = "",
    ) -> None:
        super().__init__(key, label, icon=icon, help=help)
        self.terms, self.column, self.backwards = terms, column or key, backwards

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        known = [*self.terms.slugs(), ANY]
        return [unknown(word, known) for word in words if word not in known]

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words:
            return Q()
        return Q(**{f"{self.column}__in": [self.terms.from_slug(word).value for word in words]})

    def options(self) -> list[Option]:
        slugs = self.terms.slugs()
        return [Option(slug, self.word_label(slug, None)) for slug in (reversed(slugs) if self.backwards else slugs)]

    def word_label(self, word: str, names: Any) -> str:
        return "Any" if word == ANY else str(self.terms.from_slug(word).label)


class YesNoField(Field):
    """Whether something is so; `yes_is` makes the condition when it is asked for."""

    kind = Kind.YES_NO
    WORDS: ClassVar[dict[str, str]] = {"yes": "Yes", "no": "No"}
    MEANT: ClassVar[dict[str, str]] = {"true": "yes", "1": "yes", "on": "yes", "y": "yes"} | {
        "false": "no", "0": "no", "off": "no", "n": "no"
    }  # fmt: skip

    def __init__(
        self,
        key: str,
        label: str,
        yes: Callable[[], Q],
        no: Callable[[], Q] | None = None,
        *,
        icon: str,
        help: str = "",
    ) -> None:
        super().__init__(key, label, icon=icon, help=help)
        self.yes, self.no = yes, no or (lambda: ~yes())

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        known = [*self.WORDS, ANY]
        found = []
        for word in words:
            if word not in known:
                meant = self.MEANT.get(word.casefold(), "")
                hint = f" — did you mean “{meant}”?"
                found.append(
                    UnknownWord(word, f"“{word[:60]}” is unknown{hint}", meant) if meant else unknown(word, known)
                )
        return found

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words or {"yes", "no"} <= set(words):
            return Q()
        return self.yes() if "yes" in words else self.no()

    def options(self) -> list[Option]:
        return [Option(word, label) for word, label in self.WORDS.items()]

    def word_label(self, word: str, names: Any) -> str:
        return "Any" if word == ANY else self.WORDS.get(word, word)


class TimeField(Field):
    """A moment within a range: `7d`, `24h`, `2026-11-01..2026-11-08`, `2026-11-01T08:00..`."""

    kind = Kind.TIME
    PRESETS: ClassVar[tuple[str, ...]] = ("1d", "3d", "7d", "30d", "180d")

    def __init__(self, key: str, label: str, *, column: str = "", icon: str = "time", help: str = "") -> None:
        super().__init__(key, label, icon=icon, help=help)
        self.column = column or key

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        found = []
        for word in words:
            try:
                span = parse_range(word)
            except BadRange as error:
                better = meant_span(word)
                hint = f" Did you mean “{better}”?" if better else ""
                found.append(UnknownWord(word, f"{error}{hint}", better))
                continue
            if ".." in word and span.since and span.until and span.since > span.until:
                since, _, until = word.partition("..")
                better = f"{until}..{since}"
                message = f"“{word[:60]}” ends before it begins — did you mean “{better[:60]}”?"
                found.append(UnknownWord(word, message, better))
        return found

    def condition(self, words: Sequence[str], names: Any) -> Q:
        # To the minute: the same question within a minute is the same statement, whose count may be remembered.
        now = timezone.now().replace(second=0, microsecond=0)
        condition = Q()
        for word in words:
            condition |= self._within(word, now)
        return condition

    def _within(self, word: str, now: datetime) -> Q:
        span, within = parse_range(word, now), Q()
        if span.since:
            within &= Q(**{f"{self.column}__gte": span.since})
        if span.until:
            within &= Q(**{f"{self.column}__lt": span.until})
        return within

    def options(self) -> list[Option]:
        return [Option(word, range_in_words(word)) for word in self.PRESETS]

    def word_label(self, word: str, names: Any) -> str:
        return range_in_words(word)


_SPAN_IN_WORDS = re.compile(r"(?:last|past|this)?[ _-]*(\d{0,4})[ _-]*(h|d|w|mo|y)[a-z]*", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 168, "mo": 720, "y": 8760}


def meant_span(word: str) -> str:
    """The span that words such as “week”, “2 weeks” or “6m” probably mean; "" for others."""
    match = _SPAN_IN_WORDS.fullmatch(word.strip())
    if match is None:
        return ""
    hours = int(match[1] or 1) * _HOURS[match[2].lower()]
    if not hours:
        return ""
    text = f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"
    return text if len(text) <= 5 else ""


_RANGE = re.compile(r"(\d{0,19})(\.\.)?(\d{0,19})", re.ASCII)
LARGEST = 2**31 - 1


class RangeField(Field):
    """A whole number within a range, both ends included: `5`, `5..20`, `5..`, `..20`, or the word of a band."""

    kind = Kind.RANGE

    def __init__(
        self,
        key: str,
        label: str,
        *,
        column: str = "",
        largest: int = LARGEST,
        bands: dict[str, tuple[str, str]] | None = None,
        icon: str,
        help: str = "",
    ) -> None:
        """`bands`: word → the range it stands for, and how a chip shows it."""
        super().__init__(key, label, icon=icon, help=help)
        self.column, self.largest, self.bands = column or key, largest, bands or {}

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        return [refusal for word in words if (refusal := self._refusal(word))]

    def _refusal(self, word: str) -> UnknownWord | None:
        if word in self.bands or word == ANY:
            return None
        ends = self.ends(word)
        if ends is None:
            close = difflib.get_close_matches(word.casefold(), self.bands, n=1, cutoff=0.5)
            better = close[0] if close else meant_range(word)
            hint = f" — did you mean “{better}”?" if better else "."
            bands = f", or {', '.join(self.bands)}" if self.bands else ""
            form = f"“{word[:60]}” is no number or range such as 5..20{bands}{hint}"
            return UnknownWord(word, form, better)
        low, high = ends
        if (low or 0) > self.largest or (high or 0) > self.largest:
            return UnknownWord(word, f"“{word[:60]}” is too large; the largest is {self.largest}.")
        if low is not None and high is not None and low > high:
            better = f"{high}..{low}"
            return UnknownWord(word, f"“{word[:60]}” runs backwards — did you mean “{better}”?", better)
        return None

    def ends(self, word: str) -> tuple[int | None, int | None] | None:
        """Lowest and highest number of a range, None where it is open; None for what is no range."""
        match = _RANGE.fullmatch(word)
        if match is None or not (match[1] or match[3]) or (not match[2] and match[3]):
            return None
        low = int(match[1]) if match[1] else None
        if not match[2]:
            return low, low
        return low, int(match[3]) if match[3] else None

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words:
            return Q()
        condition, single = Q(), []
        for word in words:
            low, high = self.ends(self.bands[word][0] if word in self.bands else word) or (None, None)
            if low is not None and low == high:
                single.append(low)
                continue
            within = Q()
            if low is not None:
                within &= Q(**{f"{self.column}__gte": low})
            if high is not None:
                within &= Q(**{f"{self.column}__lte": high})
            condition |= within
        return condition | Q(**{f"{self.column}__in": single}) if single else condition

    def options(self) -> list[Option]:
        return [Option(word, label) for word, (_, label) in self.bands.items()]

    def word_label(self, word: str, names: Any) -> str:
        if word in self.bands:
            return self.bands[word][1]
        low, high = self.ends(word) or (None, None)
        if low == high:
            return str(low)
        if high is None:
            return f"{low} or more"
        return f"up to {high}" if low is None else f"{low} to {high}"


_MEANT_RANGE = re.compile(r"\s*(>=|<=|>|<|=)?\s*(\d{1,18})\s*(?:(-|–|\.{1,3}|…|to|,)\s*(\d{0,18})|(\+))?\s*", re.ASCII)


def meant_range(word: str) -> str:
    """The range that a spelling such as “>5”, “5-20” or “5+” probably means; "" for others."""
    match = _MEANT_RANGE.fullmatch(word)
    if match is None:
        return ""
    sign, low, dash, high, plus = match.groups()
    if sign and (dash or plus):
        return ""
    signed = {">": f"{int(low) + 1}..", ">=": f"{low}..", "<": f"..{max(int(low) - 1, 0)}", "<=": f"..{low}", "=": low}
    if sign:
        return signed[sign]
    return f"{low}.." if plus else f"{low}..{high}" if dash else low
