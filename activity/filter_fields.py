"""What every log can be filtered by. `names` knows who acted in it (accounts/acting.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q

from activity.actors import ActorKind
from activity.models import Entry
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED, GROUPS, VERBS, verbs_of
from common.filter_fields import Field, Kind, TermsField, UnknownWord, unknown
from common.filters import ANY, is_storable


class ActorField(Field):
    """Who did it: people by their names, others by kind and name; of those who acted here."""

    kind = Kind.PEOPLE

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        missing = [word for word in words if names.actor(word) is None]
        return [unknown(word, [each.word for each in names.actors]) for word in missing]

    def condition(self, words: Sequence[str], names: Any) -> Q:
        found = [actor for word in words if (actor := names.actor(word))]
        condition = Q(
            actor_kind=ActorKind.USER, actor_id__in=[each.number or 0 for each in found if _is_user(each.kind)]
        )
        for each in found:
            if not _is_user(each.kind):
                condition |= Q(actor_kind=each.kind, actor_label=each.label)
        return condition

    def word_label(self, word: str, names: Any) -> str:
        found = names.actor(word)
        return found.label if found else word


def _is_user(kind: str) -> bool:
    return kind == ActorKind.USER


class KindField(TermsField):
    """What it was about, by the terms of this log, or the name of one verb, such as `incident.resolved`."""

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        known = [*self.terms.slugs(), ANY]
        return [unknown(word, known) for word in words if word not in known and not self._is_verb(word)]

    def _is_verb(self, word: str) -> bool:
        """Whether it names a verb of this log."""
        return isinstance(GROUPS.get(word), self.terms)

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words:
            return Q()
        wanted = [name for word in words for name in ([word] if word in VERBS else verbs_of(word))]
        return Q(verb__in=wanted)

    def word_label(self, word: str, names: Any) -> str:
        return VERBS[word].label if word in VERBS else super().word_label(word, names)


class ActField(Field):
    """The entries of one act, by its mark; links lead here, nobody types it."""

    kind = Kind.TEXT

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        return [UnknownWord(word, f"“{word[:60]}” is the mark of no act.") for word in words if _uuid(word) is None]

    def condition(self, words: Sequence[str], names: Any) -> Q:
        return Q(batch__in=[_uuid(word) for word in words])


def _uuid(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None


MOST_WORDS, LONGEST_TEXT = 8, 200


class SearchField(Field):
    """Every word stands in the text of the entry, in its sentence, or in its old or new value."""

    kind = Kind.TEXT

    def __init__(self, key: str, label: str, facts: Sequence[str], *, icon: str) -> None:
        super().__init__(key, label, icon=icon)
        self.facts = facts
        """Those that sentences of this log name."""

    def misshapen(self, words: Sequence[str]) -> ValidationError | None:
        if len(words) > 1:
            return ValidationError("There is one search text at most; write both in one.")
        if any(len(word) > LONGEST_TEXT or not is_storable(word) for word in words):
            return ValidationError(f"A search text is at most {LONGEST_TEXT} characters long.")
        if any(len(word.split()) > MOST_WORDS for word in words):
            return ValidationError(f"At most {MOST_WORDS} words are looked for at once; leave some out.")
        return None

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        return []

    def condition(self, words: Sequence[str], names: Any) -> Q:
        condition = Q()
        for word in " ".join(words).split():
            condition &= _says(word, self.facts)
        return condition


def _says(word: str, facts: Sequence[str]) -> Q:
    folded = word.casefold()
    said = [
        verb.name for verb in VERBS.values() if folded in verb.sentence.casefold() or folded in verb.label.casefold()
    ]
    condition = Q(verb__in=said) | Q(actor_label__icontains=word) | Q(subject_label__icontains=word)
    condition |= Q(changes__icontains=word) | _text_says(word)
    for fact in facts:
        condition |= Q(**{f"facts__{fact}__icontains": word})
    return condition


def _text_says(word: str) -> Q:
    """The text as it is shown: of a comment that was edited the last one, of a removed one none."""
    later = Entry.objects.filter(verb__in=[COMMENT_EDITED.name, COMMENT_REMOVED.name])
    edits = later.filter(about=OuterRef("pk"))
    last = edits.exclude(Exists(later.filter(about=OuterRef("about"), sequence__gt=OuterRef("sequence"))))
    of_itself = Q(body__text__icontains=word) & (~Q(verb=COMMENTED.name) | ~Exists(edits))
    return of_itself | (Q(verb=COMMENTED.name) & Exists(last.filter(body__text__icontains=word)))
