"""A list is saved under a name and shared; whoever it is shared with finds it in their side list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from activity.actors import SYSTEM
from alerts.choices import Severity
from incidents.commands import assign
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, row_of, shown
from tests.conftest import alert, device, opened

pytestmark = IN_THE_BROWSER


@pytest.fixture
def queue(ana: User, tier2: Team) -> dict[str, Incident]:
    incidents = {
        name: opened(alert(name, title=f"{name} alert", severity=severity, entities=(device(name),)))
        for name, severity in (("high", Severity.HIGH), ("low", Severity.LOW), ("medium", Severity.MEDIUM))
    }
    assign(incidents["high"], ana, actor=SYSTEM)
    return incidents


def names_in_the_rail(page: Page) -> list[str]:
    return page.locator("#side-list .rail-label").all_inner_texts()


def test_a_list_is_saved_shared_changed_and_renamed_under_one_address(
    queue: dict[str, Incident], ana: User, rio: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    page.goto("/incidents/?severity=high")
    page.get_by_role("link", name="Save view").click()
    dialog = page.get_by_role("dialog", name="Save view")
    dialog.get_by_label("Name").fill("High for us")
    dialog.get_by_label("Who sees it").select_option(label="Team: Tier 2")
    dialog.get_by_role("button", name="Save").click()
    page.wait_for_url("**/views/high-for-us/")
    expect(page.get_by_role("heading", name="High for us")).to_be_visible()
    assert shown(page) == [queue["high"].pk]

    other = window_of(rio)
    other.goto("/incidents/")
    link = other.locator("#side-list").get_by_role("link", name="High for us")
    expect(link.locator(".rail-count")).to_have_text("1")
    link.click()
    other.wait_for_url("**/views/high-for-us/")
    assert shown(other) == [queue["high"].pk]
    expect(other.get_by_role("link", name="Edit view")).to_have_count(0)

    page.goto("/views/high-for-us/?severity=low")
    expect(page.get_by_text("changed", exact=True)).to_be_visible()
    page.get_by_role("button", name="Update view").click()
    page.wait_for_url("**/views/high-for-us/")
    assert shown(page) == [queue["low"].pk]
    page.get_by_role("link", name="Edit view").click()
    page.get_by_label("Name").fill("Low for us")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/views/high-for-us/")
    expect(page.get_by_role("heading", name="Low for us")).to_be_visible()

    other.goto("/views/high-for-us/")
    assert shown(other) == [queue["low"].pk]


def test_the_side_list_is_put_in_order_by_keyboard_and_by_dragging(ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    page.goto("/views/")
    page.get_by_role("button", name="Move Unassigned up").press("Enter")
    expect(page.locator("#side-list .rail-label").nth(1)).to_have_text("Unassigned")
    expect(page.get_by_role("button", name="Move Unassigned up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#side-list .rail-label").nth(0)).to_have_text("Unassigned")

    grip = page.locator("tr", has_text="Informational").locator("[data-reorder-grip]")
    row = page.locator("tr", has=page.get_by_role("link", name="Open", exact=True))
    target = row.locator("[data-reorder-grip]")
    start, end = grip.bounding_box(), target.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 5, end["y"] + 20, steps=8)
    page.mouse.move(end["x"] + 5, end["y"] + 2, steps=4)
    page.mouse.up()
    expect(page.locator("#side-list .rail-label").nth(1)).to_have_text("Informational")
    page.reload()
    assert names_in_the_rail(page)[:3] == ["Unassigned", "Informational", "Open"]


def test_a_link_is_copied_with_my_name_or_shown_to_be_copied_by_hand(
    queue: dict[str, Incident], ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/incidents/?assignee=me")
    page.get_by_role("link", name="Copy list link").click()
    expect(page.locator("#toasts").get_by_text("Link copied")).to_be_visible()
    assert "assignee=me" in page.evaluate("navigator.clipboard.readText()")
    page.locator("summary", has_text="More ways to copy").click()
    page.get_by_role("link", name="Copy with my name").click()
    expect(page.locator("#toasts").get_by_text("Link with your name copied")).to_be_visible()
    assert "assignee=ana" in page.evaluate("navigator.clipboard.readText()")

    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')); }")
    page.get_by_role("link", name="Copy list link").click()
    field = page.get_by_role("textbox", name="Copy this link")
    expect(field).to_be_focused()
    assert "assignee=me" in field.input_value()
    assert page.evaluate("document.activeElement.selectionEnd") == len(field.input_value())
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)


def test_ticked_rows_alone_are_exported(queue: dict[str, Incident], ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    page.goto("/incidents/?columns=name,severity")
    for name in ("high", "low"):
        row_of(page, queue[name]).get_by_role("checkbox").check()
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as told:
        page.get_by_role("link", name="CSV, the columns shown: 2 selected").click()
    lines = told.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == '"number","name","severity"'
    assert {line.split(",")[0] for line in lines[1:]} == {f'"{queue[name].pk}"' for name in ("high", "low")}
