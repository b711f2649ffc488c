"""Shape and wording of how somebody wants a report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User, time_zones
from exports.choices import Marking, Part
from exports.options import ASSETS_OF_A_TYPE, EVIDENCE, ReportOptions

UTC = "UTC"


class ReportForm(forms.Form):
    """Parts, caps, marking and time zone of the report of one incident."""

    parts = forms.MultipleChoiceField(
        label="Parts",
        choices=Part.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one part of the report."},
    )
    no_caps = forms.BooleanField(
        label="No caps",
        required=False,
        help_text=f"Otherwise {ASSETS_OF_A_TYPE} assets of each type and {EVIDENCE} pieces of evidence at most; the "
        "report says what it leaves out.",
    )
    marking = forms.ChoiceField(label="Marking", choices=Marking.choices, help_text="To whom it may be given.")
    time_zone = forms.ChoiceField(label="Times in")

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data, initial=initial(user))
        zones = dict.fromkeys((user.time_zone, UTC))
        field: Any = self.fields["time_zone"]
        field.choices = [(zone, zone.replace("_", " ")) for zone in zones]

    def options(self) -> ReportOptions:
        """What was chosen; of a form that is valid."""
        said = self.cleaned_data
        return ReportOptions(
            parts=tuple(part for part in Part if part in said["parts"]),
            is_capped=not said["no_caps"],
            marking=Marking(said["marking"]),
            time_zone=said["time_zone"],
        )


def initial(user: User) -> dict[str, Any]:
    """What is chosen before anybody has chosen."""
    usual = usual_options(user)
    return {"parts": list(usual.parts), "marking": usual.marking, "time_zone": usual.time_zone}


def usual_options(user: User) -> ReportOptions:
    """A report with everything, as the original has it, in the person's time zone."""
    return ReportOptions(time_zone=user.time_zone)


def options_of(said: dict[str, Any]) -> ReportOptions:
    """Options as a program sends them: `parts`, `caps`, `marking`, `time_zone`, each may be missing.

    Raises ValidationError that names the field and what it may say.
    """
    problems: dict[str, list[str]] = {}
    parts = said.get("parts", Part.values)
    if not isinstance(parts, list) or not parts or any(part not in Part.values for part in parts):
        problems["parts"] = [f"Send a list of at least one of {', '.join(Part.values)}."]
    if not isinstance(said.get("caps", True), bool):
        problems["caps"] = ["Send true or false."]
    if said.get("marking", Marking.AMBER) not in Marking.values:
        problems["marking"] = [f"Send one of {', '.join(Marking.values)}."]
    if not isinstance(zone := said.get("time_zone", UTC), str) or zone not in time_zones():
        problems["time_zone"] = ["Send an IANA time zone such as Europe/Berlin."]
    if problems:
        raise ValidationError(problems)
    return ReportOptions(
        parts=tuple(part for part in Part if part in parts),
        is_capped=said.get("caps", True),
        marking=Marking(said.get("marking", Marking.AMBER)),
        time_zone=said.get("time_zone", UTC),
    )
