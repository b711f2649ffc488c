"""From an address to entries of the system's own log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.acting import MOST_SUGGESTED, Actors, contains
from activity.actors import Channel
from activity.filter_fields import ActField, ActorField, KindField, SearchField
from activity.models import Entry
from activity.verbs import SystemGroup
from activity.wording import SYSTEM_FACTS
from common.address_filter import AddressFilter
from common.filter_fields import Field, Kind, TermsField, TimeField, UnknownWord, unknown

SUBJECTS = """
SELECT subject_kind, subject_id, (array_agg(subject_label ORDER BY id DESC))[1] FROM activity_entry
WHERE incident_id IS NULL AND subject_kind <> '' AND {which} GROUP BY 1, 2 ORDER BY max(id) DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, token, rule … that the log tells of."""

    word: str
    """In addresses: `user:3`."""
    label: str


class SystemNames(Actors):
    """Who acted in the system's log, and on what, as far as words name it."""

    def __init__(self, principal: Any) -> None:
        super().__init__((), principal)
        self.subjects: dict[str, str] = {}
        """Word → label."""

    def learn(self, words: Mapping[str, Sequence[str]]) -> None:
        new = [word for word in words.get("subject", ()) if word not in self.subjects]
        if new:
            pairs = [word.partition(":")[::2] for word in new]
            which = "(subject_kind, subject_id) IN (SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::text[]))"
            kinds, ids = [kind for kind, _ in pairs], [number for _, number in pairs]
            self.subjects |= {each.word: each.label for each in self._read(which, kinds=kinds, ids=ids, most=len(new))}

    def subjects_like(self, text: str) -> list[Subject]:
        """Those whose last name has the text in it, the one told of last first."""
        text = " ".join(text.replace("\x00", "").split())[:200]
        return self._read("subject_label ILIKE %(part)s", part=contains(text), most=MOST_SUGGESTED)

    def _read(self, which: str, **values: Any) -> list[Subject]:
        with connection.cursor() as cursor:
            cursor.execute(SUBJECTS.format(which=which), values)
            return [Subject(f"{kind}:{number}", label) for kind, number, label in cursor.fetchall()]


class SubjectField(Field):
    """On whom or what something was done, by kind and number: `user:3`."""

    kind = Kind.ENTITY

    def refusals(self, words: Sequence[str], names: SystemNames) -> list[UnknownWord]:
        missing = [word for word in words if word not in names.subjects]
        known = [each.word for each in names.subjects_like("")] if missing else []
        return [unknown(word, known) for word in missing]

    def condition(self, words: Sequence[str], names: SystemNames) -> Q:
        condition = Q()
        for word in words:
            kind, _, number = word.partition(":")
            condition |= Q(subject_kind=kind, subject_id=number)
        return condition

    def word_label(self, word: str, names: SystemNames) -> str:
        return names.subjects.get(word, word)


_ALL: tuple[Field, ...] = (
    ActorField("actor", "Who", icon="person", help="A person, a token, the system"),
    KindField("kind", "Kind", SystemGroup, icon="activity", help="What it was about"),
    SubjectField("subject", "On what", icon="entity", help="A person, a token, a rule …"),
    TermsField("through", "Through", Channel, column="channel", icon="source", help="Page, API, command line …"),
    TimeField("time", "Time", column="recorded_at", icon="time"),
    ActField("act", "Act", icon="group"),
    SearchField("q", "Search", SYSTEM_FACTS, icon="search"),
)
PAGES = {"queue": "overview", "filter": "filter", "apply_filter": "apply_filter"}


class SystemLogFilter(AddressFilter[Entry, SystemNames]):
    """The filters of an address over the system's own stream."""

    FIELDS, DEFAULTS = {field.key: field for field in _ALL}, {}
    LIST_KEYS = ("sort", "after", "before", "entry")
    NAMESPACE = "system_log"
    numbers: Sequence[int] = ()
    """It is the log of no incident."""

    def visible(self) -> QuerySet[Entry]:
        return Entry.objects.of_system()

    def new_names(self, principal: Any) -> SystemNames:
        return SystemNames(principal)

    def address_of(self, page: str) -> str:
        return reverse(f"system_log:{PAGES[page]}")

    def suggest_url(self, field: Field) -> str:
        return reverse("system_log:suggest", args=[field.key])

    @property
    def noun(self) -> str:
        return "the system’s log"
