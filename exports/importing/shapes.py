"""What values of an archive have to look like: small checks, put together to rows.

Each takes a value that is JSON already checked at the boundary, and where it stands; it gives the value as it is used
from then on, or raises BoundaryError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.dateparse import parse_datetime

from common.boundary import BoundaryError, check_text, join_path, name_type

Shape = Callable[[Any, str], Any]
LARGEST = 2**63 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


def text(most: int, *, required: bool = False) -> Shape:
    return lambda value, path: check_text(value, path, most, required=required)


def text_of(model: type[Model], name: str, *, required: bool = False) -> Shape:
    """As long as the model's field of that name takes."""
    field: Any = model._meta.get_field(name)
    return text(field.max_length, required=required)


def flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise BoundaryError(path, f"This is {name_type(value)}; it has to be true or false.")
    return value


def whole(least: int = 0, most: int = LARGEST) -> Shape:
    def check(value: Any, path: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise BoundaryError(path, f"This has to be a whole number from {least:,} to {most:,}.")
        return value

    return check


def moment(value: Any, path: str) -> datetime:
    try:
        found = parse_datetime(value) if isinstance(value, str) and len(value) < 40 else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1900 < found.year < 9000:
        raise BoundaryError(path, "This has to be a time in UTC, such as 2026-11-02T12:00:00Z.")
    return found


def one_of(words: Iterable[str]) -> Shape:
    known = list(words)

    def check(value: Any, path: str) -> str:
        if not isinstance(value, str) or value not in known:
            raise BoundaryError(path, f"This has to be one of {', '.join(known)}.")
        return value

    return check


def sha256(value: Any, path: str) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise BoundaryError(path, "This has to be a SHA-256 in hexadecimal.")
    return value


def identifier(value: Any, path: str) -> UUID:
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or str(found) != value:
        raise BoundaryError(path, "This has to be a UUID in lower case.")
    return found


def optional(shape: Shape) -> Shape:
    return lambda value, path: None if value is None else shape(value, path)


def listed(shape: Shape, most: int = 10_000) -> Shape:
    def check(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise BoundaryError(path, f"This has to be a list of at most {most:,}.")
        return [shape(each, join_path(path, place)) for place, each in enumerate(value)]

    return check


def mapping(value: Any, path: str) -> dict[str, Any]:
    """An object of whatever content."""
    if not isinstance(value, dict):
        raise BoundaryError(path, f"This is {name_type(value)}; it has to be an object.")
    return value


def record(**shapes: Shape) -> Shape:
    """An object with these fields and no others."""

    def check(value: Any, path: str) -> dict[str, Any]:
        found = mapping(value, path)
        if unknown := found.keys() - shapes.keys():
            raise BoundaryError(join_path(path, min(unknown)), "No archive has this field.")
        if missing := shapes.keys() - found.keys():
            raise BoundaryError(join_path(path, min(missing)), "This field is missing.")
        told = {}
        for name, shape in shapes.items():
            try:
                told[name] = shape(found[name], "")
            except BoundaryError as error:
                inner = f"{'' if error.path.startswith('[') or not error.path else '.'}{error.path}"
                raise BoundaryError(join_path(path, name) + inner, error.problem) from None
        return told

    return check
