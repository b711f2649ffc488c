"""Every answer there is carries the rules for browsers: pages, fragments, the API, files, redirects, failures, and what
is answered before anything else is done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings as django_settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from accounts.choices import Permission
from accounts.models import Role, User
from common.static_bundle import SCRIPT, SHEET
from incidents.models import Incident
from portal import headers
from portal.environment import REPOSITORY
from tests.access.addresses import ask
from tests.access.matrix import TABLE
from tests.conftest import person

FOR_ALL = headers.for_all()
FIXED = set(FOR_ALL) - {"Content-Security-Policy", "Cache-Control"}
STATIC = (SHEET, SCRIPT, "img/favicon.svg", "django_htmx/htmx-2.min.js", "print/report.css")


def missing(answer: Any) -> dict[str, str]:
    """What an answer does not carry, or carries otherwise than all do."""
    found = {name: answer.get(name, "") for name in FIXED if answer.get(name) != FOR_ALL[name]}
    policy = answer.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy or ("script-src" in policy and "'self'" not in policy):
        found["Content-Security-Policy"] = policy
    if not answer.get("X-Request-ID"):
        found["X-Request-ID"] = ""
    return found


def test_every_route_of_the_resolver(incident: Incident, sign_in: Callable[[User], Client]) -> None:
    """As somebody who may do everything; what others are answered has passed fewer hands."""
    Role.objects.create(slug="everything", name="Everything", permissions=[str(each) for each in Permission])
    client, wrong = sign_in(person("max", "Max Every", "everything")), {}
    client.raise_request_exception = False
    for name, methods in TABLE.items():
        if name == "account_logout":
            continue
        method = "GET" if "GET" in methods else next(iter(methods))
        answer = ask(client, method, name, incident)
        found, kept = missing(answer), answer["Cache-Control"]
        if "no-store" not in kept and not kept.startswith("private"):
            found["Cache-Control"] = kept
        if found:
            wrong[name, method, answer.status_code] = found
    assert wrong == {}


def test_files_failures_and_what_is_answered_first(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    for path in STATIC:
        answer = client.get(staticfiles_storage.url(path))
        assert (answer.status_code, missing(answer)) == (200, {}), path
        assert "immutable" in answer["Cache-Control"]
    poll = "/incidents/changes/?since=9223372036854775807"
    assert client.get(poll).status_code == 204
    others = [client.get(path) for path in (poll, "/nothing/", "/static/../../etc/passwd")]
    others += [client.options("/incidents/"), client.get("/", headers={"Host": "evil.example"})]
    others.append(Client().get("/incidents/"))
    assert [each.status_code for each in others] == [204, 404, 404, 405, 400, 302]
    assert [missing(each) for each in others] == [{}] * len(others)


def test_a_name_is_taken_from_a_trusted_proxy_alone(settings: Any) -> None:
    def named(proposed: str) -> str:
        return str(Client().get("/healthz", headers={"X-Request-ID": proposed})["X-Request-ID"])

    assert named("from-somebody") != "from-somebody"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert named("from-the-proxy.1") == "from-the-proxy.1"
    for hostile in ("short", "x" * 65, "two\nlines-of-it", "<script>alert(1)", "é" * 10):
        assert named(hostile) != hostile
        assert len(named(hostile)) == 16


PRODUCTION = """
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
call_command("check", "--deploy", "--fail-level", "WARNING")
answer = Client(headers={"Host": "soc.example"}, raise_request_exception=False).get("/sign-in/", secure=True)
print(answer.status_code)
print(answer["Strict-Transport-Security"])
print(answer.cookies.output(header=""))
from django.contrib.messages.storage import default_storage
print(settings.SESSION_COOKIE_NAME, default_storage(answer.wsgi_request).storages[0].cookie_name)
"""


def test_production_settings_pass_the_check_and_keep_cookies_to_their_host() -> None:
    """A process of its own: what settings say of https stands when they are read."""
    variables = {**os.environ, "PUBLIC_URL": "https://soc.example", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    ended = subprocess.run(
        [sys.executable, "-c", PRODUCTION], cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    *_, status, transport, cookies, names = ended.stdout.strip().splitlines()
    assert (status, transport) == ("200", f"max-age={365 * 24 * 3600}")
    cookie = SimpleCookie(cookies)["__Host-csrftoken"]
    assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["samesite"]) == (True, "/", "", "Lax")
    assert names == "__Host-sessionid __Host-messages"
    assert not django_settings.HTTPS
