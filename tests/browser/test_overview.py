"""The overview in a browser: the summary leads to its evidence, similar incidents come by themselves, one click
classifies like them and can be taken back."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from accounts.models import User
from alerts.choices import Classification, Determination, Verdict
from entities import identity
from incidents.changes import Changes
from incidents.choices import IncidentStatus
from incidents.commands import apply_changes
from tests.browser.conftest import NARROW, WindowOf
from tests.browser.pages import IN_THE_BROWSER, toast
from tests.browser.test_accessibility import check
from tests.conftest import NOON, alert, device, opened

pytestmark = IN_THE_BROWSER


def test_from_the_summary_to_its_evidence_and_a_classification(ana: User, window_of: WindowOf) -> None:
    loader = identity.file(name="loader.dll", hashes=["a" * 64])
    closed = opened(
        alert("old", title="Loader ran", entities=(device("ws-2"), loader), verdict=Verdict.MALICIOUS,
              at=NOON - timedelta(days=60))
    )  # fmt: skip
    apply_changes(
        closed,
        Changes(
            status=IncidentStatus.RESOLVED,
            resolution_note="Cleaned.",
            classification=Classification.TRUE_POSITIVE,
            determination=Determination.MALWARE,
        ),
        actor=ana.as_actor(),
    )
    incident = opened(
        alert("1", title="Loader ran", entities=(device("ws-1"), loader), verdict=Verdict.MALICIOUS),
        alert("2", title="Beacon", entities=(device("ws-1"),), at=NOON + timedelta(hours=1)),
    )
    findings: list[str] = []
    page = window_of(ana, viewport=NARROW)
    page.goto(f"/incidents/{incident.pk}/")
    similar = page.locator("#similar-few")
    expect(similar.get_by_role("link", name=f"#{closed.pk}")).to_be_visible()
    check(page, findings, "overview with similar incidents")
    similar.get_by_role("button", name="Classify as true positive, malware").click()
    expect(page.locator("#incident-facts").get_by_text("True positive, malware")).to_be_visible()
    expect(similar.get_by_text("as this one is")).to_be_visible()
    toast(page, "classified").locator("xpath=..").get_by_role("button", name="Undo").click()
    expect(similar.get_by_role("button", name="Classify as true positive, malware")).to_be_visible()
    page.locator("#what-happened").get_by_role("link", name="Loader ran").click()
    expect(page.locator(".alert-reason")).to_contain_text("It opened this incident.")
    page.goto(f"/incidents/{incident.pk}/similar/")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport()
    check(page, findings, "similar incidents")
    assert not findings, "\n".join(findings)
