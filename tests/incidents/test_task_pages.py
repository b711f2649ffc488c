"""The Tasks tab and the templates of tasks, as people use them, with and without HTMX."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from incidents.changes import Item, TaskChanges
from incidents.choices import TaskState
from incidents.commands import add_task, change_task, save_task_template
from incidents.commands.task_templates import items_of
from incidents.models import Incident, Task, TaskTemplate

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true", "HX-Target": "tasks"}


@pytest.fixture
def desk(ana: User, incident: Incident, sign_in: SignIn) -> Client:
    return sign_in(ana)


def url(incident: Incident, task: Task | None = None, act: str = "") -> str:
    return f"/incidents/{incident.pk}/tasks/{f'{task.pk}/' if task else ''}{act}"


def form_of(client: Client, incident: Incident, task: Task) -> dict[str, str]:
    """The fields of the form as a browser would send them."""
    html = client.get(url(incident, task)).content.decode()
    form = html[html.index('class="task-edit"') :]
    form = form[: form.index("</form>")]
    values = dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form))
    values |= {name: text.strip() for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)<', form)}
    values["state"] = re.findall(r'<option value="([^"]+)" selected', form)[0]
    return values


def test_a_task_is_added_ticked_off_and_opened_again(desk: Client, incident: Incident) -> None:
    answer = desk.post(url(incident), {"title": "Isolate the host"})
    assert answer.status_code == 302
    task = Task.objects.get()
    desk.post(url(incident, task, "act/"), {"do": "complete"})
    html = desk.get(url(incident)).content.decode()
    assert 'Tasks<span class="tabs-count">1 / 1</span>' in html
    assert "Open again: Isolate the host" in html
    desk.post(url(incident, task, "act/"), {"do": "reopen"})
    task.refresh_from_db()
    assert task.is_open


def test_htmx_gets_the_list_with_a_way_back(desk: Client, incident: Incident) -> None:
    answer = desk.post(url(incident), {"title": "Reimage"}, headers=HTMX)
    assert 'id="tasks"' in answer.content.decode()
    assert 'id="incident-header"' in answer.content.decode()
    undo = re.search(r'"undo_url": "([^"]+)"', answer["HX-Trigger"])
    assert undo is not None
    desk.post(undo[1], headers=HTMX)
    assert not Task.objects.of_incident(incident.pk).exists()


def test_the_pane_shows_what_is_next_and_ticks_it_off(ana: User, desk: Client, incident: Incident) -> None:
    first = add_task(incident, "Isolate", actor=ana.as_actor())
    add_task(incident, "Reimage", actor=ana.as_actor())
    pane = desk.get(f"/incidents/{incident.pk}/details/", headers={"HX-Request": "true"}).content.decode()
    assert "Complete: Isolate" in pane and "All tasks, 0 / 2 done" in pane
    answer = desk.post(url(incident, first, "act/"), {"do": "complete"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "watchfloor:touched" in answer["HX-Trigger"]
    pane = desk.get(f"/incidents/{incident.pk}/details/", headers={"HX-Request": "true"}).content.decode()
    assert "Complete: Isolate" not in pane and "Complete: Reimage" in pane


def test_a_form_sent_twice_adds_one_task(desk: Client, incident: Incident) -> None:
    once = "0b5f9f0e-6a80-4a9d-8d62-5f7d4c1f9d11"
    for _ in range(2):
        desk.post(url(incident), {"title": "Reimage", "once": once})
    assert Task.objects.count() == 1


@pytest.mark.parametrize("title", ["", " ", "x" * 201, "a\x00b"])
def test_a_title_that_is_none_is_refused_at_the_field(desk: Client, incident: Incident, title: str) -> None:
    answer = desk.post(url(incident), {"title": title})
    assert answer.status_code == 422
    assert 'id="new-task-error"' in answer.content.decode()
    assert not Task.objects.exists()


def test_a_task_is_edited_in_place_in_the_persons_zone(ana: User, desk: Client, incident: Incident) -> None:
    ana.time_zone = "Asia/Tokyo"
    ana.save()
    task = add_task(incident, "Reimage", actor=ana.as_actor())
    due = (timezone.now() + timedelta(days=3)).astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M")
    sent = form_of(desk, incident, task) | {"due": due, "description": "From the **gold** image.", "assignee": "ana"}
    assert desk.post(url(incident, task), sent).status_code == 302
    task.refresh_from_db()
    assert task.due_at == datetime.fromisoformat(due).replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert task.assignee == ana
    assert "<strong>gold</strong>" in desk.get(url(incident)).content.decode()
    assert form_of(desk, incident, task)["due"] == due


def test_the_same_field_changed_by_two_is_a_conflict_with_both_values(
    desk: Client, lee: User, incident: Incident
) -> None:
    task = add_task(incident, "Reimage", actor=lee.as_actor())
    sent = form_of(desk, incident, task) | {"title": "Wipe", "description": "Mine."}
    change_task(task, TaskChanges(title="Rebuild", state=TaskState.IN_PROGRESS), actor=lee.as_actor())
    answer = desk.post(url(incident, task), sent)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Lee Park" in html and "Rebuild" in html and "Wipe" in html
    again = dict(re.findall(r'name="(version|was_\w+)" value="([^"]*)"', html))
    sent |= again | {"state": "in_progress", "keep_title": "theirs"}
    assert desk.post(url(incident, task), sent).status_code == 302
    task.refresh_from_db()
    assert (task.title, task.description, task.state) == ("Rebuild", "Mine.", TaskState.IN_PROGRESS)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("due", "never", "Write a date and a time"),
        ("due", "2020-01-01T00:00", "has passed already"),
        ("assignee", "nobody-of-that-name", "Nobody has that name"),
        ("state", "failed", "Select a valid choice"),
        ("title", "", "This field is required"),
        ("description", "x" * 10_001, "10,001 characters; 10,000"),
    ],
    ids=["no-date", "past", "nobody", "no-state", "no-title", "too-long"],
)
def test_bad_input_is_told_at_its_field(
    ana: User, desk: Client, incident: Incident, field: str, value: str, said: str
) -> None:
    task = add_task(incident, "Reimage", actor=ana.as_actor())
    answer = desk.post(url(incident, task), form_of(desk, incident, task) | {field: value})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_an_unknown_button_is_a_400_and_a_task_of_another_incident_is_not_there(
    ana: User, desk: Client, incident: Incident
) -> None:
    task = add_task(incident, "Reimage", actor=ana.as_actor())
    assert desk.post(url(incident, task, "act/"), {"do": "explode"}).status_code == 400
    assert desk.post(f"/incidents/{incident.pk}/tasks/{task.pk + 1}/act/", {"do": "up"}).status_code == 404


def test_hostile_text_stays_text(ana: User, desk: Client, incident: Incident) -> None:
    bad = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    task = add_task(incident, bad, description=bad, actor=ana.as_actor())
    for page in (url(incident), url(incident, task)):
        html = desk.get(page).content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html


def test_a_reader_sees_tasks_without_buttons(vic: User, ana: User, incident: Incident, sign_in: SignIn) -> None:
    add_task(incident, "Reimage", actor=ana.as_actor())
    html = sign_in(vic).get(url(incident)).content.decode()
    assert "Reimage" in html
    assert 'name="do"' not in html and "new-task" not in html


def test_the_tab_costs_the_same_whatever_the_number_of_tasks(ana: User, desk: Client, incident: Incident) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert desk.get(url(incident)).status_code == 200
        return len(captured)

    desk.get(url(incident))
    add_task(incident, "First", assignee=ana, actor=ana.as_actor())
    desk.get(url(incident))
    few = statements()
    for number in range(8):
        add_task(incident, f"Task {number}", assignee=ana, actor=ana.as_actor())
    desk.get(url(incident))
    assert statements() == few <= 16


# Templates


def sent_items(*items: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {"task-TOTAL_FORMS": len(items), "task-INITIAL_FORMS": 0}
    for place, item in enumerate(items):
        data |= {f"task-{place}-{name}": value for name, value in item.items()}
    return data


def test_a_template_is_made_changed_and_deleted(lee: User, sign_in: SignIn) -> None:
    client = sign_in(lee)
    items = sent_items({"title": "Isolate", "due_hours": 4, "description": "Now."}, {"title": ""}, {"title": "Reimage"})
    assert client.post("/settings/tasks/new/", {"name": "Malware", **items}).status_code == 302
    template = TaskTemplate.objects.get()
    assert items_of(template) == [Item("Isolate", "Now.", 4), Item("Reimage")]
    assert b"Malware" in client.get("/settings/tasks/").content
    page = f"/settings/tasks/{template.pk}/"
    assert b'value="Isolate"' in client.get(page).content
    client.post(page, {"name": "Malware", "version": 1, **sent_items({"title": "Reimage"})})
    assert items_of(template) == [Item("Reimage")]
    client.post(f"{page}delete/")
    assert client.get(page).status_code == 404


def test_rows_are_moved_removed_and_added_without_saving(lee: User, sign_in: SignIn) -> None:
    client = sign_in(lee)
    rows = sent_items({"title": "one"}, {"title": "two"}, {"title": "three"})

    def titles(**button: str) -> list[str]:
        html = client.post("/settings/tasks/new/", {"name": "Malware", **rows, **button}).content.decode()
        return re.findall(r'name="task-\d-title"(?: value="(\w*)")?', html)

    assert titles(up="2") == ["one", "three", "two"]
    assert titles(down="0") == ["two", "one", "three"]
    assert titles(remove="1") == ["one", "three"]
    assert titles(add="1") == ["one", "two", "three", ""]
    assert titles(up="x") == ["one", "two", "three"]
    assert not TaskTemplate.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"name": ""},
        {"name": "Malware", "task-0-due_hours": "many"},
        {"name": "Malware", "task-0-title": "x" * 201},
        {"name": "Malware", "task-0-title": ""},
        {"name": "Malware", "task-TOTAL_FORMS": "a"},
        {"name": "Malware", "task-TOTAL_FORMS": "99999"},
    ],
)
def test_a_template_that_cannot_be_is_told_what_is_wrong(lee: User, sign_in: SignIn, data: dict[str, str]) -> None:
    answer = sign_in(lee).post("/settings/tasks/new/", sent_items({"title": "Isolate"}) | data)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode() or "notice-error" in answer.content.decode()


def test_somebody_elses_change_of_a_template_is_not_overwritten_unseen(lee: User, ada: User, sign_in: SignIn) -> None:
    template = save_task_template("Malware", [Item("Isolate")], actor=lee.as_actor())
    page, client = f"/settings/tasks/{template.pk}/", sign_in(lee)
    theirs = {"name": "Malware", "version": 1, **sent_items({"title": "Call"})}
    sign_in(ada).post(page, theirs)
    answer = client.post(page, {"name": "Malware", "version": 1, **sent_items({"title": "Mine"})})
    assert answer.status_code == 422
    assert "Ada Lind has changed this template" in answer.content.decode()
    assert items_of(template) == [Item("Call")]
    assert b'name="version" value="2"' in answer.content


def test_a_template_is_applied_from_the_tab(ana: User, desk: Client, incident: Incident) -> None:
    template = save_task_template("Malware", [Item("Isolate"), Item("Reimage")], actor=ana.as_actor())
    assert "Malware (2)" in desk.get(url(incident)).content.decode()
    for _ in range(2):
        desk.post(url(incident, act="apply/"), {"template": template.pk})
    assert Task.objects.count() == 2
    assert desk.post(url(incident, act="apply/"), {"template": "9" * 18}).status_code == 422
