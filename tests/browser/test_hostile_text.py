"""Alert fields, names, tags and comments are the attacker's: on every page they are text, with the policy and without.

The pages must be safe by escaping alone, so every test also runs with the content security policy switched off.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from alerts.choices import Severity
from entities import identity
from incidents.commands import add_comment, change_tags, rename
from incidents.models import Incident
from tests.browser.conftest import NARROW, OpenWindow, sign_in_at
from tests.browser.pages import IN_THE_BROWSER, open_manage, open_pane, row_of
from tests.conftest import alert, opened
from tests.ingest.hostile import KEPT_TEXTS

pytestmark = IN_THE_BROWSER

RUN = "window.owned = true"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror='{RUN}'>",
    f"<svg/onload='{RUN}'>",
    "<img src=//192.0.2.1/beacon.png>",
    f"\" autofocus onfocus='{RUN}' x=\"",
    f"' autofocus onmouseover='{RUN}' x='",
    f"</title></textarea></style></template><script>{RUN}</script>",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    "invoice\u202efdp.exe",
    f'<a href="javascript:{RUN}">click</a>',
    f"<div hx-on:load='{RUN}' hx-get='//192.0.2.1/' hx-trigger='load'>",
    "<meta http-equiv=refresh content='0;url=//192.0.2.1/'>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
)
MARKDOWN = (
    f"[a](javascript:{RUN}) ![b](//192.0.2.1/b.png) <img src=x onerror='{RUN}'> "
    f"[c](data:text/html,<script>{RUN}</script>)\n\n<script>{RUN}</script>\n\n```\n</code><script>{RUN}</script>\n```\n"
)
EVERYTHING = "\n".join([*PAYLOADS, *(each.text for each in KEPT_TEXTS)])


@pytest.fixture
def hostile(ana: User) -> Incident:
    """An incident whose every text is hostile, resolved with a hostile note."""
    every_kind = (
        *(identity.device(hostname=text) for text in PAYLOADS[:4]),
        *(identity.user(account=text, display_name=text) for text in PAYLOADS[:3]),
        *(identity.url(f"http://192.0.2.1/{text}") for text in PAYLOADS[:3]),
        identity.url("http://192.0.2.1/payload.exe"),
        identity.domain("evil.example"),
        identity.ip("192.0.2.1"),
        *(identity.other(text, name=text) for text in PAYLOADS),
    )
    incident = opened(
        *(
            alert(
                f"{number} {text}"[:200],
                title=text,
                severity=Severity.HIGH,
                description=EVERYTHING,
                recommended_actions=EVERYTHING,
                service_source=text,
                detection_source=text,
                techniques=(text[:20],),
                entities=(identity.device(hostname="shared"), *every_kind),
            )
            for number, text in enumerate(PAYLOADS)
        )
    )
    incident = rename(incident, " ".join(PAYLOADS)[:480], actor=ana.as_actor())
    change_tags(incident, add=[text[:60] for text in PAYLOADS], actor=ana.as_actor())
    add_comment(incident, MARKDOWN + EVERYTHING, actor=ana.as_actor())
    incident.refresh_from_db()
    return incident


@pytest.fixture(params=[False, True], ids=["policy", "no-policy"])
def window(request: pytest.FixtureRequest, open_window: OpenWindow, ana: User) -> Page:
    page = open_window(bypass_csp=request.param)
    sign_in_at(page, ana)
    return page


def nothing_ran(page: Page) -> None:
    """No script of the texts, nothing that could run or load when touched; what was requested the window watches."""
    found: Any = page.evaluate(
        """() => ({
            owned: window.owned === true,
            elements: document.querySelectorAll(
                "iframe, object, embed, base, main script, main style, main img, main meta, main form[action^='//']"
            ).length,
            handlers: [...document.querySelectorAll("*")].flatMap((element) => element.getAttributeNames())
                .filter((name) => name.startsWith("on") || name.startsWith("hx-on")),
            links: [...document.querySelectorAll("a[href], area[href]")]
                .map((link) => new URL(link.getAttribute("href"), location.href).href)
                .filter((href) => !href.startsWith(location.origin)),
        })"""
    )
    assert found == {"owned": False, "elements": 0, "handlers": [], "links": []}


def test_the_queue_and_its_panes_show_text(hostile: Incident, window: Page) -> None:
    page = window
    page.goto("/incidents/?status=any")
    expect(row_of(page, hostile)).to_contain_text(PAYLOADS[0])
    nothing_ran(page)
    open_pane(page, hostile)
    nothing_ran(page)
    form = open_manage(page, hostile)
    nothing_ran(page)
    form.get_by_role("combobox", name="Tags").fill("<")
    expect(page.locator(".combobox-option").first).to_be_visible()
    nothing_ran(page)
    page.keyboard.press("Escape")
    row_of(page, hostile).get_by_role("checkbox").check()
    page.get_by_role("region", name="Selected").get_by_text("Manage").click()
    expect(page.locator("#pane form.manage")).to_contain_text("Manage 1 incident")
    nothing_ran(page)


def test_tabs_show_text_and_addresses_that_nobody_follows(hostile: Incident, window: Page) -> None:
    """That no page comes to life, tests/browser/test_hostile_pages.py sees; here, that the texts are there to read."""
    page = window
    page.goto(f"/incidents/{hostile.pk}/alerts/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(PAYLOADS[0])
    expect(page.locator(".alert-title").first).to_contain_text(PAYLOADS[0])
    page.goto(f"/incidents/{hostile.pk}/evidence/")
    expect(page.get_by_text(PAYLOADS[1]).first).to_be_visible()
    expect(page.get_by_text("hxxp://192[.]0[.]2[.]1/payload.exe").first).to_be_visible()
    nothing_ran(page)


def test_the_raw_record_shows_text_and_copies_it(hostile: Incident, window: Page) -> None:
    page = window
    page.goto(f"/incidents/{hostile.pk}/alerts/")
    page.locator(".alert-line").first.click()
    page.get_by_role("link", name="Raw source record").first.click()
    expect(page.locator(".raw-record")).to_contain_text(f"<script>{RUN}</script>")
    nothing_ran(page)


def test_what_a_search_or_a_bad_address_says_comes_back_as_text(
    hostile: Incident, window: Page, refusals: set[int]
) -> None:
    refusals.update({400, 404})
    page = window
    for key in ("q", "assignee", "tag", "status", "last_activity", f"<script>{RUN}</script>"):
        page.goto(f"/incidents/?{urlencode([(key, text) for text in PAYLOADS])}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Incidents")
        nothing_ran(page)


def test_a_hostile_name_does_not_widen_a_narrow_page(hostile: Incident, ana: User, open_window: OpenWindow) -> None:
    rename(hostile, "W" * 480, actor=ana.as_actor())
    page = open_window(viewport=NARROW)
    sign_in_at(page, ana)
    for path in (
        "/incidents/",
        f"/incidents/{hostile.pk}/",
        f"/incidents/{hostile.pk}/story/",
        f"/incidents/{hostile.pk}/alerts/",
        f"/incidents/{hostile.pk}/assets/",
        f"/incidents/{hostile.pk}/evidence/",
        f"/incidents/{hostile.pk}/activity/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path


def test_a_turned_text_does_not_turn_what_follows_it(ana: User, window: Page) -> None:
    """A right-to-left override in a title ends with the sentence that names it."""
    incident = opened(alert("1", title="invoice\u202efdp.exe", severity=Severity.HIGH))
    page = window
    page.goto(f"/incidents/{incident.pk}/activity/")
    line = page.locator(".entry-line", has_text="opened the incident")
    sentence, time = line.locator("bdi").nth(1).bounding_box(), line.locator(".entry-time").bounding_box()
    assert sentence and time
    assert time["x"] >= sentence["x"] + sentence["width"]
