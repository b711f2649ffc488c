"""From an alert to a tuning rule that catches the next one: tried, saved, and told of; accessible, light and dark."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from activity.actors import COMMAND_LINE
from alerts.models import Alert
from incidents.models import Incident
from ingest.commands import ingest
from tests.browser.conftest import NARROW, WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.browser.test_accessibility import check
from tests.conftest import alert, device

pytestmark = IN_THE_BROWSER


def test_alerts_like_one_are_tuned_from_its_page(lee: User, window_of: WindowOf) -> None:
    findings: list[str] = []
    ingest([alert("1", title="Scan", entities=(device("lab-1"),))], actor=COMMAND_LINE)
    page = window_of(lee)
    page.goto(f"/alerts/{Alert.objects.get().pk}/")
    page.locator("#alert-details summary", has_text="More").click()
    page.get_by_role("link", name="Tune alerts like this").click()
    page.get_by_label("Hide:").check()
    page.get_by_label("Reason").fill("Our own scanner.")
    page.get_by_label("Never expires").check()
    check(page, findings, "form")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".trial-answer")).to_contain_text("it would have caught 1")
    check(page, findings, "trial")
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_text("It has caught no alert")).to_be_visible()
    ingest([alert("2", title="Scan", entities=(device("lab-1"),))], actor=COMMAND_LINE)
    page.reload()
    expect(page.get_by_role("link", name="Scan", exact=True)).to_be_visible()
    assert Incident.objects.open().count() == 1
    dark = window_of(lee, color_scheme="dark", viewport=NARROW)
    for address in ("/settings/correlation/", "/settings/correlation/same_device/", "/settings/tuning/"):
        dark.goto(address)
        check(dark, findings, f"dark {address}")
    assert findings == []
