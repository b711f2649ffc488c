"""From an invitation to somebody who works here, through the pages; accessible, light and dark."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from tests.browser.conftest import NARROW, OpenWindow, WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.browser.test_accessibility import check
from tests.conftest import PASSWORD

pytestmark = IN_THE_BROWSER


def test_somebody_is_invited_comes_and_is_shut_out(
    ada: User, ana: User, window_of: WindowOf, open_window: OpenWindow
) -> None:
    findings: list[str] = []
    page = window_of(ada)
    page.goto("/settings/teams/new/")
    page.get_by_label("Name", exact=True).fill("Night watch")
    page.get_by_role("combobox", name="Members").fill("ana")
    page.get_by_role("option", name="Ana Ruiz").click()
    check(page, findings, "team")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="Night watch")).to_contain_text("Ana Ruiz")
    page.goto("/settings/people/")
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("Or a name for yourself").fill("Mia")
    page.get_by_label("Night watch").check()
    check(page, findings, "invite")
    page.get_by_role("button", name="Make the invitation").click()
    link = page.locator("[data-shown-once]").inner_text()
    check(page, findings, "invited")
    guest = open_window(viewport=NARROW, color_scheme="dark")
    guest.goto(link)
    check(guest, findings, "accept")
    guest.get_by_label("Name", exact=True).fill("Mia Chen")
    guest.get_by_label("Sign-in name").fill("mia")
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_label("The same once more").fill(PASSWORD)
    guest.get_by_role("button", name="Make my account").click()
    guest.get_by_label("Username or e-mail").fill("mia")
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Sign in").click()
    guest.wait_for_url("**/incidents/")
    guest.goto("/account/tokens/")
    guest.get_by_label("What it is for").fill("report")
    guest.get_by_label("Export what one sees").check()
    guest.get_by_role("button", name="Make the token").click()
    expect(guest.locator("[data-shown-once]")).to_contain_text("wf_")
    check(guest, findings, "tokens of one's own")
    page.goto("/settings/people/of/mia/")
    check(page, findings, "person")
    page.get_by_role("button", name="Deactivate").click()
    page.locator("#confirm").get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("Mia Chen is deactivated")).to_be_visible()
    guest.goto("/account/")
    guest.wait_for_url("**/sign-in/**")
    dark = window_of(ada, color_scheme="dark", viewport=NARROW)
    for address in ("/settings/people/?state=any", "/settings/roles/", "/settings/roles/of/lead/", "/account/"):
        dark.goto(address)
        check(dark, findings, f"dark {address}")
    assert findings == []
