"""What answers to a save have in common."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

from accounts.models import Team, User
from common.marks import person_mark

SAVED = "watchfloor:saved"
"""The event that tells an open list or page to show itself anew."""


def saved_event(
    response: HttpResponse,
    text: str,
    *,
    close_pane: bool = False,
    resolved: int | None = None,
    undo_url: str = "",
    more_url: str = "",
    kind: str = "success",
    unselect: bool = False,
) -> HttpResponse:
    """The answer, with the event that makes lists show themselves anew, and a toast; `resolved` is the row that a list
    beside it may leave for the next one, and `undo_url` takes the save back."""
    events: dict[str, Any] = {"watchfloor:resolved": {"id": resolved}} if resolved else {}
    events |= {SAVED: {}, "watchfloor:toast": {"text": text, "kind": kind, "undo_url": undo_url, "more_url": more_url}}
    if unselect:
        events["watchfloor:unselect"] = {}
    if close_pane:
        events["watchfloor:close-pane"] = {}
    response["HX-Trigger"] = json.dumps(events)
    return response


def touched(number: int, text: str, *, undo_url: str = "", list_changes: bool = True) -> HttpResponse:
    """An answer of which nothing is swapped in: what shows the incident, list, pane or page, is told and brings itself
    up to date, so that text being typed there stays (static/js/live.js)."""
    response = HttpResponse(status=204)
    toast = {"text": text, "kind": "success"} | ({"undo_url": undo_url} if undo_url else {})
    events: dict[str, Any] = {"watchfloor:toast": toast, "watchfloor:touched": {"incidents": [number]}}
    if list_changes:
        events[SAVED] = {}
    response["HX-Trigger"] = json.dumps(events)
    return response


def with_toast(response: HttpResponse, text: str, *, undo_url: str = "") -> HttpResponse:
    """An answer that shows the new state by itself, and says what was done."""
    response["HX-Trigger"] = json.dumps({"watchfloor:toast": {"text": text, "kind": "success", "undo_url": undo_url}})
    return response


def chosen_assignee(word: str | None) -> list[dict[str, Any]]:
    """The assignee field's present value with its mark."""
    if not word:
        return []
    if word.startswith("team:"):
        team = Team.objects.filter(slug=word.removeprefix("team:")).first()
        name, mark = (team.name, person_mark(team.initials, team.name, "team")) if team else (word, "")
    else:
        user = User.objects.filter(username=word).first()
        name, mark = (user.display_name, person_mark(user.initials, user.display_name)) if user else (word, "")
    return [{"value": word, "label": name, "mark": mark}]
