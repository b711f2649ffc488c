"""People, teams and roles for programs: names for everybody who assigns, the rest for who manages people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from accounts.commands import create_token, deactivate
from accounts.models import Role, Team, User
from activity.actors import SYSTEM
from activity.models import Entry

SignIn = Callable[[User], Client]


def send(client: Client, method: str, path: str, said: Any) -> Any:
    return getattr(client, method)(f"/api/v1/{path}", said, content_type="application/json")


def test_whoever_assigns_learns_names_and_nothing_else(
    vic: User, rio: User, lee: User, tier2: Team, sign_in: SignIn
) -> None:
    deactivate(rio, actor=SYSTEM)
    client = sign_in(vic)
    users = client.get("/api/v1/users/").json()["users"]
    assert users == [
        {"username": "ana", "name": "Ana Ruiz", "teams": ["tier2"], "can_be_assigned": True},
        {"username": "lee", "name": "Lee Park", "teams": [], "can_be_assigned": True},
        {"username": "vic", "name": "Vic Moreau", "teams": [], "can_be_assigned": False},
    ]
    assert client.get("/api/v1/users/ana/").json() == users[0]
    assert client.get("/api/v1/users/rio/").status_code == 404
    team = {"slug": "tier2", "key": "team:tier2", "name": "Tier 2", "members": ["ana"]}
    assert client.get("/api/v1/teams/").json() == {"teams": [team]}
    assert client.get("/api/v1/teams/tier2/").json() == team
    reader = next(each for each in client.get("/api/v1/roles/").json()["roles"] if each["slug"] == "reader")
    assert reader == {
        "slug": "reader",
        "name": "Reader",
        "permissions": ["see_incidents", "export"],
        "is_built_in": True,
    }
    refused = client.get("/api/v1/users/?role=lead")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "role")


def test_a_list_goes_on_by_key(vic: User, lee: User, tier2: Team, sign_in: SignIn) -> None:
    client, seen, address = sign_in(vic), [], "/api/v1/users/?limit=2"
    while address:
        answer = client.get(address).json()
        seen += [each["username"] for each in answer["users"]]
        address = answer["next"]
    assert seen == ["ana", "lee", "rio", "vic"]
    assert [each["username"] for each in client.get("/api/v1/users/?team=tier2&q=a").json()["users"]] == ["ana", "rio"]


def test_people_are_added_and_changed_all_or_nothing(ada: User, tier2: Team, sign_in: SignIn) -> None:
    client = sign_in(ada)
    said = {"username": "Mia", "name": "Mia Chen", "role": "analyst", "email": "mia@example.org", "teams": ["tier2"]}
    made = send(client, "post", "users/", said)
    assert made.status_code == 201
    assert made.json() | {"created": None} == {
        "username": "mia",
        "name": "Mia Chen",
        "teams": ["tier2"],
        "can_be_assigned": True,
        "email": "mia@example.org",
        "role": "analyst",
        "is_active": True,
        "created": None,
        "last_sign_in": None,
    }
    entries = Entry.objects.count()
    refused = send(client, "patch", "users/mia/", {"name": "M.", "role": "emperor"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "role")
    assert Entry.objects.count() == entries
    changed = send(
        client, "patch", "users/mia/", {"name": "M. Chen", "role": "reader", "teams": [], "is_active": False}
    )
    assert changed.status_code == 200
    assert [changed.json()[key] for key in ("name", "role", "teams", "is_active")] == ["M. Chen", "reader", [], False]
    assert [each["username"] for each in client.get("/api/v1/users/?state=inactive").json()["users"]] == ["mia"]
    assert set(Entry.objects.order_by("pk")[entries:].values_list("channel", flat=True)) == {"api"}


WRONG: list[tuple[str, str, Any, int, str]] = [
    ("post", "users/", {"username": "mia", "name": "M", "role": "admin", "is_staff": True}, 400, "is_staff"),
    ("post", "users/", {"username": "mia", "name": "M", "role": "reader", "password": "x"}, 400, "password"),
    ("post", "users/", {"username": "mia", "role": "reader"}, 400, "name"),
    ("post", "users/", {"username": "ana", "name": "M", "role": "reader"}, 409, "username"),
    ("patch", "users/ana/", {"is_active": "no"}, 400, "is_active"),
    ("patch", "users/ana/", {"teams": "tier2"}, 400, "teams"),
    ("patch", "users/ana/", {"teams": ["none"]}, 409, "teams"),
    ("patch", "users/ana/", {"username": "root"}, 400, "username"),
    ("patch", "users/ana/", {}, 400, "body"),
    ("patch", "users/ana/", [], 400, "body"),
    ("post", "teams/", {"name": "Tier 2"}, 409, "name"),
    ("post", "teams/", {"name": "Night", "members": ["nobody"]}, 400, "members"),
    ("patch", "teams/tier2/", {"members": ["ada", "ana"]}, 409, "members"),
    ("post", "roles/", {"name": "Mine", "permissions": ["break_everything"]}, 409, "permissions"),
    ("patch", "roles/admin/", {"permissions": []}, 409, "permissions"),
    ("post", "tokens/", {"name": "x", "permissions": ["export"], "owner": "ana"}, 400, "owner"),
    ("post", "tokens/", {"name": "x", "permissions": ["export"], "expires": "tomorrow"}, 400, "expires"),
    ("post", "tokens/", {"name": "x", "permissions": ["break_glass"]}, 409, "permissions"),
]


def test_what_is_wrong_is_named(ada: User, tier2: Team, sign_in: SignIn) -> None:
    client, entries = sign_in(ada), Entry.objects.count()
    for method, path, said, status, field in WRONG:
        answer = send(client, method, path, said)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field), (method, path, said)
    assert Entry.objects.count() == entries


def test_a_machine_administers_as_far_as_its_role_goes(db: None) -> None:
    _, key = create_token("provisioning", actor=SYSTEM, role="admin")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert send(client, "post", "teams/", {"name": "Night watch"}).json()["slug"] == "night-watch"
    assert send(client, "post", "roles/", {"name": "Eyes", "permissions": ["see_incidents"]}).status_code == 201
    assert send(client, "post", "users/", {"username": "mia", "name": "Mia", "role": "eyes"}).status_code == 201
    assert send(client, "patch", "roles/eyes/", {"permissions": ["see_incidents", "export"]}).status_code == 200
    assert Role.objects.get(slug="eyes").permissions == ["see_incidents", "export"]
    _, other = create_token("reports", actor=SYSTEM, role="lead")
    lead = Client(headers={"Authorization": f"Bearer {other}"})
    assert send(lead, "post", "users/", {"username": "max", "name": "Max", "role": "reader"}).status_code == 403
