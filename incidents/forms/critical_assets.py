"""Shape and wording of classifications of critical assets, and of what a person says of one asset."""

from __future__ import annotations

from typing import Any

from django import forms

from common.wildcards import LONGEST_PATTERN, MOST_PATTERNS
from entities.choices import ASSET_KINDS, NOT_CRITICAL, Criticality
from entities.models import AssetClassification
from entities.rules import ClassificationValues

LONGEST_LINES = MOST_PATTERNS * (LONGEST_PATTERN + 2)


class ClassificationForm(forms.Form):
    """How critical, which types, and how they are recognised: one condition a line."""

    name = forms.CharField(max_length=200, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    level = forms.ChoiceField(choices=Criticality.choices, label="Criticality", initial=Criticality.HIGH)
    kinds = forms.MultipleChoiceField(
        choices=[(kind.value, kind.label) for kind in ASSET_KINDS],
        label="Types of assets",
        widget=forms.CheckboxSelectMultiple,
        initial=["device"],
        error_messages={"required": "Choose at least one type of asset."},
    )
    names = forms.CharField(
        required=False,
        max_length=LONGEST_LINES,
        label="Names",
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
        help_text="One a line; * stands for anything, letter case does not matter: DC-*, *backup*. A device is also "
        "known by its host name alone, an account also without its domain.",
    )
    groups = forms.CharField(
        required=False,
        max_length=LONGEST_LINES,
        label="Device groups",
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="One a line, such as Servers* or Plant.",
    )
    attributes = forms.CharField(
        required=False,
        max_length=LONGEST_LINES,
        label="Attributes",
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
        help_text="One a line, such as os=Windows Server* or tags=vip; their names stand on each entity's page.",
    )
    needs_all = forms.ChoiceField(
        choices=[("any", "One of these is enough"), ("all", "Names, groups and attributes must all hold")],
        label="How they count",
        widget=forms.RadioSelect,
        initial="any",
    )
    is_on = forms.BooleanField(required=False, initial=True, label="In force")
    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def values(self) -> ClassificationValues:
        """What the valid form says."""
        data: dict[str, Any] = self.cleaned_data
        return ClassificationValues(
            name=data["name"],
            level=data["level"],
            kinds=data["kinds"],
            names=data["names"].splitlines(),
            groups=data["groups"].splitlines(),
            attributes=data["attributes"].splitlines(),
            needs_all=data["needs_all"] == "all",
            is_on=data["is_on"],
        )


def initial_of(stored: AssetClassification) -> dict[str, Any]:
    """A stored classification as the form shows it."""
    return {
        "name": stored.name,
        "level": stored.level,
        "kinds": stored.kinds,
        "names": "\n".join(stored.names),
        "groups": "\n".join(stored.groups),
        "attributes": "\n".join(stored.attributes),
        "needs_all": "all" if stored.needs_all else "any",
        "is_on": stored.is_on,
        "version": stored.version,
    }


class CriticalityForm(forms.Form):
    """What a person says of one asset."""

    level = forms.ChoiceField(
        choices=[("", "As the classifications say"), *Criticality.choices, (NOT_CRITICAL, "Not critical")],
        required=False,
        label="Criticality",
    )
