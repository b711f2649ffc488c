"""Taking an incident out as PDF, as a person does: asked for, told of wherever they are by then, downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from activity.models import Entry
from exports import tasks
from exports.commands import claim, give_up, hold_on
from exports.models import IncidentExport
from exports.rendering import missing_for_pdf
from incidents.models import Incident
from tests.browser.pages import IN_THE_BROWSER, open_pane

pytestmark = [*IN_THE_BROWSER, pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf())]


@pytest.fixture
def page(ana: User, incident: Incident, window_of: Any, settings: Any, tmp_path: Path, monkeypatch: Any) -> Page:
    """Ana before the incident; no worker runs yet."""
    settings.EXPORTS_FOLDER = tmp_path / "exports"
    monkeypatch.setattr("exports.views.exports.announce", lambda export_id: None)
    window: Page = window_of(ana)
    window.goto(f"/incidents/{incident.pk}/")
    return window


def dialog(page: Page) -> Any:
    """From the menu More to the choices."""
    page.locator("details[data-menu] > summary", has_text="More").click()
    page.get_by_role("link", name="Export incident as PDF").click()
    form = page.locator("form.export")
    expect(form.get_by_role("checkbox", name="Overview")).to_be_checked()
    return form


def test_it_is_asked_for_told_of_elsewhere_and_downloaded(page: Page, incident: Incident) -> None:
    dialog(page).get_by_role("button", name="Export PDF").click()
    state = page.locator("#export-state")
    expect(state).to_contain_text("queued")
    expect(page.locator("form.export")).to_be_hidden()
    page.reload()
    expect(state).to_contain_text("queued")
    page.goto("/alerts/")
    tasks.make_export(str(IncidentExport.objects.get().pk))
    notice = page.locator("#toasts [data-job-over]")
    expect(notice).to_contain_text(f"PDF report of #{incident.pk} is ready")
    with page.expect_download() as download:
        notice.get_by_role("link", name="Download").click()
    file = Path(download.value.path()).read_bytes()
    assert file.startswith(b"%PDF-")
    assert download.value.suggested_filename.startswith(f"incident-{incident.pk}-")
    assert Entry.objects.filter(verb="export.downloaded").count() == 1
    page.goto(f"/incidents/{incident.pk}/")
    expect(state.get_by_role("link", name="Download")).to_be_visible()
    state.get_by_role("button", name="Put away").click()
    expect(state).to_be_empty()


def test_progress_failure_and_another_try_are_shown_as_they_come(page: Page, incident: Incident) -> None:
    form = dialog(page)
    form.get_by_role("checkbox", name="Activity log").uncheck()
    form.get_by_label("Marking").select_option("red")
    form.get_by_role("button", name="Export PDF").click()
    state = page.locator("#export-state")
    expect(state).to_contain_text("queued")
    taken = claim(IncidentExport.objects.get().pk)
    assert taken is not None
    hold_on(taken, 42)
    expect(state).to_contain_text("preparing, 42 %")
    give_up(taken, "The report took longer than 300 s.")
    expect(state).to_contain_text("failed: The report took longer than 300 s.")
    state.get_by_role("button", name="Retry").click()
    expect(state).to_contain_text("queued")
    again = IncidentExport.objects.exclude(pk=taken.pk).get()
    assert again.options == taken.options
    taken = claim(again.pk)
    assert taken is not None
    give_up(taken, "It cannot be made.")
    expect(state).to_contain_text("failed: It cannot be made.")
    expect(page.locator("#toasts [data-job-over]")).to_have_count(2)


def test_the_dialog_says_what_is_at_hand_as_choices_change(page: Page, incident: Incident) -> None:
    dialog(page).get_by_role("button", name="Export PDF").click()
    expect(page.locator("#export-state")).to_contain_text("queued")
    tasks.make_export(str(IncidentExport.objects.get().pk))
    expect(page.locator("#export-state")).to_contain_text("is ready")
    form = dialog(page)
    expect(form.locator("#at-hand")).to_contain_text("made a moment ago")
    form.get_by_role("checkbox", name="Tasks").uncheck()
    expect(form.locator("#at-hand")).to_be_empty()
    form.get_by_role("checkbox", name="Tasks").check()
    form.get_by_role("button", name="Make a new one").click()
    expect(page.locator("#export-state")).to_contain_text("queued")
    tasks.make_export(str(IncidentExport.objects.latest("created_at").pk))
    expect(page.locator("#export-state")).to_contain_text("is ready")
    assert IncidentExport.objects.count() == 2


def test_it_is_asked_for_from_the_pane_beside_the_queue(page: Page, incident: Incident) -> None:
    page.goto("/incidents/")
    open_pane(page, incident)
    page.locator("#pane details[data-menu] > summary", has_text="More").click()
    page.locator("#pane").get_by_role("link", name="Export incident as PDF").click()
    page.locator("form.export").get_by_role("button", name="Export PDF").click()
    expect(page.locator("#toasts")).to_contain_text("is being made")
    export = IncidentExport.objects.get()
    assert export.incident == incident
    tasks.make_export(str(export.pk))
    expect(page.locator("#toasts [data-job-over]")).to_contain_text("is ready")
