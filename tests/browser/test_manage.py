"""The Manage pane: one incident, several at once, and two people at the same field."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import Team, User
from activity.models import Entry
from alerts.choices import Severity
from incidents.choices import IncidentStatus
from incidents.commands import change_tags, rename, set_severity
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, choose, open_manage, open_pane, pane_of, row_of, save, toast
from tests.conftest import alert, device, opened

pytestmark = IN_THE_BROWSER


def stay_here(page: Page) -> None:
    """Mark the document, so that a reload shows."""
    page.evaluate("window.notReloaded = true")


def is_still_here(page: Page) -> bool:
    return bool(page.evaluate("window.notReloaded === true"))


def custom_tags(incident: Incident) -> set[str]:
    return set(incident.tags.values_list("name", flat=True))


def test_every_field_is_saved_and_shown_without_a_reload(
    incident: Incident, ana: User, tier2: Team, window_of: WindowOf
) -> None:
    page = window_of(ana)
    stay_here(page)
    form = open_manage(page, incident)
    form.get_by_label("Incident name").fill("Ransomware on FIN-WS-17")
    form.get_by_label("Severity").select_option("medium")
    form.get_by_role("combobox", name="Tags").fill("Night shift")
    page.get_by_role("option", name="Night shift (Create new)").click()
    choose(page, form, "Assign to", "tie", "Tier 2")
    form.get_by_label("Status").select_option("in_progress")
    form.get_by_label("Comment").fill("Isolated the **device**.")
    save(form)

    expect(toast(page, f"Saved #{incident.pk}")).to_be_visible()
    row = row_of(page, incident)
    for text in ("Ransomware on FIN-WS-17", "Night shift", "Tier 2", "In progress"):
        expect(row).to_contain_text(text)
    expect(row.get_by_title("Medium").or_(row.get_by_text("Medium"))).not_to_have_count(0)
    pane = pane_of(page)
    expect(pane.get_by_role("heading", level=2)).to_have_text("Ransomware on FIN-WS-17")
    for text in ("Night shift", "Tier 2", "In progress", "Isolated the device."):
        expect(pane).to_contain_text(text)
    assert is_still_here(page)

    incident.refresh_from_db()
    assert (incident.name, incident.severity) == ("Ransomware on FIN-WS-17", Severity.MEDIUM)
    assert (incident.assignee_team, incident.status) == (tier2, IncidentStatus.IN_PROGRESS)
    assert custom_tags(incident) == {"Night shift"}


def test_a_row_that_no_longer_fits_the_list_leaves_it_and_the_count(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    opened(alert("other", title="Beacon", severity=Severity.HIGH, entities=(device("web-02"),)))
    page = window_of(ana)
    stay_here(page)
    page.get_by_role("link", name="Incidents").first.click()
    page.goto("/incidents/?status=active")
    stay_here(page)
    expect(page.locator("#queue-count")).to_have_text("2")
    form = open_manage(page, incident)
    form.get_by_label("Status").select_option("in_progress")
    save(form)
    expect(row_of(page, incident)).to_have_count(0)
    expect(page.locator("#queue-count")).to_have_text("1")
    expect(pane_of(page)).to_contain_text("In progress")
    assert is_still_here(page)


def test_several_checked_rows_change_together(incident: Incident, ana: User, rio: User, window_of: WindowOf) -> None:
    second = opened(alert("other", title="Beacon", severity=Severity.HIGH, entities=(device("web-02"),)))
    third = opened(alert("left alone", title="Port scan", severity=Severity.LOW, entities=(device("web-03"),)))
    change_tags(incident, add=["Stale"], actor=ana.as_actor())
    page = window_of(ana)
    stay_here(page)
    for one in (incident, second):
        row_of(page, one).get_by_role("checkbox").check()
    bar = page.get_by_role("region", name="Selected")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_text("Manage").click()

    form = page.locator("#pane form.manage")
    expect(form).to_contain_text("Manage 2 incidents")
    form.get_by_label("Severity").select_option("high")
    form.get_by_role("combobox", name="Add tags").fill("Campaign 7")
    page.get_by_role("option", name="Campaign 7 (Create new)").click()
    choose(page, form, "Remove tags", "sta", "Stale")
    choose(page, form, "Assign to", "rio", "Rio Sato")
    form.get_by_label("Status").select_option("in_progress")
    form.get_by_label("Comment").fill("One campaign.")
    save(form)

    expect(toast(page, "Change of 2 incidents: 2 changed")).to_be_visible()
    expect(pane_of(page)).to_be_hidden()
    for one in (incident, second):
        row = row_of(page, one)
        for text in ("Campaign 7", "Rio Sato", "In progress"):
            expect(row).to_contain_text(text)
        expect(row).not_to_contain_text("Stale")
        assert Entry.objects.filter(incident=one, verb="comment.added").count() == 1
    expect(row_of(page, third)).not_to_contain_text("Campaign 7")
    assert is_still_here(page)


def stale_form(page: Page, incident: Incident, rio: User) -> Locator:
    """Ana has the form open and means to change name, severity and a comment; Rio renames and tags meanwhile."""
    form = open_manage(page, incident)
    rename(incident, "Rio's name", actor=rio.as_actor())
    change_tags(incident, add=["rio was here"], actor=rio.as_actor())
    form.get_by_label("Incident name").fill("Ana's name")
    form.get_by_label("Severity").select_option("low")
    form.get_by_label("Comment").fill("A long comment, typed with care.")
    save(form)
    conflict = form.get_by_role("alert")
    expect(conflict).to_contain_text("Rio Sato changed the same field")
    expect(conflict).to_contain_text("Rio's name")
    expect(conflict).to_contain_text("Ana's name")
    return form


@pytest.mark.parametrize(
    ("choice", "kept"), [("Use yours", "Ana's name"), ("Keep theirs", "Rio's name")], ids=["yours", "theirs"]
)
def test_a_stale_save_shows_both_values_and_keeps_the_chosen_one(
    choice: str, kept: str, incident: Incident, ana: User, rio: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(409)
    page = window_of(ana)
    form = stale_form(page, incident, rio)
    incident.refresh_from_db()
    assert incident.name == "Rio's name"
    assert incident.severity == Severity.HIGH, "nothing is saved before the person has chosen"

    form.get_by_role("radio", name=choice).check()
    save(form)
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(kept)
    expect(pane_of(page)).to_contain_text("A long comment, typed with care.")
    incident.refresh_from_db()
    assert incident.name == kept
    assert incident.severity == Severity.LOW
    assert custom_tags(incident) == {"rio was here"}, "what Rio changed elsewhere stands"
    assert Entry.objects.filter(incident=incident, verb="comment.added").count() == 1


def test_changes_to_different_fields_both_land(incident: Incident, ana: User, rio: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    form = open_manage(page, incident)
    set_severity(incident, Severity.LOW, actor=rio.as_actor())
    form.get_by_label("Incident name").fill("Ana's name")
    save(form)
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text("Ana's name")
    incident.refresh_from_db()
    assert (incident.name, incident.severity) == ("Ana's name", Severity.LOW)


def test_a_comment_survives_a_save_that_fails(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(500)
    page = window_of(ana)
    form = open_manage(page, incident)
    form.get_by_label("Comment").fill("Forty minutes of notes.")
    page.route(
        "**/manage/", lambda route: route.fulfill(status=500, content_type="text/plain", body="Nothing was saved.")
    )
    save(form)
    expect(form.get_by_text("Nothing was saved.")).to_be_visible()
    expect(form.get_by_label("Comment")).to_have_value("Forty minutes of notes.")

    page.unroute("**/manage/")
    page.reload()
    form = page.locator("#pane form.manage")
    expect(form.get_by_label("Comment")).to_have_value("Forty minutes of notes.")
    save(form)
    expect(pane_of(page)).to_contain_text("Forty minutes of notes.")
    form = open_manage_again(page)
    expect(form.get_by_label("Comment")).to_have_value("")


def open_manage_again(page: Page) -> Locator:
    """From the pane that the address keeps open."""
    pane_of(page).get_by_role("link", name="Manage incident").click()
    form = page.locator("#pane form.manage")
    expect(form).to_be_visible()
    return form


def test_a_refused_field_says_so_where_it_stands(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(422)
    page = window_of(ana)
    form = open_manage(page, incident)
    form.get_by_role("combobox", name="Tags").fill("x" * 120)
    form.get_by_label("Comment").fill("Still here.")
    save(form)
    expect(form.locator(".field-error, .notice-error").filter(visible=True)).to_have_count(1)
    expect(form.get_by_label("Comment")).to_have_value("Still here.")


def test_cancel_leaves_everything_as_it_was(incident: Incident, ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    form = open_manage(page, incident)
    form.get_by_label("Incident name").fill("Never saved")
    form.get_by_role("link", name="Cancel").click()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(incident.name)
    name = incident.name
    incident.refresh_from_db()
    assert incident.name == name


def test_a_reader_sees_the_pane_but_cannot_manage(incident: Incident, vic: User, window_of: WindowOf) -> None:
    page = window_of(vic)
    pane = open_pane(page, incident)
    expect(pane.get_by_role("link", name="Manage incident")).to_have_count(0)
    expect(pane.get_by_role("button", name="Assign to me")).to_have_count(0)
    expect(row_of(page, incident).get_by_role("checkbox")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.locator("form.manage")).to_have_count(0)
