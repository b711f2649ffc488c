"""Many incidents changed by the same commands as one, with a few statements for all of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connection

from activity.delivery import deliver
from activity.models import Entry
from activity.record import Draft, prepare, store
from alerts import commands as alerts
from alerts.models import Alert
from common.command import within_one_savepoint
from incidents.models import Follower, Incident, IncidentTag, Tag

Made = TypeVar("Made")


@dataclass
class _Pages:
    """What commands have changed and not written yet."""

    fields: set[str] = field(default_factory=set)
    incidents: set[int] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)
    told: list[Entry] = field(default_factory=list)
    alerts: alerts.Updates = field(default_factory=alerts.Updates)
    tagged: list[tuple[int, int]] = field(default_factory=list)
    untagged: list[tuple[int, int]] = field(default_factory=list)
    followers: list[tuple[int, int]] = field(default_factory=list)

    def take(self, other: _Pages) -> None:
        self.fields |= other.fields
        self.incidents |= other.incidents
        self.entries += other.entries
        self.told += other.told
        self.alerts.take(other.alerts)
        self.tagged += other.tagged
        self.untagged += other.untagged
        self.followers += other.followers


class Handful:
    """Several incidents locked at once. Commands called with one of them find it locked, and what they save and record
    is kept back until `write` puts it down for all; the rows, versions and entries are those of one by one.

    One incident may be changed by several commands, but its tags only once.
    """

    def __init__(self, incident_ids: Iterable[int]) -> None:
        """Locks the incidents in the order of their numbers, so that two handfuls cannot deadlock."""
        rows = (
            Incident.objects.filter(pk__in=list(incident_ids))
            .order_by("pk")
            .select_for_update(of=("self",))
            .select_related("assignee_user", "assignee_team")
            .prefetch_related("tags")
        )
        self.incidents: dict[int, Incident] = {incident.pk: incident for incident in rows}
        for incident in self.incidents.values():
            incident.handful = self
        self._written = _Pages()
        self._open = self._written
        self._alerts: dict[int, list[Alert]] | None = None
        self._made: dict[Any, Any] = {}

    def attempt(self, incident: Incident, change: Callable[[], object]) -> bool:
        """Let commands change the incident; whether there was anything to change. What raises has changed nothing."""
        before, related = copy(incident.__dict__), copy(incident._state.fields_cache)
        # What is made or locked in a savepoint that is rolled back is gone, and has to be made or locked anew.
        made, locked = copy(self._made), self._alerts
        self._open = _Pages(alerts=alerts.Updates(self._written.alerts.now))
        try:
            with within_one_savepoint():
                change()
        except BaseException:
            incident.__dict__.clear()
            incident.__dict__.update(before)
            incident._state.fields_cache = related
            self._made, self._alerts = made, locked
            self._open = self._written
            raise
        changed = bool(self._open.entries)
        self._written.take(self._open)
        self._open = self._written
        return changed

    def save(self, incident: Incident, fields: Iterable[str]) -> None:
        self._open.incidents.add(incident.pk)
        self._open.fields.update(fields)

    def record(self, drafts: Sequence[Draft], *, tell: bool) -> list[Entry]:
        """Entries that are stored with the others; until then they have no number."""
        entries = prepare(drafts)
        self._open.entries += entries
        self._open.told += entries if tell else ()
        return entries

    def alerts_of(self, incident: Incident) -> list[Alert]:
        """The incident's alerts, read and locked together with those of all others when first asked for."""
        if self._alerts is None:
            self._alerts = defaultdict(list)
            for alert in alerts.locked(self.incidents):
                self._alerts[alert.incident_id].append(alert)
        return self._alerts.get(incident.pk, [])

    @property
    def alert_updates(self) -> alerts.Updates:
        return self._open.alerts

    def retag(self, incident: Incident, *, coming: Iterable[Tag], gone: Iterable[int]) -> None:
        self._open.tagged += [(incident.pk, tag.pk) for tag in coming]
        self._open.untagged += [(incident.pk, tag_id) for tag_id in gone]

    def follow(self, incident: Incident, user_id: int) -> None:
        self._open.followers.append((incident.pk, user_id))

    def once(self, key: Any, make: Callable[[], Made]) -> Made:
        """What is the same for every incident, made when the first one asks."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def write(self) -> None:
        """Write everything that was kept back, entries last, and tell the handlers of them."""
        pages, self._written = self._written, _Pages()
        self._open = self._written
        pages.alerts.write()
        _delete_links(pages.untagged)
        IncidentTag.objects.bulk_create(
            [IncidentTag(incident_id=number, tag_id=tag_id) for number, tag_id in pages.tagged], batch_size=2_000
        )
        Follower.objects.bulk_create(
            [Follower(incident_id=number, user_id=user_id) for number, user_id in pages.followers],
            batch_size=2_000,
            ignore_conflicts=True,
        )
        if pages.incidents:
            _update([self.incidents[number] for number in sorted(pages.incidents)], sorted(pages.fields))
        store(pages.entries)
        deliver(pages.told)


def _delete_links(links: Sequence[tuple[int, int]]) -> None:
    if not links:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM incidents_incidenttag AS link USING unnest(%s::bigint[], %s::bigint[]) AS gone (incident, tag)"
            " WHERE link.incident_id = gone.incident AND link.tag_id = gone.tag",
            [list(column) for column in zip(*links, strict=True)],
        )


def _update(incidents: Sequence[Incident], fields: Sequence[str]) -> None:
    """Save the named fields of all rows in one statement; the database reads their types from the table itself."""
    columns: list[Any] = [Incident._meta.get_field(name) for name in fields]
    sets = ", ".join(f'"{each.column}" = new."{each.column}"' for each in columns)
    rows = [
        {"id": incident.pk} | {each.column: getattr(incident, each.attname) for each in columns}
        for incident in incidents
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE incidents_incident AS present SET {sets}"
            " FROM jsonb_populate_recordset(NULL::incidents_incident, %s::jsonb) AS new WHERE present.id = new.id",
            [json.dumps(rows, default=_plain)],
        )


def _plain(value: Any) -> Any:
    return value.isoformat()
