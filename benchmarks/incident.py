"""The tabs of an incident of 10,000 alerts and 5,000 entities, against the same tabs of one of ten alerts.

The time is the server's: the request through the test client, rendered. A row each tells how many statements a tab
takes, which must not grow with the incident.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from benchmarks.large_incident import large_incident
from benchmarks.measure import Row, compared, statements, times_in_turn
from incidents.models import Incident

USER = "analyst01"
ALERTS, ENTITIES = 10_000, 5_000
ENOUGH = 2_000
"""Incidents of a database from which on the large one has all its alerts; a tiny one is for trying this out."""
TABS = {
    "overview": "overview",
    "attack story": "story",
    "attack story as a table": "story?view=table",
    "alerts": "alerts",
    "alerts by severity": "alerts?sort=-severity",
    "assets": "assets",
    "assets of one type": "assets?type=device",
    "evidence": "evidence",
    "evidence of one type": "evidence?type=file",
    "evidence searched": "evidence?q=ip-77&verdict=malicious",
    "activity": "activity",
    "similar": "similar",
}


def measure(rounds: int) -> Iterator[Row]:
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(username=USER))
    share = min(1.0, Incident.objects.count() / ENOUGH)
    alerts, entities = round(ALERTS * share), round(ENTITIES * share)
    large, small = large_incident(alerts=alerts, entities=entities), large_incident(alerts=10, entities=10)
    for name, tab in TABS.items():
        works = [partial(_shown, client, _address(tab, incident)) for incident in (large, small)]
        times, floor = times_in_turn(works, min(rounds, 20))
        yield compared(f"incident, {alerts:,} alerts: {name}", times, floor)
        with statements() as asked:
            works[0]()
        yield Row(f"incident, {alerts:,} alerts: {name}, statements", len(asked.sql), "statements")


def _address(tab: str, incident: Incident) -> str:
    name, _, query = tab.partition("?")
    return f"{reverse(f'incidents:{name}', args=[incident.pk])}?{query}"


def _shown(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer
