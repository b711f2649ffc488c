"""The search box: what is typed becomes filters, or an error that points at the place; and completion while typing."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.query_strings import UnknownKeys, address, with_values
from incidents.filters import DEFAULTS, FIELDS, IncidentFilter
from incidents.models import Incident
from incidents.queries import queue as queries
from incidents.query_text.checking import TextRefusal
from incidents.query_text.chips import as_text, split
from incidents.query_text.completing import complete as completion
from incidents.query_text.names import parts_that_say_too_little, words_by_key
from incidents.query_text.parsing import LONGEST

AROUND = 60
"""Characters shown on either side of an error."""


@needs(get=Permission.SEE_INCIDENTS)
def ask(request: PersonRequest) -> HttpResponse:
    """What somebody typed into the search box, beside the filters that are set: the list it asks for.

    Fields at the top of the text become filters, in place of those that are set; the rest stays text.
    """
    query = request.GET.copy()
    asked = IncidentFilter(query, Incident.objects.none(), principal=request.user)
    try:
        asked.check()
    except (UnknownKeys, ValidationError) as error:
        return _not_understood(request, error)
    return HttpResponseRedirect(address(queries.queue_path(), _asked_for(query)))


@needs(get=Permission.SEE_INCIDENTS)
def complete(request: PersonRequest) -> HttpResponse:
    """Options for what stands before the cursor: fields, or values of the field it stands in."""
    text = request.GET.get("q", "")[:LONGEST]
    at = request.GET.get("at", "")
    place = min(int(at), len(text)) if at.isascii() and at.isdigit() and len(at) < 6 else len(text)
    found = completion(text, place, FIELDS, request.user)
    return render(request, "incidents/completions.html", {"found": found})


def search_box(query: QueryDict, shown: IncidentFilter | None = None) -> dict[str, Any]:
    """What the box shows beside a list. `shown` is the list's filter, where there is a list."""
    text = query.get("q", "")
    kept = with_values(query, q=None)
    box: dict[str, Any] = {"text": text, "kept": [(key, word) for key, words in kept.items() for word in words]}
    if shown is not None:
        box["as_text"] = as_text(shown.words, FIELDS)
        box["too_common"] = parts_that_say_too_little([text], shown.names.parts) if text else []
    return box


def search_box_with_error(query: QueryDict, error: UnknownKeys | ValidationError) -> dict[str, Any]:
    """The box with what was typed, and where and why it is not understood."""
    box = search_box(query)
    refusals = error.error_dict.get("q", []) if isinstance(error, ValidationError) else []
    path, kept = reverse("incidents:ask"), with_values(query, q=None)
    box["errors"] = [
        shown_error(refusal) | {"better_url": address(path, kept | {"q": [refusal.better]}) if refusal.better else ""}
        for refusal in refusals
        if isinstance(refusal, TextRefusal)
    ]
    return box


def shown_error(refusal: TextRefusal) -> dict[str, Any]:
    """The text around an error, cut in three so that the middle can be marked, and a line with carets below it."""
    text, span = refusal.word, refusal.span
    start, end = min(span.start, len(text)), max(min(span.end, len(text)), min(span.start, len(text)))
    end = min(end, start + AROUND)
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    before = ("…" if start > AROUND else "") + before
    after += "…" if len(text) > end + AROUND else ""
    line = str.maketrans(dict.fromkeys("\n\r\t\x0b\x0c", " "))
    return {
        "before": before.translate(line),
        "marked": text[start:end].translate(line),
        "after": after.translate(line),
        "carets": " " * len(before) + "^" * max(1, end - start),
        "problem": refusal.problem,
        "column": span.start + 1,
        "start": start,
        "end": end,
    }


def _asked_for(query: QueryDict) -> dict[str, list[str]]:
    """The address that says what was typed beside the filters set: fields of the text in the place of theirs."""
    typed = split(query.get("q", ""), FIELDS)
    mentioned = words_by_key([typed.text])
    wanted = with_values(query, q=[typed.text] if typed.text else None)
    for key, words in DEFAULTS.items():
        if key in mentioned and wanted.get(key) == words:
            del wanted[key]
    text = wanted.pop("q", None)
    return wanted | typed.keys | ({"q": text} if text else {})


def _not_understood(request: PersonRequest, error: UnknownKeys | ValidationError) -> HttpResponse:
    """Beside a list, the box alone is shown anew; otherwise the list's page says what is wrong with its address."""
    box = search_box_with_error(request.GET, error)
    if not box["errors"] or not request.htmx:
        return HttpResponseRedirect(address(queries.queue_path(), with_values(request.GET)))
    response = render(request, "incidents/search_box.html", {"box": box}, status=422)
    response["HX-Retarget"] = response["HX-Reselect"] = "#search-box"
    response["HX-Reswap"] = "outerHTML"
    response["HX-Push-Url"] = "false"
    return response
