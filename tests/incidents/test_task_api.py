"""Tasks and their templates for programs."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from incidents.changes import Item, TaskChanges
from incidents.commands import add_task, change_task, restrict, save_task_template
from incidents.models import Incident, Task
from tests.calls import Program, script


def test_tasks_are_added_changed_ordered_and_removed(
    incident: Incident,
    ana: User,
    lee: User,
    sign_in: Callable[[User], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    path, analyst, reader = f"incidents/{incident.pk}/tasks/", Program(sign_in(ana)), script("reader")
    assert reader.ask("POST", path, {"title": "Isolate"}).status == 403
    new = {"title": "Isolate the host", "description": "By **EDR**", "assignee": "lee", "due": "2030-01-02T08:00:00Z"}
    added = analyst.ask("POST", path, new, key="one")
    assert (added.status, added.body["title"], added.body["assignee"]["key"]) == (201, "Isolate the host", "lee")
    assert (added.body["due"], added.body["state"]) == ("2030-01-02T08:00:00Z", "new")
    assert analyst.ask("POST", path, new, key="one") == added
    assert analyst.ask("POST", path, {**new, "title": "Other"}, key="one").status == 422
    wrong = analyst.ask("POST", path, {"assignee": "nobody-here", "due": "tomorrow", "owner": "ana"})
    assert set(wrong.fields) == {"title", "assignee", "due", "owner"}

    second = add_task(incident, "Ask the user", actor=SYSTEM)
    with django_assert_max_num_queries(7):
        read = reader.ask("GET", path)
    assert [each["title"] for each in read.body["tasks"]] == ["Isolate the host", "Ask the user"]
    one = f"{path}{added.body['id']}/"
    assert reader.get(one)["id"] == added.body["id"]
    assert analyst.ask("PATCH", one, {"state": "completed"}).status == 428
    done = analyst.ask("PATCH", one, {"state": "completed", "closing_note": "Done", "due": None}, tag=read.tag)
    assert (done.status, done.body["state"], done.body["due"]) == (200, "completed", None)
    assert (done.body["closed_by"], done.body["closing_note"]) == ("Ana Ruiz", "Done")
    assert Entry.objects.of_incident(incident.pk).latest("pk").verb == "task.completed"
    change_task(Task.objects.get(pk=added.body["id"]), TaskChanges(title="Cut it off"), actor=lee.as_actor())
    stale = analyst.ask("PATCH", one, {"title": "Isolate"}, tag=done.tag)
    assert (stale.status, stale.fields) == (412, {"title": "changed by Lee Park"})
    assert analyst.ask("DELETE", one, tag=done.tag).status == 412
    assert analyst.ask("PATCH", one, {"assignee": None}, tag=done.tag).body["assignee"] is None
    assert set(analyst.ask("PATCH", one, {"title": None, "state": "gone"}, tag="*").fields) == {"title", "state"}

    moved = analyst.ask("POST", f"{path}{second.pk}/move/", {"direction": "up"})
    assert [each["id"] for each in moved.body["tasks"]] == [second.pk, added.body["id"]]
    assert "direction" in analyst.ask("POST", f"{path}{second.pk}/move/", {"direction": "left"}).fields
    assert reader.ask("DELETE", one, tag="*").status == 403
    assert analyst.ask("DELETE", one, tag="*").status == 204
    for gone in (one, f"{path}{2**70}/", f"incidents/{10**30}/tasks/"):
        assert reader.ask("GET", gone).status == 404
    restrict(incident, [lee], actor=lee.as_actor())
    assert analyst.ask("GET", path).status == analyst.ask("POST", path, new).status == 404


def test_templates_are_kept_by_who_manages_rules_and_applied_by_who_edits(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    lead, analyst, path = Program(sign_in(lee)), script("analyst"), "task-templates/"
    tasks = [{"title": "Isolate", "due_hours": 4}, {"title": "Report", "description": "To **CERT**"}]
    new = {"name": "Malware", "tasks": tasks}
    assert analyst.ask("POST", path, new).status == script("reader").ask("GET", path).status == 403
    kept = lead.ask("POST", path, new)
    assert (kept.status, kept.body["tasks"][0]) == (201, {"title": "Isolate", "description": "", "due_hours": 4})
    save_task_template("Phishing", [Item("Ask the user")], actor=SYSTEM)
    assert [each["name"] for each in analyst.get(path)["templates"]] == ["Malware", "Phishing"]
    wrong = lead.ask("POST", path, {"name": "Worm", "tasks": [{"due_hours": 0}, {"title": "x", "due": 3}]})
    assert set(wrong.fields) == {"tasks[0].title", "tasks[0].due_hours", "tasks[1].due"}
    assert "of this name already" in lead.ask("POST", path, new).fields["name"]

    one = f"{path}{kept.body['number']}/"
    assert lead.ask("PATCH", one, {"name": "Trojan"}).status == 428
    changed = lead.ask("PATCH", one, {"name": "Trojan"}, tag=kept.tag)
    assert (changed.body["name"], len(changed.body["tasks"]), changed.body["version"]) == ("Trojan", 2, 2)
    stale = lead.ask("PATCH", one, {"name": "Worm"}, tag=kept.tag)
    assert (stale.status, stale.body["version"]) == (412, 2)
    applied = analyst.ask("POST", f"incidents/{incident.pk}/tasks/apply/", {"template": kept.body["number"]})
    assert [each["title"] for each in applied.body["tasks"]] == ["Isolate", "Report"]
    assert len(applied.body["added"]) == 2
    again = analyst.ask("POST", f"incidents/{incident.pk}/tasks/apply/", {"template": kept.body["number"]})
    assert again.body["added"] == []
    assert lead.ask("DELETE", one, tag=kept.tag).status == 412
    assert lead.ask("DELETE", one, tag=changed.tag).status == 204
    assert lead.ask("GET", one).status == 404
    assert "template" in analyst.ask("POST", f"incidents/{incident.pk}/tasks/apply/", {"template": 9999}).fields
