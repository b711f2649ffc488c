"""What open pages ask for every few seconds: has anything happened, to whom does it matter, who else is here."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.choices import Permission
from accounts.models import User
from activity.news import News, news
from common.counting import Count, count
from common.marks import initials, person_mark
from common.query_strings import UnknownKeys
from incidents import verbs
from incidents.models import Incident
from incidents.presence import Present, leave, others_here
from incidents.queries.columns import reading
from incidents.queries.notices import MOST_COUNTED
from incidents.queries.queue import ROW_FIELDS, Asked, asked, columns_named, row_html
from incidents.queries.unread import unread

MOST_NAMED = 500
"""Incidents that one answer names; what else changed is found by asking for the rows that are shown."""
LONGEST_LINK = 8_000
HIGHEST = 2**62
NOW = "now"
"""What a page that shows no incidents gives as its moment: it wants what comes from here on."""


class BadQuestion(Exception):
    """The address of a poll that no page of ours would send."""


def number(word: str) -> int:
    """A whole number from an address. Raises BadQuestion."""
    if word == NOW:
        return HIGHEST
    if not (word.isascii() and word.isdigit() and len(word) < 20):
        raise BadQuestion("since is a whole number, as this address gave it last")
    return min(int(word), HIGHEST)


@dataclass(frozen=True, slots=True)
class Question:
    """What an open page knows and wants to know."""

    since: int
    """The moment up to which it is right."""
    open: int | None
    """The incident whose details it shows."""
    left: int | None
    """The one it showed when it asked last."""
    here: str
    """Whom it shows as being there: numbers of people with dots between."""
    unread: str
    """The figure on its bell."""
    shown: frozenset[int]
    """The incidents of its list."""

    @classmethod
    def of(cls, query: QueryDict) -> Question:
        """Raises BadQuestion."""
        return cls(
            number(query.get("since", "")),
            number(query.get("open", "")) if query.get("open") else None,
            number(query.get("left", "")) if query.get("left") else None,
            query.get("here", ""),
            query.get("unread", "0"),
            frozenset(_numbers(query.get("shown", ""))),
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What concerns the person beside the news: the bell, and who else is here."""

    unread: int
    here: list[Present]

    def are_known_to(self, question: Question) -> bool:
        return question.unread == str(self.unread) and question.here == ".".join(str(one.user_id) for one in self.here)

    def as_json(self) -> dict[str, Any]:
        return {
            "unread": self.unread,
            "here": ".".join(str(each.user_id) for each in self.here),
            "people": [
                {"name": each.name, "mark": person_mark(initials(each.name), each.name, compact=True)}
                for each in self.here
            ],
        }


SURROUNDINGS = f"""
(SELECT count(*) FROM (
    SELECT DISTINCT notice.incident_id FROM incidents_notice AS notice
    LEFT JOIN incidents_incident AS incident ON incident.id = notice.incident_id
    WHERE notice.user_id = %(user)s AND notice.read_at IS NULL AND (incident.restricted IS NOT TRUE OR EXISTS (
        SELECT FROM incidents_access AS access
        WHERE access.incident_id = incident.id AND access.user_id = %(user)s))
    LIMIT {MOST_COUNTED}) AS unread),
EXISTS (
    SELECT FROM incidents_incident AS incident WHERE incident.id = %(open)s AND (NOT incident.restricted OR EXISTS (
        SELECT FROM incidents_access AS access
        WHERE access.incident_id = incident.id AND access.user_id = %(user)s)))
"""
"""The figure on the bell, and whether the person may see the incident they have open: visible_to, for this one hot
statement in plain SQL (tests/incidents/test_live.py holds both to the same)."""
QUICK = f"""
SELECT person.password, person.display_name, horizon.until,
       EXISTS (SELECT FROM activity_entry WHERE transaction >= %(since)s AND transaction < horizon.until),
       {SURROUNDINGS}
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS until) AS horizon, django_session AS session
JOIN accounts_user AS person ON person.id = %(user)s AND person.is_active
JOIN accounts_role AS role ON role.id = person.role_id AND role.permissions @> %(permissions)s::varchar[]
    AND (NOT role.demands_second_factor OR EXISTS (
        SELECT FROM mfa_authenticator AS factor WHERE factor.user_id = person.id AND factor.type <> 'recovery_codes'))
WHERE session.session_key = %(session)s AND session.expire_date > now()
"""

MOST_SESSIONS = 10_000
_sessions: OrderedDict[str, tuple[int, str]] = OrderedDict()
"""Session → the person it was found to be, and their password's hash at that time. Only what a full request has
established stands here; whether it still holds is asked each time."""


def remember_session(session_key: str | None, user: User) -> None:
    """A full request with this session was found to be this person."""
    if session_key:
        _sessions[session_key] = user.pk, user.password
        _sessions.move_to_end(session_key)
        while len(_sessions) > MOST_SESSIONS:
            _sessions.popitem(last=False)


def quick_answer(session_key: str, query: QueryDict) -> tuple[int, dict[str, Any] | None] | None:
    """The answer to most polls, for one statement and one word with Redis: the log's moment, and what else is new to
    the page, or None where nothing is.

    None for the whole where this way cannot answer: something was recorded, or the session is not known to be good.
    The session, the account, its role and its password are looked at each time, so that whoever has signed out or lost
    access is told nothing.
    """
    known = _sessions.get(session_key)
    if known is None:
        return None
    question = Question.of(query)
    user_id, password = known
    with connection.cursor() as cursor:
        cursor.execute(
            QUICK,
            {
                "user": user_id,
                "session": session_key,
                "since": question.since,
                "open": question.open,
                "permissions": [Permission.SEE_INCIDENTS.value],
            },
        )
        row = cursor.fetchone()
    if row is None or row[0] != password:
        _sessions.pop(session_key, None)
        return None
    _, name, until, has_news, unread, may_see = row
    if has_news:
        return None
    found = Surroundings(unread, _here(question, user_id, name, may_see))
    return until, None if found.are_known_to(question) else _nothing(until) | found.as_json()


def _nothing(until: int) -> dict[str, Any]:
    return {"last_entry": until, "incidents": [], "new": 0, "arrived": [], "gone": [], "all": False}


def _here(question: Question, user_id: int, name: str, may_see: bool) -> list[Present]:
    if question.left:
        leave(question.left, user_id, name)
    return others_here(question.open, user_id, name) if question.open and may_see else []


def full_answer(user: User, query: QueryDict) -> tuple[int, dict[str, Any] | None]:
    """The same with the news: which incidents changed, of those the person may see, and which of them are new to the
    list they look at. Raises BadQuestion."""
    question = Question.of(query)
    found = news(question.since, without=verbs.PERSONAL)
    around = surroundings(user, question)
    answer = _nothing(found.until) | _news_for(user, query, found, question.shown) | around.as_json()
    is_news = answer["incidents"] or answer["gone"] or answer["all"] or not around.are_known_to(question)
    return found.until, answer if is_news else None


def surroundings(user: User, question: Question) -> Surroundings:
    """What any open page is told beside its news."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SURROUNDINGS}", {"user": user.pk, "open": question.open})
        unread, may_see = cursor.fetchone()
    return Surroundings(unread, _here(question, user.pk, user.display_name, may_see))


def _news_for(user: User, query: QueryDict, found: News, shown: frozenset[int]) -> dict[str, Any]:
    if not found.incidents:
        return {}
    visible = Incident.objects.visible_to(user)
    touched = set(visible.filter(pk__in=list(found.incidents)).values_list("pk", flat=True))
    arrived = _arrived(user, query, {one for one in touched if one not in shown})
    opened = {one for one in arrived if verbs.OPENED.name in found.incidents[one]}
    if "whole" not in query:
        arrived = opened
    # An incident that is shown and was taken from the person's sight is theirs to know of: they had it before them.
    gone = shown & found.incidents.keys() - touched
    named = [one for one in found.incidents if one in touched]
    return {
        "incidents": sorted({*named[:MOST_NAMED], *(shown & touched)}),
        "new": len(opened),
        "arrived": sorted(arrived)[:MOST_NAMED],
        "gone": sorted(gone),
        "all": found.is_cut or len(named) > MOST_NAMED,
    }


def _arrived(user: User, query: QueryDict, numbers: set[int]) -> set[int]:
    """Those that the list would show; without a list, all."""
    if not numbers or "list" not in query:
        return numbers
    try:
        listed = named_list(user, query.get("list", ""))
    except BadQuestion:
        return set()
    return set(listed.matching.filter(pk__in=numbers).values_list("pk", flat=True))


def named_list(user: User, link: str) -> Asked:
    """The list that a page shows, by its address. Raises BadQuestion for one that means nothing."""
    try:
        return asked(QueryDict(link.partition("?")[2][:LONGEST_LINK]), user)
    except (UnknownKeys, ValidationError) as error:
        raise BadQuestion("list is the address of a list, as the page gave it") from error


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """Rows of a list as they are now, and how many it has."""

    html: list[SafeString]
    count: Count


def changed_rows(user: User, query: QueryDict, *, selectable: bool) -> ChangedRows:
    """Rows that changed while they were shown, for their old places; what no longer matches the list says so. A row
    that the person may no longer see is left out. Raises BadQuestion."""
    listed = named_list(user, query.get("list", ""))
    columns, numbers = columns_named(listed.query), _numbers(query.get("rows", ""))
    fields, annotations = reading(columns, *ROW_FIELDS)
    visible = Incident.objects.visible_to(user).filter(pk__in=numbers)
    values = list(visible.values(*fields, **annotations)) if numbers else []
    matching = set(listed.matching.filter(pk__in=numbers).values_list("pk", flat=True)) if numbers else set()
    news, now = unread([row["id"] for row in values], user), timezone.now()
    html = [
        row_html(
            row,
            columns,
            now,
            selectable=selectable,
            classes="" if row["id"] in matching else "row-gone",
            news=news.get(row["id"]),
        )
        for row in values
    ]
    return ChangedRows(html, count(listed.listed))


def _numbers(text: str) -> set[int]:
    words = text.split(",") if text else []
    if len(words) > MOST_NAMED:
        raise BadQuestion(f"shown names at most {MOST_NAMED} incidents")
    return {number(word) for word in words}
