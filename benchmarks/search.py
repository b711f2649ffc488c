"""Search, against one probe of its index."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from statistics import median

from django.db import connection
from django.http import QueryDict

from accounts.models import User
from benchmarks.measure import Row, Work, compared, percentile, statements, times_in_turn
from benchmarks.queue import PATH, USER
from common.words import prefix_query
from entities.choices import EntityKind
from entities.models import Entity
from incidents.queries.queue import queue_page

PROBE = "SELECT incident_id FROM incidents_incidentsearch WHERE words @@ %s::tsquery LIMIT 51"


def measure(rounds: int) -> Iterator[Row]:
    user = User.objects.get(username=USER)
    for name, words in _queries().items():
        query = QueryDict(mutable=True)
        query.update({"q": words, "status": "any", "severity": "any"})
        page = partial(queue_page, query, user, PATH)
        found, probe = times_in_turn([page, partial(_probe, words)], rounds)
        yield compared(f"search, {name}", found, probe)
        yield _in_the_database(name, page, rounds)


def _in_the_database(name: str, page: Work, rounds: int) -> Row:
    """What the statements of the page take, without what is done around them."""
    times = []
    for _ in range(rounds):
        with statements() as asked:
            page()
        times.append(asked.milliseconds)
    return Row(f"search, {name}, its SQL", median(times), "ms", p95=percentile(times, 95), n=rounds)


def _queries() -> dict[str, str]:
    host, address, user = (
        Entity.objects.filter(kind=kind).order_by("pk")[20 if kind == EntityKind.DEVICE else 5].name
        for kind in (EntityKind.DEVICE, EntityKind.IP, EntityKind.USER)
    )
    file = Entity.objects.filter(kind=EntityKind.FILE).order_by("pk")[5]
    return {
        "host": host,
        "hash": file.key.rpartition(":")[2],
        "host in its short form": host.partition(".")[0],
        "address": address,
        "two words": "beacon command",
        "common word": "mail",
        "prefix": "fin-ws-00",
        "prefix of a common word": "cred",
        "nothing found": "zzzunheardof",
        "part of a host": host[2:],
        "part of an address": address[1:],
        "part of a user": user[3:-2],
        "part of too many names": "exam",
        "phrase": '"command server"',
        "either of two": f"{host[2:]} OR beacon",
        "one without the other": f"beacon -{host[2:]}",
    }


def _probe(words: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PROBE, [prefix_query(words).replace(":*", "")])
        cursor.fetchall()
