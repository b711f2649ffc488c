"""What the addresses of entity pages may say; every problem names its field and the way out."""

from __future__ import annotations

from typing import TypeVar

from django.http import QueryDict

from accounts.models import Principal
from alerts.choices import Severity
from common.filters import MOST_VALUES
from common.query_strings import UnknownKeys, check_keys, nearest
from common.terms import UnknownTerm
from common.time_ranges import BadRange, TimeRange, parse_range
from entities.choices import Criticality, EntityKind
from incidents.models import Incident
from incidents.queries import entity_list, entity_timeline

Terms = TypeVar("Terms", Severity, EntityKind, Criticality)

LONGEST_TEXT = 300
LARGEST = 2**62
TIMELINE_KEYS = ("from", "to", "severity", "source", "incident", "around", "sort", "after", "before")
LIST_KEYS = ("q", "kind", "criticality", "sort", "after", "before")


class BadAddress(ValueError):
    """An address that means nothing: why, one sentence each, by key."""

    def __init__(self, by_key: dict[str, list[str]]) -> None:
        self.by_key = by_key
        self.problems = [problem for problems in by_key.values() for problem in problems]
        super().__init__("; ".join(self.problems))


def read_timeline(query: QueryDict, principal: Principal) -> entity_timeline.Asked:
    """What a timeline's address asks for. From an incident it begins 24 hours before its first alert and runs forward,
    unless the address says otherwise. Raises BadAddress."""
    reader = _Reader(query, TIMELINE_KEYS)
    severities = reader.terms("severity", Severity, "Severity")
    around = reader.incident("around", principal)
    since, until = reader.moment("from", ">="), reader.moment("to", "<=")
    if around and not since.since:
        since = TimeRange(around.first_activity - entity_timeline.BEFORE, None)
    if since.since and until.until and since.since >= until.until:
        reader.add("to", "To: it lies before From; choose a later day.")
    asked = entity_timeline.Asked(
        since=since.since,
        until=until.until,
        severities=severities,
        sources=reader.words("source"),
        incident=reader.number("incident"),
        around=around.pk if around else None,
        sort=reader.choice("sort", tuple(entity_timeline.ORDERS), "oldest" if around else "newest"),
        after=reader.text("after"),
        before=reader.text("before"),
    )
    reader.check()
    return asked


def read_list(query: QueryDict) -> entity_list.Asked:
    """What the list's address asks for. Raises BadAddress."""
    reader = _Reader(query, LIST_KEYS)
    text = reader.text("q").strip()
    if len(text) > LONGEST_TEXT:
        reader.add("q", f"Search: write at most {LONGEST_TEXT} characters.")
    asked = entity_list.Asked(
        text=text[:LONGEST_TEXT],
        kinds=reader.terms("kind", EntityKind, "Type"),
        criticalities=reader.terms("criticality", Criticality, "Criticality"),
        sort=reader.choice("sort", tuple(entity_list.ORDERS), "newest"),
        after=reader.text("after"),
        before=reader.text("before"),
    )
    reader.check()
    return asked


class _Reader:
    """Takes an address apart and remembers what is wrong with it."""

    def __init__(self, query: QueryDict, known: tuple[str, ...]) -> None:
        self.query = query
        self.problems: dict[str, list[str]] = {}
        try:
            check_keys(query, known)
        except UnknownKeys as error:
            for key, hint in error.suggestions.items():
                self.add(key, f"There is no filter “{key[:60]}”{hint}")

    def add(self, key: str, problem: str) -> None:
        self.problems.setdefault(key, []).append(problem)

    def check(self) -> None:
        if self.problems:
            raise BadAddress(self.problems)

    def text(self, key: str) -> str:
        return self.query.get(key, "").replace("\x00", "")

    def words(self, key: str) -> list[str]:
        found = [word.replace("\x00", "") for word in dict.fromkeys(self.query.getlist(key)) if word]
        if len(found) > MOST_VALUES:
            self.add(key, f"{key.capitalize()}: choose at most {MOST_VALUES}.")
        return found[:MOST_VALUES]

    def terms(self, key: str, terms: type[Terms], label: str) -> list[Terms]:
        found = []
        for word in self.words(key):
            try:
                found.append(terms.from_slug(word))
            except UnknownTerm as unknown:
                self.add(key, f"{label}: “{word[:60]}” is unknown{nearest(word, unknown.known)}")
        return found

    def choice(self, key: str, known: tuple[str, ...], usual: str) -> str:
        word = self.query.get(key) or usual
        if word not in known:
            self.add(key, f"{key.capitalize()}: “{word[:60]}” is unknown{nearest(word, known)}")
            return usual
        return word

    def moment(self, key: str, sign: str) -> TimeRange:
        """A day (of which `to` is the end) or a moment."""
        word = self.text(key).strip()
        try:
            return parse_range(sign + word) if word else TimeRange(None, None)
        except BadRange:
            self.add(
                key, f"{key.capitalize()}: “{word[:60]}” is no date; write one such as 2026-11-02 or 2026-11-02T14:00."
            )
            return TimeRange(None, None)

    def number(self, key: str) -> int | None:
        word = self.text(key).strip().removeprefix("#")
        if not word:
            return None
        if not (word.isascii() and word.isdigit() and len(word) < 19):
            self.add(key, f"{key.capitalize()}: “{word[:60]}” is no number of an incident, such as 1042.")
            return None
        return min(int(word), LARGEST)

    def incident(self, key: str, principal: Principal) -> Incident | None:
        number = self.number(key)
        if number is None:
            return None
        found = Incident.objects.visible_to(principal).filter(pk=number).only("first_activity").first()
        if found is None:
            self.add(key, f"{key.capitalize()}: there is no incident {number}, or you may not see it.")
        return found
