"""Tasks in a browser: a list written with Enter alone, ticked off by a key, and edited in its place."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from accounts.models import User
from incidents.commands import add_task
from incidents.models import Incident, Task
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, choose, open_pane, toast

pytestmark = IN_THE_BROWSER


def titles(page: Page) -> list[str]:
    return page.locator(".task-title").all_inner_texts()


def test_a_list_is_written_ticked_off_and_put_in_order_by_the_keyboard(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    page.goto(f"/incidents/{incident.pk}/tasks/")
    page.keyboard.press("n")
    for title in ("Isolate the host", "Call the owner", "Reimage"):
        page.keyboard.type(title)
        page.keyboard.press("Enter")
        expect(page.locator(".task-title", has_text=title)).to_be_visible()
        expect(page.locator("#new-task")).to_be_focused()
        expect(page.locator("#new-task")).to_have_value("")
    expect(page.get_by_role("link", name="Tasks 0 / 3")).to_be_visible()
    page.get_by_role("button", name="Move up: Reimage").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".task-title").nth(1)).to_have_text("Reimage")
    expect(page.get_by_role("button", name="Move up: Reimage")).to_be_focused()
    page.get_by_role("button", name="Complete: Isolate the host").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("link", name="Tasks 1 / 3")).to_be_visible()
    expect(page.get_by_role("button", name="Open again: Isolate the host")).to_be_focused()
    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("link", name="Tasks 0 / 3")).to_be_visible()
    expect(page.get_by_role("button", name="Complete: Isolate the host")).to_be_visible()


def test_a_task_is_edited_in_its_place_and_what_was_typed_survives_a_reload(
    incident: Incident, ana: User, lee: User, window_of: WindowOf
) -> None:
    task = add_task(incident, "Reimage", actor=lee.as_actor())
    add_task(incident, "Call the owner", actor=lee.as_actor())
    page = window_of(ana)
    page.goto(f"/incidents/{incident.pk}/tasks/")
    page.get_by_role("link", name="Edit: Reimage").click()
    form = page.locator("form.task-edit")
    form.get_by_label("Description").fill("From the **gold** image.")
    page.reload()
    page.get_by_role("link", name="Edit: Reimage").click()
    expect(form.get_by_label("Description")).to_have_value("From the **gold** image.")
    choose(page, form, "Assign to", "ana", "Ana Ruiz")
    form.get_by_role("button", name="Save").click()
    expect(page.locator(f"#task-{task.pk}")).to_contain_text("From the gold image.")
    expect(page.locator(f"#task-{task.pk}")).to_contain_text("Ana Ruiz")
    assert titles(page) == ["Reimage", "Call the owner"]
    page.goto("/incidents/")
    pane = open_pane(page, incident)
    pane.get_by_role("button", name="Complete: Reimage").click()
    expect(toast(page, "Completed: “Reimage”")).to_be_visible()
    expect(pane.get_by_role("button", name="Complete: Reimage")).to_have_count(0)
    assert not Task.objects.get(pk=task.pk).is_open
