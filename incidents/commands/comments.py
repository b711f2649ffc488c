"""Comments: entries of the same stream as changes. An edit or a removal is a new entry that points to the old one."""

from __future__ import annotations

from uuid import UUID

from activity.actors import Actor, ActorKind
from activity.models import Entry
from activity.record import Draft
from activity.verbs import COMMENT_EDITED, COMMENT_REMOVED, COMMENTED, Verb
from common.command import command
from common.errors import Refused
from incidents import facets
from incidents.commands.change import lock, record_under_version, save
from incidents.commands.following import start_following
from incidents.models import Incident
from incidents.rules import check_text


@command
def add_comment(incident: Incident, text: str, *, actor: Actor, once: UUID | None = None) -> Entry:
    """Say something on the incident. Never conflicts with anybody's work, so the version stays.

    `once` names the form that it was typed in: sent again, by a second press or after the answer was lost, the same
    form adds nothing.
    """
    incident = lock(incident)
    text = check_text(text, "comment")
    if once is not None:
        said = Entry.objects.of_incident(incident.pk).filter(verb=COMMENTED.name, batch=once, actor_id=actor.id).first()
        if said is not None:
            return said
    entry = _say(incident, COMMENTED, actor, text, batch=once)
    start_following(incident, actor.id if actor.kind == ActorKind.USER else None)
    return entry


@command
def edit_comment(incident: Incident, comment: Entry, text: str, *, actor: Actor) -> Entry:
    """Write a comment anew; only its author may. The former text stays in the log."""
    incident = lock(incident)
    latest = _latest(incident, comment)
    text = check_text(text, "comment")
    _only_author(comment, actor)
    if latest.body and latest.body.text == text:
        return latest
    return _say(incident, COMMENT_EDITED, actor, text, about=comment)


@command
def remove_comment(incident: Incident, comment: Entry, *, actor: Actor) -> Entry:
    """Take a comment off the page; only its author may. The log keeps what it said."""
    incident = lock(incident)
    _latest(incident, comment)
    _only_author(comment, actor)
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


def _only_author(comment: Entry, actor: Actor) -> None:
    if (comment.actor_kind, comment.actor_id) != (actor.kind, actor.id):
        raise Refused("Only its author may change a comment.", field="comment")
