"""What caller and printer say to each other: JSON, a line each, and files in the folder of the job.

The caller: `{"images": {id: path}}`, `{"draw": number, "weight": …}` when `number.html` is written, `{"join": …}`.
The printer: `{"done": number}` when `number.pdf` and `number.json` are written, `{"failed": reason}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from exports.printing.limits import Limits

FRONT, JOINING, NUMBERS = 0, -1, -2
"""Pieces count from 1; the front comes before them. NUMBERS is what the numbers of the pages are written with."""


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


class Lines:
    """Messages out of what came through a pipe, however it was cut."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, told: bytes) -> Iterator[dict[str, Any]]:
        *whole, self._rest = (self._rest + told).split(b"\n")
        for text in whole:
            yield json.loads(text)


def limits_as_text(limits: Limits) -> str:
    return json.dumps(asdict(limits))


def limits(text: str) -> Limits:
    return Limits(**json.loads(text))
