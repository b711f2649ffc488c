"""The pages of one entity: what it is, its alerts and incidents in time, and what it was seen with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from alerts.choices import Severity, Verdict
from alerts.models import Evidence
from entities import identity
from entities.models import Entity
from entities.naming import page_of
from entities.queries import labelled
from incidents.commands import restrict
from incidents.forms.entities import BadAddress, read_timeline
from incidents.models import Incident
from incidents.queries import entity as queries
from incidents.queries import entity_timeline
from tests.conftest import NOON, alert, device, opened
from tests.ingest.hostile import KEPT_TEXTS

MOST_STATEMENTS = 14


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def named(name: str) -> Entity:
    return Entity.objects.get(name=name)


def shown(client: Client, entity: Entity, rest: str = "", status: int = 200, **headers: str) -> str:
    answer = client.get(page_of(entity.kind, entity.pk) + rest, headers=headers)
    assert answer.status_code == status
    return answer.content.decode()


def test_it_says_what_it_is_and_how_far_it_is_involved(client: Client, incident: Incident) -> None:
    server = identity.device(hostname="srv-09", attributes={"os": "Windows Server 2022", "device_group": "Plant"})
    opened(alert("9", entities=(server, device("fin-ws-17")), at=NOON + timedelta(days=5)))
    page = shown(client, named("fin-ws-17"))
    assert "Seen in 3 alerts of 2 incidents, 2 of them open." in page
    assert "Host name" in page
    assert "srv-09" in page
    assert "Shadow copies deleted" in page
    page = shown(client, named("srv-09"))
    assert "Seen in one alert of one incident, which is open." in page
    for text in ("Windows Server 2022", "Device group", "Plant"):
        assert text in page


def test_an_indicator_is_disarmed_and_copied_as_it_is(client: Client, db: None) -> None:
    opened(alert(entities=(identity.domain("evil.example"), device("a"))))
    page = shown(client, named("evil.example"))
    assert "evil[.]example" in page
    assert 'data-copy="evil.example"' in page
    assert "http://evil" not in page


def test_what_it_was_seen_with_stands_by_how_often_and_without_noise(ana: User, db: None) -> None:
    opened(alert("1", entities=(device("a"), identity.ip("127.0.0.1"), identity.ip("203.0.113.7"))))
    opened(alert("2", entities=(device("a"), identity.ip("127.0.0.1"), identity.domain("evil.example"))))
    opened(alert("3", entities=(device("a"), identity.ip("127.0.0.1"), identity.domain("evil.example"))))
    found = queries.related(named("a"), ana)
    assert [(one["name"], one["alerts"]) for one in found] == [("evil[.]example", 2), ("203.0.113[.]7", 1)]


def test_risk_is_counted_by_day_in_the_readers_zone(ana: User, db: None) -> None:
    late = NOON.replace(hour=23, minute=30)
    opened(alert("1", entities=(device("a"),), at=late), alert("2", entities=(device("a"),), severity=Severity.HIGH))
    with timezone.override("Europe/Berlin"):
        risk = queries.risk_over_time(named("a"), ana, "day", now=NOON + timedelta(days=2))
    days = {period.first.day: period.counts for period in risk.periods if period.total}
    assert days == {2: {Severity.HIGH: 1}, 3: {Severity.MEDIUM: 1}}
    assert len(risk.periods) == 30
    weeks = queries.risk_over_time(named("a"), ana, "week", now=NOON + timedelta(days=2))
    assert weeks.periods[-1].total == 2


def test_the_risk_has_a_table_of_the_same(client: Client, db: None) -> None:
    opened(alert(entities=(device("a"),), at=timezone.now(), severity=Severity.HIGH))
    page = shown(client, named("a"))
    assert "1 high" in page
    assert "As a table" in page
    assert "style=" not in page.partition("<figure")[2].partition("</figure>")[0]


def test_from_an_incident_the_timeline_opens_a_day_before_its_first_alert(client: Client, db: None) -> None:
    opened(alert("long ago", title="Long ago", entities=(device("a"),), at=NOON - timedelta(hours=50)))
    opened(alert("before", title="The day before", entities=(device("a"),), at=NOON - timedelta(hours=20)))
    case = opened(alert("case", title="The case", entities=(device("b"),)))
    opened(alert("again", title="Joins it", entities=(device("b"), device("a")), at=NOON + timedelta(hours=1)))
    page = shown(client, named("a"), f"timeline/?around={case.pk}")
    assert "Long ago" not in page
    assert page.index("The day before") < page.index("Joins it")
    assert page.count("moment-around") == 1
    assert f"/timeline/?around={case.pk}" in client.get(f"/incidents/{case.pk}/assets/").content.decode()


def test_the_timeline_is_narrowed_by_its_address(client: Client, db: None) -> None:
    one = opened(alert("1", title="First", entities=(device("a"),), service_source="Firewall"))
    opened(alert("2", title="Second", entities=(device("a"),), at=NOON + timedelta(days=3), severity=Severity.HIGH))
    entity = named("a")
    for query, kept in {
        f"?incident={one.pk}": "First",
        "?severity=high": "Second",
        "?source=Firewall": "First",
        "?from=2026-11-03": "Second",
        "?to=2026-11-02": "First",
        "?from=2026-11-02T11:00&to=2026-11-02T13:00": "First",
    }.items():
        page = shown(client, entity, f"timeline/{query}", **{"HX-Request": "true"})
        assert [title for title in ("First", "Second") if title in page] == [kept], query
        assert "<html" not in page


WRONG = {
    "timeline/?from=soon": "From: “soon” is no date; write one such as 2026-11-02",
    "timeline/?from=2026-11-09&to=2026-11-02": "To: it lies before From",
    "timeline/?severity=highest": "did you mean “high”?",
    "timeline/?incident=many": "Incident: “many” is no number of an incident",
    "timeline/?around=999999": "there is no incident 999999, or you may not see it",
    "timeline/?sevrity=high": "did you mean “severity”?",
    "timeline/?after=zzz": "The link to this page is damaged",
    "incidents/?after=zzz": "The link to this page is damaged",
    "incidents/?after=2026-11-02T12:00_1": "The link to this page is damaged",
}


def test_what_an_address_gets_wrong_is_named(client: Client, incident: Incident) -> None:
    for rest, problem in WRONG.items():
        assert problem in shown(client, named("fin-ws-17"), rest, status=400), rest


def test_hostile_words_in_an_address_are_read_or_refused(client: Client, ana: User, incident: Incident) -> None:
    texts = [*(each.text for each in KEPT_TEXTS), "\x00", "9" * 30, "-1"]
    for text in texts:
        for key in ("from", "to", "severity", "source", "incident", "around", "sort"):
            query = QueryDict(mutable=True)
            query[key] = text
            with suppress(BadAddress):
                read_timeline(query, ana)
    for text in texts[-6:]:
        for rest in ("timeline/?source=", "timeline/?after=", "incidents/?after="):
            entity = named("fin-ws-17")
            assert client.get(f"{page_of(entity.kind, entity.pk)}{rest}{quote(text)}").status_code in (200, 400)
        assert client.get(f"/entities/?q={quote(text)}").status_code in (200, 400)


def test_pages_follow_each_other_without_gap_or_repeat(ana: User, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        opened(alert(f"{number}", entities=(device("a"), device(f"b{number}")), at=NOON + timedelta(days=3 * number)))
    opened(alert("again", entities=(device("a"),), at=NOON + timedelta(hours=2)))
    entity = named("a")
    whole = [row["number"] for row in entity_timeline.incidents_page(entity, ana)["rows"]]
    assert len(whole) == len(set(whole)) == 7
    for most in (20_000, 3):
        monkeypatch.setattr(entity_timeline, "MOST_WEIGHED", most)
        found: list[int] = []
        place = entity_timeline.LATEST
        while True:
            page = entity_timeline.incidents_page(entity, ana, place, size=2)
            found += [row["number"] for row in page["rows"]]
            if not page["next"]:
                break
            place = entity_timeline.read_place(page["next"])
        assert found == whole


def test_what_only_a_restricted_incident_knows_does_not_exist(
    client: Client, ana: User, lee: User, sign_in: Callable[[User], Client], incident: Incident
) -> None:
    secret = opened(alert("s", title="Heron", entities=(device("dc-99"),)))
    joined = alert(
        "t", title="Heron again", entities=(device("dc-99"), device("fin-ws-17")), at=NOON + timedelta(days=3)
    )
    opened(joined)
    for each in Incident.objects.exclude(pk=incident.pk):
        restrict(each, [lee], actor=lee.as_actor())
    shared = named("fin-ws-17")
    page = shown(client, shared)
    assert "Heron" not in page
    assert "dc-99" not in page
    assert "Seen in 2 alerts of one incident, which is open." in page
    assert queries.span_of(shared, ana).last == NOON + timedelta(hours=1)
    assert shared.last_seen == NOON + timedelta(days=3)
    assert shown(client, shared, f"timeline/?around={secret.pk}", status=400)
    shown(client, named("dc-99"), status=404)
    assert "dc-99" not in client.get("/entities/?q=dc-99").content.decode().partition("<tbody")[2]
    assert "dc-99" in sign_in(lee).get("/entities/?q=dc-99").content.decode().partition("<tbody")[2]
    assert "Heron" in shown(sign_in(lee), shared)


def test_another_kind_in_the_address_leads_nowhere(client: Client, incident: Incident) -> None:
    entity = named("fin-ws-17")
    for address in (
        f"/entities/user/{entity.pk}/",
        f"/entities/nonsense/{entity.pk}/",
        "/entities/device/99999999999999999999/",
    ):
        assert client.get(address).status_code == 404


def test_a_page_costs_the_same_however_much_there_is(client: Client, db: None) -> None:
    opened(alert("0", entities=(device("a"), identity.ip("203.0.113.7"))))
    shown(client, named("a"))
    counted = []
    for size in (0, 30):
        for number in range(size):
            opened(alert(f"m{number}", entities=(device("a"), device(f"b{number}")), verdict=Verdict.MALICIOUS))
        for rest in ("", "timeline/", "incidents/"):
            with CaptureQueriesContext(connection) as queries_made:
                shown(client, named("a"), rest)
            counted.append(len(queries_made))
    assert counted[:3] == counted[3:]
    assert max(counted) <= MOST_STATEMENTS


def test_sightings_are_found_by_their_index(ana: User, incident: Incident) -> None:
    rows = queries.sightings(named("fin-ws-17"), ana).order_by("-event_time", "-id")[:51]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    assert "evidence_entity_time" in rows.explain()


def test_identifiers_are_told_by_their_kind() -> None:
    assert labelled("upn:ana@example.org") == ("User principal name", "ana@example.org")
    assert labelled("name@host:fin-ws-17|cmd.exe") == ("Name", "cmd.exe on fin-ws-17")
    assert labelled("no kind at all: x") == ("Name", "no kind at all: x")


def test_every_row_of_evidence_leads_to_its_entity(client: Client, incident: Incident) -> None:
    entity = named("fin-ws-17")
    assert Evidence.objects.filter(entity=entity).count() == 2
    alert_id = incident.alerts.order_by("pk")[0].pk
    pane = client.get(f"/incidents/{incident.pk}/details/", headers={"HX-Request": "true"}).content.decode()
    assert page_of("device", entity.pk) in pane
    assert page_of("device", entity.pk) in client.get(f"/alerts/{alert_id}/").content.decode()
