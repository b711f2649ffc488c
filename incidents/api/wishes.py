"""What a program wants changed of incidents: bodies as Changes, strictly."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from accounts.choices import Permission
from accounts.models import Principal, Team, User
from alerts.choices import Classification, Determination, Severity
from common.bodies import LONG, Body
from common.fields import SHORT_TEXT
from common.shapes import changes, choice, flag, list_of, looked_up, moment, needed, of, or_null, text
from incidents.changes import KEEP, Changes
from incidents.choices import IncidentStatus
from incidents.forms.manage import AssigneeField
from incidents.models import Incident

MOST_TAGS_SENT = 100
ASSIGNEE = or_null(looked_up(text("a username, team: and a team's name, or null for nobody", most=SHORT_TEXT)))
TAGS = list_of(looked_up(text()), most=MOST_TAGS_SENT)
CHANGES_OF_MANY = changes(
    severity=or_null(choice(Severity, "null: that of its highest alert")),
    status=looked_up(choice(IncidentStatus)),
    assignee=ASSIGNEE,
    add_tags=TAGS,
    remove_tags=TAGS,
    classification=choice(Classification),
    determination=looked_up(choice(Determination, "one that fits the classification")),
    due=or_null(looked_up(moment())),
    snoozed_until=or_null(looked_up(moment())),
    resolution_note=looked_up(needed(text("in Markdown; resolving takes one", most=LONG)).shape),
    comment=looked_up(needed(text("in Markdown", most=LONG)).shape),
)
"""What can be changed of several incidents alike."""
CHANGES_OF_ONE = changes(
    name=or_null(looked_up(needed(text("null: the automatic one", most=LONG)).shape)),
    tags=of(TAGS, "all that it shall have"),
    name_assignee=flag("whether a restricted incident may be shown to whom it is assigned to"),
    **CHANGES_OF_MANY.form["properties"],
)


def changes_of(data: Any, incident: Incident, principal: Principal) -> Changes:
    """What is wanted of one incident, which is locked. Raises ValidationError with every field that does not fit, and
    PermissionDenied for naming people to a restricted incident without the right to."""
    with Body(data, CHANGES_OF_ONE, what="An incident") as body:
        changes = read(body, incident)
    if changes.names_assignee and not principal.may(Permission.RESTRICT_INCIDENTS):
        raise PermissionDenied
    return changes


def read(body: Body, incident: Incident | None) -> Changes:
    """What a body says is to be changed; of several incidents there is no one that it could be compared with."""
    wanted: dict[str, Any] = {}
    if body.says("name"):
        wanted["name"] = body.text("name", LONG, required=True) if body.has("name") else None
    if body.says("severity"):
        wanted["severity"] = body.term("severity", Severity) if body.has("severity") else None
    if body.says("assignee"):
        wanted["assignee"] = assignee_of(body)
    for name in ("due", "snoozed_until"):
        if body.says(name):
            wanted[name] = body.time(name)
    if body.has("status"):
        wanted["status"] = body.term("status", IncidentStatus)
        if wanted["status"] == IncidentStatus.REDIRECTED:
            body.fail(body.at("status"), "An incident is redirected by merging it; send it to incidents/merge/.")
    for name in ("resolution_note", "comment"):
        if body.says(name):
            wanted[name] = body.text(name, LONG, required=True)
    for name in ("tags", "add_tags", "remove_tags"):
        if body.has(name):
            wanted[name] = body.texts(name, MOST_TAGS_SENT, LONG)
    if "tags" in wanted and len(wanted.keys() & {"add_tags", "remove_tags"}):
        body.fail(body.at("tags"), "Send either all tags it shall have, or add_tags and remove_tags.")
    return Changes(names_assignee=body.flag("name_assignee") or False, **_finding(body, incident), **wanted)


def _finding(body: Body, incident: Incident | None) -> dict[str, Any]:
    """Classification and determination, which are chosen together. One that is left out stays, unless the other one
    does not allow it any more."""
    if not (body.has("classification") or body.has("determination")):
        return {}
    if not body.has("classification"):
        if incident is None:
            body.fail(body.at("determination"), "Send the classification with it.")
            return {}
        classification = Classification(incident.classification)
    else:
        classification = body.term("classification", Classification, Classification.NOT_SET)
    if body.has("determination"):
        determination = body.term("determination", Determination, Determination.NOT_SET)
    elif incident is not None and classification == incident.classification:
        determination = Determination(incident.determination)
    else:
        determination = Determination.NOT_SET
    return {"classification": classification, "determination": determination}


def assignee_of(body: Body) -> User | Team | Any | None:
    """`ana`, `team:tier2`, or null for nobody; KEEP where the body does not say."""
    if not body.has("assignee"):
        return None if body.says("assignee") else KEEP
    word = body.text("assignee", required=True)
    try:
        return AssigneeField().clean(word) if word else KEEP
    except ValidationError:
        known = "a username such as “ana”, a team such as “team:tier2”, or null for nobody"
        body.fail(body.at("assignee"), f"“{word[:60]}” is nobody here; send {known}.")
        return KEEP
