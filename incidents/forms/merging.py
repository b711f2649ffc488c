"""Shape and wording of merging: which incidents, into which, why, and what to keep where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from incidents.forms.texts import note_field
from incidents.rules.merging import MOST_MERGED, Choice


class NumbersField(forms.MultipleChoiceField):
    """Numbers of incidents: `12`, `#12`, several with commas between."""

    def valid_value(self, value: str) -> bool:
        return True

    def clean(self, value: Any) -> list[int]:
        return read_numbers(super().clean(value))


def read_numbers(words: Sequence[str]) -> list[int]:
    """The numbers in some words; ValidationError for what is none."""
    numbers: dict[int, None] = {}
    for word in (part for text in words for part in text.replace(",", " ").split()):
        digits = word.removeprefix("#")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise ValidationError(f"“{word[:30]}” is no number of an incident; choose one from the list.")
        numbers[int(digits)] = None
    return list(numbers)


def ask(field: forms.Field, otherwise: str) -> None:
    """Make a text one that has to be written."""
    field.required = True
    field.widget.is_required = True
    field.error_messages["required"] = otherwise


class MergeForm(forms.Form):
    """Incidents, the target among them, and the choices where they differ."""

    incident = NumbersField(required=False, label="Incidents")
    target = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, label="Merge into")
    assignee = forms.CharField(required=False, max_length=200)
    finding = forms.CharField(required=False, max_length=100)
    name = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    reason = note_field("Reason", "Why do they belong together?")

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        ask(self.fields["reason"], "Say why they belong together; it stands in the log of each.")

    def clean_incident(self) -> list[int]:
        numbers: list[int] = self.cleaned_data["incident"]
        if len(numbers) > 4 * MOST_MERGED:
            raise ValidationError(f"At most {MOST_MERGED} incidents merge at once; these are {len(numbers)}.")
        return numbers

    def chosen_numbers(self) -> list[int]:
        """All that are to be one, the target included."""
        numbers: list[int] = self.cleaned_data.get("incident") or []
        target = self.cleaned_data.get("target")
        return numbers if target is None or target in numbers else [*numbers, target]

    def choice(self) -> Choice:
        cleaned = self.cleaned_data
        return Choice(cleaned.get("assignee") or "", cleaned.get("finding") or "", cleaned.get("name") or 0)


class MoveForm(forms.Form):
    """Where alerts shall go: into an incident by its number, or a new one; and why."""

    where = forms.ChoiceField(
        choices=[("existing", "To an existing incident"), ("new", "To a new incident")],
        initial="existing",
        widget=forms.RadioSelect,
        label="Move",
    )
    to = forms.CharField(required=False, max_length=40, label="Incident")
    comment = note_field("Comment", "Why do they belong there?")

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        ask(self.fields["comment"], "Say why; it stands in the log of both incidents.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        numbers: list[int] = []
        if cleaned.get("where") == "existing" and "to" not in self.errors:
            try:
                numbers = read_numbers([cleaned.get("to") or ""])
            except ValidationError as error:
                self.add_error("to", error)
            else:
                if len(numbers) != 1:
                    self.add_error("to", "Choose the incident they shall go to.")
        cleaned["to"] = numbers[0] if numbers else 0
        return cleaned

    def number(self) -> int:
        """Of the incident that is chosen already; 0 while none is."""
        if not self.is_bound:
            return 0
        try:
            numbers = read_numbers([str(self.data.get("to", ""))])
        except ValidationError:
            return 0
        return numbers[0] if len(numbers) == 1 else 0
