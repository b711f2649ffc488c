"""Times in a report: in the zone that was chosen, and never to be mistaken for those of another."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone


class Both(NamedTuple):
    """A moment in words, in the zone of the report and in UTC."""

    local: str
    utc: str


@dataclass(frozen=True, slots=True)
class Clock:
    """The zone of a report, by its IANA name."""

    zone: str

    @property
    def is_utc(self) -> bool:
        return self.zone in ("UTC", "Etc/UTC")

    def running(self) -> AbstractContextManager[None]:
        """While this lasts, what queries put into words has its times in the zone, too."""
        return timezone.override(ZoneInfo(self.zone))

    def stamp(self, moment: datetime) -> str:
        """“2026-11-28 17:21:05 +01:00”: short, to be sorted and compared, its offset with it."""
        local = moment.astimezone(ZoneInfo(self.zone))
        return f"{local:%Y-%m-%d %H:%M:%S} {'UTC' if self.is_utc else _offset(local)}"

    def span(self, begin: datetime, end: datetime) -> str:
        """From when to when; of an end on the same day its time alone."""
        first, last = self.stamp(begin), self.stamp(end)
        if first == last:
            return first
        (day, time, offset), (last_day, last_time, last_offset) = first.split(" "), last.split(" ")
        is_same_day = (day, offset) == (last_day, last_offset)
        return f"{day} {time} to {last_time} {offset}" if is_same_day else f"{first} to {last}"

    def both(self, moment: datetime) -> Both:
        """“28 November 2026, 17:21:05 +01:00 (CET)” and the same in UTC."""
        local, utc = moment.astimezone(ZoneInfo(self.zone)), moment.astimezone(UTC)
        name = local.tzname() or ""
        named = f" ({name})" if name.isalpha() else ""
        said = "UTC" if self.is_utc else f"{_offset(local)}{named}"
        return Both(f"{_words(local)} {said}", f"{_words(utc)} UTC")


def _words(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M:%S}"


def _offset(moment: datetime) -> str:
    words = f"{moment:%z}"
    return f"{words[:3]}:{words[3:5]}"
