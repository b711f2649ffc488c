"""What every format shares: the moment of taking, the source that sends, and how both are applied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.boundary import BoundaryError
from ingest import limits
from ingest.parsed import ParsedAlert

SOURCE_NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{limits.SOURCE - 1}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Intake:
    """One taking of records: when, and from whom."""

    now: datetime
    bound_source: str | None = None
    """The source that the sender's token is bound to: all its alerts are that source's."""

    def source(self, own: str) -> str:
        """The source of alerts of a foreign format, which has a name of its own unless the token says otherwise."""
        return self.bound_source or own


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record, or one alert of a record of several, that is not taken."""

    path: str
    problem: str
    external_id: str = ""

    @classmethod
    def of(cls, error: BoundaryError, external_id: object = "") -> Refusal:
        return cls(error.path, error.problem, external_id if isinstance(external_id, str) else "")


Parsed = ParsedAlert | Refusal


@dataclass(frozen=True, slots=True)
class Format:
    """A way of writing alerts down."""

    name: str
    """The word for it in addresses and on the command line."""
    label: str
    recognises: Callable[[Mapping[str, Any]], bool]
    """Whether a record looks like this format."""
    parse: Callable[[dict[str, Any], Intake], Iterator[Parsed]]
    """The alerts of one record whose values have passed the boundary: usually one."""


def web_address(address: str) -> str:
    """The address if a browser may be sent there, else empty."""
    return address if re.match(r"https?://[^\s/]", address, re.IGNORECASE) else ""


def known(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [], (), {})}
