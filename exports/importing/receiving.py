"""An archive that is sent, by a program or from the page: how large it may be, and its file while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings

from common.file_store import Readable, chunks_of
from exports.importing.unpacking import BadArchive


def most() -> str:
    """The largest archive that may be sent, in words."""
    return f"{settings.ARCHIVE_BYTES // (1024 * 1024)} MB"


def too_large() -> str:
    """What is said of a larger one."""
    return f"It is larger than {most()}; import it with manage.py import_incident."


@contextmanager
def received(sent: Readable) -> Iterator[Path]:
    """What was sent, on the disk for as long as it is needed. Raises BadArchive for more than may be sent."""
    with NamedTemporaryFile(prefix="watchfloor-import-") as file:
        size = 0
        for chunk in chunks_of(sent):
            size += len(chunk)
            if size > settings.ARCHIVE_BYTES:
                raise BadArchive(too_large())
            file.write(chunk)
        file.flush()
        yield Path(file.name)
