"""Alerts coming in, against COPY of as many rows into the same table.

Batches come from two senders at once, each on its own connection, to a portal of two web processes; one alert by itself
comes from one sender, to a portal that does nothing else.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from accounts.commands import create_token
from activity.actors import COMMAND_LINE, SYSTEM
from alerts.models import Alert
from benchmarks.measure import Row, no_collection, percentile, rates, timed
from benchmarks.serving import HOST, server
from incidents.models import Incident
from ingest.commands import ingest
from ingest.formats.registry import parse_records
from ingest.parsed import ParsedAlert

SOURCE = "bench"
SENDERS = 2
BATCHES = (1, 100, 500)
ALERTS_OF_A_CASE, DEVICES, PEOPLE = 5, 20_000, 15_000
TITLES = ("Encoded command was run", "Script host started a download", "Scheduled task was added for persistence")
ENOUGH = 1_000
"""Alerts per round and way, of single ones a tenth."""

ALERT_COLUMNS = tuple(str(field.column) for field in Alert._meta.concrete_fields if field.column != "id")


def measure(rounds: int) -> Iterator[Row]:
    with server() as port:
        senders = [_Sender(port) for _ in range(SENDERS)]
        yield from _one_by_one(senders[0], rounds)
        yield from _in_batches(senders, rounds)


def _one_by_one(sender: _Sender, rounds: int) -> Iterator[Row]:
    """Milliseconds until an alert that is sent by itself is acknowledged."""
    make = _Maker()
    bodies = [json.dumps(make.records(1)) for _ in range(5 * rounds)]
    for _ in range(10):
        sender.post(json.dumps(make.records(1)))
    with no_collection():
        times = [timed(partial(sender.post, body)) for body in bodies]
    yield Row("ingest, one alert, POST", statistics.median(times), "ms", p95=percentile(times, 95), n=len(times))


def _in_batches(senders: Sequence[_Sender], rounds: int) -> Iterator[Row]:
    make = _Maker()
    alerts = min(ENOUGH, rounds * 50)
    for size in BATCHES:
        repeats = max(alerts // size // (10 if size == 1 else 1), 1)
        ways: dict[str, Callable[[], float]] = {
            "ingest()": partial(_ingested, make, size, repeats),
            "POST": partial(_posted, make, senders, size, repeats),
        }
        found: dict[str, list[float]] = {name: [] for name in (*ways, "COPY")}
        with no_collection():
            for _ in range(max(rounds // 5, 1)):
                for name, way in ways.items():
                    found[name].append(way())
                    found["COPY"].append(_copied(alerts))
        for name in ways:
            yield rates(f"ingest, {size} per batch, {name}", "alerts/s", found[name], found["COPY"])


class _Sender:
    """A source's own token, as senders have it, and a connection to the running server."""

    def __init__(self, port: int) -> None:
        key = create_token(f"bench {uuid4()}", actor=SYSTEM, source=SOURCE)[1]
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._connection = HTTPConnection(HOST, port, timeout=60)

    def post(self, body: str) -> None:
        self._connection.request("POST", "/api/v1/alerts/", body, self._headers)
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"the alerts were answered by {answer.status}: {told[:300]!r}")


class _Maker:
    """Alerts as `generate` has them: about five tell of one case, on a device and a person that the load is about. Some
    cases join its incidents, the others open new ones."""

    def __init__(self) -> None:
        self.run = uuid4().hex[:12]
        self.numbers = count(1)

    def records(self, size: int) -> list[dict[str, Any]]:
        return [self._record(number) for _, number in zip(range(size), self.numbers, strict=False)]

    def _record(self, number: int) -> dict[str, Any]:
        case = Random(f"{self.run}-{number // ALERTS_OF_A_CASE}")  # noqa: S311 - made-up data, no secret
        device, person = case.randrange(DEVICES), case.randrange(PEOPLE)
        site = ("fin", "ops", "lab", "hq", "plant")[device % 5]
        return {
            "source": SOURCE,
            "external_id": f"{self.run}-{number}",
            "title": TITLES[number % len(TITLES)],
            "severity": "medium",
            "first_activity": timezone.now().isoformat(),
            "categories": ["execution"],
            "techniques": ["T1059.001"],
            "service_source": "Endpoint sensor",
            "evidence": [
                {"type": "device", "hostname": f"{site}-ws-{device:06}", "domain": "synthetic.example"},
                {"type": "user", "upn": f"person{person:06}@synthetic.example"},
            ],
        }


def _per_second(work: Callable[[], Any], alerts: int) -> float:
    started = time.perf_counter()
    work()
    return alerts / (time.perf_counter() - started)


def _ingested(make: _Maker, size: int, repeats: int) -> float:
    batches: list[list[ParsedAlert]] = []
    for _ in range(repeats):
        parsed = list(parse_records(enumerate(make.records(size), 1), "native"))
        batches.append([alert for alert in parsed if isinstance(alert, ParsedAlert)])
    return _per_second(lambda: [ingest(batch, actor=COMMAND_LINE) for batch in batches], size * repeats)


def _posted(make: _Maker, senders: Sequence[_Sender], size: int, repeats: int) -> float:
    bodies = [[json.dumps(make.records(size)) for _ in range(repeats)] for _ in senders]

    def send(sender: _Sender, own: Sequence[str]) -> None:
        for body in own:
            sender.post(body)

    def send_all() -> None:
        with ThreadPoolExecutor(len(senders)) as threads:
            list(threads.map(send, senders, bodies))

    return _per_second(send_all, size * repeats * len(senders))


def _copied(alerts: int) -> float:
    """Into the same table with all its indexes and keys, and taken back."""
    incident = Incident.objects.open().values_list("pk", flat=True)[0]
    template = Alert.objects.filter(source="synthetic").values_list(*_attributes()).first()
    assert template is not None
    values = dict(zip(ALERT_COLUMNS, template, strict=True)) | {"incident_id": incident, "source": "copied"}
    rows = [list((values | {"external_id": f"{number}"}).values()) for number in range(alerts)]

    def copy() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy(f"COPY alerts_alert ({', '.join(ALERT_COLUMNS)}) FROM STDIN") as target:
                for row in rows:
                    target.write_row(row)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)

    return _per_second(copy, alerts)


def _attributes() -> list[str]:
    return [field.attname for field in Alert._meta.concrete_fields if field.column != "id"]
