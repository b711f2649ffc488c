"""`manage.py generate --incidents N`: a large made-up load, for measurements and for trying things out."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections, transaction
from django.utils import timezone
from tqdm import tqdm

from accounts.commands import create_team, create_user
from accounts.models import Team, User
from activity.actors import CORRELATION, SYSTEM, Channel
from alerts.models import Alert
from common.inserting import reserve
from common.portions import portions
from entities.choices import EntityKind
from entities.commands import Observation, observe
from incidents import verbs
from incidents.models import Incident, Tag
from ingest.plain_tables import plain_tables
from ingest.synthetic import COLUMNS, SOURCE, Batch, Known, Person, Synthesiser, World, entities

USERS, TEAMS, TAGS = 60, 8, 500
INCIDENTS_AT_A_TIME = 2_000
"""Per transaction. Each opening entry takes a lock of its own, and PostgreSQL holds a limited number of them."""
ENTITIES_AT_A_TIME = 2_000

# One statement for many entries: the trigger sets sequence, time and hashes of each.
RECORD = """
INSERT INTO activity_entry (incident_id, sequence, transaction, incident_version, verb, actor_kind, actor_label,
                            channel, subject_kind, subject_id, subject_label, changes, facts, body_sha256,
                            previous_hash, hash)
SELECT incident_id, 0, 0, 1, %s, %s, %s, %s, '', '', '', changes, facts, '', '', ''
FROM unnest(%s::bigint[], %s::jsonb[], %s::jsonb[]) AS opening (incident_id, changes, facts)
"""
# The made-up entities were stored before their alerts: take the times from these, all in one reading of the evidence.
DATE_ENTITIES = """
UPDATE entities_entity AS entity SET first_seen = seen.first, last_seen = greatest(entity.last_seen, seen.last)
FROM (SELECT evidence.entity_id, min(evidence.event_time) AS first, max(evidence.event_time) AS last
      FROM alerts_evidence AS evidence JOIN alerts_alert AS alert ON alert.id = evidence.alert_id
      WHERE alert.source = %s GROUP BY evidence.entity_id) AS seen
WHERE entity.id = seen.entity_id
"""
MOST_PROCESSES = 4
LOADED = (*COLUMNS, "entities_entity", "entities_entityidentifier")
"""The tables that are filled."""


class Command(BaseCommand):
    help = (
        "Fill the database with made-up incidents: 8 % of them open, about five alerts each, with evidence, entities, "
        "tags, search words and opening entries. Refuses where incidents are stored already, unless --add is given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--incidents", type=int, required=True, metavar="N", help="how many")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="another number, other incidents")
        parser.add_argument("--add", action="store_true", help="beside the incidents that are stored already")

    def handle(self, *args: Any, **options: Any) -> None:
        count: int = options["incidents"]
        if count < 1:
            raise CommandError("Give a number of incidents of 1 or more.")
        if Incident.objects.exists() and not options["add"]:
            raise CommandError("Incidents are stored here already; give --add to have made-up ones beside them.")
        try:
            self._generate(count, options["seed"])
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET statement_timeout")

    def _generate(self, count: int, seed: int) -> None:
        with plain_tables(LOADED, is_empty=not Incident.objects.exists()):
            world = World(_users(), _teams(), _tags(), _entities(count))
            now = timezone.now()
            sizes = portions(iter(Synthesiser(world, seed, now).sizes(count)), INCIDENTS_AT_A_TIME)
            parts = (Part(seed + number, now, chunk) for number, chunk in enumerate(sizes))
            with _bar(count, "incidents") as bar:
                for stored in _stored(world, parts, count):
                    bar.update(stored)
            with _patient() as cursor:
                cursor.execute("SET enable_nestloop = off")  # the planner still takes these tables for empty
                cursor.execute(DATE_ENTITIES, [SOURCE])
                cursor.execute("RESET enable_nestloop")
        self._tidy()
        self.stdout.write(f"{count:,} incidents generated.")

    def _tidy(self) -> None:
        """Bring the planner's statistics and the visibility map up to date, which is the owner's work."""
        using = "owner" if "owner" in connections else "default"
        if connections[using].in_atomic_block or connection.in_atomic_block:
            return
        tables = ", ".join([*LOADED, "activity_entry"])
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT has_table_privilege('incidents_incident', 'TRUNCATE')")
            if cursor.fetchone()[0]:
                cursor.execute(f"VACUUM (ANALYZE) {tables}")
            else:
                self.stderr.write("Only the database's owner can run VACUUM (ANALYZE); run it, or wait for autovacuum.")


class Part(NamedTuple):
    """A few thousand incidents to make and store, whoever does so."""

    seed: int
    now: datetime
    sizes: list[int]


_world: list[World] = []
"""The world of this process; a forked one is given it once, since it is far larger than a part."""


def _stored(world: World, parts: Iterator[Part], count: int) -> Iterator[int]:
    """Store the parts, and say how many incidents each had; a larger load is made by as many processes as there are
    cores. The same seeds make the same incidents, though which numbers they are given depends on who is first."""
    _world[:] = [world]
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    if processes == 1 or count <= INCIDENTS_AT_A_TIME or connection.in_atomic_block:
        yield from map(_store_part, parts)
        return
    connection.close()  # each process opens its own
    context = multiprocessing.get_context("fork")
    with context.Pool(processes) as pool:
        yield from pool.imap_unordered(_store_part, parts)


def _store_part(part: Part) -> int:
    with _patient(), transaction.atomic():
        incident_ids = reserve(Incident, len(part.sizes))
        alert_ids = reserve(Alert, sum(part.sizes))
        synthesiser = Synthesiser(_world[0], part.seed, part.now)
        _store(synthesiser.batch(incident_ids, part.sizes, iter(alert_ids)))
    return len(part.sizes)


@contextmanager
def _patient() -> Iterator[Any]:
    """A cursor of a connection whose statements may take their time. Said wherever it is needed, since each process
    opens a connection of its own, and this one another afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        yield cursor


def _users() -> list[Person]:
    """Sixty analysts who cannot sign in; those of an earlier run are taken again."""
    names = [f"analyst{number:02}" for number in range(1, USERS + 1)]
    known = {user.username: user for user in User.objects.filter(username__in=names)}
    for number, name in enumerate(names, 1):
        if name not in known:
            label = f"Analyst {number:02}"
            known[name] = create_user(name, actor=SYSTEM, display_name=label, role="analyst", password=None)
    return [Person(known[name].pk, name, known[name].display_name) for name in names]


def _teams() -> list[Person]:
    slugs = [f"desk{number}" for number in range(1, TEAMS + 1)]
    known = {team.slug: team for team in Team.objects.filter(slug__in=slugs)}
    for number, slug in enumerate(slugs, 1):
        if slug not in known:
            known[slug] = create_team(slug, actor=SYSTEM, name=f"Desk {number}")
    return [Person(known[slug].pk, slug, known[slug].name) for slug in slugs]


def _tags() -> list[int]:
    """Custom tags, by their number: the first ones are common, the last ones rare."""
    names = [f"tag-{number:03}" for number in range(1, TAGS + 1)]
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    return list(Tag.objects.filter(name__in=names).order_by("name").values_list("pk", flat=True))


def _entities(incidents: int) -> dict[EntityKind, list[Known]]:
    """The entities of so many incidents, stored as `ingest` stores them."""
    found: dict[EntityKind, list[Known]] = {}
    now = timezone.now()
    with _bar(None, "entities") as bar:
        for identities in portions(entities(incidents), ENTITIES_AT_A_TIME):
            with transaction.atomic():
                ids = observe([Observation(identity, now) for identity in identities])
            for identity, entity_id in zip(identities, ids, strict=True):
                found.setdefault(identity.kind, []).append(Known.of(entity_id, identity))
            bar.update(len(identities))
    return found


def _store(batch: Batch) -> None:
    """Copy the rows into their tables, and record how each incident opened."""
    with connection.cursor() as cursor:
        for table, columns in COLUMNS.items():
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                write: Callable[[Sequence[Any]], None] = copy.write_row
                for row in batch.rows[table]:
                    write(row)
        actor = [verbs.OPENED.name, str(CORRELATION.kind), CORRELATION.label, str(Channel.COMMAND_LINE)]
        cursor.execute(RECORD, [*actor, *(list(column) for column in zip(*batch.openings, strict=True))])


def _bar(total: int | None, unit: str) -> tqdm[Any]:
    return tqdm(total=total, unit=f" {unit}", desc=unit, disable=None, file=sys.stderr)
