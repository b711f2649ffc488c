"""Shape and wording of the Manage pane: what was sent becomes Changes, or a sentence at the field."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Team, User
from alerts.choices import DETERMINATIONS, Classification, Determination, Severity
from incidents.changes import Changes
from incidents.choices import IncidentStatus, TagKind
from incidents.forms.texts import let_attach, note_field
from incidents.models import Incident
from incidents.rules import SNOOZES, snooze_until

AUTOMATIC = "automatic"
KEEP_WORD = "keep"
NOBODY = "unassigned"
OWN_TIME, WAKE = "own", "wake"
"""Choices of snoozing beside the usual times."""

STATUSES = (IncidentStatus.ACTIVE, IncidentStatus.IN_PROGRESS, IncidentStatus.RESOLVED)


def findings() -> list[tuple[Any, Any]]:
    """Classifications with their determinations, as groups of one list: "true_positive/phishing"."""
    groups: list[tuple[Any, Any]] = [("not_set", "Not set")]
    for classification, determinations in DETERMINATIONS.items():
        if determinations:
            options = [(f"{classification}/{each}", each.label) for each in determinations]
            groups.append((classification.label, [(f"{classification}/not_set", "Without determination"), *options]))
    return groups


class AssigneeField(forms.CharField):
    """`ana`, `team:tier2`, `unassigned`, or nothing at all for nobody."""

    def clean(self, value: Any) -> User | Team | None:
        word = (super().clean(value) or "").strip()
        if word in ("", NOBODY):
            return None
        if word.startswith("team:"):
            found: User | Team | None = Team.objects.present().filter(slug=word.removeprefix("team:")).first()
        else:
            found = User.objects.filter(is_active=True, username=word.lower()).select_related("role").first()
        if found is None:
            raise ValidationError("Nobody has that name; choose somebody from the list.")
        return found


class TagsField(forms.MultipleChoiceField):
    """Names of tags, existing or new."""

    def valid_value(self, value: str) -> bool:
        return True

    def clean(self, value: Any) -> list[str]:
        return [name.strip() for name in super().clean(value) if name.strip()]


LOCAL = "%Y-%m-%dT%H:%M"
"""As a browser's field for date and time has it."""
INVALID_MOMENT = "Write a date and a time, such as 2026-11-30 14:00."


class DueField(forms.DateTimeField):
    """A date and a time of day in the zone of the person, or nothing."""

    def __init__(self, label: str = "Due") -> None:
        widget = forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local"})
        super().__init__(required=False, label=label, widget=widget, error_messages={"invalid": INVALID_MOMENT})


def local_word(moment: datetime | None) -> str:
    """A moment as the field has it, in the zone of the person."""
    return timezone.localtime(moment).strftime(LOCAL) if moment else ""


class FindingMixin:
    """What both forms do with the list of classifications."""

    @staticmethod
    def split_finding(word: str) -> tuple[Classification, Determination]:
        classification, _, determination = word.partition("/")
        return Classification(classification), Determination(determination or "not_set")


class ManageForm(FindingMixin, forms.Form):
    """One incident. Fields start as the incident is; what differs from that start is what the person changed."""

    name = forms.CharField(max_length=500, label="Incident name")
    use_automatic_name = forms.BooleanField(required=False, label="Use the automatic name")
    severity = forms.ChoiceField(choices=[(AUTOMATIC, "Automatic"), *((s.slug, s.label) for s in reversed(Severity))])
    tags = TagsField(required=False)
    assignee = AssigneeField(required=False, label="Assign to")
    names_assignee = forms.BooleanField(required=False)
    due = DueField()
    status = forms.ChoiceField(choices=[(status.slug, status.label) for status in STATUSES])
    resolution_note = note_field("Resolution note", "What was it, and what was done?")
    classification = forms.ChoiceField(choices=findings)
    comment = note_field("Comment", "Adds to the activity log; Markdown works")
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)
    unclassified_is_fine = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, incident: Incident, data: QueryDict | None = None) -> None:
        super().__init__(data, initial=start_of(incident), prefix=None)
        self.incident = incident
        self.sent = data if data is not None else QueryDict()
        self.fields["comment"].widget.attrs["data-draft"] = f"comment-{incident.pk}"
        let_attach(self, incident.pk)
        if not incident.name_is_manual:
            self.fields["name"].help_text = "Given by the system; follows the alerts until you write another."
        severity = self.fields["severity"]
        assert isinstance(severity, forms.ChoiceField)
        severity.choices = [
            (AUTOMATIC, f"Automatic ({Severity(incident.automatic_severity).label.lower()})"),
            *((each.slug, each.label) for each in reversed(Severity)),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        resolving = cleaned.get("status") == IncidentStatus.RESOLVED.slug and not self._was("status", "resolved")
        emptied = cleaned.get("status") == IncidentStatus.RESOLVED.slug and self.data.get("was_resolution_note", "")
        without = not cleaned.get("resolution_note", "").strip() and "resolution_note" not in self.errors
        if (resolving or emptied) and without:
            self.add_error(
                "resolution_note", "Say how it was resolved; the note stands in the log and on the incident."
            )
        return cleaned

    @property
    def asks_for_classification(self) -> bool:
        """Whether to ask, once, for a classification before resolving."""
        return (
            self.cleaned_data["status"] == IncidentStatus.RESOLVED.slug
            and not self._was("status", "resolved")
            and self.cleaned_data["classification"] == "not_set"
            and not self.cleaned_data["unclassified_is_fine"]
        )

    def changes(self, *, keep_theirs: frozenset[str] = frozenset()) -> Changes:
        """What the person changed; fields in `keep_theirs` are left as somebody else has set them meanwhile."""
        cleaned = self.cleaned_data
        wanted: dict[str, Any] = {}
        changed = set(self.changed_from_shown()) - keep_theirs
        if "use_automatic_name" in changed and cleaned["use_automatic_name"]:
            wanted["name"] = None
        elif "name" in changed:
            wanted["name"] = cleaned["name"]
        if "severity" in changed:
            word = cleaned["severity"]
            wanted["severity"] = None if word == AUTOMATIC else Severity.from_slug(word)
        if "assignee" in changed:
            wanted["assignee"] = cleaned["assignee"]
            wanted["names_assignee"] = cleaned["names_assignee"]
        if "due" in changed:
            wanted["due"] = cleaned["due"]
        if "tags" in changed:
            wanted["tags"] = cleaned["tags"]
        if "status" in changed:
            wanted["status"] = IncidentStatus.from_slug(cleaned["status"])
        resolved = cleaned["status"] == IncidentStatus.RESOLVED.slug and "status" not in keep_theirs
        if resolved and "resolution_note" not in keep_theirs and {"status", "resolution_note"} & changed:
            wanted["resolution_note"] = cleaned["resolution_note"]
        if "classification" in changed:
            wanted["classification"], wanted["determination"] = self.split_finding(cleaned["classification"])
        return Changes(comment=cleaned["comment"], **wanted)

    def brought_up_to_date(self, incident: Incident) -> ManageForm:
        """The form after somebody else has saved: what the person changed stays, the rest is as the incident is now.
        Saved again, it undoes nothing that was never shown."""
        now, changed, data = start_of(incident), set(self.changed_from_shown()), cast(QueryDict, self.data).copy()
        if "resolution_note" in changed and self.cleaned_data["status"] == IncidentStatus.RESOLVED.slug:
            changed.add("status")  # a note means a resolved incident, also where somebody has reopened it
        for field in ("name", "severity", "status", "resolution_note", "classification", "assignee", "due"):
            if field not in changed:
                data[field] = now[field]
        if "tags" not in changed:
            data.setlist("tags", now["tags"])
        return ManageForm(incident, data)

    def changed_from_shown(self) -> list[str]:
        """Fields whose value differs from what the pane showed when it was opened (`was_…` in the form)."""
        changed = []
        for field in ("name", "severity", "status", "classification"):
            if self.cleaned_data.get(field) != self._shown(field):
                changed.append(field)
        if self.cleaned_data.get("use_automatic_name"):
            changed.append("use_automatic_name")
        note, was_note = self.cleaned_data.get("resolution_note", ""), self._shown("resolution_note")
        if " ".join(note.split()) != " ".join(was_note.split()):
            changed.append("resolution_note")
        if word_of(self.cleaned_data.get("assignee")) != self._shown("assignee"):
            changed.append("assignee")
        if local_word(self.cleaned_data.get("due")) != self._shown("due"):
            changed.append("due")
        was_tags = self.sent.getlist("was_tags") if "was_tags" in self.sent else self.initial["tags"]
        if sorted(name.lower() for name in self.cleaned_data.get("tags", [])) != sorted(
            name.lower() for name in was_tags if name
        ):
            changed.append("tags")
        return changed

    def _shown(self, field: str) -> str:
        """What the pane showed when it was opened."""
        return str(self.data.get(f"was_{field}", self.initial[field]))

    def _was(self, field: str, word: str) -> bool:
        return self._shown(field) == word


class ManageManyForm(FindingMixin, forms.Form):
    """Several incidents: every field starts at "keep", and only what is chosen changes."""

    severity = forms.ChoiceField(
        choices=[
            (KEEP_WORD, "Leave as it is"),
            (AUTOMATIC, "Automatic"),
            *((s.slug, s.label) for s in reversed(Severity)),
        ]
    )
    add_tags = TagsField(required=False, label="Add tags")
    remove_tags = TagsField(required=False, label="Remove tags")
    change_due = forms.BooleanField(required=False, label="Change the due date")
    due = DueField()
    snooze = forms.ChoiceField(
        required=False,
        label="Snooze",
        choices=[
            (KEEP_WORD, "Leave as it is"),
            *((word, f"For {label}" if word.endswith("h") else f"Until {label[0].lower()}{label[1:]}")
              for word, label in SNOOZES.items()),
            (OWN_TIME, "Until a time of my own"),
            (WAKE, "Wake"),
        ],
    )  # fmt: skip
    snooze_until = DueField(label="Snooze until")
    change_assignee = forms.BooleanField(required=False, label="Change the assignee")
    assignee = AssigneeField(required=False, label="Assign to")
    status = forms.ChoiceField(choices=[(KEEP_WORD, "Leave as it is"), *((s.slug, s.label) for s in STATUSES)])
    resolution_note = note_field("Resolution note", "What was it, and what was done?", "note-many")
    classification = forms.ChoiceField(choices=lambda: [(KEEP_WORD, "Leave as it is"), *findings()])
    comment = note_field("Comment", "The same on each; Markdown works", "comment-many")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("status") == IncidentStatus.RESOLVED.slug and not cleaned.get("resolution_note", "").strip():
            self.add_error("resolution_note", "Say how they were resolved; the note stands on each of them.")
        if cleaned.get("snooze") == OWN_TIME and not cleaned.get("snooze_until") and "snooze_until" not in self.errors:
            self.add_error("snooze_until", "Choose until when.")
        return cleaned

    def changes(self) -> Changes:
        cleaned = self.cleaned_data
        wanted: dict[str, Any] = {}
        if cleaned["severity"] != KEEP_WORD:
            word = cleaned["severity"]
            wanted["severity"] = None if word == AUTOMATIC else Severity.from_slug(word)
        if cleaned["assignee"] is not None or cleaned["change_assignee"]:
            wanted["assignee"] = cleaned["assignee"]
        if cleaned["due"] is not None or cleaned["change_due"]:
            wanted["due"] = cleaned["due"]
        if cleaned["snooze"] == WAKE:
            wanted["snoozed_until"] = None
        elif cleaned["snooze"] == OWN_TIME:
            wanted["snoozed_until"] = cleaned["snooze_until"]
        elif cleaned["snooze"] in SNOOZES:
            wanted["snoozed_until"] = snooze_until(cleaned["snooze"], timezone.localtime())
        if cleaned["status"] != KEEP_WORD:
            wanted["status"] = IncidentStatus.from_slug(cleaned["status"])
            wanted["resolution_note"] = cleaned["resolution_note"]
        if cleaned["classification"] != KEEP_WORD:
            wanted["classification"], wanted["determination"] = self.split_finding(cleaned["classification"])
        return Changes(
            add_tags=cleaned["add_tags"], remove_tags=cleaned["remove_tags"], comment=cleaned["comment"], **wanted
        )


def start_of(incident: Incident) -> dict[str, Any]:
    """The form's values for an incident as it is."""
    finding = incident.classification
    if finding != Classification.NOT_SET:
        finding = f"{finding}/{incident.determination}"
    severity = Severity(incident.severity).slug if incident.severity_is_manual else AUTOMATIC
    return {
        "name": incident.name,
        "severity": severity,
        "tags": sorted((tag.name for tag in incident.tags.all() if tag.kind == TagKind.CUSTOM), key=str.lower),
        "assignee": word_of(incident.assignee),
        "due": local_word(incident.due_at),
        "status": IncidentStatus(incident.status).slug,
        "resolution_note": incident.resolution_note,
        "classification": finding,
        "version": incident.version,
    }


def word_of(assignee: User | Team | None) -> str:
    """An assignee as an address or a form names one."""
    if isinstance(assignee, Team):
        return f"team:{assignee.slug}"
    return assignee.username if assignee else ""


__all__ = ["ManageForm", "ManageManyForm", "start_of", "word_of"]


class SnoozeForm(forms.Form):
    """Until when an incident is put off: one of the usual times, or a time of the person's own."""

    preset = forms.ChoiceField(choices=list(SNOOZES.items()), required=False)
    until = forms.DateTimeField(required=False, error_messages={"invalid": INVALID_MOMENT})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned.get("preset") or cleaned.get("until")):
            self.add_error("until", "Choose until when.")
        return cleaned

    def until_when(self, now: datetime) -> datetime:
        """In the person's zone, which `now` is in."""
        chosen: datetime | None = self.cleaned_data["until"]
        return chosen or snooze_until(self.cleaned_data["preset"], now)
