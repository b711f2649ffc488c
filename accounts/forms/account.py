"""Shape and wording of what people say about themselves on their own page."""

from __future__ import annotations

from django import forms

from accounts.forms.people import PasswordFields


class NameForm(forms.Form):
    display_name = forms.CharField(
        max_length=120,
        label="Name",
        help_text="As everybody reads it.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )


class PasswordForm(PasswordFields):
    """Another password, by who knows the present one."""

    current = forms.CharField(
        label="Present password",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    field_order = ("current", "password", "again")
