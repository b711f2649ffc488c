"""Snoozing: until a time or a new alert, whichever comes first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import set_preferences
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from activity.queries import stream
from common.errors import Refused
from incidents.choices import WakeReason
from incidents.commands import resolve, restrict, snooze, wake
from incidents.models import Incident
from incidents.rules import snooze_until
from incidents.tasks import wake_due
from tests.conftest import alert, device, opened

BERLIN = ZoneInfo("Europe/Berlin")


def later(**span: float) -> datetime:
    return timezone.now() + timedelta(**(span or {"hours": 2}))


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def last(incident: Incident) -> Entry:
    return Entry.objects.of_incident(incident.pk).latest("sequence")


def make_due(incident: Incident) -> None:
    Incident.objects.filter(pk=incident.pk).update(snoozed_until=timezone.now() - timedelta(seconds=1))


# Rules -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "now", "until"),
    [
        ("1h", datetime(2026, 11, 2, 23, 30), datetime(2026, 11, 3, 0, 30)),
        ("4h", datetime(2026, 11, 2, 9), datetime(2026, 11, 2, 13)),
        ("tomorrow", datetime(2026, 11, 2, 0, 5), datetime(2026, 11, 3, 8)),
        ("tomorrow", datetime(2026, 12, 31, 23, 59), datetime(2027, 1, 1, 8)),
        ("monday", datetime(2026, 11, 2, 7), datetime(2026, 11, 9, 8)),
        ("monday", datetime(2026, 11, 8, 23), datetime(2026, 11, 9, 8)),
    ],
)
def test_the_usual_times_are_the_persons_own(word: str, now: datetime, until: datetime) -> None:
    assert snooze_until(word, now.replace(tzinfo=BERLIN)) == until.replace(tzinfo=BERLIN)


def test_a_morning_after_the_clocks_changed_is_still_eight() -> None:
    before = datetime(2026, 10, 24, 18, tzinfo=BERLIN)
    until = snooze_until("tomorrow", before)
    assert (until.hour, until.utcoffset()) == (8, timedelta(hours=1))
    assert until.timestamp() - before.timestamp() == 15 * 3600


@pytest.mark.parametrize("until", [timedelta(0), timedelta(days=-1), timedelta(days=400)])
def test_a_time_that_is_past_or_years_away_is_refused(incident: Incident, ana: User, until: timedelta) -> None:
    with pytest.raises(Refused) as refused:
        snooze(incident, timezone.now() + until, actor=ana.as_actor())
    assert refused.value.field == "until"


def test_only_an_open_incident_is_snoozed(incident: Incident, ana: User) -> None:
    resolve(incident, actor=ana.as_actor(), note="Done.")
    with pytest.raises(Refused):
        snooze(incident, later(), actor=ana.as_actor())


# Waking ------------------------------------------------------------------------------------------------------------


def test_its_time_wakes_it_within_a_round_of_the_task(incident: Incident, ana: User) -> None:
    snooze(incident, later(), actor=ana.as_actor())
    wake_due()
    assert fresh(incident).snoozed_until is not None
    make_due(incident)
    wake_due()
    assert fresh(incident).snoozed_until is None
    assert (last(incident).verb, last(incident).facts["reason"]) == ("incident.woken", "its time had come")
    entries = Entry.objects.count()
    wake_due()
    assert Entry.objects.count() == entries


def test_what_was_put_off_again_meanwhile_sleeps_on(incident: Incident, ana: User) -> None:
    snooze(incident, later(), actor=ana.as_actor())
    wake(incident, actor=SYSTEM, reason=WakeReason.TIME)
    assert fresh(incident).snoozed_until is not None


def test_a_new_alert_wakes_it_and_the_log_says_so(incident: Incident, ana: User) -> None:
    snooze(incident, later(), actor=ana.as_actor())
    opened(alert("3", entities=(device("fin-ws-17"),)))
    assert fresh(incident).snoozed_until is None
    assert fresh(incident).snoozed_by is None
    lines = stream(incident.pk, size=2).lines
    assert [line.sentence for line in lines] == [
        "woke the incident: a new alert joined it",
        "linked the alert “Encoded command”",
    ]


def test_a_repeated_alert_is_no_new_one(incident: Incident, ana: User) -> None:
    snooze(incident, later(), actor=ana.as_actor())
    opened(alert("1", entities=(device("fin-ws-17"),), categories=("execution",)))
    assert fresh(incident).snoozed_until is not None


def test_an_alert_elsewhere_wakes_nothing(incident: Incident, ana: User) -> None:
    snooze(incident, later(), actor=ana.as_actor())
    opened(alert("x", entities=(device("other"),)))
    assert fresh(incident).snoozed_until is not None


def test_resolving_ends_it_without_a_word_of_its_own(incident: Incident, ana: User) -> None:
    snooze(incident, later(), actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="Done.")
    assert fresh(incident).snoozed_until is None
    assert not Entry.objects.filter(verb="incident.woken").exists()


def test_the_log_shows_until_when_in_words(incident: Incident, ana: User) -> None:
    until = later(days=40)
    snooze(incident, until, actor=ana.as_actor())
    (change,) = stream(incident.pk, size=1).lines[0].changes
    assert change["field"] == "snoozed until"
    assert change["new"].startswith(f"{until.day} {until:%b %Y}, {until:%H:%M}:00")


# Pages -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def test_the_button_snoozes_in_the_persons_zone(incident: Incident, ana: User, client: Client) -> None:
    set_preferences(ana, {"time_zone": "Asia/Tokyo"}, actor=ana.as_actor())
    answer = client.post(reverse("incidents:snooze", args=[incident.pk]), {"preset": "tomorrow"})
    assert answer.status_code == 302
    until = fresh(incident).snoozed_until
    assert until is not None
    assert until.astimezone(ZoneInfo("Asia/Tokyo")).hour == 8
    assert fresh(incident).snoozed_by == ana


def test_a_time_of_ones_own_is_in_the_persons_zone_as_well(incident: Incident, ana: User, client: Client) -> None:
    set_preferences(ana, {"time_zone": "Asia/Tokyo"}, actor=ana.as_actor())
    day = (timezone.now() + timedelta(days=3)).date()
    client.post(reverse("incidents:snooze", args=[incident.pk]), {"until": f"{day}T14:30"})
    until = fresh(incident).snoozed_until
    assert until is not None
    local = until.astimezone(ZoneInfo("Asia/Tokyo"))
    assert (local.date(), local.hour, local.minute) == (day, 14, 30)


@pytest.mark.parametrize("data", [{}, {"preset": "never"}, {"until": "soon"}, {"until": "2001-01-01T00:00"}])
def test_what_makes_no_sense_is_refused_in_words(incident: Incident, client: Client, data: dict[str, str]) -> None:
    answer = client.post(reverse("incidents:snooze", args=[incident.pk]), data, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert '"kind": "error"' in answer["HX-Trigger"]
    assert fresh(incident).snoozed_until is None


def test_the_undo_of_its_toast_wakes_it(incident: Incident, client: Client) -> None:
    path = reverse("incidents:snooze", args=[incident.pk])
    answer = client.post(path, {"preset": "1h"}, headers={"HX-Request": "true"})
    undo = reverse("incidents:wake", args=[incident.pk])
    assert undo in answer["HX-Trigger"]
    assert client.post(undo, headers={"HX-Request": "true"}).status_code == 204
    assert fresh(incident).snoozed_until is None


def test_it_is_hidden_from_the_queue_until_asked_for_and_says_until_when(
    incident: Incident, ana: User, client: Client
) -> None:
    snooze(incident, later(hours=5), actor=ana.as_actor())
    assert f'data-id="{incident.pk}"' not in client.get("/incidents/").content.decode()
    shown = client.get("/incidents/", {"snoozed": "yes"}).content.decode()
    assert f'data-id="{incident.pk}"' in shown
    assert "row-snoozed" in shown
    assert "Wakes" in shown


def test_what_one_may_not_see_cannot_be_snoozed_or_woken(incident: Incident, lee: User, client: Client) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    for name in ("snooze", "wake", "follow", "unfollow"):
        assert client.post(reverse(f"incidents:{name}", args=[incident.pk]), {"preset": "1h"}).status_code == 404
    assert fresh(incident).snoozed_until is None


def test_a_reader_may_not(incident: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    answer = sign_in(vic).post(reverse("incidents:snooze", args=[incident.pk]), {"preset": "1h"})
    assert answer.status_code == 403
