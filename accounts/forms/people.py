"""Shape and wording of what is said about people: those who are here, and those who are invited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Role, Team, User

DAYS = ((1, "1 day"), (3, "3 days"), (7, "7 days"), (14, "14 days"), (30, "30 days"))
MOST_MEMBERS = 500


class Seen(forms.Form):
    """A form that remembers, in hidden fields `was_…`, what it showed."""

    REMEMBERED: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.REMEMBERED:
            self.fields[f"was_{name}"] = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def was(self) -> dict[str, Any]:
        """What the form showed when it was opened, as far as it was sent along."""
        sent: Mapping[str, Any] = self.data
        return {
            name: split(str(self.cleaned_data[f"was_{name}"]))
            if isinstance(self.fields[name], forms.MultipleChoiceField)
            else self.cleaned_data[f"was_{name}"]
            for name in self.REMEMBERED
            if f"was_{name}" in sent
        }

    def show_anew(self, present: Mapping[str, Any]) -> None:
        """Take what is stored now for what was shown: who saves again has been told of it."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name in self.REMEMBERED:
            value = present[name]
            data[f"was_{name}"] = joined(value) if isinstance(value, list) else value
        self.data = data


def split(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def joined(words: Iterable[str]) -> str:
    return ",".join(sorted(words))


def role_choices(roles: Iterable[Role]) -> list[tuple[str, str]]:
    return [(role.slug, role.name) for role in roles]


def team_choices() -> list[tuple[str, str]]:
    return list(Team.objects.present().order_by("name").values_list("slug", "name"))


class PersonForm(Seen):
    """What administrators say of one person."""

    REMEMBERED = ("display_name", "email", "role", "teams")

    display_name = forms.CharField(
        max_length=120, label="Name", help_text="As everybody reads it. The sign-in name stays, it stands in addresses."
    )
    email = forms.EmailField(
        required=False, label="E-mail", help_text="Signs in as well, and gets mail that gives another password."
    )
    role = forms.ChoiceField(label="Role", help_text="Holds from the person’s next request on.")
    teams = forms.MultipleChoiceField(required=False, label="Teams", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = role_choices(roles)  # type: ignore[attr-defined]
        self.fields["teams"].choices = team_choices()  # type: ignore[attr-defined]


class InvitationForm(forms.Form):
    """Whom to invite, as what, and for how long the link holds."""

    email = forms.EmailField(
        required=False,
        label="E-mail",
        help_text="The person has it afterwards. It can be left out: you hand the link over.",
    )
    note = forms.CharField(
        required=False, max_length=120, label="Or a name for yourself", help_text="So that you know whose link it is."
    )
    role = forms.ChoiceField(label="Role", help_text="Roles that allow what you may not are left out.")
    teams = forms.MultipleChoiceField(required=False, label="Teams", widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=7, label="The link holds for")

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = role_choices(roles)  # type: ignore[attr-defined]
        self.fields["teams"].choices = team_choices()  # type: ignore[attr-defined]

    @property
    def expires_at(self) -> datetime:
        days: int = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days)


class PasswordFields(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="At least 12 characters; no common word, and nothing of your name.",
    )
    again = forms.CharField(
        label="The same once more",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        if self.cleaned_data["again"] != self.cleaned_data.get("password", self.cleaned_data["again"]):
            raise ValidationError("The two are not the same.")
        return str(self.cleaned_data["again"])


class AcceptForm(PasswordFields):
    """Who one is: what somebody says who was invited."""

    display_name = forms.CharField(max_length=120, label="Name", widget=forms.TextInput({"autocomplete": "name"}))
    username = forms.CharField(
        max_length=60,
        label="Sign-in name",
        help_text="Lower-case letters, digits, dots, dashes; others mention you by it.",
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("display_name", "username", "password", "again")

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).lower()


class MembersField(forms.MultipleChoiceField):
    """People by their sign-in names. Typed without script, several with commas between."""

    def valid_value(self, value: str) -> bool:
        return True

    def clean(self, value: Any) -> list[User]:
        words = [word.strip().lower() for each in super().clean(value) for word in each.split(",")]
        # a NUL character is in nobody's name, and the database would not even compare it
        words = list(dict.fromkeys(word for word in words if word))
        if len(words) > MOST_MEMBERS:
            raise ValidationError(f"A team has at most {MOST_MEMBERS} members.")
        askable = [word for word in words if "\x00" not in word]
        found = {user.username: user for user in User.objects.get_queryset().filter(username__in=askable)}
        unknown = [word for word in words if word not in found]
        if unknown:
            raise ValidationError(f"Nobody is called “{unknown[0][:80]}”; choose from the list.")
        return [found[word] for word in words]


class TeamForm(forms.Form):
    """What a team is called, and who is in it."""

    name = forms.CharField(max_length=80, label="Name")
    members = MembersField(required=False, label="Members")


class NewTeamForm(TeamForm):
    slug = forms.SlugField(
        required=False,
        max_length=50,
        label="Word in addresses",
        help_text="Such as tier2, for assignee=team:tier2. It stays for good; left empty, it is made of the name.",
    )
    field_order = ("name", "slug", "members")
