"""Pages about oneself."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import PersonRequest
from accounts.commands import PREFERENCES, set_preferences
from accounts.forms.preferences import PreferencesForm
from accounts.views.sections import account_sections


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: PersonRequest) -> HttpResponse:
    """Time zone, theme, density and shortcuts of the person signed in."""
    person = request.user
    form = PreferencesForm(request.POST or None, initial={name: getattr(person, name) for name in PREFERENCES})
    if request.method == "POST" and form.is_valid():
        set_preferences(person, form.cleaned_data, actor=person.as_actor())
        messages.success(request, "Your preferences are saved.")
        return redirect("preferences")
    status = 422 if form.errors else 200
    context = {"form": form, "sections": account_sections(request)}
    return render(request, "accounts/preferences.html", context, status=status)
