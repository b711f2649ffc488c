"""The Activity tab in a browser: what is new does not move what is read, acts unfold, filters and moments are links."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from alerts.choices import Severity
from incidents.changes import Changes
from incidents.commands import add_comment, apply_changes, set_severity
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.incidents.test_activity import long_act

pytestmark = IN_THE_BROWSER


def test_what_others_do_waits_behind_a_bar_and_acts_unfold(
    incident: Incident, ana: User, lee: User, window_of: WindowOf
) -> None:
    apply_changes(incident, Changes(severity=Severity.LOW, name="Loader", assignee=ana), actor=lee.as_actor())
    long_act(incident, lee.as_actor(), 30)
    for number in range(25):
        add_comment(incident, f"Reading comment {number}.", actor=lee.as_actor())
    page = window_of(ana)
    page.goto(f"/incidents/{incident.pk}/activity/")
    entries = page.locator("#stream > .entries > .entry")
    expect(entries).to_have_count(28)
    read = page.get_by_text("Reading comment 12.")
    read.scroll_into_view_if_needed()
    place = read.bounding_box()
    set_severity(incident, Severity.HIGH, actor=lee.as_actor())
    bar = page.locator("[data-held-bar]")
    expect(bar).to_have_text("1 new entry, show")
    add_comment(incident, "Something new.", actor=lee.as_actor())
    expect(bar).to_have_text("2 new entries, show")
    assert place is not None
    expect(entries).to_have_count(28)
    # one's own words are there at once, and with them everything else
    bar.click()
    expect(entries).to_have_count(30)
    expect(bar).to_be_hidden()
    expect(entries.first).to_be_focused()

    act = page.locator(".entry").filter(has_text="resolved 30 alerts").first
    act.locator("summary", has_text="31 entries").press("Enter")
    act.get_by_role("link", name="and 25 more alerts").click()
    expect(act.locator(".entries > .entry")).to_have_count(31)

    add_comment(incident, "Meanwhile.", actor=lee.as_actor())
    expect(bar).to_have_text("1 new entry, show")
    expect(act.locator(".entries > .entry")).to_have_count(31)
    page.keyboard.press("Shift+F")
    expect(page.get_by_role("combobox", name="Filter by")).to_be_focused()
    page.keyboard.type("who")
    page.keyboard.press("Enter")
    page.locator("#filter-value").press_sequentially("lee")
    page.locator('.combobox-option[data-value="lee"]').click()
    page.wait_for_url("**/activity/?actor=lee")
    expect(page.locator("#filter-bar .chip")).to_contain_text("Lee Park")
    page.keyboard.press("Escape")
    page.get_by_role("searchbox", name="Search the activity").fill("comment 17")
    page.get_by_role("searchbox", name="Search the activity").press("Enter")
    page.wait_for_url("**q=comment*")
    expect(entries).to_have_count(1)

    page.goto(f"/incidents/{incident.pk}/activity/?sort=oldest")
    opened = entries.first
    opened.locator("[data-menu] > summary").click()
    opened.get_by_role("link", name="As of this moment").click()
    expect(page.get_by_role("note")).to_contain_text("opened the incident from 2 alerts")
    page.get_by_role("link", name="What changed since").click()
    expect(page.get_by_role("cell", name="Loader")).to_be_visible()
