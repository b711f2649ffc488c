"""Shape and wording of what is asked about restricted incidents: who sees one, why, and breaking the glass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.choices import Permission
from accounts.models import Team, User
from incidents.models.access import Member
from incidents.rules import LONGEST_REASON

MOST_MEMBERS = 200


def reason_field(label: str, help: str, *, required: bool = True) -> forms.CharField:
    too_long = f"The reason has %(show_value)d characters; {LONGEST_REASON:,} are allowed. Shorten it."
    return forms.CharField(
        required=required,
        label=label,
        help_text=help,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why; it stands in the log.", "max_length": too_long},
    )


class MembersField(forms.MultipleChoiceField):
    """People and teams by their words: `ana`, `team:tier2`. Typed without script, several with commas between."""

    def valid_value(self, value: str) -> bool:
        return True

    def clean(self, value: Any) -> list[Member]:
        words = [word.strip().lower() for each in super().clean(value) for word in each.split(",")]
        words = list(dict.fromkeys(filter(None, words)))
        if not words:
            raise ValidationError("Name at least one person or team, or nobody will see the incident.")
        if len(words) > MOST_MEMBERS:
            raise ValidationError(f"Name at most {MOST_MEMBERS}; make a team of more.")
        found = members_named(words)
        unknown = [word for word in words if word not in found]
        if unknown:
            raise ValidationError(
                f"“{unknown[0][:80]}” is nobody who sees incidents, and no team; choose from the list."
            )
        return [found[word] for word in words]


def members_named(words: Iterable[str]) -> dict[str, Member]:
    """Those of the words that name a person who sees incidents, or a team."""
    # a NUL character is in nobody's name, and the database would not even compare it
    askable = [word for word in words if "\x00" not in word]
    slugs = [word.removeprefix("team:") for word in askable if word.startswith("team:")]
    found: dict[str, Member] = {
        f"team:{team.slug}".lower(): team for team in Team.objects.present().filter(slug__in=slugs)
    }
    users = User.objects.who_may(Permission.SEE_INCIDENTS).filter(username__in=askable).select_related("role")
    return found | {user.username: user for user in users}


class RestrictForm(forms.Form):
    """Restricting an incident that everyone sees."""

    members = MembersField(required=False, label="Who may see it")
    reason = reason_field("Reason", "Stands in the incident's log, where its members read it")


class MembersForm(forms.Form):
    """Changing who sees one that is restricted."""

    members = MembersField(required=False, label="Who may see it")
    reason = reason_field("Reason", "Stands in the incident's log", required=False)


class LiftForm(forms.Form):
    """Showing it to everyone again."""

    reason = reason_field("Reason", "Stands in the incident's log, which everyone will read")


class BreakGlassForm(forms.Form):
    """Opening a restricted incident in need."""

    number = forms.IntegerField(
        label="Incident number",
        min_value=1,
        max_value=2**62,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), "Write the incident's number, such as 42."
        ),
    )
    reason = reason_field(
        "Reason", "Read by the incident's members, by others who may break the glass, and by administrators"
    )
