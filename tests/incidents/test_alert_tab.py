"""The Alerts tab: orders, pages, what unfolds beneath an alert."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from alerts.choices import AlertStatus, Severity
from alerts.models import Alert
from benchmarks.large_incident import large_incident
from entities import identity
from incidents.commands import restrict, set_alert_status
from incidents.models import Incident
from incidents.queries.alert_list import PAGE_SIZE
from tests.conftest import NOON, alert, device, opened


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def page(client: Client, incident: Incident, query: str = "", status: int = 200) -> str:
    answer = client.get(reverse("incidents:alerts", args=[incident.pk]) + query)
    assert answer.status_code == status
    return answer.content.decode()


def titles(text: str) -> list[str]:
    return re.findall(r'class="alert-title"><b>([^<]+)', text)


@pytest.fixture
def several(db: None, ana: User) -> Incident:
    for number, (title, severity, source) in enumerate(
        [
            ("Late", Severity.LOW, "Mail gateway"),
            ("Worst", Severity.HIGH, "Endpoint sensor"),
            ("Early", Severity.MEDIUM, "Audit"),
        ]
    ):
        at = NOON + timedelta(hours=3 - number)
        one = alert(str(number), title=title, severity=severity, service_source=source, at=at, entities=(device("a"),))
        incident = opened(one)
    set_alert_status(incident, [Alert.objects.get(title="Early").pk], AlertStatus.RESOLVED, actor=ana.as_actor())
    return incident


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["Early", "Worst", "Late"]),
        ("?sort=-time", ["Late", "Worst", "Early"]),
        ("?sort=-severity", ["Worst", "Early", "Late"]),
        ("?sort=status", ["Worst", "Late", "Early"]),
        ("?sort=source", ["Early", "Worst", "Late"]),
        ("?sort=-status,time", ["Early", "Worst", "Late"]),
    ],
)
def test_the_order_stands_in_the_address(client: Client, several: Incident, query: str, order: list[str]) -> None:
    assert titles(page(client, several, query)) == order


def test_what_unfolds_is_loaded_when_it_is_opened(client: Client, several: Incident) -> None:
    text = page(client, several)
    assert "Why it is here:" not in text
    first = Alert.objects.get(title="Worst")
    url = reverse("incidents:alert", args=[several.pk, first.pk])
    assert f'hx-get="{url}"' in text
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Why it is here:" in part and "<html" not in part
    place = f"?open={first.pk}#alert-{first.pk}"
    assert client.get(url)["Location"] == reverse("incidents:alerts", args=[several.pk]) + place


def test_a_link_opens_an_alert_wherever_it_stands(client: Client, db: None) -> None:
    incident = large_incident(alerts=PAGE_SIZE + 20, entities=10)
    last = incident.alerts.order_by("first_activity", "id").last()
    assert last
    text = page(client, incident, f"?open={last.pk}")
    assert text.index(f'id="alert-{last.pk}"') < text.index("Why it is here:")
    assert len(titles(text)) == PAGE_SIZE + 1


def test_an_alert_tells_all_that_is_known(client: Client, db: None) -> None:
    incident = opened(
        alert(
            "1",
            entities=(device("fin-ws-17"), identity.domain("evil.example")),
            techniques=("T1059.001", "T9999"),
            categories=("execution",),
            recommended_actions="• Isolate it\n• Reset it",
            description="<b>It</b> ran.",
        )
    )
    text = page(client, incident, f"?open={incident.alerts.get().pk}")
    for part in (
        "Command and Scripting Interpreter: PowerShell", "T9999", "Execution", "Isolate it", "It opened this incident.",
        "&lt;b&gt;It&lt;/b&gt; ran.", "evil[.]example", 'data-copy="evil.example"',
    ):  # fmt: skip
        assert part in text


def test_pages_follow_each_other_by_key_and_meet_no_limit(client: Client, db: None) -> None:
    incident = large_incident(alerts=130, entities=10)
    seen, address, pages = [], "?sort=-severity", 0
    while address:
        text = page(client, incident, address)
        seen += re.findall(r'id="alert-(\d+)"', text)
        after = re.search(r'rel="next" href="[^"?]*(\?[^"]+)"', text)
        address, pages = after[1].replace("&amp;", "&") if after else "", pages + 1
    assert len(seen) == len(set(seen)) == 130
    assert pages == 3
    rows = dict(incident.alerts.values_list("pk", "severity"))
    assert [rows[int(number)] for number in seen] == sorted(rows.values(), reverse=True)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?sort=weight", "“weight” is no order"),
        ("?after=x", "The link to this page is damaged"),
        ("?before=eyJ4IjoxfQ", "The link to this page is damaged"),
        ("?colour=red", "“colour” is no key of this page"),
    ],
    ids=range(4),
)
def test_an_address_that_means_nothing_says_so(client: Client, several: Incident, query: str, sentence: str) -> None:
    assert sentence in page(client, several, query, status=400)


@pytest.mark.parametrize("word", ["x", "9" * 30, "-1", "²"])
def test_an_open_that_is_no_number_opens_nothing(client: Client, several: Incident, word: str) -> None:
    assert "Why it is here:" not in page(client, several, f"?open={word}")


def test_an_alert_of_another_incident_is_not_there(client: Client, several: Incident, lee: User) -> None:
    other = opened(alert("x", entities=(device("dc-01"),)))
    alert_id = other.alerts.get().pk
    assert client.get(reverse("incidents:alert", args=[several.pk, alert_id])).status_code == 404
    assert client.get(reverse("incidents:alert", args=[several.pk, 10**30])).status_code == 404
    assert "dc-01" not in page(client, several, f"?open={alert_id}")
    restrict(other, [lee], actor=lee.as_actor())
    assert client.get(reverse("incidents:alert", args=[other.pk, alert_id])).status_code == 404


def test_who_may_not_change_many_gets_no_boxes(several: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    assert "data-select-row" not in page(sign_in(vic), several)
