"""Every key that the log of an incident can be filtered by, in the order people meet them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q

from activity.actors import ActorKind, Channel
from activity.models import Entry
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED, VERBS, Group, verbs_of
from activity.wording import SENTENCE_FACTS, label_of
from common.filter_fields import Field, Kind, Option, TermsField, TimeField, UnknownWord, unknown
from common.filters import ANY, is_storable
from incidents import verbs
from incidents.filters.activity_names import ActivityNames, number_of

COMMENT_VERBS = [verb.name for verb in VERBS.values() if verb.is_comment]


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
        return Q(verb=COMMENTED.name) if "comments" in words else ~Q(verb__in=COMMENT_VERBS)

    def options(self) -> list[Option]:
        return [Option(word, label) for word, label in self.WORDS.items()]

    def word_label(self, word: str, names: Any) -> str:
        return self.WORDS.get(word, "All")


class ActorField(Field):
    """Who did it: people by their names, others by kind and name; of those who acted here."""

    kind = Kind.PEOPLE

    def refusals(self, words: Sequence[str], names: ActivityNames) -> list[UnknownWord]:
        missing = [word for word in words if names.actor(word) is None]
        return [unknown(word, [each.word for each in names.actors]) for word in missing]

    def condition(self, words: Sequence[str], names: ActivityNames) -> Q:
        found = [actor for word in words if (actor := names.actor(word))]
        condition = Q(
            actor_kind=ActorKind.USER, actor_id__in=[each.number or 0 for each in found if _is_user(each.kind)]
        )
        for each in found:
            if not _is_user(each.kind):
                condition |= Q(actor_kind=each.kind, actor_label=each.label)
        return condition

    def word_label(self, word: str, names: ActivityNames) -> str:
        found = names.actor(word)
        return found.label if found else word


def _is_user(kind: str) -> bool:
    return kind == ActorKind.USER


class KindField(TermsField):
    """What it was about, or the name of one verb, such as `incident.resolved`."""

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        known = [*Group.slugs(), ANY]
        return [unknown(word, known) for word in words if word not in known and word not in VERBS]

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words:
            return Q()
        wanted = [name for word in words for name in ([word] if word in VERBS else verbs_of(Group(word)))]
        return Q(verb__in=wanted)

    def word_label(self, word: str, names: Any) -> str:
        return VERBS[word].label if word in VERBS else super().word_label(word, names)


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
            condition &= _says(word)
        return condition


def _says(word: str) -> Q:
    folded = word.casefold()
    said = [
        verb.name for verb in VERBS.values() if folded in verb.sentence.casefold() or folded in verb.label.casefold()
    ]
    condition = Q(verb__in=said) | Q(actor_label__icontains=word) | Q(subject_label__icontains=word)
    condition |= Q(changes__icontains=word) | _text_says(word)
    for fact in SENTENCE_FACTS:
        condition |= Q(**{f"facts__{fact}__icontains": word})
    return condition


def _text_says(word: str) -> Q:
    """The text as it is shown: of a comment that was edited the last one, of a removed one none."""
    later = Entry.objects.filter(verb__in=[COMMENT_EDITED.name, COMMENT_REMOVED.name])
    edits = later.filter(about=OuterRef("pk"))
    last = edits.exclude(Exists(later.filter(about=OuterRef("about"), sequence__gt=OuterRef("sequence"))))
    of_itself = Q(body__text__icontains=word) & (~Q(verb=COMMENTED.name) | ~Exists(edits))
    return of_itself | (Q(verb=COMMENTED.name) & Exists(last.filter(body__text__icontains=word)))


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
    SearchField("q", "Search", icon="search"),
)
FIELDS: dict[str, Field] = {field.key: field for field in _ALL}
"""Key → field."""
