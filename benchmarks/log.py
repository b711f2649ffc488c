"""Reading a log of 10,000 entries: the Activity tab and its filters, against the same pages of a log of 100.

The time is the server's: the request through the test client, rendered. The log has comments, saves of several fields
and one act on very many alerts, which a page has to pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record_all
from activity.verbs import COMMENTED
from alerts.verbs import ALERT_RESOLVED
from benchmarks.large_incident import large_incident
from benchmarks.measure import Row, compared, statements, times_in_turn
from incidents import verbs
from incidents.models import Incident

USER = "analyst01"
ENTRIES, FEW = 10_000, 100
ENOUGH = 2_000
"""Incidents of a database from which on the log has all its entries; a tiny one is for trying this out."""
PAGES = {
    "newest first": "",
    "oldest first": "sort=oldest",
    "comments": "content=comments",
    "one person": "actor=me",
    "by kind": "kind=tags",
    "by field, which is rare": "field=due_at",
    "by alert": "alert=17",
    "of a day": "time=1d",
    "searched": "q=osprey",
    "searched in vain": "q=heron",
    "filters of people": "suggest/actor/",
}


def measure(rounds: int) -> Iterator[Row]:
    client = Client(HTTP_HOST="localhost")
    person = User.objects.get(username=USER)
    client.force_login(person)
    entries = round(ENTRIES * min(1.0, Incident.objects.count() / ENOUGH)) or FEW
    large, small = _with_log(person, max(entries, FEW)), _with_log(person, FEW)
    for name, query in PAGES.items():
        works = [partial(_shown, client, incident, query) for incident in (large, small)]
        times, floor = times_in_turn(works, min(rounds, 20))
        yield compared(f"log, {entries:,} entries: {name}", times, floor)
    path = reverse("incidents:as_of", args=[large.pk])
    times, floor = times_in_turn(
        [partial(client.get, path), partial(client.get, reverse("incidents:as_of", args=[small.pk]))], min(rounds, 20)
    )
    yield compared(f"log, {entries:,} entries: as it was", times, floor)
    with statements() as asked:
        _shown(client, large, "")
    yield Row(f"log, {entries:,} entries: newest first, statements", len(asked.sql), "statements")


def _shown(client: Client, incident: Incident, query: str) -> Any:
    path = reverse("incidents:activity", args=[incident.pk])
    answer = client.get(f"{path}{query}" if query.endswith("/") else f"{path}?{query}")
    assert answer.status_code == 200, (query, answer.status_code)
    return answer


def _with_log(person: User, entries: int) -> Incident:
    """An incident with a log of so many entries: half of them of one act, the rest of people's work."""
    incident, actor = large_incident(alerts=1, entities=1), person.as_actor()
    half, drafts = entries // 2, []
    for number in range(half):
        drafts.append(_worked(incident, actor, number))
    act = uuid4()
    drafts += [
        Draft(
            ALERT_RESOLVED,
            actor,
            incident.pk,
            1,
            Subject("alert", str(number), f"Finding {number}"),
            [Change("status", "new", "resolved")],
            batch=act,
        )
        for number in range(entries - half)
    ]
    with transaction.atomic():
        record_all(drafts, tell=False)
    return incident


def _worked(incident: Incident, actor: Actor, number: int) -> Draft:
    if number % 3 == 0:
        text = f"Comment {number}: the *osprey* was seen on host {number}.\n\n- once\n- twice\n"
        return Draft(COMMENTED, actor, incident.pk, 1, text=text)
    change = Change("tags", [f"tag-{number}"], [f"tag-{number}", f"tag-{number + 1}"])
    return Draft(verbs.TAGS_CHANGED, actor, incident.pk, 1, changes=[change], batch=uuid4())
