"""Loading the demo: alerts and work in the order in which they happened, all in one transaction.

Whoever interrupts it leaves nothing behind, and the next attempt starts afresh. Each entry of the log still has its own
time, the moment it was written: the log is never dated back, so all of the demo's work was done at its loading.

To be rid of a loaded demo, stop the portal and delete its DATA_DIR; no command takes anything out of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from django.db import transaction

from accounts.models import Team, User
from activity.actors import Actor, ActorKind, Channel
from common.portions import portions
from incidents.models import Incident
from ingest.commands import ingest
from ingest.demo.people import SignIn, create_people, names
from ingest.demo.scenario import Arrival, arrivals
from ingest.demo.tasks import save_templates
from ingest.demo.tuning import create_tuning_rules
from ingest.demo.work import Desk, Step, steps
from ingest.formats.registry import parse_records
from ingest.parsed import ParsedAlert, RefusedRecord

DEMO = Actor(ActorKind.SYSTEM, "Demo", channel=Channel.COMMAND_LINE)
"""Creates the people and sends the alerts."""

ALERTS_AT_ONCE = 12
"""As many as the busiest sender's request would hold; more would make the incidents' first entries unreadable."""

Progress = Callable[[int], object]
"""Told how many alerts have come in since it was told last."""


class AlreadyInUse(Exception):
    """The installation has incidents, or people of the demo's names; the message is a sentence."""


def load(progress: Progress = lambda count: None, *, now: datetime | None = None) -> list[SignIn]:
    """Load the demo, or nothing at all; the sign-ins that were made. Raises AlreadyInUse where it has no place."""
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    with transaction.atomic():
        if problem := no_place():
            raise AlreadyInUse(problem)
        sign_ins = create_people(DEMO)
        create_tuning_rules(DEMO, now)
        save_templates(DEMO)
        _play(list(_parsed(arrivals(now), now)), steps(now), Desk(now), progress)
    return sign_ins


def no_place() -> str:
    """Why the demo cannot be loaded here, as a sentence; empty when it can."""
    if Incident.objects.exists():
        return "There are incidents already; the demo is for an empty installation. Use another DATA_DIR for it."
    usernames, slugs = names()
    taken = [*User.objects.filter(username__in=usernames).values_list("username", flat=True)]
    taken += Team.objects.filter(slug__in=slugs).values_list("slug", flat=True)
    if taken:
        return f"The demo brings people and teams of names that are taken here: {', '.join(sorted(taken))}."
    return ""


def total() -> int:
    """How many alerts the demo has."""
    return len(arrivals(datetime.now(UTC)))


@dataclass(frozen=True, slots=True)
class _Incoming:
    """An alert of a case, and when it comes in."""

    time: datetime
    case: str
    alert: ParsedAlert


def _play(incoming: Sequence[_Incoming], work: Sequence[Step], desk: Desk, progress: Progress) -> None:
    """Alerts come in as they came; between them people do what they had seen reason to do by then."""
    events: list[_Incoming | Step] = sorted([*incoming, *work], key=lambda event: event.time)
    for _, group in groupby(events, key=type):
        together = list(group)
        came = [event for event in together if isinstance(event, _Incoming)]
        for chunk in portions(came, ALERTS_AT_ONCE):
            outcomes = ingest([each.alert for each in chunk], actor=DEMO)
            for each, outcome in zip(chunk, outcomes, strict=True):
                desk.incidents.setdefault(each.case, outcome.incident_id)
            progress(len(chunk))
        for event in together:
            if isinstance(event, Step):
                desk.play(event)


def _parsed(arriving: Sequence[Arrival], now: datetime) -> Iterator[_Incoming]:
    """One alert of each record, its format told from its content. Raises ValueError for a record that is refused."""
    records = ((position, arrival.record) for position, arrival in enumerate(arriving, 1))
    for arrival, parsed in zip(arriving, parse_records(records, now=now), strict=True):
        if isinstance(parsed, RefusedRecord):
            raise ValueError(f"the demo's case {arrival.case}: {parsed.field}: {parsed.problem}")
        yield _Incoming(arrival.time, arrival.case, parsed)
