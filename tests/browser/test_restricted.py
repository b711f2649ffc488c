"""A restricted incident in a real browser: closed to others, opened by break-glass, and closed again."""

from __future__ import annotations

import re

from django.db.models import F
from django.db.models.functions import Now
from playwright.sync_api import expect

from accounts.models import User
from incidents.models import BreakGlass, Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, choose, pane_of, row_of, toast
from tests.conftest import person

pytestmark = IN_THE_BROWSER


def test_it_is_closed_to_a_lead_who_breaks_the_glass(
    window_of: WindowOf, incident: Incident, lee: User, rio: User, refusals: set[int]
) -> None:
    refusals.add(404)
    lou = person("lou", "Lou Weber", "lead")
    page = window_of(lee)
    page.goto(f"/incidents/{incident.pk}/")
    page.locator("#incident-header summary", has_text="More").click()
    page.get_by_role("link", name="Restrict…").click()
    form = pane_of(page).locator("form.manage")
    choose(page, form, "Who may see it", "rio", "Rio Sato")
    form.get_by_label("Reason").fill("A colleague is concerned")
    form.get_by_role("button", name="Restrict").click()
    expect(toast(page, f"#{incident.pk} is restricted")).to_be_visible()
    expect(page.locator("#incident-header .restricted")).to_be_visible()

    other = window_of(lou)
    other.goto("/incidents/")
    expect(other.locator("#queue-count")).to_be_visible()
    expect(row_of(other, incident)).to_have_count(0)
    other.goto(f"/incidents/{incident.pk}/")
    other.get_by_role("link", name="break-glass").click()
    other.get_by_label("Incident number").fill(str(incident.pk))
    other.get_by_label("Reason").fill("Nobody answers, and it spreads")
    other.get_by_role("button", name="Break the glass").click()
    expect(other.get_by_text("You see this by break-glass")).to_be_visible()
    expect(other.get_by_text(re.compile(r"It ends in (59 min|1 h)"))).to_be_visible()

    # its time is over while the page is open: what was shown goes from the screen by itself
    BreakGlass.objects.update(asked_at=F("asked_at") - (F("ends_at") - Now()), ends_at=Now())
    other.evaluate("document.querySelector('[data-over]').dataset.over = new Date().toISOString()")
    expect(other.get_by_text("There is nothing here for you")).to_be_visible()
