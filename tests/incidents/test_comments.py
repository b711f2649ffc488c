"""Comments: entries of the incident's log, whose edits and removals are entries, too."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Team, User
from activity.models import Entry
from activity.queries import stream
from common.errors import Refused
from incidents.commands import add_comment, edit_comment, remove_comment, restrict
from incidents.models import Incident, Notice
from tests.conftest import alert, device, opened


def test_it_leaves_the_version_alone_and_moves_updated(incident: Incident, ana: User) -> None:
    before = incident.updated_at
    add_comment(incident, "Looks like the red team.", actor=ana.as_actor())
    incident.refresh_from_db()
    assert incident.version == 1
    assert incident.updated_at > before


TOO_MANY_IMAGES = "\n".join(f"![](/attachments/{UUID(int=number)}/)" for number in range(21))


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * 30_001, "e\u0301" * 30_001, "a\x00b", TOO_MANY_IMAGES])
def test_what_cannot_be_said_is_refused(incident: Incident, ana: User, text: str) -> None:
    with pytest.raises(Refused) as refused:
        add_comment(incident, text, actor=ana.as_actor())
    assert refused.value.field == "comment"


@pytest.mark.parametrize("character", ["é", "e\u0301", "\U0001f98a"])
def test_30000_characters_are_kept(incident: Incident, ana: User, character: str) -> None:
    entry = add_comment(incident, character * 30_000, actor=ana.as_actor())
    assert entry.body is not None
    assert entry.body.text == character * 30_000


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


# Changing one --------------------------------------------------------------------------------------------------------


def test_who_moderates_may_change_anothers_and_nothing_happens_silently(
    incident: Incident, ana: User, lee: User, rio: User
) -> None:
    comment = add_comment(incident, "Mine", actor=ana.as_actor())
    for act in (
        lambda one: edit_comment(incident, comment, "Ours", actor=one.as_actor(), principal=one),
        lambda one: remove_comment(incident, comment, actor=one.as_actor(), principal=one),
    ):
        with pytest.raises(Refused, match="author"):
            act(rio)
        assert act(lee).actor_id == lee.pk
    (line,) = stream(incident.pk, content="comments", actor_id=ana.pk).lines
    assert (line.name, line.note, line.is_removed) == ("Ana Ruiz", "removed by Lee Park", True)
    assert Notice.objects.filter(user=ana, entry__verb="comment.edited").exists()


def test_an_edit_based_on_an_older_text_shows_both(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    comment = Entry.objects.get(pk=add_comment(incident, "The host is fine", actor=ana.as_actor()).pk)
    url = reverse("incidents:edit_comment", args=[incident.pk, comment.sequence])
    theirs = edit_comment(incident, comment, "The host is isolated", actor=lee.as_actor(), principal=lee)
    client = sign_in(ana)
    answer = client.post(url, {"text": "The host is lost", "version": comment.pk})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Lee Park has written another text since" in page
    assert "<del>lost</del><ins>isolated</ins>" in page
    assert f'name="version" value="{theirs.pk}"' in page
    assert client.post(url, {"text": "The host is lost", "version": theirs.pk}).status_code == 302
    assert [entry.body.text for entry in comment.later_entries.order_by("pk") if entry.body] == [
        "The host is isolated",
        "The host is lost",
    ]


def test_the_history_tells_every_version_and_how_it_differs(
    incident: Incident, ana: User, lee: User, vic: User, sign_in: Callable[[User], Client]
) -> None:
    comment = Entry.objects.get(pk=add_comment(incident, "Seen on fin-ws-17.", actor=ana.as_actor()).pk)
    url = reverse("incidents:text", args=[incident.pk, comment.sequence])
    edit_comment(incident, comment, "Seen on fin-ws-18, <b>too</b>.", actor=lee.as_actor(), principal=lee)
    page = sign_in(vic).get(url).content.decode()
    assert "Seen on fin-ws-<del>17</del><ins>18, &lt;b&gt;too&lt;/b&gt;</ins>." in page
    assert "Lee Park</bdi></b> <bdi>edited it" in page
    remove_comment(incident, comment, actor=ana.as_actor())
    assert "fin-ws" not in sign_in(vic).get(url).content.decode()
    for one in (ana, lee):
        assert "fin-ws-<del>17" in sign_in(one).get(url).content.decode()


def test_only_texts_have_a_page_and_only_ones_own_comments_a_form(
    incident: Incident, ana: User, rio: User, sign_in: Callable[[User], Client]
) -> None:
    comment = Entry.objects.get(pk=add_comment(incident, "Mine", actor=ana.as_actor()).pk)
    opening = Entry.objects.of_incident(incident.pk).get(sequence=1)
    assert sign_in(ana).get(reverse("incidents:text", args=[incident.pk, opening.sequence])).status_code == 404
    for name in ("edit_comment", "remove_comment"):
        url = reverse(f"incidents:{name}", args=[incident.pk, comment.sequence])
        assert sign_in(rio).post(url, {"text": "x", "version": 1}).status_code == 403
    remove_comment(incident, comment, actor=ana.as_actor())
    gone = sign_in(ana).post(reverse("incidents:edit_comment", args=[incident.pk, comment.sequence]), {"text": "x"})
    assert gone.status_code == 409 and "The comment was removed meanwhile." in gone.content.decode()


def test_a_page_shows_so_much_text_and_the_beginning_of_the_rest(incident: Incident, ana: User) -> None:
    for _ in range(3):
        add_comment(incident, "word " * 5_999, actor=ana.as_actor())
    lines = stream(incident.pk, content="comments").lines
    assert [line.is_cut for line in lines] == [False, False, True]
    assert len(lines[2].body) < 500


# What a reader may know of it ----------------------------------------------------------------------------------------


def test_a_preview_is_what_will_be_shown_and_tells_nothing_of_what_is_hidden(
    incident: Incident, ana: User, lee: User, vic: User, sign_in: Callable[[User], Client]
) -> None:
    secret = opened(alert("secret", title="Secret", entities=(device("dc-99"),)))
    restrict(secret, [lee], actor=lee.as_actor())
    text = f"@ana #{incident.pk} #{secret.pk} #999999 **x** http://evil.example/"
    add_comment(incident, text, actor=lee.as_actor())
    url = reverse("incidents:preview_text")
    client = sign_in(ana)
    with CaptureQueriesContext(connection) as statements:
        html = client.post(url, {"text": text}).content.decode()
    assert len(statements) <= 8
    assert f'href="/incidents/{incident.pk}/"' in html
    assert f" #{secret.pk} #999999 " in html
    assert html in sign_in(ana).get(reverse("incidents:activity", args=[incident.pk])).content.decode()
    assert f'href="/incidents/{secret.pk}/"' in sign_in(lee).post(url, {"text": text}).content.decode()
    too_long = sign_in(ana).post(url, {"text": "x" * 30_001})
    assert (too_long.status_code, "30,001 characters" in too_long.content.decode()) == (422, True)
    assert sign_in(vic).post(url, {"text": text}).status_code == 403


def test_suggestions_of_a_mention_are_the_words_that_call(
    ana: User, tier2: Team, sign_in: Callable[[User], Client]
) -> None:
    page = sign_in(ana).get(reverse("incidents:suggest_mentions"), {"q": "ti"}).content.decode()
    assert 'data-value="tier2"' in page and "@tier2" in page and "ana" not in page
