"""No archive that cannot be trusted leaves a trace, and none that is here already."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from activity.actors import COMMAND_LINE
from activity.verify_log import entry_hash
from common.errors import Refused
from exports.archive import layout
from exports.importing import BadArchive, import_archive
from tests.conftest import alert, device, opened
from tests.exports.archives import (
    Members,
    another_watchfloor,
    archive_of,
    cast,
    everything,
    packed,
    rich,
    rows,
    set_in,
    stored_files,
    with_incident,
    with_manifest,
    with_rows,
)

pytestmark = pytest.mark.usefixtures("files")


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


def _other_file(members: Members, data: bytes) -> Members:
    """Other bytes in place of an image, in all lists alike."""
    told = rows(members, layout.ATTACHMENTS)
    row = next(each for each in told if each["width"])
    name = f"{layout.FILES}{row['id']}"
    row.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in told)
    return members | {layout.ATTACHMENTS: lines, name: data}


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


def test_a_refusal_by_the_database_leaves_no_file_either(
    made: Members, transactional_db: None, tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(made, tmp_path / "good.zip")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the last step fails")

    monkeypatch.setattr("incidents.commands.importing.rewrite_words", fail)
    before = everything()
    with pytest.raises(RuntimeError):
        import_archive(path, actor=COMMAND_LINE)
    assert (everything(), stored_files(files)) == (before, [])
