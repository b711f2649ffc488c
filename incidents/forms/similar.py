"""What “Classify like these” sends: the classification that its button named, and the version it was shown with."""

from __future__ import annotations

from django import forms

from incidents.changes import Changes
from incidents.forms.manage import FindingMixin, findings


class ClassifyForm(FindingMixin, forms.Form):
    classification = forms.ChoiceField(
        choices=findings, error_messages={"invalid_choice": "There is no classification “%(value)s”; choose one."}
    )
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)

    def changes(self) -> Changes:
        classification, determination = self.split_finding(self.cleaned_data["classification"])
        return Changes(classification=classification, determination=determination)
