"""Without JavaScript everything still works, as links and forms."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from alerts.choices import Severity
from incidents.choices import IncidentStatus
from incidents.models import Incident
from tests.browser.conftest import OpenWindow, sign_in_at
from tests.browser.pages import IN_THE_BROWSER, row_of, shown
from tests.conftest import alert, device, opened

pytestmark = IN_THE_BROWSER


@pytest.fixture
def plain(open_window: OpenWindow, ana: User) -> Page:
    """Ana's window, script switched off."""
    page = open_window(java_script_enabled=False)
    sign_in_at(page, ana)
    return page


def test_filters_are_a_form_and_chips_are_links(incident: Incident, ana: User, tier2: Team, plain: Page) -> None:
    low = opened(alert("low", title="Port scan", severity=Severity.LOW, entities=(device("web-03"),)))
    page = plain
    page.goto("/incidents/")
    assert sorted(shown(page)) == [incident.pk, low.pk]
    page.get_by_role("link", name="Severity Low").click()
    page.get_by_role("checkbox", name="Low", exact=True).uncheck()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**/incidents/?*severity=high*")
    assert shown(page) == [incident.pk]
    page.get_by_role("link", name="Remove filter Severity").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)

    page.get_by_role("link", name="Add filter").click()
    page.get_by_role("button", name="Assigned to", exact=True).click()
    page.get_by_role("textbox", name="Assigned to").fill("unassigned")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**assignee=unassigned**")
    expect(page.locator("tr[data-row]")).to_have_count(2)

    page.get_by_role("searchbox").fill("scan")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**q=scan**")
    assert shown(page) == [low.pk]


def test_a_row_leads_to_its_page_and_managing_is_a_page(incident: Incident, tier2: Team, plain: Page) -> None:
    page = plain
    row_of(page, incident).get_by_role("link", name=incident.name).click()
    page.wait_for_url(f"**/incidents/{incident.pk}/")
    page.get_by_role("link", name="Manage incident").click()
    page.wait_for_url("**/manage/")
    page.get_by_label("Incident name").fill("Renamed by hand")
    page.get_by_label("Assign to").fill("team:tier2")
    page.get_by_label("Tags").fill("plain")
    page.get_by_label("Status", exact=True).select_option("in_progress")
    page.get_by_label("Comment").fill("No script here.")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/incidents/{incident.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Renamed by hand")
    expect(page.locator("#toasts")).to_contain_text(f"Saved #{incident.pk}")
    incident.refresh_from_db()
    assert (incident.assignee_team, incident.status) == (tier2, IncidentStatus.IN_PROGRESS)
    assert list(incident.tags.values_list("name", flat=True)) == ["plain"]


def test_saving_again_keeps_the_assignee_and_the_tags(incident: Incident, tier2: Team, plain: Page) -> None:
    """The text fields hold what is chosen, so an unchanged form changes nothing."""
    page = plain
    for name in ("One", "Two"):
        page.goto(f"/incidents/{incident.pk}/manage/")
        page.get_by_label("Incident name").fill(name)
        if name == "One":
            page.get_by_label("Assign to").fill("team:tier2")
            page.get_by_label("Tags").fill("kept")
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(f"**/incidents/{incident.pk}/")
    incident.refresh_from_db()
    assert (incident.name, incident.assignee_team) == ("Two", tier2)
    assert list(incident.tags.values_list("name", flat=True)) == ["kept"]


def test_resolving_asks_for_the_note_at_its_field(incident: Incident, plain: Page, refusals: set[int]) -> None:
    refusals.add(422)
    page = plain
    page.goto(f"/incidents/{incident.pk}/manage/")
    page.get_by_label("Status", exact=True).select_option("resolved")
    page.get_by_label("Classification").select_option("false_positive/not_malicious")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".resolution-field")).to_contain_text("Say how it was resolved")
    page.get_by_label("Resolution note").fill("A test by the red team.")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/incidents/{incident.pk}/")
    expect(page.locator("#incident-facts")).to_contain_text("A test by the red team.")


def test_a_comment_is_a_form(incident: Incident, plain: Page) -> None:
    page = plain
    page.goto(f"/incidents/{incident.pk}/activity/")
    page.get_by_label("Comment", exact=True).fill("Typed without script.")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator("#stream")).to_contain_text("Typed without script.")
    page.get_by_role("link", name="Audits").click()
    expect(page.locator("#stream")).not_to_contain_text("Typed without script.")


def test_several_are_managed_through_the_bar(incident: Incident, plain: Page) -> None:
    other = opened(alert("other", title="Beacon", severity=Severity.HIGH, entities=(device("web-02"),)))
    page = plain
    page.goto("/incidents/")
    for one in (incident, other):
        row_of(page, one).get_by_role("checkbox").check()
    page.get_by_role("button", name="Manage").click()
    page.wait_for_url("**/incidents/manage/**")
    page.get_by_label("Status", exact=True).select_option("in_progress")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/incidents/acts/**")
    expect(page.get_by_text("Done: 2 changed.")).to_be_visible()
    page.goto("/incidents/")
    for one in (incident, other):
        expect(row_of(page, one)).to_contain_text("In progress")


def test_alerts_open_and_preferences_are_saved(incident: Incident, ana: User, plain: Page) -> None:
    page = plain
    page.goto(f"/incidents/{incident.pk}/alerts/")
    page.locator(".alert-line").first.click()
    page.get_by_role("link", name="Show what is known of it").first.click()
    expect(page.get_by_text("Why it is here:").first).to_be_visible()
    page.goto("/preferences/")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
