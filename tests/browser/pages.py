"""How a person finds their way on the pages, for the tests of this folder."""

from __future__ import annotations

import time
from typing import TypeVar

import pytest
from playwright.sync_api import Locator, Page, expect

from incidents.models import Incident

IN_THE_BROWSER = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
]
"""Marks of every file here: what the browser's requests shall see has to be committed."""


Event = TypeVar("Event")
PATIENCE = 30
"""Seconds that something of the browser's is waited for, as `expect` does."""


def row_of(page: Page, incident: Incident) -> Locator:
    """The incident's row in the queue."""
    return page.locator(f'tr[data-row][data-id="{incident.pk}"]')


def shown(page: Page) -> list[int]:
    """The numbers of the rows, from the top."""
    return [int(row.get_attribute("data-id") or 0) for row in page.locator("tr[data-row]").all()]


def pane_of(page: Page) -> Locator:
    return page.locator("#pane")


def open_pane(page: Page, incident: Incident) -> Locator:
    """Click on a row beside its link; the details pane."""
    row_of(page, incident).locator(".cell-time").click()
    pane = pane_of(page)
    expect(pane.get_by_role("heading", level=2)).to_have_text(incident.name)
    return pane


def open_manage(page: Page, incident: Incident) -> Locator:
    """From the row to the form of the Manage pane."""
    open_pane(page, incident).get_by_role("link", name="Manage incident").click()
    form = page.locator("#pane form.manage")
    expect(form).to_be_visible()
    return form


def choose(page: Page, form: Locator, label: str, text: str, option: str) -> None:
    """Type into a type-ahead field and take the option with this text."""
    field = form.get_by_role("combobox", name=label, exact=True)
    field.fill(text)
    page.get_by_role("option", name=option).click()


def save(form: Locator) -> None:
    form.get_by_role("button", name="Save").click()


def toast(page: Page, text: str) -> Locator:
    return page.locator("#toasts").get_by_text(text)


def first(events: list[Event], page: Page) -> Event:
    """The first that a listener or a route puts there, however long the browser takes to come to it."""
    until = time.monotonic() + PATIENCE
    while not events:
        assert time.monotonic() < until, f"it never came; the page shows {page.locator('main').aria_snapshot()}"
        page.title()  # lets the events of the browser in
    return events.pop(0)
