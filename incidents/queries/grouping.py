"""The queue in groups: by severity, assignee, status, source or tag, each with how many it has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db.models import Count, F, Func, QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Team, User
from accounts.people import UNASSIGNED
from alerts.choices import Severity
from common.marks import person_mark, severity_mark, status_mark, tag_mark
from common.query_strings import nearest
from incidents.choices import IncidentStatus
from incidents.models import Incident, Tag
from incidents.queries.columns import UNASSIGNED_MARK

MOST_GROUPS = 50
MANY = 5_000
REMEMBERED = 30
"""Seconds for which the counts of groups that hold more than MANY together are not counted again."""


@dataclass(frozen=True, slots=True)
class Group:
    """Incidents that have one value in common."""

    word: str
    """The value as the filter of the same key spells it; "" for what no filter can name."""
    mark: SafeString
    count: int


@dataclass(frozen=True, slots=True)
class Groups:
    """The largest groups, and what the others hold together."""

    key: str
    label: str
    shown: list[Group]
    others: int
    """How many further groups."""
    others_count: int
    """How many rows these hold; of a key with several values to a row, a row counts in each."""
    several: bool
    """Whether an incident may stand in several groups."""

    @property
    def total(self) -> int:
        return sum(group.count for group in self.shown) + self.others_count


@dataclass(frozen=True, slots=True)
class Grouping:
    """A key that the queue can be grouped by."""

    key: str
    label: str
    count: Callable[[QuerySet[Incident]], list[tuple[Any, int]]]
    named: Callable[[list[Any]], dict[Any, tuple[str, SafeString]]]
    """The filter's word and the heading of each value."""
    several: bool = False
    ranked: bool = False
    """Whether the groups stand in the order of their values, the highest first, and not of their size."""


def grouping_named(name: str) -> Grouping:
    """Raises ValidationError under "group" for a key that the queue cannot be grouped by."""
    if name not in GROUPINGS:
        raise ValidationError({"group": [f"The queue cannot be grouped by “{name[:60]}”{nearest(name, GROUPINGS)}"]})
    return GROUPINGS[name]


def groups(grouping: Grouping, matching: QuerySet[Incident], filtered: Sequence[str] = ()) -> Groups:
    """One statement counts the groups, one names them. Where the list is filtered by these sources, other sources of
    the same incidents make no groups."""
    counted = _counted(grouping, matching)
    if grouping.key == "source" and filtered:
        counted = [(value, number) for value, number in counted if value in filtered]
    shown = counted[:MOST_GROUPS]
    names = grouping.named([value for value, _ in shown])
    return Groups(
        grouping.key,
        grouping.label,
        [Group(*names[value], number) for value, number in shown if value in names],
        len(counted) - len(shown),
        sum(number for _, number in counted[MOST_GROUPS:]),
        grouping.several,
    )


def _counted(grouping: Grouping, matching: QuerySet[Incident]) -> list[tuple[Any, int]]:
    """Value and number of each group, in the order they are shown in."""
    try:
        question = matching.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return []
    key = f"groups:{grouping.key}:{hashlib.sha256(repr(question).encode()).hexdigest()}"
    kept: list[tuple[Any, int]] | None = cache.get(key)
    if kept is not None:
        return kept
    found = grouping.count(matching.order_by())
    if grouping.ranked:
        found.sort(key=lambda pair: pair[0], reverse=grouping.key == "severity")
    else:
        found.sort(key=lambda pair: (-pair[1], pair[0] is None, str(pair[0])))
    if sum(number for _, number in found) > MANY:
        cache.set(key, found, REMEMBERED)
    return found


def _by(*fields: str) -> Callable[[QuerySet[Incident]], list[tuple[Any, int]]]:
    def count(rows: QuerySet[Incident]) -> list[tuple[Any, int]]:
        found = rows.values_list(*fields).annotate(number=Count("pk"))
        return [(values[0] if len(fields) == 1 else tuple(values), number) for *values, number in found]

    return count


def _by_each(field: str) -> Callable[[QuerySet[Incident]], list[tuple[Any, int]]]:
    """By each value of an array; rows with none of them make a group of their own."""

    def count(rows: QuerySet[Incident]) -> list[tuple[Any, int]]:
        array: Any = Incident._meta.get_field(field)
        assert isinstance(array, ArrayField)
        each = Func(
            # what has none is given one NULL, so that it is counted as well
            Func(F(field), template="CASE WHEN %(expressions)s = '{}' THEN '{NULL}' ELSE %(expressions)s END"),
            function="unnest",
            output_field=array.base_field,
        )
        return list(rows.annotate(each=each).values_list("each").annotate(number=Count("pk")))

    return count


def _severities(values: list[Any]) -> dict[Any, tuple[str, SafeString]]:
    return {value: (Severity(value).slug, severity_mark(Severity(value))) for value in values}


def _statuses(values: list[Any]) -> dict[Any, tuple[str, SafeString]]:
    return {value: (IncidentStatus(value).slug, status_mark(IncidentStatus(value))) for value in values}


def _assignees(values: list[Any]) -> dict[Any, tuple[str, SafeString]]:
    users = User.objects.in_bulk([user for user, _ in values if user])
    teams = Team.objects.in_bulk([team for _, team in values if team])
    named: dict[Any, tuple[str, SafeString]] = {}
    for user_id, team_id in values:
        if user_id:
            user = users[user_id]
            named[user_id, team_id] = user.username, person_mark(user.initials, user.display_name)
        elif team_id:
            team = teams[team_id]
            named[user_id, team_id] = f"team:{team.slug}", person_mark(team.initials, team.name, "team")
        else:
            named[user_id, team_id] = UNASSIGNED, person_mark(*UNASSIGNED_MARK)
    return named


def _sources(values: list[Any]) -> dict[Any, tuple[str, SafeString]]:
    return {value: (value or "", format_html("{}", value or "No source")) for value in values}


def _tags(values: list[Any]) -> dict[Any, tuple[str, SafeString]]:
    tags = Tag.objects.in_bulk([value for value in values if value is not None])
    named = {tag.pk: (tag.name, tag_mark(tag.name, tag.kind)) for tag in tags.values()}
    return named | ({None: ("", format_html("{}", "No tag"))} if None in values else {})


GROUPINGS = {
    grouping.key: grouping
    for grouping in (
        Grouping("severity", "Severity", _by("severity"), _severities, ranked=True),
        Grouping("assignee", "Assigned to", _by("assignee_user", "assignee_team"), _assignees),
        Grouping("status", "Status", _by("status"), _statuses, ranked=True),
        Grouping("source", "Service source", _by_each("service_sources"), _sources, several=True),
        Grouping("tag", "Tag", _by_each("tag_ids"), _tags, several=True),
    )
}


def of_group(grouping: Grouping, matching: QuerySet[Incident]) -> QuerySet[Incident]:
    """The rows of the group that no filter can name: those without a source or tag; none of any other key."""
    field = {"source": "service_sources", "tag": "tag_ids"}.get(grouping.key)
    return matching.filter(**{field: []}) if field else matching.none()
