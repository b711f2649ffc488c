"""What somebody has typed is there until it is saved or thrown away: over reloads, other rows and pages, an ended
sign-in, an unreachable server; and nobody else sees it."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from activity.models import Entry
from alerts.choices import Severity
from incidents.commands import rename, resolve
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, choose, open_manage, open_pane, pane_of, row_of, save, toast
from tests.conftest import PASSWORD, alert, device, opened

pytestmark = IN_THE_BROWSER

COMMENT = "Forty minutes of notes.\nSecond line: <b>ünïcode</b> 🦊"


def form_in(page: Page) -> Locator:
    return page.locator("#pane form.manage")


def type_everything(page: Page, incident: Incident) -> None:
    """Change every kind of field without saving."""
    form = open_manage(page, incident)
    form.get_by_label("Incident name").fill("Ana's name")
    form.get_by_label("Severity").select_option("low")
    form.get_by_role("combobox", name="Tags").fill("Night shift")
    page.get_by_role("option", name="Night shift (Create new)").click()
    choose(page, form, "Assign to", "ana", "Ana Ruiz")
    form.get_by_label("Comment").fill(COMMENT)


def expect_everything(form: Locator) -> None:
    expect(form.get_by_label("Incident name")).to_have_value("Ana's name")
    expect(form.get_by_label("Severity")).to_have_value("low")
    expect(form.locator('[name="tags"]:checked')).to_have_value("Night shift")
    expect(form.get_by_role("combobox", name="Assign to", exact=True)).to_have_value("Ana Ruiz")
    expect(form.get_by_label("Comment")).to_have_value(COMMENT)
    expect(form.get_by_text("Your changes are back")).to_be_visible()


def expect_saved(page: Page, incident: Incident, ana: User) -> None:
    save(form_in(page))
    expect(toast(page, f"Saved #{incident.pk}")).to_be_visible()
    incident.refresh_from_db()
    assert (incident.name, incident.severity, incident.assignee_user) == ("Ana's name", Severity.LOW, ana)
    assert list(incident.tags.values_list("name", flat=True)) == ["Night shift"]
    assert Entry.objects.comments().get().body.text == COMMENT  # type: ignore[union-attr]


def test_unsaved_changes_survive_reload_other_rows_and_other_pages(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    other = opened(alert("other", title="Beacon", severity=Severity.HIGH, entities=(device("web-02"),)))
    page = window_of(ana)
    type_everything(page, incident)
    page.reload()
    expect_everything(form_in(page))

    open_pane(page, other)
    expect(toast(page, "What you had not saved is kept")).to_be_visible()
    open_pane(page, incident)
    notice = pane_of(page).locator("[data-draft-notice]")
    expect(notice).to_contain_text("Unsaved changes")
    notice.get_by_role("link", name="Go on").click()
    expect_everything(form_in(page))

    page.goto(f"/incidents/{other.pk}/")
    page.go_back()
    expect_everything(form_in(page))
    expect_saved(page, incident, ana)
    expect(notice).to_be_hidden()
    page.reload()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text("Ana's name")
    expect(notice).to_be_hidden()


def test_after_an_ended_sign_in_the_same_person_goes_on_and_saves_at_once(
    incident: Incident, ana: User, rio: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(401)
    page = window_of(ana)
    type_everything(page, incident)
    Session.objects.all().delete()
    save(form_in(page))
    page.wait_for_url("**/sign-in/**")

    sign_in(page, rio)
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(incident.name)
    expect(pane_of(page).locator("[data-draft-notice]")).to_be_hidden()
    form = open_manage_here(page)
    expect(form.get_by_label("Comment")).to_have_value("")
    expect(form.get_by_label("Incident name")).to_have_value(incident.name)
    assert Entry.objects.comments().count() == 0

    Session.objects.all().delete()
    page.reload()
    sign_in(page, ana)
    expect_everything(form_in(page))
    expect_saved(page, incident, ana)


def sign_in(page: Page, user: User) -> None:
    page.get_by_label("Username or e-mail").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/incidents/?open=*")


def open_manage_here(page: Page) -> Locator:
    pane_of(page).get_by_role("link", name="Manage incident").click()
    form = form_in(page)
    expect(form).to_be_visible()
    return form


def test_a_comment_on_the_activity_page_survives_an_ended_sign_in_and_is_one_comment(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.update((401, 422))  # the second press may find the box empty already
    page = window_of(ana)
    page.goto(f"/incidents/{incident.pk}/activity/")
    page.get_by_label("Comment").fill(COMMENT)
    Session.objects.all().delete()
    page.get_by_label("Comment").press("Control+Enter")
    page.wait_for_url("**/sign-in/**")
    page.get_by_label("Username or e-mail").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/incidents/{incident.pk}/activity/")
    box = page.get_by_label("Comment")
    expect(box).to_have_value(COMMENT)
    box.press("Control+Enter")
    box.press("Control+Enter")
    expect(page.get_by_label("Comment")).to_have_value("")
    expect(page.locator("#stream")).to_contain_text("Forty minutes of notes.")
    assert Entry.objects.comments().count() == 1


def test_a_sign_in_in_another_tab_costs_nothing(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    """The form's token is of the sign-in before: the page is loaded anew, and what was typed is there."""
    refusals.add(403)
    page = window_of(ana)
    type_everything(page, incident)
    Session.objects.all().delete()
    tab = page.context.new_page()
    tab.goto("/incidents/?open=1")
    sign_in(tab, ana)
    tab.close()
    save(form_in(page))
    expect_everything(form_in(page))
    expect_saved(page, incident, ana)


def test_an_unreachable_server_is_told_at_the_form_and_try_again_saves_once(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(0)
    page = window_of(ana)
    type_everything(page, incident)
    # the save arrives, its answer does not
    page.route("**/manage/", lambda route: (route.fetch(), route.abort()))
    save(form_in(page))
    form = form_in(page)
    expect(form.get_by_text("The server cannot be reached")).to_be_visible()
    expect(form.get_by_label("Comment")).to_have_value(COMMENT)
    page.unroute("**/manage/")
    form.get_by_role("button", name="Try again").click()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text("Ana's name")
    incident.refresh_from_db()
    assert incident.name == "Ana's name"
    assert Entry.objects.comments().count() == 1
    assert Entry.objects.filter(verb="incident.renamed").count() == 1


def test_a_failure_is_told_at_the_form_in_the_servers_words_with_its_request(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("the connection is lost") from psycopg.OperationalError("the connection is lost")

    refusals.add(503)
    page = window_of(ana)
    form = open_manage(page, incident)
    form.get_by_label("Comment").fill(COMMENT)
    monkeypatch.setattr("incidents.views.manage.apply_changes", away)
    save(form)
    told = form.get_by_text("Its database cannot be reached. What you sent was not saved.")
    expect(told).to_contain_text(re.compile(r"\(Request [0-9a-f]{16}\)"))
    monkeypatch.undo()
    form.get_by_role("button", name="Try again").click()
    expect(toast(page, f"Saved #{incident.pk}")).to_be_visible()
    assert Entry.objects.comments().count() == 1


def test_cancel_throws_away_and_offers_back_and_escape_keeps(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    type_everything(page, incident)
    page.keyboard.press("Escape")
    notice = pane_of(page).locator("[data-draft-notice]")
    expect(notice).to_contain_text("Unsaved changes")
    expect(row_of(page, incident)).to_be_focused()
    notice.get_by_role("link", name="Go on").click()
    expect_everything(form_in(page))
    form_in(page).get_by_role("link", name="Cancel").click()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(incident.name)
    expect(notice).to_be_hidden()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect_everything(form_in(page))
    form_in(page).get_by_role("link", name="Cancel").click()
    page.reload()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(incident.name)
    expect(notice).to_be_hidden()


def test_drafts_older_than_14_days_go(incident: Incident, ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    type_everything(page, incident)
    page.evaluate(
        """() => { for (const place of Object.keys(localStorage)) {
            const draft = JSON.parse(localStorage.getItem(place));
            localStorage.setItem(place, JSON.stringify({ ...draft, at: draft.at - 14.1 * 86400000 }));
        } }"""
    )
    page.reload()
    expect(pane_of(page).get_by_role("heading", level=2)).to_have_text(incident.name)
    expect(pane_of(page).locator("[data-draft-notice]")).to_be_hidden()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length") == 0


def test_a_draft_taken_up_later_still_meets_what_others_changed(
    incident: Incident, ana: User, rio: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(409)
    page = window_of(ana)
    type_everything(page, incident)
    rename(incident, "Rio's name", actor=rio.as_actor())
    page.reload()
    expect_everything(form_in(page))
    save(form_in(page))
    conflict = form_in(page).get_by_role("alert")
    for text in ("Rio Sato changed the same field", "Rio's name", "Ana's name"):
        expect(conflict).to_contain_text(text)
    expect(conflict.get_by_role("radio", name="Keep theirs")).to_be_focused()
    conflict.get_by_role("radio", name="Use yours").check()
    expect_saved(page, incident, ana)


def test_two_browsers_at_one_resolution_note(
    incident: Incident, ana: User, rio: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(409)
    resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    mine, theirs = window_of(ana), window_of(rio)
    for page, note in ((theirs, "Rio's note"), (mine, "Ana's note")):
        page.goto(f"/incidents/{incident.pk}/")
        page.get_by_role("link", name="Manage incident").click()
        form_in(page).get_by_label("Resolution note").fill(note)
    save(form_in(theirs))
    expect(theirs.locator("#incident-facts")).to_contain_text("Rio's note")
    form_in(mine).get_by_label("Resolution note").press("Control+Enter")
    conflict = form_in(mine).get_by_role("alert")
    for text in ("Rio Sato changed the same field", "Rio's note", "Ana's note"):
        expect(conflict).to_contain_text(text)
    expect(conflict.get_by_role("radio", name="Keep theirs")).to_be_focused()
    incident.refresh_from_db()
    assert incident.resolution_note == "Rio's note"
    conflict.get_by_role("radio", name="Use yours").check()
    save(form_in(mine))
    expect(toast(mine, f"Saved #{incident.pk}")).to_be_visible()
    incident.refresh_from_db()
    assert incident.resolution_note == "Ana's note"


def test_a_note_for_many_survives_a_reload_and_goes_when_it_is_saved(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)

    def form_of_many() -> Locator:
        row_of(page, incident).get_by_role("checkbox").check()
        page.get_by_role("region", name="Selected").get_by_text("Manage").click()
        form = page.locator("#pane form.manage")
        form.get_by_label("Status").select_option("resolved")
        return form

    form_of_many().get_by_label("Resolution note").fill("One campaign.")
    page.reload()
    form = form_of_many()
    expect(form).to_contain_text("What you typed is back")
    expect(form.get_by_label("Resolution note")).to_have_value("One campaign.")
    form.get_by_label("Classification").select_option("true_positive/phishing")
    form.get_by_role("button", name="Save").click()
    expect(toast(page, "Change of 1 incident: 1 changed")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith('note-many'))") == []
