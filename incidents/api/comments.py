"""Comments for programs: write one, write it anew, take it off the page."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from activity.actors import Channel
from activity.models import Entry
from common.bodies import LONG
from common.command import in_one_transaction
from common.endpoints import NOTHING, Endpoint
from common.errors import Conflict, FieldConflict
from common.preconditions import seen_of, with_tag
from common.shapes import (
    needed,
    placed,
    sent,
    tagged,
    text,
)
from incidents.api.lookup import visible_or_404
from incidents.commands import add_comment, edit_comment, remove_comment
from incidents.commands.change import lock
from incidents.models import Incident
from incidents.queries.versions import Comment, comment_of, plain_comment
from incidents.shapes import COMMENT

TEXT = sent(text=needed(text("in Markdown", most=LONG)))


class CommentsView(Endpoint):
    """Say something on an incident: `{"text": "…"}`, in Markdown. Never in anybody's way, so it names no version."""

    needs = {"POST": Permission.EDIT_INCIDENTS}
    resource = "Comments"
    takes = {"POST": TEXT}
    gives = {"POST": {201: placed(tagged(COMMENT))}}

    def post(self, request: Request, number: int) -> HttpResponse:
        """Comment on an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        with self.body(request) as body:
            text = body.text("text", LONG, required=True)

        def act() -> Response:
            entry = add_comment(incident, text, actor=principal.as_actor(Channel.API))
            # its number is the database's to give
            sequence = Entry.objects.values_list("sequence", flat=True).get(pk=entry.pk)
            answer = answered(incident, sequence, request)
            answer.status_code, answer["Location"] = status.HTTP_201_CREATED, answer.data["url"]
            return answer

        return once(request, act)


class CommentView(Endpoint):
    """One comment, by its number in the incident's log (GET); written anew (PATCH, `{"text": "…"}`) or taken off the
    page (DELETE) by its author, or who moderates. If-Match names the version of the comment that this is based on; the
    log keeps every text."""

    needs = {
        "GET": Permission.SEE_INCIDENTS,
        "HEAD": Permission.SEE_INCIDENTS,
        "PATCH": Permission.EDIT_INCIDENTS,
        "DELETE": Permission.EDIT_INCIDENTS,
    }
    resource = "Comments"
    takes = {"PATCH": TEXT, "DELETE": NOTHING}
    gives = {"GET": tagged(COMMENT), "PATCH": tagged(COMMENT), "DELETE": {204: None}}
    versioned = ("PATCH", "DELETE")

    def get(self, request: Request, number: int, sequence: int) -> Response:
        """Read a comment."""
        return answered(visible_or_404(number, principal_of(request)), sequence, request)

    def patch(self, request: Request, number: int, sequence: int) -> Response:
        """Edit a comment."""
        incident = visible_or_404(number, principal_of(request))
        actor = principal_of(request).as_actor(Channel.API)

        def act(comment: Comment) -> Response:
            edit_comment(incident, comment.entry, said, actor=actor, principal=principal_of(request))
            return answered(incident, sequence, request)

        changeable_or_404(incident, sequence, request)
        seen_of(request)
        with self.body(request) as body:
            said = body.text("text", LONG, required=True)
        return held_comment(request, incident, sequence, act, said)

    def delete(self, request: Request, number: int, sequence: int) -> Response:
        """Remove a comment."""
        incident = visible_or_404(number, principal_of(request))
        actor = principal_of(request).as_actor(Channel.API)

        def act(comment: Comment) -> Response:
            remove_comment(incident, comment.entry, actor=actor, principal=principal_of(request))
            return Response(status=status.HTTP_204_NO_CONTENT)

        changeable_or_404(incident, sequence, request)
        with self.body(request):
            pass
        return held_comment(request, incident, sequence, act, None)


def held_comment(
    request: Request, incident: Incident, sequence: int, act: Callable[[Comment], Response], text: str | None
) -> Response:
    """What `act` answers, which is given the comment, its incident locked, at a version that If-Match names. Raises
    Conflict with what it says by now."""
    seen = seen_of(request)

    def compare_and_act() -> Response:
        lock(incident)
        comment = changeable_or_404(incident, sequence, request)
        if not seen.allows(comment.latest.pk):
            conflict = FieldConflict("text", theirs=comment.text, mine=text, changed_by=comment.latest.actor_label)
            raise Conflict(comment.latest.pk, [conflict])
        return act(comment)

    return in_one_transaction(compare_and_act)


def changeable_or_404(incident: Incident, sequence: int, request: Request) -> Comment:
    """A comment that the principal may change. Raises Http404, and PermissionDenied for somebody else's."""
    comment = comment_or_404(incident, sequence)
    if not comment.may_be_changed_by(principal_of(request)):
        raise PermissionDenied
    return comment


def comment_or_404(incident: Incident, sequence: int) -> Comment:
    found = comment_of(incident, sequence)
    if found is None:
        raise Http404
    return found


def answered(incident: Incident, sequence: int, request: Request) -> Response:
    """The comment as it is now, and its version as the tag that If-Match takes."""
    told = plain_comment(comment_or_404(incident, sequence))
    told["url"] = request.build_absolute_uri(reverse("api:comment", args=[incident.pk, sequence]))
    return with_tag(Response(told), told["version"])
