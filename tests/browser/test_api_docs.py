"""The page that describes the API: found, unfolded, searched; wide and narrow, in both themes, also without script."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.browser.conftest import WindowOf
from tests.browser.test_accessibility import check

pytestmark = pytest.mark.browser
DOCS = "/api/v1/docs/"


def test_an_operation_is_found_and_read(ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    page.goto("/account/tokens/")
    page.get_by_role("link", name="What the API can do").click()
    expect(page.get_by_role("heading", name="API", exact=True)).to_be_visible()
    merging = page.locator("details", has=page.get_by_text("Merge incidents", exact=True))
    page.get_by_role("searchbox", name="Search operations").fill("merge name_of")
    expect(page.locator("#operations > section:visible")).to_have_count(1)
    expect(page.locator("#operations details[data-find]:visible")).to_have_count(1)
    merging.locator("summary").first.click()
    body = merging.locator(".api-body")
    expect(body).to_contain_text("Takes the permission Merge incidents and move alerts")
    expect(body.get_by_role("row", name="sources")).to_contain_text("list of number")
    expect(body.get_by_label("Request")).to_contain_text('curl -X POST "$WATCHFLOOR/api/v1/incidents/merge/"')
    expect(body.get_by_label("Answer")).to_contain_text('"classification": "true_positive"')
    page.get_by_role("searchbox", name="Search operations").fill("nothing like it")
    expect(page.get_by_text("No operation has all these words")).to_be_visible()
    page.get_by_role("searchbox", name="Search operations").fill("")
    page.goto(f"{DOCS}#post_alerts_move")
    expect(page.locator("#post_alerts_move")).to_be_visible()


def test_it_can_be_searched_without_script(ana: User, window_of: WindowOf) -> None:
    page = window_of(ana, java_script_enabled=False)
    page.goto(DOCS)
    page.get_by_role("searchbox", name="Search operations").fill("make a new secret")
    page.keyboard.press("Enter")
    expect(page.locator("#operations details[data-find]")).to_have_count(1)
    expect(page.get_by_text("Make a new secret", exact=True)).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_nothing_stands_out_of_the_page(ana: User, window_of: WindowOf, theme: str, width: int) -> None:
    page = window_of(ana, color_scheme=theme, viewport={"width": width, "height": 900})
    page.goto(DOCS)
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/api-{theme}-{width}-top.png")
    page.goto(f"{DOCS}#post_incidents_merge")
    for name in ("#get_incidents", "#post_alerts", "#post_incidents_bulk"):
        page.locator("details", has=page.locator(name)).locator("summary").first.click()
    findings: list[str] = []
    check(page, findings, "the API")
    assert findings == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if folder:
        page.screenshot(path=f"{folder}/api-{theme}-{width}.png")
        page.locator("#post_incidents_merge").scroll_into_view_if_needed()
        page.screenshot(path=f"{folder}/api-{theme}-{width}-body.png")
