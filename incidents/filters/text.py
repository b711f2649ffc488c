"""The search text as a field like the others, made of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Q

from common.filter_fields import Field, Kind, UnknownWord
from incidents.filters.names import Names
from incidents.query_text.checking import refusals
from incidents.query_text.compiling import condition
from incidents.query_text.parsing import parse


class TextField(Field):
    """The search box: words, and every other field by its name (see `incidents/query_text/`)."""

    kind = Kind.TEXT
    fields: ClassVar[Mapping[str, Field]] = {}
    """What the text may name; the registry sets it."""

    def misshapen(self, words: Sequence[str]) -> ValidationError | None:
        return ValidationError("There is one search text at most; write both in one.") if len(words) > 1 else None

    def refusals(self, words: Sequence[str], names: Names) -> list[UnknownWord]:
        return [refusal for text in words for refusal in refusals(text, self.fields, names)]

    def condition(self, words: Sequence[str], names: Names) -> Q:
        found = Q()
        for text in words:
            found &= condition(parse(text), self.fields, names)
        return found
