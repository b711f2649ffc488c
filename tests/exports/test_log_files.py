"""Logs as files: what stands in them, who may have them, and what the verifier, alone and elsewhere, finds in them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from activity.checkpoints import files
from activity.checkpoints.keys import public_text
from activity.checkpoints.syslog import message_of
from activity.checkpoints.taking import rotate, take_checkpoint
from activity.models import Entry
from activity.verify_log import Checkpoint, entry_hash, main
from exports.log_files import log_lines
from incidents.commands import restrict
from incidents.models import Incident
from portal.environment import REPOSITORY
from tests.activity.chains import bare_incident, commented, renamed
from tests.conftest import opened

VERIFIER = (REPOSITORY / "activity" / "verify_log.py").read_bytes()
ALONE = """
import runpy, sys
for name in ("django", "psycopg", "activity"):
    sys.modules[name] = None  # importing it fails
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def log(transactional_db: None, tmp_path: Path) -> Path:
    """All of it: two incidents and the system's stream, under two checkpoints of two keys."""
    first, second = bare_incident("One"), bare_incident("Two")
    for step in range(3):
        renamed(first.pk, step, step + 1)
        commented(second.pk, f"Comment {step}: é𝄞\u202e")
    renamed(None, "a", "b")
    take_checkpoint()
    commented(first.pk, "Last words")
    rotate()
    call_command("export_log", str(tmp_path / "log.jsonl"))
    return tmp_path / "log.jsonl"


def verified(path: Path, *arguments: str) -> tuple[int, str]:
    """What the verifier says, as one file among no others: exit code and all it prints."""
    verifier = path.with_name("verify_log.py")
    verifier.write_bytes(VERIFIER)
    command = [sys.executable, "-I", "-c", ALONE, str(verifier), str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=path.parent, timeout=60)
    return done.returncode, done.stdout + done.stderr


def checked(path: Path, *arguments: str) -> tuple[int, str]:
    """The same within this process, which is quicker."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main([str(path), *arguments])
    return code, said.getvalue()


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, documents: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return path


def of_entry(document: dict[str, Any]) -> dict[str, Any]:
    return document.get("entry", {}).get("columns", {})


def test_an_exported_log_verifies_without_django_or_a_database(log: Path) -> None:
    code, said = verified(log)
    assert code == 0, said
    assert "9 entries in 3 chains verified, against 3 checkpoints up to number 3" in said
    assert "nobody named the key to believe" in said
    first, second = (line["checkpoint"]["key"] for line in read(log)[1:4:2])
    log.with_name("keys.txt").write_text(f"{first}\n{second}\n")
    code, said = verified(log, "--public-key", str(log.with_name("keys.txt")))
    assert (code, "nobody named" in said) == (0, False)
    code, said = checked(log, "--public-key", public_text(Ed25519PrivateKey.generate()))
    assert (code, "which is none of those given" in said) == (1, True)


def test_the_verifier_names_what_is_wrong_with_a_file(log: Path) -> None:
    """Each time one thing."""
    documents = read(log)
    last = next(number for number, each in enumerate(documents) if each.get("entry", {}).get("text") == "Last words")
    assert of_entry(documents[last])["sequence"] == "4"

    def after(change: Callable[[list[dict[str, Any]]], None]) -> tuple[int, str]:
        changed = json.loads(json.dumps(documents))
        change(changed)
        return checked(write(log.with_name("changed.jsonl"), changed))

    def recomputed(told: list[dict[str, Any]]) -> None:
        entry = told[last]["entry"]
        entry["columns"]["actor_label"] = "Somebody else"
        entry["hash"] = entry_hash(bytes.fromhex(entry["previous_hash"]), tuple(entry["columns"].values())).hex()

    def without_end(told: list[dict[str, Any]]) -> None:
        told.pop()

    def without_last(told: list[dict[str, Any]]) -> None:
        del told[last]
        told[-1]["end"]["entries"] -= 1

    def other_text(told: list[dict[str, Any]]) -> None:
        told[last]["entry"]["text"] = "Other words"

    def without_checkpoint(told: list[dict[str, Any]]) -> None:
        del told[2]

    def other_head(told: list[dict[str, Any]]) -> None:
        told[1]["heads"][0][3] = "0" * 64

    said = {change.__name__: after(change) for change in (recomputed, without_last, other_text, without_checkpoint)}
    assert {code for code, _ in said.values()} == {1}
    assert "entry 4 (id 8): it is not the one that checkpoint 2 of" in said["recomputed"][1]
    assert "entry 4: it is missing at the end; checkpoint 2 of" in said["without_last"][1]
    assert "its text is not what was recorded" in said["other_text"][1]
    assert "Checkpoints 2 to 2 are missing." in said["without_checkpoint"][1]
    code, words = after(other_head)
    assert (code, "is not what was signed" in words) == (1, True)
    code, words = after(without_end)
    assert (code, "was cut off" in words) == (2, True)


def test_a_copy_kept_elsewhere_and_a_log_server_know_what_the_export_leaves_out(log: Path) -> None:
    documents = read(log)
    shortened = write(log.with_name("short.jsonl"), [*documents[:2], *documents[4:]])
    own = [each for each in read(shortened) if of_entry(each).get("sequence") != "4" and "end" not in each]
    write(shortened, [*own, {"end": {"entries": sum("entry" in each for each in own)}}])
    assert checked(shortened)[0] == 0
    code, said = checked(shortened, "--checkpoints", *map(str, files.files()))
    assert (code, "it is missing at the end; checkpoint 2 of" in said) == (1, True)
    messages = [message_of(Checkpoint.of(json.loads(line)["checkpoint"])) for line in files.files()[0].open()]
    log.with_name("messages").write_bytes(b"\n".join(messages))
    code, said = checked(shortened, "--received", str(log.with_name("messages")))
    assert (code, "Checkpoint 3 was written once; the newest here is 1." in said) == (1, True)


def test_an_incidents_log_proves_itself_and_tells_nothing_of_others(log: Path) -> None:
    first, second = Incident.objects.order_by("pk")
    path = log.with_name("one.jsonl")
    path.write_text("".join(log_lines(first.pk)), encoding="utf-8")
    code, said = checked(path)
    assert code == 0, said
    assert "4 entries in 1 chain verified, against 3 checkpoints up to number 3" in said
    documents = read(path)
    assert {head[0] for each in documents for head in each.get("heads", ())} == {first.pk}
    heads_of_others = [head[3] for each in read(log) for head in each.get("heads", ()) if head[0] == second.pk]
    assert heads_of_others
    assert not any(digest in path.read_text() for digest in heads_of_others)
    cut = [each for each in documents if of_entry(each).get("sequence") != "4" and "end" not in each]
    code, said = checked(write(path, [*cut, {"end": {"entries": 3}}]))
    assert (code, "it is missing at the end" in said) == (1, True)


def test_the_command_writes_new_files_only(log: Path) -> None:
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_log", str(log))
    with pytest.raises(CommandError, match="no incident 999"):
        call_command("export_log", str(log.with_name("x")), incident=999)
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_log", "/nowhere/x")


def test_who_reads_the_systems_log_may_take_logs_out_and_that_is_recorded(
    incident: Incident, ada: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    path = f"/exports/incidents/{incident.pk}/log.jsonl"
    assert sign_in(lee).get(path).status_code == 403
    page = sign_in(ada)
    answer: Any = page.get(path)
    assert answer["Content-Disposition"].startswith(f'attachment; filename="incident-{incident.pk}-log-')
    told = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert len(told) == Entry.objects.of_incident(incident.pk).count() + 2
    latest = Entry.objects.of_system().order_by("-pk")[0]
    assert (latest.verb, latest.facts["log"], latest.actor_id) == ("log.exported", f"#{incident.pk}", ada.pk)
    system: Any = page.get("/exports/system/log.jsonl")
    assert b"user.created" in system.getvalue()
    _, key = create_token("archive", actor=SYSTEM, role="admin")
    program = Client(headers={"Authorization": f"Bearer {key}"})
    same: Any = program.get(f"/api/v1/incidents/{incident.pk}/log/")
    assert [json.loads(line) for line in same.getvalue().splitlines()][1:] == told[1:]
    assert program.get("/api/v1/system/log/").status_code == 200
    count = Entry.objects.of_system().count()
    assert page.head(path).status_code == 200
    secret = opened()
    restrict(secret, [lee], actor=lee.as_actor(), reason="Staff matter")
    assert page.get(f"/exports/incidents/{secret.pk}/log.jsonl").status_code == 404
    assert program.get(f"/api/v1/incidents/{secret.pk}/log/").status_code == 404
    assert Entry.objects.of_system().count() == count
