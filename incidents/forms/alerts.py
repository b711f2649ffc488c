"""Shape and wording of the Manage pane of alerts, one or several: every field starts with what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict

from alerts.choices import AlertStatus, Classification
from alerts.models import Alert
from incidents.changes import AlertChanges
from incidents.forms.manage import KEEP_WORD, AssigneeField, FindingMixin, findings, word_of
from incidents.forms.texts import note_field

FIELDS = ("status", "assignee", "classification")
DIFFERENT = "*"
"""What stands for an assignee where the alerts have different ones; no name of a person or team."""


class ManageAlertsForm(FindingMixin, forms.Form):
    """One alert, or several. What differs from the start is what the person changed."""

    status = forms.ChoiceField()
    assignee = AssigneeField(required=False, label="Assign to")
    nobody = forms.BooleanField(required=False, label="Remove the assignee")
    classification = forms.ChoiceField()
    comment = note_field("Comment on the incident", "Adds to the incident's activity; Markdown works")
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, alerts: Sequence[Alert], data: QueryDict | None = None) -> None:
        super().__init__(data, initial=start_of(alerts))
        self.alerts = alerts
        self.was = {
            name: data.get(f"was_{name}", self.initial[name]) if data else self.initial[name] for name in FIELDS
        }
        self._offer("status", [(status.slug, status.label) for status in AlertStatus])
        self._offer("classification", findings())
        incidents = {alert.incident_id for alert in alerts}
        comment = self.fields["comment"]
        if len(incidents) > 1:
            comment.label = f"Comment on the {len(incidents)} incidents"
        comment.widget.attrs["data-draft"] = f"comment-{min(incidents)}" if len(incidents) == 1 else "comment-alerts"

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(KEEP_WORD, "Different; leave as they are"), *choices] if self.is_mixed(name) else choices

    def is_mixed(self, name: str) -> bool:
        """Whether the alerts had different values when the form was opened."""
        return self.was[name] in (KEEP_WORD, DIFFERENT)

    def changed(self) -> list[str]:
        """Fields whose value differs from what the pane showed when it was opened."""
        names = [name for name in ("status", "classification") if self.cleaned_data[name] != self.was[name]]
        word = word_of(self.cleaned_data["assignee"])
        if self.cleaned_data["nobody"] or (word != self.was["assignee"] if not self.is_mixed("assignee") else word):
            names.append("assignee")
        return names

    def changes(self) -> AlertChanges:
        cleaned, wanted = self.cleaned_data, dict[str, Any]()
        for name in self.changed():
            if name == "status":
                wanted["status"] = AlertStatus.from_slug(cleaned["status"])
            elif name == "assignee":
                wanted["assignee"] = None if cleaned["nobody"] else cleaned["assignee"]
            else:
                wanted["classification"], wanted["determination"] = self.split_finding(cleaned["classification"])
        return AlertChanges(comment=cleaned["comment"], **wanted)

    def brought_up_to_date(self, alerts: Sequence[Alert]) -> ManageAlertsForm:
        """The form after somebody else has saved: what the person changed stays, the rest is as the alerts are now."""
        now, changed, data = start_of(alerts), self.changed(), cast(QueryDict, self.data).copy()
        for name in FIELDS:
            data[f"was_{name}"] = now[name]
            if name not in changed:
                data[name] = "" if now[name] == DIFFERENT else now[name]
        return ManageAlertsForm(alerts, data)


class ManageMatchingAlertsForm(FindingMixin, forms.Form):
    """All alerts that match a list: every field starts at "keep", and only what is chosen changes."""

    status = forms.ChoiceField(
        initial=KEEP_WORD,
        choices=[(KEEP_WORD, "Leave as it is"), *((status.slug, status.label) for status in AlertStatus)],
    )
    change_assignee = forms.BooleanField(required=False, label="Change the assignee")
    assignee = AssigneeField(required=False, label="Assign to")
    classification = forms.ChoiceField(initial=KEEP_WORD, choices=lambda: [(KEEP_WORD, "Leave as it is"), *findings()])
    comment = note_field("Comment on their incidents", "The same on each; Markdown works", "comment-alerts-many")

    def changes(self) -> AlertChanges:
        cleaned, wanted = self.cleaned_data, dict[str, Any]()
        if cleaned["status"] != KEEP_WORD:
            wanted["status"] = AlertStatus.from_slug(cleaned["status"])
        if cleaned["assignee"] is not None or cleaned["change_assignee"]:
            wanted["assignee"] = cleaned["assignee"]
        if cleaned["classification"] != KEEP_WORD:
            wanted["classification"], wanted["determination"] = self.split_finding(cleaned["classification"])
        return AlertChanges(comment=cleaned["comment"], **wanted)


def start_of(alerts: Sequence[Alert]) -> dict[str, str]:
    """What the alerts have in common, by field."""
    return {
        "status": _common((AlertStatus(alert.status).slug for alert in alerts), KEEP_WORD),
        "assignee": _common((word_of(alert.assignee_user or alert.assignee_team) for alert in alerts), DIFFERENT),
        "classification": _common((finding_of(alert) for alert in alerts), KEEP_WORD),
    }


def finding_of(alert: Alert) -> str:
    """Classification and determination as the form's one list has them."""
    if alert.classification == Classification.NOT_SET:
        return str(Classification.NOT_SET)
    return f"{alert.classification}/{alert.determination}"


def _common(words: Iterable[str], otherwise: str) -> str:
    different = set(words)
    return different.pop() if len(different) == 1 else otherwise


def versions_text(alerts: Sequence[Alert]) -> str:
    """The incidents' versions that the form is based on: "12:5,13:2"."""
    return ",".join(f"{number}:{version}" for number, version in versions_of(alerts).items())


def versions_of(alerts: Sequence[Alert]) -> dict[int, int]:
    return {alert.incident_id: alert.incident.version for alert in alerts}


def read_versions(text: str) -> dict[int, int] | None:
    """The versions a form was based on; None for what no form of ours says."""
    pairs = [pair.partition(":") for pair in text.split(",") if pair]
    if not all(_is_number(number) and _is_number(version) for number, _, version in pairs):
        return None
    return {int(number): int(version) for number, _, version in pairs}


def read_leave(data: Mapping[str, Any]) -> dict[str, frozenset[int]]:
    """Which alerts keep what somebody else has made of a field, where the person chose "Keep theirs"."""
    leave = {}
    for name in FIELDS:
        words = [word for word in str(data.get(f"theirs_{name}", "")).split(",") if _is_number(word)]
        if words and data.get(f"keep_{name}") == "theirs":
            leave[name] = frozenset(map(int, words))
    return leave


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 19
