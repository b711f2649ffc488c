"""Which incidents a webhook is told of: a list of the queue, seen with somebody's eyes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import Principal, User
from common.errors import Refused
from common.query_strings import UnknownKeys, address, with_values
from incidents.filters import IncidentFilter
from incidents.filters.defaults import DEFAULTS, LIST_KEYS
from incidents.models import Incident, IncidentMember
from incidents.query_text.names import words_by_key

LONGEST_QUERY = 4_000


def spelled_out(text: str) -> str:
    """A query of the queue with nothing left unsaid: what the queue would leave out by itself (what is resolved,
    informational or asleep) is let in, since a webhook must hear that an incident was resolved. So the same address
    names the same incidents there and here. How a list looks is dropped.

    `text` is an address of the queue, or what follows its “?”. Raises Refused for one that is too long.
    """
    if len(text) > LONGEST_QUERY:
        raise Refused(f"A list's address has at most {LONGEST_QUERY:,} characters here.", field="query")
    query = QueryDict(text.strip().rpartition("?")[2] if _is_address(text.strip()) else text.strip(), mutable=True)
    for key in LIST_KEYS:
        query.pop(key, None)
    said = words_by_key(query.getlist("q"))
    if query:
        for key in DEFAULTS:
            if key not in query and key not in said:
                query.setlist(key, ["any"])
    return address("", with_values(query)).removeprefix("?")


def _is_address(text: str) -> bool:
    return text.startswith(("?", "/", "http://", "https://"))


def check_query(query: str, reader: Principal) -> None:
    """Raises Refused, in words, unless the query means something to its reader."""
    _checked(IncidentFilter(QueryDict(query), principal=reader))


def _checked(asked: IncidentFilter) -> IncidentFilter:
    try:
        asked.check()
    except UnknownKeys as error:
        words = "; ".join(f"There is no key “{key}” in the queue's addresses{hint}" for key, hint in _hints(error))
        raise Refused(words, field="query") from None
    except ValidationError as error:
        words = " ".join(f"{key}: {' '.join(each)}" for key, each in error.message_dict.items())
        raise Refused(words, field="query") from None
    return asked


def _hints(error: UnknownKeys) -> list[tuple[str, str]]:
    return [(key[:60], hint) for key, hint in error.suggestions.items()]


def seen(reader: Principal, *, with_restricted: bool) -> QuerySet[Incident]:
    """All incidents that a webhook with these eyes is told of at most. Restricted ones only where it says so, and of
    these only what its reader is named to see or sees by their role: broken glass is for people, and for an hour."""
    rows = Incident.objects.visible_to(reader)
    if not with_restricted:
        return rows.filter(restricted=False)
    if not isinstance(reader, User) or reader.may(Permission.SEE_RESTRICTED):
        return rows
    named = IncidentMember.objects.filter(Q(user=reader) | Q(team__members=reader), incident=OuterRef("pk"))
    return rows.filter(Q(restricted=False) | Exists(named))


def matching(query: str, reader: Principal, *, with_restricted: bool) -> QuerySet[Incident]:
    """The incidents that it is told of as they are now. Raises Refused as `check_query` does."""
    with timezone.override(zone_of(reader)):
        rows = seen(reader, with_restricted=with_restricted)
        return _checked(IncidentFilter(QueryDict(query), rows, principal=reader)).qs


def zone_of(reader: Principal) -> ZoneInfo:
    """By which “today” is meant."""
    return ZoneInfo(reader.time_zone if isinstance(reader, User) else timezone.get_default_timezone_name())
