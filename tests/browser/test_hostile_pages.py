"""Every page and every file of a portal in which everything that anybody wrote is hostile.

A real browser opens each page that the routes have, as somebody with every right and without the content security
policy, so that escaping alone has to hold; with HOSTILE=all (or a number) also with it as a lead, or an administrator
where a lead may not. Files are read as their programs read them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from playwright.sync_api import Error, Page

from accounts.models import User
from exports.choices import Format
from exports.making import write
from exports.options import ReportOptions
from exports.rendering import missing_for_pdf
from incidents.commands import resolve
from incidents.models import Incident
from tests.access.addresses import address, data
from tests.access.matrix import OPEN, ROLES, SIGNED_IN, TABLE
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.conftest import person
from tests.exports.printed import texts
from tests.exports.test_printing_confined import unpacked
from tests.hostile import corpus
from tests.hostile.corpus import BEACON, EVALUATED, RUN
from tests.hostile.formulas import starts_formula
from tests.hostile.watching import nobody_called
from tests.hostile.world import ALL, FIRST, SHORT, hostile_world, without_mark, write_through_routes
from tests.test_completeness import everybody

__all__ = ["everybody"]
pytestmark = IN_THE_BROWSER

NOT_OPENED = {
    "account_login": "opened by every test that signs in",
    "account_logout": "ends the session",
    "readyz": "for machines",
}
MORE = {
    "incidents:queue": ("status=any&severity=any&columns=all", "group=tag&status=any", "q=%3Cimg", "open={incident}"),
    "incidents:group": ("group=tag&value=%3Cimg",),
    "incidents:activity": ("kind=comments", "q=%3Cimg"),
    "incidents:evidence": ("open=1",),
    "incidents:filter": ("key=tag", "key=assignee", "key=q"),
    "alerts:queue": ("status=any&severity=any&columns=all", "open={alert}"),
    "alerts:filter": ("key=title",),
    "entities:list": ("q=%3Cimg",),
    "system_log:overview": ("q=%3Cimg",),
    "incidents:suggest_tags": ("q=%3C",),
    "incidents:suggest_assignees": ("q=%3C",),
    "incidents:suggest_mentions": ("q=%3C",),
    "incidents:suggest_incidents": ("q=%3C",),
}
"""Addresses of pages beside their bare ones, on which more is shown."""
NO_TEXT_OF_OTHERS = {
    "accounts.AccessToken.permissions": "terms",
    "accounts.Invitation.email": "an address of mail, or nothing",
    "accounts.KeptAnswer.fingerprint": "a digest",
    "accounts.KeptAnswer.headers": "the program's own, and never shown",
    "accounts.ListSettings.closed": "names of parts",
    "accounts.ListSettings.columns": "names of columns",
    "accounts.ListSettings.name": "names of lists",
    "accounts.PersonSession.address": "an address, or nothing",
    "accounts.PersonSession.device": "names of browsers and systems that are known",
    "accounts.ResetRequest.email": "as it was typed at the door, and never shown",
    "accounts.ResetRequest.origin": "the name that the portal is called by, and never shown",
    "accounts.Role.permissions": "terms",
    "accounts.SignInPlace.address": "an address, or nothing",
    "accounts.SignInPlace.device": "names of browsers and systems that are known",
    "accounts.TokenUse.address": "an address, or nothing",
    "accounts.Untold.address": "an address, or nothing",
    "accounts.User.email": "no route writes one yet",
    "accounts.User.time_zone": "a name that is known",
    "accounts.User.username": "letters and digits",
    "alerts.Alert.link_rule": "names of rules",
    "alerts.Alert.source": "letters and digits",
    "alerts.Alert.source_url": "http and https alone",
    "alerts.Alert.techniques": "letters and digits",
    "alerts.AlertKind.title": "filled by a task; shown as figures",
    "alerts.Evidence.roles": "letters and digits",
    "entities.AssetClassification.kinds": "terms",
    "entities.Entity.criticality_by_hand": "terms, and who said so",
    "exports.IncidentExport.options": "terms",
    "exports.IncidentExport.problem": "the program's own sentences",
    "exports.IncidentExport.rights": "terms",
    "incidents.Attachment.media_type": "terms",
    "incidents.Attachment.removed_by": "nobody has removed one here",
    "incidents.BulkAct.counts": "figures",
    "incidents.BulkAct.problem": "the program's own sentences",
    "incidents.BulkAct.query": "the address of a list, shown as chips as on the list",
    "incidents.BulkAct.seen": "figures",
    "incidents.BulkItem.reason": "the program's own sentences",
    "incidents.ImportedLog.head": "a digest",
    "incidents.ImportedLog.history": "figures",
    "incidents.Incident.asset_counts": "figures",
    "incidents.Incident.priority_factors": "terms and figures",
    "incidents.Merge.gave": "numbers",
    "incidents.Merge.merged_by": "nothing is merged here",
    "incidents.Merge.moved": "numbers",
    "incidents.Reassessment.counts": "figures",
    "incidents.Reassessment.problem": "the program's own sentences",
    "incidents.Separation.source": "letters and digits",
    "incidents.Separation.source_incident": "compared, and never shown",
    "incidents.ViewPlace.starting": "terms",
    "ingest.RuleBook.order": "terms",
    "ingest.Trial.problem": "the program's own sentences",
    "ingest.Trial.result": "figures and numbers",
    "ingest.Trial.subject": "terms",
    "ingest.Trial.values": "what a form held, shown in it again",
}
"""Columns that hold nothing hostile here, and why that is right."""

WHAT_IT_BECAME = """() => ({
    owned: window.owned === true,
    elements: [...document.querySelectorAll("iframe, object, embed, base, frame, main script, main style, main meta,"
        + " math, foreignObject, main img:not([src^='/']), [hx-on], marquee")].map((element) => element.outerHTML),
    handlers: [...document.querySelectorAll("*")].flatMap((element) => element.getAttributeNames())
        .filter((name) => name.startsWith("on") || name.startsWith("hx-on") || name.startsWith("data-hx-on")),
    addresses: [...document.querySelectorAll("*:not(.prose a[href^='http'][rel~='noopener'])")].flatMap((element) =>
            ["href", "xlink:href", "src", "srcset", "action", "formaction", "data", "poster", "ping", "hx-get",
             "hx-post", "hx-put", "hx-patch", "hx-delete", "data-hx-get", "data-hx-post", "background", "cite"]
            .filter((name) => element.hasAttribute(name)).map((name) => element.getAttribute(name)))
        .filter((text) => !text.startsWith("#") && !text.startsWith("data:image/"))
        .map((text) => { try { return new URL(text, location.href).href; } catch { return `broken ${text}`; } })
        .filter((href) => !href.startsWith(location.origin + "/")),
    styles: [...document.querySelectorAll("main [style*='url'], main [style*='position']")].map((one) => one.outerHTML),
})"""
NOTHING = {"owned": False, "elements": [], "handlers": [], "addresses": [], "styles": []}


def pages(incident: Incident, *, more: bool = True) -> Iterator[tuple[str, str]]:
    """Each route that is opened, with an address of it, or with those of MORE as well."""
    alert = incident.alerts.order_by("pk")[0].pk
    for name, methods in TABLE.items():
        if "GET" in methods and name not in NOT_OPENED:
            yield name, f"{address(name, incident)}?{urlencode(data(name, incident))}"
            for query in MORE.get(name, ()) if more else ():
                yield name, f"{address(name, incident)}?{query.format(incident=incident.pk, alert=alert)}"


def opened_in(page: Page, path: str, alive: dict[str, Any]) -> str:
    """What a page is, once it is open: its kind, or “file”. What of it has come to life is put down under its path."""
    try:
        answer = page.goto(path)
    except Error as problem:
        if "Download is starting" in problem.message:
            return "file"
        if "ERR_ABORTED" in problem.message:  # nothing to show: 204
            return "nothing"
        raise
    assert answer is not None
    assert answer.status < 500, path
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "text/html":
        became = page.evaluate(WHAT_IT_BECAME)
        if became != NOTHING:
            alive[path] = became
    return kind if answer.status < 400 else "refused"


@pytest.fixture
def world(everybody: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch) -> Incident:
    incident, other = hostile_world(everybody)
    kept = write_through_routes(sign_in(everybody), incident, other, monkeypatch)
    assert len(kept) > 45
    resolve(Incident.objects.get(pk=other.pk), actor=everybody.as_actor(), note="\n\n".join(ALL[:60]))
    return Incident.objects.get(pk=incident.pk)


def test_no_page_comes_to_life_and_no_file_does_harm(
    world: Incident,
    everybody: User,
    window_of: WindowOf,
    sign_in: Callable[[User], Client],
    refusals: set[int],
    tmp_path: Path,
) -> None:
    plain = without_mark()
    assert sorted(plain - NO_TEXT_OF_OTHERS.keys()) == [], "columns that hold nothing hostile, and nobody has said why"
    assert sorted(NO_TEXT_OF_OTHERS.keys() - plain) == [], "columns that hold something hostile after all, or are gone"
    refusals |= {400, 404, 409, 410}
    bare, found, alive = window_of(everybody, bypass_csp=True), dict[str, str](), dict[str, Any]()
    for name, path in pages(world):
        found.setdefault(name, opened_in(bare, path, alive))
    assert alive == {}
    assert list(found.values()).count("text/html") > 75, found
    assert {name for name, kind in found.items() if kind == "refused"} <= NEED_MORE, found
    if corpus.TURNS:
        people = {"lead": person("lil", f"{FIRST} lead", "lead"), "admin": person("adi", f"{FIRST} admin", "admin")}
        windows = {role: window_of(one) for role, one in people.items()}
        for name, path in pages(world):
            role = "lead" if TABLE[name]["GET"] in (OPEN, SIGNED_IN, *ROLES["lead"]) else "admin"
            if found[name] == "text/html":
                opened_in(windows[role], path, alive)
        assert alive == {}
    with nobody_called() as called:
        client = sign_in(everybody)
        files = {name: the_file(client, path) for name, path in pages(world, more=False) if found[name] != "text/html"}
    assert (called.hosts, called.files) == ([], [])
    looked_at = {name for name, (kind, content) in files.items() if is_harmless(name, kind, content)}
    assert len(looked_at) > 25
    if not missing_for_pdf():
        is_harmless_on_paper(world, everybody, tmp_path)


NEED_MORE = {
    "alerts:apply_filter",
    "incidents:apply_filter",
    "incidents:apply_activity_filter",
    "system_log:apply_filter",
    "system_log:news",
    "incidents:group",
    "attachments:image",
    "attachments:small",
    "api:export_file",
    "invitation_link",
    "provider",
    "provider_callback",
    "saml_finish",
    "saml_metadata",
}
"""Routes that refuse an address without what is chosen in a form, a file that is no picture or not made yet, a link
that is used up, and what the settings name no provider for."""


def the_file(client: Client, path: str) -> tuple[str, bytes]:
    answer: Any = client.get(path)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    disposition = answer.headers.get("Content-Disposition", "")
    assert not re.search(r"[\r\n]|[/\\]", disposition), path
    assert answer.headers.get("X-Content-Type-Options") == "nosniff", path
    return answer.headers.get("Content-Type", "").partition(";")[0], content


def is_harmless(name: str, kind: str, content: bytes) -> bool:
    """Reads a file as its program does; False for kinds that hold no text."""
    if kind == "text/csv":
        rows = list(csv.reader(io.StringIO(content.decode().removeprefix("\ufeff"), newline="")))
        assert len({len(row) for row in rows}) == 1, name
        assert [cell for row in rows for cell in row if starts_formula(cell)] == [], name
    elif kind in ("application/json", "application/stix+json"):
        json.loads(content)
    elif kind == "application/x-ndjson":
        for line in content.decode().split("\n"):
            assert not line or isinstance(json.loads(line), dict), name
            assert not re.search("[\x00-\x1f\x7f]", line), name
    else:
        return False
    assert EVALUATED not in content.decode(), name
    return True


def is_harmless_on_paper(incident: Incident, reader: User, folder: Path) -> None:
    """A report of all of it, printed and read back: text, and nothing that runs, leads or is attached."""
    path = folder / "report.pdf"
    with nobody_called() as called:
        write(incident.pk, Format.PDF, ReportOptions(), reader, path, lambda percent: None)
    assert called.hosts == []
    content, text = unpacked(path), re.sub(r"\s", "", "".join(texts(path)))
    for name in (
        b"/URI",
        b"/JavaScript",
        b"/JS",
        b"/Launch",
        b"/EmbeddedFile",
        b"/GoToR",
        b"/SubmitForm",
        b"/OpenAction",
    ):
        assert not re.search(re.escape(name) + rb"\b", content), name
    assert re.sub(r"\s", "", SHORT[0]) in text and RUN in text
    assert EVALUATED not in text and "hxxp" in text and BEACON in text.replace("[.]", ".")
