"""The queue's filters: one truth for page, API, export and saved links.

Each key may be repeated for "any of". An unknown key or value is refused with the nearest known one.
"""

from __future__ import annotations

from collections.abc import Sequence

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.models import Principal
from accounts.people import UNASSIGNED, NamedPeople
from alerts.choices import Classification, Determination, Severity
from common.filters import ANY, TermsFilter, WordsFilter, storable, unknown_words
from common.query_strings import check_keys
from common.time_ranges import BadRange, parse_range
from common.words import prefix_query
from incidents.choices import IncidentStatus
from incidents.filters.defaults import LIST_KEYS
from incidents.models import Incident, IncidentSearch, Tag

LONGEST_SEARCH = 500
"""Characters."""


class IncidentFilter(django_filters.FilterSet):
    """Filters over incidents; build it with `IncidentFilter(query, queryset, principal=…)`."""

    status = TermsFilter(IncidentStatus, field_name="status", label="Status")
    severity = TermsFilter(Severity, field_name="severity", label="Severity")
    assignee = WordsFilter(method="by_assignee", label="Assigned to")
    tag = WordsFilter(method="by_tag", label="Tags")
    source = WordsFilter(field_name="service_sources", lookup_expr="overlap", label="Service source")
    classification = TermsFilter(Classification, field_name="classification", label="Classification")
    determination = TermsFilter(Determination, field_name="determination", label="Determination")
    last_activity = django_filters.CharFilter(method="by_time", label="Last activity")
    created = django_filters.CharFilter(method="by_time", label="Created")
    updated = django_filters.CharFilter(method="by_time", label="Updated")
    q = django_filters.CharFilter(method="by_words", label="Search", max_length=LONGEST_SEARCH)

    TIME_FIELDS = {"last_activity": "last_activity", "created": "created_at", "updated": "updated_at"}

    class Meta:
        model = Incident
        fields: list[str] = []

    def __init__(
        self,
        data: QueryDict,
        queryset: QuerySet[Incident],
        *,
        principal: Principal,
        named_as: IncidentFilter | None = None,
    ) -> None:
        """`named_as` has the same people and tags, which then are not read again."""
        super().__init__(data, queryset)
        self.principal = principal
        self.people: NamedPeople = named_as.people if named_as else NamedPeople(data.getlist("assignee"), principal)
        self.tags: dict[str, Tag] = named_as.tags if named_as else _tags(data.getlist("tag"), principal)

    @classmethod
    def keys(cls) -> list[str]:
        return list(cls.base_filters)

    def check(self) -> None:
        """Raises UnknownKeys or ValidationError (by key) unless every key and value means something."""
        check_keys(self.data, [*self.keys(), *LIST_KEYS])
        problems: dict[str, list[str]] = {}
        for key, filter_ in self.filters.items():
            words = self.data.getlist(key)
            if isinstance(filter_, TermsFilter):
                known = [*filter_.terms.slugs(), ANY]
                problems |= unknown_words(key, words, known)
            elif key in self.TIME_FIELDS:
                for word in words:
                    try:
                        parse_range(word)
                    except BadRange as error:
                        problems[key] = [str(error)]
        problems |= unknown_words("assignee", self.people.missing, self.people.suggestions())
        missing = [word for word in self.data.getlist("tag") if word not in self.tags]
        if missing:
            names = Tag.objects.known_to(self.principal).order_by("name").values_list("name", flat=True)
            problems |= unknown_words("tag", missing, names[:2000])
        # What the form refuses, such as too many values, says more than that each of them is unknown.
        problems |= {key: list(messages) for key, messages in self.form.errors.items()}
        if problems:
            raise ValidationError(problems)

    def by_assignee(self, queryset: QuerySet[Incident], _name: str, value: Sequence[str]) -> QuerySet[Incident]:
        if not value:
            return queryset
        condition = Q(assignee_user__in=self.people.user_ids) | Q(assignee_team__in=self.people.team_ids)
        if UNASSIGNED in value:
            condition |= Q(assignee_user__isnull=True, assignee_team__isnull=True)
        return queryset.filter(condition)

    def by_tag(self, queryset: QuerySet[Incident], _name: str, value: Sequence[str]) -> QuerySet[Incident]:
        if not value:
            return queryset
        return queryset.filter(tag_ids__overlap=[tag.pk for tag in self.tags.values()])

    def by_time(self, queryset: QuerySet[Incident], name: str, value: str) -> QuerySet[Incident]:
        span, field = parse_range(value), self.TIME_FIELDS[name]
        if span.since:
            queryset = queryset.filter(**{f"{field}__gte": span.since})
        if span.until:
            queryset = queryset.filter(**{f"{field}__lt": span.until})
        return queryset

    def by_words(self, queryset: QuerySet[Incident], _name: str, value: str) -> QuerySet[Incident]:
        """Every word begins a word of the incident's name, alert titles or entities; a number is its number, too."""
        number = value.strip().removeprefix("#")
        condition = Q()
        query = prefix_query(value)
        if query:
            matching = IncidentSearch.objects.extra(where=["words @@ %s::tsquery"], params=[query])
            condition |= Q(pk__in=matching.values("incident_id"))
        if number.isascii() and number.isdigit() and len(number) < 19:
            condition |= Q(pk=int(number))
        return queryset.filter(condition) if condition else queryset


def _tags(names: Sequence[str], principal: Principal) -> dict[str, Tag]:
    """The tags of these names, as far as this person knows of them."""
    return Tag.objects.known_to(principal).named(storable(names)) if names else {}
