"""Alerts: their list, and one by itself."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.filter_views import FilteredList, apply_filter, edit_filter
from accounts.list_settings import kept_list
from accounts.list_views import choose_columns
from accounts.people import ME, by_name
from activity.news import moment
from alerts.filters.alert_filter import AlertFilter
from alerts.lookup import looked_at, visible_alerts
from alerts.models import Alert
from alerts.queries import detail
from alerts.queries import queue as queries
from common import filter_bar
from common.corrections import meant, problems
from common.list_pages import headings, range_text
from common.query_strings import UnknownKeys, address, with_values

KEY_HINTS = ((("j", "k"), "move"), (("x",), "select"), (("i",), "mine"), (("?",), "keys"))


@needs(get=Permission.SEE_INCIDENTS)
def queue(request: PersonRequest) -> HttpResponse:
    """The list of alerts that the address describes; to HTMX, the list and its counts alone."""
    path, cursor = queries.list_path(), moment()
    may_bulk, opened = request.user.may(Permission.BULK_EDIT), request.GET.get("open", "")
    try:
        page = queries.alerts_page(
            request.GET,
            request.user,
            path,
            remembered=kept_list(request.user, queries.ALERTS.name).columns,
            selectable=may_bulk,
            opened=opened,
        )
    except (UnknownKeys, ValidationError) as error:
        return refused(request, error)
    context: dict[str, Any] = {
        "page": page,
        "rows": page.rows,
        "chips": filter_bar.chips(page.filter, path),
        "add_filter_url": filter_bar.add_url(page.filter),
        "filter_choices": filter_bar.choices(page.filter),
        "filter_url": filter_bar.page_url(page.filter),
        "columns_url": address(reverse("alerts:columns"), with_values(request.GET)),
        "hidden": queries.hidden(page.filter, request.user, path),
        "columns": headings(page.columns, page.order, page.query, path),
        "copy_url": page.link,
        "copy_named_url": link_with_name(page.link, request.user.username),
        "reset_url": path,
        "again_url": address(path, with_values(request.GET)),
        "is_default": not set(request.GET) - {"open", "sort", "columns"},
        "range_text": range_text(len(page.rows), page.count),
        "cursor": cursor,
        "search": page.query.get("q", ""),
        "search_kept": [
            (key, value) for key, values in with_values(page.query).items() if key != "q" for value in values
        ],
        "may_bulk": may_bulk,
        "may_merge": request.user.may(Permission.MERGE_INCIDENTS),
        "edit_path": "../manage/" if request.user.may(Permission.EDIT_INCIDENTS) else "",
        "key_hints": KEY_HINTS,
    }
    context |= open_pane(request, opened)
    template = "alerts/queue.html#refreshed" if request.htmx and not request.htmx.boosted else "alerts/queue.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@needs(get=Permission.SEE_INCIDENTS)
def rows(request: PersonRequest) -> HttpResponse:
    """Some rows of a list (`list`) as they are now, and its count: what an open page puts into their old places."""
    _, _, state = request.GET.get("list", "").partition("?")
    words = request.GET.get("rows", "").split(",")[: queries.PAGE_SIZE * 10]
    numbers = {int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19}
    try:
        wanted = queries.asked(QueryDict(state), request.user)
        found, number = queries.changed_rows(
            wanted, numbers, request.user, selectable=request.user.may(Permission.BULK_EDIT)
        )
    except (UnknownKeys, ValidationError):
        return HttpResponse("There is no such list.", status=400, content_type="text/plain; charset=utf-8")
    response = render(request, "alerts/queue.html#changed", {"rows": found, "page": {"count": number}})
    response["Cache-Control"] = "no-store"
    return response


def link_with_name(link: str, username: str) -> str:
    """The link with “me” replaced by the person's name, so that it means them to whoever opens it; "" without “me”."""
    path, _, text = link.partition("?")
    values = with_values(QueryDict(text))
    if ME not in values.get("assignee", ()):
        return ""
    return address(path, values | {"assignee": by_name(values["assignee"], username)})


def open_pane(request: PersonRequest, opened: str) -> dict[str, Any]:
    """The details of the row that the address says is open."""
    if request.htmx or not (opened.isascii() and opened.isdigit() and len(opened) < 19):
        return {}
    found = visible_alerts(request.user, [int(opened)]).first()
    return {"open_pane": True} | pane_context(request, looked_at(found, request.user)) if found else {}


def refused(request: PersonRequest, error: UnknownKeys | ValidationError, *, is_list: bool = True) -> HttpResponse:
    """The page that says why a list cannot be shown as its address asks, with the link that was probably meant."""
    path = queries.list_path()
    better = (
        meant(request.GET, error, AlertFilter, lambda query: queries.asked(query, request.user)) if is_list else None
    )
    context = {
        "problems": problems(error, AlertFilter),
        "reset_url": path,
        "corrected_url": address(path, {key: better.getlist(key) for key in better}) if better else "",
    }
    return render(request, "alerts/refused.html", context, status=400)


def filter_refused(request: PersonRequest, error: UnknownKeys | ValidationError) -> HttpResponse:
    """The same for the pages that set a filter, whose own address is no list."""
    return refused(request, error, is_list=False)


FILTERED = FilteredList(AlertFilter, lambda query, person: AlertFilter(query, principal=person), filter_refused)


@needs(get=Permission.SEE_INCIDENTS)
def edit(request: PersonRequest) -> HttpResponse:
    """All filters there are to choose from; with `key`, the form of that one."""
    return edit_filter(request, FILTERED)


@needs(get=Permission.SEE_INCIDENTS)
def apply(request: PersonRequest) -> HttpResponse:
    """Go to the list with one filter set as the form says."""
    return apply_filter(request, FILTERED)


@needs(get=Permission.SEE_INCIDENTS, post=Permission.SEE_INCIDENTS)
def columns(request: PersonRequest) -> HttpResponse:
    """Choosing the list's columns."""
    return choose_columns(request, queries.ALERTS)


@needs(get=Permission.SEE_INCIDENTS)
def alert(request: PersonRequest, alert_id: int) -> HttpResponse:
    """One alert by itself."""
    found = _alert_or_404(request, alert_id)
    crumbs = [{"label": "Alerts", "url": reverse("alerts:queue")}, {"label": found.title}]
    return render(request, "alerts/alert.html", pane_context(request, found) | {"crumbs": crumbs})


@needs(get=Permission.SEE_INCIDENTS)
def details(request: PersonRequest, alert_id: int) -> HttpResponse:
    """The details pane beside the list; opened by itself, the alert's page."""
    found = _alert_or_404(request, alert_id)
    if not request.htmx:
        return redirect("alerts:alert", alert_id)
    return render(request, "alerts/pane.html", pane_context(request, found))


def pane_context(request: PersonRequest, found: Alert) -> dict[str, Any]:
    """What the pane shows of an alert, and what the person may do there."""
    return {
        "alert": detail.pane(found),
        "may_edit": request.user.may(Permission.EDIT_INCIDENTS),
        "may_tune": request.user.may(Permission.MANAGE_RULES),
        "may_merge": request.user.may(Permission.MERGE_INCIDENTS),
        "is_mine": found.assignee_user_id == request.user.pk,
        "list_url": reverse("alerts:queue"),
    }


def _alert_or_404(request: PersonRequest, alert_id: int) -> Alert:
    found = visible_alerts(request.user, [alert_id]).first()
    if found is None:
        raise Http404("There is no such alert, or you may not see it.")
    return looked_at(found, request.user)
