"""Spans of time as the demo's data writes them: 2d4h, 12m30s."""

from __future__ import annotations

import re
from datetime import timedelta

_SPAN = re.compile(r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?", re.ASCII)


def span(text: str) -> timedelta:
    """Raises ValueError for a text that is none."""
    match = _SPAN.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"“{text}” is no span of time; write it like 2d4h or 12m30s")
    return timedelta(**{unit: int(number) for unit, number in match.groupdict().items() if number})
