"""Every key that the log of an incident can be filtered by, in the order people meet them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Q

from activity.actors import Channel
from activity.filter_fields import ActField, ActorField, KindField, SearchField
from activity.verbs import COMMENTED, Group, comment_verbs
from activity.wording import SENTENCE_FACTS, label_of
from common.filter_fields import Field, Kind, Option, TermsField, TimeField, UnknownWord, unknown
from common.filters import ANY
from incidents import verbs
from incidents.filters.activity_names import ActivityNames, number_of


class ContentField(Field):
    """Audits or comments; `all` for both."""

    kind = Kind.TERMS
    WORDS: ClassVar[dict[str, str]] = {"audits": "Audits", "comments": "Comments"}

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        known = [*self.WORDS, "all", ANY]
        return [unknown(word, known) for word in words if word not in known]

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if {"all", ANY} & set(words) or set(self.WORDS) <= set(words):
            return Q()
        return Q(verb=COMMENTED.name) if "comments" in words else ~Q(verb__in=comment_verbs())

    def options(self) -> list[Option]:
        return [Option(word, label) for word, label in self.WORDS.items()]

    def word_label(self, word: str, names: Any) -> str:
        return self.WORDS.get(word, "All")


FIELDS_OF_LOG = (
    *("name", "severity", "status", "assignee", "tags", "classification", "determination", "resolution_note"),
    *("due_at", "snoozed_until", "restricted", "members", "categories", "service_sources", "asset_counts"),
    *("verdict", "remediation_status", "note", "title", "state", "description", "closing_note", "removed"),
)
"""What entries say that they changed, of incidents, alerts, evidence and tasks."""
TEXTS = {
    "resolution_note": [verbs.RESOLVED.name, verbs.NOTE_CHANGED.name, verbs.REOPENED.name],
}
"""Fields whose value is an entry's text → the verbs of such entries."""


class LoggedField(Field):
    """The field that was changed, whatever it belongs to."""

    kind = Kind.TERMS

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        known = [*FIELDS_OF_LOG, ANY]
        return [unknown(word, known) for word in words if word not in known]

    def condition(self, words: Sequence[str], names: Any) -> Q:
        condition = Q()
        for word in () if ANY in words else words:
            condition |= Q(changes__contains=[{"field": word}]) | Q(facts__text=word)
            condition |= Q(facts__incident_changes__contains=[{"field": word}])
            if word in TEXTS:
                condition |= Q(verb__in=TEXTS[word])
        return condition

    def options(self) -> list[Option]:
        return [Option(word, label_of(word).capitalize()) for word in FIELDS_OF_LOG]


class AlertField(Field):
    """What happened to an alert, by its number: it came, was changed, or left."""

    kind = Kind.VOCABULARY

    def refusals(self, words: Sequence[str], names: ActivityNames) -> list[UnknownWord]:
        return [
            UnknownWord(word, f"“{word[:60]}” is no alert that this log tells of; write its number.")
            for word in words
            if number_of(word) not in names.alerts
        ]

    def condition(self, words: Sequence[str], names: ActivityNames) -> Q:
        numbers = [number for word in words if (number := number_of(word)) is not None]
        condition = Q(subject_kind="alert", subject_id__in=[str(number) for number in numbers])
        for number in numbers:
            condition |= Q(facts__alerts__contains=[{"id": number}]) | Q(facts__alert_ids__contains=[number])
            condition |= Q(facts__joined__contains=[{"ids": [number]}]) | Q(facts__alerts_left__contains=[number])
        return condition

    def word_label(self, word: str, names: ActivityNames) -> str:
        return names.alerts.get(number_of(word) or 0, word)


class EntityField(Field):
    """What was said of an entity, by its name or number."""

    kind = Kind.ENTITY

    def refusals(self, words: Sequence[str], names: ActivityNames) -> list[UnknownWord]:
        missing = [word for word in words if not names.entities.get(word)]
        known = [each.label for each in names.entities_like("")] if missing else []
        return [unknown(word, known) for word in missing]

    def condition(self, words: Sequence[str], names: ActivityNames) -> Q:
        ids = [str(each.number) for word in words for each in names.entities.get(word, ())]
        return Q(subject_kind="entity", subject_id__in=[*ids, "0"])

    def word_label(self, word: str, names: ActivityNames) -> str:
        found = names.entities.get(word)
        return found[0].label if found else word


class OriginField(Field):
    """In whose log it stands: of an incident that was merged into this one, or of this one itself."""

    kind = Kind.TERMS

    def refusals(self, words: Sequence[str], names: ActivityNames) -> list[UnknownWord]:
        known = [str(number) for number in names.numbers]
        return [unknown(word, known) for word in words if number_of(word) not in names.numbers]

    def condition(self, words: Sequence[str], names: ActivityNames) -> Q:
        return Q(incident__in=[number_of(word) or 0 for word in words])

    def word_label(self, word: str, names: ActivityNames) -> str:
        return f"#{number_of(word)}"

    def options_for(self, names: ActivityNames) -> list[Option]:
        return [Option(str(number), f"#{number}") for number in names.numbers]


_ALL: tuple[Field, ...] = (
    ContentField("content", "Content", icon="comment", help="Audits or comments"),
    ActorField("actor", "Who", icon="person", help="Of those who acted here"),
    KindField("kind", "Kind", Group, icon="activity", help="What it was about"),
    LoggedField("field", "Field", icon="edit", help="That was changed"),
    AlertField("alert", "Alert", icon="alert", help="Its title or number"),
    EntityField("entity", "Entity", icon="entity", help="Whose evidence was judged"),
    OriginField("origin", "Origin", icon="merge", help="Merged from which incident"),
    TermsField("through", "Through", Channel, column="channel", icon="source", help="Page, bulk act, API …"),
    TimeField("time", "Time", column="recorded_at", icon="time"),
    ActField("act", "Act", icon="group"),
    SearchField("q", "Search", SENTENCE_FACTS, icon="search"),
)
FIELDS: dict[str, Field] = {field.key: field for field in _ALL}
"""Key → field."""
