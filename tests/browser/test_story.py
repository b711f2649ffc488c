"""The attack story moves: through time, by what an alert touches, from node to node, and as a table."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from entities import identity
from incidents.models import Incident
from tests.browser.conftest import OpenWindow, WindowOf, sign_in_at
from tests.browser.pages import IN_THE_BROWSER
from tests.conftest import NOON, alert, device, opened, user_entity

pytestmark = IN_THE_BROWSER

LATER, NOW, LIT = re.compile("is-later"), re.compile("is-now"), re.compile("is-lit")


@pytest.fixture
def attack(db: None) -> Incident:
    fin = device("fin-ws-17")
    return opened(
        alert("1", title="Script was run", entities=(fin, user_entity("mia@corp.example"))),
        alert("2", title="Beacon was seen", at=NOON + timedelta(minutes=5), entities=(fin, identity.ip("203.0.113.7"))),
        alert("3", title="Server was reached", at=NOON + timedelta(minutes=9), entities=(fin, device("dc-02"))),
    )


def test_the_story_plays_lights_up_and_is_walked_by_keyboard(attack: Incident, ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    page.goto(f"/incidents/{attack.pk}/story/")
    expect(page.locator("html[data-ready]")).to_be_attached()

    def node(name: str) -> Locator:
        return page.locator(f'a.story-node[aria-label^="{name}"]')

    later = page.locator(".story-node.is-later")
    expect(later).to_have_count(0)

    scrubber = page.get_by_role("slider", name="Story up to alert")
    scrubber.focus()
    page.keyboard.press("Home")
    expect(later).to_have_count(2)
    expect(scrubber).to_have_attribute("aria-valuetext", re.compile("Alert 1 of 3, .*Script was run"))
    page.keyboard.press("ArrowRight")
    expect(later).to_have_count(1)
    expect(node("203.0.113[.]7")).to_have_class(NOW)
    expect(page.locator('[data-step="2"]')).to_have_class(NOW)
    page.get_by_role("link", name="Next alert").click()
    expect(page.locator("[data-story-at]")).to_have_text("All 3 alerts")
    page.get_by_role("link", name="Script was run", exact=True).click()
    expect(node("dc-02")).to_have_class(LATER)
    assert page.url.endswith("/story/"), "nothing was loaded for it"
    page.keyboard.press("Escape")

    page.locator('[data-step="3"]').hover()
    expect(node("dc-02")).to_have_class(LIT)
    expect(node("203.0.113[.]7")).not_to_have_class(LIT)
    node("203.0.113[.]7").hover()
    expect(page.locator(".story-text .is-lit")).to_have_count(1)
    expect(page.locator('[data-step="2"]')).to_have_class(LIT)

    first = page.locator("a.story-node[tabindex='0']")
    expect(first).to_have_count(1)
    first.focus()
    seen = {first.get_attribute("aria-label")}
    for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft") * 3:
        page.keyboard.press(key)
        seen.add(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert len(seen) >= 3, seen
    width = page.locator(".story-picture").get_attribute("width")
    page.keyboard.press("+")
    expect(page.locator(".story-picture")).not_to_have_attribute("width", width or "")

    page.locator("summary", has_text="Kinds").click()
    page.locator(".story-kinds").get_by_role("link", name="IP address").click()
    expect(node("203.0.113[.]7")).to_have_count(0)
    page.wait_for_url("**/story/?hide=ip")
    page.get_by_role("link", name="Table").click()
    expect(page.get_by_role("table", name="What alerts and people tie together")).to_contain_text("mia@corp.example")
    expect(page.locator(".story-picture")).to_have_count(0)


def test_without_script_links_tell_it(attack: Incident, ana: User, open_window: OpenWindow) -> None:
    page: Page = open_window(java_script_enabled=False)
    sign_in_at(page, ana)
    page.goto(f"/incidents/{attack.pk}/story/")
    expect(page.locator(".story-node")).to_have_count(4)
    page.get_by_role("link", name="Beacon was seen", exact=True).click()
    page.wait_for_url("**/story/?until=2")
    expect(page.locator(".story-node.is-later")).to_have_count(1)
    page.get_by_role("link", name="Previous alert").click()
    expect(page.locator(".story-node.is-later")).to_have_count(2)
    page.get_by_role("slider").fill("3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".story-node.is-later")).to_have_count(0)
