"""A real browser on real pages: Chromium, the live server, PostgreSQL.

Whatever goes wrong in a window fails its test, looked at or not: errors of scripts, messages of the console, violations
of the content security policy, dialogs, requests that leave the portal, answers of 400 and above. A test that provokes
such an answer says so beforehand (`refusals.add(422)`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.conftest import PASSWORD

EXECUTABLES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
PATIENCE = 30_000
"""Milliseconds that an element may take to appear; waiting ends as soon as it does."""

OpenWindow = Callable[..., Page]
"""Opens a window of nobody; takes the options of Playwright's `new_context`."""
WindowOf = Callable[..., Page]
"""Opens a window of a person who has signed in."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for the whole folder; each window is a context of its own, with its own cookies."""
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        pytest.skip(f"NO BROWSER TESTS: none of {', '.join(EXECUTABLES)} is installed here")
    # Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *sandbox])
        expect.set_options(timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def refusals() -> set[int]:
    """The statuses of 400 and above that a test expects to be answered; 0 stands for no answer at all."""
    return set()


@pytest.fixture
def open_window(chromium: Browser, live_server: LiveServer, refusals: set[int]) -> Iterator[OpenWindow]:
    """Opens windows, watches them, closes them, and fails the test for what was seen."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(**options: Any) -> Page:
        context = chromium.new_context(
            **{"base_url": live_server.url, "viewport": WIDE, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        _watch(page, live_server.url, refusals, complaints)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints, "the browser complained:\n" + "\n".join(dict.fromkeys(complaints))


@pytest.fixture
def page(open_window: OpenWindow) -> Page:
    """A window of nobody yet."""
    return open_window()


@pytest.fixture
def window_of(open_window: OpenWindow, live_server: LiveServer) -> WindowOf:
    """Opens a window of a person who has signed in, at the queue. The sign-in page itself is tried where it is meant
    (`sign_in_at`): a hundred tests need not pass through it."""
    clients: dict[int, Client] = {}

    def opened(user: User, **options: Any) -> Page:
        if user.pk not in clients:
            clients[user.pk] = Client()
            clients[user.pk].force_login(user)
        page = open_window(**options)
        session = clients[user.pk].cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])
        page.goto("/incidents/")
        return page

    return opened


def sign_in_at(page: Page, user: User) -> None:
    """Through the sign-in page, as people do; ends on the queue."""
    page.goto("/sign-in/")
    page.get_by_label("Username or e-mail").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/incidents/")


def _watch(page: Page, origin: str, refusals: set[int], complaints: list[str]) -> None:
    """Write down everything that a window should never do."""

    def of_console(message: ConsoleMessage) -> None:
        # a refused request is told of by its response
        told = message.text.startswith(("Failed to load resource", "Response Status Error Code"))
        told |= 0 in refusals and message.text.startswith(("htmx:sendError", "htmx:afterRequest"))
        if message.type in ("error", "warning") and not told:
            complaints.append(f"console: {message.text}")

    def of_request(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "data:", "blob:")):
            complaints.append(f"request to elsewhere: {request.url}")

    def of_response(response: Response) -> None:
        if response.status >= 400 and response.status not in refusals:
            complaints.append(f"{response.status} for {response.request.method} {response.url}")

    def of_dialog(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => console.error("
        "`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"
    )
    page.on("console", of_console)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("request", of_request)
    page.on("response", of_response)
    page.on("dialog", of_dialog)
