"""Tokens of people: some of what they may, as long as they may it, and out with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.choices import Permission
from accounts.commands import change_role, create_own_token, create_token
from accounts.commands.tokens import MOST_OWN
from accounts.models import AccessToken, User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from incidents.models import Incident

IN_A_WEEK = timezone.now() + timedelta(days=7)
WORK = [Permission.SEE_INCIDENTS, Permission.EDIT_INCIDENTS]


def own(owner: User, permissions: list[Permission], name: str = "script", days: int = 7) -> tuple[AccessToken, str]:
    expires_at = timezone.now() + timedelta(days=days)
    return create_own_token(owner, name, permissions=permissions, expires_at=expires_at, actor=owner.as_actor())


def with_key(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def test_it_may_what_was_chosen_as_long_as_its_owner_may(ana: User) -> None:
    token, _ = own(ana, WORK)
    assert token.rights == set(WORK)
    change_role(ana, "reader", actor=SYSTEM)
    assert AccessToken.objects.with_rights().get(pk=token.pk).rights == {Permission.SEE_INCIDENTS}
    change_role(ana, "lead", actor=SYSTEM)
    assert AccessToken.objects.with_rights().get(pk=token.pk).rights == set(WORK)


def test_it_cannot_be_made_with_more(ana: User, lee: User) -> None:
    for owner, permissions in (
        (ana, [Permission.MERGE_INCIDENTS]),
        (lee, [Permission.BREAK_GLASS]),
        (ana, []),
        (ana, ["root"]),
    ):
        with pytest.raises(Refused) as refused:
            own(owner, permissions)  # type: ignore[arg-type]
        assert refused.value.field == "permissions"


@pytest.mark.parametrize("days", [0, -1, 400])
def test_it_ends_within_a_year(ana: User, days: int) -> None:
    with pytest.raises(Refused) as refused:
        own(ana, WORK, days=days)
    assert refused.value.field == "expires_at"


def test_there_are_not_many_of_them(ana: User) -> None:
    for number in range(MOST_OWN):
        own(ana, WORK, f"script {number}")
    with pytest.raises(Refused, match="revoke one"):
        own(ana, WORK)


def test_names_are_ones_own(ana: User, rio: User, incident: Incident) -> None:
    """Nobody learns from a name what others call their tokens; the log says whose it was."""
    own(ana, WORK)
    _, key = own(rio, WORK)
    with pytest.raises(Refused) as refused:
        own(ana, WORK)
    assert refused.value.field == "name"
    assert with_key(key).get(f"/api/v1/incidents/{incident.pk}/").status_code == 200
    assert Entry.objects.get(verb="token.used").actor_label == "Rio Sato: script"


def test_pages_make_list_and_revoke_ones_own(ana: User, rio: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    others, _ = own(rio, WORK, "rio's")
    page = client.post("/account/tokens/", {"name": "report", "permissions": "export", "days": "30"})
    token = AccessToken.objects.get(name="report")
    key = page.context["key"]
    assert (page.status_code, page["Cache-Control"], token.owner) == (200, "no-store", ana)
    assert key in page.content.decode()
    again = client.get("/account/tokens/").content.decode()
    assert "report" in again
    assert key not in again
    assert "rio's" not in again
    assert client.post(f"/account/tokens/{others.pk}/revoke/").status_code == 404
    assert with_key(key).get("/api/v1/tokens/").status_code == 200
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 302
    assert with_key(key).get("/api/v1/tokens/").status_code == 401


def test_administrators_see_and_revoke_all(ana: User, ada: User, sign_in: Callable[[User], Client]) -> None:
    token, key = own(ana, WORK, "ana's")
    client = sign_in(ada)
    assert "ana&#x27;s" in client.get("/settings/tokens/").content.decode()
    assert client.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 302
    assert with_key(key).get("/api/v1/tokens/").status_code == 401


def test_programs_have_their_own_too(ana: User, rio: User, sign_in: Callable[[User], Client]) -> None:
    """Made by a person alone: a token that makes others would outlive its end."""
    client = sign_in(ana)
    said = {"name": "report", "permissions": ["see_incidents"], "expires": IN_A_WEEK.isoformat()}
    made = client.post("/api/v1/tokens/", said, content_type="application/json")
    assert made.status_code == 201
    token, script = made.json(), with_key(made.json()["key"])
    others, _ = own(rio, WORK)
    assert [each["name"] for each in script.get("/api/v1/tokens/").json()["tokens"]] == ["report"]
    assert "key" not in script.get(f"/api/v1/tokens/{token['id']}/").json()
    assert script.post("/api/v1/tokens/", said, content_type="application/json").status_code == 403
    assert script.delete(f"/api/v1/tokens/{others.pk}/").status_code == 404
    _, machine = create_token("machine", actor=SYSTEM, role="admin")
    assert with_key(machine).get("/api/v1/tokens/").status_code == 403
    assert script.delete(f"/api/v1/tokens/{token['id']}/").status_code == 204
    assert script.get("/api/v1/tokens/").status_code == 401
