"""The JSON object that a request brings: read field by field, and refused with all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from rest_framework import exceptions

from common.boundary import MAXIMUM_TEXT, join_path, name_type
from common.errors import Refused
from common.fields import MISSING, Fields
from common.shapes import Shape

Checked = TypeVar("Checked")

LARGEST_ID = 2**63 - 1
"""The largest that the database can compare with a key."""
EXACT = 2**53
"""From here on numbers with a decimal point skip whole ones."""
LONG = MAXIMUM_TEXT
"""Characters of a text whose own cap the command knows."""
WHOLE = "body"
"""What errors call the body itself."""


def checked_as_sent(check: Callable[[], Checked], paths: Mapping[str, str] | None = None) -> Checked:
    """What a check of values gives, before anything is written: what it refuses is a 400 that names the field by its
    path in the body, which `paths` has where that is not the field's own name."""
    try:
        return check()
    except Refused as refused:
        path = (paths or {}).get(refused.field, refused.field) or WHOLE
        raise exceptions.ValidationError({path: [refused.problem]}) from None


class Body(Fields):
    """The fields of a body that has passed the boundary (`common.api.StrictJSONParser`).

    Unlike a record of a sender it does not stop at the first field that does not fit. It is read in a block, whose end
    refuses the request with a 400 that names every such field by its path; until then a field that does not fit reads
    as left out:

        with Body(request.data, ("text", "reason")) as body:
            text = body.text("text", 1_000, required=True)

    Which fields there are, its shape says, as the endpoint declares it (`Endpoint.takes`), or a tuple of their names.
    `null` counts as left out, unless `nulls` names the fields in which it means something: then everywhere else it is
    refused, as in a PATCH, where nobody can tell what it would change.
    """

    def __init__(
        self,
        data: Any,
        known: tuple[str, ...] | Shape,
        *,
        nulls: tuple[str, ...] | None = None,
        what: str = "This body",
        path: str = "",
        found: dict[str, list[str]] | None = None,
    ) -> None:
        self.found: dict[str, list[str]] = {} if found is None else found
        """Path → what is wrong there; shared with the objects inside."""
        self.shape = known if isinstance(known, Shape) else None
        if isinstance(known, Shape):
            nulls, known = known.nulls, known.names
        is_object = isinstance(data, Mapping)
        super().__init__(data if is_object else {}, path, now=None)
        if not is_object:
            self.fail(path, f"This is {name_type(data)}; send a JSON object.")
        self.refuse_unknown(known, what)
        if nulls is not None:
            for name, value in self.record.items():
                if value is None and name in known and name not in nulls:
                    self.fail(self.at(name), "This is null, which means nothing here; give a value or leave it out.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.check()

    def check(self) -> None:
        """Refuse the request if anything in it does not fit."""
        if self.found:
            raise exceptions.ValidationError(self.found)

    def fail(self, path: str, problem: str) -> None:
        self.found.setdefault(path or WHOLE, []).append(problem)

    def says(self, name: str) -> bool:
        """Whether the field is there, be it null."""
        return name in self.record

    def _inside(self, record: Mapping[str, Any], path: str) -> Body:
        """An object of a list, read in the same block; `refuse_unknown` says what it may have."""
        return Body(record, tuple(record), path=path, found=self.found)

    def _as_integer(self, value: Any, minimum: int, maximum: int) -> int:
        """A whole number however it is written: some languages write 7.0, which JSON Schema takes for 7 (2020-12,
        section 6.1.1). Beyond 2^53 such a number may not be the one that was meant (RFC 7493 section 2.2)."""
        if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
            value = int(value)
        return super()._as_integer(value, minimum, maximum)

    def _items(self, name: str, count: int) -> list[tuple[int, Any]]:
        value = self.record.get(name)
        for position, item in enumerate(value[:count] if isinstance(value, list) else ()):
            if item is None:
                self.fail(join_path(self.at(name), position), "This is null, which means nothing here; leave it out.")
        return super()._items(name, count)

    # --------------------------------------------------------------------------------------------------- more kinds

    def id(self, name: str, *, required: bool = False) -> int | None:
        """The number of an incident, an alert, an entry …"""
        number = self.integer(name, 1, LARGEST_ID)
        if number is None and required and not self.has(name):
            self.fail(self.at(name), MISSING)
        return number

    def ids(self, name: str, most: int, *, required: bool = False) -> list[int]:
        """A list of such numbers, each once."""
        found = self._converted(name, most, lambda value: self._as_integer(value, 1, LARGEST_ID))
        if required and not found and self.at(name) not in self.found:
            self.fail(self.at(name), MISSING if not self.has(name) else "The list is empty; name at least one.")
        return list(dict.fromkeys(found))

    def uuid(self, name: str, *, required: bool = False) -> UUID | None:
        word = self.text(name, 36, required=required)
        try:
            return UUID(word) if word else None
        except ValueError:
            self.fail(self.at(name), "This is no id; send it as it was given, such as 95e13890-0d4f-….")
            return None

    def inside(self, name: str, known: tuple[str, ...] | Shape | None, what: str, **options: Any) -> Body | None:
        """The object in a field, read in the same block; without `known`, by what the shape of the body says of it."""
        value = self.record.get(name)
        known = self.shape.inside(name) if known is None and self.shape else known or ()
        return None if value is None else Body(value, known, what=what, path=self.at(name), found=self.found, **options)
