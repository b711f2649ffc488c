"""The kinds of fields that only incidents have: people, tags, entities, facets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db.models import Q
from django.db.models.functions import Now

from accounts.people import UNASSIGNED
from alerts.choices import Tactic
from alerts.models import Evidence
from common.filter_fields import Field, Kind, Option, TermsField, UnknownWord, unknown
from common.filters import ANY
from common.terms import NamedTerms, RankedTerms
from incidents.choices import IncidentStatus
from incidents.facets import COMMENTED, Facet, facet
from incidents.filters import vocabulary
from incidents.filters.names import SYSTEM_WORD, Names
from incidents.filters.spelling import nearest_kind


def has_facets(words: Sequence[str]) -> Q:
    """Incidents with any of these facets: the one way to ask for them, by the index over the array."""
    return Q(facets__overlap=list(words))


def is_commented() -> Q:
    return has_facets([COMMENTED])


def is_restricted() -> Q:
    return Q(restricted=True)


def is_snoozed() -> Q:
    """Asked of the database's clock, so that the statement is the same one a moment later."""
    return Q(snoozed_until__gt=Now())


def is_awake() -> Q:
    return Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=Now())


class FacetTermsField(TermsField):
    """Any of a closed list of terms, by the facets that alerts gave their incident."""

    def __init__(
        self,
        key: str,
        label: str,
        terms: type[RankedTerms | NamedTerms],
        facet_kind: Facet,
        *,
        backwards: bool = False,
        icon: str,
        help: str = "",
    ) -> None:
        super().__init__(key, label, terms, backwards=backwards, icon=icon, help=help)
        self.facet_kind = facet_kind

    def condition(self, words: Sequence[str], names: Names) -> Q:
        return Q() if ANY in words else has_facets([facet(self.facet_kind, word) for word in words])


class VocabularyField(Field):
    """Any of the words that senders use. Letter case does not matter; a word that no incident has is refused."""

    kind = Kind.VOCABULARY

    def __init__(self, key: str, label: str, *, icon: str, of: str = "", help: str = "") -> None:
        super().__init__(key, label, icon=icon, help=help, suggest="incidents:suggest_words")
        self.of = of or key

    def always_known(self) -> dict[str, str]:
        """Words that are known whether an incident has them or not, with their labels."""
        return {}

    def normal(self, word: str) -> str:
        return word

    def spelled(self, words: Sequence[str], names: Names) -> dict[str, str]:
        """Each known word as incidents spell it."""
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
        return vocabulary.has(self.of, sorted(set(self.spelled(words, names).values())))

    def word_label(self, word: str, names: Names) -> str:
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

    def word_label(self, word: str, names: Names) -> str:
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
    """Whose incident it is; `unassigned` for nobody's."""

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


class ResolverField(PeopleField):
    """Who resolved it; `system` for what no person did."""

    extra = (SYSTEM_WORD,)

    def knows(self, word: str, names: Names) -> bool:
        return not word.startswith("team:") and names.knows_person(word)

    def candidates(self, names: Names) -> list[str]:
        return [word for word in names.people_known() if not word.startswith("team:")]

    def condition(self, words: Sequence[str], names: Names) -> Q:
        condition = Q()
        if users := names.user_ids(words):
            condition |= Q(resolved_by_user__in=users)
        if SYSTEM_WORD in words:
            condition |= Q(status__in=[IncidentStatus.RESOLVED.value], resolved_by_user__isnull=True)
        return condition

    def options(self) -> list[Option]:
        return [Option("me", "Me"), Option(SYSTEM_WORD, "The system")]


class TagField(Field):
    """Tags, without regard to letter case."""

    kind = Kind.TAGS

    def refusals(self, words: Sequence[str], names: Names) -> list[UnknownWord]:
        missing = [word for word in words if not names.tags.get(word)]
        known = names.tags_known() if missing else []
        return [unknown(word, known) for word in missing]

    def condition(self, words: Sequence[str], names: Names) -> Q:
        return Q(tag_ids__overlap=names.tag_ids(words))


class AllTagsField(TagField):
    def condition(self, words: Sequence[str], names: Names) -> Q:
        return Q(tag_ids__contains=names.tag_ids(words))


class NoTagsField(TagField):
    def condition(self, words: Sequence[str], names: Names) -> Q:
        return ~super().condition(words, names)


class EntityField(Field):
    """Incidents whose alerts tell of any of these entities: `10.0.0.8`, `device:fin-ws-17`, or an entity's number.

    What nobody has ever seen is no mistake: the answer is that no incident has it. Only a misspelled kind is refused.
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
            return Q(pk__in=[])
        return Q(pk__in=Evidence.objects.filter(entity__in=ids).values("incident_number"))

    def word_label(self, word: str, names: Names) -> str:
        return names.entity_label(word)


def in_words(word: str) -> str:
    """A category that the field has no name for, as the queue shows it."""
    return word.replace("_", " ").capitalize()
