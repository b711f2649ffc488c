"""Attachments: images are made anew, other files are downloads alone, and nobody is given a byte that has changed."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from incidents.commands import add_comment, attach, erase_attachment, merge, remove_attachment, restrict
from incidents.files import store, take_in
from incidents.models import Attachment, Incident
from incidents.rules.attachments import MEGABYTE, check_space, size_in_words, tidied_name
from incidents.tasks import look_at_attachments, sweep_attachments
from tests.conftest import alert, device, opened
from tests.incidents.uploads import HTML, POLYGLOT, REFUSED, SVG, archive, image, photograph

SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.ATTACHMENTS_FOLDER = tmp_path / "attachments"
    settings.ATTACHMENT_BYTES = MEGABYTE
    return tmp_path / "attachments"


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def attached(incident: Incident, user: User, name: str = "notes.txt", content: bytes = b"Seen at noon") -> Attachment:
    return attach(incident, take_in(name, io.BytesIO(content), len(content)), actor=user.as_actor())


def sent(client: Client, incident: Incident, *files: tuple[str, bytes], **headers: str) -> Any:
    data = {"file": [SimpleUploadedFile(name, content) for name, content in files]}
    return client.post(
        reverse("incidents:attach", args=[incident.pk]), data, headers={"Accept": "application/json"} | headers
    )


# Coming in -----------------------------------------------------------------------------------------------------------


def test_an_image_is_nothing_but_its_pixels_the_right_way_up(incident: Incident, ana: User) -> None:
    found = attached(incident, ana, "Beach.JPG", photograph())
    assert (found.media_type, found.width, found.height, found.name) == ("image/jpeg", 800, 1600, "Beach.JPG")
    assert (found.small_width, found.small_height) == (320, 640)
    content = store().path(found.pk).read_bytes()
    assert b"SECRET" not in content and b"Exif" not in content
    assert (len(content), hashlib.sha256(content).hexdigest()) == (found.size, found.sha256)
    picture = Image.open(io.BytesIO(content))
    assert picture.getpixel((400, 100))[0] > 200 > picture.getpixel((400, 1500))[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "content", "kept_as"),
    [
        ("shot.png", POLYGLOT, "shot.png"),
        ("dance.gif", image("GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), "green")]), "dance.png"),
        ("shot.webp", image("WEBP"), "shot.png"),
        ("readme", image(), "readme.png"),
    ],
)
def test_what_hangs_on_behind_an_image_is_gone(
    incident: Incident, ana: User, name: str, content: bytes, kept_as: str
) -> None:
    found = attached(incident, ana, name, content)
    kept = store().path(found.pk).read_bytes()
    assert (found.name, found.media_type) == (kept_as, "image/png")
    assert b"owned" not in kept and b"PK" not in kept
    assert getattr(Image.open(io.BytesIO(kept)), "n_frames", 1) == 1


def test_what_is_refused_says_why_and_leaves_nothing(
    incident: Incident, ana: User, sign_in: SignIn, folder: Path
) -> None:
    client, entries = sign_in(ana), Entry.objects.count()
    for name, content, words in REFUSED.values():
        answer = sent(client, incident, (name, content))
        assert answer.status_code == 422, name
        (problem,) = answer.json()["problems"]
        assert words in problem and f"“{name}”" in problem
    assert "Choose a file first" in sent(client, incident).json()["problems"][0]
    assert (Attachment.objects.count(), files_in(folder), Entry.objects.count()) == (0, [], entries)


def test_of_several_files_the_good_ones_stay(incident: Incident, ana: User, sign_in: SignIn) -> None:
    answer = sent(sign_in(ana), incident, ("a.txt", b"a"), ("b.png", HTML), ("c.png", image()))
    assert answer.status_code == 201
    assert [(each["name"], each["is_image"]) for each in answer.json()["files"]] == [("a.txt", False), ("c.png", True)]
    assert len(answer.json()["problems"]) == 1
    page = sign_in(ana).post(
        reverse("incidents:attach", args=[incident.pk]), {"file": SimpleUploadedFile("d.txt", b"d")}, follow=True
    )
    assert "Attached d.txt" in page.content.decode()
    entry = Entry.objects.filter(verb="attachment.added").latest("pk")
    assert (entry.subject_label, entry.facts["sha256"]) == ("d.txt", hashlib.sha256(b"d").hexdigest())


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\report.docx", "report.docx"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\r\n.txt", "ab.txt"),
        (" .. ", "file"),
        ("", "file"),
        ("<b>.html", "<b>.html"),
        ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
        ("Übersicht 🦊.txt", "Übersicht 🦊.txt"),
    ],
)
def test_a_name_is_what_can_be_seen_of_it(name: str, kept: str) -> None:
    assert tidied_name(name) == kept


def test_an_incident_has_room_for_so_much(incident: Incident, ana: User, settings: Any) -> None:
    settings.ATTACHMENT_BYTES_OF_INCIDENT = 20
    first = attached(incident, ana)
    with pytest.raises(Refused, match=r"does not fit.*12 bytes are taken"):
        attached(incident, ana)
    with pytest.raises(Refused, match="200 attachments"):
        check_space("x", 200, 0, 1, 100)
    remove_attachment(first, actor=ana.as_actor())
    erase_attachment(first, "Sent by mistake", actor=ana.as_actor())
    attached(incident, ana)
    assert [size_in_words(size) for size in (1, 999, 4_200, 17_400_000)] == ["1 byte", "999 bytes", "4.2 kB", "17 MB"]


# Going out -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"), [("a.html", HTML), ("a.svg", SVG), ("bomb.zip", archive(content=b"\0" * 10**6))]
)
def test_other_files_are_downloads_that_no_browser_acts_on(
    incident: Incident, ana: User, vic: User, sign_in: SignIn, name: str, content: bytes
) -> None:
    found = attached(incident, ana, name, content)
    answer = sign_in(vic).get(reverse("attachments:download", args=[found.pk]))
    assert b"".join(answer.streaming_content) == content  # type: ignore[arg-type]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "private, no-cache"
    assert sign_in(vic).get(reverse("attachments:image", args=[found.pk])).status_code == 404


def test_an_image_is_shown_as_what_it_is(incident: Incident, ana: User, sign_in: SignIn) -> None:
    found, client = attached(incident, ana, "shot.png", image()), sign_in(ana)
    for name in ("image", "small"):
        url = reverse(f"attachments:{name}", args=[found.pk])
        answer = client.get(url)
        assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
        assert Image.open(io.BytesIO(b"".join(answer.streaming_content))).size == (40, 20)  # type: ignore[arg-type]
        assert client.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    add_comment(incident, f"![shot](/attachments/{found.pk}/)", actor=ana.as_actor())
    page = client.get(reverse("incidents:activity", args=[incident.pk])).content.decode()
    assert f'<img src="/attachments/{found.pk}/small/" alt="shot" width="40" height="20" loading="lazy">' in page
    remove_attachment(found, actor=ana.as_actor())
    page = client.get(reverse("incidents:activity", args=[incident.pk])).content.decode()
    assert f"/attachments/{found.pk}" not in page and "shot" in page


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("spoil", "how"), [(damage, "was changed"), (Path.unlink, "is missing")])
def test_a_changed_byte_is_refused_recorded_and_an_alarm(
    incident: Incident,
    ana: User,
    ada: User,
    sign_in: SignIn,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
    spoil: Callable[[Path], None],
    how: str,
) -> None:
    found, client = attached(incident, ana, "shot.png", image()), sign_in(ana)
    spoil(store().path(found.pk))
    with caplog.at_level(logging.CRITICAL), django_capture_on_commit_callbacks(execute=True):
        for name in ("download", "image", "download"):
            answer = client.get(reverse(f"attachments:{name}", args=[found.pk]))
            assert (answer.status_code, how in answer.content.decode()) == (409, True)
    entry = Entry.objects.get(verb="attachment.damaged")
    assert (entry.actor_id, entry.facts["reason"]) == (ana.pk, how)
    assert f"Attachment {found.pk} of incident {incident.pk}: its file {how}" in caplog.text
    assert f"/incidents/{incident.pk}/activity/" in sign_in(ada).get(reverse("status")).content.decode()
    page = client.get(reverse("incidents:activity", args=[incident.pk])).content.decode()
    assert "it is not given out" in page


def test_the_nightly_look_finds_what_changed_and_what_is_whole_again(incident: Incident, ana: User) -> None:
    kept, lost = attached(incident, ana), attached(incident, ana, "shot.png", image())
    small = store().path(lost.pk, "small")
    content = small.read_bytes()
    damage(small)
    for _ in range(2):
        look_at_attachments()
    assert [each.pk for each in Attachment.objects.filter(damaged_at__isnull=False)] == [lost.pk]
    small.write_bytes(content)
    look_at_attachments()
    verbs = [entry.verb for entry in Entry.objects.filter(subject_id=lost.pk).order_by("pk")]
    assert verbs == ["attachment.added", "attachment.damaged", "attachment.whole"]
    assert Entry.objects.filter(subject_id=kept.pk).count() == 1


def test_what_has_no_row_is_swept_up_after_an_hour(incident: Incident, ana: User, folder: Path) -> None:
    kept = attached(incident, ana, "shot.png", image())
    fresh, old = uuid4(), uuid4()
    for number in (fresh, old):
        store().write(number, [b"x"])
    half = store().path(old).with_name(f"{old}.0.part")
    half.write_bytes(b"half")
    hours_ago = time.time() - 2 * 3600
    for path in (store().path(old), half, store().path(kept.pk), store().path(kept.pk, "small")):
        os.utime(path, (hours_ago, hours_ago))
    sweep_attachments()
    assert files_in(folder) == sorted([str(kept.pk), f"{kept.pk}.small", str(fresh)])


# Who may -------------------------------------------------------------------------------------------------------------


def test_who_attached_it_or_moderates_removes_it_and_an_administrator_erases_it(
    incident: Incident, ana: User, rio: User, lee: User, ada: User, sign_in: SignIn, folder: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    found = attached(incident, ana, "shot.png", image())
    remove_url, erase_url = (reverse(f"attachments:{name}", args=[found.pk]) for name in ("remove", "erase"))
    assert sign_in(rio).post(remove_url).status_code == 409
    assert sign_in(lee).post(erase_url, {"reason": "x"}).status_code == 403
    refused = sign_in(ada).post(erase_url, {"reason": "x"})
    assert "Remove the attachment first; then its file can be erased." in refused.content.decode()
    assert sign_in(lee).post(remove_url).status_code == 302
    assert sign_in(ana).get(reverse("attachments:download", args=[found.pk])).status_code == 404
    assert files_in(folder) == [str(found.pk), f"{found.pk}.small"]
    assert sign_in(ada).post(erase_url, {"reason": " "}).status_code == 409
    with django_capture_on_commit_callbacks(execute=True):
        assert sign_in(ada).post(erase_url, {"reason": "Personal data"}).status_code == 302
    assert files_in(folder) == []
    entries = Entry.objects.filter(subject_id=found.pk).order_by("pk")
    assert [entry.verb.partition(".")[2] for entry in entries] == ["added", "removed", "erased"]
    assert entries[2].body is not None and entries[2].body.text == "Personal data"


def test_what_one_may_not_see_is_not_there_and_who_was_given_it_is_recorded(
    incident: Incident, ana: User, lee: User, sign_in: SignIn
) -> None:
    found, open_one = attached(incident, lee, "shot.png", image()), opened(alert("x", entities=(device("x"),)))
    add_comment(open_one, f"![shot](/attachments/{found.pk}/)", actor=lee.as_actor())
    restrict(incident, [lee], actor=lee.as_actor())
    unknown = uuid4()
    for name in ("download", "image", "small"):
        theirs = sign_in(ana).get(reverse(f"attachments:{name}", args=[found.pk]))
        none = sign_in(ana).get(reverse(f"attachments:{name}", args=[unknown]))
        assert (theirs.status_code, none.status_code) == (404, 404)
    page = sign_in(ana).get(reverse("incidents:activity", args=[open_one.pk])).content.decode()
    assert f"/attachments/{found.pk}/" not in page
    assert not Entry.objects.filter(verb="attachment.downloaded").exists()
    assert sign_in(lee).get(reverse("attachments:download", args=[found.pk])).status_code == 200
    assert Entry.objects.get(verb="attachment.downloaded").actor_id == lee.pk


def test_files_go_along_when_incidents_are_merged(incident: Incident, lee: User, sign_in: SignIn) -> None:
    found, target = attached(incident, lee), opened(alert("x", entities=(device("x"),)))
    merge(target, [incident], actor=lee.as_actor(), reason="One attack")
    found.refresh_from_db()
    assert found.incident_id == target.pk
    page = sign_in(lee).get(reverse("incidents:activity", args=[target.pk])).content.decode()
    assert f"/attachments/{found.pk}/" in page


def test_programs_list_send_and_fetch_files(incident: Incident) -> None:
    _, key = create_token("script", actor=SYSTEM, role="analyst")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    url = reverse("api:attachments", args=[incident.pk])
    made = client.post(url, {"file": SimpleUploadedFile("a.txt", b"hello")})
    assert (made.status_code, made.json()["sha256"]) == (201, hashlib.sha256(b"hello").hexdigest())
    assert client.get(url).json() == {"attachments": [made.json()]}
    assert b"".join(client.get(made.json()["url"]).streaming_content) == b"hello"  # type: ignore[arg-type]
    assert client.post(url, {}).json()["errors"][0]["field"] == "file"
    assert client.post(url, {"file": SimpleUploadedFile("a.png", HTML)}).json()["title"] == "Refused"
    damage(store().path(Attachment.objects.get().pk))
    refused = client.get(made.json()["url"])
    assert (refused.status_code, "was changed" in refused.json()["detail"]) == (409, True)
