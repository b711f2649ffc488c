"""The Activity tab of the incident page: the log with its filters, and what is typed to find words for them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render

from accounts import filter_views
from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.filter_views import FilteredList
from activity.stream import Asked, Page, tools
from common.corrections import meant
from common.query_strings import UnknownKeys, address, with_values
from incidents.filters.activity_filter import ActivityFilter
from incidents.models import Incident
from incidents.queries import activity as queries
from incidents.queries.attachments import attachments_shown
from incidents.queries.merging import merged_into
from incidents.queries.origins import origins_shown
from incidents.queries.unread import seen_from
from incidents.views.frame import page_context, tab_refused
from incidents.views.lookup import incident_or_404
from incidents.views.page import new_comment

CONTENTS = {"": "All", "audits": "Audits", "comments": "Comments"}


@needs(get=Permission.SEE_INCIDENTS)
def activity(request: PersonRequest, number: int) -> HttpResponse:
    """The incident's log: audits and comments by acts, as the address asks; to HTMX, the stream alone."""
    incident = incident_or_404(request, number)
    merged = merged_into(incident, request.user)
    try:
        wanted = queries.asked(request.GET, request.user, incident, merged)
        page = queries.page(wanted, request.user)
    except (UnknownKeys, ValidationError) as error:
        return _refused(request, incident, error)
    context = page_context(request, incident, "activity")
    context |= _context(wanted, page, context["standing"].was_seen)
    context |= {
        "comment_form": new_comment(incident),
        "moderates": request.user.may(Permission.MODERATE_COMMENTS),
        "attachments": attachments_shown(incident, request.user),
        "attachment_bytes": settings.ATTACHMENT_BYTES,
        "origins": origins_shown(incident, request.user),
    }
    # after a save the page asks for its header, not for the stream
    is_part = request.htmx and not request.htmx.boosted and request.htmx.target != "incident-header"
    template = "incidents/activity.html#stream" if is_part else "incidents/activity.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    return response


@needs(get=Permission.SEE_INCIDENTS)
def edit_filter(request: PersonRequest, number: int) -> HttpResponse:
    """All filters of the log there are to choose from; with `key`, the form of that one."""
    return filter_views.edit_filter(request, _filtered(request, number))


@needs(get=Permission.SEE_INCIDENTS)
def apply_filter(request: PersonRequest, number: int) -> HttpResponse:
    """Go to the log with one filter set as the form says."""
    return filter_views.apply_filter(request, _filtered(request, number))


@needs(get=Permission.SEE_INCIDENTS)
def suggest(request: PersonRequest, number: int, key: str) -> HttpResponse:
    """Options of a filter of the log: of those who acted on the incident, and of what its log tells of."""
    incident = incident_or_404(request, number)
    names = ActivityFilter(
        QueryDict(), principal=request.user, incident=incident.pk, merged=merged_into(incident, request.user)
    ).names
    text = request.GET.get("q", "")
    options: list[dict[str, Any]]
    if key == "actor":
        options = filter_views.options_of_actors(names.actors_like(text))
    elif key == "alert":
        options = [
            {"value": str(one.number), "label": one.label, "hint": str(one.number), "mark": ""}
            for one in names.alerts_like(text)
        ]
    elif key == "entity":
        options = [
            {"value": one.label, "label": one.label, "hint": "", "mark": ""} for one in names.entities_like(text)
        ]
    else:
        raise Http404("There is no such filter.")
    empty = "" if options else "This log names none that fits"
    groups = [{"label": "", "options": options}]
    return render(request, "components/combobox_options.html", {"groups": groups, "empty": empty})


def _filtered(request: PersonRequest, number: int) -> FilteredList:
    incident = incident_or_404(request, number)
    merged = merged_into(incident, request.user)
    return FilteredList(
        ActivityFilter,
        lambda query, person: ActivityFilter(query, principal=person, incident=incident.pk, merged=merged),
        lambda request, error: _refused(request, incident, error, is_list=False),
    )


def _refused(
    request: PersonRequest, incident: Incident, error: UnknownKeys | ValidationError, *, is_list: bool = True
) -> HttpResponse:
    """The page that says why the log cannot be shown as its address asks, with the link that was probably meant."""
    merged = merged_into(incident, request.user)

    def check(query: QueryDict) -> object:
        return queries.asked(query, request.user, incident, merged)

    better = meant(request.GET, error, ActivityFilter, check) if is_list else None
    url = address(request.path, {key: better.getlist(key) for key in better}) if better else ""
    return tab_refused(request, incident, "activity", error, corrected_url=url)


def _context(wanted: Asked, page: Page, was_seen: int | None) -> dict[str, Any]:
    path, query = wanted.filter.address_of("queue"), wanted.query
    content = query.getlist("content")
    return tools(wanted) | {
        "page": page,
        "seen_from": seen_from(page.lines, was_seen) if wanted.newest_first else None,
        "contents": [
            {
                "label": label,
                "url": address(path, with_values(query, content=[word] if word else None)),
                "current": word == (content[0] if len(content) == 1 and content[0] in CONTENTS else ""),
            }
            for word, label in CONTENTS.items()
        ],
    }
