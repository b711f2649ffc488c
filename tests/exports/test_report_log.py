"""The log in a report: all of it, with what it takes to compare the paper with it; and the comments."""

from __future__ import annotations

import io
import re
from uuid import UUID

import pytest
from django.conf import LazySettings

from accounts.models import User
from activity.chain import entries as chained
from activity.checkpoints.taking import take_checkpoint
from activity.models import Entry
from exports.choices import Part
from incidents.commands import (
    add_comment,
    assign,
    attach,
    edit_comment,
    merge,
    remove_comment,
    resolve,
    restrict,
)
from incidents.commands.emptying import empty_text
from incidents.files import store, take_in
from incidents.models import Incident
from tests.activity.chains import bare_incident, commented, renamed
from tests.conftest import alert, device, opened
from tests.exports.reports import made, printed
from tests.incidents.uploads import image

ONLY_LOG = {"parts": (Part.ACTIVITY,)}


def numbered(text: str) -> list[int]:
    """The numbers of the entries, in the order in which they stand there."""
    return [int(number) for number in re.findall(r"^(\d+) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", text, re.MULTILINE)]


def test_every_entry_is_there_oldest_first(incident: Incident, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(40):
        add_comment(incident, f"Comment {step}", actor=ana.as_actor())
    count = Entry.objects.of_incident(incident.pk).count()
    whole = printed(incident, ana, **ONLY_LOG)
    assert numbered(whole.text) == list(range(1, count + 1))
    assert len(whole.pieces) == 1
    monkeypatch.setattr("exports.document.report.SMALLEST", 10)
    monkeypatch.setattr("exports.document.report.LARGEST", 10)
    cut = printed(incident, ana, **ONLY_LOG)
    assert len(cut.pieces) > 4
    assert numbered(cut.text) == list(range(1, count + 1))
    assert sum(piece.weight for piece in cut.pieces) == cut.report.weight


def test_an_entry_says_who_when_how_and_what(incident: Incident, ana: User, lee: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    entry = Entry.objects.of_incident(incident.pk).filter(verb="incident.assigned").get()
    assert entry.recorded_at
    text = printed(incident, ana, **ONLY_LOG).text
    at = f"{entry.recorded_at:%Y-%m-%d %H:%M:%S} UTC"
    assert f"{entry.sequence} {at} Lee Park" in text
    assert "assignee: nothing → Ana Ruiz" in text
    assert "[command line]" in text  # by which the alerts came


def test_the_paper_begins_with_the_head_of_the_chain(incident: Incident, ana: User) -> None:
    add_comment(incident, "Last words", actor=ana.as_actor())
    *_, last = chained(incident.pk)
    text = printed(incident, ana, **ONLY_LOG).text
    assert f"Last entry\n{last.sequence}, SHA-256 {last.hash.hex()}" in text
    assert "none tells of this log yet" in text


def test_what_comes_after_the_head_is_not_in_the_report(incident: Incident, ana: User) -> None:
    report = made(incident, ana, **ONLY_LOG)
    before = Entry.objects.of_incident(incident.pk).count()
    add_comment(incident, "Too late", actor=ana.as_actor())
    html = "".join(piece.html for piece in report.pieces())
    assert "Too late" not in html
    assert html.count('class="entry"') == before


def test_the_checkpoint_that_covers_the_log_is_named(transactional_db: None, ana: User) -> None:
    first, other = bare_incident("One"), bare_incident("Two")
    renamed(first.pk, "a", "b")
    renamed(other.pk, "a", "b")
    signed = take_checkpoint()
    assert signed
    renamed(other.pk, "b", "c")
    take_checkpoint()
    text = printed(first, ana, **ONLY_LOG).text
    assert "Signed checkpoint\nnumber 1 of" in text
    assert ", up to entry 1\n" in text
    assert f"Its SHA-256\n{signed.digest}" in text
    assert f"Its key (Ed25519)\n{signed.key}" in text
    commented(first.pk, "Later")
    assert "up to entry 1; 1 entry is newer than it" in printed(first, ana, **ONLY_LOG).text


def test_a_merged_incident_brings_its_log(ana: User, db: None) -> None:
    target = opened(alert("1", entities=(device("a"),)))
    source = opened(alert("2", entities=(device("b"),)))
    merge(target, [source], actor=ana.as_actor(), reason="One attack")
    text = printed(target, ana).text
    count = Entry.objects.filter(incident__in=[target.pk, source.pk]).count()
    assert len(re.findall(r"^\d+/\d+ \d{4}-", text, re.MULTILINE)) == count
    for incident in (target, source):
        *_, last = chained(incident.pk)
        assert last.hash.hex() in text
    assert f"Incident {source.pk}: {source.name}\nMerged into this one by Ana Ruiz" in text


def test_comments_stand_as_they_are_now(incident: Incident, ana: User, lee: User) -> None:
    one = add_comment(incident, "First *version*", actor=ana.as_actor())
    edit_comment(incident, one, "Second **version**", actor=ana.as_actor())
    two = add_comment(incident, "Something rash", actor=lee.as_actor())
    remove_comment(incident, two, actor=lee.as_actor())
    three = add_comment(incident, "A secret", actor=ana.as_actor())
    empty_text(incident, three, "Personal data", actor=lee.as_actor())
    for parts in (tuple(Part), (Part.ACTIVITY,)):
        text = printed(incident, ana, parts=parts).text
        assert text.count("Second version") == 1
        assert "First" not in text.replace("First activity", "").replace("First and", "")
        assert "Something rash" not in text
        assert "This comment was removed." in text
        assert "A secret" not in text
        assert "This text was emptied." in text
        assert "Personal data" in text
    assert re.search(r"entry \d+ · edited by Ana Ruiz", printed(incident, ana).text)


def test_the_texts_of_other_entries_stand_beneath_them(incident: Incident, ana: User) -> None:
    resolve(incident, actor=ana.as_actor(), note="It was **us**.")
    assert "resolved the incident" in (text := printed(incident, ana, **ONLY_LOG).text)
    assert "It was us." in text


def pictured(incident: Incident, ana: User) -> str:
    """A comment with an image; the id of its file."""
    content = image("PNG", (1200, 900))
    file = attach(incident, take_in("screen.png", io.BytesIO(content), len(content)), actor=ana.as_actor())
    add_comment(incident, f"See ![the screen](/attachments/{file.pk}/)", actor=ana.as_actor())
    return str(file.pk)


@pytest.fixture(autouse=True)
def _own_files(settings: LazySettings, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.ATTACHMENTS_FOLDER = tmp_path_factory.mktemp("files") / "attachments"


def test_comments_show_their_images(incident: Incident, ana: User) -> None:
    number = pictured(incident, ana)
    report = printed(incident, ana)
    assert report.addresses.count(f"image:{number}") == 1
    assert 'alt="the screen"' in "".join(piece.html for piece in report.pieces)
    assert [str(path) for path in report.report.images.values()] == [str(store().path(UUID(number)))]


def test_an_image_that_was_changed_is_a_sentence(incident: Incident, ana: User) -> None:
    number = pictured(incident, ana)
    for path in store().root.rglob(f"{number}*"):
        path.write_bytes(b"something else")
    report = printed(incident, ana)
    assert "the screen: this image is not shown, because its file was changed." in report.text
    assert f"image:{number}" not in report.addresses
    assert not report.report.images


def test_an_image_of_an_incident_that_the_reader_may_not_see_is_none(incident: Incident, ana: User, vic: User) -> None:
    other = opened(alert("9", entities=(device("x"),)))
    number = pictured(other, ana)
    restrict(other, [ana], actor=ana.as_actor())
    add_comment(incident, f"![the screen](/attachments/{number}/)", actor=ana.as_actor())
    assert f"image:{number}" in printed(incident, ana).addresses
    report = printed(incident, vic)
    assert "the screen: an image that is not here." in report.text
    assert not report.report.images
