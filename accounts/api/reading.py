"""What the bodies of people's endpoints have beside numbers and texts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import exceptions

from common.api_body import Body

MOST_WORDS = 500


def words(body: Body, key: str) -> list[str] | None:
    """A list of texts, each once; None where it was not sent. Raises ValidationError."""
    values = body.data.get(key)
    if values is None:
        return None
    if not isinstance(values, list) or len(values) > MOST_WORDS or not all(isinstance(each, str) for each in values):
        raise exceptions.ValidationError({key: [f"Give a list of at most {MOST_WORDS} texts."]})
    return list(dict.fromkeys(values))


def said(body: Body, key: str) -> str | None:
    """A text, or None where it was not sent. Raises ValidationError."""
    return body.text(key, required=False) if key in body.data else None


def truth(body: Body, key: str) -> bool | None:
    """True or false, or None where it was not sent. Raises ValidationError."""
    value: Any = body.data.get(key)
    if value is not None and not isinstance(value, bool):
        raise exceptions.ValidationError({key: ["Give true or false."]})
    return value


def moment(body: Body, key: str) -> datetime | None:
    """A time with its zone, or None where it was not sent. Raises ValidationError."""
    text = body.text(key, required=False)
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise exceptions.ValidationError({key: ["Give a time with its zone, such as 2027-01-31T12:00:00Z."]})
    return found
