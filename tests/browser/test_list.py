"""The list itself by keyboard and finger: columns, orders, unfolded rows, groups, ticking on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.list_settings import kept_list
from accounts.models import User
from incidents.models import Incident
from tests.browser.conftest import NARROW, WindowOf
from tests.browser.pages import IN_THE_BROWSER, open_pane, pane_of, row_of
from tests.incidents.rows import row, stored

pytestmark = IN_THE_BROWSER


def test_columns_are_chosen_and_ordered_by_keyboard(window_of: WindowOf, ana: User, incident: Incident) -> None:
    page = window_of(ana)
    page.goto("/incidents/")
    page.get_by_role("link", name="Columns").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Columns")
    box = dialog.get_by_role("checkbox", name="Number")
    box.focus()
    page.keyboard.press("Space")
    for _ in range(8):
        page.keyboard.press("Alt+ArrowUp")
    expect(dialog.locator(".column-choice").first).to_contain_text("Number")
    expect(box).to_be_focused()
    dialog.get_by_role("button", name="Severity down").focus()
    page.keyboard.press("Enter")
    expect(dialog.locator(".column-choice").nth(2)).to_contain_text("Severity")
    expect(dialog).to_be_visible()
    box.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/?columns=number,priority,severity,*")
    expect(page.locator("#list thead th").nth(2)).to_contain_text("Number")
    assert kept_list(ana, "incidents").columns[:3] == ["number", "priority", "severity"]
    page.goto("/incidents/")
    expect(page.locator("#list thead th").nth(2)).to_contain_text("Number")


def test_a_column_is_dragged_to_another_place_by_the_mouse(window_of: WindowOf, ana: User, incident: Incident) -> None:
    page = window_of(ana)
    page.goto("/incidents/")
    page.get_by_role("link", name="Columns").click()
    choices = page.get_by_role("dialog", name="Columns").locator(".column-choice")
    status = choices.filter(has_text="Status")
    status.locator("[data-reorder-grip]").hover()
    page.mouse.down()
    box = choices.first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 4, steps=8)
    page.mouse.up()
    expect(choices.first).to_contain_text("Status")
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**/incidents/?columns=status,severity,*")
    expect(page.locator("#list thead th").nth(2)).to_contain_text("Status")


COLUMNS_END = """() => {
    const heads = [...document.querySelectorAll("#list thead th")].filter((head) => head.getClientRects().length);
    const table = heads[0].closest("table").getBoundingClientRect();
    return Math.abs(heads.at(-1).getBoundingClientRect().right - table.right);
}"""
"""Pixels between the end of the last column that is shown and the end of the table."""


def test_what_unfolds_takes_no_width_from_the_columns(window_of: WindowOf, ana: User, incident: Incident) -> None:
    """Some columns give way where the list is narrow; what unfolds must not bring their places back."""
    page = window_of(ana, viewport={"width": 1440, "height": 900})
    page.goto("/incidents/")
    row_of(page, incident).locator("a[data-expand]").click()
    expect(page.locator(".inside-row")).to_have_count(2)
    assert page.evaluate(COLUMNS_END) < 2
    open_pane(page, incident)
    assert page.evaluate(COLUMNS_END) < 2
    page.keyboard.press("Escape")
    expect(pane_of(page)).to_be_hidden()
    page.set_viewport_size({"width": 1900, "height": 900})
    page.wait_for_function(f"({COLUMNS_END})() < 2")


def test_a_row_unfolds_and_folds_by_keyboard(window_of: WindowOf, ana: User, incident: Incident) -> None:
    page = window_of(ana)
    page.goto("/incidents/")
    row_of(page, incident).focus()
    page.keyboard.press("l")
    inside = page.locator("tr.row-inside")
    expect(inside.locator(".inside-row")).to_have_count(incident.alerts_total)
    toggle = row_of(page, incident).locator("a[data-expand]")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowLeft")
    expect(inside).to_have_count(0)
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.focus()
    page.keyboard.press("Space")
    expect(inside.locator(".inside-row").first).to_be_visible()


def test_shift_and_a_heading_sort_by_one_more(window_of: WindowOf, ana: User) -> None:
    stored(row(number) for number in range(3))
    page = window_of(ana)
    page.goto("/incidents/?sort=-severity")
    page.locator("#list thead").get_by_role("link", name="Last").click(modifiers=["Shift"])
    page.wait_for_url("**sort=-severity,-last_activity**")
    expect(page.locator("#list th[aria-sort=descending]")).to_have_count(2)


def test_groups_load_their_rows_and_stay_closed(window_of: WindowOf, ana: User) -> None:
    stored(row(number, assignee_user=ana if number < 2 else None) for number in range(5))
    page = window_of(ana)
    page.goto("/incidents/?group=assignee")
    group = page.locator(".groups > .group").filter(has_text="Ana Ruiz")
    expect(group.locator("tr[data-row]")).to_have_count(2)
    with page.expect_response("**/parts/"):
        group.locator("summary").click()
    page.reload()
    expect(page.locator(".groups > .group").filter(has_text="Unassigned").locator("tr[data-row]")).to_have_count(3)
    expect(group.locator("tr[data-row]")).to_have_count(0)
    group.get_by_role("link", name="Show as a list").click()
    page.wait_for_url("**assignee=ana**")
    expect(page.locator("tr[data-row]")).to_have_count(2)


def test_rows_are_ticked_on_a_phone(window_of: WindowOf, ana: User, incident: Incident) -> None:
    page = window_of(ana, viewport=NARROW)
    page.goto("/incidents/")
    row_of(page, incident).locator("label.check").click()
    expect(page.get_by_role("region", name="Selected")).to_be_visible()
    row_of(page, incident).locator("a[data-expand]").click()
    expect(page.locator("tr.row-inside .inside-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
