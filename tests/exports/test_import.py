"""An incident leaves one Watchfloor as an archive and comes to another: nothing of it is lost, and its log stays
provable."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.commands import create_team, create_token
from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.chain import verify
from activity.models import Entry
from activity.verify_log import main
from alerts.models import Alert, AlertPayload, Evidence
from common.errors import Refused
from entities import identity
from entities.models import Entity
from exports.archive import layout, write_archive
from exports.importing import import_archive
from incidents.commands import add_task, assign, edit_comment, restrict
from incidents.files import store
from incidents.models import Attachment, ImportedLog, Incident, Task
from incidents.queries.as_of import moment, state_at
from incidents.summary import differences
from incidents.tasks import sweep_attachments
from tests.conftest import alert, device, opened, person
from tests.exports.archives import (
    Members,
    another_watchfloor,
    archive_of,
    cast,
    comparable,
    empty,
    everything,
    members_of,
    packed,
    rich,
    rows,
    set_in,
    stored_files,
    with_incident,
    with_rows,
)
from tests.incidents.test_as_of import present, told
from tests.incidents.test_search import found

pytestmark = pytest.mark.usefixtures("files")


def test_what_leaves_one_watchfloor_is_the_same_in_another_field_by_field(
    transactional_db: None, tmp_path: Path, files: Path
) -> None:
    people = cast()
    first = members_of(archive_of(rich(people), people["ada"], tmp_path / "first.zip"))
    there = another_watchfloor()
    left = stored_files(files)
    for name in left:
        next(files.rglob(name)).unlink()
    outcome = import_archive(tmp_path / "first.zip", actor=there["ada"].as_actor(), principal=there["ada"])
    assert outcome.notes == []
    incident = Incident.objects.get(pk=outcome.number)
    second = members_of(archive_of(incident, there["ada"], tmp_path / "second.zip"))
    one, other = comparable(first), comparable(second)
    for part in one:
        assert one[part] == other[part], part
    # every log that there was is there to the byte, and so in each further archive
    told = json.loads(second[layout.INCIDENT])["origins"]
    logs = [second[origin["member"]] for origin in told]
    merged = [data for name, data in first.items() if name.startswith(layout.MERGED)]
    assert logs == [first[layout.LOG], *merged]
    assert len(merged) == 1
    was = json.loads(first[layout.INCIDENT])
    assert (told[0]["number"], len(told[0]["history"]["merges"])) == (was["number"], 1)
    assert told[0]["history"]["merges"][0]["number"] == was["merges"][0]["number"]
    third_house = another_watchfloor()
    again = import_archive(tmp_path / "second.zip", actor=third_house["lee"].as_actor())
    third = members_of(archive_of(Incident.objects.get(pk=again.number), None, tmp_path / "third.zip"))
    assert comparable(third) == one
    origins = [third[origin["member"]] for origin in json.loads(third[layout.INCIDENT])["origins"]]
    assert sorted(origins) == sorted([second[layout.LOG], *logs])


def test_the_imported_incident_is_one_like_any_other(
    transactional_db: None, tmp_path: Path, sign_in: Callable[[User], Client]
) -> None:
    people = cast()
    first = rich(people)
    archive_of(first, people["ada"], tmp_path / "first.zip")
    there = another_watchfloor()
    last = Entry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    outcome = import_archive(tmp_path / "first.zip", actor=there["ada"].as_actor())
    incident = Incident.objects.get(pk=outcome.number)
    assert verify().breaks == ()
    assert differences([incident]) == []
    entries = list(Entry.objects.of_incident(incident.pk).order_by("sequence"))
    assert [entry.verb for entry in entries] == ["incident.imported", *["comment.added"] * 3]
    assert {entry.actor_label for entry in Entry.objects.filter(pk__gt=last)} == {"Ada Lind"}
    # its log alone tells its state
    assert told(state_at(moment(incident.pk, "at", "now"))) == present(incident)
    client = sign_in(there["ada"])
    page = client.get(f"/incidents/{incident.pk}/activity/").content.decode()
    assert f"imported the incident from an archive of #{first.pk}" in page
    assert "brought in a comment by Ana Ruiz of" in page
    assert "entries, verified" in page
    assert "Log of origin" in page
    assert client.get(f"/incidents/{incident.pk}/").status_code == 200
    picture = Attachment.objects.get(incident=incident, name="screen.png")
    assert f"/attachments/{picture.pk}/small/" in page
    log = ImportedLog.objects.filter(incident=incident, place=0).get()
    answer: Any = client.get(f"/exports/incidents/{incident.pk}/origins/{log.pk}.jsonl")
    (tmp_path / "origin.jsonl").write_bytes(b"".join(answer.streaming_content))
    assert main([str(tmp_path / "origin.jsonl")]) == 0
    shown = client.get(f"/api/v1/incidents/{incident.pk}/activity/?sort=oldest").json()["entries"]
    assert "brought in a comment by" in shown[1]["sentence"]


def test_its_first_entry_names_its_attachments(made: Members, transactional_db: None, tmp_path: Path) -> None:
    packed(made, tmp_path / "first.zip")
    outcome = import_archive(tmp_path / "first.zip", actor=COMMAND_LINE)
    first = Entry.objects.of_incident(outcome.number or 0).get(sequence=1)
    named = ("id", "name", "size", "sha256", "media_type")
    assert first.facts["attachments"] == [{name: row[name] for name in named} for row in rows(made, layout.ATTACHMENTS)]
    assert len(first.facts["attachments"]) == 3


def test_an_incident_without_attachments_names_none(transactional_db: None, tmp_path: Path) -> None:
    archive_of(opened(alert("1", entities=(device("fin-ws-17"),))), None, tmp_path / "first.zip")
    another_watchfloor()
    outcome = import_archive(tmp_path / "first.zip", actor=COMMAND_LINE)
    assert "attachments" not in Entry.objects.of_incident(outcome.number or 0).get(sequence=1).facts


def test_it_is_found_by_its_names_and_by_what_its_alerts_say(
    made: Members, transactional_db: None, tmp_path: Path
) -> None:
    packed(made, tmp_path / "first.zip")
    there = another_watchfloor()
    number = import_archive(tmp_path / "first.zip", actor=there["ada"].as_actor()).number
    was = json.loads(made[layout.INCIDENT])
    names = [str(number), was["name"], was["automatic_name"]]
    things = ["fin-ws-17", "192.0.2.3", "evil.example", "beacon.example"]
    alerts = ['"Password spray"', "T1059.001"]
    for words in (*names, *things, *alerts):
        assert found(words, there["ana"]) == {number}, words
    assert number not in found("somewhere", there["ana"])


def test_imported_comments_are_their_authors_and_no_bell_rings(
    made: Members, transactional_db: None, tmp_path: Path, sign_in: Callable[[User], Client]
) -> None:
    packed(made, tmp_path / "first.zip")
    there = another_watchfloor()
    outcome = import_archive(tmp_path / "first.zip", actor=there["lee"].as_actor())
    comment = Entry.objects.of_incident(outcome.number or 0).filter(verb="comment.added")[0]
    with pytest.raises(Refused, match="Only its author"):
        edit_comment(Incident(pk=outcome.number), comment, "Mine now", actor=there["lee"].as_actor())
    assert sign_in(there["lee"]).get("/notices/").content.decode().count("data-notice") == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM incidents_notice")
        assert cursor.fetchone() == (0,)


def test_who_is_not_here_is_named_and_the_work_is_nobodys(
    made: Members, transactional_db: None, tmp_path: Path
) -> None:
    packed(made, tmp_path / "first.zip")
    outcome = import_archive(tmp_path / "first.zip", actor=COMMAND_LINE)
    incident = Incident.objects.get(pk=outcome.number)
    assert incident.assignee is None
    assert incident.resolved_by == "Lee Park"
    assert "Not here: Ana Ruiz (ana), assignee." in outcome.notes
    assert Task.objects.get(incident=incident, title="Isolate the host").assignee is None
    first = Entry.objects.of_incident(incident.pk).get(sequence=1)
    assert first.facts["notes"] == outcome.notes


def test_what_is_known_here_of_a_thing_counts_more_than_what_an_archive_says(
    transactional_db: None, tmp_path: Path
) -> None:
    first = opened(alert("1", entities=(identity.device(hostname="fin-ws-17", attributes={"os": "old", "ram": "8"}),)))
    archive_of(first, None, tmp_path / "first.zip")
    another_watchfloor()
    here = identity.device(hostname="fin-ws-17", attributes={"os": "new"})
    opened(alert("mine", entities=(here,), source="here"))
    import_archive(tmp_path / "first.zip", actor=COMMAND_LINE)
    entity = Entity.objects.get(name="fin-ws-17")
    assert entity.attributes == {"os": "new", "ram": "8"}
    assert Evidence.objects.filter(entity=entity).count() == 2


def test_a_restricted_incident_stays_restricted(transactional_db: None, tmp_path: Path) -> None:
    people = cast()
    incident = opened(alert("1", entities=(device("fin-ws-17"),)))
    restrict(incident, [people["lee"], people["ana"]], actor=people["lee"].as_actor())
    with pytest.raises(Refused, match="no such incident"):
        write_archive(incident, people["ada"], tmp_path / "hidden.zip")
    assert not (tmp_path / "hidden.zip").exists()
    archive_of(incident, None, tmp_path / "first.zip")
    there = another_watchfloor()
    outcome = import_archive(tmp_path / "first.zip", actor=there["ada"].as_actor())
    for name, is_seen in (("lee", True), ("ana", True), ("ada", True)):
        assert Incident.objects.visible_to(there[name]).filter(pk=outcome.number).exists() == is_seen
    rio = person("rio", "Rio Sato", "analyst")
    assert not Incident.objects.visible_to(rio).filter(pk=outcome.number).exists()
    empty()
    with pytest.raises(Refused, match="nobody would see it"):
        import_archive(tmp_path / "first.zip", actor=COMMAND_LINE)


def test_nobody_is_given_work_that_they_would_not_see_here(transactional_db: None, tmp_path: Path) -> None:
    people = cast()
    team = create_team("tier2", actor=SYSTEM, name="Tier 2", members=[people["ana"], people["lee"]])
    incident = opened(alert("1", entities=(device("fin-ws-17"),)))
    restrict(incident, [team], actor=people["lee"].as_actor())
    assign(incident, people["ana"], actor=people["lee"].as_actor())
    add_task(incident, "Isolate", assignee=people["ana"], actor=people["lee"].as_actor())
    archive_of(incident, None, tmp_path / "first.zip")
    there = another_watchfloor()
    create_team("tier2", actor=SYSTEM, name="Tier 2", members=[there["lee"]])
    outcome = import_archive(tmp_path / "first.zip", actor=there["lee"].as_actor())
    imported = Incident.objects.get(pk=outcome.number)
    assert imported.assignee is None
    assert [note for note in outcome.notes if "nobody's now: Ana Ruiz does not see" in note]
    assert Task.objects.get(incident=imported).assignee is None
    assert Alert.objects.get(incident=imported).assignee_user is None
    assert told(state_at(moment(imported.pk, "at", "now"))) == present(imported)


def test_it_can_be_tried_first(made: Members, transactional_db: None, tmp_path: Path, files: Path) -> None:
    packed(made, tmp_path / "first.zip")
    number = json.loads(made[layout.INCIDENT])["number"]
    before = everything()
    said = io.StringIO()
    call_command("import_incident", str(tmp_path / "first.zip"), "--dry-run", stdout=said)
    assert f"#{number} with 41 alerts and 3 comments could be imported; its log of" in said.getvalue()
    assert (everything(), stored_files(files)) == (before, [])
    said = io.StringIO()
    call_command("import_incident", str(tmp_path / "first.zip"), stdout=said)
    assert "is incident #" in said.getvalue()
    with pytest.raises(CommandError, match="here already"):
        call_command("import_incident", str(tmp_path / "first.zip"), stdout=said)
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_incident", str(tmp_path / "none.zip"), stdout=said)


def test_programs_send_an_archive(
    made: Members, transactional_db: None, tmp_path: Path, settings: Any, sign_in: Callable[[User], Client]
) -> None:
    there = cast()
    data = packed(made, tmp_path / "first.zip").read_bytes()
    _, key = create_token("mover", actor=SYSTEM, role="admin")
    script = Client(headers={"Authorization": f"Bearer {key}"})
    address = "/api/v1/incidents/import/"
    tried = script.post(f"{address}?dry_run=1", data, content_type="application/zip")
    assert (tried.status_code, tried.json()["number"]) == (200, None)
    form = {"file": SimpleUploadedFile("first.zip", data, content_type="application/zip")}
    answer = script.post(address, form)
    assert answer.status_code == 201, answer.content
    assert answer.json()["alerts"] == 41
    assert answer.json()["url"].endswith(f"/incidents/{answer.json()['number']}/")
    assert script.post(address, data, content_type="application/zip").status_code == 409
    assert script.post(address, b"no archive", content_type="application/zip").status_code == 400
    assert script.post(address, {}).status_code == 400
    assert script.post(f"{address}?try=1", data, content_type="application/zip").status_code == 400
    assert sign_in(there["lee"]).post(address, data, content_type="application/zip").status_code == 403
    settings.ARCHIVE_BYTES = 100
    too_large = script.post(address, data, content_type="application/zip")
    assert (too_large.status_code, "import_incident" in too_large.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda m: with_incident(m, name="Another one", severity="high"), "name, severity"),
        (lambda m: with_incident(m, resolution_note="All is well."), "resolution note"),
        (lambda m: with_rows(m, layout.ALERTS, set_in(0, title="Another one")), "alerts"),
    ],
)
def test_what_an_archive_says_otherwise_than_its_log_is_named(
    made: Members, transactional_db: None, tmp_path: Path, change: Callable[[Members], Members], what: str
) -> None:
    """Hashes in the file itself prove nothing against who wrote them; the chain of the log does."""
    outcome = import_archive(packed(change(made), tmp_path / "other.zip"), actor=COMMAND_LINE, dry_run=True)
    assert f"The archive says otherwise than its log of: {what}." in outcome.notes


def test_files_of_imported_logs_are_not_swept_away(
    made: Members, transactional_db: None, tmp_path: Path, files: Path
) -> None:
    import_archive(packed(made, tmp_path / "good.zip"), actor=COMMAND_LINE)
    kept = stored_files(files)
    store().write(UUID(int=5), [b"nobody's"])
    for path in files.rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))
    sweep_attachments()
    assert stored_files(files) == kept
    assert AlertPayload.objects.count() == Alert.objects.count()
