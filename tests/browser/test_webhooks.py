"""A webhook from the first form to a message that failed and is sent again; accessible, light and dark, wide and
narrow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from activity.actors import SYSTEM
from incidents.commands import add_comment, resolve
from incidents.models import Incident
from tests.browser.conftest import NARROW, WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.browser.test_accessibility import check
from tests.webhooks.receivers import Receiver, receiver
from tests.webhooks.subscribed import send, subscribed
from webhooks.commands import stop_subscription
from webhooks.models import Delivery, Subscription

pytestmark = IN_THE_BROWSER

PICTURES = os.environ.get("PICTURES")
"""A folder for pictures of what is checked, for whoever wants to look."""


@pytest.fixture
def flaky(settings: Any) -> Iterator[Receiver]:
    """A receiver in the house that fails twice, then takes everything."""
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, (ip_network("127.0.0.0/8"),)
    with receiver(500, 500, 200) as found:
        yield found


def look_at(page: Page, findings: list[str], name: str) -> None:
    check(page, findings, name)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name.replace(' ', '-')}.png", full_page=True)


def test_from_the_form_to_a_message_that_is_sent_again(
    ada: User, ana: User, incident: Incident, flaky: Receiver, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(422)
    findings: list[str] = []
    page = window_of(ada)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Webhooks").click()
    look_at(page, findings, "none")
    page.get_by_role("link", name="Add a webhook").click()
    page.get_by_label("Name", exact=True).fill("SOAR")
    page.get_by_label("Address").fill("https://10.0.0.5/hook")
    page.get_by_label("Status and resolution").check()
    page.get_by_label("Comments", exact=True).check()
    page.get_by_label("Of which incidents").fill("/incidents/?severity=hihg")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("did you mean “high”")
    page.get_by_label("Of which incidents").fill("/incidents/?severity=high")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("1 incident matches now")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field-error")).to_contain_text("a private network")
    look_at(page, findings, "form refused")
    page.get_by_label("Address").fill(flaky.url)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".webhook-secret code")).to_contain_text("whsec_")
    look_at(page, findings, "made")
    page.reload()
    expect(page.locator(".webhook-secret")).to_have_count(0)
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("It has not been tried yet")).to_be_visible()
    send()
    expect(page.locator("#message")).to_contain_text("It answered 500.")
    look_at(page, findings, "message waiting")
    Delivery.objects.update(begun_at="2026-01-01T00:00Z", due_at="2026-01-01T00:00Z")
    send()
    expect(page.locator("#message")).to_contain_text("Given up")
    page.get_by_role("button", name="Send again").click()
    send()
    expect(page.locator("#message")).to_contain_text("The receiver has it")
    look_at(page, findings, "message delivered")
    add_comment(incident, "Seen before.", actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="Done.")
    send()
    page.goto(f"/settings/webhooks/{Subscription.objects.get().pk}/")
    page.get_by_role("link", name="Delivered").first.click()
    expect(page.get_by_role("link", name="Resolved", exact=True)).to_be_visible()
    look_at(page, findings, "messages")
    assert len({each.id for each in flaky.heard[:3]}) == 1
    assert findings == []


def test_how_they_stand_in_the_dark_and_on_a_phone(
    ada: User, ana: User, incident: Incident, flaky: Receiver, window_of: WindowOf
) -> None:
    findings: list[str] = []
    subscribed(ada, flaky.url, name="Chat of the night shift", query="severity=high&status=any&severity=medium")
    stopped = subscribed(ada, name="Old SOAR")
    resolve(incident, actor=ana.as_actor(), note="Done.")
    send()
    stop_subscription(stopped, "nothing could be delivered for 3 days; the last time: It answered 502.", actor=SYSTEM)
    failing = Delivery.objects.exclude(problem="").order_by("pk")[0]
    window = {"color_scheme": "dark", "viewport": NARROW}
    for look, page in (("dark narrow", window_of(ada, **window)), ("light wide", window_of(ada))):
        for name, path in (
            ("list", ""),
            ("form", f"{failing.subscription_id}/edit/"),
            ("one", f"{failing.subscription_id}/"),
            ("stopped", f"{stopped.pk}/"),
            ("message", f"{failing.subscription_id}/{failing.key}/"),
        ):
            page.goto(f"/settings/webhooks/{path}")
            look_at(page, findings, f"{look} {name}")
    assert findings == []
