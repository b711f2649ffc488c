"""Taking an archive apart: its members as files of a folder of our own, each with the size and hash it should have.

Nothing of the file is trusted: names are only compared with those that an archive has and no path is made of them,
sizes are counted while unpacking whatever the file says of them, and what does not belong is refused.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from common.boundary import BoundaryError, parse_json
from common.errors import Refused
from common.file_store import CHUNK
from exports.archive import layout
from exports.importing import shapes

MOST_MEMBERS = 2_000
MOST_UNPACKED = 4 * 1024**3
"""Bytes that all members may have together."""
MOST_MANIFEST = 1024 * 1024
FREE = 100 * 1024**2
MOST_TIMES = 400
"""So many times its own size an archive may unpack to, once it is more than FREE: alerts of one detector are alike."""
ENCRYPTED = 0x1
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NAMES = re.compile(rf"attachments/{_UUID}|merged/[1-9][0-9]{{0,18}}\.jsonl|origins/{_UUID}\.jsonl")
MANIFEST = shapes.record(
    format=shapes.text(100),
    version=shapes.whole(),
    product=shapes.text(100),
    product_version=shapes.text(100),
    system=shapes.text(200),
    made_at=shapes.moment,
    made_by=shapes.record(kind=shapes.text(20), label=shapes.text(200)),
    incident=shapes.whole(1),
    members=shapes.listed(
        shapes.record(name=shapes.text(200, required=True), size=shapes.whole(), sha256=shapes.sha256), MOST_MEMBERS
    ),
    members_sha256=shapes.sha256,
)


class BadArchive(Refused):
    """A file that is no archive, or not one that can be trusted; the words say why, and nothing of it was kept."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, field="file")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive whose members lie in a folder, each as its manifest says."""

    manifest: dict[str, Any]
    files: dict[str, Path]
    """Member → where it lies."""
    sha256: str
    """Of the archive itself."""


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """The archive taken apart, for as long as it is needed. Raises BadArchive."""
    with TemporaryDirectory(prefix="watchfloor-import-") as folder:
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            with ZipFile(path) as archive:
                members = _members(archive, path.stat().st_size)
                manifest = _manifest(archive, members)
                files = _unpack(archive, members, manifest, Path(folder))
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, ValueError, RuntimeError) as bad:
            if isinstance(bad, BoundaryError):
                raise BadArchive(f"Its manifest is not what it should be: {bad}") from None
            raise BadArchive("This is no archive of Watchfloor, or it was damaged on its way.") from bad
        yield Unpacked(manifest, files, sha256)


def _members(archive: ZipFile, size: int) -> dict[str, ZipInfo]:
    """What the file says it holds, by name, as far as that can be judged before unpacking."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise BadArchive(f"It holds {len(infos):,} members; an archive has at most {MOST_MEMBERS:,}.")
    members: dict[str, ZipInfo] = {}
    for info in infos:
        name = info.orig_filename
        if name not in (*layout.ALWAYS, layout.MANIFEST) and not NAMES.fullmatch(name):
            raise BadArchive(f"It holds “{name[:80]!a}”, which no archive has.")
        if name in members:
            raise BadArchive(f"It holds “{name}” twice.")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.is_dir():
            raise BadArchive(f"“{name}” is no plain file.")
        if info.flag_bits & ENCRYPTED:
            raise BadArchive(f"“{name}” is encrypted; archives are not.")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise BadArchive(f"“{name}” is packed in a way that archives do not use.")
        members[name] = info
    if sum(info.compress_size for info in infos) > size:
        raise BadArchive("Its members overlap each other.")
    if sum(info.file_size for info in infos) > _most(size):
        raise BadArchive("It unpacks to more than an archive of its size may hold.")
    if missing := [name for name in (layout.MANIFEST, *layout.ALWAYS) if name not in members]:
        raise BadArchive(f"It lacks “{missing[0]}”.")
    return members


def _most(size: int) -> int:
    return min(MOST_UNPACKED, max(FREE, MOST_TIMES * size))


def _manifest(archive: ZipFile, members: dict[str, ZipInfo]) -> dict[str, Any]:
    with archive.open(members[layout.MANIFEST]) as file:
        data = file.read(MOST_MANIFEST + 1)
    if len(data) > MOST_MANIFEST:
        raise BadArchive("Its manifest is larger than one can be.")
    told = parse_json(data)
    named = (told.get("format"), told.get("version")) if isinstance(told, dict) else (None, None)
    if named[0] != layout.FORMAT:
        raise BadArchive("This is no archive of an incident of Watchfloor.")
    if named[1] != layout.VERSION:
        raise BadArchive(
            f"Its format has the version {str(named[1])[:20]}; this Watchfloor reads version {layout.VERSION}."
        )
    found: dict[str, Any] = MANIFEST(told, "")
    if layout.list_digest(told["members"]) != found["members_sha256"]:
        raise BadArchive("The list in its manifest is not the one whose hash the manifest names.")
    listed = [each["name"] for each in found["members"]]
    if len(set(listed)) != len(listed) or set(listed) != members.keys() - {layout.MANIFEST}:
        raise BadArchive("It does not hold what its manifest lists.")
    return found


def _unpack(archive: ZipFile, members: dict[str, ZipInfo], manifest: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Every member as a file under a number of ours."""
    files: dict[str, Path] = {}
    for place, told in enumerate(manifest["members"]):
        name, path = told["name"], folder / str(place)
        digest, size = hashlib.sha256(), 0
        with archive.open(members[name]) as member, path.open("wb") as file:
            # one byte more than it should have is enough to know
            while chunk := member.read(min(CHUNK, told["size"] - size + 1)):
                size += len(chunk)
                if size > told["size"]:
                    break
                digest.update(chunk)
                file.write(chunk)
        if size != told["size"] or digest.hexdigest() != told["sha256"]:
            raise BadArchive(f"“{name}” is not what its manifest says: another size or another hash.")
        files[name] = path
    return files
