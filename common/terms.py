"""The field's terms: closed lists of values with one word each for code, address, API and log."""

from __future__ import annotations

from typing import Self

from django.db import models


class UnknownTerm(ValueError):
    """A word that is not in its list of terms; `known` holds the words that are."""

    def __init__(self, word: str, known: list[str]) -> None:
        super().__init__(f"“{word}” is not one of {', '.join(known)}")
        self.word = word
        self.known = known


class RankedTerms(models.IntegerChoices):
    """Terms that have an order worth sorting by: stored as a small number, spoken as a word.

    The word (`slug`) is the member's name in lower case; it stands in addresses, the API and the log.
    """

    @property
    def slug(self) -> str:
        return self.name.lower()

    @classmethod
    def from_slug(cls, word: str) -> Self:
        """The member that `word` names; raises UnknownTerm for any other word."""
        try:
            return cls[word.upper()] if word == word.lower() else cls[""]
        except KeyError:
            raise UnknownTerm(word, cls.slugs()) from None

    @classmethod
    def slugs(cls) -> list[str]:
        return [member.slug for member in cls]


class NamedTerms(models.TextChoices):
    """Terms without an order: the word itself is stored."""

    @property
    def slug(self) -> str:
        return str(self.value)

    @classmethod
    def from_slug(cls, word: str) -> Self:
        """The member that `word` names; raises UnknownTerm for any other word."""
        try:
            return cls(word)
        except ValueError:
            raise UnknownTerm(word, cls.slugs()) from None

    @classmethod
    def slugs(cls) -> list[str]:
        return [member.slug for member in cls]
