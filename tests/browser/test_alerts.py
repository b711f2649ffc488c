"""Triage of alerts: the keys, the pane and the selection of the incident queue, on the list of alerts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from alerts.choices import AlertStatus, Severity
from alerts.models import Alert
from incidents import tasks
from incidents.models import BulkAct, Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, pane_of, toast
from tests.conftest import NOON, alert, device, opened

pytestmark = IN_THE_BROWSER


@pytest.fixture
def three(ana: User) -> list[Alert]:
    """Three alerts of two incidents in the order of the list."""
    opened(
        alert("a", title="Beacon", severity=Severity.HIGH, at=NOON.replace(hour=11), entities=(device("h1"),)),
        alert("b", title="Encoded command", at=NOON.replace(hour=10), entities=(device("h1"),)),
    )
    opened(alert("c", title="Password spray", at=NOON.replace(hour=9), entities=(device("h2"),)))
    return list(Alert.objects.order_by("external_id"))


def row_of(page: Page, one: Alert) -> Locator:
    return page.locator(f'tr[data-row][data-id="{one.pk}"]')


def title_of(page: Page) -> Locator:
    return pane_of(page).get_by_role("heading", level=2)


def test_alerts_are_cleared_by_keyboard_alone(three: list[Alert], ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/alerts/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(title_of(page)).to_have_text("Beacon")
    page.keyboard.press("i")
    expect(toast(page, "The alert is yours")).to_be_visible()
    page.keyboard.press("r")
    status = page.locator("#pane").get_by_label("Status")
    expect(status).to_have_value("resolved")
    page.keyboard.press("Control+Enter")
    expect(toast(page, "Saved the alert")).to_be_visible()
    expect(row_of(page, three[0])).to_have_count(0)
    expect(title_of(page)).to_have_text("Encoded command")
    page.keyboard.press("r")
    expect(page.locator("#pane form.manage")).to_contain_text("Encoded command")
    expect(status).to_have_value("resolved")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("is resolved: none of its alerts is active")
    incident = Incident.objects.get(pk=three[0].incident_id)
    assert (incident.alerts_active, incident.is_open) == (0, False)
    assert Alert.objects.get(pk=three[0].pk).assignee_user == ana


def test_several_are_ticked_and_managed_at_once(three: list[Alert], ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    page.goto("/alerts/")
    for key in ("j", "x", "j", "j", "X"):
        page.keyboard.press(key)
    expect(page.get_by_role("region", name="Selected")).to_contain_text("3 selected")
    page.keyboard.press("s")
    form = page.locator("#pane form.manage")
    expect(form).to_contain_text("Manage 3 alerts")
    form.get_by_label("Status").select_option("in_progress")
    page.keyboard.press("Control+Enter")
    expect(toast(page, "Saved 3 alerts")).to_be_visible()
    expect(pane_of(page)).to_be_hidden()
    assert set(Alert.objects.values_list("status", flat=True)) == {AlertStatus.IN_PROGRESS}


def test_a_filter_is_added_by_typing_and_an_alert_that_arrives_is_offered(
    three: list[Alert], ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    page.goto("/alerts/?status=new")
    page.keyboard.press("f")
    page.get_by_role("combobox", name="Filter by").fill("sever")
    page.keyboard.press("Enter")
    page.locator("[data-filter-editor]").get_by_label("Low").uncheck()
    expect(page.locator("#filter-bar")).to_contain_text("Medium, High")
    expect(page.locator("[data-new-bar]")).to_have_attribute("href", re.compile("severity=high"))
    page.keyboard.press("Escape")
    opened(alert("d", title="Late one", severity=Severity.HIGH, entities=(device("h9"),)))
    bar = page.locator("[data-new-bar]")
    expect(bar).to_have_text("1 new alert, show", use_inner_text=True)
    bar.click()
    expect(page.locator("tr[data-row]")).to_have_count(4)


def test_all_that_match_are_changed_as_one_act_and_taken_back(
    ana: User, window_of: WindowOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.views.acts.announce", lambda act_id: None)
    many = 102
    opened(*(alert(str(each), title=f"Beacon {each}", entities=(device("h1"),)) for each in range(many)))
    page = window_of(ana)
    page.goto("/alerts/")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=f"Select all {many} that match").click()
    expect(page.locator("[data-bulk-count]")).to_have_text(f"All {many} that match")
    page.get_by_role("button", name="Manage").click()
    form = page.locator("#pane form.manage")
    expect(form).to_contain_text(f"Manage {many} alerts")
    form.get_by_label("Status").select_option("in_progress")
    expect(form.locator(".bulk-preview")).to_contain_text(f"{many} of {many} change")
    form.get_by_role("button", name="Save").click()
    notice = page.locator("#toasts .act-progress")
    expect(notice).to_contain_text(f"0 of {many}")
    page.reload()
    expect(notice).to_contain_text(f"0 of {many}")
    tasks.run_bulk_act(str(BulkAct.objects.get().pk))
    over = page.locator("#toasts [data-job-over]")
    expect(over).to_contain_text(f"Change of {many} alerts: {many} changed")
    assert not Alert.objects.exclude(status=AlertStatus.IN_PROGRESS).exists()
    over.get_by_role("button", name="Undo").click()
    expect(toast(page, "Undo on 1 incident: 1 taken back")).to_be_visible()
    assert not Alert.objects.exclude(status=AlertStatus.NEW).exists()
