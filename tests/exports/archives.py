"""Archives of incidents: made, taken apart, and changed by who may not be trusted."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import User
from activity.actors import SYSTEM
from alerts.changes import Judgement
from alerts.choices import Classification, Determination, Severity, Verdict
from entities import identity
from entities.models import Entity
from exports.archive import layout, write_archive
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
    set_due,
    set_severity,
)
from incidents.files import take_in
from incidents.models import Incident
from tests.conftest import NOON, alert, device, empty_tables, opened, person
from tests.incidents.uploads import image, photograph
from tests.ingest.hostile import KEPT_TEXTS

Members = dict[str, bytes]
"""Name of a member of an archive → its bytes."""
OTHERWISE = {"number", "updated_at", "version", "related_to", "merges", "origins"}
"""What is otherwise of an incident once it was imported, as docs/archive-format.md says."""


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


def empty() -> None:
    """Leave nothing of what is here."""
    connection.close()
    empty_tables()


def another_watchfloor() -> dict[str, User]:
    """An empty one with the same people, whose numbers are others."""
    empty()
    people = cast()
    opened(alert("of its own", title="Here before", entities=(device("somewhere"),), source="here"))
    return people


def archive_of(incident: Incident, reader: User | None, path: Path) -> Path:
    write_archive(incident, reader, path)
    return path


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(members: Members, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in members[name].splitlines()]


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


def comparable(members: Members) -> dict[str, Any]:
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
