"""Filters in the browser: by keyboard alone, by mouse, and without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from alerts.choices import Severity
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, row_of, shown
from tests.incidents.rows import row, stored, tag

pytestmark = IN_THE_BROWSER


@pytest.fixture
def three(ana: User, rio: User) -> list[Incident]:
    rows = stored(
        [
            row(1, name="Beacon", severity=Severity.HIGH, assignee_user=ana, facets=["os_platform:Windows 11"]),
            row(2, name="Phish", severity=Severity.LOW, assignee_user=rio),
            row(3, name="Scan", severity=Severity.HIGH),
        ]
    )
    tag(rows[1], "vip")
    return rows


def at_the_list(page: Page, query: str = "") -> Page:
    page.goto(f"/incidents/{query}")
    expect(page.locator("html[data-ready]")).to_be_attached()
    return page


def shows(page: Page, *incidents: Incident) -> None:
    """The list shows these and no other."""
    expect(page.locator("tr[data-row]")).to_have_count(len(incidents))
    for each in incidents:
        expect(row_of(page, each)).to_be_visible()


def test_a_filter_is_added_changed_and_removed_by_keyboard_alone(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    window = page.get_by_role("dialog", name="Filter")
    page.keyboard.press("f")
    expect(page.get_by_role("combobox", name="Filter by")).to_be_focused()
    page.keyboard.type("assig")
    page.keyboard.press("Enter")
    field = window.get_by_role("combobox", name="Assigned to")
    expect(field).to_be_focused()
    page.keyboard.type("ana")
    expect(page.get_by_role("option", name="Ana Ruiz")).to_be_visible()
    page.keyboard.press("Enter")
    shows(page, three[0])
    expect(page).to_have_url(re.compile("assignee=ana"))
    page.keyboard.type("rio")
    expect(page.get_by_role("option", name="Rio Sato")).to_be_visible()
    page.keyboard.press("Enter")
    shows(page, three[0], three[1])
    page.keyboard.press("Escape")
    expect(window).to_be_hidden()
    chip = page.get_by_role("link", name="Assigned to Ana Ruiz, Rio Sato", exact=True)
    expect(chip).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(chip).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    shows(page, *three)
    page.go_back()
    shows(page, three[0], three[1])


def test_boxes_count_at_once_and_the_arrows_go_through_them(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.get_by_role("link", name="Severity Low, Medium, High").click()
    window = page.get_by_role("dialog", name="Filter")
    expect(window.get_by_role("checkbox", name="High")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("l")
    expect(window.get_by_role("checkbox", name="Low")).to_be_focused()
    page.keyboard.press("Space")
    shows(page, three[0], three[2])
    expect(window.get_by_role("checkbox", name="Low")).not_to_be_checked()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Severity Medium, High")).to_be_focused()


def test_a_press_counts_for_the_option_it_began_on_though_others_come_meanwhile(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.get_by_role("link", name="Add filter").click()
    window = page.get_by_role("dialog", name="Filter")
    window.get_by_role("button", name=re.compile("^Assigned to")).click()
    expect(window.get_by_role("combobox", name="Assigned to")).to_be_focused()
    option = page.get_by_role("option", name="Rio")
    option.hover()
    page.mouse.down()
    with page.expect_response(lambda answer: "q=ana" in answer.url) as others:
        page.keyboard.type("ana")
    others.value.finished()
    page.wait_for_timeout(50)  # what has come is taken in
    page.mouse.up()
    shows(page, three[1])


def test_a_range_and_a_word_are_set_by_mouse(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = at_the_list(window_of(ana))
    window = page.get_by_role("dialog", name="Filter")
    page.get_by_role("link", name="Add filter").click()
    window.get_by_role("button", name="OS platform").click()
    page.get_by_role("option", name="Windows 11").click()
    shows(page, three[0])
    page.get_by_role("link", name="Remove filter OS platform: Windows 11").click()
    shows(page, *three)
    page.get_by_role("link", name="Add filter").click()
    window.get_by_role("button", name="Created").click()
    window.get_by_label("From").fill("2026-11-02T12:02")
    window.get_by_label("To", exact=True).fill("2026-11-02T12:03")
    window.get_by_role("button", name="Apply").click()
    shows(page, three[1])
    expect(window).to_be_hidden()
    page.get_by_role("link", name="Reset all").click()
    shows(page, *three)


def test_a_wrong_number_is_said_in_the_window(
    three: list[Incident], ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(422)
    page = at_the_list(window_of(ana))
    window = page.get_by_role("dialog", name="Filter")
    page.keyboard.press("f")
    page.keyboard.type("number")
    page.keyboard.press("Enter")
    field = window.get_by_role("textbox", name="Number")
    expect(field).to_be_focused()
    page.keyboard.type("forty")
    page.keyboard.press("Enter")
    expect(window.get_by_role("alert")).to_contain_text("is no number or range")
    expect(field).to_have_value("forty")
    field.fill(str(three[2].pk))
    page.keyboard.press("Enter")
    shows(page, three[2])


def test_filters_work_without_script(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = window_of(ana, java_script_enabled=False)
    page.goto("/incidents/")
    page.get_by_role("link", name="Add filter").click()
    page.get_by_role("button", name="Tags Any of these").click()
    page.get_by_role("textbox", name="Tags").fill("vip")
    page.get_by_role("button", name="Apply").click()
    assert shown(page) == [three[1].pk]
    page.get_by_role("link", name="Remove filter Tags: vip").click()
    assert len(shown(page)) == 3
    page.get_by_role("link", name="Severity Low, Medium, High").click()
    page.get_by_role("checkbox", name="High").uncheck()
    page.get_by_role("button", name="Apply").click()
    assert shown(page) == [three[1].pk]
