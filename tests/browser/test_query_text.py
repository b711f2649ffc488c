"""The search box by keyboard: a query is completed while typing, becomes filters, and an error keeps what was typed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from activity.actors import SYSTEM
from alerts.choices import Severity
from incidents.commands import change_tags
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, shown
from tests.conftest import alert, device, opened

pytestmark = IN_THE_BROWSER


@pytest.fixture
def queue(lee: User) -> dict[str, Incident]:
    """One that is searched for, and others that share a part of it."""
    incidents = {
        name: opened(alert(name, title=f"{name} alert", severity=severity, entities=(device(f"fin-{name}-17"),)))
        for name, severity in (("wanted", Severity.HIGH), ("low", Severity.LOW), ("untagged", Severity.HIGH))
    }
    for name in ("wanted", "low"):
        change_tags(incidents[name], add=["Red team"], actor=SYSTEM)
    return incidents


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search incidents")


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Completions").get_by_role("option")


def test_a_query_is_completed_by_keyboard(queue: dict[str, Incident], lee: User, window_of: WindowOf) -> None:
    page = window_of(lee)
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type("sev")
    expect(options(page).first).to_contain_text("severity:")
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    active = box(page).get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(box(page)).to_have_value("severity:")
    expect(options(page).filter(has_text="high")).to_be_visible()
    page.keyboard.type("hi")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("severity:high")
    page.keyboard.type(" tag:red")
    expect(options(page).filter(has_text="Red team")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value('severity:high tag:"Red team"')
    page.keyboard.type(" ted-1")
    page.keyboard.press("Enter")

    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert shown(page) == [queue["wanted"].pk]
    expect(box(page)).to_have_value("ted-1")
    expect(page).to_have_url(re.compile(r"/incidents/\?.*severity=high&.*tag=Red%20team&q=ted-1"))
    expect(page.locator(".filter-bar .chip", has_text="Red team")).to_be_visible()
    page.reload()
    assert shown(page) == [queue["wanted"].pk]


def test_enter_searches_for_what_was_typed_where_nothing_is_chosen(
    queue: dict[str, Incident], lee: User, window_of: WindowOf
) -> None:
    page = window_of(lee)
    box(page).press_sequentially("tag")
    expect(options(page).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(options(page)).to_have_count(0)
    expect(box(page)).to_have_value("tag")
    box(page).press_sequentially("g")
    box(page).fill("unta")
    expect(options(page)).to_have_count(0)
    box(page).fill("untag")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert shown(page) == [queue["untagged"].pk]


def test_an_error_points_at_its_place_and_the_list_stays(
    queue: dict[str, Incident], lee: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(422)
    page = window_of(lee)
    before = page.url
    box(page).fill("fin sevrity:high")
    page.keyboard.press("Enter")
    error = page.get_by_role("alert")
    expect(error).to_contain_text("Column 5: There is no field “sevrity”")
    expect(error.locator("mark")).to_have_text("sevrity")
    expect(box(page)).to_have_value("fin sevrity:high")
    expect(box(page)).to_be_focused()
    assert page.evaluate("getSelection().toString()") == "sevrity"
    expect(page.locator("tr[data-row]")).to_have_count(3)
    assert page.url == before
    error.get_by_role("link", name="Search for the corrected text").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)
    expect(error).to_have_count(0)


def test_the_filters_are_shown_as_text_to_edit(queue: dict[str, Incident], lee: User, window_of: WindowOf) -> None:
    page = window_of(lee)
    page.goto("/incidents/?severity=high&q=fin%20OR%20x")
    page.locator("summary", has_text="As text").click()
    text = page.get_by_label("All filters of this list as one text")
    expect(text).to_have_value("status:active,in_progress severity:high snoozed:no (fin OR x)")
    text.fill('status:any -tag:"Red team"')
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page).to_have_url(re.compile("tag_none=Red"))


def test_without_script_the_box_is_a_form(queue: dict[str, Incident], lee: User, window_of: WindowOf) -> None:
    page = window_of(lee)
    plain = window_of(lee, java_script_enabled=False)
    plain.goto(page.url)
    field = plain.get_by_label("Search incidents")
    field.fill('severity:high -tag:"Red team"')
    field.press("Enter")
    assert shown(plain) == [queue["untagged"].pk]
