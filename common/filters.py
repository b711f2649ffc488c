"""Filters that addresses spell in words; lists build their FilterSets of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from common.query_strings import nearest
from common.terms import NamedTerms, RankedTerms

ANY = "any"
"""The value that lifts a filter which is set by default."""
MOST_VALUES = 100
"""Values per key."""


class WordsField(forms.MultipleChoiceField):
    """Several words under one key; which words are allowed, the filter decides."""

    widget = forms.SelectMultiple

    def valid_value(self, value: str) -> bool:
        return True

    def validate(self, value: Sequence[str]) -> None:
        if len(value) > MOST_VALUES:
            raise ValidationError(f"At most {MOST_VALUES} values; this has {len(value)}.")
        for word in value:
            if "\x00" in word or len(word) > 500:
                raise ValidationError("A value is at most 500 characters long and holds no NUL character.")


class WordsFilter(django_filters.Filter):
    field_class = WordsField

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)


class TermsFilter(WordsFilter):
    """Any of a closed list of terms."""

    def __init__(self, terms: type[RankedTerms | NamedTerms], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.terms = terms

    def filter(self, queryset: QuerySet[Any], value: Sequence[str]) -> QuerySet[Any]:
        if not value or ANY in value:
            return queryset
        return queryset.filter(**{f"{self.field_name}__in": [self.terms.from_slug(word).value for word in value]})


def storable(words: Sequence[str], most: int = MOST_VALUES) -> list[str]:
    """As many as may be asked for, without those that no row can hold."""
    return [word for word in words[:most] if is_storable(word)]


def is_storable(word: str) -> bool:
    """Whether the database can hold the text: no NUL character, and no half of a character."""
    return "\x00" not in word and not any("\ud800" <= character <= "\udfff" for character in word)


def unknown_words(key: str, words: Sequence[str], known: Any) -> dict[str, list[str]]:
    """Under the key, one message for each word that is not known, with the nearest that is."""
    known = list(known)
    messages = [f"“{word[:60]}” is unknown{nearest(word, known)}" for word in words if word not in known]
    return {key: messages} if messages else {}
