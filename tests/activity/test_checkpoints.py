"""Checkpoints: what they cover, their file and key, and what is said when one of these is amiss."""

from __future__ import annotations

import base64
import errno
import json
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.test import Client

from accounts.models import User
from activity.actors import SYSTEM
from activity.checkpoints import files, taking
from activity.checkpoints.keys import public_text, signing_key
from activity.checkpoints.problems import CheckpointProblem
from activity.checkpoints.syslog import LogServer
from activity.checkpoints.taking import take_checkpoint
from activity.checkpoints.verifying import last_outcome, prove
from activity.record import Change, Draft, record
from activity.tasks import take_checkpoints, verify_chains
from activity.verify_log import Checkpoint, canonical_json, received_digests
from incidents import verbs
from incidents.models import Incident
from tests.activity.chains import bare_incident, renamed, unguarded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def incident(transactional_db: None) -> Incident:
    """With three entries; the system's stream has one."""
    incident = bare_incident()
    renamed(None, "a", "b")
    for step in range(3):
        renamed(incident.pk, step, step + 1)
    return incident


def taken() -> Checkpoint:
    found = take_checkpoint()
    assert found is not None
    return found


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for path in files.files() for line in path.read_bytes().splitlines()]


def problems() -> list[str]:
    return list(prove().problems)


def output(capsys: pytest.CaptureFixture[str], *command: Any, **options: Any) -> str:
    call_command(*command, **options)
    return capsys.readouterr().out.strip()


def test_a_checkpoint_tells_of_the_chains_that_have_grown_and_of_nothing_when_none_has(incident: Incident) -> None:
    first = taken()
    assert (first.number, first.entries, first.chains) == (1, 4, 2)
    assert [head[:3] for head in lines()[0]["heads"]] == [[None, 1, 1], [incident.pk, 1, 3]]
    assert take_checkpoint() is None
    renamed(incident.pk, "x", "y")
    second = taken()
    assert (second.number, second.entries, second.chains, second.previous) == (2, 5, 2, first.digest)
    assert [head[:3] for head in lines()[1]["heads"]] == [[incident.pk, 4, 4]]
    (file,) = files.files()
    assert {path.stat().st_mode & 0o777 for path in (file, file.parent.parent / "checkpoint_key")} == {0o600}
    proof = prove()
    assert proof.problems == proof.notes == ()
    assert "5 entries in 2 chains verified, against 2 checkpoints up to number 2" in proof.summary


def test_an_entry_that_commits_late_is_in_the_next_checkpoint(incident: Incident) -> None:
    recorded, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            record(Draft(verbs.RENAMED, SYSTEM, incident_id=incident.pk, changes=[Change("name", 1, 2)]))
            recorded.set()
            may_commit.wait(30)
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    assert recorded.wait(30)
    renamed(None, "c", "d")
    assert taken().entries == 5
    may_commit.set()
    writer.join(30)
    assert taken().entries == 6
    assert [head[:3] for head in lines()[1]["heads"]] == [[incident.pk, 4, 4]]
    assert problems() == []


def test_nothing_that_may_still_be_rolled_back_is_signed(incident: Incident) -> None:
    with transaction.atomic():
        renamed(None, "c", "d")
        assert taken().entries == 4
        transaction.set_rollback(True)
    assert problems() == []


def test_eight_at_once_make_one_line_of_checkpoints(incident: Incident) -> None:
    barrier, failures = threading.Barrier(8), []

    def work(number: int) -> None:
        try:
            barrier.wait(30)
            renamed(incident.pk, "a", number)
            take_checkpoint()
        except Exception as problem:
            failures.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    take_checkpoint()
    assert failures == problems() == []
    assert [line["checkpoint"]["number"] for line in lines()] == list(range(1, len(lines()) + 1))


def test_many_heads_stand_on_several_lines_and_a_full_disk_between_them_loses_none(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "HEADS_A_LINE", 2)
    for _ in range(4):
        renamed(bare_incident().pk, "a", "b")
    write, written = files._write, []

    def full(file: int, data: bytes) -> None:
        written.append(data)
        if len(written) == 3:
            write(file, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, data)

    monkeypatch.setattr(files, "_write", full)
    with pytest.raises(CheckpointProblem, match="No space left on device"):
        take_checkpoint()
    assert problems() == []
    renamed(incident.pk, "x", "y")
    assert taken().number == 5
    numbers = [
        json.loads(line)["checkpoint"] for line in files.files()[0].read_bytes().splitlines() if line[-1:] == b"}"
    ]
    assert [(each["number"], each["more"]) for each in numbers] == [
        *((1, True), (2, True), (3, True), (4, True), (5, False)),
    ]
    assert problems() == []
    written.clear()
    with pytest.raises(CheckpointProblem, match="No space left on device"):
        taking.begin_anew("The disk was full.")
    assert taken().base == {"why": "declared", "reason": "The disk was full."}
    with unguarded() as cursor:
        cursor.execute("DELETE FROM activity_entry WHERE incident_id IS NULL")
    assert [each.partition(":")[0] for each in problems()] == ["the system stream, entry 1"]


def test_a_line_that_was_cut_off_is_passed_over(incident: Incident) -> None:
    taken()
    (file,) = files.files()
    with file.open("ab") as cut:
        cut.write(b'{"checkpoint":{"num')
    renamed(incident.pk, "x", "y")
    taken()
    proof = prove()
    assert proof.problems == ()
    assert "line 2, is no checkpoint; a write that was cut off leaves such a line." in proof.notes[0]


TOUCHED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "a line is gone": (lambda lines: [lines[0], lines[2]], "Checkpoints 2 to 2 are missing."),
    "the first is gone": (lambda lines: lines[1:], "Checkpoints 1 to 1 are missing before it; find their files."),
    "the end is cut": (lambda lines: lines[:2], "Checkpoint 3 was written once; the newest here is 2."),
    "all are gone": (lambda lines: [], "Checkpoint 3 was written once; the newest here is none."),
    "a number is changed": (
        lambda lines: [lines[0], lines[1].replace(b'"entries":5', b'"entries":4'), lines[2]],
        "Checkpoint 2 (checkpoints-",
    ),
    "a head is taken out": (
        lambda lines: [
            lines[0].replace(b'"heads":[[null,', b'"heads":[[1,'),
            *lines[1:],
        ],
        "Checkpoint 1 (checkpoints-",
    ),
}


@pytest.mark.parametrize("touch", TOUCHED)
def test_what_is_done_to_the_file_is_named(incident: Incident, touch: str) -> None:
    for step in range(3):
        taken()
        renamed(incident.pk, "x", step)
    (file,) = files.files()
    change, said = TOUCHED[touch]
    file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))
    assert any(each.startswith(said) for each in problems()), problems()


def test_an_administrator_says_that_a_backup_was_restored(
    incident: Incident, capsys: pytest.CaptureFixture[str]
) -> None:
    taken()
    with unguarded() as cursor:
        cursor.execute("DELETE FROM activity_entry WHERE incident_id = %s AND sequence = 3", [incident.pk])
    assert [each.partition(";")[0] for each in problems()] == [
        f"incident {incident.pk}, entry 3: it is missing at the end"
    ]
    with pytest.raises(CommandError, match="needs a reason"):
        call_command("checkpoint", anew=" ")
    assert "Checkpoint 2 covers 3 entries in 2 chains" in output(capsys, "checkpoint", anew="Restored from the 1st.")
    assert problems() == []
    assert "began anew: Restored from the 1st. Nothing is compared with earlier ones." in prove().notes[-1]
    renamed(incident.pk, "x", "y")
    assert taken().entries == 4
    assert problems() == []


def test_a_database_that_counts_its_transactions_anew_is_followed(incident: Incident) -> None:
    """As after a dump was restored elsewhere; here the checkpoint says that it comes from a busier one."""
    taken()
    (file,) = files.files()
    (line,) = lines()
    line["checkpoint"]["snapshot"] = "900000000:900000000:"
    signature = signing_key().sign(canonical_json(line["checkpoint"]))
    line["signature"] = base64.b64encode(signature).decode()
    file.write_bytes(canonical_json(line) + b"\n")
    with unguarded() as cursor:
        cursor.execute("DELETE FROM activity_checkpointmark")
    renamed(incident.pk, "x", "y")
    assert taken().base == {"why": "moved"}
    renamed(incident.pk, "y", "z")
    assert (taken().base, taken_heads()) == (None, [[incident.pk, 5, 5]])
    assert problems() == []


def taken_heads() -> list[list[Any]]:
    return [head[:3] for head in lines()[-1]["heads"]]


def test_a_key_that_is_lost_or_another_stops_the_signing_until_an_administrator_says_so(
    incident: Incident, settings: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    former = taken().key
    settings.CHECKPOINT_KEY_PATH.rename(settings.CHECKPOINT_KEY_PATH.with_name("elsewhere"))
    renamed(incident.pk, "x", "y")
    take_checkpoints()
    assert "The key that signs checkpoints is missing" in caplog.text
    assert any("key that signs checkpoints is missing" in each for each in problems())
    settings.CHECKPOINT_KEY = pem(Ed25519PrivateKey.generate())
    with pytest.raises(CheckpointProblem, match="is not the one of checkpoint 1"):
        take_checkpoint()
    with pytest.raises(CommandError, match="given by CHECKPOINT_KEY"):
        call_command("checkpoint_key", replace="Lost")
    settings.CHECKPOINT_KEY = "-----BEGIN nothing"
    with pytest.raises(CommandError, match="CHECKPOINT_KEY holds no private key in the form PEM"):
        call_command("checkpoint_key")
    settings.CHECKPOINT_KEY = ""
    key = output(capsys, "checkpoint_key", replace="The disk broke.")
    assert key != former
    assert key == output(capsys, "checkpoint_key")
    assert problems() == []


def pem(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_key_vouches_for_its_successor(
    incident: Incident, settings: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first = taken().key
    second = output(capsys, "checkpoint_key", rotate=True)
    assert [line["checkpoint"]["key"] for line in lines()] == [first, first, second]
    successor = Ed25519PrivateKey.generate()
    (tmp_path / "next.pem").write_text(pem(successor))
    assert output(capsys, "checkpoint_key", announce=tmp_path / "next.pem") == public_text(successor)
    renamed(incident.pk, "x", "y")
    assert (taken().key, problems()) == (second, [])
    settings.CHECKPOINT_KEY = pem(successor)
    renamed(incident.pk, "y", "z")
    assert taken().key == public_text(successor)
    for trusted in (first, second, public_text(successor)):
        assert prove(trusted=[trusted]).problems == ()
    stranger = public_text(Ed25519PrivateKey.generate())
    assert "which is none of those given" in prove(trusted=[stranger]).problems[0]


def test_a_copy_of_the_file_and_the_public_key_verify_as_well(
    incident: Incident, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = taken().key
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(files.files()[0].read_bytes())
    (tmp_path / "key.txt").write_text(key + "\n")
    with unguarded() as cursor:
        cursor.execute("DELETE FROM activity_entry WHERE incident_id IS NULL")
    files.files()[0].unlink()
    with pytest.raises(CommandError):
        call_command("verify_activity", checkpoints=[copy], public_key=[str(tmp_path / "key.txt")])
    assert "the system stream, entry 1: the whole chain is missing; checkpoint 1 of" in capsys.readouterr().err
    call_command("verify_activity", checkpoints=[copy], public_key=[key], incident=incident.pk)
    with pytest.raises(CommandError, match="--public-key"):
        call_command("verify_activity", public_key=["abc"])


def test_a_log_server_is_told_of_each_checkpoint(
    incident: Incident, settings: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    received = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", 0))
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.settimeout(10)
        tcp.settimeout(10)
        settings.CHECKPOINT_SYSLOG = f"udp://127.0.0.1:{udp.getsockname()[1]}"
        first = taken()
        received.append(udp.recv(9_000))
        settings.CHECKPOINT_SYSLOG = f"tcp://127.0.0.1:{tcp.getsockname()[1]}"
        renamed(incident.pk, "x", "y")
        second = taken()
        peer, _ = tcp.accept()
        with peer:
            length, _, message = peer.makefile("rb").read().partition(b" ")
        assert int(length) == len(message)
        received.append(message)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
        unix.bind(str(tmp_path / "log"))
        settings.CHECKPOINT_SYSLOG = f"unix://{tmp_path / 'log'}"
        renamed(incident.pk, "y", "z")
        third = taken()
        received.append(unix.recv(9_000))
    assert all(message.startswith(b"<109>1 20") for message in received)
    told = received_digests(b"\n".join(received).decode())
    assert told == {each.number: each.digest for each in (first, second, third)}
    settings.CHECKPOINT_SYSLOG = "tcp://127.0.0.1:1"
    renamed(incident.pk, "z", "a")
    assert taken().number == 4
    assert "The log server could not be told of checkpoint 4" in caplog.text
    for wrong in ("logs.example", "http://logs.example", "unix://dev/log", "udp://"):
        with pytest.raises(ValueError, match="must be an address such as"):
            LogServer.of(wrong)


def test_an_alarm_stands_in_the_log_of_the_server_and_on_the_status_page(
    incident: Incident, ada: User, sign_in: Callable[[User], Client], caplog: pytest.LogCaptureFixture
) -> None:
    page = sign_in(ada)
    taken()
    verify_chains()
    assert "does not verify" not in page.get("/status/").content.decode()
    with unguarded() as cursor:
        cursor.execute("UPDATE activity_entry SET actor_label = 'x' WHERE incident_id = %s", [incident.pk])
    with caplog.at_level(logging.CRITICAL):
        verify_chains()
    assert f"incident {incident.pk}, entry 1" in caplog.text
    shown = page.get("/status/").content.decode()
    assert '<span class="rail-count number">1</span>' in page.get("/preferences/").content.decode()
    assert "The activity log does not verify" in shown
    assert f"incident {incident.pk}, entry 1 (id " in shown
    outcome = last_outcome()
    assert outcome is not None
    assert len(outcome.problems) == 1
    files.files()[0].unlink()
    assert "its files were cut, moved or lost" in page.get("/status/").content.decode()
    with unguarded() as cursor:
        cursor.execute("DELETE FROM activity_checkpointmark")
        cursor.execute("UPDATE activity_entry SET recorded_at = recorded_at - interval '1 hour'")
    assert "No checkpoint has been written yet" in page.get("/status/").content.decode()
