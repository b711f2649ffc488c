"""Teams: their list, one of them, and what becomes of its work when it goes. For whoever manages people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.commands import create_team, delete_team, rename_team, set_members
from accounts.commands.teams import free_slug
from accounts.consequences import consequences_of
from accounts.forms.people import NewTeamForm, TeamForm
from accounts.models import Team, User
from accounts.queries import people
from accounts.queries import teams as queries
from common.command import within_one_savepoint
from common.errors import Refused

MANAGE = Permission.MANAGE_PEOPLE


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All teams with their members."""
    return render(request, "settings/teams.html", {"rows": queries.rows()})


@needs(get=MANAGE, post=MANAGE)
def new(request: PersonRequest) -> HttpResponse:
    """Make a team."""
    form = NewTeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            team = create_team(
                said["slug"] or free_slug(said["name"]),
                name=said["name"],
                members=said["members"],
                actor=request.user.as_actor(),
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            messages.success(request, f"The team “{team.name}” is made.")
            return redirect("teams:overview")
    return _page(request, form, None)


@needs(get=MANAGE, post=MANAGE)
def team(request: PersonRequest, slug: str) -> HttpResponse:
    """Change a team's name and members."""
    found = _found(slug)
    members: list[User] = getattr(found, "in_it", [])
    initial = {"name": found.name, "members": [member.username for member in members]}
    form = TeamForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        said, actor = form.cleaned_data, request.user.as_actor()
        try:
            with within_one_savepoint():
                rename_team(found, said["name"], actor=actor)
                set_members(found, said["members"], actor=actor)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            messages.success(request, f"The team “{said['name']}” is saved.")
            return redirect("teams:overview")
    return _page(request, form, found)


@needs(get=MANAGE, post=MANAGE)
def delete(request: PersonRequest, slug: str) -> HttpResponse:
    """What becomes of a team's work, said first; then the team goes."""
    found = _found(slug)
    problem = ""
    if request.method == "POST":
        try:
            delete_team(found, actor=request.user.as_actor())
        except Refused as refused:
            problem = refused.problem
        else:
            messages.success(request, f"The team “{found.name}” is deleted.")
            return redirect("teams:overview")
    context = {
        "team": found,
        "members": len(getattr(found, "in_it", [])),
        "sentences": consequences_of(found, request.user),
        "problem": problem,
    }
    return render(request, "settings/team_delete.html", context, status=409 if problem else 200)


def _found(slug: str) -> Team:
    found = queries.team_named(slug)
    if found is None:
        raise Http404("There is no such team, or it was deleted.")
    return found


def _page(request: PersonRequest, form: TeamForm, found: Team | None) -> HttpResponse:
    words = [word.strip() for each in form["members"].value() or () for word in each.split(",")]
    known = {user.username: user for user in User.objects.get_queryset().filter(username__in=_askable(words))}
    context: dict[str, Any] = {
        "form": form,
        "team": found,
        "chosen": [people.option_of(known[word]) for word in words if word in known],
        "members_problem": " ".join(str(error) for error in form.errors.get("members", ())),
        "suggest_url": reverse("people:suggest"),
        "action": request.path,
    }
    return render(request, "settings/team.html", context, status=422 if form.errors else 200)


def _askable(words: list[str]) -> list[str]:
    return [word for word in words if "\x00" not in word]
