"""The system's log, for administrators: who came in, who changed which right or rule, who took what out."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render

from accounts import filter_views
from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.filter_views import FilteredList
from accounts.filters import SystemLogFilter
from accounts.queries import system_log as queries
from activity.checkpoints.standing import problem_of_checkpoints, problem_of_verification, told
from activity.stream import tools
from common.corrections import meant, problems
from common.query_strings import UnknownKeys, address


@needs(get=Permission.SEE_SYSTEM_LOG)
def overview(request: PersonRequest) -> HttpResponse:
    """The log by acts, as the address asks, and how its proof stands."""
    last = queries.newest()
    try:
        wanted = queries.asked(request.GET, request.user)
        page = queries.page(wanted, request.user)
    except (UnknownKeys, ValidationError) as error:
        return _refused(request, error)
    context = tools(wanted) | {
        "page": page,
        "last": last,
        "state": request.GET.urlencode(),
        "proof": told(),
        "alarms": [problem for problem in (problem_of_checkpoints(), problem_of_verification()) if problem],
    }
    return render(request, "settings/system_log.html", context)


@needs(get=Permission.SEE_SYSTEM_LOG)
def news(request: PersonRequest) -> HttpResponse:
    """How many entries have come since the one of sequence `since` that the list in `in` would show."""
    since = request.GET.get("since", "")
    if not (since.isascii() and since.isdigit() and len(since) < 10):
        return HttpResponse("since is a number of an entry", status=400, content_type="text/plain; charset=utf-8")
    state = QueryDict(request.GET.get("in", "")[: filter_views.LONGEST_STATE].replace("\x00", ""))
    try:
        wanted = queries.asked(state, request.user)
    except (UnknownKeys, ValidationError) as error:
        return _refused(request, error, is_list=False)
    count = queries.new_since(wanted, int(since))
    many = count > queries.MOST_COUNTED
    context = {
        "last": since,
        "state": state.urlencode(),
        "list_url": f"{wanted.filter.address_of('queue')}?{state.urlencode()}",
        "new": f"{queries.MOST_COUNTED}+" if many else count,
        "is_one": count == 1,
    }
    return render(request, "settings/system_log.html#news", context)


@needs(get=Permission.SEE_SYSTEM_LOG)
def edit_filter(request: PersonRequest) -> HttpResponse:
    """All filters of the log there are to choose from; with `key`, the form of that one."""
    return filter_views.edit_filter(request, FILTERED)


@needs(get=Permission.SEE_SYSTEM_LOG)
def apply_filter(request: PersonRequest) -> HttpResponse:
    """Go to the log with one filter set as the form says."""
    return filter_views.apply_filter(request, FILTERED)


@needs(get=Permission.SEE_SYSTEM_LOG)
def suggest(request: PersonRequest, key: str) -> HttpResponse:
    """Options of a filter: those who acted, or on whom and what."""
    names, text = SystemLogFilter(QueryDict(), principal=request.user).names, request.GET.get("q", "")
    if key == "actor":
        options = filter_views.options_of_actors(names.actors_like(text))
    elif key == "subject":
        found = names.subjects_like(text)
        kinds = {each.word: each.word.partition(":")[0].replace("_", " ") for each in found}
        options = [{"value": each.word, "label": each.label, "hint": kinds[each.word], "mark": ""} for each in found]
    else:
        raise Http404("There is no such filter.")
    empty = "" if options else "This log names none that fits"
    groups = [{"label": "", "options": options}]
    return render(request, "components/combobox_options.html", {"groups": groups, "empty": empty})


def _refused(request: PersonRequest, error: UnknownKeys | ValidationError, *, is_list: bool = True) -> HttpResponse:
    """The page that says why the log cannot be shown as its address asks, with the link that was probably meant."""
    better = (
        meant(request.GET, error, SystemLogFilter, lambda query: queries.asked(query, request.user))
        if is_list
        else None
    )
    context = {
        "problems": problems(error, SystemLogFilter),
        "corrected_url": address(request.path, {key: better.getlist(key) for key in better}) if better else "",
    }
    return render(request, "settings/system_log_refused.html", context, status=400)


def _filter_refused(request: PersonRequest, error: UnknownKeys | ValidationError) -> HttpResponse:
    return _refused(request, error, is_list=False)


FILTERED = FilteredList(
    SystemLogFilter, lambda query, person: SystemLogFilter(query, principal=person), _filter_refused
)
