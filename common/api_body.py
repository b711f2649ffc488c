"""Bodies of requests to the API: what is sent is named, and what is not known is refused."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions

LARGEST = 2**63 - 1


class Body:
    """A JSON object with named fields; what is wrong with one is a 400 that names it."""

    def __init__(self, data: Any, known: tuple[str, ...]) -> None:
        if not isinstance(data, dict):
            raise exceptions.ValidationError({"body": ["Send a JSON object."]})
        for key in data:
            if key not in known:
                raise exceptions.ValidationError(
                    {str(key)[:60]: [f"There is no such field here; these are: {', '.join(known)}."]}
                )
        self.data = data

    def number(self, key: str, *, required: bool = True) -> int:
        """A number of an incident; 0 where it may be left out and is."""
        value = self.data.get(key)
        if value is None and not required:
            return 0
        if value is None or not _is_number(value):
            raise exceptions.ValidationError({key: ["Give the number of an incident."]})
        return int(value)

    def numbers(self, key: str, most: int) -> list[int]:
        """Some numbers, each once."""
        values = self.data.get(key)
        if not isinstance(values, list) or not values or not all(_is_number(value) for value in values):
            raise exceptions.ValidationError({key: [f"Give a list of 1 to {most} numbers."]})
        numbers = list(dict.fromkeys(values))
        if len(numbers) > most:
            raise exceptions.ValidationError({key: [f"At most {most} at once; these are {len(numbers)}."]})
        return numbers

    def text(self, key: str, *, required: bool = True) -> str:
        """A text; nothing where it may be left out and is."""
        value = self.data.get(key)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value.strip()):
            raise exceptions.ValidationError({key: ["Give a text."]})
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST
