"""Out within a second: whoever is shut out or has lost a right is refused at the next request, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.choices import Permission
from accounts.commands import (
    activate,
    change_role,
    create_own_token,
    create_role,
    create_token,
    deactivate,
    redefine_role,
    revoke_token,
)
from accounts.models import AccessToken, Role, User
from activity.actors import SYSTEM
from incidents.models import Incident
from tests.access.addresses import ACT
from tests.exports.made import kept_export

WAYS: dict[str, Callable[[User], object]] = {
    "deactivated": lambda ana: deactivate(ana, actor=SYSTEM),
    "another role": lambda ana: change_role(ana, "outsider", actor=SYSTEM),
    "a role that lost its rights": lambda ana: redefine_role(ana.role, permissions=[], actor=SYSTEM),
}


def places(incident: Incident) -> dict[str, str]:
    """A page, a fragment, a poll, an export that is at hand, a table made on the spot, and the API."""
    return {
        "page": f"/incidents/{incident.pk}/",
        "list": "/incidents/",
        "suggestions": "/incidents/suggest/assignees/?q=a",
        "poll": f"/incidents/changes/?since={2**61}",
        "cached export": f"/exports/{ACT}/",
        "table": "/exports/incidents.csv",
        "API": f"/api/v1/incidents/{incident.pk}/",
        "API list": "/api/v1/users/",
        "API export": f"/api/v1/exports/{ACT}/file/",
    }


def answers(client: Client, incident: Incident) -> dict[str, int]:
    found = {}
    for name, path in places(incident).items():
        answer: Any = client.get(path)
        if answer.streaming:
            b"".join(answer.streaming_content)
        found[name] = answer.status_code
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_person(way: str, incident: Incident, ana: User, ada: User, sign_in: Callable[[User], Client]) -> None:
    create_role("Outsider", [], actor=SYSTEM)
    kept_export(incident, ana, ACT)
    client = sign_in(ana)
    before = answers(client, incident)
    assert set(before.values()) <= {200, 204}, before
    WAYS[way](ana)
    after = answers(client, incident)
    assert set(after.values()) <= {302, 401, 403, 404}, after
    if way == "deactivated":
        activate(ana, actor=SYSTEM)
        assert client.get("/incidents/").status_code == 200


@pytest.mark.parametrize("way", [*WAYS, "revoked", "expired"])
def test_a_token_of_a_person(way: str, incident: Incident, ana: User, ada: User) -> None:
    create_role("Outsider", [], actor=SYSTEM)
    token, key = create_own_token(
        ana,
        "script",
        permissions=[Permission.SEE_INCIDENTS, Permission.EXPORT],
        expires_at=timezone.now() + timedelta(days=7),
        actor=SYSTEM,
    )
    client = Client(headers={"Authorization": f"Bearer {key}"})
    paths = (f"/api/v1/incidents/{incident.pk}/", "/api/v1/users/", f"/api/v1/incidents/{incident.pk}/alerts.csv")
    assert [client.get(path).status_code for path in paths[:2]] == [200, 200]
    if way == "revoked":
        revoke_token(token, actor=SYSTEM)
    elif way == "expired":
        AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    else:
        WAYS[way](ana)
    refused = 401 if way in ("deactivated", "revoked", "expired") else 403
    assert [client.get(path).status_code for path in paths[:2]] == [refused, refused]


def test_a_token_of_a_machine_whose_role_lost_a_right(incident: Incident, ada: User) -> None:
    create_role("Reporting", [Permission.SEE_INCIDENTS], actor=SYSTEM)
    _, key = create_token("reports", actor=SYSTEM, role="reporting")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert client.get("/api/v1/incidents/").status_code == 200
    redefine_role(Role.objects.get(slug="reporting"), permissions=[], actor=SYSTEM)
    assert client.get("/api/v1/incidents/").status_code == 403
