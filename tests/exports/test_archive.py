"""The archive of an incident as a file: what stands in it, who may have one, and that it is made of one moment."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.commands import create_token
from accounts.models import Role, User
from activity.actors import SYSTEM
from activity.models import Entry
from activity.verify_log import main
from alerts.models import Alert
from common.errors import Refused
from exports.archive import FORMAT, VERSION, layout, write_archive
from incidents.commands import add_comment, attach, merge, remove_attachment, remove_comment, restrict
from incidents.files import store, take_in
from incidents.models import Attachment, Incident
from tests.conftest import alert, device, opened

pytestmark = pytest.mark.usefixtures("files")


def archived(incident: Incident, reader: User | None) -> zipfile.ZipFile:
    made = io.BytesIO()
    write_archive(incident, reader, made)
    return zipfile.ZipFile(io.BytesIO(made.getvalue()))


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


def test_its_manifest_names_every_member_with_its_hash(incident: Incident, ada: User) -> None:
    made = io.BytesIO()
    written = write_archive(incident, ada, made)
    assert written.size == len(made.getvalue())
    assert written.sha256 == hashlib.sha256(made.getvalue()).hexdigest()
    archive = zipfile.ZipFile(made)
    assert archive.testzip() is None
    manifest = json.loads(archive.read(layout.MANIFEST))
    assert (manifest["format"], manifest["version"], manifest["incident"]) == (FORMAT, VERSION, incident.pk)
    assert manifest["made_by"] == {"kind": "user", "label": "Ada Lind"}
    assert [each["name"] for each in manifest["members"]] == list(layout.ALWAYS)
    assert archive.namelist() == [*layout.ALWAYS, layout.MANIFEST]
    for each in manifest["members"]:
        data = archive.read(each["name"])
        assert (each["size"], each["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert manifest["members_sha256"] == layout.list_digest(manifest["members"])


def test_made_again_of_an_unchanged_incident_only_the_times_of_making_differ(incident: Incident, ada: User) -> None:
    first, second = archived(incident, ada), archived(incident, ada)
    for name in layout.ALWAYS:
        if name != layout.LOG:
            assert first.read(name) == second.read(name)
    assert lines(first, layout.LOG)[1:] == lines(second, layout.LOG)[1:]


def test_its_log_verifies_by_itself(incident: Incident, ada: User, tmp_path: Path) -> None:
    add_comment(incident, "Hello", actor=ada.as_actor())
    (tmp_path / "log.jsonl").write_bytes(archived(incident, ada).read(layout.LOG))
    assert main([str(tmp_path / "log.jsonl")]) == 0


def test_it_holds_raw_records_files_and_logs_of_merged_incidents(
    incident: Incident, ada: User, lee: User, tmp_path: Path
) -> None:
    other = opened(alert("other", title="Password spray", entities=(device("dc-01"),)))
    merge(incident, [other], actor=lee.as_actor(), reason="One attack.")
    kept = attach(incident, take_in("notes.txt", io.BytesIO(b"What I saw"), 10), actor=lee.as_actor())
    gone = attach(incident, take_in("wrong.txt", io.BytesIO(b"Not this"), 8), actor=lee.as_actor())
    remove_attachment(gone, actor=lee.as_actor())
    said = add_comment(incident, "Not so", actor=lee.as_actor())
    remove_comment(incident, said, actor=lee.as_actor())
    add_comment(incident, "Hello", actor=lee.as_actor())
    archive = archived(incident, ada)
    assert [row["raw"]["id"] for row in lines(archive, layout.ALERTS)] == ["1", "2", "other"]
    assert archive.read(f"{layout.FILES}{kept.pk}") == b"What I saw"
    assert f"{layout.FILES}{gone.pk}" not in archive.namelist()
    assert [row["text"] for row in lines(archive, layout.COMMENTS)] == ["Hello"]
    assert f"{layout.MERGED}{other.pk}.jsonl" in archive.namelist()
    told = json.loads(archive.read(layout.INCIDENT))
    assert [(each["number"], each["merged_by"]) for each in told["merges"]] == [(other.pk, "Lee Park")]


def test_a_damaged_file_is_named_left_out_and_recorded(incident: Incident, ada: User, lee: User) -> None:
    kept = attach(incident, take_in("notes.txt", io.BytesIO(b"What I saw"), 10), actor=lee.as_actor())
    store().path(kept.pk).write_bytes(b"What I say")
    archive = archived(incident, ada)
    assert lines(archive, layout.ATTACHMENTS)[0]["is_there"] is False
    assert f"{layout.FILES}{kept.pk}" not in archive.namelist()
    assert Attachment.objects.get(pk=kept.pk).damaged_at is not None
    assert Entry.objects.of_incident(incident.pk).filter(verb="attachment.damaged").count() == 1


def test_only_who_sees_it_exports_and_takes_logs_out_gets_one(
    incident: Incident, ada: User, lee: User, vic: User, tmp_path: Path
) -> None:
    for reader in (vic, lee):
        with pytest.raises(Refused, match="take logs out"):
            write_archive(incident, reader, tmp_path / "no.zip")
    Role.objects.filter(slug="admin").update(permissions=["see_incidents", "see_system_log"])
    with pytest.raises(Refused, match="Export what one sees"):
        write_archive(incident, User.objects.get(pk=ada.pk), tmp_path / "no.zip")
    token, _ = create_token("mover", actor=SYSTEM, role="lead")
    Role.objects.filter(slug="lead").update(permissions=["see_incidents", "see_system_log", "export"])
    restrict(incident, [lee], actor=lee.as_actor())
    token.refresh_from_db()
    with pytest.raises(Refused, match="no such incident"):
        write_archive(incident, token, tmp_path / "no.zip")
    assert not (tmp_path / "no.zip").exists()
    write_archive(incident, User.objects.get(pk=lee.pk), tmp_path / "yes.zip")
    assert (tmp_path / "yes.zip").stat().st_mode & 0o777 == 0o600


def test_nothing_of_incidents_that_are_kept_from_the_reader_is_in_it(incident: Incident, ada: User, lee: User) -> None:
    secret = opened(alert("secret", title="Heron found", entities=(device("dc-99"),)))
    Incident.objects.filter(pk=incident.pk).update(related_to=secret)
    add_comment(secret, "Heron again", actor=lee.as_actor())
    restrict(secret, [lee], actor=lee.as_actor())
    archive = archived(incident, ada)
    assert json.loads(archive.read(layout.INCIDENT))["related_to"] is None
    assert all(b"Heron" not in archive.read(name) for name in archive.namelist())


def test_what_raises_on_the_way_leaves_no_file(incident: Incident, ada: User, tmp_path: Path) -> None:
    def stop(percent: int) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_archive(incident, ada, tmp_path / "begun.zip", tell=stop)
    assert not (tmp_path / "begun.zip").exists()
    (tmp_path / "there.zip").write_text("mine")
    with pytest.raises(FileExistsError):
        write_archive(incident, ada, tmp_path / "there.zip")
    assert (tmp_path / "there.zip").read_text() == "mine"


def test_it_tells_how_far_it_is(incident: Incident, ada: User) -> None:
    told: list[int] = []
    write_archive(incident, ada, io.BytesIO(), tell=told.append)
    assert told == sorted(told)
    assert told[-1] == 100


def test_it_is_of_one_moment(transactional_db: None, ada: User, tmp_path: Path) -> None:
    """A comment that is written meanwhile is in all of it or in none."""
    incident = opened(alert("1", entities=(device("fin-ws-17"),)))
    with CaptureQueriesContext(connection) as statements:
        write_archive(incident, ada, tmp_path / "one.zip")
    asked = [each["sql"] for each in statements.captured_queries]
    isolation = [place for place, sql in enumerate(asked) if "REPEATABLE READ" in sql]
    assert len(isolation) == 1
    assert [place for place, sql in enumerate(asked) if sql.startswith("COMMIT")][-1] > isolation[0]


def test_rows_are_read_in_portions(incident: Incident, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exports.archive.members.AT_A_TIME", 10)
    row = Alert.objects.filter(incident=incident)[0]
    Alert.objects.bulk_create(
        [
            Alert(
                incident=incident,
                source="edr",
                external_id=f"more-{number}",
                title="More",
                severity=2,
                first_activity=row.first_activity,
                last_activity=row.last_activity,
                payload_sha256="0" * 64,
                link_rule="opened",
                link_reason="",
            )
            for number in range(95)
        ]
    )
    with CaptureQueriesContext(connection) as statements:
        archive = archived(incident, ada)
    assert len(lines(archive, layout.ALERTS)) == 97
    assert len(statements) < 60


def test_the_command_writes_one_and_records_it(incident: Incident, tmp_path: Path) -> None:
    said = io.StringIO()
    call_command("export_incident", str(incident.pk), "--archive", str(tmp_path / "one.zip"), stdout=said)
    assert hashlib.sha256((tmp_path / "one.zip").read_bytes()).hexdigest() in said.getvalue()
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.exported")
    assert (entry.actor_label, entry.facts["what"]) == ("Command line", "Archive")
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_incident", str(incident.pk), "--archive", str(tmp_path / "one.zip"))
    with pytest.raises(CommandError, match="no incident"):
        call_command("export_incident", "999999", "--archive", str(tmp_path / "two.zip"))


def test_whom_the_log_of_origin_is_given_to(
    incident: Incident, ada: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    address = f"/exports/incidents/{incident.pk}/origins/00000000-0000-0000-0000-000000000007.jsonl"
    assert sign_in(lee).get(address).status_code == 403
    assert sign_in(ada).get(address).status_code == 404
