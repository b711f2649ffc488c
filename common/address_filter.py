"""From an address to rows: what the filters of every list have in common."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from common.composed import Listed
from common.filter_fields import Field, Kind
from common.query_strings import UnknownKeys, check_keys, nearest


class Learning(Protocol):
    """What a filter's words name: people, tags, entities."""

    def learn(self, words: Mapping[str, Sequence[str]]) -> None: ...


def filled(query: QueryDict, defaults: Mapping[str, Sequence[str]], said: Container[str] = ()) -> QueryDict:
    """The query with the defaults of the keys that it leaves unsaid; those in `said` are said elsewhere."""
    full = query.copy()
    for key, values in defaults.items():
        if key not in full and key not in said:
            full.setlist(key, list(values))
    return full


Row = TypeVar("Row", bound=Model)
Names = TypeVar("Names", bound=Learning)


class WordsField(forms.MultipleChoiceField):
    """The words under one key, as a form takes them; what they mean, the list's field knows."""

    def valid_value(self, value: str) -> bool:
        return True


class FieldFilter(django_filters.Filter):
    """A field of a list as django-filter has it: form, browsable API and schema find key, label and help here. What it
    comes down to, the list's filter asks the field itself (`AddressFilter.conditions`)."""

    field_class = WordsField

    def __init__(self, field: Field) -> None:
        super().__init__(field_name=field.key, label=field.label, help_text=field.help, required=False)


class AddressFilter(django_filters.FilterSet, Generic[Row, Names]):
    """The filters of an address over a list's rows. Each key may be repeated for "any of".

    An unknown key or value is refused with the nearest known one. A FilterSet whose filters are made of FIELDS; it asks
    the address itself rather than a form, which would cost each page more than its rows do.
    """

    FIELDS: ClassVar[Mapping[str, Field]] = {}
    LIST_KEYS: ClassVar[Sequence[str]]
    """Keys of the list itself beside the filters."""
    DEFAULTS: ClassVar[Mapping[str, Sequence[str]]]
    """What the list shows where an address does not say."""
    UNSAID: ClassVar[Sequence[str]] = ()
    """Keys whose default is not worth a chip."""
    NAMESPACE: ClassVar[str]
    """Of the addresses `queue`, `filter` and `apply_filter`."""

    def __init__(
        self, data: QueryDict, queryset: QuerySet[Row] | None = None, *, principal: Any, named_as: Self | None = None
    ) -> None:
        """Over all that the principal may see, or over a queryset. `named_as` has the same people, tags and entities,
        which then are not read again."""
        self.data, self.given, self.principal = data, queryset, principal
        self.is_bound, self.request, self.form_prefix, self.filters = True, None, None, self.base_filters
        self.names: Names = named_as.names if named_as else self.new_names(principal)

    @classmethod
    def get_filters(cls) -> dict[str, FieldFilter]:
        return {key: FieldFilter(field) for key, field in cls.FIELDS.items()}

    def visible(self) -> QuerySet[Row]:
        """The rows that the principal may see."""
        raise NotImplementedError

    @cached_property
    def queryset(self) -> QuerySet[Row]:
        """What is filtered."""
        return self.visible() if self.given is None else self.given

    def new_names(self, principal: Any) -> Names:
        """What knows the things that words name."""
        raise NotImplementedError

    def address_of(self, page: str) -> str:
        """Where a page of the list is: `queue` is the list itself, `filter` and `apply_filter` set one filter."""
        return reverse(f"{self.NAMESPACE}:{page}")

    def suggest_url(self, field: Field) -> str:
        """What suggests values of a field while they are typed."""
        if field.kind == Kind.VOCABULARY:
            return reverse(field.suggest, args=[field.key])
        return f"{reverse(field.suggest)}?for={'resolver' if field.key == 'resolved_by' else 'filter'}"

    @property
    def noun(self) -> str:
        """What is listed."""
        return self.address_of("queue").strip("/")

    @classmethod
    def keys(cls) -> list[str]:
        return list(cls.FIELDS)

    @classmethod
    def field(cls, key: str) -> Field:
        """Raises UnknownKeys, with the nearest known one."""
        if key not in cls.FIELDS:
            raise UnknownKeys({key: nearest(key, sorted(cls.FIELDS))})
        return cls.FIELDS[key]

    @classmethod
    def with_defaults(cls, query: QueryDict) -> QueryDict:
        """The address with the defaults that it leaves unsaid written out, so that a copied link always means the
        same."""
        return filled(query, cls.DEFAULTS)

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """What the address says, by key; an empty search says nothing."""
        said = {key: list(dict.fromkeys(self.data.getlist(key))) for key in self.FIELDS if key in self.data}
        return {key: words for key, words in said.items() if self.FIELDS[key].kind != Kind.TEXT or any(words)}

    def check(self) -> None:
        """Raises UnknownKeys or ValidationError (by key) unless every key and value means something."""
        try:
            check_keys(self.data, [*self.keys(), *self.LIST_KEYS])
        except UnknownKeys as error:
            try:
                self.check_words()
            except ValidationError as beside:
                error.beside = beside
            raise
        self.check_words()

    def check_words(self) -> None:
        """Raises ValidationError, by key, unless every value of a known key means something."""
        problems: dict[str, list[ValidationError]] = {}
        for key, words in self.words.items():
            if problem := self.FIELDS[key].misshapen(words):
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
    def qs(self) -> QuerySet[Row]:
        """The rows that pass every key. For an address that `check` accepts."""
        rows = self.queryset
        for condition in self.conditions:
            rows = rows.filter(condition)
        return rows

    @cached_property
    def conditions(self) -> tuple[Q, ...]:
        """What the words under each key come down to, without those that leave nothing out."""
        self.names.learn(self.words)
        found = [self.FIELDS[key].condition(words, self.names) for key, words in self.words.items() if words]
        return tuple(condition for condition in found if condition)

    @property
    def listed(self) -> Listed:
        """The same rows as `qs`. Who asks, their zone and every condition with its values are the key; what they may
        see follows from who they are (`visible_to`), and what changes with time in it the database looks up."""
        if self.given is not None:
            return Listed(None, lambda: self.qs)
        zone = timezone.get_current_timezone_name()
        return Listed((type(self), self.principal.known_by, zone, self.conditions), lambda: self.qs)

    def label(self, key: str, word: str) -> str:
        """A word as a chip shows it; the names it needs have been read by `check` or `qs`."""
        return self.FIELDS[key].word_label(word, self.names)
