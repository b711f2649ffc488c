"""Comments: entries of the same stream as changes. An edit or a removal is a new entry that points to the old one."""

from __future__ import annotations

from uuid import UUID

from accounts.choices import Permission
from accounts.models import Principal
from activity.actors import Actor, ActorKind
from activity.models import Entry
from activity.record import Draft
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED, Verb
from common.command import command
from common.errors import Conflict, FieldConflict, Refused
from common.markdown import read
from incidents import facets
from incidents.commands.change import lock, record_under_version, save
from incidents.commands.following import start_following
from incidents.models import Incident
from incidents.rules import check_text
from incidents.rules.attachments import MOST_IN_TEXT


@command
def add_comment(incident: Incident, text: str, *, actor: Actor, once: UUID | None = None) -> Entry:
    """Say something on the incident. Never conflicts with anybody's work, so the version stays.

    `once` names the form that it was typed in: sent again, by a second press or after the answer was lost, the same
    form adds nothing.
    """
    incident = lock(incident)
    text = _checked(text)
    if once is not None:
        said = Entry.objects.of_incident(incident.pk).filter(verb=COMMENTED.name, batch=once, actor_id=actor.id).first()
        if said is not None:
            return said
    entry = _say(incident, COMMENTED, actor, text, batch=once)
    start_following(incident, actor.id if actor.kind == ActorKind.USER else None)
    return entry


@command
def edit_comment(
    incident: Incident,
    comment: Entry,
    text: str,
    *,
    actor: Actor,
    principal: Principal | None = None,
    based_on: int | None = None,
) -> Entry:
    """Write a comment anew; its author may, and a `principal` who moderates. The former text stays in the log.

    `based_on` is the entry, the comment itself or an edit of it, that the person saw. Where somebody has written
    another text since, raises Conflict with both.
    """
    incident = lock(incident)
    latest = _latest(incident, comment)
    text = _checked(text)
    _check_may_change(comment, actor, principal)
    theirs = latest.body.text if latest.body else None
    if theirs == text:
        return latest
    if based_on is not None and based_on != latest.pk:
        conflict = FieldConflict("comment", theirs=theirs, mine=text, changed_by=latest.actor_label)
        raise Conflict(latest.pk, [conflict])
    return _say(incident, COMMENT_EDITED, actor, text, about=comment)


@command
def remove_comment(incident: Incident, comment: Entry, *, actor: Actor, principal: Principal | None = None) -> Entry:
    """Take a comment off the page; its author may, and a `principal` who moderates. The log keeps what it said."""
    incident = lock(incident)
    _latest(incident, comment)
    _check_may_change(comment, actor, principal)
    removal = _say(incident, COMMENT_REMOVED, actor, None, about=comment)
    log = Entry.objects.of_incident(incident.pk)
    removed = log.filter(verb=COMMENT_REMOVED.name).values("about")
    if not log.filter(verb=COMMENTED.name).exclude(pk__in=removed).exists():
        incident.facets = [word for word in incident.facets if word != facets.COMMENTED]
        incident.save(update_fields=["facets"])
    return removal


def _say(
    incident: Incident,
    verb: Verb,
    actor: Actor,
    text: str | None,
    about: Entry | None = None,
    batch: UUID | None = None,
) -> Entry:
    fields = []
    if verb == COMMENTED and facets.COMMENTED not in incident.facets:
        incident.facets = [*incident.facets, facets.COMMENTED]
        fields.append("facets")
    save(incident, *fields)
    draft = Draft(verb, actor, incident_id=incident.pk, text=text, about=about, batch=batch)
    return record_under_version(incident, [draft])[0]


def _latest(incident: Incident, comment: Entry) -> Entry:
    """The comment as it stands: itself, or its last edit or removal."""
    if comment.incident_id != incident.pk or comment.verb != COMMENTED.name:
        raise Refused("That is no comment of this incident.", field="comment")
    edits = comment.later_entries.filter(verb__in=[COMMENT_EDITED.name, COMMENT_REMOVED.name])
    latest = edits.order_by("-sequence").select_related("body").first() or comment
    if latest.verb == COMMENT_REMOVED.name:
        raise Refused("The comment was removed already.", field="comment")
    return latest


def _checked(text: str) -> str:
    text = check_text(text, "comment")
    if (images := len(read(text).files)) > MOST_IN_TEXT:
        raise Refused(
            f"The comment shows {images} images; {MOST_IN_TEXT} are allowed. Write another one for the rest.",
            field="comment",
        )
    return text


def _check_may_change(comment: Entry, actor: Actor, principal: Principal | None) -> None:
    is_own = (comment.actor_kind, comment.actor_id) == (actor.kind, actor.id)
    is_author = is_own and not comment.was_written_elsewhere
    if not is_author and not (principal and principal.may(Permission.MODERATE_COMMENTS)):
        raise Refused("Only its author, or somebody who moderates comments, may change it.", field="comment")
