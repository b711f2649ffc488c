"""Comments: entries of the incident's log, whose edits and removals are entries, too."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from activity.queries import stream
from common.errors import Refused
from incidents.commands import add_comment, edit_comment, remove_comment
from incidents.models import Incident
from tests.conftest import alert, device, opened


def test_it_leaves_the_version_alone_and_moves_updated(incident: Incident, ana: User) -> None:
    before = incident.updated_at
    add_comment(incident, "Looks like the red team.", actor=ana.as_actor())
    incident.refresh_from_db()
    assert incident.version == 1
    assert incident.updated_at > before


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * 30_001, "a\x00b"])
def test_what_cannot_be_said_is_refused(incident: Incident, ana: User, text: str) -> None:
    with pytest.raises(Refused) as refused:
        add_comment(incident, text, actor=ana.as_actor())
    assert refused.value.field == "comment"


def test_30000_characters_are_kept(incident: Incident, ana: User) -> None:
    entry = add_comment(incident, "é" * 30_000, actor=ana.as_actor())
    assert entry.body is not None
    assert entry.body.text == "é" * 30_000


def test_an_edit_keeps_the_former_text_and_shows_the_new(incident: Incident, ana: User) -> None:
    comment = add_comment(incident, "Frist", actor=ana.as_actor())
    edit = edit_comment(incident, comment, "First", actor=ana.as_actor())
    assert edit.about == comment
    assert Entry.objects.get(pk=comment.pk).body.text == "Frist"
    (line,) = stream(incident.pk, content="comments", actor_id=ana.pk).lines
    assert "First" in line.body
    assert (line.note, line.is_own) == ("edited", True)


def test_an_edit_that_says_the_same_is_none(incident: Incident, ana: User) -> None:
    comment = add_comment(incident, "First", actor=ana.as_actor())
    edit_comment(incident, comment, "Second", actor=ana.as_actor())
    edit_comment(incident, comment, " Second ", actor=ana.as_actor())
    assert Entry.objects.filter(about=comment).count() == 1


def test_a_removal_takes_it_off_the_page_and_keeps_it_in_the_log(incident: Incident, ana: User) -> None:
    comment = add_comment(incident, "Wrong window", actor=ana.as_actor())
    removal = remove_comment(incident, comment, actor=ana.as_actor())
    assert (removal.verb, removal.about) == ("comment.removed", comment)
    (line,) = stream(incident.pk, content="comments", actor_id=ana.pk).lines
    assert (line.body, line.note, line.is_own) == ("", "removed", False)
    assert Entry.objects.get(pk=comment.pk).body.text == "Wrong window"


def test_what_is_removed_stays_removed(incident: Incident, ana: User) -> None:
    comment = add_comment(incident, "Wrong window", actor=ana.as_actor())
    remove_comment(incident, comment, actor=ana.as_actor())
    for act in (
        lambda: edit_comment(incident, comment, "Back", actor=ana.as_actor()),
        lambda: remove_comment(incident, comment, actor=ana.as_actor()),
    ):
        with pytest.raises(Refused, match="removed already"):
            act()


def test_only_the_author_may_change_it(incident: Incident, ana: User, lee: User) -> None:
    comment = add_comment(incident, "Mine", actor=ana.as_actor())
    for act in (
        lambda: edit_comment(incident, comment, "Yours", actor=lee.as_actor()),
        lambda: remove_comment(incident, comment, actor=lee.as_actor()),
    ):
        with pytest.raises(Refused, match="author"):
            act()


def test_an_entry_that_is_no_comment_of_the_incident_is_refused(incident: Incident, ana: User) -> None:
    other = opened(alert("other", entities=(device("dc-01"),)))
    elsewhere = add_comment(other, "Elsewhere", actor=ana.as_actor())
    opening = Entry.objects.of_incident(incident.pk).get(sequence=1)
    for entry in (elsewhere, opening):
        with pytest.raises(Refused, match="no comment"):
            edit_comment(incident, entry, "Taken over", actor=ana.as_actor())


def test_the_page_takes_a_comment_and_shows_it(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    answer = client.post(
        reverse("incidents:comment", args=[incident.pk]), {"text": "**Seen** this before"}, follow=True
    )
    assert answer.status_code == 200
    assert "<strong>Seen</strong> this before" in answer.content.decode()


def test_the_page_says_why_it_does_not_take_one(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    answer = sign_in(ana).post(reverse("incidents:comment", args=[incident.pk]), {"text": "  "})
    assert answer.status_code == 422
    assert "Write something first" in answer.content.decode()
    assert not Entry.objects.comments().exists()


def test_a_hostile_comment_shows_as_text(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    text = "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3))"
    add_comment(incident, text, actor=ana.as_actor())
    page = sign_in(ana).get(reverse("incidents:activity", args=[incident.pk])).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page


def test_the_same_form_sent_twice_is_one_comment(incident: Incident, ana: User, lee: User) -> None:
    once = uuid4()
    first = add_comment(incident, "Isolated.", actor=ana.as_actor(), once=once)
    assert add_comment(incident, "Isolated.", actor=ana.as_actor(), once=once) == first
    add_comment(incident, "Isolated.", actor=lee.as_actor(), once=once)
    add_comment(incident, "Isolated.", actor=ana.as_actor(), once=uuid4())
    assert Entry.objects.comments().count() == 3


def test_two_presses_on_comment_are_one_comment(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    typed = {"text": "Isolated.", "once": str(uuid4())}
    for _ in range(2):
        answer = sign_in(ana).post(reverse("incidents:comment", args=[incident.pk]), typed)
        assert answer.status_code == 302
    assert Entry.objects.comments().count() == 1
