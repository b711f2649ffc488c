"""An archive of another Watchfloor is tried and imported, as a person does it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from incidents.commands import add_comment, assign
from incidents.models import Incident
from tests.browser.conftest import OpenWindow, WindowOf, sign_in_at
from tests.browser.pages import IN_THE_BROWSER, first
from tests.browser.test_accessibility import LOOKS, check
from tests.conftest import alert, device, opened
from tests.exports.archives import archive_of, cast, empty

pytestmark = IN_THE_BROWSER


@pytest.fixture
def archive(transactional_db: None, settings: Any, tmp_path: Path) -> Path:
    """Of an incident of Ana's, who is not here any more."""
    settings.ATTACHMENTS_FOLDER = tmp_path / "attachments"
    people = cast()
    incident = opened(alert("1", title="Encoded command", entities=(device("fin-ws-17"),)))
    assign(incident, people["ana"], actor=people["lee"].as_actor())
    add_comment(incident, "Seen before.", actor=people["ana"].as_actor())
    path = archive_of(incident, None, tmp_path / "wave.zip")
    empty()
    return path


def at_the_page(page: Page) -> Page:
    """From the list of exports to the form."""
    page.goto("/exports/")
    page.get_by_role("link", name="Import an incident").click()
    expect(page.get_by_label("Archive")).to_be_visible()
    return page


def test_an_archive_is_tried_and_then_imported(archive: Path, ada: User, window_of: WindowOf) -> None:
    page = at_the_page(window_of(ada))
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_role("button", name="Try it").click()
    told = page.locator("#import")
    expect(told).to_contain_text("“wave.zip” can be imported")
    expect(told).to_contain_text("Not here: Ana Ruiz (ana), assignee.")
    expect(page.locator("#live")).to_contain_text("can be imported")
    expect(page.get_by_role("button", name="Try it")).to_be_focused()
    assert not Incident.objects.exists()
    # the file is still chosen
    page.get_by_role("button", name="Import").click()
    expect(told).to_contain_text("Not all of it is as it was there.")
    incident = Incident.objects.get()
    page.get_by_role("link", name="Open the incident").click()
    page.wait_for_url(f"**/incidents/{incident.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(incident.name)


def test_one_that_comes_as_it_was_leads_to_its_incident(archive: Path, window_of: WindowOf) -> None:
    page = at_the_page(window_of(cast()["ada"]))
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/incidents/*/")
    expect(page.locator("#toasts")).to_contain_text(f"as #{Incident.objects.get().pk}")


def test_a_refusal_stands_at_the_field_and_goes_with_another_file(
    archive: Path, ada: User, window_of: WindowOf, refusals: set[int], tmp_path: Path
) -> None:
    refusals.add(422)
    page = at_the_page(window_of(ada))
    (tmp_path / "holiday.zip").write_bytes(b"no archive")
    page.get_by_label("Archive").set_input_files(tmp_path / "holiday.zip")
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".field-error")).to_contain_text("This is no archive of Watchfloor")
    expect(page.get_by_label("Archive")).to_have_accessible_description(re.compile("This is no archive"))
    expect(page.locator("#live")).to_contain_text("This is no archive")
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#import")).to_contain_text("“wave.zip” can be imported")
    expect(page.locator(".field-error")).to_have_count(0)


def test_the_button_is_busy_until_the_answer_is_there(archive: Path, ada: User, window_of: WindowOf) -> None:
    page = at_the_page(window_of(ada))
    held: list[Route] = []
    page.route("**/exports/import/", lambda route: held.append(route))
    page.evaluate(
        "document.addEventListener('htmx:configRequest', ({ detail }) => (window.patience = detail.timeout / 60_000))"
    )
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("button", name="Try it")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("button", name="Import")).not_to_have_attribute("aria-busy", "true")
    assert page.evaluate("window.patience") == 60
    first(held, page).continue_()
    expect(page.locator("#import")).to_contain_text("can be imported")
    expect(page.get_by_role("button", name="Try it")).not_to_have_attribute("aria-busy", "true")


def test_one_that_is_too_large_is_not_even_sent(archive: Path, ada: User, window_of: WindowOf, settings: Any) -> None:
    settings.ARCHIVE_BYTES = 1024
    page = at_the_page(window_of(ada))
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_role("button", name="Import").click()
    problem = page.get_by_label("Archive").evaluate("(field) => field.validationMessage")
    assert problem.startswith("It is larger than 0 MB")
    expect(page.locator(".field-error")).to_have_count(0)
    assert not Incident.objects.exists()


def test_it_works_without_script(archive: Path, ada: User, open_window: OpenWindow) -> None:
    page = open_window(java_script_enabled=False)
    sign_in_at(page, ada)
    at_the_page(page)
    for button in ("Try it", "Import"):
        page.get_by_label("Archive").set_input_files(archive)
        page.get_by_role("button", name=button).click()
        expect(page.locator("#import")).to_contain_text("Not here: Ana Ruiz (ana), assignee.")
    page.get_by_role("link", name="Open the incident").click()
    page.wait_for_url(f"**/incidents/{Incident.objects.get().pk}/")


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_the_page_has_no_finding_in_its_states(
    theme: str,
    size: dict[str, int],
    archive: Path,
    ada: User,
    window_of: WindowOf,
    refusals: set[int],
) -> None:
    refusals.add(422)
    findings: list[str] = []
    page = at_the_page(window_of(ada, viewport=size, color_scheme=theme))
    field = page.get_by_label("Archive")
    field.set_input_files({"name": "x.zip", "mimeType": "application/zip", "buffer": b"no archive"})
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".field-error")).to_be_visible()
    check(page, findings, "refused")
    field.set_input_files(archive)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="Not as it was there")).to_be_visible()
    check(page, findings, "tried")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("link", name="Open the incident")).to_be_focused()
    check(page, findings, "imported")
    assert not findings, "\n".join(findings)
