"""A passkey in a real browser: the authenticator is Chromium's own virtual one (WebAuthn by CDP)."""

from __future__ import annotations

import re
from typing import Any

from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from activity.models import Entry
from tests.browser.conftest import OpenWindow, sign_in_at
from tests.browser.pages import IN_THE_BROWSER

pytestmark = IN_THE_BROWSER


def with_authenticator(page: Page) -> Any:
    """Give the window a device that holds passkeys and always finds that it is the right person."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def test_a_passkey_is_added_and_opens_the_door_alone_or_as_second_step(
    open_window: OpenWindow, live_server: LiveServer, ana: User, refusals: set[int]
) -> None:
    # a passkey belongs to a name, and an address of numbers is none
    page = open_window(base_url=live_server.url.replace("127.0.0.1", "localhost"))
    session, authenticator = with_authenticator(page)
    sign_in_at(page, ana)
    page.goto("/account/security/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert len(re.findall(r"^\d{8}\r?$", download.value.path().read_text(), re.MULTILINE)) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("listitem").filter(has_text="Work laptop")).to_be_visible()

    def leave() -> None:
        page.goto("/sign-out/")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in/")

    leave()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/incidents/")
    assert Entry.objects.filter(verb="session.started").latest("pk").facts["by"] == ["passkey"]

    leave()
    page.get_by_label("Username or e-mail").fill("ana")
    page.get_by_label("Password").fill("correct-horse-battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/incidents/")
    assert Entry.objects.filter(verb="session.started").latest("pk").facts["by"] == ["password", "passkey"]

    # a device that does not know the person, and one whose key is not known here any more
    leave()
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was chosen")
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    Authenticator.objects.filter(type="webauthn").delete()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("This is not right")).to_be_visible()
