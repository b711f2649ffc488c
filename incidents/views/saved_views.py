"""Saved views: opening, saving, changing, arranging."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Conflict, FieldConflict, Refused
from common.failures import Failure, answer
from common.query_strings import address
from incidents.choices import Audience
from incidents.commands import arrange_views, change_view, delete_view, save_view, set_default_view
from incidents.commands.saved_views import ViewValues
from incidents.forms.saved_views import ViewForm
from incidents.models import SavedView
from incidents.models.saved_view import shared_with
from incidents.queries import saved_views as queries
from incidents.queries.queue import queue_path
from incidents.views.queue import queue
from incidents.views.side_list import side_list_context

CARRIED = ("after", "before", "open")
"""Keys that say where one stands in the view's list."""
FIELD_LABELS = {"name": "Name", "query": "Filters, columns and order", "audience": "Who sees it"}


@needs(get=Permission.SEE_INCIDENTS)
def show(request: PersonRequest, slug: str) -> HttpResponse:
    """The queue, as the view has it. With further keys in the address: the queue with these on top of the view."""
    view = queries.find(slug, request.user)
    if view is None:
        return gone(request, slug)
    query = queries.query_of(view.query)
    query["view"] = view.slug
    if set(request.GET) - set(CARRIED):
        for key, values in request.GET.lists():
            query.setlist(key, values)
        return redirect(address(queue_path(), dict(query.lists())))
    for key in CARRIED:
        if key in request.GET:
            query[key] = request.GET[key]
    request.GET = query  # type: ignore[assignment]
    return queue(request)  # type: ignore[return-value]


def gone(request: PersonRequest, slug: str) -> HttpResponse:
    """A link to a view that was deleted, or is none for this person."""
    view = queries.deleted(slug, request.user)
    context = {"view": view, "list_url": f"{queue_path()}?{view.query}" if view else ""}
    return render(request, "incidents/view_gone.html", context, status=404)


@needs(get=Permission.SEE_INCIDENTS)
def overview(request: PersonRequest) -> HttpResponse:
    """All views of a person, to arrange, share and change."""
    views = queries.all_views(request.user)
    counts = queries.counts([view for view in views if not view.is_hidden], request.user)
    rows = [{"view": view, "count": counts.get(view.slug)} for view in views]
    context = {"rows": rows, "has_default": any(view.is_default for view in views)}
    return render(request, "incidents/views.html", context)


@needs(get=Permission.SEE_INCIDENTS)
def side(request: PersonRequest) -> HttpResponse:
    """The side list with counts, for the rail of open pages."""
    queries.counts([view for view in queries.side_list(request.user) if not view.is_hidden], request.user)
    return render(request, "incidents/side_list.html", {"side_list": side_list_context(request)})


@needs(post=Permission.SEE_INCIDENTS)
def arrange(request: PersonRequest) -> HttpResponse:
    """One's own side list: order, what is kept out of it, and what one's queue opens with."""
    post = request.POST
    slugs, hidden = post.getlist("slug"), set(post.getlist("hidden"))
    if (slug := post.get("up")) in slugs and slugs.index(slug) > 0:
        place = slugs.index(slug)
        slugs[place - 1 : place + 1] = [slug, slugs[place - 1]]
    if (slug := post.get("down")) in slugs and slugs.index(slug) < len(slugs) - 1:
        place = slugs.index(slug)
        slugs[place : place + 2] = [slugs[place + 1], slug]
    hidden = (hidden | set(post.getlist("hide"))) - set(post.getlist("show"))
    arrange_views(request.user, [word for word in slugs if "\x00" not in word], sorted(hidden))
    if "default" in post and "\x00" not in post["default"]:
        set_default_view(request.user, post["default"])
    queries.forget_side_lists()
    return redirect("views:overview")


@needs(get=Permission.SEE_INCIDENTS, post=Permission.SEE_INCIDENTS)
def new(request: PersonRequest) -> HttpResponse:
    """Save the list of this address as a view."""
    if request.method != "POST":
        form = ViewForm(person=request.user, initial={"query": queries.query_text(request.GET)})
        return form_page(request, form)
    form = ViewForm(request.POST, person=request.user)
    if form.is_valid():
        try:
            saved = save_view(values_of(form), creator=request.user, actor=request.user.as_actor())
        except Refused as error:
            form.add_error(error.field or None, error.problem)
        else:
            if form.cleaned_data["is_default"]:
                set_default_view(request.user, saved.slug)
            queries.forget_side_lists()
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("views:show", slug=saved.slug)
    return form_page(request, form, status=422)


@needs(get=Permission.SEE_INCIDENTS, post=Permission.SEE_INCIDENTS)
def edit(request: PersonRequest, slug: str) -> HttpResponse:
    """Rename a view, share it, or give it the list that is sent along; the form names the version it was based on."""
    saved = SavedView.objects.visible_to(request.user).select_related("team", "creator").filter(slug=slug).first()
    if saved is None:
        return gone(request, slug)
    if not saved.may_be_changed_by(request.user):
        return may_not(request, saved)
    if request.method != "POST":
        initial = initial_of(saved) | {"is_default": opens_queue(request, slug)}
        form = ViewForm(person=request.user, present=saved, initial=initial)
        return form_page(request, form, saved)
    form = ViewForm(request.POST, person=request.user, present=saved)
    if not form.is_valid():
        return form_page(request, form, saved, status=422)
    based_on = form.cleaned_data["version"] or 0
    try:
        saved = change_view(saved, values_of(form), based_on=based_on, actor=request.user.as_actor())
    except Refused as error:
        form.add_error(error.field or None, error.problem)
        return form_page(request, form, saved, status=422)
    except Conflict as conflict:
        return conflicting(request, form, saved, conflict)
    set_or_take_default(request, saved, form.cleaned_data["is_default"])
    queries.forget_side_lists()
    messages.success(request, f"“{saved.name}” is changed.")
    return redirect("views:show", slug=saved.slug)


@needs(post=Permission.SEE_INCIDENTS)
def update(request: PersonRequest, slug: str) -> HttpResponse:
    """Give the view the list that is shown; name and audience stay as they are."""
    saved = SavedView.objects.visible_to(request.user).select_related("team", "creator").filter(slug=slug).first()
    if saved is None:
        return gone(request, slug)
    if not saved.may_be_changed_by(request.user):
        return may_not(request, saved)
    sent = initial_of(saved) | {"query": request.POST.get("query", ""), "version": request.POST.get("version", "")}
    form = ViewForm(sent, person=request.user, present=saved)
    if not form.is_valid():
        return form_page(request, form, saved, status=422)
    try:
        saved = change_view(
            saved, values_of(form), based_on=form.cleaned_data["version"] or 0, actor=request.user.as_actor()
        )
    except Refused as error:
        form.add_error(error.field or None, error.problem)
        return form_page(request, form, saved, status=422)
    except Conflict as conflict:
        return conflicting(request, form, saved, conflict)
    queries.forget_side_lists()
    messages.success(request, f"“{saved.name}” now shows this list.")
    return redirect("views:show", slug=saved.slug)


@needs(post=Permission.SEE_INCIDENTS)
def delete(request: PersonRequest, slug: str) -> HttpResponse:
    saved = SavedView.objects.visible_to(request.user).filter(slug=slug).first()
    if saved is None:
        return gone(request, slug)
    if not saved.may_be_changed_by(request.user):
        return may_not(request, saved)
    try:
        delete_view(saved, actor=request.user.as_actor())
    except Refused as error:
        messages.info(request, error.problem)
    else:
        messages.success(request, f"“{saved.name}” is deleted.")
    queries.forget_side_lists()
    return redirect("views:overview")


# --- parts ---------------------------------------------------------------------------------------------------------


def values_of(form: ViewForm) -> ViewValues:
    audience, team = form.chosen
    query = queries.query_text(QueryDict(form.cleaned_data["query"]))
    return ViewValues(form.cleaned_data["name"], query, audience, team)


def initial_of(saved: SavedView) -> dict[str, Any]:
    return {
        "name": saved.name,
        "audience": shared_with(Audience(saved.audience), saved.team),
        "query": saved.query,
        "version": saved.version,
    }


def set_or_take_default(request: PersonRequest, saved: SavedView, wanted: bool) -> None:
    if wanted != opens_queue(request, saved.slug):
        set_default_view(request.user, saved.slug if wanted else "")


def opens_queue(request: PersonRequest, slug: str) -> bool:
    return any(view.is_default and view.slug == slug for view in queries.all_views(request.user))


def form_page(
    request: PersonRequest,
    form: ViewForm,
    saved: SavedView | None = None,
    *,
    status: int = 200,
    conflicts: list[dict[str, str]] | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "saved": saved,
        "conflicts": conflicts or [],
        "action": reverse("views:edit", args=[saved.slug]) if saved else reverse("views:new"),
        "cancel_url": reverse("views:show", args=[saved.slug]) if saved else "",
        "title": f"Edit {saved.name}" if saved else "Save view",
    }
    template = (
        "incidents/view_form.html#form" if request.htmx and not request.htmx.boosted else "incidents/view_form.html"
    )
    return render(request, template, context, status=status)


def conflicting(request: PersonRequest, form: ViewForm, saved: SavedView, conflict: Conflict) -> HttpResponse:
    """The form with what was typed, and beside it what somebody else has made of the view meanwhile."""
    data = (
        {**form.data.dict(), "version": str(conflict.version)}
        if isinstance(form.data, QueryDict)
        else {
            **form.data,
            "version": str(conflict.version),
        }
    )
    again = ViewForm(data, person=request.user, present=saved)
    told = [told_conflict(each) for each in conflict.conflicts]
    return form_page(request, again, saved, status=409, conflicts=told)


def told_conflict(each: FieldConflict) -> dict[str, str]:
    return {
        "label": FIELD_LABELS[each.field],
        "theirs": in_words(each.theirs),
        "mine": in_words(each.mine),
        "by": each.changed_by,
    }


def in_words(value: str) -> str:
    """A query string as it reads: “status=active, tag=phishing”."""
    return (
        ", ".join(f"{key}={word}" for key, words in QueryDict(value).lists() for word in words)
        if "=" in value
        else value
    )


def may_not(request: PersonRequest, saved: SavedView) -> HttpResponse:
    """Seen, but not to be changed: 403 with the way out."""
    explanation = (
        f"“{saved.name}” is {saved.creator.display_name}'s. They and the leads may change it; "
        "you can save the list as a view of your own."
    )
    return answer(request, Failure(403, "You may not change this view", explanation, icon="restricted"))
