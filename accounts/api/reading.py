"""What the bodies of people's endpoints have in common: what is not sent is not changed."""

from __future__ import annotations

from common.bodies import LONG, WHOLE, Body

MOST_WORDS = 500


def words(body: Body, key: str) -> list[str] | None:
    """A list of texts, each once; None where it was not sent."""
    return list(dict.fromkeys(body.texts(key, MOST_WORDS, LONG))) if body.says(key) else None


def said(body: Body, key: str) -> str | None:
    """A text, or None where it was not sent."""
    return body.text(key, LONG) if body.says(key) else None


def something(body: Body) -> None:
    """Refuse a change of nothing."""
    if not body.record and not body.found:
        body.fail(WHOLE, "Name at least one field to change.")
