"""Whom a body names: a user by username, a team as `team:tier2`."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts.models import Team, User
from common.bodies import Body
from incidents.changes import KEEP, _Keep
from incidents.forms.manage import AssigneeField


def assignee_of(body: Body, name: str = "assignee") -> User | Team | _Keep | None:
    """Who shall have it: None for nobody (null, or `unassigned`), KEEP where the body does not say."""
    if not body.says(name):
        return KEEP
    word = body.text(name, 200)
    try:
        found: User | Team | None = AssigneeField(required=False).clean(word)
    except ValidationError as error:
        body.fail(body.at(name), error.messages[0])
        return KEEP
    return found
