"""Shape and wording of tokens to be made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.choices import KEPT_APART, Permission
from accounts.forms.people import role_choices
from accounts.models import Role

DAYS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year"))


class OwnTokenForm(forms.Form):
    """A key for a script of one's own."""

    name = forms.CharField(max_length=80, label="What it is for", widget=forms.TextInput({"autocomplete": "off"}))
    permissions = forms.MultipleChoiceField(
        label="What it may",
        widget=forms.CheckboxSelectMultiple,
        help_text="No more than the script needs. What you may no longer, it may no longer.",
        error_messages={"required": "Choose at least one; it would open nothing."},
    )
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=90, label="It ends after")

    def __init__(self, *args: Any, rights: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [each for each in Permission if each in rights - KEPT_APART]
        self.fields["permissions"].choices = [(each.value, each.label) for each in own]  # type: ignore[attr-defined]

    @property
    def expires_at(self) -> datetime:
        days: int = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days)


class ServiceTokenForm(forms.Form):
    """A key for a machine: with a role, or of one source."""

    name = forms.CharField(max_length=80, label="What it is for", widget=forms.TextInput({"autocomplete": "off"}))
    source = forms.CharField(
        required=False,
        max_length=80,
        label="Source whose alerts it sends",
        help_text="Such as suricata. It may send these and nothing else, and reads nothing.",
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        required=False,
        label="Or a role",
        help_text="For a script that reads or works. No token sees restricted incidents.",
    )
    days = forms.TypedChoiceField(
        choices=[*DAYS, (0, "never")],
        coerce=int,
        initial=365,
        label="It ends after",
        help_text="Sensors often have no end.",
    )

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", "None"), *role_choices(roles)]  # type: ignore[attr-defined]

    @property
    def expires_at(self) -> datetime | None:
        days: int = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None
