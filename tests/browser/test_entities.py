"""Finding an entity while typing, judging its scope, and what a classification would change, in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from entities.models import Entity
from entities.naming import page_of
from incidents import tasks
from incidents.models import Reassessment
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.conftest import alert, device, opened, user_entity

pytestmark = IN_THE_BROWSER


def test_an_entity_is_found_while_typing_and_its_timeline_narrowed(window_of: WindowOf, ana: User) -> None:
    first = opened(alert("1", title="First step", entities=(device("fin-ws-17"),), service_source="Firewall"))
    opened(alert("2", title="Second step", entities=(device("fin-ws-17"), user_entity("mia@corp.example"))))
    page = window_of(ana)
    page.goto("/entities/")
    expect(page.get_by_role("link", name="mia@corp.example")).to_be_visible()
    page.get_by_role("searchbox", name="Find an entity").press_sequentially("ws-17")
    expect(page.get_by_role("link", name="mia@corp.example")).to_have_count(0)
    page.wait_for_url("**/entities/?q=ws-17")
    page.get_by_role("link", name="fin-ws-17").click()
    page.locator(".tabs-item", has_text="Timeline").click()
    page.get_by_label("Source").select_option("Firewall")
    expect(page.get_by_role("link", name="Second step", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="First step", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Second step", exact=True)).to_have_count(0)
    page.get_by_role("link", name=f"#{first.pk}").click()
    first.refresh_from_db()
    expect(page.get_by_role("heading", level=1)).to_have_text(first.name)


def test_a_classification_is_previewed_saved_and_carried_out(window_of: WindowOf, ada: User) -> None:
    found = opened(alert(entities=(device("plc-1"),)))
    page = window_of(ada)
    page.goto("/settings/critical-assets/")
    page.get_by_role("link", name="Add a classification").click()
    page.get_by_label("Name", exact=True).fill("Plant")
    page.get_by_role("textbox", name="Names").fill("plc-*")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("1 device matches; 1 open incident gets the tag")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Working out anew which assets are critical")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Working out anew which assets are critical")).to_be_visible()
    tasks.run_reassessment(str(Reassessment.objects.get().pk))
    expect(page.get_by_text("Last worked out")).to_be_visible()
    page.goto(page_of("device", Entity.objects.get(name="plc-1").pk))
    expect(page.get_by_text("High: Plant")).to_be_visible()
    assert list(found.tags.values_list("name", flat=True)) == ["Critical asset"]
