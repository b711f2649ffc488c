"""Files on disk under ids of our own: written whole or not at all, and never read without a look at their hash.

A name that somebody gave a file stands in the database alone; no path is made of it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID, uuid4

CHUNK = 256 * 1024
PARTIAL = ".part"


class FileMissing(Exception):
    """There is no file of this id."""


class FileChanged(Exception):
    """The file is not the one that was stored: another size or another hash."""


class TooLarge(Exception):
    """More bytes than may be stored came."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written."""

    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder of files, spread over 256 folders by the first two digits of their ids. The folder is made on first use;
    what it stands in has to be there."""

    root: Path

    def path(self, number: UUID, part: str = "") -> Path:
        """Where a file is; `part` names one that belongs to it, such as its small image."""
        name = f"{number}.{part}" if part else str(number)
        return self.root / name[:2] / name

    def write(self, number: UUID, chunks: Iterable[bytes], *, part: str = "", most: int | None = None) -> Stored:
        """Write a file: beside its place, down to the disk, then into its place. Raises TooLarge past `most` bytes, and
        OSError where the disk takes no more; then nothing is left of it."""
        path = self.path(number, part)
        self.root.mkdir(mode=0o700, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        beside = path.with_name(f"{path.name}.{uuid4().hex}{PARTIAL}")
        digest, size = hashlib.sha256(), 0
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    if most is not None and size > most:
                        raise TooLarge
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)
            _sync_folder(path.parent)
        finally:
            beside.unlink(missing_ok=True)
        return Stored(size, digest.hexdigest())

    def open_checked(self, number: UUID, sha256: str, size: int, *, part: str = "") -> BinaryIO:
        """The file, at its start, after all of it has been read and compared. Raises FileMissing or FileChanged."""
        try:
            file = self.path(number, part).open("rb")
        except FileNotFoundError:
            raise FileMissing from None
        try:
            if os.fstat(file.fileno()).st_size != size or hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise FileChanged
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def remove(self, number: UUID) -> None:
        """Take a file away with all its parts; gone already is fine."""
        path = self.path(number)
        for each in [path, *path.parent.glob(f"{number}.*")]:
            each.unlink(missing_ok=True)

    def older_than(self, seconds: float) -> Iterator[UUID]:
        """Ids of files that were last written so long ago, each once. What was only half written goes."""
        before = time.time() - seconds
        seen: set[UUID] = set()
        for path in sorted(self.root.glob("??/*")):
            try:
                if path.stat().st_mtime > before:
                    continue
                number = UUID(path.name[:36])
            except (FileNotFoundError, ValueError):
                continue
            if path.name.endswith(PARTIAL):
                path.unlink(missing_ok=True)
            elif number not in seen:
                seen.add(number)
                yield number


class Readable(Protocol):
    """Anything that bytes can be read from: a file, a member of a ZIP, what was sent."""

    def read(self, size: int, /) -> bytes: ...


def chunks_of(file: Readable) -> Iterator[bytes]:
    """What is left of a file, piece by piece."""
    while chunk := file.read(CHUNK):
        yield chunk


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
