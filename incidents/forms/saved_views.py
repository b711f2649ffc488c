"""Shape and wording of a saved view: its name, its list, who sees it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.choices import Permission
from accounts.models import Team, User
from incidents.choices import Audience
from incidents.models import SavedView

EVERYONE_HELP = "Views for everyone are saved by people who may change several incidents at once."


class ViewForm(forms.Form):
    """What is said of a view. Which teams one may share with depends on the person."""

    name = forms.CharField(max_length=80, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    audience = forms.ChoiceField(label="Who sees it", initial="private")
    is_default = forms.BooleanField(required=False, label="My queue opens with it")
    query = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput, strip=False)
    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, person: User, present: SavedView | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = list(Team.objects.filter(members=person).order_by("name"))
        if present and present.team and present.team not in teams:
            teams.append(present.team)
        self.teams = {f"team:{team.slug}": team for team in teams}
        may_share = person.may(Permission.BULK_EDIT) or (present and present.audience == Audience.EVERYONE)
        choices = [("private", "Only me"), *((key, f"Team: {team.name}") for key, team in self.teams.items())]
        if may_share:
            choices.append(("everyone", "Everyone"))
        else:
            self.fields["audience"].help_text = EVERYONE_HELP
        field = self.fields["audience"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        field.error_messages["invalid_choice"] = "You may share with your own teams, and with those listed here."

    def clean_query(self) -> str:
        query: str = self.cleaned_data["query"]
        if "\x00" in query or "%00" in query:
            raise ValidationError("This list holds a NUL character, which nothing can match.")
        return query

    @property
    def chosen(self) -> tuple[Audience, Team | None]:
        """Who shall see it, once the form is valid."""
        word = self.cleaned_data["audience"]
        team = self.teams.get(word)
        return (Audience.TEAM, team) if team else (Audience(word), None)
