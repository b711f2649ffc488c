"""Shape and wording of what people say about themselves."""

from __future__ import annotations

import zoneinfo

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
