"""Saved views for programs: lists of incidents under a name, one's own and those that others share."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import person_of, principal_of
from accounts.choices import Permission
from accounts.models import Principal, User
from accounts.once import once
from activity.actors import Channel
from common.bodies import Body
from common.endpoints import Endpoint
from common.fields import SHORT_TEXT
from common.preconditions import based_on, seen_of, with_tag
from common.query_strings import UnknownKeys, address
from common.shapes import (
    answer,
    changes,
    flag,
    list_of,
    looked_up,
    sent,
    tagged,
    text,
)
from incidents.choices import Audience
from incidents.commands import arrange_views, change_view, delete_view, save_view, set_default_view
from incidents.commands.saved_views import LONGEST_NAME, LONGEST_QUERY, ViewValues
from incidents.forms.saved_views import ViewForm
from incidents.models import SavedView
from incidents.models.saved_view import shared_with
from incidents.queries import queue, saved_views
from incidents.queries.plain_views import plain_view, plain_views, starting_view, visible_views
from incidents.shapes import VIEW

VALUES = looked_up(
    changes(
        name=text(most=LONGEST_NAME),
        query=text("the list, as the queue's address has it", most=LONGEST_QUERY),
        shared_with=text("private, as usual, team: and a team's name, or everyone", most=SHORT_TEXT),
        is_default=flag("whether your queue opens with it"),
    )
)
WHOSE = "Saved views"
MOST_ARRANGED = 1_000

VIEWS = answer("SavedViews", views=list_of(VIEW))


class SavedViewsView(Endpoint):
    """The views one has, in the order of the side list, those that every installation has among them; to a token, those
    for everyone. POST saves one: `{"name": "Phishing", "query": "tag=phishing&severity=any"}`; with `shared_with`
    (private, as usual, `team:` and a team of one's own, everyone) and `is_default` (the queue opens with it)."""

    needs = {
        "GET": Permission.SEE_INCIDENTS,
        "HEAD": Permission.SEE_INCIDENTS,
        "POST": Permission.SEE_INCIDENTS,
    }
    takes = {"POST": VALUES}
    gives = {"GET": VIEWS, "POST": {201: tagged(VIEW)}}

    def get(self, request: Request) -> Response:
        """List one's saved views."""
        return Response({"views": [with_address(view, request) for view in plain_views(principal_of(request))]})

    def post(self, request: Request) -> HttpResponse:
        """Save a view."""
        person = person_of(request, WHOSE)
        values, is_default = _values(request, person, None)

        def act() -> Response:
            saved = save_view(values, creator=person, actor=person.as_actor(Channel.API))
            if is_default:
                set_default_view(person, saved.slug)
            saved_views.forget_side_lists()
            return view_answer(request, saved.slug, status=201)

        return once(request, act)


class SavedViewView(Endpoint):
    """One view by its slug. PATCH gives it another name, list or audience, DELETE takes it away from everybody who has
    it: its creator may, and of a shared one who manages rules. Both take If-Match."""

    needs = {
        "GET": Permission.SEE_INCIDENTS,
        "HEAD": Permission.SEE_INCIDENTS,
        "PATCH": Permission.SEE_INCIDENTS,
        "DELETE": Permission.SEE_INCIDENTS,
    }
    takes = {"PATCH": VALUES}
    gives = {"GET": tagged(VIEW), "PATCH": tagged(VIEW), "DELETE": {204: None}}
    versioned = ("PATCH", "DELETE")

    def get(self, request: Request, slug: str) -> Response:
        """Read a saved view."""
        return view_answer(request, slug)

    def patch(self, request: Request, slug: str) -> Response:
        """Change a saved view."""
        person = person_of(request, WHOSE)
        saved = changeable_or_404(person, slug)
        base = based_on(seen_of(request), saved.version)
        values, is_default = _values(request, person, saved)
        change_view(saved, values, based_on=base, actor=person.as_actor(Channel.API))
        if is_default is not None and is_default != _opens_queue(person, slug):
            set_default_view(person, slug if is_default else "")
        saved_views.forget_side_lists()
        return view_answer(request, slug)

    def delete(self, request: Request, slug: str) -> Response:
        """Delete a saved view."""
        person = person_of(request, WHOSE)
        saved = changeable_or_404(person, slug)
        based_on(seen_of(request), saved.version)
        delete_view(saved, actor=person.as_actor(Channel.API))
        saved_views.forget_side_lists()
        return Response(status=204)


class ArrangementView(Endpoint):
    """One's own side list: `{"order": ["open", "phishing"], "hidden": ["informational"]}` by slugs; those not named
    come last. Answers the views as GET does."""

    needs = {"PUT": Permission.SEE_INCIDENTS}
    takes = {
        "PUT": sent(
            order=list_of(looked_up(text("a slug")), most=MOST_ARRANGED),
            hidden=list_of(looked_up(text("a slug")), most=MOST_ARRANGED),
        )
    }
    gives = {"PUT": VIEWS}

    def put(self, request: Request) -> Response:
        """Arrange one's side list."""
        person = person_of(request, WHOSE)
        with self.body(request) as body:
            order = body.texts("order", MOST_ARRANGED)
            hidden = body.texts("hidden", MOST_ARRANGED)
        known = {view["slug"] for view in plain_views(person)}
        for name, slugs in (("order", order), ("hidden", hidden)):
            if missing := [slug for slug in slugs if slug not in known]:
                problem = f"There is no view “{missing[0][:60]}”, or you may not see it."
                raise exceptions.ValidationError({name: [problem]})
        arrange_views(person, [*order, *(slug for slug in hidden if slug not in order)], hidden)
        saved_views.forget_side_lists()
        return Response({"views": [with_address(view, request) for view in plain_views(person)]})


def view_answer(request: Request, slug: str, *, status: int = 200) -> Response:
    """A view as it is now, with what it is to the person who asks."""
    principal = principal_of(request)
    told = starting_view(slug)
    if told is None:
        saved = visible_views(principal).filter(slug=slug).first()
        if saved is None:
            raise Http404
        told = plain_view(saved, principal)
    if isinstance(principal, User):
        told |= {"is_default": _opens_queue(principal, slug)}
    return with_tag(Response(with_address(told, request), status=status), told["version"])


def changeable_or_404(person: User, slug: str) -> SavedView:
    """Raises Http404 for what one may not see, PermissionDenied for what one may not change."""
    saved: SavedView | None = visible_views(person).filter(slug=slug).first()
    if saved is None:
        if starting_view(slug):
            raise PermissionDenied
        raise Http404
    if not saved.may_be_changed_by(person):
        raise PermissionDenied
    return saved


def with_address(view: dict[str, Any], request: Request) -> dict[str, Any]:
    """With its page, and the same list for programs."""
    incidents = address(reverse("api:incidents"), dict(saved_views.query_of(view["query"]).lists()))
    return view | {
        "url": request.build_absolute_uri(reverse("views:show", args=[view["slug"]])),
        "incidents": request.build_absolute_uri(incidents),
    }


def _values(request: Request, person: User, present: SavedView | None) -> tuple[ViewValues, bool | None]:
    """What the body says of a view, upon what it is; and whether the queue shall open with it. The form of the page
    knows with whom one may share."""
    with Body(request.data, VALUES) as body:
        said = {
            "name": body.text("name", LONGEST_NAME, required=present is None),
            "query": body.text("query", LONGEST_QUERY),
            "audience": body.text("shared_with"),
        }
        is_default = body.flag("is_default")
    was = {"name": "", "query": "", "audience": str(Audience.PRIVATE)}
    if present:
        audience = shared_with(Audience(present.audience), present.team)
        was = {"name": present.name, "query": present.query, "audience": audience}
    wanted = was | {name: said[name] for name, key in _KEYS.items() if body.says(key)}
    form = ViewForm(wanted, person=person, present=present)
    if not form.is_valid():
        told = {_KEYS.get(name, name): [str(each) for each in problems] for name, problems in form.errors.items()}
        raise exceptions.ValidationError(told)
    if wanted["query"] != was["query"]:
        _check_query(wanted["query"], person)
    chosen, team = form.chosen
    query = saved_views.query_text(QueryDict(form.cleaned_data["query"]))
    return ViewValues(form.cleaned_data["name"], query, chosen, team), is_default


_KEYS = {"name": "name", "query": "query", "audience": "shared_with"}
"""What the form calls it → what the body does."""


def _check_query(text: str, principal: Principal) -> None:
    """Raises ValidationError for a list that means nothing."""
    try:
        queue.asked(saved_views.query_of(text), principal)
    except UnknownKeys as error:
        raise exceptions.ValidationError({"query": [f"There is no key {error}"]}) from None
    except ValidationError as error:
        problems = [f"{key}: {' '.join(texts)}" for key, texts in error.message_dict.items()]
        raise exceptions.ValidationError({"query": problems}) from None


def _opens_queue(person: User, slug: str) -> bool:
    return any(view.is_default and view.slug == slug for view in saved_views.all_views(person))
