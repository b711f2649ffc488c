"""Texts are emptied for good, by retention or one of them lawfully; the log goes on to verify and says who did it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from activity.chain import verify
from activity.models import Body, Entry
from common.errors import Refused
from incidents.commands import add_comment, edit_comment, empty_text, merge, resolve, set_retention
from incidents.models import Incident, RetentionRule
from incidents.tasks import empty_what_is_old
from tests.conftest import alert, device, opened


def texts(incident: Incident) -> list[str | None]:
    rows = Entry.objects.of_incident(incident.pk).exclude(body=None).order_by("sequence")
    return list(rows.values_list("body__text", flat=True))


def long_ago(incident: Incident, days: int) -> None:
    Incident.objects.filter(pk=incident.pk).update(resolved_at=timezone.now() - timedelta(days=days))


def test_comments_are_emptied_so_many_days_after_their_incident_was_resolved(
    incident: Incident, ana: User, lee: User
) -> None:
    young = opened(alert("young", title="Young", entities=(device("dc-1"),)))
    merged = opened(alert("merged", title="Merged", entities=(device("dc-2"),)))
    comment = add_comment(incident, "First", actor=ana.as_actor())
    edit_comment(incident, comment, "Second", actor=ana.as_actor())
    for other in (young, merged):
        add_comment(other, "Words", actor=ana.as_actor())
    merge(incident, [merged], actor=lee.as_actor(), reason="One attack.")
    for each in (incident, young):
        resolve(each, actor=ana.as_actor(), note="Reimaged.")
    long_ago(incident, 91)
    long_ago(young, 89)
    empty_what_is_old()
    assert not Body.objects.filter(text=None).exists()
    set_retention(90, actor=lee.as_actor())
    for _ in range(2):
        empty_what_is_old()
        assert texts(incident)[:2] == [None, None]
        assert "Reimaged." in texts(incident)
        assert texts(merged) == [None, "One attack."]
        assert texts(young)[0] == "Words"
    told = Entry.objects.filter(verb="body.emptied").order_by("pk")
    assert [(entry.incident_id, entry.about_id) for entry in told] == [
        (incident.pk, comment.pk),
        (incident.pk, comment.pk + 1),
        (merged.pk, Entry.objects.get(incident=merged, verb="comment.added").pk),
    ]
    assert {entry.facts["reason"] for entry in told} == {"comments are kept for 90 days after an incident is resolved"}
    assert verify().breaks == ()


def test_one_text_is_emptied_with_a_reason_and_all_its_versions_with_it(
    incident: Incident, ana: User, lee: User, ada: User, sign_in: Callable[[User], Client]
) -> None:
    comment = add_comment(incident, "Patient Doe", actor=ana.as_actor())
    comment.refresh_from_db()
    edit = edit_comment(incident, comment, "Patient D.", actor=ana.as_actor())
    edit.refresh_from_db()
    other = add_comment(incident, "Else", actor=ana.as_actor())
    other.refresh_from_db()
    path = f"/incidents/{incident.pk}/activity/{edit.sequence}/empty/"
    assert sign_in(lee).post(path, {"reason": "Privacy"}).status_code == 403
    page = sign_in(ada)
    for person, times in ((page, 1), (sign_in(lee), 0)):
        shown = person.get(f"/incidents/{incident.pk}/activity/").content.decode()
        assert shown.count(f"/activity/{comment.sequence}/empty/") == times
        assert shown.count(f"/exports/incidents/{incident.pk}/log.jsonl") == times
    assert "Patient D." in page.get(path).content.decode()
    refused = page.post(path, {"reason": " "})
    assert (refused.status_code, "Say why; it stands in the log." in refused.content.decode()) == (422, True)
    assert page.post(path, {"reason": "A patient is named"}).status_code == 302
    assert texts(incident) == [None, None, "Else"]
    activity = page.get(f"/incidents/{incident.pk}/activity/").content.decode()
    assert "emptied the text of an entry: A patient is named" in activity
    assert "Patient D" not in activity
    assert "Its text was emptied already." in page.get(path).content.decode()
    assert page.get(f"/incidents/{incident.pk}/activity/999/empty/").status_code == 404
    _, key = create_token("officer", actor=SYSTEM, role="admin")
    program = Client(headers={"Authorization": f"Bearer {key}"})
    address = f"/api/v1/incidents/{incident.pk}/entries/{other.sequence}/empty/"
    assert program.post(address, {}, content_type="application/json").status_code == 400
    answer = program.post(address, {"reason": "Privacy"}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (200, {"emptied": 1})
    opening = f"/api/v1/incidents/{incident.pk}/entries/1/empty/"
    assert program.post(opening, {"reason": "x"}, content_type="application/json").status_code == 409
    assert verify().breaks == ()


def test_how_long_texts_are_kept_is_said_on_a_page_and_recorded(
    ada: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    path = "/settings/retention/"
    assert sign_in(lee).get(path).status_code == 403
    page = sign_in(ada)
    for wrong in ("29", "36501", "many", "-1"):
        answer = page.post(path, {"days": wrong, "version": "0"})
        assert answer.status_code == 422
        assert "Write 30 to 36,500 days" in answer.content.decode()
    assert page.post(path, {"days": "365", "version": "0"}).status_code == 302
    assert page.post(path, {"days": "30", "version": "0"}).status_code == 422
    assert page.post(path, {"days": "", "version": "1"}).status_code == 302
    rule = RetentionRule.objects.get()
    assert (rule.days, rule.version) == (None, 2)
    told = Entry.objects.filter(verb="retention.set").order_by("pk")
    assert [entry.changes for entry in told] == [
        [{"field": "days", "old": None, "new": 365}],
        [{"field": "days", "old": 365, "new": None}],
    ]
    with pytest.raises(Refused, match="36,500"):
        set_retention(40_000, actor=SYSTEM)


def test_an_entry_without_a_text_or_of_another_incident_is_refused(incident: Incident, ana: User) -> None:
    other = opened(alert("other", title="Other", entities=(device("dc-9"),)))
    comment = add_comment(other, "Words", actor=ana.as_actor())
    for entry in (Entry.objects.of_incident(incident.pk)[0], comment):
        with pytest.raises(Refused, match="no text that could be emptied"):
            empty_text(incident, entry, "Privacy", actor=ana.as_actor())
    assert Body.objects.get(pk=comment.body_id).text == "Words"
