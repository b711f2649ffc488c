"""Leads filter the queue and share the list: the link alone shows the same rows to whoever opens it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from activity.actors import SYSTEM
from alerts.choices import Severity
from incidents.commands import assign, change_tags
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, shown
from tests.conftest import alert, device, opened

pytestmark = IN_THE_BROWSER


@pytest.fixture
def queue(ana: User, lee: User, tier2: Team) -> dict[str, Incident]:
    """One incident for each filter to leave out, and one that passes all of them."""
    incidents = {
        name: opened(alert(name, title=f"{name} alert", severity=severity, entities=(device(name),)))
        for name, severity in (
            ("wanted", Severity.HIGH),
            ("low", Severity.LOW),
            ("elsewhere", Severity.HIGH),
            ("untagged", Severity.HIGH),
        )
    }
    for name in ("wanted", "low", "untagged"):
        assign(incidents[name], ana, actor=SYSTEM)
    for name in ("wanted", "low", "elsewhere"):
        change_tags(incidents[name], add=["Phishing wave"], actor=SYSTEM)
    assign(incidents["elsewhere"], tier2, actor=SYSTEM)
    return incidents


def filter_the_queue(page: Page) -> None:
    """High severity, assigned to Ana, tagged: each by its own control."""
    expect(page.locator("html[data-ready]")).to_be_attached()
    window = page.get_by_role("dialog", name="Filter")
    page.get_by_role("link", name="Severity Low, Medium, High").click()
    for severity in ("Medium", "Low"):
        window.get_by_role("checkbox", name=severity, exact=True).uncheck()
    expect(page.locator("tr[data-row]")).to_have_count(3)
    page.keyboard.press("Escape")

    for name, text, option, rows in (("Assigned to", "an", "Ana Ruiz", 2), ("Tags", "phish", "Phishing wave", 1)):
        page.get_by_role("link", name="Add filter").click()
        window.get_by_role("button", name=re.compile(f"^{name}")).click()
        window.get_by_role("combobox", name=name, exact=True).fill(text)
        page.get_by_role("option", name=option).click()
        expect(page.locator("tr[data-row]")).to_have_count(rows)
        page.keyboard.press("Escape")
        expect(window).to_be_hidden()


def test_a_copied_list_link_shows_the_same_rows_to_somebody_else(
    queue: dict[str, Incident], lee: User, ana: User, window_of: WindowOf
) -> None:
    page = window_of(lee, permissions=["clipboard-read", "clipboard-write"])
    filter_the_queue(page)
    assert shown(page) == [queue["wanted"].pk]
    page.get_by_role("link", name="Copy list link").or_(page.get_by_role("button", name="Copy list link")).click()
    expect(page.locator("#toasts").get_by_text("Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    for part in ("status=active", "status=in_progress", "severity=high", "assignee=ana", "tag=Phishing"):
        assert part in link, link

    other = window_of(ana)
    other.goto(link)
    assert shown(other) == [queue["wanted"].pk]
    expect(other.locator(".filter-bar .chip", has_text="Ana Ruiz")).to_be_visible()
    expect(other.locator(".filter-bar .chip", has_text="Phishing wave")).to_be_visible()


def test_the_address_bar_alone_rebuilds_the_list(queue: dict[str, Incident], lee: User, window_of: WindowOf) -> None:
    page = window_of(lee)
    filter_the_queue(page)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert shown(page) == [queue["wanted"].pk]
    page.reload()
    assert shown(page) == [queue["wanted"].pk]


def test_the_back_button_takes_one_filter_away_at_a_time(
    queue: dict[str, Incident], lee: User, window_of: WindowOf
) -> None:
    page = window_of(lee)
    filter_the_queue(page)
    for rows in (2, 3, 4):
        page.go_back()
        expect(page.locator("tr[data-row]")).to_have_count(rows)
        page.wait_for_load_state()  # the page hears of the next step once its scripts run
    page.go_forward()
    expect(page.locator("tr[data-row]")).to_have_count(3)
    # the rows still answer after having been brought back
    page.locator("tr[data-row] .cell-time").first.click()
    expect(page.locator("#pane").get_by_role("heading", level=2)).to_be_visible()


def test_a_chip_takes_its_filter_away(queue: dict[str, Incident], lee: User, window_of: WindowOf) -> None:
    page = window_of(lee)
    filter_the_queue(page)
    page.get_by_role("link", name="Remove filter Tags: Phishing wave").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.get_by_role("link", name="Reset all").click()
    expect(page.locator("tr[data-row]")).to_have_count(4)


def test_me_means_whoever_opens_the_list(queue: dict[str, Incident], lee: User, ana: User, window_of: WindowOf) -> None:
    assign(queue["elsewhere"], lee, actor=SYSTEM)
    address = "/incidents/?assignee=me"
    of_lee, of_ana = window_of(lee), window_of(ana)
    of_lee.goto(address)
    of_ana.goto(address)
    assert shown(of_lee) == [queue["elsewhere"].pk]
    assert sorted(shown(of_ana)) == sorted(queue[name].pk for name in ("wanted", "low", "untagged"))


def test_the_next_page_of_a_long_list_keeps_filter_and_count(ana: User, window_of: WindowOf) -> None:
    for number in range(52):
        opened(alert(str(number), title="Beacon", severity=Severity.HIGH, entities=(device(f"web-{number:02}"),)))
    page = window_of(ana)
    page.goto("/incidents/?severity=high")
    first = shown(page)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)
    assert not set(first) & set(shown(page))
    expect(page.locator("#queue-count")).to_have_text("52")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("tr[data-row]")).to_have_count(50)
    assert shown(page) == first
