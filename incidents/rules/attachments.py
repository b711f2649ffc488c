"""Pure decisions about attachments: what may be attached, and under which name."""

from __future__ import annotations

import unicodedata

from common.errors import Refused

LONGEST_NAME = 200
MOST_FILES = 200
"""On one incident."""
MOST_IN_TEXT = 20
"""Images that one comment shows."""
MEGABYTE = 1024 * 1024
NAMELESS = "file"


def tidied_name(name: str) -> str:
    """The name that somebody gave a file, as it can be shown: without folders, and without signs that are not seen or
    that turn the direction of what follows."""
    name = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(each for each in name if unicodedata.category(each) not in UNSEEN)
    name = " ".join(seen.split()).strip(". ")
    if not name:
        return NAMELESS
    if len(name) <= LONGEST_NAME:
        return name
    _, dot, ending = name.rpartition(".")
    tail = f"…{dot}{ending}" if dot and len(ending) <= 20 else "…"
    return name[: LONGEST_NAME - len(tail)] + tail


UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Controls, format signs such as U+202E, halves of characters, private ones, unassigned ones, ends of lines."""


def size_in_words(size: int) -> str:
    """Bytes as people read them: 812 bytes, 4.2 kB, 17 MB."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    number, unit = (size / 1000, "kB") if size < 1_000_000 else (size / 1_000_000, "MB")
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"


def check_size(name: str, size: int, most: int) -> None:
    """Raises Refused for a file that is empty or larger than `most` bytes."""
    if size == 0:
        raise Refused(f"“{name}” is empty; there is nothing to attach.", field="file")
    if size > most:
        raise Refused(too_large(name, most), field="file")


def too_large(name: str, most: int) -> str:
    return f"“{name}” is larger than {most // MEGABYTE} MB, which is allowed. Pack it, or send it in parts."


def check_space(name: str, files: int, used: int, size: int, most: int) -> None:
    """Raises Refused where an incident would hold too many files, or more than `most` bytes of them."""
    if files >= MOST_FILES:
        raise Refused(f"The incident has {files} attachments, as many as it may; remove some first.", field="file")
    if used + size > most:
        raise Refused(
            f"“{name}” ({size_in_words(size)}) does not fit: attachments of an incident may have {most // MEGABYTE} MB "
            f"together, and {size_in_words(used)} are taken. Remove some first.",
            field="file",
        )
