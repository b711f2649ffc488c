"""Merging in a real browser: from the queue, with mouse and keyboard, and what its people see afterwards."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from incidents.commands import assign, merge
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, pane_of, row_of, toast
from tests.conftest import alert, device, opened

pytestmark = IN_THE_BROWSER


def test_two_of_the_queue_become_one(window_of: WindowOf, ana: User, lee: User) -> None:
    first, second, third = (opened(alert(name, entities=(device(name),), title=name.title())) for name in "abc")
    assign(first, ana, actor=lee.as_actor())
    assign(third, lee, actor=lee.as_actor())
    page = window_of(lee)
    for each in (first, second):
        row_of(page, each).locator("input[data-select-row]").click()
    page.get_by_role("button", name="Merge").click()
    pane = pane_of(page)
    expect(pane.get_by_text(f"1 come to the 1 of #{first.pk}")).to_be_visible()

    # by keyboard: another one is added, what differs is chosen, the reason is said and sent
    add = pane.get_by_role("combobox", name="Add an incident")
    add.focus()
    page.keyboard.type(str(third.pk))
    expect(page.get_by_role("option", name=f"#{third.pk} C")).to_be_visible()
    page.keyboard.press("Enter")
    expect(pane.get_by_text("Assigned to differs")).to_be_visible()
    choice = pane.get_by_label("Assigned to", exact=True)
    choice.focus()
    choice.select_option("lee")
    expect(pane.get_by_text("Before they can be merged")).to_have_count(0)
    pane.get_by_label("Reason").focus()
    page.keyboard.type("One intruder.")
    page.keyboard.press("Control+Enter")

    expect(toast(page, f"2 incidents merged into #{first.pk}")).to_be_visible()
    expect(row_of(page, second)).to_have_count(0)
    expect(row_of(page, first)).to_be_visible()
    assert set(Incident.objects.filter(redirected_to=first).values_list("pk", flat=True)) == {second.pk, third.pk}
    page.goto(f"/incidents/{second.pk}/")
    page.wait_for_url(f"**/incidents/{first.pk}/")
    expect(page.get_by_role("heading", name="Merged incidents")).to_be_visible()


def test_an_alert_is_split_off_and_a_merge_is_taken_back(window_of: WindowOf, lee: User) -> None:
    first = opened(*(alert(name, entities=(device("a"),), title=name.title()) for name in ("mail", "macro")))
    second = opened(alert("beacon", entities=(device("b"),), title="Beacon"))
    merge(first, [second], actor=lee.as_actor(), reason="One intruder.")
    page = window_of(lee)
    page.goto(f"/incidents/{first.pk}/activity/")
    expect(page.get_by_text(f"merged from #{second.pk}").first).to_be_visible()
    page.get_by_role("button", name=f"Un-merge #{second.pk}").click()
    expect(toast(page, f"#{second.pk} is an incident of its own again")).to_be_visible()
    expect(page.get_by_role("heading", name="Merged incidents")).to_have_count(0)

    page.goto(f"/alerts/?incident={first.pk}")
    page.get_by_role("checkbox", name="Select Macro").click()
    page.get_by_role("button", name="Move").click()
    pane = pane_of(page)
    pane.get_by_label("To a new incident").check()
    pane.get_by_label("Comment").fill("Another intruder.")
    pane.get_by_role("button", name="Move").click()
    expect(toast(page, "1 alert moved to #")).to_be_visible()
    assert Incident.objects.get(pk=first.pk).alerts_total == 1
