"""Two people at one queue: each sees what the other does, in place and without losing their own."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from accounts.models import User
from incidents.commands import assign, change_tags, rename, resolve
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, open_pane, pane_of, row_of, shown
from tests.conftest import NOON, alert, device, opened

pytestmark = IN_THE_BROWSER


def two(incident: Incident) -> Incident:
    """A second incident, below the first."""
    return opened(alert("other", title="Password spray", at=NOON.replace(hour=3), entities=(device("dc-01"),)))


def test_a_row_changes_in_its_place_and_keeps_selection_and_focus(
    incident: Incident, ana: User, lee: User, window_of: WindowOf
) -> None:
    other = two(incident)
    page = window_of(ana)
    order = shown(page)
    box = row_of(page, incident).locator("input[data-select-row]")
    box.check()
    rename(incident, "Renamed by Lee", actor=lee.as_actor())
    change_tags(incident, add=["vip"], actor=lee.as_actor())
    row = row_of(page, incident)
    expect(row.locator(".cell-name")).to_have_text("Renamed by Lee")
    expect(row).to_contain_text("vip")
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    assert shown(page) == order == [incident.pk, other.pk]


def test_a_row_that_no_longer_matches_stays_dimmed_until_the_list_is_shown_anew(
    incident: Incident, ana: User, lee: User, window_of: WindowOf
) -> None:
    two(incident)
    page = window_of(ana)
    order = shown(page)
    resolve(incident, actor=lee.as_actor(), note="Reimaged.")
    expect(row_of(page, incident)).to_have_class(re.compile(r"\brow-gone\b"))
    expect(page.locator("#queue-count")).to_have_text("1")
    assert shown(page) == order
    page.reload()
    expect(row_of(page, incident)).to_have_count(0)


def test_who_has_it_open_sees_the_other_and_their_change_without_losing_a_word(
    incident: Incident, ana: User, lee: User, window_of: WindowOf
) -> None:
    hers, his = window_of(ana), window_of(lee)
    open_pane(hers, incident)
    his.goto(f"/incidents/{incident.pk}/activity/")
    expect(his.locator(".presence")).to_contain_text("Ana is here")
    expect(pane_of(hers).locator(".presence")).to_contain_text("Lee is here")
    field = his.get_by_label("Comment")
    field.fill("I was just about to say")
    pane_of(hers).get_by_role("button", name="Assign to me").click()
    expect(his.locator("#incident-header")).to_contain_text("Ana Ruiz")
    expect(his.locator("#stream")).to_contain_text("New since you looked")
    expect(field).to_have_value("I was just about to say")
    expect(field).to_be_focused()
    rename(incident, "Renamed by Lee", actor=lee.as_actor())
    expect(pane_of(hers).get_by_role("heading", level=2)).to_have_text("Renamed by Lee")


def test_what_happens_while_the_server_is_away_is_caught_up_with(
    incident: Incident, ana: User, lee: User, window_of: WindowOf
) -> None:
    other = two(incident)
    page = window_of(ana)

    def away(route: Route) -> None:
        route.abort()

    page.route("**/incidents/changes/**", away)
    expect(page.locator("#offline")).to_be_visible()
    rename(incident, "While away", actor=lee.as_actor())
    rename(other, "While away, too", actor=lee.as_actor())
    new = opened(alert("new", title="Beacon", entities=(device("web-02"),)))
    page.unroute("**/incidents/changes/**", away)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(row_of(page, incident).locator(".cell-name")).to_have_text("While away")
    expect(row_of(page, other).locator(".cell-name")).to_have_text("While away, too")
    expect(page.locator("[data-new-bar]")).to_have_text("1 new incident, show", use_inner_text=True)
    expect(page.locator("#offline")).to_be_hidden()
    page.locator("[data-new-bar]").click()
    expect(row_of(page, new)).to_be_visible()


def test_the_bell_rings_opens_and_falls_silent(incident: Incident, ana: User, lee: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    assign(incident, ana, actor=lee.as_actor())
    figure = page.locator(".rail [data-bell-count]")
    expect(figure).to_have_text("1")
    page.locator(".rail [data-bell]").click()
    panel = page.locator("#bell-panel")
    expect(panel).to_contain_text("Lee Park assigned it to you")
    panel.get_by_role("button", name="Mark all as read").click()
    expect(figure).to_be_hidden()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_snoozing_by_keyboard_takes_it_from_the_list_and_undo_brings_it_back(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    expect(open_pane(page, incident)).not_to_have_attribute("aria-busy", "true")
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="1 hour")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row_of(page, incident)).to_have_count(0)
    expect(pane_of(page).locator(".snoozed")).to_be_visible()
    page.locator("#toasts [data-toast-undo]").click()
    expect(row_of(page, incident)).to_be_visible()
    expect(pane_of(page).locator(".snoozed")).to_have_count(0)
