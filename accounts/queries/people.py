"""The people of an installation, as their list and their pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.choices import KEPT_APART, Permission
from accounts.models import Invitation, Principal, Role, Team, User
from common.filters import ANY
from common.marks import person_mark, time_mark
from common.pagination import BadCursor, Order, Page, page_of_ids
from common.query_strings import check_keys, nearest

BY_NAME = Order("name", ("display_name", "id"))
KEYS = ("q", "team")
MANAGERS_KEYS = ("role", "state")
PLACES = ("after", "before")
STATES = {"active": "Active", "inactive": "Deactivated", ANY: "Any"}
LONGEST_SEARCH = 200
PAGE_SIZE = 50
MOST_SUGGESTED = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """The list of people that an address asks for."""

    query: QueryDict
    matching: QuerySet[User]
    search: str
    role: str
    team: str
    state: str

    def page(self, size: int = PAGE_SIZE) -> Page:
        """The page at the address's cursor; raises ValidationError for one of another list."""
        after, before = self.query.get("after", ""), self.query.get("before", "")
        try:
            return page_of_ids(self.matching, BY_NAME, after=after, before=before, size=size)
        except BadCursor as error:
            raise ValidationError({"before" if before else "after": [str(error)]}) from None


def asked(query: QueryDict, principal: Principal, others: Iterable[str] = ()) -> Asked:
    """Read an address; `others` are keys that somebody else reads. Whoever manages people may ask by role and state as
    well, and finds by address; everybody else finds those who are here, by name.

    Raises UnknownKeys or ValidationError for an address that means nothing.
    """
    manages = principal.may(Permission.MANAGE_PEOPLE)
    check_keys(query, [*KEYS, *(MANAGERS_KEYS if manages else ()), *PLACES, *others])
    search = " ".join(query.get("q", "").replace("\x00", "").split())[:LONGEST_SEARCH]
    role, team, state = query.get("role", ""), query.get("team", ""), query.get("state", "") or "active"
    rows = User.objects.get_queryset()
    if search:
        words = Q(display_name__icontains=search) | Q(username__icontains=search.lower())
        rows = rows.filter(words | Q(email__icontains=search) if manages else words)
    if role:
        rows = rows.filter(role=_known(role, "role", Role.objects.order_by("slug")))
    if team:
        rows = rows.filter(teams=_known(team, "team", Team.objects.present().order_by("slug")))
    if state not in STATES:
        raise ValidationError({"state": [f"“{state[:60]}” is no state{nearest(state, STATES)}"]})
    if state != ANY:
        rows = rows.filter(is_active=state == "active")
    return Asked(query, rows, search, role, team, state)


def _known(word: str, key: str, rows: QuerySet[Any]) -> int:
    found = dict(rows.values_list("slug", "pk"))
    if word not in found:
        raise ValidationError({key: [f"There is no {key} “{word[:60]}”{nearest(word, found)}"]})
    number: int = found[word]
    return number


def read(ids: Sequence[int]) -> list[User]:
    """These people in this order, with role and teams; two statements."""
    teams = Prefetch("teams", Team.objects.order_by("name"), to_attr="in_teams")
    found = User.objects.get_queryset().select_related("role").prefetch_related(teams).in_bulk(ids)
    return [found[number] for number in ids]


def rows_of(people: Sequence[User]) -> list[dict[str, Any]]:
    """As the list shows them."""
    now = timezone.now()
    return [
        {
            "url": reverse("people:person", args=[person.username]),
            "mark": person_mark(person.initials, person.display_name),
            "username": person.username,
            "email": person.email,
            "role": person.role.name,
            "teams": ", ".join(team.name for team in getattr(person, "in_teams", ())),
            "is_active": person.is_active,
            "last_sign_in": time_mark(person.last_login, now) if person.last_login else "never",
        }
        for person in people
    ]


def plain(people: Sequence[User], principal: Principal) -> list[dict[str, Any]]:
    """As the API gives them: what assigning needs; and all that is kept of them to whoever manages people."""
    manages = principal.may(Permission.MANAGE_PEOPLE)
    return [_plain(person, manages) for person in people]


def _plain(person: User, manages: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "username": person.username,
        "name": person.display_name,
        "teams": [team.slug for team in getattr(person, "in_teams", ())],
        "can_be_assigned": person.may(Permission.EDIT_INCIDENTS),
    }
    if not manages:
        return told
    return told | {
        "email": person.email,
        "role": person.role.slug,
        "is_active": person.is_active,
        "created": person.created_at,
        "last_sign_in": person.last_login,
    }


def person_named(username: str) -> User | None:
    """The person of that name, with their role; also one who is shut out."""
    if "\x00" in username:  # in nobody's name, and the database would not even compare it
        return None
    return User.objects.get_queryset().select_related("role").filter(username=username.lower()).first()


def people_like(text: str) -> list[dict[str, Any]]:
    """Active people whose name begins a word with the text, or whose sign-in name does, as a field suggests them."""
    text = text.strip().replace("\x00", "")[:LONGEST_SEARCH]
    words = Q(display_name__istartswith=text) | Q(display_name__icontains=f" {text}") | Q(username__istartswith=text)
    found = User.objects.active().filter(words).order_by("display_name", "pk")[:MOST_SUGGESTED]
    return [option_of(person) for person in found]


def option_of(person: User) -> dict[str, Any]:
    mark = person_mark(person.initials, person.display_name)
    return {"value": person.username, "label": person.display_name, "hint": person.username, "mark": mark}


def givable_roles(principal: Principal) -> list[Role]:
    """Roles that somebody may give to others: those that allow nothing which they may not, but for what is kept
    apart."""
    return [role for role in Role.objects.order_by("name") if not set(role.permissions) - principal.rights - KEPT_APART]


def open_invitations() -> list[dict[str, Any]]:
    """Those that can still be accepted, the one that ends first at the top."""
    now = timezone.now()
    rows = Invitation.objects.open(now).select_related("role", "invited_by").prefetch_related("teams")
    return [
        {
            "number": each.pk,
            "whom": str(each),
            "role": each.role.name if each.role else "",
            "teams": ", ".join(team.name for team in each.teams.all()),
            "by": each.invited_by.display_name if each.invited_by else "Command line",
            "ends": time_mark(each.expires_at, now),
        }
        for each in rows.order_by("expires_at", "pk")[:200]
    ]
