"""The users, teams, tags and entities that the words of a filter name, read in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from accounts.models import AccessToken, Principal, Team, User
from accounts.people import ME, UNASSIGNED
from alerts.models import Evidence
from common.filters import MOST_VALUES, storable
from entities.choices import EntityKind
from entities.models import Entity, EntityIdentifier
from incidents.filters import vocabulary
from incidents.filters.spelling import Named, named
from incidents.models import Incident, Tag
from incidents.query_text.names import entities_with_parts, parts_of_names, words_by_key

PEOPLE_KEYS = ("assignee", "resolved_by")
TAG_KEYS = ("tag", "tag_all", "tag_none")
ENTITY_KEY = "entity"
TEXT_KEY = "q"
SYSTEM_WORD = "system"
APART = "\x1f"
MOST_WORDS = 2 * MOST_VALUES
"""Of one key: those of the key itself, and those of the search text."""
MOST_ALIKE = 20
"""Entities that one word may name, such as an address that is a user's and a mailbox's."""


@dataclass(frozen=True, slots=True)
class Person:
    number: int
    name: str
    is_team: bool = False


@dataclass(frozen=True, slots=True)
class KnownEntity:
    number: int
    kind: str
    name: str


class Names:
    """What the words of one filter name, as far as this person may know of it."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.people: dict[str, Person | None] = {}
        """Word (`ana`, `team:tier2`) → who that is; None for nobody."""
        self.tags: dict[str, tuple[int, str] | None] = {}
        """Word → id and kind of the tag; None for none."""
        self.entities: dict[str, list[KnownEntity]] = {}
        self.parts: dict[str, list[int] | None] = {}
        """Part of a name that is searched for → ids of the entities with it; None for too many (see query_text)."""

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
        arms = [*self._people_arms(people), *self._tag_arms(tags), *self._entity_arms(entities)]
        rows: Any = (arms[0].union(*arms[1:], all=True) if len(arms) > 1 else arms[0]) if arms else ()
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

    @staticmethod
    def _new(words: Mapping[str, Sequence[str]], keys: Iterable[str], known: Mapping[str, Any]) -> list[str]:
        wanted = dict.fromkeys(word for key in keys for word in storable(words.get(key, ()), MOST_WORDS))
        return [word for word in wanted if word not in known]

    @staticmethod
    def _people_arms(words: Sequence[str]) -> list[QuerySet[Any, Any]]:
        slugs = [word.removeprefix("team:") for word in words if word.startswith("team:")]
        names = [word for word in words if not word.startswith("team:")]
        arms: list[QuerySet[Any, Any]] = []
        if names:
            users = User.objects.filter(username__in=names)
            arms.append(_row(users, "user", F("username"), F("display_name"), _text("")))
        if slugs:
            teams = Team.objects.filter(slug__in=slugs)
            word = Func(_text("team:"), F("slug"), template="(%(expressions)s)", arg_joiner=" || ")
            word.output_field = CharField()
            arms.append(_row(teams, "team", word, F("name"), _text("")))
        return arms

    def _tag_arms(self, words: Sequence[str]) -> list[QuerySet[Any, Any]]:
        """The database folds the names, as its unique index does: Python folds some letters of the world otherwise."""
        if not words:
            return []
        tags = Tag.objects.known_to(self.principal).annotate(folded=Lower("name"))
        tags = tags.filter(folded__in=[Lower(_text(word)) for word in words])
        given = RawSQL(
            "(SELECT string_agg(word, %s) FROM unnest(%s::text[]) AS word"
            " WHERE lower(word) = lower(incidents_tag.name))",
            [APART, list(words)],
            CharField(),
        )
        return [_row(tags, "tag", given, F("name"), F("kind"))]

    def _entity_arms(self, words: Sequence[Named]) -> list[QuerySet[Any, Any]]:
        """Entities by number, by key, and by the other names that lead to them; each arm has an index."""
        arms: list[QuerySet[Any, Any]] = []
        numbers = [each.number for each in words if each.number is not None]
        spellings = sorted({spelling for each in words for spelling in each.spellings})
        if numbers:
            by_number = Func(F("pk"), template="(%(expressions)s)::text", output_field=CharField())
            arms.append(_row(self.known_entities().filter(pk__in=numbers), "entity", by_number, F("name"), F("kind")))
        if spellings:
            by_key = self.known_entities().annotate(folded=Lower("key")).filter(folded__in=spellings)
            arms.append(_row(by_key, "entity", F("folded"), F("name"), F("kind")))
            leads = EntityIdentifier.objects.filter(kind__in=EntityKind.values, value__in=spellings)
            leads = leads.filter(_seen("entity_id", self.principal))
            arms.append(_row(leads, "entity", F("value"), F("entity__name"), F("kind"), number=F("entity_id")))
        return arms

    def known_entities(self) -> QuerySet[Entity]:
        """Entities in an incident that this person may see; others do not exist for them."""
        return Entity.objects.filter(_seen("pk", self.principal))

    def _keep_entity(self, words: Sequence[Named], spelling: str, entity: KnownEntity) -> None:
        for each in words:
            fits = spelling in each.spellings or (each.number is not None and spelling == str(each.number))
            known = self.entities[each.word]
            if fits and each.kind in ("", entity.kind) and entity not in known and len(known) < MOST_ALIKE:
                known.append(entity)

    def user_ids(self, words: Iterable[str]) -> list[int]:
        found = [known.number for word in words if (known := self.people.get(word)) and not known.is_team]
        if ME in words and isinstance(self.principal, User):
            found.append(self.principal.pk)
        return found

    def team_ids(self, words: Iterable[str]) -> list[int]:
        return [known.number for word in words if (known := self.people.get(word)) and known.is_team]

    def tag_ids(self, words: Iterable[str]) -> list[int]:
        return sorted({known[0] for word in words if (known := self.tags.get(word))})

    def entity_ids(self, words: Iterable[str]) -> list[int]:
        return sorted({known.number for word in words for known in self.entities.get(word, ())})

    def knows_person(self, word: str) -> bool:
        """`me` is nobody where a token asks."""
        return not isinstance(self.principal, AccessToken) if word == ME else bool(self.people.get(word))

    def person_label(self, word: str) -> str:
        person = self.people.get(word)
        special = {ME: "Me", UNASSIGNED: "Unassigned", SYSTEM_WORD: "The system"}
        return person.name if person else special.get(word, word)

    def entity_label(self, word: str) -> str:
        known = self.entities.get(word, ())
        if not known:
            return f"{named(word).value} (not seen)"
        return known[0].name if len({each.name for each in known}) == 1 else named(word).value

    def people_known(self) -> list[str]:
        """Words of all users and teams, to name the nearest of."""
        teams = [f"team:{slug}" for slug in Team.objects.order_by("slug").values_list("slug", flat=True)[:500]]
        me = [ME] if self.knows_person(ME) else []
        return [*me, *teams, *User.objects.active().order_by("username").values_list("username", flat=True)[:500]]

    def tags_known(self) -> list[str]:
        return list(Tag.objects.known_to(self.principal).order_by("name").values_list("name", flat=True)[:2000])

    def spelled(self, kind: str, words: Iterable[str]) -> dict[str, str]:
        return vocabulary.spelled(kind, words, self.principal)

    def words_known(self, kind: str) -> list[str]:
        return vocabulary.recent_words(self.principal).get(kind, [])


def _seen(entity: str, principal: Principal) -> Exists:
    visible = Incident.objects.visible_to(principal).filter(pk=OuterRef("incident_number"))
    return Exists(Evidence.objects.filter(Q(Exists(visible)), entity=OuterRef(entity)))


def _text(value: str) -> Value:
    return Value(value, CharField())


def _row(rows: QuerySet[Any], what: str, word: Any, label: Any, kind: Any, *, number: Any = None) -> QuerySet[Any, Any]:
    """One arm of the statement: what it is, the word that names it, its id, label and kind."""
    return rows.order_by().values_list(
        Func(_text(what), template="(%(expressions)s)::text", output_field=CharField()),
        Func(word, template="(%(expressions)s)::text", output_field=CharField()),
        Func(number or F("pk"), template="(%(expressions)s)::bigint"),
        Func(label, template="(%(expressions)s)::text", output_field=CharField()),
        Func(kind, template="(%(expressions)s)::text", output_field=CharField()),
    )
