"""The users, teams, tags and entities that the words of a filter name, read in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import CharField, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from accounts.models import Principal
from accounts.people import ME, UNASSIGNED
from alerts.filters.names import ENTITY_KEY, SYSTEM_WORD, TEXT_KEY, KnownEntity, Person, name_row, text_value
from alerts.filters.names import Names as AlertNames
from common.filters import storable
from entities.naming import named
from incidents.filters import vocabulary
from incidents.models import Tag
from incidents.query_text.names import PEOPLE_KEYS, entities_with_parts, parts_of_names, words_by_key

TAG_KEYS = ("tag", "tag_all", "tag_none")
APART = "\x1f"


class Names(AlertNames):
    """What the words of one filter name, as far as this person may know of it."""

    def __init__(self, principal: Principal) -> None:
        super().__init__(principal)
        self.tags: dict[str, tuple[int, str] | None] = {}
        """Word → id and kind of the tag; None for none."""

    def learn(self, words: Mapping[str, Sequence[str]]) -> None:
        """Read whatever these words (by key) name that has not been read yet: one statement, or none; and another where
        a search text may mean parts of entities' names."""
        texts = storable(words.get(TEXT_KEY, ()))
        if texts:
            said = words_by_key(texts)
            words = {key: [*words.get(key, ()), *said.get(key, ())] for key in {*words, *said}}
            new = [part for part in parts_of_names(texts) if part not in self.parts]
            self.parts |= entities_with_parts(new)
        people = self._new(words, PEOPLE_KEYS, self.people)
        people = [word for word in people if word not in (ME, UNASSIGNED, SYSTEM_WORD)]
        tags = self._new(words, TAG_KEYS, self.tags)
        entities = [named(word) for word in self._new(words, (ENTITY_KEY,), self.entities)]
        rows = self._rows(
            (people, tags, entities),
            lambda: [*self._people_arms(people), *self._tag_arms(tags), *self._entity_arms(entities)],
        )
        self.people |= dict.fromkeys(people)
        self.tags |= dict.fromkeys(tags)
        self.entities |= {each.word: [] for each in entities}
        for what, word, number, label, kind in rows:
            if what == "entity":
                self._keep_entity(entities, word, KnownEntity(number, kind, label))
            elif what == "tag":
                self.tags |= dict.fromkeys(word.split(APART), (number, kind))
            else:
                self.people[word] = Person(number, label, what == "team")

    def _tag_arms(self, words: Sequence[str]) -> list[QuerySet[Any, Any]]:
        """The database folds the names, as its unique index does: Python folds some letters of the world otherwise."""
        if not words:
            return []
        tags = Tag.objects.known_to(self.principal).annotate(folded=Lower("name"))
        tags = tags.filter(folded__in=[Lower(text_value(word)) for word in words])
        given = RawSQL(
            "(SELECT string_agg(word, %s) FROM unnest(%s::text[]) AS word"
            " WHERE lower(word) = lower(incidents_tag.name))",
            [APART, list(words)],
            CharField(),
        )
        return [name_row(tags, "tag", given, F("name"), F("kind"))]

    def tag_ids(self, words: Iterable[str]) -> list[int]:
        return sorted({known[0] for word in words if (known := self.tags.get(word))})

    def tags_known(self) -> list[str]:
        return list(Tag.objects.known_to(self.principal).order_by("name").values_list("name", flat=True)[:2000])

    def has(self, kind: str, words: Sequence[str]) -> Q:
        return vocabulary.has(kind, words)

    def spelled(self, kind: str, words: Iterable[str]) -> dict[str, str]:
        return vocabulary.spelled(kind, words, self.principal)

    def words_known(self, kind: str) -> list[str]:
        return vocabulary.recent_words(self.principal).get(kind, [])
