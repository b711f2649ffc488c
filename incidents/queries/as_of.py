"""An incident as it was: which moment an address means, and its state then, read from the log alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from activity.models import Entry
from activity.wording import sentence
from common.time_ranges import utc
from incidents.as_it_was.difference import Difference
from incidents.as_it_was.state import NOTED, State, rebuilt

NOW = "now"
READ = ("verb", "subject_kind", "subject_id", "subject_label", "changes", "facts", "body_sha256", "incident_id")
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in the history of an incident: after an entry of its log, and all that was recorded together with it."""

    last: Entry
    """The last entry that counts."""
    named: Entry | None = None
    """The entry that was asked for, where it was one."""
    at: datetime | None = None
    """The time that was asked for, where it was one."""

    @property
    def time(self) -> datetime:
        return self.at or self.last.recorded_at or timezone.now()

    @property
    def sentence(self) -> str:
        """What was done last."""
        entry = self.named or self.last
        return f"{entry.actor_label} {sentence(entry)}"


def moment(number: int, key: str, word: str) -> Moment:
    """The moment that a word of an address names: the id of an entry, a time, or `now`. A time without a zone is one of
    the reader's. Raises ValidationError under the key."""
    log = Entry.objects.of_incident(number)
    if NUMBER.fullmatch(word):
        named = log.filter(pk=int(word)).first()
        if named is None:
            raise ValidationError({key: [f"{word} is no entry of this incident's log."]})
        return Moment(_end_of(named), named=named)
    at = None if word == NOW else _time(key, word)
    until = log if at is None else log.filter(recorded_at__lte=at)
    last = until.order_by("-sequence").first()
    if last is None:
        first = log.order_by("sequence").first()
        opened = utc(first.recorded_at) if first else "later"
        raise ValidationError({key: [f"The incident did not exist then; it was opened at {opened}."]})
    return Moment(_end_of(last), at=at)


def _time(key: str, word: str) -> datetime:
    try:
        found = parse_datetime(word.strip().replace(" ", "+") if "T" in word else word.strip())
    except ValueError:
        found = None
    if found is None:
        raise ValidationError(
            {key: [f"“{word[:60]}” is no moment; write the id of an entry, or a time such as 2026-11-02T14:32."]}
        )
    try:
        return min(found if timezone.is_aware(found) else timezone.make_aware(found), LATEST).astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValidationError({key: [f"“{word[:60]}” lies beyond the times that can be named."]}) from None


def _end_of(entry: Entry) -> Entry:
    """The last entry that was recorded together with this one: nobody ever saw the incident in between."""
    log = Entry.objects.of_incident(entry.incident_id or 0)
    beyond = _apart(log.filter(sequence__gt=entry.sequence), entry).order_by("sequence").first()
    last = log.filter(sequence__lt=beyond.sequence) if beyond else log
    return last.order_by("-sequence")[0]


def _apart(entries: QuerySet[Entry], entry: Entry) -> QuerySet[Entry]:
    """Those that were not recorded together with an entry: by one act, or under one version of the incident."""
    apart = entries.exclude(transaction=entry.transaction, incident_version=entry.incident_version)
    return apart.exclude(transaction=entry.transaction, batch=entry.batch) if entry.batch else apart


def state_at(found: Moment) -> State:
    """The state after the moment's last entry; two statements, however long the log is."""
    log = Entry.objects.of_incident(found.last.incident_id or 0).filter(sequence__lte=found.last.sequence)
    noted = log.filter(verb__in=NOTED, body__isnull=False)
    texts: Mapping[int, str | None] = dict(noted.values_list("pk", "body__text"))
    return rebuilt(log.order_by("sequence").only(*READ).iterator(2_000), lambda entry: texts.get(entry.pk))


def neighbours(found: Moment) -> tuple[int | None, int | None]:
    """The entries that ended the moment before, and that begin the next one; None where there is none."""
    log = Entry.objects.of_incident(found.last.incident_id or 0)
    earlier = _apart(log.filter(sequence__lt=found.last.sequence), found.last)
    before = earlier.order_by("-sequence").values_list("pk", flat=True).first()
    after = log.filter(sequence__gt=found.last.sequence).order_by("sequence").values_list("pk", flat=True).first()
    return before, after


def plain_moment(found: Moment) -> dict[str, Any]:
    """A moment as the API has it."""
    return {"at": utc(found.time), "entry": found.last.pk, "number": found.last.sequence, "said": found.sentence}


def plain_state(state: State) -> dict[str, Any]:
    """The state as the API has it, by the names of fields that the log uses."""
    return {
        **state.values,
        "resolution_note": state.note,
        "resolution_note_was_emptied": state.note_was_emptied,
        "merged_into": state.merged_into,
        "alerts": [
            {"id": number, "title": alert.title, "severity": alert.severity, "status": alert.status}
            for number, alert in sorted(state.alerts.items())
        ],
        "alerts_active": state.alerts_active,
        "tasks": [
            {
                "id": number,
                "title": state.tasks[number].title,
                "state": state.tasks[number].state,
                "assignee": state.tasks[number].assignee,
                "due_at": state.tasks[number].due_at,
            }
            for number in state.shown_tasks
        ],
        "evidence": [
            {
                "entity": number,
                "name": piece.label,
                "verdict": piece.verdict,
                "remediation_status": piece.remediation_status,
                "added_by_hand": piece.by_hand,
            }
            for number, piece in sorted(state.evidence.items())
        ],
    }


def plain_differences(found: list[Difference]) -> list[dict[str, Any]]:
    return [
        {"field": each.field, "old": each.values[0], "new": each.values[1], "said": each.sentence} for each in found
    ]
