"""Shape and wording of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms

from webhooks.choices import event_groups
from webhooks.models import Subscription
from webhooks.reach import LONGEST_QUERY
from webhooks.values import LONGEST_NAME, SubscriptionValues


class SubscriptionForm(forms.Form):
    """One webhook: where to, what of, which incidents."""

    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    name = forms.CharField(max_length=LONGEST_NAME, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    address = forms.CharField(
        max_length=2_000,
        label="Address",
        help_text="Where messages are posted, such as https://hooks.example/soc.",
        widget=forms.URLInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    is_on = forms.BooleanField(required=False, initial=True, label="It is on")
    groups = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="What it is told of")
    query = forms.CharField(
        required=False,
        max_length=LONGEST_QUERY,
        label="Of which incidents",
        help_text="Paste the link of a list of the queue, such as …/incidents/?severity=high&tag=phishing. Empty: of "
        "all. What the link does not say leaves nothing out: resolved and snoozed incidents count as well.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    with_texts = forms.BooleanField(
        required=False,
        label="Send texts along",
        help_text="Comments, notes and descriptions. Without, it is told that somebody commented, and not what.",
    )
    with_restricted = forms.BooleanField(
        required=False,
        label="Tell of restricted incidents",
        help_text="Only of those that you are named to see, or see by your role. Looked up anew at each message.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = self.fields["groups"]
        assert isinstance(groups, forms.MultipleChoiceField)
        groups.choices = [(str(group), str(group.label)) for group in event_groups()]
        groups.error_messages["required"] = "Choose what it shall be told of."

    def values(self) -> SubscriptionValues:
        """What was set, once the form is valid."""
        cleaned = self.cleaned_data
        return SubscriptionValues(
            cleaned["name"],
            cleaned["address"],
            cleaned["groups"],
            cleaned["query"],
            cleaned["with_texts"],
            cleaned["with_restricted"],
            cleaned["is_on"],
        )


def initial_of(subscription: Subscription) -> dict[str, Any]:
    """A stored webhook as the form shows it."""
    names = ("version", "name", "address", "is_on", "groups", "query", "with_texts", "with_restricted")
    return {name: getattr(subscription, name) for name in names}
