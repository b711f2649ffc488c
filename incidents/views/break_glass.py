"""Break-glass: asking for a restricted incident, giving it up, and the list of who asked."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Refused
from incidents.commands import break_glass as open_by_break_glass
from incidents.commands import end_break_glass
from incidents.commands.break_glass import MOST_ASKED, AskedTooOften
from incidents.forms.access import BreakGlassForm
from incidents.queries import access
from incidents.views.lookup import incident_or_404


@needs(get=Permission.BREAK_GLASS, post=Permission.BREAK_GLASS)
def break_glass(request: PersonRequest) -> HttpResponse:
    """The form, the same for every number; what it is answered with depends on what is there, and is recorded."""
    if request.method != "POST":
        asked = request.GET.get("number", "")
        number = asked if asked.isascii() and asked.isdigit() and len(asked) < 19 else ""
        return _page(request, BreakGlassForm(initial={"number": number}))
    form = BreakGlassForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    number = form.cleaned_data["number"]
    try:
        glass = open_by_break_glass(number, form.cleaned_data["reason"], actor=request.user.as_actor())
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _page(request, form, status=429 if isinstance(refused, AskedTooOften) else 422)
    if glass.incident_id is None:
        form.add_error("number", f"There is no incident #{number}. That you asked for it is recorded.")
        return _page(request, form, status=422)
    messages.warning(request, f"You have opened #{glass.incident_id} by break-glass. Its members are told.")
    return redirect("incidents:overview", number=glass.incident_id)


@needs(post=Permission.BREAK_GLASS)
def end(request: PersonRequest, number: int) -> HttpResponse:
    """Give up what was opened, before its time is over."""
    end_break_glass(incident_or_404(request, number), actor=request.user.as_actor())
    messages.success(request, f"You do not see #{number} any more")
    return redirect("incidents:queue")


@needs(get=Permission.SEE_SYSTEM_LOG)
def uses(request: PersonRequest) -> HttpResponse:
    """Who opened what by break-glass, when, for how long and why: nothing of the incidents themselves."""
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Http404
    page = access.uses(before=int(before) if before else None)
    older_url = f"{request.path}?before={page.older}" if page.older else ""
    context = {"rows": page.rows, "older_url": older_url, "is_first_page": not before}
    return render(request, "incidents/break_glass_uses.html", context)


def _page(request: PersonRequest, form: BreakGlassForm, *, status: int = 200) -> HttpResponse:
    minutes = round(settings.BREAK_GLASS_TIME.total_seconds() / 60)
    context = {"form": form, "minutes": minutes, "most_asked": MOST_ASKED}
    return render(request, "incidents/break_glass.html", context, status=status)
