"""The queue's filters: one truth for page, API, export and saved links.

Each key may be repeated for "any of". An unknown key or value is refused with the nearest known one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.models import AccessToken, Principal, Team, User
from alerts.choices import Classification, Determination, Severity
from common.query_strings import check_keys, nearest
from common.terms import NamedTerms, RankedTerms
from common.time_ranges import BadRange, parse_range
from common.words import prefix_query
from incidents.choices import IncidentStatus
from incidents.models import Incident, IncidentSearch, Tag

ANY = "any"
"""The value that lifts a filter which is set by default."""
UNASSIGNED = "unassigned"
ME = "me"
MOST_VALUES = 100
"""Values per key."""
LONGEST_SEARCH = 500
"""Characters."""

DEFAULTS: dict[str, list[str]] = {
    "status": ["active", "in_progress"],
    "severity": ["low", "medium", "high"],
}
"""What the queue shows when an address does not say: open incidents of any age, above informational."""

LIST_KEYS = ("sort", "after", "before", "open")
"""Keys of the list itself beside the filters."""


class WordsField(forms.MultipleChoiceField):
    """Several words under one key; which words are allowed, the filter decides."""

    widget = forms.SelectMultiple

    def valid_value(self, value: str) -> bool:
        return True

    def validate(self, value: Sequence[str]) -> None:
        if len(value) > MOST_VALUES:
            raise ValidationError(f"At most {MOST_VALUES} values; this has {len(value)}.")
        for word in value:
            if "\x00" in word or len(word) > 500:
                raise ValidationError("A value is at most 500 characters long and holds no NUL character.")


class WordsFilter(django_filters.Filter):
    field_class = WordsField

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)


class TermsFilter(WordsFilter):
    """Any of a closed list of terms."""

    def __init__(self, terms: type[RankedTerms | NamedTerms], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.terms = terms

    def filter(self, queryset: QuerySet[Incident], value: Sequence[str]) -> QuerySet[Incident]:
        if not value or ANY in value:
            return queryset
        return queryset.filter(**{f"{self.field_name}__in": [self.terms.from_slug(word).value for word in value]})


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
        self.people: _People = named_as.people if named_as else _People(data.getlist("assignee"), principal)
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
                problems |= _unknown(key, words, known)
            elif key in self.TIME_FIELDS:
                for word in words:
                    try:
                        parse_range(word)
                    except BadRange as error:
                        problems[key] = [str(error)]
        problems |= _unknown("assignee", self.people.missing, self.people.suggestions())
        missing = [word for word in self.data.getlist("tag") if word not in self.tags]
        if missing:
            names = Tag.objects.known_to(self.principal).order_by("name").values_list("name", flat=True)
            problems |= _unknown("tag", missing, names[:2000])
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


class _People:
    """The users and teams that an `assignee` key names, read in two statements."""

    def __init__(self, words: Sequence[str], principal: Principal) -> None:
        self.users: dict[str, User] = {}
        self.teams: dict[str, Team] = {}
        self.missing: list[str] = []
        slugs = [word.removeprefix("team:") for word in words if word.startswith("team:")]
        names = [word for word in words if not word.startswith("team:") and word not in (ME, UNASSIGNED)]
        if names:
            self.users = {user.username: user for user in User.objects.filter(username__in=_storable(names))}
        if slugs:
            self.teams = {team.slug: team for team in Team.objects.filter(slug__in=_storable(slugs))}
        self.missing = [name for name in names if name not in self.users]
        self.missing += [f"team:{slug}" for slug in slugs if slug not in self.teams]
        self.user_ids = [user.pk for user in self.users.values()]
        if ME in words:
            if isinstance(principal, AccessToken):
                self.missing.append(ME)
            else:
                self.user_ids.append(principal.pk)
        self.team_ids = [team.pk for team in self.teams.values()]

    def suggestions(self) -> list[str]:
        if not self.missing:
            return []
        teams = [f"team:{slug}" for slug in Team.objects.order_by("slug").values_list("slug", flat=True)[:500]]
        users = User.objects.active().order_by("username").values_list("username", flat=True)[:500]
        return [UNASSIGNED, *([] if ME in self.missing else [ME]), *teams, *users]

    def label(self, word: str) -> str:
        """A value of the key as a chip shows it."""
        if word.startswith("team:"):
            team = self.teams.get(word.removeprefix("team:"))
            return team.name if team else word
        user = self.users.get(word)
        return user.display_name if user else {ME: "Me", UNASSIGNED: "Unassigned"}.get(word, word)


def _tags(names: Sequence[str], principal: Principal) -> dict[str, Tag]:
    """The tags of these names, as far as this person knows of them."""
    return Tag.objects.known_to(principal).named(_storable(names)) if names else {}


def _storable(words: Sequence[str]) -> list[str]:
    """As many as may be asked for, without those that no row can hold."""
    return [word for word in words[:MOST_VALUES] if "\x00" not in word]


def _unknown(key: str, words: Sequence[str], known: Any) -> dict[str, list[str]]:
    known = list(known)
    messages = [f"“{word[:60]}” is unknown{nearest(word, known)}" for word in words if word not in known]
    return {key: messages} if messages else {}


def with_defaults(query: QueryDict) -> QueryDict:
    """The address with the defaults that it leaves unsaid written out, so that a copied link always means the same."""
    full = query.copy()
    for key, values in DEFAULTS.items():
        if key not in full:
            full.setlist(key, values)
    return full
