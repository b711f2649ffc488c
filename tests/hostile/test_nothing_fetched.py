"""The server asks nobody: whatever address stands in whatever field, file, archive or report, no canary hears of it.

The canary server listens on this machine and sends on to the canary file, as an address of the inner network would;
what this process connects to or opens is heard as well, so that an address that leads elsewhere counts too.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from common.errors import Refused
from exports.choices import Format
from exports.importing import import_archive
from exports.making import write
from exports.options import ReportOptions
from exports.rendering import missing_for_pdf
from incidents.commands import add_comment, attach
from incidents.files import take_in
from incidents.models import Incident
from ingest.commands import ingest
from ingest.formats import parse_records
from ingest.parsed import ParsedAlert
from portal.celery import app
from tests.access.addresses import address, data
from tests.access.matrix import TABLE
from tests.exports.archives import another_watchfloor, archive_of
from tests.exports.printed import texts
from tests.exports.test_printing_confined import CANARY, Canary, canaries, unpacked
from tests.hostile import corpus
from tests.hostile.fields import leaves, requests, with_field, with_leaf
from tests.hostile.watching import Called, nobody_called, reading
from tests.hostile.world import free_texts
from tests.incidents.uploads import archive, image
from tests.ingest.examples import NATIVE
from tests.test_completeness import ARGUMENTS, everybody, make_ready, watched

__all__ = ["canaries", "everybody"]

ADDRESSES = (
    "http://127.0.0.1:{port}/plain.png",
    "//127.0.0.1:{port}/bare.png",
    "http://localhost:{port}/name.svg",
    "http://[::ffff:127.0.0.1]:{port}/mapped",
    "http://0x7f000001:{port}/number",
    "http://127.1:{port}/short",
    "http://user@127.0.0.1:{port}/person",
    "https://127.0.0.1:{port}/secure",
    "gopher://127.0.0.1:{port}/_GET",
    "file://{file}",
    "{file}",
    "url(http://127.0.0.1:{port}/style.css)",
    "![x](http://127.0.0.1:{port}/markdown.png)",
    "<img src=http://127.0.0.1:{port}/html.png>",
    "<link rel=attachment href=file://{file}>",
    '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/entity">]><a>&x;</a>',
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{file}" parse="text"/>',
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
FILES = {
    "picture.svg": SVG.format('<image xlink:href="http://127.0.0.1:{port}/svg.png"/><use href="file://{file}#a"/>'),
    "entity.xml": '<!DOCTYPE a [<!ENTITY x SYSTEM "file://{file}">]><a>&x;</a>',
    "page.html": '<img src="http://127.0.0.1:{port}/page.png"><iframe src="file://{file}"></iframe>',
    "way.url": "[InternetShortcut]\nURL=http://127.0.0.1:{port}/shortcut\nIconFile=file://{file}",
    "list.m3u8": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{port}/part.ts\nfile://{file}",
    "script.ps": "%!PS\n({file}) (r) file 100 string readline print",
    "vector.mvg": "push graphic-context\nimage over 0,0 0,0 'http://127.0.0.1:{port}/mvg.png'",
}
"""Files that some programs follow when they look at them."""


OTHER_TASKS = {
    "exports.tasks.make_export": "prints, as the next test does",
    "webhooks.tasks.send_deliveries": "asks the addresses that webhooks name, as tests/webhooks watch it do",
}


class Canaries:
    """The addresses of the server and of the file, and whether somebody came."""

    def __init__(self, port: int, file: Path) -> None:
        self.port, self.file = port, file
        self.addresses = [self.filled(each) for each in ADDRESSES]
        Canary.calls.clear()

    def filled(self, text: str) -> str:
        return text.format(port=self.port, file=self.file)

    def heard(self, called: Called) -> list[str]:
        return [*Canary.calls, *called.hosts, *called.files]


@pytest.fixture
def birds(canaries: tuple[int, Path]) -> Canaries:
    return Canaries(*canaries)


@pytest.fixture
def listening(birds: Canaries) -> Iterator[Called]:
    with nobody_called(str(birds.file)) as called:
        yield called


def incident_of(birds: Canaries) -> Incident:
    """Alerts with an address in every field that takes one, a comment and files full of them."""
    records = []
    for number, told in enumerate(birds.addresses):
        record: dict[str, Any] = copy.deepcopy(NATIVE) | {"external_id": str(number)}
        for path in [each for each in leaves(record) if each != ("external_id",)]:
            tried = with_leaf(record, path, told)
            if all(isinstance(each, ParsedAlert) for each in parse_records([(1, tried)], "native")):
                record = tried
        records.append(record)
    parsed = [each for each in parse_records(enumerate(records, 1), "native") if isinstance(each, ParsedAlert)]
    (first, *_) = ingest(parsed, actor=COMMAND_LINE)
    incident = Incident.objects.get(pk=first.incident_id)
    add_comment(incident, "\n\n".join(birds.addresses), actor=SYSTEM)
    for name, content in FILES.items():
        sent = birds.filled(content).encode()
        for kind in (name, f"{name}.png", f"{name}.zip"):
            packed = archive(name, sent) if kind.endswith(".zip") else sent
            try:
                attach(incident, take_in(kind, io.BytesIO(packed), len(packed)), actor=SYSTEM)
            except Refused:
                assert kind.endswith(".png")  # which it is not
    picture = attach(incident, take_in("kept.png", io.BytesIO(image()), len(image())), actor=SYSTEM)
    add_comment(incident, f"![it](/attachments/{picture.pk}/) ![it]({birds.addresses[0]})", actor=SYSTEM)
    return Incident.objects.get(pk=incident.pk)


def test_no_field_no_page_no_file_and_no_task_asks_an_address(
    birds: Canaries,
    listening: Called,
    everybody: User,
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    incident = incident_of(birds)
    other = make_ready(incident, everybody)
    client, wrong = sign_in(everybody), dict[str, list[str]]()
    with reading(monkeypatch) as read:
        for place, (name, method, said) in enumerate(list(requests(client, incident, other))):
            certain, possible = free_texts(client, said, method, read)
            singly = [[each] for each in (*certain, *possible)] if corpus.TURNS else [certain, possible]
            for places in filter(None, singly):
                values = said.values
                for number, one in enumerate(places):
                    told = birds.addresses[(place + number) % len(birds.addresses)]
                    values = with_field(said, one, told, values)
                with watched():
                    assert said.send(client, values).status_code < 500, (name, places)
                if birds.heard(listening):
                    wrong[f"{method} {name}"] = birds.heard(listening)
    for name in [name for name, methods in TABLE.items() if "GET" in methods and name != "account_logout"]:
        answer: Any = client.get(address(name, incident), data(name, incident))
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert CANARY.encode() not in content, name
        if birds.heard(listening):
            wrong[f"GET {name}"] = birds.heard(listening)
    app.loader.import_default_modules()
    for name, task in app.tasks.items():
        if not name.startswith("celery.") and name not in OTHER_TASKS:
            with watched():
                task(*ARGUMENTS.get(name, ()))
            if birds.heard(listening):
                wrong[name] = birds.heard(listening)
    assert not wrong, "\n".join(f"{place}: {what}" for place, what in wrong.items())


@pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf() or "-")
def test_no_report_asks_an_address(birds: Canaries, everybody: User, tmp_path: Path) -> None:
    incident, path = incident_of(birds), tmp_path / "report.pdf"
    with nobody_called(str(birds.file)) as called:
        write(incident.pk, Format.PDF, ReportOptions(is_capped=False), everybody, path, lambda percent: None)
    assert Canary.calls == []
    assert called.hosts == []
    assert CANARY not in "".join(texts(path)) and CANARY.encode() not in unpacked(path)
    assert "plain.png" in "".join("".join(texts(path)).split())


def test_no_archive_that_is_imported_asks_an_address(
    transactional_db: None, birds: Canaries, listening: Called, tmp_path: Path
) -> None:
    path = archive_of(incident_of(birds), None, tmp_path / "a.zip")
    there = another_watchfloor()
    outcome = import_archive(path, actor=there["ada"].as_actor(), principal=there["ada"])
    assert birds.addresses[0] in str(
        list(Incident.objects.get(pk=outcome.number).alerts.values_list("title", flat=True))
    )
    assert birds.heard(listening) == []


def test_the_canaries_would_be_heard(birds: Canaries, listening: Called) -> None:
    """That nobody came means something only where somebody would be noticed."""
    from urllib.request import build_opener

    with pytest.raises(OSError):
        build_opener().open(birds.addresses[0], timeout=5)
    birds.file.read_text()
    told = birds.heard(listening)
    assert "/plain.png" in told
    assert f"127.0.0.1:{birds.port}" in told
    assert any(str(birds.file) in each for each in told)
