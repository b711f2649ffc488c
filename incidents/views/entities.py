"""Entities: the list to find one, and the pages of one. They need incidents and people, so they stand on this floor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.models import User
from alerts.choices import Severity
from common.counting import count
from common.errors import Refused
from common.list_pages import range_text
from common.marks import absolute_time, severity_mark
from common.pagination import BadCursor, Page
from common.query_strings import address, with_values
from entities.choices import Criticality, EntityKind
from entities.commands import set_criticality
from entities.models import Entity
from entities.naming import page_of
from incidents.forms.critical_assets import CriticalityForm
from incidents.forms.entities import BadAddress, read_list, read_timeline
from incidents.queries import entity as queries
from incidents.queries import entity_list, entity_timeline
from incidents.queries.entity_timeline import BadPlace

RECENT = 8
"""Alerts and incidents that the first page of an entity shows."""


@needs(get=Permission.SEE_INCIDENTS)
def listing(request: PersonRequest) -> HttpResponse:
    """Entities by name, identifier and type; to HTMX, the list alone."""
    try:
        asked = read_list(request.GET)
        page, rows = entity_list.page(request.user, asked)
    except (BadAddress, BadCursor) as error:
        return _refused(request, error, reverse("entities:list"))
    number = count(entity_list.entities(request.user, asked))
    context = {
        "rows": rows,
        "asked": asked,
        "count": number,
        "is_too_short": entity_list.is_too_short(asked.text),
        "range_text": range_text(len(rows), number),
        "kinds": [
            {
                "label": "Type",
                "name": "kind",
                "open": True,
                "options": [_option(kind, asked.kinds) for kind in EntityKind],
            },
            {
                "label": "Criticality",
                "name": "criticality",
                "open": bool(asked.criticalities),
                "options": [_option(level, asked.criticalities) for level in Criticality],
            },
        ],
        "kept": [
            (key, value)
            for key, values in with_values(request.GET, kind=None, criticality=None).items()
            for value in values
        ],
        "chips": [
            {"label": label, "value": term.label, "url": _without(request, key, term.slug)}
            for label, key, terms in (
                ("Type", "kind", asked.kinds),
                ("Criticality", "criticality", asked.criticalities),
            )
            for term in dict.fromkeys(terms)
        ],
        "orders": [
            {
                "label": label,
                "url": address(request.path, with_values(request.GET, sort=[word])),
                "current": word == asked.sort,
            }
            for word, label in entity_list.LABELS.items()
        ],
        **_paged(request, page),
    }
    template = "entities/list.html#list" if request.htmx and not request.htmx.boosted else "entities/list.html"
    return render(request, template, context)


@needs(get=Permission.SEE_INCIDENTS)
def overview(request: PersonRequest, kind: str, number: int) -> HttpResponse:
    """What it is, how much it was in lately, and what it was seen with."""
    entity = _entity_or_404(request, kind, number)
    context = _page(request, entity, "overview")
    unit = request.GET.get("by", "day")
    if unit not in queries.UNITS:
        raise Http404
    recent = entity_timeline.timeline(entity, request.user, entity_timeline.Asked())
    context |= {
        "facts": queries.facts(entity),
        "criticality": queries.criticality(entity),
        "criticality_form": CriticalityForm(initial={"level": entity.criticality_by_hand}),
        "may_set": request.user.may(Permission.MANAGE_RULES),
        "names": queries.names(entity),
        "recent": [moment for _, moments in recent.days for moment in moments][:RECENT],
        "incidents": entity_timeline.incidents_page(entity, request.user, size=RECENT),
        "related": queries.related(entity, request.user),
        **_risk(entity, request.user, unit),
    }
    return render(request, "entities/overview.html", context)


@needs(post=Permission.MANAGE_RULES)
def criticality(request: PersonRequest, kind: str, number: int) -> HttpResponse:
    """Say how critical an asset is, or give that back to the classifications."""
    entity = _entity_or_404(request, kind, number)
    form = CriticalityForm(request.POST)
    problem = "" if form.is_valid() and "level" in request.POST else "Choose one of the levels."
    if not problem:
        try:
            set_criticality(entity, form.cleaned_data["level"], actor=request.user.as_actor())
        except Refused as refused:
            problem = refused.problem
    if problem:
        return HttpResponse(problem, status=422, content_type="text/plain; charset=utf-8")
    messages.success(request, "Saved; its open incidents follow in a moment")
    return redirect("entities:overview", kind, number)


@needs(get=Permission.SEE_INCIDENTS)
def timeline(request: PersonRequest, kind: str, number: int) -> HttpResponse:
    """Its alerts across incidents in time, narrowed by the address; to HTMX, the timeline alone."""
    entity = _entity_or_404(request, kind, number)
    try:
        asked = read_timeline(request.GET, request.user)
        found = entity_timeline.timeline(entity, request.user, asked)
    except (BadAddress, BadCursor) as error:
        return _refused(request, error, reverse("entities:timeline", args=[kind, number]))
    context = _page(request, entity, "timeline") | {
        "asked": asked,
        "days": found.days,
        "since": request.GET.get("from")
        or (f"{timezone.localtime(asked.since):%Y-%m-%dT%H:%M}" if asked.since else ""),
        "until": request.GET.get("to", ""),
        "since_shown": absolute_time(asked.since) if asked.around and asked.since else "",
        "severities": [_option(severity, asked.severities) for severity in reversed(Severity)],
        "sources": [
            {"value": source, "checked": source in asked.sources}
            for source in dict.fromkeys([*asked.sources, *entity_timeline.sources_of(entity, request.user)])
        ],
        "is_narrowed": any(request.GET.get(key) for key in ("from", "to", "severity", "source", "incident", "around")),
        "orders": [
            {
                "label": label,
                "url": address(request.path, with_values(request.GET, sort=[word])),
                "current": word == asked.sort,
            }
            for word, label in (("newest", "Newest first"), ("oldest", "Oldest first"))
        ],
        **_paged(request, found.page),
    }
    template = (
        "entities/timeline.html#timeline" if request.htmx and not request.htmx.boosted else "entities/timeline.html"
    )
    return render(request, template, context)


@needs(get=Permission.SEE_INCIDENTS)
def incidents(request: PersonRequest, kind: str, number: int) -> HttpResponse:
    """Every incident it was in, where it was seen last first."""
    entity = _entity_or_404(request, kind, number)
    try:
        after = entity_timeline.read_place(request.GET["after"]) if request.GET.get("after") else entity_timeline.LATEST
    except BadPlace as error:
        return _refused(request, error, reverse("entities:incidents", args=[kind, number]))
    found = entity_timeline.incidents_page(entity, request.user, after)
    context = _page(request, entity, "incidents") | {
        "incidents": found,
        "next_url": address(request.path, {"after": [found["next"]]}) if found["next"] else "",
        "first_url": request.path if request.GET.get("after") else "",
    }
    return render(request, "entities/incidents.html", context)


def _entity_or_404(request: PersonRequest, kind: str, number: int) -> Entity:
    found = queries.visible_entity(request.user, kind, number) if kind in EntityKind.values else None
    if found is None:
        raise Http404("There is no such entity, or you may not see it.")
    return found


def _page(request: PersonRequest, entity: Entity, tab: str) -> dict[str, Any]:
    """What every page of an entity shows around itself."""
    shown = queries.header(entity, request.user)
    tabs = (
        ("overview", "Overview", ""),
        ("timeline", "Timeline", shown["alerts"]),
        ("incidents", "Incidents", shown["incidents"]),
    )
    return {
        "entity": shown,
        "tabs": [
            {
                "label": label,
                "url": reverse(f"entities:{name}", args=[entity.kind, entity.pk]),
                "count": str(figure),
                "current": name == tab,
            }
            for name, label, figure in tabs
        ],
        "crumbs": [
            {"label": "Entities", "url": reverse("entities:list")},
            {"label": shown["kind"], "url": address(reverse("entities:list"), {"kind": [entity.kind]})},
            {"label": f"{entity.pk}"},
        ],
    }


def _risk(entity: Entity, user: User, unit: str) -> dict[str, Any]:
    """The alerts of the last weeks as bars, each a link to its part of the timeline, and the same as a table."""
    risk = queries.risk_over_time(entity, user, unit)
    page = page_of(entity.kind, entity.pk)
    levels = list(reversed(Severity))
    bars = []
    for period in risk.periods:
        words = ", ".join(f"{period.counts[one]} {one.label.lower()}" for one in levels if period.counts.get(one))
        when = f"{period.first.day} {period.first:%b}"
        when += f" to {period.last.day} {period.last:%b}" if unit == "week" else ""
        bars.append(
            {
                "label": when,
                "title": f"{when}: {words or 'no alerts'}",
                "url": address(f"{page}timeline/", {"from": [f"{period.first}"], "to": [f"{period.last}"]}),
                "values": [(one.slug, period.counts.get(one, 0)) for one in levels],
            }
        )
    total = sum(period.total for period in risk.periods)
    return {
        "bars": bars,
        "levels": [severity_mark(one) for one in levels],
        "risk_total": total,
        "risk_label": f"Alerts by {unit}: {total:,} in the last {'30 days' if unit == 'day' else '26 weeks'}",
        "risk_is_cut": risk.is_cut,
        "most_weighed": queries.MOST_WEIGHED,
        "units": [
            {"label": label, "url": address(page, {"by": [word]} if word != "day" else {}), "current": word == unit}
            for word, label in (("day", "30 days"), ("week", "26 weeks"))
        ],
    }


def _paged(request: PersonRequest, page: Page) -> dict[str, str]:
    """Links to the neighbours of a page."""
    return {
        f"{name}_url": address(request.path, with_values(request.GET, **{key: [place]})) if place else ""
        for name, key, place in (("previous", "before", page.previous), ("next", "after", page.next))
    }


def _option(term: EntityKind | Severity | Criticality, chosen: Any) -> dict[str, Any]:
    return {"value": term.slug, "label": term.label, "checked": term in chosen}


def _without(request: PersonRequest, key: str, word: str) -> str:
    rest = [each for each in request.GET.getlist(key) if each != word]
    return address(request.path, with_values(request.GET, **{key: rest or None}))


def _refused(request: PersonRequest, error: Exception, reset_url: str) -> HttpResponse:
    """The page that says why an address means nothing."""
    problems = error.problems if isinstance(error, BadAddress) else [str(error)]
    return render(request, "entities/refused.html", {"problems": problems, "reset_url": reset_url}, status=400)
