"""Shape and wording of tasks and their templates: what was sent becomes changes, or a sentence at the field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from incidents.changes import Item, TaskChanges
from incidents.choices import TaskState
from incidents.forms.manage import AssigneeField, DueField, local_word, word_of
from incidents.forms.texts import LongText, let_attach, note_field
from incidents.models import Task, TaskTemplate
from incidents.rules.tasks import LONGEST_TEXT, LONGEST_TITLE, MOST_HOURS, MOST_ITEMS


class NewTaskForm(forms.Form):
    """Adding a task by its title alone."""

    title = forms.CharField(label="Add a task", max_length=LONGEST_TITLE)
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)


class TaskForm(forms.Form):
    """One task. What differs from its start, as the hidden twins `was_…` have it, is what the person changed."""

    title = forms.CharField(max_length=LONGEST_TITLE)
    assignee = AssigneeField(required=False, label="Assign to")
    due = DueField()
    state = forms.ChoiceField(choices=TaskState.choices)
    description = note_field("Description", "What exactly, and how; Markdown works", most=LONGEST_TEXT)
    closing_note = note_field("Closing note", "What came of it", most=LONGEST_TEXT)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    TWINS = ("title", "assignee", "due", "state", "description", "closing_note")

    def __init__(self, task: Task, version: int, data: QueryDict | None = None) -> None:
        self.start = start_of(task) | {"version": version}
        super().__init__(data, initial=self.start, auto_id=f"task-{task.pk}-%s")
        self.task = task
        let_attach(self, task.incident_id)

    def was(self) -> dict[str, str]:
        """What the form showed when it was opened."""
        sent = self.data if self.is_bound else {}
        return {name: str(sent.get(f"was_{name}", self.start[name])) for name in self.TWINS}

    def changes(self, *, keep_theirs: frozenset[str] = frozenset()) -> TaskChanges:
        """What the person changed; fields in `keep_theirs` are left as somebody else has set them meanwhile."""
        cleaned, was = self.cleaned_data, self.was()
        now = {
            **{name: cleaned[name] for name in ("title", "state")},
            **{name: cleaned[name].replace("\r\n", "\n").strip() for name in ("description", "closing_note")},
            "assignee": word_of(cleaned["assignee"]),
            "due": local_word(cleaned["due"]),
        }
        shown = {name: value.replace("\r\n", "\n").strip() for name, value in was.items()}
        changed = [name for name in self.TWINS if now[name] != shown[name] and name not in keep_theirs]
        wanted: dict[str, Any] = {name: cleaned[name] for name in changed}
        if "state" in wanted:
            wanted["state"] = TaskState(wanted["state"])
        return TaskChanges(**wanted)


def start_of(task: Task) -> dict[str, Any]:
    """The form's values for a task as it is."""
    return {
        "title": task.title,
        "assignee": word_of(task.assignee),
        "due": local_word(task.due_at),
        "state": str(task.state),
        "description": task.description,
        "closing_note": task.closing_note,
    }


class ItemForm(forms.Form):
    """One task of a template; without a title it is none."""

    title = forms.CharField(required=False, max_length=LONGEST_TITLE, label="Task")
    due_hours = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_HOURS, label="Due after (h)", widget=forms.NumberInput
    )
    description = LongText(required=False, most=LONGEST_TEXT, label="Description", widget=forms.Textarea({"rows": 2}))

    def item(self) -> Item | None:
        sent = self.cleaned_data  # of a row that was left empty nothing at all
        title = sent.get("title", "").strip()
        return Item(title, sent["description"], sent["due_hours"]) if title else None


ItemForms = forms.formset_factory(ItemForm, extra=0, max_num=MOST_ITEMS, absolute_max=MOST_ITEMS + 10)


class TemplateForm(forms.Form):
    """The name of a template; its tasks are forms of their own."""

    name = forms.CharField(max_length=80, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


def template_start(template: TaskTemplate, items: list[Item]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Values of both forms for a template as it is."""
    rows = [{"title": item.title, "due_hours": item.due_hours, "description": item.description} for item in items]
    return {"name": template.name, "version": template.version}, rows
