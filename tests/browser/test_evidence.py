"""Evidence in the browser: a verdict for many that meets another's, and indicators recognised in pasted text."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from alerts.changes import Judgement
from alerts.choices import Verdict
from alerts.models import Evidence
from entities import identity
from incidents.commands import judge_evidence
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, pane_of, toast
from tests.conftest import alert, device, opened

pytestmark = IN_THE_BROWSER


@pytest.fixture
def found(ana: User) -> Incident:
    return opened(
        alert("1", entities=(device("fin-ws-17"), identity.domain("evil.example"), identity.ip("203.0.113.7")))
    )


def evidence_of(window_of: WindowOf, person: User, incident: Incident) -> Page:
    page = window_of(person)
    page.goto(f"/incidents/{incident.pk}/evidence/")
    expect(page.locator("html[data-ready]")).to_be_attached()
    return page


def test_a_verdict_for_many_meets_anothers_and_both_have_their_say(
    found: Incident, ana: User, lee: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(409)
    page = evidence_of(window_of, ana, found)
    page.get_by_label("Select all shown").check()
    page.get_by_role("region", name="Selected").get_by_text("Set verdict").click()
    form = pane_of(page).locator("form.manage")
    form.get_by_label("Verdict").select_option("malicious")
    domain = Evidence.objects.get(entity__name="evil.example").entity_id
    judge_evidence(found, [domain], Judgement(Verdict.NO_THREATS_FOUND), actor=lee.as_actor())
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Keep theirs")).to_be_visible()
    expect(form).to_contain_text("Lee Park")
    form.get_by_role("button", name="Save").click()
    expect(toast(page, "Judged 1 piece of evidence")).to_be_visible()
    expect(page.locator(f'tr[data-id="{domain}"]')).to_contain_text("No threats found")
    expect(page.locator("#kind-ip")).to_contain_text("Malicious")
    expect(page.get_by_role("region", name="Selected")).to_be_hidden()


def test_what_is_recognised_in_pasted_text_is_added_as_chosen(found: Incident, ana: User, window_of: WindowOf) -> None:
    page = evidence_of(window_of, ana, found)
    page.get_by_role("link", name="Add evidence").click()
    form = pane_of(page).locator("form.manage")
    form.get_by_label("What was found").fill("hxxps://drop[.]example/a, 198[.]51[.]100[.]9 and evil[.]example")
    form.get_by_role("button", name="Recognise").click()
    boxes = form.get_by_role("group", name="Recognised").get_by_role("checkbox")
    expect(boxes).to_have_count(3)
    expect(boxes.nth(2)).to_be_disabled()
    boxes.nth(0).uncheck()
    form.get_by_label("Note").fill("From the proxy.")
    form.get_by_role("button", name="Add evidence").click()
    expect(toast(page, "Added 1 piece of evidence")).to_be_visible()
    row = page.locator("#kind-ip tr", has_text="198.51.100[.]9")
    expect(row).to_contain_text("Added by Ana Ruiz")
    expect(row.locator(".prose")).to_have_text("From the proxy.")
    row.get_by_role("button", name="Take out").click()
    expect(toast(page, "Took 1 piece of evidence out")).to_be_visible()
    expect(row).to_have_count(0)
