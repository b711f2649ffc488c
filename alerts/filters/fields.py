"""Kinds of fields that alerts and incidents share: people, entities, and the words senders use."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db.models import Q

from accounts.people import UNASSIGNED
from alerts.choices import Tactic
from alerts.filters.names import Names
from alerts.models import Evidence
from common.composed import Among
from common.filter_fields import Field, Kind, Option, UnknownWord, unknown
from entities.naming import nearest_kind


class VocabularyField(Field):
    """Any of the words that senders use. Letter case does not matter; a word that no row has is refused."""

    kind = Kind.VOCABULARY

    def __init__(self, key: str, label: str, *, icon: str, of: str = "", help: str = "") -> None:
        super().__init__(key, label, icon=icon, help=help, suggest="incidents:suggest_words")
        self.of = of or key

    def always_known(self) -> dict[str, str]:
        """Words that are known whether a row has them or not, with their labels."""
        return {}

    def normal(self, word: str) -> str:
        return word

    def spelled(self, words: Sequence[str], names: Names) -> dict[str, str]:
        """Each known word as the rows spell it."""
        fixed = {word: self.normal(word) for word in words if self.normal(word) in self.always_known()}
        rest = [self.normal(word) for word in words if word not in fixed and self.could_be(self.normal(word))]
        found = names.spelled(self.of, rest) if rest else {}
        return fixed | {word: found[self.normal(word)] for word in words if self.normal(word) in found}

    def could_be(self, word: str) -> bool:
        return bool(word.strip())

    def refusals(self, words: Sequence[str], names: Names) -> list[UnknownWord]:
        known = self.spelled(words, names)
        missing = [word for word in words if word not in known]
        nearby = [*self.always_known(), *names.words_known(self.of)] if missing else []
        return [unknown(word, nearby) for word in missing]

    def condition(self, words: Sequence[str], names: Names) -> Q:
        return names.has(self.of, sorted(set(self.spelled(words, names).values())))

    def word_label(self, word: str, names: Names | None) -> str:
        return self.always_known().get(self.normal(word), word)


class CategoryField(VocabularyField):
    """ATT&CK tactics, and whatever else senders call the kind of an alert."""

    def always_known(self) -> dict[str, str]:
        return {tactic.slug: str(tactic.label) for tactic in Tactic}

    def normal(self, word: str) -> str:
        slug = re.sub(r"[\s-]+", "_", word.strip()).casefold()
        return slug if slug in Tactic.slugs() else word

    def options(self) -> list[Option]:
        return [Option(word, label) for word, label in self.always_known().items()]

    def word_label(self, word: str, names: Names | None) -> str:
        return super().word_label(word, names) if self.normal(word) in self.always_known() else in_words(word)


class TechniqueField(VocabularyField):
    """ATT&CK techniques; `T1059` finds its sub-techniques too."""

    FORM = re.compile(r"T\d{4}(\.\d{3})?", re.ASCII)

    def normal(self, word: str) -> str:
        return word.strip().upper()

    def could_be(self, word: str) -> bool:
        return self.FORM.fullmatch(word) is not None


class PeopleField(Field):
    """Users and teams by their names in addresses (`ana`, `team:tier2`), and oneself (`me`)."""

    kind = Kind.PEOPLE
    extra: tuple[str, ...] = ()

    def refusals(self, words: Sequence[str], names: Names) -> list[UnknownWord]:
        missing = [word for word in words if word not in self.extra and not self.knows(word, names)]
        known = [*self.extra, *self.candidates(names)] if missing else []
        return [unknown(word, known) for word in missing]

    def knows(self, word: str, names: Names) -> bool:
        return names.knows_person(word)

    def candidates(self, names: Names) -> list[str]:
        return names.people_known()

    def options(self) -> list[Option]:
        return [Option("me", "Me"), *(Option(word, word.capitalize()) for word in self.extra)]

    def word_label(self, word: str, names: Names) -> str:
        return names.person_label(word)


class AssigneeField(PeopleField):
    """Whose it is; `unassigned` for nobody's."""

    extra = (UNASSIGNED,)

    def condition(self, words: Sequence[str], names: Names) -> Q:
        condition = Q()
        if users := names.user_ids(words):
            condition |= Q(assignee_user__in=users)
        if teams := names.team_ids(words):
            condition |= Q(assignee_team__in=teams)
        if UNASSIGNED in words:
            condition |= Q(assignee_user__isnull=True, assignee_team__isnull=True)
        return condition


class EntityField(Field):
    """Alerts that tell of any of these entities: `10.0.0.8`, `device:fin-ws-17`, or an entity's number.

    What nobody has ever seen is no mistake: the answer is that nothing has it. Only a misspelled kind is refused.
    """

    kind = Kind.ENTITY

    def refusals(self, words: Sequence[str], names: Names) -> list[UnknownWord]:
        found = []
        for word in words:
            if not word.strip():
                found.append(
                    UnknownWord(word, "Write an entity's name or value, such as 10.0.0.8 or device:fin-ws-17.")
                )
            elif better := nearest_kind(word):
                found.append(UnknownWord(word, f"“{word[:60]}” is unknown — did you mean “{better[:60]}”?", better))
        return found

    def condition(self, words: Sequence[str], names: Names) -> Q:
        ids = names.entity_ids(words)
        if not ids:
            return Q(pk__lt=0)
        named = Evidence.objects.filter(entity__in=ids, alert__isnull=False).values("alert_id")
        return Q(pk__in=Among(named, ("entities", *ids)))

    def word_label(self, word: str, names: Names) -> str:
        return names.entity_label(word)


def in_words(word: str) -> str:
    """A category that the field has no name for, as the queue shows it."""
    return word.replace("_", " ").capitalize()
