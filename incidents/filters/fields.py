"""The kinds of fields that only incidents have: people, tags, entities, facets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from activity.actors import ActorKind
from activity.models import Entry
from alerts.filters.fields import AssigneeField as AlertAssigneeField
from alerts.filters.fields import EntityField as AlertEntityField
from alerts.filters.fields import PeopleField
from alerts.filters.names import SYSTEM_WORD
from alerts.filters.names import Names as AlertNames
from alerts.models import Evidence
from common.composed import Among, ThereIs
from common.filter_fields import Field, Kind, Option, TermsField, UnknownWord, YesNoField, unknown
from common.filters import ANY
from common.terms import NamedTerms, RankedTerms
from incidents.choices import NEW_FOR, DueWhen, IncidentStatus, TaskProgress
from incidents.facets import COMMENTED, Facet, facet
from incidents.filters.names import Names
from incidents.models import Follower, Look, Task
from incidents.verbs import PERSONAL


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


def is_followed(user: User) -> Q:
    return Q(ThereIs(Follower.objects.filter(incident=OuterRef("pk"), user=user), ("followed", user.pk)))


def is_unread(user: User) -> Q:
    """What incidents/queries/unread.py marks in rows, as a condition: changed by others since the person looked, or
    opened lately and neither looked at nor worked on."""
    looks = Look.objects.filter(incident=OuterRef("pk"), user=user)
    own = Entry.objects.filter(incident=OuterRef("pk"), actor_kind=ActorKind.USER, actor_id=user.pk)
    # The row's own time tells most of them apart without a look at the log; clocks and commits may differ a little.
    touched = looks.filter(looked_at__lt=OuterRef("updated_at") + timedelta(minutes=1))
    seen = Look.objects.filter(incident=OuterRef("incident"), user=user).values("sequence")
    newer = (
        Entry.objects.filter(incident=OuterRef("pk"), sequence__gt=Subquery(seen))
        .exclude(subject_kind="alert")
        .exclude(verb__in=PERSONAL)
        .exclude(actor_kind=ActorKind.USER, actor_id=user.pk)
    )
    has_looked, has_worked = ThereIs(looks, ("looked", user.pk)), ThereIs(own, ("worked", user.pk))
    changed = Q(ThereIs(touched, ("touched", user.pk))) & Q(ThereIs(newer, ("newer", user.pk)))
    return changed | (Q(created_at__gt=Now() - NEW_FOR) & ~Q(has_looked) & ~Q(has_worked))


class PersonalField(YesNoField):
    """Whether something is so for the person who asks; for a token, which follows and reads nothing, it never is."""

    def __init__(self, key: str, label: str, yes_for: Callable[[User], Q], *, icon: str, help: str = "") -> None:
        super().__init__(key, label, Q, icon=icon, help=help)
        self.yes_for = yes_for

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words or {"yes", "no"} <= set(words):
            return Q()
        condition = self.yes_for(names.principal) if isinstance(names.principal, User) else Q(pk__in=[])
        return condition if "yes" in words else ~condition


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


class ResolverField(PeopleField):
    """Who resolved it; `system` for what no person did."""

    extra = (SYSTEM_WORD,)

    def knows(self, word: str, names: AlertNames) -> bool:
        return not word.startswith("team:") and names.knows_person(word)

    def candidates(self, names: AlertNames) -> list[str]:
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


class DueField(TermsField):
    """When it is due; what is resolved is overdue no more. Days are those of the person."""

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words:
            return Q()
        # To the minute: the same question within a minute is the same statement, whose count may be remembered.
        now = timezone.now().replace(second=0, microsecond=0)
        midnight = timezone.localtime(now).replace(hour=0, minute=0)
        conditions = {
            DueWhen.OVERDUE: Q(due_at__lt=now, status__in=[1, 2]),
            DueWhen.TODAY: Q(due_at__gte=midnight, due_at__lt=midnight + timedelta(days=1)),
            DueWhen.WEEK: Q(due_at__gte=now, due_at__lt=now + timedelta(days=7)),
            DueWhen.SET: Q(due_at__isnull=False),
            DueWhen.NONE: Q(due_at__isnull=True),
        }
        return reduce(or_, (conditions[DueWhen(word)] for word in words))


class TasksField(TermsField):
    """How far its tasks are, by the counts on its row."""

    def condition(self, words: Sequence[str], names: Any) -> Q:
        if ANY in words:
            return Q()
        conditions = {
            TaskProgress.OPEN: Q(tasks_total__gt=0, tasks_open__gt=0),
            TaskProgress.DONE: Q(tasks_total__gt=0, tasks_open=0),
            TaskProgress.NONE: Q(tasks_total=0),
        }
        return reduce(or_, (conditions[TaskProgress(word)] for word in words))


class TaskAssigneeField(AlertAssigneeField):
    """Who has an open task of it; `unassigned` for a task that nobody has."""

    def condition(self, words: Sequence[str], names: AlertNames) -> Q:
        who = super().condition(words, names)
        return Q(pk__in=Among(Task.objects.open().filter(who).values("incident"), ("tasks", who)))


class EntityField(AlertEntityField):
    """Incidents whose alerts tell of any of these entities."""

    def condition(self, words: Sequence[str], names: AlertNames) -> Q:
        ids = names.entity_ids(words)
        if not ids:
            return Q(pk__lt=0)
        named = Evidence.objects.filter(entity__in=ids).values("incident_number")
        return Q(pk__in=Among(named, ("entities", *ids)))
