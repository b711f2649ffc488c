"""An archive becomes an incident: checked as a whole, its files put where files are, then one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from django.db import connection, transaction

from accounts.models import Principal
from activity.actors import Actor
from common.errors import Refused
from common.file_kinds import LOOKED_AT, kind_of
from common.file_store import TooLarge, chunks_of
from common.images import BadImage, reencode
from exports.archive import layout
from exports.importing.contents import Contents, Row, check
from exports.importing.proof import prove
from exports.importing.told import otherwise
from exports.importing.unpacking import BadArchive, unpacked
from incidents.brought import BroughtFile, BroughtLog
from incidents.commands.importing import AlreadyHere, Imported, import_incident
from incidents.files import SMALL, Upload, store
from incidents.models import Attachment, ImportedLog
from incidents.rules.attachments import tidied_name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an archive."""

    number: int | None
    """The incident's number here; None where it was only tried."""
    origin: str
    """Where it comes from, in words."""
    alerts: int
    comments: int
    entries: int
    """Of the log of its origin, which was verified."""
    notes: list[str]
    """What could not be as it was there."""


def import_archive(path: Path, *, actor: Actor, principal: Principal | None = None, dry_run: bool = False) -> Outcome:
    """Import the incident of an archive; with `dry_run`, find out whether that would do, and leave nothing.

    Raises BadArchive for a file that is not to be trusted, and Refused for an incident that cannot be here; then
    nothing was stored.
    """
    with unpacked(path) as archive, _alone():
        contents = Contents(archive)
        check(contents)
        logs = prove(contents)
        differing = _differing(contents)
        with _stored(contents, logs) as (files, kept):
            imported = _bring(contents, kept, files, actor, principal, dry_run=dry_run)
        first, told = logs[0], contents.incident
        return Outcome(
            None if dry_run else imported.incident.pk,
            first.origin,
            told["alerts_total"],
            sum(1 for _ in contents.comments()),
            first.entries,
            [*imported.notes, *_files_left(contents), *differing],
        )


ONE_AT_A_TIME = (22343, 1)
"""The database's advisory lock that an import holds."""


@contextmanager
def _alone() -> Iterator[None]:
    """Hold off other imports: two of the same archive would take each other's files away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", ONE_AT_A_TIME)
        (is_free,) = cursor.fetchone()
    if not is_free:
        raise Refused("Another archive is being imported; try again when that is done.", field="file")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", ONE_AT_A_TIME)


class _Tried(Exception):
    """Takes back what was only tried."""


def _bring(
    contents: Contents,
    logs: dict[UUID, BroughtLog],
    files: list[BroughtFile],
    actor: Actor,
    principal: Principal | None,
    *,
    dry_run: bool,
) -> Imported:
    if not dry_run:
        return import_incident(contents, logs, files, actor=actor, principal=principal)
    imported: list[Imported] = []
    try:
        with transaction.atomic():
            imported.append(import_incident(contents, logs, files, actor=actor, principal=principal))
            raise _Tried
    except _Tried:
        pass
    finally:
        _forget(logs, files)
    return imported[0]


@contextmanager
def _stored(contents: Contents, logs: list[BroughtLog]) -> Iterator[tuple[list[BroughtFile], dict[UUID, BroughtLog]]]:
    """Files and logs of an archive in the file store; nothing is left of them where something is raised."""
    files: list[BroughtFile] = []
    kept: dict[UUID, BroughtLog] = {}
    try:
        for row in contents.attachments():
            if row["is_there"]:
                _check_is_new(row["id"])
                files.append(BroughtFile(_take_in(row, contents.file(f"{layout.FILES}{row['id']}")), row))
        for log in logs:
            number = uuid4()
            kept[number] = log
            with log.path.open("rb") as file:
                store().write(number, chunks_of(file))
        yield files, kept
    except OSError as problem:
        _forget(kept, files)
        raise Refused(f"Its files cannot be stored now ({problem.strerror}); try again later.", field="file") from None
    except BaseException:
        _forget(kept, files)
        raise


def _check_is_new(number: UUID) -> None:
    is_taken = Attachment.objects.filter(pk=number).exists() or ImportedLog.objects.filter(pk=number).exists()
    if is_taken:
        raise AlreadyHere(f"Its attachment {number} is here already.", field="file")


def _forget(logs: dict[UUID, BroughtLog], files: list[BroughtFile]) -> None:
    for number in (*logs, *(file.upload.id for file in files)):
        store().remove(number)


def _take_in(row: Row, path: Path) -> Upload:
    """A file as it came, under its own id, which texts name it by. Its bytes stay, so that its hash does; of an image
    the small one is made anew. Raises BadArchive for an image that is none."""
    with path.open("rb") as file:
        media_type, _ = kind_of(file.read(LOOKED_AT))
        image = None
        if row["width"] is not None:
            file.seek(0)
            try:
                image = reencode(file)
            except BadImage as bad:
                raise BadArchive(f"The image “{row['name']}” {bad}.") from None
            if (image.media_type, image.width, image.height) != (media_type, row["width"], row["height"]):
                raise BadArchive(f"The image “{row['name']}” is not what {layout.ATTACHMENTS} says of it.")
        file.seek(0)
        try:
            stored = store().write(row["id"], chunks_of(file), most=row["size"])
            small = store().write(row["id"], [image.small], part=SMALL) if image else None
        except (TooLarge, OSError):
            store().remove(row["id"])
            raise
    return Upload(row["id"], tidied_name(row["name"]), media_type, stored, image, small)


def _differing(contents: Contents) -> list[str]:
    try:
        return otherwise(contents)
    except (LookupError, TypeError, ValueError, AttributeError):
        # its entries are proven, and of verbs or shapes that this Watchfloor does not know
        return ["Its log could not be compared with what the archive says: it tells of things unknown here."]


def _files_left(contents: Contents) -> list[str]:
    left = [row["name"] for row in contents.attachments() if not row["is_there"]]
    return [f"The file of “{name}” was missing there already." for name in left]
