"""Two worlds that differ in one restricted incident answer everybody else alike, byte for byte: on every route there
is, with the incident's own numbers and without, and to every search for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.choices import Permission
from accounts.commands import create_token
from accounts.models import Role, User
from activity.actors import SYSTEM
from alerts.choices import Severity
from alerts.kinds import count_kinds
from alerts.models import Alert
from entities.models import Entity
from incidents.changes import Changes
from incidents.commands import (
    add_comment,
    add_task,
    assign,
    change_tags,
    follow,
    prepare_act,
    restrict,
    save_view,
    start_act,
)
from incidents.commands.saved_views import ViewValues
from incidents.models import Incident
from tests.access.addresses import ACT, DRAFT, SAVE, WORDS, address, data
from tests.access.matrix import TABLE
from tests.conftest import NOON, alert, device, opened, person, taken_back

MASKS = (
    (rb'data-(last|list)-entry="\d+"', b""),
    (rb'name="csrfmiddlewaretoken" value="[^"]+"', b""),
    (rb"csrf[^&]{0,20}&quot;: &quot;[A-Za-z0-9]{64}&quot;", b""),
    (rb'"X-CSRFToken": "[^"]+"', b""),
    (rb"<time [^>]*>[^<]*</time>", b""),
    (rb'<code>[0-9a-f]{16}</code>|"request_id": ?"[0-9a-f]{16}"', b""),
    (rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b""),
    (rb'name="seen" value="[^"]*"', b""),
    (rb'"last_entry": ?\d+', b""),
    (rb'"exported_at": ?"[^"]*"', b""),
    (rb'"changed_since": ?"[^"]*"', b""),
)
"""What differs from one answer to the next anyhow: keys of forms, marks, moments of the log and of the
database, when it was taken out."""
HEADERS = ("Content-Type", "Location", "HX-Redirect", "HX-Trigger", "HX-Push-Url", "Vary", "Allow")
ENDS_THE_SESSION = {"account_logout", "account_login"}
ASKS_FOR_IT = {("POST", "break_glass"), ("GET", "exports:system_log"), ("GET", "api:system_log")} | {
    ("GET", name) for name in TABLE if name.startswith("system_log:") or name == "api:system_activity"
}
"""What tells of a number is asked for with a reason, counted and recorded (test_break_glass.py); and the system's own
log, which tells of that to who may read it."""
SECRET = "Heron"
ADDRESSES = (
    "/incidents/",
    "/incidents/?status=any&severity=any&sort=-number",
    "/incidents/?status=any&severity=any&sort=-updated",
    "/incidents/?q=heron",
    "/incidents/?q=dc-99&status=any",
    "/incidents/?tag=heron",
    "/incidents/?tag=hero",
    "/incidents/?source=Heron%20sensor",
    "/incidents/?assignee=unassigned",
    "/incidents/?last_activity=..2027-01-01",
    "/incidents/?open={secret}",
    "/incidents/?q={secret}",
    "/incidents/?group=source",
    "/incidents/?group=tag",
    "/incidents/?group=assignee&severity=any",
    "/incidents/group/?group=source&value=Heron%20sensor",
    "/incidents/count/?status=any&severity=any",
    "/incidents/{secret}/rows/",
    "/incidents/suggest/tags/?q=her",
    "/incidents/suggest/tags/?q=her&for=filter",
    "/incidents/suggest/tags/?q=",
    "/incidents/suggest/assignees/?q=",
    "/incidents/manage/?incident={secret}",
    "/incidents/merge/?incident={secret}",
    "/incidents/suggest/incidents/?q={secret}",
    "/incidents/suggest/incidents/?q=heron",
    "/incidents/suggest/incidents/?q=",
    "/incidents/{secret}/",
    "/alerts/",
    "/alerts/?status=any&severity=any&sort=-received",
    "/alerts/?status=resolved",
    "/alerts/?q=heron",
    "/alerts/?q=dc-99",
    "/alerts/?q=secret",
    "/alerts/?incident={secret}",
    "/alerts/?source=Heron%20sensor",
    "/alerts/?entity=dc-99",
    "/alerts/?category=exfiltration",
    "/alerts/?restricted=yes",
    "/alerts/?assignee=unassigned",
    "/alerts/?open={secret_alert}",
    "/alerts/{secret_alert}/",
    "/alerts/{secret_alert}/details/",
    "/alerts/{secret_alert}/manage/",
    "/alerts/manage/?alert={secret_alert}",
    "/alerts/move/?alert={secret_alert}",
    "/api/v1/alerts/?status=any&severity=any&count=exact",
    "/api/v1/alerts/?q=heron&status=any",
    "/api/v1/incidents/?changed_since=0&q=heron",
    "/incidents/{secret}/story/",
    "/incidents/{secret}/story/picture/",
    "/incidents/{secret}/alerts/",
    "/incidents/{secret}/assets/",
    "/incidents/{secret}/evidence/",
    "/incidents/{secret}/evidence/add/",
    "/incidents/{secret}/alerts/{secret_alert}/",
    "/incidents/{secret}/activity/",
    "/incidents/{secret}/tasks/",
    "/incidents/{secret}/details/",
    "/exports/incidents.csv?status=any&severity=any",
    "/entities/",
    "/entities/?q=dc-99",
    "/entities/?kind=device&sort=name",
    "/entities/device/{shared}/",
    "/entities/device/{shared}/?by=week",
    "/entities/device/{shared}/timeline/",
    "/entities/device/{shared}/timeline/?around={secret}",
    "/entities/device/{shared}/timeline/?incident={secret}",
    "/entities/device/{shared}/incidents/",
    "/entities/device/{hidden}/",
)
SEARCHES = ("", "?q=heron")
"""Put to each route that takes no number."""


@dataclass(frozen=True)
class Request:
    """One request, the same in both worlds."""

    method: str
    path: str
    data: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.data or ''}"


def make_secret(lee: User, outsider: User) -> Incident:
    """An incident with all that could be heard of elsewhere: words, tags, an entity of others, comments, a task."""
    secret = opened(
        alert(
            "secret",
            title=f"{SECRET} found",
            categories=("exfiltration",),
            service_source=f"{SECRET} sensor",
            entities=(device("dc-99"), device("fin-ws-17")),
            at=NOON + timedelta(days=9),
        ),
        alert("common", title="Encoded command", entities=(device("dc-99"),), at=NOON + timedelta(days=9)),
    )
    follow(secret, actor=outsider.as_actor())
    change_tags(secret, add=[SECRET], actor=lee.as_actor())
    assign(secret, lee, actor=lee.as_actor())
    restrict(secret, [lee], actor=lee.as_actor(), reason=f"{SECRET}, as @{outsider.username} knows")
    add_comment(secret, f"@{outsider.username}: {SECRET}", actor=lee.as_actor())
    add_task(secret, f"Ask about {SECRET}", actor=lee.as_actor())
    count_kinds()
    return secret


def about(incident: Incident, *, only: str = "") -> Iterator[Request]:
    """Every route and method with the numbers of this incident, its alerts and its entities."""
    for name, methods in TABLE.items():
        for method in methods:
            if only in ("", method) and name not in ENDS_THE_SESSION and (method, name) not in ASKS_FOR_IT:
                try:
                    yield Request(method, address(name, incident), data(name, incident))
                except (LookupError, AssertionError):
                    continue


def searching(secret: Incident, secret_alert: int, shared: int, hidden: int) -> Iterator[Request]:
    """Every list, suggestion, count and export, asked for what the secret is known by."""
    numbers = {"secret": secret.pk, "secret_alert": secret_alert, "shared": shared, "hidden": hidden}
    for template in ADDRESSES:
        yield Request("GET", template.format(**numbers), {})
    for name, methods in TABLE.items():
        if "GET" in methods and name not in ENDS_THE_SESSION | WORDS.keys() and ("GET", name) not in ASKS_FOR_IT:
            path = address(name, secret)
            if str(secret.pk) not in path:
                for query in SEARCHES:
                    yield Request("GET", path + query.format(**numbers), {})
    for name in ("incidents:seen", "read_notices", "incidents:choose_many", "incidents:preview_many"):
        sent = {"numbers": secret.pk, "incident": secret.pk, "severity": "low", "status": "keep"}
        yield Request("POST", address(name, secret), {**sent, "classification": "keep"})
    for name in ("incidents:choose_many", "alert_acts:choose_many"):
        yield Request("POST", address(name, secret), {"all": "1", "list": "status=any&severity=any"})
    yield Request("GET", "/break-glass/", {"number": secret.pk})


def answers(client: Client, requests: list[Request]) -> list[tuple[str, int, dict[str, str], bytes]]:
    """What each is answered, with what differs anyhow masked; none leaves anything for the next."""
    found = []
    for request in requests:
        with taken_back():
            call = getattr(client, request.method.lower())
            if request.method in ("GET", "POST"):
                answer = call(request.path, request.data)
            else:
                answer = call(request.path, json.dumps(request.data), content_type="application/json")
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        for pattern, mask in MASKS:
            body = re.sub(pattern, mask, body)
        headers = {name: answer[name] for name in HEADERS if name in answer}
        for name, value in headers.items():
            for pattern, mask in MASKS:
                value = re.sub(pattern, mask, value.encode()).decode()
            headers[name] = value
        found.append((str(request), answer.status_code, headers, body))
    return found


@pytest.fixture
def outsider(db: None) -> User:
    """Somebody with every right but to see what is restricted; so nothing is kept from them by their role."""
    permissions = [str(each) for each in Permission if each != Permission.SEE_RESTRICTED]
    Role.objects.create(slug="everything", name="Everything", permissions=permissions)
    return person("olga", "Olga Kern", "everything")


def test_every_route_answers_an_outsider_alike_in_both_worlds(
    incident: Incident, outsider: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    save_view(ViewValues("Kept", "tag=wave"), creator=outsider, actor=SYSTEM)
    act = prepare_act(Incident.objects.all(), outsider, number=ACT)
    start_act(act, Changes(severity=Severity.LOW), actor=outsider.as_actor())
    prepare_act(Alert.objects.all(), outsider, number=DRAFT)
    change_tags(incident, add=["kept"], actor=outsider.as_actor(), batch=SAVE)
    count_kinds()
    client, member = sign_in(outsider), sign_in(lee)
    _, key = create_token("script", actor=SYSTEM, role="everything")
    script = Client(headers={"Authorization": f"Bearer {key}"})
    # known by its session, it is answered by the short way from the first poll on
    client.get("/incidents/changes/", {"since": 2**61})
    shared = Entity.objects.get().pk
    ordinary = list(about(incident, only="GET"))
    with taken_back():
        secret = make_secret(lee, outsider)
        numbers = list(secret.alerts.order_by("pk").values_list("pk", flat=True))
        hidden = Entity.objects.exclude(pk=shared).get().pk
        every = [*ordinary, *about(secret), *searching(secret, numbers[0], shared, hidden)]
        requests = list({str(request): request for request in every}.values())
        for_scripts = [request for request in requests if request.path.startswith("/api/") and request.method == "GET"]
        with_it = answers(client, requests) + answers(script, for_scripts)
        seen_by_member = answers(member, [Request("GET", "/incidents/?status=any&severity=any", {})])
    without = answers(client, requests) + answers(script, for_scripts)
    assert SECRET.encode() in seen_by_member[0][3]
    assert len(with_it) + len(without) > 500
    different = [one[0] for one, other in zip(with_it, without, strict=True) if one != other]
    assert different == []
