"""Each role gets what the matrix says, in a browser and by token, and whoever is not signed in is sent to sign in."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.commands import create_token, deactivate
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from incidents.commands import attach
from incidents.files import take_in
from incidents.models import Incident
from tests.access.addresses import ACT, address, ask
from tests.access.matrix import ABOUT, METHODS, OF_AN_INCIDENT, OPEN, ROLES, SIGNED_IN, TABLE, UNCONFIGURED, routes
from tests.access.things import make_things
from tests.exports.made import kept_export
from tests.incidents.uploads import image

MADE_BY_ASKING = [
    "incident.assigned",
    "alert.assigned",
    "queue.exported",
    "log.exported",
    "export.downloaded",
    "data.exported",
    "incident.followed",
    "incident.unfollowed",
    "view.deleted",
    "incident.tags_changed",
    "incident.undone",
    "bulk.cancelled",
    "bulk.undo_started",
    "tuning.deleted",
    "task_template.deleted",
    "comment.removed",
    "attachment.added",
    "attachment.removed",
    "attachment.downloaded",
    "session.ended",
    "user.deactivated",
    "user.activated",
    "invitation.withdrawn",
    "token.revoked",
    "role.deleted",
    "team.deleted",
    "webhook.secret_shown",
    "webhook.secret_rotated",
    "webhook.tested",
    "webhook.deleted",
    "webhook.switched_off",
]
"""What a request without any data does already."""
DELETES = ("webhooks:delete", "api:webhook")
"""Asked after the other routes of what they take away."""


def test_every_route_stands_in_the_matrix() -> None:
    assert {name for name, _ in routes()} == TABLE.keys()


def test_of_every_address_that_names_something_the_matrix_says_what() -> None:
    listed = [name for names in ABOUT.values() for name in names]
    assert len(listed) == len(set(listed))
    naming = {name for name, made in routes() if ("<" in made or "(?P<" in made) and OF_AN_INCIDENT not in made}
    assert naming == set(listed)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_matrix_says(
    incident: Incident, people: dict[str, User], sign_in: Callable[[User], Client], role: str
) -> None:
    one = people[role]
    make_all(incident, one, people["lead"])
    log = Entry.objects.exclude(verb__in=MADE_BY_ASKING)
    entries = log.count()
    client, wrong = sign_in(one), []
    for name, methods in sorted(TABLE.items(), key=lambda route: (route[0] == "account_logout", route[0] in DELETES)):
        where = address(name, incident)
        for method in METHODS:
            if name == "account_logout":
                client = sign_in(one)
            status = ask(client, method, name, incident, where).status_code
            if not is_right(status, name, methods.get(method), role):
                wrong.append((method, name, status))
    assert wrong == []
    assert log.count() == entries


def make_all(incident: Incident, one: User, lead: User) -> None:
    make_things(incident, one, owner_of_rule=lead)
    attach(incident, take_in("kept.png", io.BytesIO(image()), len(image())), actor=one.as_actor())
    kept_export(incident, one, ACT)


def is_right(status: int, name: str, needed: Any, role: str) -> bool:
    """Whether somebody of the role may be answered so where a method takes what is needed."""
    if needed is None:
        return status in (403, 405)
    if needed == UNCONFIGURED:
        return status == 404
    if needed in (OPEN, SIGNED_IN, *ROLES[role]):
        return status not in (401, 403, 404, 405) and (status < 500 or name == "readyz")
    return status == 403


def test_who_is_not_signed_in_is_sent_to_sign_in(incident: Incident) -> None:
    wrong = []
    for name, methods in TABLE.items():
        where = address(name, incident)
        for method, needed in methods.items():
            answer = ask(Client(), method, name, incident, where)
            if needed == OPEN:
                right = answer.status_code in (200, 405, 410, 503)
            elif needed == UNCONFIGURED:
                right = answer.status_code == 404
            elif name.startswith("api:") and name != "api:docs":
                right = answer.status_code == 401
            else:
                right = answer.status_code == 302 and answer["Location"].startswith(reverse("account_login"))
            if not right:
                wrong.append((method, name, answer.status_code))
    assert wrong == []


def test_a_fragment_for_nobody_is_a_401_that_leads_to_sign_in(incident: Incident) -> None:
    answer = Client().get(reverse("incidents:queue"), headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith(reverse("account_login"))


def test_tokens_open_no_pages(incident: Incident) -> None:
    _, key = create_token("script", actor=SYSTEM, role="admin")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    for name, methods in TABLE.items():
        if "GET" in methods and methods["GET"] not in (OPEN, UNCONFIGURED) and not name.startswith("api:"):
            assert ask(client, "GET", name, incident).status_code == 302


def test_rights_are_read_at_each_request(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    assert client.get(reverse("incidents:queue")).status_code == 200
    ana.role.permissions = []
    ana.role.save()
    assert client.get(reverse("incidents:queue")).status_code == 403
    deactivate(ana, actor=SYSTEM)
    assert client.get(reverse("incidents:queue")).status_code == 302


def test_a_form_of_another_site_is_refused(incident: Incident, ana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    for name, methods in TABLE.items():
        if "POST" in methods and methods["POST"] != UNCONFIGURED and not name.startswith("api:"):
            assert ask(client, "POST", name, incident).status_code == 403, name
