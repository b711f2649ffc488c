"""The bytes of attachments: taken in before their row is written, and looked at whole before anybody is given them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, BinaryIO
from uuid import UUID, uuid4

from django.conf import settings

from common.errors import Refused
from common.file_kinds import LOOKED_AT, kind_of, says_image
from common.file_store import FileChanged, FileMissing, FileStore, Stored, TooLarge, chunks_of
from common.images import MEDIA_TYPES, BadImage, Encoded, reencode
from incidents.models import Attachment
from incidents.rules.attachments import check_size, tidied_name, too_large

SMALL = "small"
"""The part of an image's file that texts show."""
ENDINGS = {"image/png": ("png",), "image/jpeg": ("jpg", "jpeg")}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that lies on the disk, of which no row knows yet."""

    id: UUID
    name: str
    media_type: str
    stored: Stored
    image: Encoded | None = None
    small: Stored | None = None


class Damaged(Exception):
    """The bytes of an attachment are not those that came; the words say how."""


def store() -> FileStore:
    return FileStore(settings.ATTACHMENTS_FOLDER)


def take_in(name: str, file: IO[bytes], size: int) -> Upload:
    """Write what was sent to the disk, an image anew. Raises Refused, with nothing left of it, for what is empty, too
    large, an image that is damaged or too large to be unpacked, or called an image and none."""
    name = tidied_name(name)
    check_size(name, size, settings.ATTACHMENT_BYTES)
    file.seek(0)
    media_type, words = kind_of(file.read(LOOKED_AT))
    try:
        image = reencode(file) if media_type in MEDIA_TYPES else None
    except BadImage as bad:
        raise Refused(f"“{name}” {bad}.", field="file") from None
    if image:
        return _image(name, image)
    if says_image(name):
        raise Refused(
            f"“{name}” is called an image, but it is none (found: {words}). Send a PNG, JPEG, GIF or WebP; anything "
            "else under its own name or in an archive.",
            field="file",
        )
    file.seek(0)
    return Upload(number := uuid4(), name, media_type, _write(name, number, chunks_of(file)))


def _image(name: str, image: Encoded) -> Upload:
    """The image as it was made anew, under a name that says what it now is."""
    endings = ENDINGS[image.media_type]
    stem, dot, ending = name.rpartition(".")
    if ending.lower() not in endings:
        name = tidied_name(f"{stem if dot else name}.{endings[0]}")
    number = uuid4()
    stored = _write(name, number, [image.content])
    return Upload(number, name, image.media_type, stored, image, _write(name, number, [image.small], part=SMALL))


def _write(name: str, number: UUID, chunks: Iterable[bytes], *, part: str = "") -> Stored:
    try:
        return store().write(number, chunks, part=part, most=settings.ATTACHMENT_BYTES)
    except TooLarge:
        store().remove(number)
        raise Refused(too_large(name, settings.ATTACHMENT_BYTES), field="file") from None
    except OSError as error:
        store().remove(number)
        raise Refused(
            f"“{name}” cannot be stored now ({error.strerror}); tell an administrator, and try again later.",
            field="file",
        ) from None


def forget(upload: Upload) -> None:
    """Take a file away that got no row."""
    store().remove(upload.id)


def opened(attachment: Attachment, *, small: bool = False) -> BinaryIO:
    """The attachment's bytes, after all of them were compared with what came. Raises Damaged."""
    of_small = (attachment.small_sha256, attachment.small_size or 0, SMALL)
    sha256, size, part = of_small if small else (attachment.sha256, attachment.size, "")
    try:
        return store().open_checked(attachment.pk, sha256, size, part=part)
    except FileMissing:
        raise Damaged("is missing") from None
    except FileChanged:
        raise Damaged("was changed") from None
    except OSError as error:
        raise Damaged(f"cannot be read ({error.strerror})") from None
