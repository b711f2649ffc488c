"""Resolving in the pane: the note is asked for, the classification once, the alerts follow."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from alerts.choices import AlertStatus
from incidents.choices import IncidentStatus
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, open_manage, pane_of, row_of, save, toast

pytestmark = IN_THE_BROWSER

NOTE = "Reimaged the workstation; keys are rotated."


def test_it_asks_for_the_note_then_once_for_a_classification_and_then_resolves(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(422)
    page = window_of(ana)
    form = open_manage(page, incident)
    note = form.get_by_label("Resolution note")
    expect(note).to_be_hidden()
    form.get_by_label("Status").select_option("resolved")
    expect(note).to_be_visible()
    save(form)

    field = form.locator(".resolution-field")
    expect(field).to_contain_text("Say how it was resolved")
    expect(note).to_have_attribute("aria-invalid", "true")
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.ACTIVE

    note.fill(NOTE)
    save(form)
    expect(form).to_contain_text("Resolve without a classification?")
    expect(note).to_have_value(NOTE)

    save(form)
    expect(toast(page, f"Saved #{incident.pk}")).to_be_visible()
    expect(pane_of(page)).to_contain_text("Resolution note")
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.RESOLVED


def test_the_note_stands_in_pane_page_and_log_and_the_alerts_are_resolved(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    form = open_manage(page, incident)
    form.get_by_label("Status").select_option("resolved")
    form.get_by_label("Resolution note").fill(NOTE)
    form.get_by_label("Classification").select_option("true_positive/malware")
    save(form)

    expect(row_of(page, incident)).to_have_count(0)
    pane = pane_of(page)
    for text in (NOTE, "Ana Ruiz", "Resolved", "True positive, malware", "0 active of 2"):
        expect(pane).to_contain_text(text)

    page.goto(f"/incidents/{incident.pk}/")
    expect(page.locator("#incident-facts")).to_contain_text(NOTE)
    page.get_by_role("link", name="Alerts 2").click()
    expect(page.locator(".alert-item")).to_have_count(2)
    for alert in page.locator(".alert-item").all():
        expect(alert.locator(".alert-status")).to_have_text("Resolved")
    page.get_by_role("link", name="Activity", exact=True).click()
    log = page.locator("#stream")
    for text in (NOTE, "Encoded command", "Shadow copies deleted"):
        expect(log).to_contain_text(text)
    assert set(incident.alerts.values_list("status", flat=True)) == {AlertStatus.RESOLVED}


def test_a_resolved_incident_can_be_taken_up_again(incident: Incident, ana: User, window_of: WindowOf) -> None:
    from incidents.commands import resolve

    resolve(incident, actor=ana.as_actor(), note=NOTE)
    page = window_of(ana)
    page.goto(f"/incidents/{incident.pk}/")
    page.get_by_role("link", name="Manage incident").click()
    form = page.locator("#pane form.manage")
    expect(form.get_by_label("Resolution note")).to_have_value(NOTE)
    form.get_by_label("Status").select_option("active")
    save(form)
    expect(page.locator("#incident-header")).to_contain_text("Active")
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.ACTIVE
