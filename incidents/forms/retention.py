"""Shape and wording of how long texts are kept, and of emptying one."""

from __future__ import annotations

from django import forms

from incidents.forms.access import reason_field
from incidents.rules.retention import LEAST_DAYS, MOST_DAYS

WRONG = f"Write {LEAST_DAYS} to {MOST_DAYS:,} days, or nothing to keep the texts."


class RetentionForm(forms.Form):
    """After how many days texts of comments are emptied."""

    days = forms.IntegerField(
        required=False,
        label="Days after an incident was resolved",
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
        help_text="Empty: texts are kept for ever.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), WRONG),
    )
    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class EmptyTextForm(forms.Form):
    """Why a text is emptied."""

    reason = reason_field("Reason", "Stands in the incident's log, where everybody who sees the incident reads it")
