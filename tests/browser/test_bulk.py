"""Many incidents at once, by mouse and by key: all that match, what would change, how far it is, and back again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from alerts.choices import Severity
from incidents import tasks
from incidents.models import BulkAct, Incident
from tests.browser.pages import IN_THE_BROWSER, save
from tests.incidents.rows import row, stored

pytestmark = IN_THE_BROWSER

MANY = 120


@pytest.fixture
def queue(ana: User, window_of: Any, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Ana before a queue of several pages; no worker runs yet."""
    monkeypatch.setattr("incidents.views.acts.announce", lambda act_id: None)
    stored(row(number, alerts_active=0, alerts_total=0) for number in range(MANY))
    page: Page = window_of(ana)
    page.goto("/incidents/")
    return page


def manage(page: Page) -> Any:
    page.get_by_role("button", name="Manage").click()
    form = page.locator("#pane form.manage")
    expect(form).to_be_visible()
    return form


def test_all_that_match_are_previewed_changed_and_taken_back(queue: Page) -> None:
    page = queue
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=f"Select all {MANY} that match").click()
    expect(page.locator("[data-bulk-count]")).to_have_text(f"All {MANY} that match")
    form = manage(page)
    expect(form).to_contain_text(f"Manage {MANY} incidents")
    form.get_by_label("Severity").select_option("low")
    expect(form.locator(".bulk-preview")).to_contain_text(f"{MANY} of {MANY} change")
    save(form)
    notice = page.locator("#toasts .act-progress")
    expect(notice).to_contain_text(f"0 of {MANY}")
    page.reload()
    expect(notice).to_contain_text(f"0 of {MANY}")
    page.goto("/incidents/acts/")
    expect(notice).to_be_visible()
    act = BulkAct.objects.get()
    tasks.run_bulk_act(str(act.pk))
    over = page.locator("#toasts [data-job-over]")
    expect(over).to_contain_text(f"{MANY} changed")
    assert Incident.objects.filter(severity=Severity.LOW).count() == MANY
    over.get_by_role("button", name="Undo").click()
    expect(notice).to_contain_text(f"Undo on {MANY} incidents")
    tasks.run_bulk_act(str(BulkAct.objects.get(undo_of=act).pk))
    expect(over).to_contain_text(f"{MANY} taken back")
    assert Incident.objects.filter(severity=Severity.MEDIUM).count() == MANY
    over.get_by_role("link", name="Details").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Undo on {MANY} incidents")
    expect(page.get_by_role("link", name=f"Changed {MANY}")).to_be_visible()


def test_a_few_are_chosen_across_pages_and_taken_back_by_a_key(queue: Page) -> None:
    page = queue
    boxes = page.locator("[data-select-row]")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**after=**")
    boxes.nth(0).check()
    expect(page.locator("[data-bulk-count]")).to_have_text("4")
    form = manage(page)
    expect(form).to_contain_text("Manage 4 incidents")
    form.get_by_label("Severity").select_option("high")
    expect(form.locator(".bulk-preview")).to_contain_text("4 of 4 change")
    save(form)
    expect(page.locator("#toasts")).to_contain_text("4 changed")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    assert Incident.objects.filter(severity=Severity.HIGH).count() == 4
    expect(page.locator("#toasts").get_by_role("link", name="Details")).to_be_visible()
    page.locator("tr[data-row]").first.focus()
    page.keyboard.press("u")
    expect(page.locator("#toasts")).to_contain_text("4 taken back")
    assert not Incident.objects.filter(severity=Severity.HIGH).exists()


def test_a_running_act_is_cancelled(queue: Page) -> None:
    page = queue
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=f"Select all {MANY} that match").click()
    form = manage(page)
    form.get_by_label("Severity").select_option("low")
    save(form)
    page.locator("#toasts .act-progress").get_by_role("button", name="Cancel").click()
    expect(page.locator("#toasts [data-job-over]")).to_contain_text(f"cancelled, {MANY} not reached")
    assert BulkAct.objects.get().state == "cancelled"
