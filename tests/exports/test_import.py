"""An incident leaves one Watchfloor as an archive and comes to another: nothing of it is lost, its log stays provable,
and no archive that cannot be trusted leaves a trace."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings as house
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.commands import create_team, create_token
from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.chain import verify
from activity.models import Entry
from activity.verify_log import entry_hash, main
from alerts.changes import Judgement
from alerts.choices import Classification, Determination, Severity, Verdict
from alerts.models import Alert, AlertPayload, Evidence
from common.errors import Refused
from entities import identity
from entities.models import Entity
from exports.archive import layout, write_archive
from exports.importing import BadArchive, import_archive
from incidents.changes import TaskChanges
from incidents.choices import TaskState
from incidents.commands import (
    add_comment,
    add_evidence,
    add_task,
    assign,
    attach,
    change_tags,
    change_task,
    classify,
    edit_comment,
    follow,
    judge_evidence,
    merge,
    remove_comment,
    remove_task,
    rename,
    resolve,
    restrict,
    set_due,
    set_severity,
)
from incidents.files import store, take_in
from incidents.models import Attachment, ImportedLog, Incident, Task
from incidents.queries.as_of import moment, state_at
from incidents.summary import differences
from incidents.tasks import sweep_attachments
from tests.conftest import NOON, _empty_tables, alert, device, opened, person
from tests.incidents.test_as_of import present, told
from tests.incidents.uploads import image, photograph
from tests.ingest.hostile import KEPT_TEXTS

OTHERWISE = {"number", "updated_at", "version", "related_to", "merges", "origins"}
"""What is otherwise of an incident once it was imported, as docs/archive-format.md says."""


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    settings.ATTACHMENTS_FOLDER = tmp_path / "attachments"
    return tmp_path / "attachments"


def cast() -> dict[str, User]:
    """The people of both houses."""
    return {
        "ada": person("ada", "Ada Lind", "admin"),
        "lee": person("lee", "Lee Park", "lead"),
        "ana": person("ana", "Ana Ruiz", "analyst"),
    }


def rich(people: dict[str, User]) -> Incident:
    """An incident with something of everything."""
    lee, ana = people["lee"].as_actor(), people["ana"].as_actor()
    incident = opened(
        *(
            alert(
                str(number),
                title=hostile.text[:200] if hostile.text.strip() else "Encoded command",
                description=hostile.text[:2000],
                severity=list(Severity)[number % 4],
                entities=(
                    device("fin-ws-17"),
                    identity.ip(f"192.0.2.{number + 1}"),
                    identity.url("https://evil.example/"),
                ),
                roles=("attacked",),
                verdict=list(Verdict)[number % 4],
                categories=("execution", "impact"),
                techniques=("T1059.001",),
                at=NOON + timedelta(minutes=number),
            )
            for number, hostile in enumerate(KEPT_TEXTS[:40])
        )
    )
    other = opened(alert("other", title="Password spray", entities=(device("dc-01"),)))
    add_comment(other, "Said in the other", actor=ana)
    merge(incident, [other], actor=lee, reason="One attack.")
    assign(incident, people["ana"], actor=lee)
    change_tags(incident, add=["Wave", "finance"], actor=lee)
    rename(incident, "The great wave", actor=lee)
    set_severity(incident, Severity.LOW, actor=lee)
    set_due(incident, timezone.now().replace(microsecond=0) + timedelta(days=3), actor=lee)
    classify(incident, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=lee)
    first = add_comment(incident, "First words é𝄞\u202e", actor=ana)
    edit_comment(incident, first, "Better words, @lee", actor=ana)
    gone = add_comment(incident, "Wrong words", actor=ana)
    remove_comment(incident, gone, actor=ana)
    picture = attach(incident, take_in("screen.png", io.BytesIO(image()), 1), actor=ana)
    attach(incident, take_in("desk.jpg", io.BytesIO(photograph()), 1), actor=lee)
    attach(incident, take_in("notes.txt", io.BytesIO(b"What I saw\n"), 11), actor=SYSTEM)
    add_comment(incident, f"Look: ![it](/attachments/{picture.pk}/)", actor=lee)
    task = add_task(incident, "Isolate the host", description="At **once**.", assignee=people["ana"], actor=lee)
    change_task(task, TaskChanges(state=TaskState.COMPLETED, closing_note="Done."), actor=ana)
    add_task(incident, "Call the owner", due=timezone.now() + timedelta(days=1), actor=lee)
    remove_task(add_task(incident, "Not needed", actor=lee), actor=lee)
    add_evidence(incident, [identity.domain("beacon.example")], verdict=Verdict.MALICIOUS, note="Proxy log", actor=ana)
    entity = Entity.objects.get(kind="ip", name="192.0.2.3")
    judge_evidence(incident, [entity.pk], Judgement(Verdict.MALICIOUS), actor=ana)
    follow(incident, actor=people["ada"].as_actor())
    resolve(incident, actor=lee, note="Reimaged all of them.")
    return Incident.objects.get(pk=incident.pk)


def archive_of(incident: Incident, reader: User | None, path: Path) -> Path:
    write_archive(incident, reader, path)
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(members: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in members[name].splitlines()]


def another_watchfloor() -> dict[str, User]:
    """An empty one with the same people, whose numbers are others."""
    connection.close()
    _empty_tables(None)  # type: ignore[arg-type]
    people = cast()
    opened(alert("of its own", title="Here before", entities=(device("somewhere"),), source="here"))
    return people


def comparable(members: dict[str, bytes]) -> dict[str, Any]:
    """All that an archive says, with what must be otherwise left out and rows named by what they are."""
    incident = json.loads(members[layout.INCIDENT])
    alerts = {row.pop("id"): row for row in rows(members, layout.ALERTS)}
    entities = {row.pop("id"): row for row in rows(members, layout.ENTITIES)}
    names = {number: (row["kind"], row["key"]) for number, row in entities.items()}
    for row in alerts.values():
        row["link_entity"] = names.get(row["link_entity"])
    keys = {number: (row["source"], row["external_id"]) for number, row in alerts.items()}
    evidence = rows(members, layout.EVIDENCE)
    for row in evidence:
        row["alert"], row["entity"] = keys.get(row["alert"]), names[row["entity"]]
    tasks = rows(members, layout.TASKS)
    for row in tasks:
        row.pop("id")
    return {
        "incident": {name: value for name, value in incident.items() if name not in OTHERWISE},
        "alerts": list(alerts.values()),
        "entities": sorted(entities.values(), key=lambda row: (row["kind"], row["key"])),
        "evidence": evidence,
        "tasks": tasks,
        "comments": rows(members, layout.COMMENTS),
        "attachments": rows(members, layout.ATTACHMENTS),
        "files": {name: data for name, data in members.items() if name.startswith(layout.FILES)},
    }


def everything() -> dict[str, int]:
    """How many rows each table has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in names))
        return dict(cursor.fetchall())


def stored_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# From one house to another ------------------------------------------------------------------------------------------


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
    found = client.get(f"/api/v1/incidents/{incident.pk}/activity/?sort=oldest").json()["entries"]
    assert "brought in a comment by" in found[1]["sentence"]


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
    connection.close()
    _empty_tables(None)  # type: ignore[arg-type]
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


def test_the_same_archive_twice_is_refused_and_says_where_it_is(
    transactional_db: None, tmp_path: Path, files: Path
) -> None:
    people = cast()
    archive_of(rich(people), people["ada"], tmp_path / "first.zip")
    before, kept = everything(), stored_files(files)
    with pytest.raises(Refused, match=r"attachment .* is here already"):
        import_archive(tmp_path / "first.zip", actor=COMMAND_LINE)
    assert (everything(), stored_files(files)) == (before, kept)
    there = another_watchfloor()
    for name in kept:
        next(files.rglob(name)).unlink()
    number = import_archive(tmp_path / "first.zip", actor=there["ada"].as_actor()).number
    before, kept = everything(), stored_files(files)
    with pytest.raises(Refused, match=r"here already|imported already"):
        import_archive(tmp_path / "first.zip", actor=there["ada"].as_actor())
    assert (everything(), stored_files(files)) == (before, kept)
    plain = opened(alert("plain", title="Plain", entities=(device("fin-ws-99"),)))
    archive_of(plain, None, tmp_path / "plain.zip")
    with pytest.raises(Refused, match=f"The alert plain of edr is here already, in incident #{plain.pk}"):
        import_archive(tmp_path / "plain.zip", actor=COMMAND_LINE)
    assert number is not None


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


# Archives that are not to be trusted ---------------------------------------------------------------------------------

Members = dict[str, bytes]


def packed(members: Members, path: Path, *, manifest: bool = True) -> Path:
    """An archive of these members, with a manifest that fits them."""
    if manifest:
        told = json.loads(members[layout.MANIFEST])
        told["members"] = [
            {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
            if name != layout.MANIFEST
        ]
        told["members_sha256"] = layout.list_digest(told["members"])
        members = members | {layout.MANIFEST: json.dumps(told).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def with_rows(members: Members, name: str, change: Callable[[list[dict[str, Any]]], None]) -> Members:
    told = rows(members, name)
    change(told)
    return members | {name: b"".join(json.dumps(row).encode() + b"\n" for row in told)}


def with_incident(members: Members, **changes: Any) -> Members:
    return members | {layout.INCIDENT: json.dumps(json.loads(members[layout.INCIDENT]) | changes).encode()}


def with_manifest(members: Members, **changes: Any) -> Members:
    return members | {layout.MANIFEST: json.dumps(json.loads(members[layout.MANIFEST]) | changes).encode()}


def set_in(place: int, **changes: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda told: told[place].update(changes)


def tampered_log(members: Members) -> Members:
    def change(told: list[dict[str, Any]]) -> None:
        told[1]["entry"]["columns"]["actor_label"] = "Somebody else"

    return with_rows(members, layout.LOG, change)


def cut_log(members: Members) -> Members:
    return members | {layout.LOG: b"\n".join(members[layout.LOG].splitlines()[:-1]) + b"\n"}


def foreign_log(members: Members) -> Members:
    """A chain that fits itself, of another incident."""

    def change(told: list[dict[str, Any]]) -> None:
        previous = bytes(32)
        for line in told:
            if entry := line.get("entry"):
                entry["columns"]["incident_id"] = "77"
                entry["previous_hash"] = previous.hex()
                previous = entry_hash(previous, tuple(entry["columns"].values()))
                entry["hash"] = previous.hex()

    return with_rows(members, layout.LOG, change)


IN_ROWS: dict[str, tuple[Callable[[Members], Members], str]] = {
    "a broken chain": (tampered_log, "does not verify"),
    "a log that was cut off": (cut_log, "cannot be verified"),
    "a log of another incident": (foreign_log, "of another incident than"),
    "a log that is none": (lambda m: m | {layout.LOG: b"{}\n"}, "cannot be verified"),
    "a log of garbage": (lambda m: m | {layout.LOG: b"\xff\x00"}, "cannot be verified"),
    "an alert of another incident": (
        lambda m: with_rows(m, layout.EVIDENCE, set_in(0, alert=999_999)),
        "its alert is none of this incident's",
    ),
    "an alert twice": (lambda m: m | {layout.ALERTS: m[layout.ALERTS] * 2}, "there twice"),
    "one alert too few": (
        lambda m: m | {layout.ALERTS: m[layout.ALERTS].splitlines(keepends=True)[0], layout.EVIDENCE: b""},
        "It holds 1 alerts",
    ),
    "no alert": (lambda m: with_incident(m | {layout.ALERTS: b"", layout.EVIDENCE: b""}, alerts_total=0), "no alert"),
    "a NUL in a text": (lambda m: with_rows(m, layout.ALERTS, set_in(0, title="a\0b")), "NUL"),
    "half a character": (
        lambda m: m | {layout.ALERTS: m[layout.ALERTS].replace(b'"edr"', b'"\\ud800"', 1)},
        "surrogate",
    ),
    "a field twice": (
        lambda m: m | {layout.ALERTS: m[layout.ALERTS].replace(b'"source":', b'"source":"a","source":', 1)},
        "twice",
    ),
    "a field that no archive has": (lambda m: with_rows(m, layout.ALERTS, set_in(0, is_admin=True)), "No archive has"),
    "a field too few": (lambda m: with_rows(m, layout.TASKS, lambda told: told[0].pop("title")), "missing"),
    "a title too long": (lambda m: with_rows(m, layout.ALERTS, set_in(0, title="x" * 501)), "501 characters"),
    "a severity that is none": (lambda m: with_incident(m, severity="dire"), "one of"),
    "a finding that does not fit": (lambda m: with_incident(m, determination="security_testing"), "no determination"),
    "an end before the beginning": (
        lambda m: with_rows(m, layout.ALERTS, set_in(0, first_activity="2030-01-01T00:00:00Z")),
        "lies before the first",
    ),
    "a time without a zone": (lambda m: with_incident(m, created_at="2026-11-02T12:00:00"), "a time in UTC"),
    "a resolved alert without its time": (
        lambda m: with_rows(m, layout.ALERTS, set_in(0, resolved_at=None)),
        "resolved when it has the time",
    ),
    "evidence of an unknown thing": (
        lambda m: with_rows(m, layout.EVIDENCE, set_in(0, entity=999_999)),
        "entity is not",
    ),
    "evidence twice": (
        lambda m: with_rows(m, layout.EVIDENCE, lambda told: told.append(dict(told[0]))),
        "names an entity once",
    ),
    "an entity of no kind": (lambda m: with_rows(m, layout.ENTITIES, set_in(0, kind="ghost")), "one of"),
    "a merged incident": (lambda m: with_incident(m, status="redirected", redirected_to=9), "was merged into #9"),
    "another incident than its manifest says": (lambda m: with_incident(m, number=77), "Its manifest is about"),
    "nested too deeply": (
        lambda m: with_rows(m, layout.ALERTS, set_in(0, raw=json.loads('{"a":' * 80 + "1" + "}" * 80))),
        "deeper than",
    ),
    "no JSON": (lambda m: m | {layout.TASKS: b"<xml/>\n"}, "not JSON"),
    "a file that its list does not name": (
        lambda m: m | {f"{layout.FILES}{uuid4()}": b"more"},
        "not those that attachments.jsonl lists",
    ),
    "a file of another hash than its list says": (
        lambda m: with_rows(m, layout.ATTACHMENTS, set_in(0, sha256="0" * 64)),
        "is not the one",
    ),
    "an image that is none": (
        lambda m: _other_file(m, b"<script>alert(1)</script>"),
        "The image",
    ),
    "a member that no archive has": (lambda m: m | {"readme.txt": b"hello"}, "which no archive has"),
    "a way out of the folder": (lambda m: m | {"../../etc/passwd": b"x"}, "which no archive has"),
    "an absolute path": (lambda m: m | {"/etc/passwd": b"x"}, "which no archive has"),
    "a way out under a folder of ours": (lambda m: m | {"attachments/../../x": b"x"}, "which no archive has"),
    "a member that is missing": (lambda m: {n: d for n, d in m.items() if n != layout.TASKS}, "It lacks “tasks.jsonl”"),
    "an origin that is not told of": (
        lambda m: m | {f"{layout.ORIGINS}{uuid4()}.jsonl": m[layout.LOG]},
        "logs of earlier origins",
    ),
}
IN_MANIFEST: dict[str, tuple[Callable[[Members], Members], str]] = {
    "a wrong hash": (lambda m: m | {layout.TASKS: m[layout.TASKS][:-2] + b"\n\n"}, "another size or another hash"),
    "a wrong size": (lambda m: m | {layout.TASKS: m[layout.TASKS] + b"\n"}, "another size or another hash"),
    "a version to come": (lambda m: with_manifest(m, version=2), "reads version 1"),
    "another format": (lambda m: with_manifest(m, format="zip"), "no archive of an incident"),
    "a list of another hash": (lambda m: with_manifest(m, members_sha256="0" * 64), "not the one whose hash"),
    "a member that is not listed": (lambda m: m | {f"{layout.FILES}{uuid4()}": b"x"}, "what its manifest lists"),
    "a manifest of garbage": (lambda m: m | {layout.MANIFEST: b"{"}, "manifest is not what it should be"),
    "a manifest that is a list": (lambda m: m | {layout.MANIFEST: b"[]"}, "no archive of an incident"),
    "a manifest without end": (lambda m: m | {layout.MANIFEST: b" " * 2_000_000}, "larger than one can be"),
}


def _other_file(members: Members, data: bytes) -> Members:
    """Other bytes in place of an image, in all lists alike."""
    told = rows(members, layout.ATTACHMENTS)
    row = next(each for each in told if each["width"])
    name = f"{layout.FILES}{row['id']}"
    row.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in told)
    return members | {layout.ATTACHMENTS: lines, name: data}


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Members]:
    """The members of an archive of a rich incident, made once; nothing of it is here any more."""
    with django_db_blocker.unblock():
        former, house.ATTACHMENTS_FOLDER = house.ATTACHMENTS_FOLDER, tmp_path_factory.mktemp("made")
        people = cast()
        path = tmp_path_factory.mktemp("archive") / "made.zip"
        write_archive(rich(people), people["ada"], path)
        house.ATTACHMENTS_FOLDER = former
        connection.close()
        _empty_tables(None)  # type: ignore[arg-type]
    yield members_of(path)


def refused(path: Path, files: Path) -> str:
    """Why an archive is refused; and that nothing of it is left."""
    before = everything()
    with pytest.raises(BadArchive) as found:
        import_archive(path, actor=COMMAND_LINE)
    assert everything() == before
    assert stored_files(files) == []
    assert found.value.problem.endswith((".", "”"))
    return found.value.problem


@pytest.mark.parametrize(("change", "why"), IN_ROWS.values(), ids=IN_ROWS.keys())
def test_an_archive_whose_contents_do_not_fit_is_refused(
    made: Members, db: None, tmp_path: Path, files: Path, change: Callable[[Members], Members], why: str
) -> None:
    assert why in refused(packed(change(made), tmp_path / "bad.zip"), files)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda m: with_incident(m, name="Another one", severity="high"), "name, severity"),
        (lambda m: with_incident(m, resolution_note="All is well."), "resolution_note"),
        (lambda m: with_rows(m, layout.ALERTS, set_in(0, title="Another one")), "alerts"),
    ],
)
def test_what_an_archive_says_otherwise_than_its_log_is_named(
    made: Members, transactional_db: None, tmp_path: Path, change: Callable[[Members], Members], what: str
) -> None:
    """Hashes in the file itself prove nothing against who wrote them; the chain of the log does."""
    outcome = import_archive(packed(change(made), tmp_path / "other.zip"), actor=COMMAND_LINE, dry_run=True)
    assert f"The archive says otherwise than its log of: {what}." in outcome.notes


@pytest.mark.parametrize(("change", "why"), IN_MANIFEST.values(), ids=IN_MANIFEST.keys())
def test_an_archive_whose_manifest_does_not_fit_is_refused(
    made: Members, db: None, tmp_path: Path, files: Path, change: Callable[[Members], Members], why: str
) -> None:
    assert why in refused(packed(change(made), tmp_path / "bad.zip", manifest=False), files)


def test_a_file_that_is_no_zip_or_a_damaged_one_is_refused(
    made: Members, db: None, tmp_path: Path, files: Path
) -> None:
    whole = packed(made, tmp_path / "whole.zip").read_bytes()
    for data in (b"", b"no zip", whole[: len(whole) // 2], whole[:-30], b"PK\x05\x06" + bytes(18)):
        (tmp_path / "bad.zip").write_bytes(data)
        refused(tmp_path / "bad.zip", files)
    middle = bytearray(whole)
    for place in range(2_000, 2_200):
        middle[place] ^= 0xFF
    (tmp_path / "bad.zip").write_bytes(bytes(middle))
    refused(tmp_path / "bad.zip", files)


def test_names_twice_links_folders_and_locked_members_are_refused(
    made: Members, db: None, tmp_path: Path, files: Path
) -> None:
    path = tmp_path / "bad.zip"
    packed(made, path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(layout.TASKS, made[layout.TASKS])
    assert "twice" in refused(path, files)
    for mode in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK, stat.S_IFDIR):
        with zipfile.ZipFile(packed(made, path), "a") as archive:
            link = zipfile.ZipInfo(f"{layout.FILES}{uuid4()}")
            link.external_attr = (mode | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
        assert "no plain file" in refused(path, files)
    locked = bytearray(packed(made, path).read_bytes())
    at = locked.rindex(b"PK\x01\x02")
    locked[at + 8] |= 1
    path.write_bytes(bytes(locked))
    assert "encrypted" in refused(path, files)


def test_a_bomb_does_not_go_off(
    made: Members, db: None, tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exports.importing.unpacking.FREE", 1_000_000)
    path = packed(made | {layout.COMMENTS: b" " * 60_000_000}, tmp_path / "bomb.zip")
    assert path.stat().st_size < 200_000
    assert "unpacks to more" in refused(path, files)
    # one that lies about its size is stopped at what it said
    small = packed(made | {layout.COMMENTS: b" " * 50_000}, path).read_bytes()
    told = (50_000).to_bytes(4, "little")
    lying = small.replace(told, (10).to_bytes(4, "little"))
    assert lying != small
    path.write_bytes(lying)
    refused(path, files)


def test_a_refusal_by_the_database_leaves_no_file_either(
    made: Members, transactional_db: None, tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(made, tmp_path / "good.zip")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the last step fails")

    monkeypatch.setattr("incidents.commands.importing.add_words", fail)
    before = everything()
    with pytest.raises(RuntimeError):
        import_archive(path, actor=COMMAND_LINE)
    assert (everything(), stored_files(files)) == (before, [])


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
