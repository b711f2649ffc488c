"""Shape and wording of what people say about themselves."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms

from accounts.choices import Density, Theme


def time_zones() -> list[tuple[str, str]]:
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
    return [(name, name.replace("_", " ")) for name in names]


class PreferencesForm(forms.Form):
    time_zone = forms.ChoiceField(choices=time_zones, label="Time zone", help_text="Times on pages stand in it.")
    theme = forms.ChoiceField(choices=Theme.choices)
    density = forms.ChoiceField(choices=Density.choices, help_text="How close the rows of lists stand.")
    has_shortcuts = forms.BooleanField(
        required=False, label="Single keys act as shortcuts", help_text="Press ? on a page to see them."
    )


class ResetForm(forms.Form):
    email = forms.EmailField(max_length=254, label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class NewPasswordForm(forms.Form):
    """A password, twice; whether it is a good one is for the command to say."""

    password = forms.CharField(
        max_length=4096,
        strip=False,
        label="New password",
        help_text="12 characters or more; several words are easy to remember and hard to guess.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        max_length=4096,
        strip=False,
        label="Once more",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: object, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError("The two are not the same.")
        return again
