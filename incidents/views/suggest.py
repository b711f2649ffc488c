"""Options of type-ahead fields."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.marks import person_mark, tag_mark
from incidents.queries.people import assignable, tags_like


@needs(get=Permission.SEE_INCIDENTS)
def suggest_assignees(request: PersonRequest) -> HttpResponse:
    """Options of an assignee field: users and teams that fit what was typed."""
    text = request.GET.get("q", "")
    users, teams = assignable(text, request.user)
    groups = [
        {
            "label": "Users",
            "options": [
                {
                    "value": user.username,
                    "label": user.display_name,
                    "hint": "you" if user == request.user else user.username,
                    "mark": person_mark(user.initials, user.display_name),
                }
                for user in users
            ],
        },
        {
            "label": "Teams",
            "options": [
                {
                    "value": f"team:{team.slug}",
                    "label": team.name,
                    "hint": "team",
                    "mark": person_mark(team.initials, team.name, "team"),
                }
                for team in teams
            ],
        },
    ]
    if request.GET.get("for") == "filter":
        words = [("me", "Me"), ("unassigned", "Unassigned")]
        options = [
            {"value": value, "label": label, "mark": "", "hint": ""}
            for value, label in words
            if label.lower().startswith(text.strip().lower())
        ]
        groups.insert(0, {"label": "", "options": options})
    empty = "" if any(group["options"] for group in groups) else "Nobody has such a name"
    return render(request, "components/combobox_options.html", {"groups": groups, "empty": empty})


@needs(get=Permission.SEE_INCIDENTS)
def suggest_tags(request: PersonRequest) -> HttpResponse:
    """Options of a tag field: used tags that fit, and last the text itself to create, where that is wanted."""
    text = " ".join(request.GET.get("q", "").split())[:100]
    is_filter = request.GET.get("for") == "filter"
    kinds = ("custom", "attack", "automatic", "critical") if is_filter else ("custom",)
    chosen = {name.lower() for name in request.GET.getlist("chosen")}
    tags = [tag for tag in tags_like(text, request.user, kinds) if tag.name.lower() not in chosen]
    options = [{"value": tag.name, "label": tag.name, "mark": tag_mark(tag.name, tag.kind)} for tag in tags]
    exists = any(tag.name.lower() == text.lower() for tag in tags) or text.lower() in chosen
    create = "" if is_filter or exists else text
    empty = "" if options or create else "No tag begins so"
    return render(
        request,
        "components/combobox_options.html",
        {"groups": [{"label": "", "options": options}], "create": create, "empty": empty},
    )
