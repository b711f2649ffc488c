"""The queue in groups, the strip of the last day, and rows that unfold to their alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team, User
from alerts.choices import Severity
from incidents.commands import restrict
from incidents.models import Incident
from incidents.queries.grouping import GROUPINGS
from incidents.queries.queue import queue_page
from incidents.queries.strip import last_day
from tests.conftest import alert, forget_cached, opened
from tests.incidents.rows import row, stored, tag

QUEUE = "/incidents/"


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def counted(user: User, query: str) -> list[tuple[str, int]]:
    found = queue_page(QueryDict(query), user, QUEUE).groups
    assert found is not None
    return [(group.word, group.count) for group in found.shown]


def test_by_severity_the_highest_first(ana: User) -> None:
    stored([row(severity=Severity.LOW), row(severity=Severity.HIGH), row(severity=Severity.HIGH)])
    assert counted(ana, "group=severity") == [("high", 2), ("low", 1)]


def test_by_assignee_people_teams_and_nobody(ana: User, lee: User) -> None:
    team = Team.objects.create(slug="tier7", name="Tier 7")
    stored([row(assignee_user=lee), row(assignee_team=team), row(assignee_team=team), row(), row(), row()])
    assert counted(ana, "group=assignee") == [("unassigned", 3), ("team:tier7", 2), ("lee", 1)]


def test_several_tags_and_sources_stand_in_each_of_their_groups(ana: User, client: Client) -> None:
    one, two, _ = stored([row(service_sources=["A", "B"]), row(service_sources=["A"]), row()])
    tag(one, "wave", "vip")
    tag(two, "wave")
    assert counted(ana, "group=tag") == [("wave", 2), ("vip", 1), ("", 1)]
    assert counted(ana, "group=source") == [("A", 2), ("B", 1), ("", 1)]
    assert "An incident stands in each of its groups" in client.get(f"{QUEUE}?group=tag").content.decode()


@pytest.mark.parametrize("key", GROUPINGS)
def test_every_group_holds_what_it_counts(client: Client, ana: User, lee: User, key: str) -> None:
    made = stored(
        row(
            number,
            severity=Severity.HIGH if number % 2 else Severity.LOW,
            assignee_user=lee if number % 3 else None,
            service_sources=["A"] if number % 2 else [],
            status=1 + number % 2,
        )
        for number in range(9)
    )
    for each in made[:4]:
        tag(each, "wave")
    page = client.get(f"{QUEUE}?group={key}")
    assert page.status_code == 200
    for group in page.context["group_rows"]:
        rows = client.get(group["rows_url"], headers={"HX-Request": "true"})
        assert rows.content.decode().count("data-row ") == int(group["count"])
        if group["list_url"]:
            assert client.get(group["list_url"]).context["page"].count.exact == int(group["count"])


def test_a_key_nobody_can_group_by_is_refused(client: Client) -> None:
    answer = client.get(f"{QUEUE}?group=severty")
    assert answer.status_code == 400
    assert "did you mean “severity”" in unescape(answer.content.decode())
    assert client.get(f"{reverse('incidents:group')}?group=nothing&value=high").status_code == 400
    assert client.get(f"{reverse('incidents:group')}?group=severity&value=hgh").status_code == 400


def test_a_restricted_incident_counts_for_its_members_only(ana: User, lee: User, ada: User) -> None:
    incident = opened(alert())
    restrict(incident, [lee], actor=ada.as_actor())
    assert counted(ana, "group=severity&severity=any") == []
    assert sum(number for _, number in counted(lee, "group=severity&severity=any")) == 1


def test_groups_beyond_the_most_are_summed_up(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incidents.queries.grouping.MOST_GROUPS", 2)
    stored(row(service_sources=[name]) for name in "AABBBCDD")
    found = queue_page(QueryDict("group=source"), ana, QUEUE).groups
    assert found is not None
    assert ([group.word for group in found.shown], found.others, found.others_count) == (["B", "A"], 2, 3)


@pytest.mark.parametrize("key", GROUPINGS)
def test_groups_take_few_statements(client: Client, ana: User, key: str) -> None:
    for number, each in enumerate(stored(row(number, service_sources=[f"S{number}"]) for number in range(40))):
        tag(each, f"tag {number}")
    client.get(f"{QUEUE}?group={key}")
    with CaptureQueriesContext(connection) as captured:
        client.get(f"{QUEUE}?group={key}")
    assert len(captured) <= 8, [each["sql"][:90] for each in captured.captured_queries]


def test_hostile_names_of_groups_show_as_text(client: Client) -> None:
    (one,) = stored([row(service_sources=["<script>x</script>"])])
    tag(one, "<script>y</script>")
    for key in ("source", "tag"):
        assert "<script>x" not in client.get(f"{QUEUE}?group={key}").content.decode()
        assert "<script>y" not in client.get(f"{QUEUE}?group={key}").content.decode()


def test_a_row_unfolds_to_its_alerts(client: Client, incident: Incident) -> None:
    part = client.get(reverse("incidents:alert_rows", args=[incident.pk]), headers={"HX-Request": "true"})
    text = unescape(part.content.decode())
    assert "<html" not in text
    assert text.count('class="inside-row"') == incident.alerts_total
    assert "<html" in client.get(reverse("incidents:alert_rows", args=[incident.pk])).content.decode()


def test_a_row_that_one_may_not_see_does_not_unfold(client: Client, incident: Incident, ada: User, lee: User) -> None:
    restrict(incident, [lee], actor=ada.as_actor())
    assert client.get(reverse("incidents:alert_rows", args=[incident.pk])).status_code == 404


def test_the_strip_counts_the_last_day_by_the_hour(ana: User, lee: User, ada: User, client: Client) -> None:
    forget_cached()
    now = timezone.now().replace(minute=30, second=0, microsecond=0)
    stored(
        [
            row(created_at=now),
            row(created_at=now - timedelta(hours=5)),
            row(created_at=now - timedelta(hours=5)),
            row(created_at=now - timedelta(hours=25)),
        ]
    )
    day = last_day(ana, now)
    assert (day.incidents[-1], day.incidents[-6], sum(day.incidents)) == (1, 2, 3)
    page = client.get(reverse("incidents:strip")).content.decode()
    assert "incidents opened" in page and "<th scope" in page


def test_the_strip_leaves_out_what_one_may_not_see(ana: User, lee: User, ada: User) -> None:
    forget_cached()
    incident = opened(alert())
    restrict(incident, [lee], actor=ada.as_actor())
    assert sum(last_day(ana).incidents) == sum(last_day(ana).alerts) == 0
    assert sum(last_day(lee).incidents) == sum(last_day(lee).alerts) == 1
