"""From an address to rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.models import Principal
from common.filter_fields import Field, Kind
from common.query_strings import UnknownKeys, check_keys, nearest
from incidents.filters.defaults import LIST_KEYS
from incidents.filters.names import Names
from incidents.filters.registry import FIELDS
from incidents.models import Incident


class IncidentFilter:
    """The filters of an address over incidents; build it with `IncidentFilter(query, queryset, principal=…)`.

    Each key may be repeated for "any of". An unknown key or value is refused with the nearest known one.
    """

    FIELDS = FIELDS

    def __init__(
        self,
        data: QueryDict,
        queryset: QuerySet[Incident],
        *,
        principal: Principal,
        named_as: IncidentFilter | None = None,
    ) -> None:
        """`named_as` has the same people, tags and entities, which then are not read again."""
        self.data, self.queryset, self.principal = data, queryset, principal
        self.names: Names = named_as.names if named_as else Names(principal)

    @classmethod
    def keys(cls) -> list[str]:
        return list(cls.FIELDS)

    @classmethod
    def field(cls, key: str) -> Field:
        """Raises UnknownKeys, with the nearest known one."""
        if key not in cls.FIELDS:
            raise UnknownKeys({key: nearest(key, sorted(cls.FIELDS))})
        return cls.FIELDS[key]

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """What the address says, by key; an empty search says nothing."""
        said = {key: list(dict.fromkeys(self.data.getlist(key))) for key in self.FIELDS if key in self.data}
        return {key: words for key, words in said.items() if FIELDS[key].kind != Kind.TEXT or any(words)}

    def check(self) -> None:
        """Raises UnknownKeys or ValidationError (by key) unless every key and value means something."""
        check_keys(self.data, [*self.keys(), *LIST_KEYS])
        problems: dict[str, list[ValidationError]] = {}
        for key, words in self.words.items():
            if problem := FIELDS[key].misshapen(words):
                problems[key] = [problem]
        sound = {key: words for key, words in self.words.items() if key not in problems}
        self.names.learn(sound)
        for key, words in sound.items():
            if refusals := self.FIELDS[key].refusals(words, self.names):
                problems[key] = [*refusals]
        if problems:
            raise ValidationError(problems)

    def condition(self, key: str, words: Sequence[str]) -> Q:
        """Rows that any of the words under the key fits: what page, API and search text all come down to.

        Whoever asks for many calls `names.learn` with all of them first, which reads them in one statement. Raises
        UnknownKeys for the key, ValidationError under the key for its words.
        """
        field, words = self.field(key), list(dict.fromkeys(words))
        problem = field.misshapen(words)
        if problem is None:
            self.names.learn({key: words})
        refusals: Sequence[ValidationError] = [problem] if problem else field.refusals(words, self.names)
        if refusals:
            raise ValidationError({key: [*refusals]})
        return field.condition(words, self.names)

    @cached_property
    def qs(self) -> QuerySet[Incident]:
        """The rows that pass every key. For an address that `check` accepts."""
        self.names.learn(self.words)
        rows = self.queryset
        for key, words in self.words.items():
            condition = self.FIELDS[key].condition(words, self.names)
            rows = rows.filter(condition) if condition else rows
        return rows

    def label(self, key: str, word: str) -> str:
        """A word as a chip shows it; the names it needs have been read by `check` or `qs`."""
        return self.FIELDS[key].word_label(word, self.names)
