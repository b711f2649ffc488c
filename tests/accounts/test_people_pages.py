"""The pages of people: the list by its address, one person, and nothing changed but what is meant (threats T5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import create_own_token, create_team, create_user, deactivate, invite
from accounts.models import AccessToken, Invitation, Team, User
from accounts.queries import people
from activity.actors import SYSTEM
from tests.conftest import PASSWORD, taken_back

PEOPLE = "/settings/people/"
SignIn = Callable[[User], Client]


def names(page: Any) -> list[str]:
    return [row["username"] for row in page.context["rows"]]


LISTS = {
    "": ["ada", "ana", "lee", "rio"],
    "?state=inactive": ["vic"],
    "?state=any&role=reader": ["vic"],
    "?team=tier2": ["ana", "rio"],
    "?q=ruiz": ["ana"],
    "?q=LEE&role=lead": ["lee"],
    "?q=%00": ["ada", "ana", "lee", "rio"],
    "?role=&team=&q=": ["ada", "ana", "lee", "rio"],
}
NONSENSE = {
    "?rol=lead": "did you mean “role”?",
    "?role=leed": "did you mean “lead”?",
    "?state=gone": "is no state",
    "?team=night": "There is no team",
    "?after=x": "start from the first",
}


def test_an_address_is_a_list_or_says_what_is_wrong_with_it(
    ada: User, lee: User, vic: User, tier2: Team, sign_in: SignIn
) -> None:
    deactivate(vic, actor=SYSTEM)
    client = sign_in(ada)
    for query, found in LISTS.items():
        assert names(client.get(f"{PEOPLE}{query}")) == found, query
    for query, told in NONSENSE.items():
        answer = client.get(f"{PEOPLE}{query}")
        assert (answer.status_code, told in answer.content.decode()) == (400, True), query


def test_pages_follow_each_other_by_key(
    ada: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        create_user(f"p{number}", actor=SYSTEM, display_name=f"Person {number}", role="reader", password=None)
    page_of = people.Asked.page
    monkeypatch.setattr(people.Asked, "page", lambda wanted: page_of(wanted, 2))
    client = sign_in(ada)
    client.get(PEOPLE)
    seen, address = [], PEOPLE
    while address:
        with django_assert_max_num_queries(16):
            page = client.get(address)
        seen += names(page)
        address = page.context["next_url"]
    assert seen == ["ada", "p0", "p1", "p2", "p3", "p4"]


def test_a_person_is_changed_and_what_another_changed_meanwhile_is_shown(
    ada: User, tier2: Team, sign_in: SignIn
) -> None:
    client, path = sign_in(ada), f"{PEOPLE}of/ana/"
    was = {f"was_{name}": value for name, value in _shown(client.get(path)).items()}
    said = {"display_name": "Ana R. Vega", "email": "ana@example.org", "role": "lead", "teams": ["tier2"]}
    assert was["was_teams"] == "tier2"
    assert client.post(path, said | was)["Location"] == path
    ana = User.objects.get_queryset().get(username="ana")
    assert (ana.display_name, ana.email, ana.role.slug) == ("Ana R. Vega", "ana@example.org", "lead")
    conflict = client.post(path, said | was | {"display_name": "Ana Ruiz Vega"})
    assert conflict.status_code == 409
    assert "Ada Lind made it “Ana R. Vega”; yours is “Ana Ruiz Vega”" in conflict.content.decode()
    again = {f"was_{name}": value for name, value in _shown(conflict).items()}
    assert client.post(path, said | again | {"display_name": "Ana Ruiz Vega"}).status_code == 302


def _shown(page: Any) -> dict[str, str]:
    form = page.context["form"]
    return {name: form[f"was_{name}"].value() for name in form.REMEMBERED}


def test_a_role_is_changed_for_all_who_have_it_from_then_on(ada: User, ana: User, sign_in: SignIn) -> None:
    client, hers, path = sign_in(ada), sign_in(ana), "/settings/roles/of/analyst/"
    seen = {f"was_{name}": value for name, value in _shown(client.get(path)).items()}
    said = {"name": "Analyst", "permissions": ["see_incidents", "manage_rules"]} | seen
    assert hers.get("/settings/correlation/").status_code == 403
    assert client.post(path, said)["Location"] == "/settings/roles/"
    assert hers.get("/settings/correlation/").status_code == 200
    table = client.get("/settings/roles/")
    columns = [column["name"] for column in table.context["columns"]]
    rows = {row["label"]: row for group in table.context["groups"] for row in group["rows"]}
    allowed = [cell["role"] for cell in rows["Manage rules and critical assets"]["cells"] if cell["allows"]]
    assert (sorted(columns), sorted(allowed)) == (
        ["Administrator", "Analyst", "Lead", "Reader"],
        ["Administrator", "Analyst", "Lead"],
    )
    assert client.post(path, said | {"permissions": ["export"]}).status_code == 409  # it was another's page


def test_nobody_of_that_name_is_a_404(ada: User, sign_in: SignIn) -> None:
    client = sign_in(ada)
    for name in ("nobody", "a%00b", "%F0%9F%92%A9", "x" * 300):
        assert client.get(f"{PEOPLE}of/{name}/").status_code == 404
        assert client.get(f"/api/v1/users/{name}/").status_code == 404


def test_the_last_administrator_is_told_why_they_stay(ada: User, sign_in: SignIn) -> None:
    client = sign_in(ada)
    page = client.post(f"{PEOPLE}of/ada/deactivate/", follow=True).content.decode()
    assert "Nobody would be left who may manage people" in page
    assert client.get(PEOPLE).status_code == 200


def test_rights_that_are_not_ones_own_to_give_are_shown_and_stay(ada: User, sign_in: SignIn) -> None:
    client = sign_in(ada)
    page = client.get("/settings/roles/of/admin/").content.decode()
    assert "Nobody gives it to themselves" in page
    client.post("/settings/roles/of/admin/", {"name": "Admins", "permissions": [*ada.role.permissions, "break_glass"]})
    ada.role.refresh_from_db()
    assert (ada.role.name, "break_glass" in ada.role.permissions) == ("Admins", False)


# Of oneself --------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_memory(settings: Any) -> None:
    """Tries are counted in a cache; here in one that no other process empties."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "account"}}
    cache.clear()


def test_another_password_takes_the_present_one_and_ends_other_sessions(ana: User, sign_in: SignIn) -> None:
    here, elsewhere = sign_in(ana), sign_in(ana)
    new = "another-horse-battery"
    wrong = here.post("/account/password/", {"current": "x", "password": new, "again": new})
    assert (wrong.status_code, "This is not your present password" in wrong.content.decode()) == (422, True)
    weak = here.post("/account/password/", {"current": PASSWORD, "password": "password", "again": "password"})
    assert weak.status_code == 422
    assert here.post("/account/password/", {"current": PASSWORD, "password": new, "again": new}).status_code == 302
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    ana.refresh_from_db()
    assert ana.check_password(new)


def test_guessing_the_present_password_is_slowed_down(ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    statuses = [
        client.post("/account/password/", {"current": "x", "password": "y" * 12, "again": "y" * 12}).status_code
        for _ in range(8)
    ]
    assert statuses[0] == 422
    assert statuses[-1] == 429


# Mass assignment ---------------------------------------------------------------------------------------------------

FIELDS = sorted(
    {
        name
        for model in apps.get_app_config("accounts").get_models()
        for field in model._meta.get_fields()
        for name in (field.name, f"{field.name}_id")
    }
    | {"is_superuser", "is_staff", "user_permissions", "actor", "principal", "rights", "__class__"}
)
GOOD = {
    "display_name": "Mine", "email": "mine@example.org", "role": "reader", "teams": "night", "name": "Mine",
    "members": "ana", "permissions": "export", "days": "7", "note": "Mine", "slug": "mine", "is_active": "",
    "current": PASSWORD, "again": "7",
}  # fmt: skip
"""Of what pages ask for; all other fields of the models are sent the number 7, and no page asks for them."""
OF_ONESELF = {"account": {"accounts_user.display_name"}, "account_tokens": {"accounts_accesstoken"}}
OF_MANAGERS = {
    "people:invite": {"accounts_invitation", "accounts_invitation_teams"},
    "people:withdraw": {"accounts_invitation.withdrawn_at"},
    "people:person": {"accounts_user.display_name", "accounts_user.email", "accounts_user.role_id"},
    "people:deactivate": {"accounts_user.is_active"},
    "teams:new": {"accounts_team", "accounts_team_members"},
    "teams:team": {"accounts_team.name", "accounts_team_members", "accounts_team_members.gone"},
    "roles:new": {"accounts_role"},
    "roles:role": {"accounts_role.name", "accounts_role.permissions"},
    "tokens:revoke": {"accounts_accesstoken.revoked_at"},
    "teams:delete": {"accounts_team.deleted_at", "accounts_team_members.gone"},
}
"""What a route is for: tables that gain or lose rows, and columns of rows that were there."""
NOT_OURS = ("account_login", "account_logout", "account_reauthenticate")
OURS = ("account", "people:", "teams:", "roles:", "tokens:", "preferences", "accept_invitation", "api:user", "api:team",
        "api:role", "api:token")  # fmt: skip
Rows = dict[tuple[str, int], dict[str, Any]]


def rows() -> Rows:
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("accounts").get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} AS t")
            for (text,) in cursor.fetchall():
                row = json.loads(text)
                found[table, row["id"]] = row
    return found


def changed(before: Rows, after: Rows) -> set[str]:
    found = {table for table, number in after.keys() - before.keys()}
    found |= {f"{table}.gone" for table, number in before.keys() - after.keys()}
    for key in before.keys() & after.keys():
        found |= {f"{key[0]}.{column}" for column, value in before[key].items() if after[key][column] != value}
    return found


def routes() -> Iterator[tuple[str, str, str]]:
    from tests.access.matrix import TABLE

    token, invitation = AccessToken.objects.values_list("pk")[0][0], Invitation.objects.values_list("pk")[0][0]
    words: dict[str, str | int] = {
        **dict.fromkeys(("people:person", "people:deactivate", "people:activate", "api:user"), "lee"),
        **dict.fromkeys(("teams:team", "teams:delete", "api:team"), "night"),
        **dict.fromkeys(("roles:role", "roles:delete", "api:role"), "analyst"),
        **dict.fromkeys(("tokens:revoke", "account_revoke_token", "api:token"), token),
        "people:withdraw": invitation,
    }
    for name, methods in TABLE.items():
        for method in methods if name.startswith(OURS) and name not in NOT_OURS else ():
            if method not in ("GET", "DELETE"):
                yield name, method, reverse(name, args=[words[name]] if name in words else [])


@pytest.mark.parametrize("role", ["outsider", "reader", "analyst", "lead", "admin"])
def test_every_field_of_the_models_sent_to_every_route_changes_only_what_is_meant(
    role: str, otto: User, vic: User, ana: User, lee: User, ada: User, sign_in: SignIn
) -> None:
    one = {"outsider": otto, "reader": vic, "analyst": ana, "lead": lee, "admin": ada}[role]
    create_team("night", actor=SYSTEM, name="Night watch", members=[lee])
    tomorrow = timezone.now() + timedelta(days=1)
    invite(note="Kept", role="reader", expires_at=tomorrow, actor=SYSTEM)
    rio = create_user("rio", actor=SYSTEM, display_name="Rio Sato", role="analyst", password=None)
    create_own_token(rio, "kept", permissions=["export"], expires_at=tomorrow, actor=SYSTEM)
    everything = dict.fromkeys(FIELDS, "7") | GOOD
    meant = OF_ONESELF | (OF_MANAGERS if role == "admin" else {})
    client, wrong, seen = sign_in(one), {}, set()
    for name, method, path in routes():
        before = rows()
        with taken_back():
            send = getattr(client, method.lower())
            if name.startswith("api:"):
                answer = send(path, json.dumps(everything), content_type="application/json")
                if answer.status_code not in (400, 403, 405):
                    wrong[name] = str(answer.status_code)
            else:
                answer = send(path, everything)
            found = changed(before, rows())
        if answer.status_code >= 500 or found - meant.get(name, set()):
            wrong[name] = f"{answer.status_code} {sorted(found)}"
        seen |= {name} if found else set()
    assert wrong == {}
    assert seen <= meant.keys()
    if role == "admin":
        assert seen == meant.keys()  # each of them was let do what it is for


def test_an_administrator_changes_by_a_page_what_it_shows_and_nothing_else(
    ada: User, ana: User, tier2: Team, sign_in: SignIn
) -> None:
    client = sign_in(ada)
    meant = {"display_name": "Ana V.", "email": "ana@example.org", "role": "reader", "teams": ["tier2"]}
    sent = dict.fromkeys(FIELDS, "7") | {"username": "root", "is_active": "", "created_at": "2001-01-01"} | meant
    before = User.objects.get_queryset().values().get(pk=ana.pk)
    assert client.post(f"{PEOPLE}of/ana/", sent).status_code == 302
    after = User.objects.get_queryset().values().get(pk=ana.pk)
    assert {name for name in before if before[name] != after[name]} == {"display_name", "email", "role_id"}
