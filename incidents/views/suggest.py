"""Options of type-ahead fields."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from alerts.filters.fields import VocabularyField
from common.marks import entity_icon, person_mark, tag_mark
from entities.choices import EntityKind
from entities.naming import word_of
from entities.trigrams import SHORTEST
from incidents.filters import FIELDS
from incidents.filters.vocabulary import matching, recent_words
from incidents.queries.entities import entities_like
from incidents.queries.people import MOST, assignable, tags_like


@needs(get=Permission.SEE_INCIDENTS)
def suggest_assignees(request: PersonRequest) -> HttpResponse:
    """Options of an assignee field: users and teams that fit what was typed."""
    text = request.GET.get("q", "")
    is_member = request.GET.get("for") == "member"
    right = Permission.SEE_INCIDENTS if is_member else Permission.EDIT_INCIDENTS
    users, teams = assignable(text, request.user, right)
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
    if request.GET.get("for") in ("filter", "resolver"):
        is_resolver = request.GET["for"] == "resolver"
        if is_resolver:
            groups.pop()  # teams resolve nothing
        words = [("me", "Me"), ("system", "The system") if is_resolver else ("unassigned", "Unassigned")]
        options = [
            {"value": value, "label": label, "mark": "", "hint": ""}
            for value, label in words
            if label.lower().removeprefix("the ").startswith(text.strip().lower())
        ]
        groups.insert(0, {"label": "", "options": options})
    empty = "" if any(group["options"] for group in groups) else "Nobody has such a name"
    return render(request, "components/combobox_options.html", {"groups": groups, "empty": empty})


MENTIONS = 8


@needs(get=Permission.EDIT_INCIDENTS)
def suggest_mentions(request: PersonRequest) -> HttpResponse:
    """People and teams whom a text may call by `@`: those that fit what was typed, by the name that calls them."""
    users, teams = assignable(request.GET.get("q", "")[:60], request.user, Permission.SEE_INCIDENTS)
    people = [(user.username, user.display_name, person_mark(user.initials, user.display_name)) for user in users]
    people += [(team.slug, team.name, person_mark(team.initials, team.name, "team")) for team in teams]
    options = [
        {"value": word, "label": label, "hint": f"@{word}", "mark": mark}
        for word, label, mark in sorted(people, key=lambda each: each[1].lower())[:MENTIONS]
    ]
    return render(request, "components/combobox_options.html", {"groups": [{"label": "", "options": options}]})


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


@needs(get=Permission.SEE_INCIDENTS)
def suggest_words(request: PersonRequest, key: str) -> HttpResponse:
    """Options of a filter by senders' words: those of incidents the person may see that fit, commonest first."""
    field = FIELDS.get(key)
    if not isinstance(field, VocabularyField):
        raise Http404("There is no such filter.")
    text = request.GET.get("q", "")
    fixed = {label: word for word, label in field.always_known().items()}
    heard = [word for word in recent_words(request.user).get(field.of, ()) if word not in fixed.values()]
    labels = matching([*fixed, *(field.word_label(word, None) for word in heard)], text, MOST)
    by_label = {field.word_label(word, None): word for word in reversed(heard)} | fixed
    options = [{"value": by_label[label], "label": label, "mark": "", "hint": ""} for label in labels]
    empty = "" if options else "No incident says so" if text.strip() else "No incident says anything of it"
    return render(
        request, "components/combobox_options.html", {"groups": [{"label": "", "options": options}], "empty": empty}
    )


@needs(get=Permission.SEE_INCIDENTS)
def suggest_entities(request: PersonRequest) -> HttpResponse:
    """Options of an entity filter: entities with the text in their names, of incidents the person may see."""
    text = " ".join(request.GET.get("q", "").split())[:200]
    found = entities_like(text, request.user)
    options = [
        {
            "value": word_of(entity.kind, entity.key, entity.pk),
            "label": entity.name,
            "mark": format_html('{}<span class="one-line">{}</span>', entity_icon(entity.kind), shortened(entity.name)),
            "hint": EntityKind(entity.kind).label,
        }
        for entity in found
    ]
    empty = "" if options else "No incident has such an entity" if len(text) >= SHORTEST else "Type three characters"
    return render(
        request, "components/combobox_options.html", {"groups": [{"label": "", "options": options}], "empty": empty}
    )


def shortened(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:79]}…"
