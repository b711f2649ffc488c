"""The page that takes an archive in: trying it, importing it, and what is said where that cannot be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from exports.archive import layout
from incidents.models import Incident
from portal.edge import Edge
from tests.exports.archives import Members, cast, everything, packed, stored_files
from tests.exports.test_import_refused import tampered_log

SignIn = Callable[[User], Client]
Headers = dict[str, str]
ADDRESS = "/exports/import/"
HTMX = {"HX-Request": "true"}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files")]
with_and_without_htmx = pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])


@pytest.fixture
def good(made: Members, tmp_path: Path) -> bytes:
    """An archive that can be imported."""
    return packed(made, tmp_path / "good.zip").read_bytes()


def sent(client: Client, data: bytes | None, headers: Headers, act: str = "") -> HttpResponse:
    """The form posted with this file, by one of its buttons or none."""
    fields: dict[str, Any] = {"act": act} if act else {}
    if data is not None:
        fields["file"] = SimpleUploadedFile("wave.zip", data, content_type="application/zip")
    answer: Any = client.post(ADDRESS, fields, headers=headers)
    return answer


@with_and_without_htmx
@pytest.mark.parametrize("act", ["try", ""])
def test_trying_tells_what_would_come_and_stores_nothing(
    made: Members, good: bytes, ada: User, sign_in: SignIn, files: Path, headers: Headers, act: str
) -> None:
    client = sign_in(ada)
    before = everything()
    answer = sent(client, good, headers, act)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "“<bdi>wave.zip</bdi>” can be imported" in page
    assert "nothing was stored" in page
    for words in (f"#{json.loads(made[layout.INCIDENT])['number']}", ">41<", ">3<", "entries, verified"):
        assert words in page
    assert "Not here: Ana Ruiz (ana), assignee." in page
    assert (everything(), stored_files(files)) == (before, [])


def test_the_file_stays_chosen_where_the_page_can_keep_it(good: bytes, ada: User, sign_in: SignIn) -> None:
    client = sign_in(ada)
    assert "hx-preserve" in client.get(ADDRESS).content.decode()
    assert "Choose the file again" not in sent(client, good, HTMX, "try").content.decode()
    assert "Choose the file again" in sent(client, good, {}, "try").content.decode()


@with_and_without_htmx
def test_importing_leads_to_the_incident(good: bytes, sign_in: SignIn, headers: Headers) -> None:
    client = sign_in(cast()["ada"])
    answer = sent(client, good, headers, "import")
    incident = Incident.objects.get()
    url = f"/incidents/{incident.pk}/"
    assert (answer.status_code, answer["HX-Redirect" if headers else "Location"]) == (200 if headers else 302, url)
    assert f"as #{incident.pk}" in client.get(url).content.decode()
    first = Entry.objects.of_incident(incident.pk).get(sequence=1)
    assert (first.verb, first.actor_label) == ("incident.imported", "Ada Lind")


@with_and_without_htmx
def test_what_could_not_be_as_it_was_is_read_before_going_on(
    good: bytes, ada: User, sign_in: SignIn, headers: Headers
) -> None:
    page = sent(sign_in(ada), good, headers, "import").content.decode()
    incident = Incident.objects.get()
    assert "Not here: Ana Ruiz (ana), assignee." in page
    assert f'href="/incidents/{incident.pk}/"' in page
    assert 'type="file"' not in page


def tampered(members: Members, path: Path) -> bytes:
    return packed(tampered_log(members), path).read_bytes()


@with_and_without_htmx
@pytest.mark.parametrize("act", ["try", "import"])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda made, path: None, "Choose an archive first."),
        (lambda made, path: b"", "This is no archive of Watchfloor"),
        (lambda made, path: b"no archive", "This is no archive of Watchfloor"),
        (tampered, "does not verify"),
    ],
    ids=["none", "empty", "no archive", "a log that was changed"],
)
def test_what_is_no_good_archive_is_refused_at_the_field(
    made: Members,
    tmp_path: Path,
    ada: User,
    sign_in: SignIn,
    files: Path,
    headers: Headers,
    act: str,
    data: Callable[[Members, Path], bytes | None],
    words: str,
) -> None:
    client = sign_in(ada)
    before = everything()
    refused_at_the_field(sent(client, data(made, tmp_path / "bad.zip"), headers, act), words, headers)
    assert (everything(), stored_files(files)) == (before, [])


@with_and_without_htmx
@pytest.mark.parametrize("act", ["try", "import"])
def test_what_is_here_already_is_refused_at_the_field(
    good: bytes, ada: User, sign_in: SignIn, files: Path, headers: Headers, act: str
) -> None:
    client = sign_in(ada)
    sent(client, good, {}, "import")
    before, kept = everything(), stored_files(files)
    refused_at_the_field(sent(client, good, headers, act), "here already", headers)
    assert (everything(), stored_files(files)) == (before, kept)


@with_and_without_htmx
def test_one_that_is_too_large_is_refused_at_the_field(
    good: bytes, ada: User, sign_in: SignIn, files: Path, settings: Any, headers: Headers
) -> None:
    settings.ARCHIVE_BYTES = 1024
    client = sign_in(ada)
    before = everything()
    refused_at_the_field(sent(client, good, headers, "import"), "It is larger than 0 MB", headers)
    assert (everything(), stored_files(files)) == (before, [])


def refused_at_the_field(answer: HttpResponse, words: str, headers: Headers) -> None:
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page.partition('id="id_file_error"')[2].partition("</div>")[0]
    assert ("<html" in page) == (not headers)
    assert "can be imported" not in page


def test_the_page_says_how_large_an_archive_may_be(ada: User, sign_in: SignIn, settings: Any) -> None:
    settings.ARCHIVE_BYTES = 7 * 1024 * 1024
    assert "at most 7 MB" in sign_in(ada).get(ADDRESS).content.decode()


def test_only_who_may_import_sees_the_button_and_the_page(
    good: bytes, ada: User, lee: User, sign_in: SignIn, files: Path
) -> None:
    button = f'href="{ADDRESS}"'
    assert button in sign_in(ada).get("/exports/").content.decode()
    client = sign_in(lee)
    assert button not in client.get("/exports/").content.decode()
    assert client.get(ADDRESS).status_code == 403
    assert sent(client, good, {}, "import").status_code == 403
    assert not Incident.objects.exists()
    assert stored_files(files) == []


@pytest.mark.parametrize("name", ["exports:import", "api:import"])
def test_the_edge_lets_an_archive_through(name: str) -> None:
    assert status_at_the_edge(reverse(name), 500) == 200
    assert status_at_the_edge(reverse(name), 5_000) == 413
    assert status_at_the_edge("/exports/", 500) == 413


def status_at_the_edge(path: str, size: int) -> int:
    """What a body of this size gets where 100 bytes are the limit, and 1,000 with files."""

    def pages(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * size, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    answered: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "headers": [(b"content-length", str(size).encode())],
    }
    asyncio.run(Edge(pages, most_bytes=100, most_file_bytes=1_000)(scope, receive, send))
    status: int = answered[0]["status"]
    return status
