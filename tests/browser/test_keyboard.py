"""Triage by keyboard: what the help dialog says, and nowhere that somebody is typing."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.commands import set_preferences
from accounts.models import User
from activity.models import Entry
from alerts.choices import Severity
from incidents.choices import IncidentStatus
from incidents.models import Incident
from tests.browser.conftest import NARROW, WindowOf
from tests.browser.pages import IN_THE_BROWSER, first, pane_of, row_of, toast
from tests.conftest import NOON, alert, device, opened

pytestmark = IN_THE_BROWSER


@pytest.fixture
def three(ana: User) -> list[Incident]:
    """Three incidents in the order of the queue."""
    return [
        opened(
            alert(name, title=name, severity=Severity.HIGH, at=NOON.replace(hour=hour), entities=(device(f"h{hour}"),))
        )
        for name, hour in (("First", 9), ("Second", 8), ("Third", 7))
    ]


def at_the_list(page: Page) -> Page:
    """The focus nowhere in particular, as after the page has been opened. Chromium drops the keys that are pressed
    before it has painted a page for the first time."""
    page.goto("/incidents/")
    page.evaluate("new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))")
    return page


def test_j_and_k_walk_the_rows_and_stop_at_the_ends(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = at_the_list(window_of(ana))
    for key, focused in (("j", 0), ("j", 1), ("k", 0), ("k", 0), ("j", 1), ("j", 2), ("j", 2), ("ArrowUp", 1)):
        page.keyboard.press(key)
        expect(row_of(page, three[focused])).to_be_focused()
    expect(pane_of(page)).to_be_hidden()


def test_enter_opens_the_pane_j_takes_it_along_and_escape_gives_the_focus_back(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    title = pane_of(page).get_by_role("heading", level=2)
    expect(title).to_have_text(three[0].name)
    page.keyboard.press("j")
    expect(title).to_have_text(three[1].name)
    assert f"open={three[1].pk}" in page.url
    expect(page.locator("#live")).to_have_text(f"Details: {three[1].name}")
    page.keyboard.press("Escape")
    expect(pane_of(page)).to_be_hidden()
    expect(row_of(page, three[1])).to_be_focused()
    assert "open=" not in page.url


def test_an_address_with_an_open_row_can_be_walked_on_from_there(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    page.goto(f"/incidents/?open={three[1].pk}")
    title = pane_of(page).get_by_role("heading", level=2)
    expect(title).to_have_text(three[1].name)
    page.keyboard.press("j")
    expect(title).to_have_text(three[2].name)


def test_x_selects_m_manages_them_and_escape_clears(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = at_the_list(window_of(ana))
    for key in ("j", "x", "j", "j", "X"):
        page.keyboard.press(key)
    bar = page.get_by_role("region", name="Selected")
    expect(bar).to_contain_text("3 selected")
    page.keyboard.press("m")
    expect(page.locator("#pane form.manage")).to_contain_text("Manage 3 incidents")
    page.keyboard.press("Escape")
    expect(pane_of(page)).to_be_hidden()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(row_of(page, three[0]).get_by_role("checkbox")).not_to_be_checked()


def test_m_opens_the_manage_form_of_the_row_in_hand(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.get_by_label("Incident name")).to_have_value(three[1].name)


def test_i_takes_the_row_in_hand(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("i")
    expect(toast(page, f"#{three[0].pk} is yours")).to_be_visible()
    expect(row_of(page, three[0])).to_contain_text("Ana Ruiz")
    three[0].refresh_from_db()
    assert three[0].assignee_user == ana


def test_a_key_pressed_while_the_next_row_is_loading_waits_for_that_row(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(three[0].name)
    held: list[Route] = []
    page.route(f"**/incidents/{three[1].pk}/details/", lambda route: held.append(route))
    page.keyboard.press("j")
    expect(pane_of(page)).to_have_attribute("aria-busy", "true")
    page.keyboard.press("i")
    first(held, page).continue_()
    expect(toast(page, f"#{three[1].pk} is yours")).to_be_visible()
    expect(pane_of(page)).not_to_have_attribute("aria-busy", "true")
    for incident, assignee in zip(three, (None, ana, None), strict=True):
        incident.refresh_from_db()
        assert incident.assignee_user == assignee


def test_the_focus_stays_on_its_row_when_the_list_is_refreshed(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("i")
    expect(row_of(page, three[1])).to_contain_text("Ana Ruiz")
    expect(row_of(page, three[1])).to_be_focused()
    page.keyboard.press("j")
    expect(row_of(page, three[2])).to_be_focused()


def test_slash_goes_to_the_search_and_keys_typed_there_are_text(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("/")
    search = page.get_by_role("combobox", name="Search incidents")
    expect(search).to_be_focused()
    page.keyboard.type("jxmi?")
    expect(search).to_have_value("jxmi?")
    expect(pane_of(page)).to_be_hidden()
    expect(page.locator("#keyboard-help")).to_be_hidden()
    expect(page.get_by_role("region", name="Selected")).to_be_hidden()


def test_keys_do_nothing_while_a_comment_is_typed_and_control_enter_saves(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("m")
    comment = page.locator("#pane").get_by_label("Comment")
    comment.click()
    page.keyboard.type("jk xi /?")
    expect(comment).to_have_value("jk xi /?")
    page.keyboard.press("Control+Enter")
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(three[0].name)
    expect(pane_of(page)).to_contain_text("jk xi /?")


def test_the_help_dialog_lists_the_keys_of_a_row_before_one_is_in_hand(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("?")
    for text in ("Assign to me", "Tags", "Resolve"):
        expect(page.locator("dialog[open]").get_by_text(text, exact=True)).to_be_visible()


def test_the_help_dialog_lists_the_keys_of_the_page_and_holds_them_back(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(three[0].name)
    page.wait_for_function(
        "!document.querySelector('#pane').matches('.htmx-request, .htmx-settling, [aria-busy=true]')"
    )
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    for words, key in (
        ("Next row", "j"),
        ("Previous row", "k"),
        ("Open details", "Enter"),
        ("Select row", "x"),
        ("Manage, all fields", "m"),
        ("Assign to me", "i"),
        ("Leave form, close details, clear selection", "Esc"),
        ("Show the keys", "?"),
    ):
        line = dialog.get_by_role("listitem").filter(has_text=words).first
        expect(line.locator("kbd").first).to_have_text(key)
    page.keyboard.press("j")
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(three[0].name)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(pane_of(page)).to_be_visible()


def test_shortcuts_can_be_switched_off(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    set_preferences(ana, {"has_shortcuts": False}, actor=ana.as_actor())
    page = at_the_list(window_of(ana))
    for key in ("j", "x", "m", "?", "/"):
        page.keyboard.press(key)
    expect(page.locator("tr[data-row]:focus")).to_have_count(0)
    expect(page.get_by_role("region", name="Selected")).to_be_hidden()
    expect(pane_of(page)).to_be_hidden()
    expect(page.locator("#keyboard-help")).to_be_hidden()
    expect(page.get_by_role("combobox", name="Search incidents")).not_to_be_focused()


def test_m_and_c_work_on_the_incident_page(incident: Incident, ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    page.goto(f"/incidents/{incident.pk}/")
    page.keyboard.press("m")
    expect(page.get_by_label("Incident name")).to_have_value(incident.name)
    page.keyboard.press("Escape")
    expect(pane_of(page)).to_be_hidden()
    page.keyboard.press("i")
    expect(page.locator("#incident-header")).to_contain_text("Ana Ruiz")


def test_tab_reaches_skip_link_first_and_it_leads_to_the_content(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def field_in_focus(page: Page) -> str:
    """The name of the field that has the focus."""
    return str(
        page.evaluate(
            "document.activeElement.name || document.activeElement.closest('[data-combobox]')?.dataset.name || ''"
        )
    )


@pytest.mark.parametrize(
    ("key", "name"),
    [("a", "assignee"), ("t", "tags"), ("s", "status"), ("e", "classification"), ("c", "comment"),
     ("r", "resolution_note"), ("m", "name")],
)  # fmt: skip
def test_each_key_opens_its_field_and_escape_returns_to_the_row(
    key: str, name: str, three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press(key)
    expect(page.locator("form.manage :focus")).to_have_count(1)
    assert field_in_focus(page) == name
    expect(page.locator("#pane form.manage")).to_have_attribute("action", f"/incidents/{three[1].pk}/manage/")
    if key == "r":
        expect(page.get_by_label("Status", exact=True)).to_have_value("resolved")
    page.keyboard.press("Escape")
    expect(pane_of(page)).to_be_hidden()
    expect(row_of(page, three[1])).to_be_focused()


def test_what_is_typed_before_the_form_has_come_is_text_in_its_field(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    held: list[Route] = []
    page.route("**/manage/", lambda route: held.append(route))
    page.keyboard.press("c")
    page.keyboard.type("xi jk?")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("malware")
    first(held, page).continue_()
    expect(page.locator("#pane").get_by_label("Comment")).to_have_value("xi jk?")
    expect(page.locator("#pane").get_by_label("Classification")).to_have_value("true_positive/malware")
    expect(page.get_by_role("region", name="Selected")).to_be_hidden()


def test_with_rows_selected_the_keys_are_about_all_of_them(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    for key in ("j", "J", "t"):
        page.keyboard.press(key)
    form = page.locator("#pane form.manage")
    expect(form).to_contain_text("Manage 2 incidents")
    expect(page.locator("form.manage :focus")).to_have_count(1)
    assert field_in_focus(page) == "add_tags"
    page.keyboard.press("Escape")
    expect(pane_of(page)).to_be_hidden()
    expect(page.get_by_role("region", name="Selected")).to_contain_text("2 selected")


def test_enter_chooses_enter_saves_and_the_focus_is_on_the_row_again(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.keyboard.type("ana")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Assign to", exact=True)).to_have_value("Ana Ruiz")
    page.keyboard.press("Enter")
    expect(row_of(page, three[0])).to_contain_text("Ana Ruiz")
    expect(row_of(page, three[0])).to_be_focused()
    page.keyboard.press("s")
    page.keyboard.type("i")
    page.keyboard.press("Enter")
    expect(row_of(page, three[0])).to_contain_text("In progress")
    expect(row_of(page, three[0])).to_be_focused()


def test_keys_of_an_input_method_are_its_own(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = at_the_list(window_of(ana))
    for more in ("isComposing: true", "keyCode: 229"):
        page.evaluate(
            f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'j', bubbles: true, {more} }}))"
        )
    expect(page.locator("tr[data-row]:focus")).to_have_count(0)


def test_without_single_keys_a_row_is_still_walked_opened_and_managed(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    set_preferences(ana, {"has_shortcuts": False}, actor=ana.as_actor())
    page = at_the_list(window_of(ana))
    row_of(page, three[0]).focus()
    page.keyboard.press("ArrowDown")
    expect(row_of(page, three[1])).to_be_focused()
    page.keyboard.press(" ")
    expect(page.get_by_role("region", name="Selected")).to_contain_text("1 selected")
    page.keyboard.press(" ")
    page.keyboard.press("Enter")
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(three[1].name)
    expect(pane_of(page)).not_to_have_attribute("aria-busy", "true")
    page.keyboard.press("Enter")
    expect(pane_of(page).get_by_role("heading", level=2).get_by_role("link")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row_of(page, three[1])).to_be_focused()


def test_back_twice_quickly_shows_the_rows_of_the_address(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    page.goto("/incidents/?q=First")
    for words, incident in (("Second", three[1]), ("Third", three[2])):
        search = page.get_by_role("combobox", name="Search incidents")
        search.fill(words)
        search.press("Enter")
        expect(row_of(page, incident)).to_be_visible()
    page.evaluate("history.back(); setTimeout(() => history.back(), 60)")
    page.wait_for_url("**/incidents/?q=First")
    expect(row_of(page, three[0])).to_be_visible()
    expect(row_of(page, three[1])).to_have_count(0)
    expect(row_of(page, three[2])).to_have_count(0)
    page.go_forward()
    expect(row_of(page, three[1])).to_be_visible()
    expect(row_of(page, three[0])).to_have_count(0)


def test_twenty_incidents_are_cleared_by_keyboard_alone(ana: User, window_of: WindowOf) -> None:
    """Open, read, assign, tag, classify, comment, resolve, next: seven keys and the text for each. In the lists one
    letter is enough: browsers forget the letters before when a busy machine makes them wait."""
    for number in range(20):
        name = f"host-{number:02}"
        at = NOON.replace(hour=11, minute=59 - number)
        opened(alert(name, title=f"Beacon on {name}", severity=Severity.HIGH, at=at, entities=(device(name),)))
    page = at_the_list(window_of(ana))
    pressed = 0

    def press(key: str) -> None:
        nonlocal pressed
        pressed += 1
        page.keyboard.press(key)

    started = time.monotonic()
    press("j")
    press("Enter")
    for incident in Incident.objects.order_by("pk"):
        expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(incident.name)
        expect(row_of(page, incident)).to_be_focused()
        press("t")
        page.keyboard.type("beacons")
        press("Tab")
        page.keyboard.type("ana")
        press("Tab")
        page.keyboard.type("r")
        press("Tab")
        page.keyboard.type("Blocked.")
        press("Tab")
        page.keyboard.type("p")
        press("Tab")
        page.keyboard.type(f"Clean {incident.pk}")
        press("Control+Enter")
    expect(page.locator("tr[data-row]")).to_have_count(0)
    took = time.monotonic() - started
    assert took < 120, "it hangs somewhere"
    assert (pressed - 2) / 20 <= 8
    for incident in Incident.objects.prefetch_related("tags"):
        assert (incident.status, incident.assignee_user, incident.resolution_note) == (
            IncidentStatus.RESOLVED,
            ana,
            "Blocked.",
        )
        assert (incident.classification, incident.determination) == ("true_positive", "phishing")
        assert [tag.name for tag in incident.tags.all() if tag.kind == "custom"] == ["beacons"]
        comment = Entry.objects.of_incident(incident.pk).comments().get()
        assert comment.body is not None
        assert comment.body.text == f"Clean {incident.pk}"


def resolve_in_hand(page: Page) -> None:
    """Resolve the row in hand by keys alone."""
    page.keyboard.press("r")
    page.keyboard.type("Blocked.")
    page.keyboard.press("Tab")
    page.keyboard.type("p")
    page.keyboard.press("Control+Enter")


def test_a_resolved_row_that_stays_in_the_list_is_left_for_the_next_one_and_u_takes_it_back(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    page.goto("/incidents/?status=any")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    title = pane_of(page).get_by_role("heading", level=2)
    expect(title).to_have_text(three[0].name)
    resolve_in_hand(page)
    expect(title).to_have_text(three[1].name)
    expect(row_of(page, three[0])).to_contain_text("Resolved")
    expect(row_of(page, three[1])).to_be_focused()
    page.keyboard.press("u")
    expect(row_of(page, three[0])).to_contain_text("Active")
    expect(row_of(page, three[1])).to_be_focused()
    three[0].refresh_from_db()
    assert three[0].status == IncidentStatus.ACTIVE


def test_after_the_last_row_was_resolved_the_focus_is_on_the_one_in_its_place(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    for key in ("j", "j", "j", "Enter"):
        page.keyboard.press(key)
    resolve_in_hand(page)
    expect(row_of(page, three[2])).to_have_count(0)
    expect(row_of(page, three[1])).to_be_focused()
    expect(pane_of(page)).to_contain_text("Blocked.")


def test_escape_closes_menu_then_form_then_pane_then_selection(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    for key in ("j", "x", "Enter"):
        page.keyboard.press(key)
    pane, bar = pane_of(page), page.get_by_role("region", name="Selected")
    expect(pane.get_by_role("heading", level=2)).to_have_text(three[0].name)
    more = pane.locator("details[data-menu]", has=page.get_by_text("More", exact=True))
    more.locator("summary").click()
    expect(more).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(more).not_to_have_attribute("open", "")
    page.keyboard.press("c")
    form = page.locator("#pane form.manage")
    expect(form.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(pane.get_by_role("heading", level=2)).to_have_text(three[0].name)
    expect(row_of(page, three[0])).to_be_focused()
    page.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    expect(bar).to_contain_text("1 selected")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(row_of(page, three[0])).to_be_focused()


def test_a_long_press_selects_a_row_on_a_touch_screen(three: list[Incident], ana: User, window_of: WindowOf) -> None:
    page = window_of(ana, viewport=NARROW, has_touch=True)
    row = row_of(page, three[1])
    box = row.bounding_box()
    assert box
    touch = {"pointerType": "touch", "bubbles": True, "clientX": box["x"] + 9, "clientY": box["y"] + 9}
    row.dispatch_event("pointerdown", touch)
    expect(page.get_by_role("region", name="Selected")).to_contain_text("1 selected")
    row.dispatch_event("pointerup", touch)
    row.dispatch_event("click", {"bubbles": True})
    expect(row.get_by_role("checkbox")).to_be_checked()
    expect(pane_of(page)).to_be_hidden()
    row.locator(".cell-time").first.tap()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(three[1].name)
    page.keyboard.press("Escape")
    expect(row).to_be_focused()


def test_tab_goes_from_the_row_in_hand_past_the_other_rows_into_the_pane(
    three: list[Incident], ana: User, window_of: WindowOf
) -> None:
    page = at_the_list(window_of(ana))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(three[0].name)
    for _ in range(12):
        page.keyboard.press("Tab")
        inside = page.locator("#pane :focus").count() > 0
        if inside:
            break
        for other in three[1:]:
            expect(row_of(page, other).locator(":focus")).to_have_count(0)
    assert inside


def test_after_the_last_row_of_a_page_the_one_that_comes_up_from_the_next_page_is_in_front(
    ana: User, window_of: WindowOf
) -> None:
    opened(*(alert(f"{n}", title=f"Beacon {n}", at=NOON.replace(minute=59 - n), severity=Severity.HIGH,
                   entities=(device(f"host-{n:02}"),)) for n in range(52)))  # fmt: skip
    page = at_the_list(window_of(ana))
    expect(page.locator("tr[data-row]")).to_have_count(50)
    last, next_one = Incident.objects.order_by("-last_activity", "-pk")[49:51]
    row_of(page, last).locator(".cell-time").first.click()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(last.name)
    resolve_in_hand(page)
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(next_one.name)
    expect(row_of(page, next_one)).to_be_focused()
