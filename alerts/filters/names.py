"""The users, teams and entities that the words of a filter name, read in one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from accounts.models import AccessToken, Principal, Team, User
from accounts.people import ME, UNASSIGNED
from alerts.filters import vocabulary
from alerts.models import Evidence
from common.composed import Composed, kept
from common.filters import MOST_VALUES, storable
from common.words import terms_of
from entities.choices import EntityKind
from entities.models import Entity, EntityIdentifier
from entities.naming import Named, named
from entities.queries import entities_containing

PEOPLE_KEYS = ("assignee",)
ENTITY_KEY = "entity"
TEXT_KEY = "q"
SYSTEM_WORD = "system"
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
        self.entities: dict[str, list[KnownEntity]] = {}
        self.parts: dict[str, list[int] | None] = {}
        """Part of a name that is searched for → ids of the entities with it; None for too many."""

    def learn(self, words: Mapping[str, Sequence[str]]) -> None:
        """Read whatever these words (by key) name that has not been read yet: one statement, or none; and another where
        a search may mean parts of entities' names."""
        terms = {term for text in storable(words.get(TEXT_KEY, ())) for term in terms_of(text)} - self.parts.keys()
        for part, found in entities_containing(terms).items() if terms else ():
            self.parts[part] = None if found is None else [number for number, _, _ in found]
        people = [word for word in self._new(words, PEOPLE_KEYS, self.people) if word not in (ME, UNASSIGNED)]
        entities = [named(word) for word in self._new(words, (ENTITY_KEY,), self.entities)]
        rows = self._rows((people, entities), lambda: [*self._people_arms(people), *self._entity_arms(entities)])
        self.people |= dict.fromkeys(people)
        self.entities |= {each.word: [] for each in entities}
        for what, word, number, label, kind in rows:
            if what == "entity":
                self._keep_entity(entities, word, KnownEntity(number, kind, label))
            else:
                self.people[word] = Person(number, label, what == "team")

    def _rows(self, words: Sequence[Sequence[Any]], arms: Callable[[], Sequence[QuerySet[Any, Any]]]) -> Iterable[Any]:
        """What these words name, in one statement; what this person may know follows from who they are."""

        def composed() -> Iterable[Any]:
            found = arms()
            return Composed(found[0].union(*found[1:], all=True) if len(found) > 1 else found[0]) if found else ()

        return kept((type(self), self.principal.known_by, *map(tuple, words)), composed) if any(words) else ()

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
            arms.append(name_row(users, "user", F("username"), F("display_name"), text_value("")))
        if slugs:
            teams = Team.objects.filter(slug__in=slugs)
            word = Func(text_value("team:"), F("slug"), template="(%(expressions)s)", arg_joiner=" || ")
            word.output_field = CharField()
            arms.append(name_row(teams, "team", word, F("name"), text_value("")))
        return arms

    def _entity_arms(self, words: Sequence[Named]) -> list[QuerySet[Any, Any]]:
        """Entities by number, by key, and by the other names that lead to them; each arm has an index."""
        arms: list[QuerySet[Any, Any]] = []
        numbers = [each.number for each in words if each.number is not None]
        spellings = sorted({spelling for each in words for spelling in each.spellings})
        if numbers:
            by_number = Func(F("pk"), template="(%(expressions)s)::text", output_field=CharField())
            arms.append(
                name_row(self.known_entities().filter(pk__in=numbers), "entity", by_number, F("name"), F("kind"))
            )
        if spellings:
            by_key = self.known_entities().annotate(folded=Lower("key")).filter(folded__in=spellings)
            arms.append(name_row(by_key, "entity", F("folded"), F("name"), F("kind")))
            leads = EntityIdentifier.objects.filter(kind__in=EntityKind.values, value__in=spellings)
            leads = leads.filter(_seen("entity_id", self.principal))
            arms.append(name_row(leads, "entity", F("value"), F("entity__name"), F("kind"), number=F("entity_id")))
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
        teams = [
            f"team:{slug}" for slug in Team.objects.present().order_by("slug").values_list("slug", flat=True)[:500]
        ]
        me = [ME] if self.knows_person(ME) else []
        return [*me, *teams, *User.objects.active().order_by("username").values_list("username", flat=True)[:500]]

    def has(self, kind: str, words: Sequence[str]) -> Q:
        """Rows with any of these words of senders."""
        return vocabulary.WORDS.has(kind, words)

    def spelled(self, kind: str, words: Iterable[str]) -> dict[str, str]:
        return vocabulary.WORDS.spelled(kind, words, self.principal)

    def words_known(self, kind: str) -> list[str]:
        return vocabulary.WORDS.recent(self.principal).get(kind, [])


def _seen(entity: str, principal: Principal) -> Exists:
    return Exists(Evidence.objects.visible_to(principal).filter(entity=OuterRef(entity)))


def text_value(value: str) -> Value:
    return Value(value, CharField())


def name_row(
    rows: QuerySet[Any], what: str, word: Any, label: Any, kind: Any, *, number: Any = None
) -> QuerySet[Any, Any]:
    """One arm of the statement: what it is, the word that names it, its id, label and kind."""
    return rows.order_by().values_list(
        Func(text_value(what), template="(%(expressions)s)::text", output_field=CharField()),
        Func(word, template="(%(expressions)s)::text", output_field=CharField()),
        Func(number or F("pk"), template="(%(expressions)s)::bigint"),
        Func(label, template="(%(expressions)s)::text", output_field=CharField()),
        Func(kind, template="(%(expressions)s)::text", output_field=CharField()),
    )
