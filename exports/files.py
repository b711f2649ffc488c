"""The bytes of exports: written before their row says so, and compared with it before anybody is given them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from django.conf import settings

from common.file_store import FileChanged, FileMissing, FileStore, TooLarge, chunks_of
from common.jobs import JobState
from exports.commands import MadeFile
from exports.models import IncidentExport


class NotMade(Exception):
    """The file cannot be made or given, and why, in words for who asked."""


def store() -> FileStore:
    return FileStore(settings.EXPORTS_FOLDER)


def keep(path: Path, *, pages: int = 0) -> MadeFile:
    """Put a file into the store. Raises NotMade where the disk takes no more, with nothing left of it."""
    number = uuid4()
    try:
        with path.open("rb") as file:
            stored = store().write(number, chunks_of(file), most=settings.EXPORT_BYTES)
    except TooLarge:
        most = settings.EXPORT_BYTES // 1024**2
        raise NotMade(f"The file is larger than the {most:,} MB that are allowed.") from None
    except OSError as error:
        raise NotMade(f"The file cannot be stored now ({error.strerror}); tell an administrator.") from None
    return MadeFile(number, stored.size, stored.sha256, pages)


def opened(export: IncidentExport) -> BinaryIO:
    """The file of one that is ready. Raises NotMade where its bytes are not those that were made."""
    assert export.file is not None
    try:
        return store().open_checked(export.file, export.sha256, export.size)
    except FileMissing:
        raise NotMade("The file is no longer there; export the incident again.") from None
    except FileChanged:
        raise NotMade("The file is not what was made; nobody is given it. Export the incident again.") from None
    except OSError as error:
        raise NotMade(f"The file cannot be read now ({error.strerror}); try again, or export anew.") from None


def remove(number: UUID) -> None:
    """Take a file away; gone already is fine."""
    store().remove(number)


@contextmanager
def work_folder(export: IncidentExport) -> Iterator[Path]:
    """A folder of this attempt alone, gone with it; what a killed worker leaves, the sweep removes."""
    folder = _work() / f"{export.pk}.{export.attempts}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_work() -> None:
    """Remove the folders of attempts that are no more: what stood in an incident is not to lie about."""
    for folder in _work().glob("*.*"):
        number, _, attempt = folder.name.partition(".")
        own = IncidentExport.objects.filter(pk=UUID(number), attempts=int(attempt), state=JobState.RUNNING)
        if not own.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _work() -> Path:
    folder: Path = settings.EXPORTS_FOLDER / "work"
    return folder
