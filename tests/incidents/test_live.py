"""What open pages are told: what changed, of that what they may see and list, who else is here, the bell."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.commands import change_role, deactivate
from accounts.models import Role, User
from activity.models import Entry
from alerts.choices import Severity
from incidents import presence
from incidents.commands import assign, change_tags, follow, rename, resolve, restrict
from incidents.models import Incident, IncidentMember, Look
from tests.conftest import PASSWORD, alert, device, forget_cached, opened

pytestmark = pytest.mark.django_db(transaction=True)
"""The moment of the log moves with commits alone."""

FOR_EVER = 2**61
"""A moment that nothing comes after."""


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def start() -> int:
    """The moment after all that is in the log; not the horizon, which another test's transaction may hold back."""
    return Entry.objects.order_by("-transaction").values_list("transaction", flat=True)[0] + 1


def poll(client: Client, since: int, **question: Any) -> Any:
    return client.get(reverse("incidents:changes"), {"since": since, **question})


def news(client: Client, since: int, wanted: Callable[[dict[str, Any]], bool], **question: Any) -> dict[str, Any]:
    """The answer, once it says what is wanted: transactions of other tests may hold it back for a while."""
    answer: dict[str, Any] = {}
    for _ in range(200):
        response = poll(client, since, **question)
        if response.status_code == 200:
            answer = response.json()
            if wanted(answer):
                return answer
        time.sleep(0.05)
    raise AssertionError(f"not told: {answer}")


def about(*incidents: Incident) -> Callable[[dict[str, Any]], bool]:
    return lambda answer: {one.pk for one in incidents} <= set(answer["incidents"])


def another(name: str, **more: Any) -> Incident:
    return opened(alert(name, entities=(device(name),), **more))


# New to the list ---------------------------------------------------------------------------------------------------


def test_only_what_the_list_would_show_is_new_to_it(incident: Incident, client: Client) -> None:
    since = start()
    low, high = another("a", severity=Severity.LOW), another("b", severity=Severity.HIGH)
    answer = news(client, since, about(low, high), list="/incidents/?severity=high")
    assert (answer["new"], answer["arrived"]) == (1, [high.pk])


def test_what_is_hidden_by_default_is_not_new(incident: Incident, client: Client) -> None:
    since = start()
    quiet = another("a", severity=Severity.INFORMATIONAL)
    answer = news(client, since, about(quiet), list="/incidents/")
    assert (answer["new"], answer["arrived"]) == (0, [])


def test_me_in_the_list_is_who_asks(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    since = start()
    assign(incident, ana, actor=lee.as_actor())
    question = {"list": "/incidents/?assignee=me", "whole": ""}
    assert news(sign_in(ana), since, about(incident), **question)["arrived"] == [incident.pk]
    assert news(sign_in(lee), since, about(incident), **question)["arrived"] == []


def test_what_a_change_brings_into_a_whole_list_arrives_but_not_what_is_there(
    incident: Incident, ana: User, client: Client
) -> None:
    other, since = another("a"), start()
    for one in (incident, other):
        change_tags(one, add=["vip"], actor=ana.as_actor())
    shown = {"list": "/incidents/?tag=vip", "shown": str(incident.pk)}
    assert news(client, since, about(incident, other), whole="", **shown)["arrived"] == [other.pk]
    assert news(client, since, about(incident, other), **shown)["arrived"] == [], "it may stand on another page"


def test_a_list_that_means_nothing_gains_nothing(incident: Incident, client: Client) -> None:
    since, new = start(), another("a")
    for address in ("/incidents/?sevrity=high", "?status=", "x" * 20_000, "/incidents/?q=%00"):
        answer = news(client, since, about(new), list=address)
        assert answer["arrived"] in ([], [new.pk])


def test_nobody_hears_of_what_they_may_not_see(
    incident: Incident, lee: User, rio: User, sign_in: Callable[[User], Client]
) -> None:
    secret = another("secret")
    restrict(secret, [lee], actor=lee.as_actor())
    since = start()
    rename(secret, "Secret", actor=lee.as_actor())
    assert news(sign_in(lee), since, about(secret))["incidents"] == [secret.pk]
    answer = poll(sign_in(rio), since, list="/incidents/", open=secret.pk)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_shown_incident_that_was_taken_from_sight_is_told_as_gone(
    incident: Incident, lee: User, client: Client
) -> None:
    since = start()
    restrict(incident, [lee], actor=lee.as_actor())
    answer = news(client, since, lambda answer: bool(answer["gone"]), shown=str(incident.pk))
    assert (answer["gone"], answer["incidents"]) == ([incident.pk], [])
    assert poll(client, since).status_code == 204, "to a page that did not show it, it does not exist"


def test_catching_up_tells_of_everything_meanwhile(incident: Incident, ana: User, client: Client) -> None:
    others, since = [another(f"host-{number}") for number in range(20)], start()
    for one in others:
        rename(one, f"New name of {one.pk}", actor=ana.as_actor())
    answer = news(client, since, about(*others))
    assert answer["incidents"] == sorted(one.pk for one in others)
    assert poll(client, answer["last_entry"]).status_code == 204


def test_that_somebody_follows_is_no_news(incident: Incident, lee: User, client: Client) -> None:
    since = start()
    follow(incident, actor=lee.as_actor())
    assert poll(client, since).status_code == 204


@pytest.mark.parametrize(
    "question", [{"since": "-1"}, {"open": "x"}, {"left": "1.5"}, {"shown": "1,x"}, {"shown": ",".join(["1"] * 600)}]
)
def test_a_question_that_no_page_asks_is_a_400(client: Client, question: dict[str, str]) -> None:
    for _ in range(2):
        assert client.get(reverse("incidents:changes"), {"since": "1", **question}).status_code == 400
        poll(client, FOR_EVER)


# Rows in place -----------------------------------------------------------------------------------------------------


def rows(client: Client, *incidents: Incident, address: str = "/incidents/") -> str:
    numbers = ",".join(str(one.pk) for one in incidents)
    answer = client.get(reverse("incidents:rows"), {"rows": numbers, "list": address})
    assert answer.status_code == 200
    return answer.content.decode()


def test_rows_come_as_the_list_shows_them(incident: Incident, ana: User, client: Client) -> None:
    rename(incident, "Quite <another>", actor=ana.as_actor())
    page = client.get("/incidents/").content.decode()
    came = rows(client, incident)
    assert "Quite &lt;another&gt;" in came
    assert "row-gone" not in came
    assert page.count("<td") == came.count("<td"), "the same columns"
    assert 'id="queue-count"' in came


def test_a_row_that_no_longer_matches_says_so(incident: Incident, ana: User, client: Client) -> None:
    other = another("a")
    resolve(incident, actor=ana.as_actor(), note="Done.")
    came = rows(client, incident, other)
    assert came.count("row-gone") == 1
    assert '<span class="page-note" id="queue-count">1' in came


def test_a_row_one_may_not_see_does_not_come(incident: Incident, lee: User, client: Client) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    assert f'data-id="{incident.pk}"' not in rows(client, incident)


def test_rows_say_what_is_new_in_them(incident: Incident, ana: User, lee: User, client: Client) -> None:
    assert "New to you" in rows(client, incident)
    client.get(reverse("incidents:details", args=[incident.pk]), headers={"HX-Request": "true"})
    assert "row-unread" not in rows(client, incident)
    rename(incident, "Another", actor=lee.as_actor())
    assert "1 change since you looked" in rows(client, incident)


def test_rows_of_no_list_are_a_400(incident: Incident, client: Client) -> None:
    path = reverse("incidents:rows")
    for question in ({"rows": "x", "list": "/incidents/"}, {"rows": "1", "list": "/incidents/?sevrity=high"}):
        assert client.get(path, question).status_code == 400


# Who is here -------------------------------------------------------------------------------------------------------


def people(answer: Any) -> list[str]:
    return [each["name"] for each in answer.json()["people"]] if answer.status_code == 200 else []


def test_who_has_it_open_is_told_to_the_others(
    incident: Incident, ana: User, lee: User, client: Client, sign_in: Callable[[User], Client]
) -> None:
    theirs, before = sign_in(lee), Entry.objects.count()
    assert poll(client, FOR_EVER, open=incident.pk).status_code == 204, "oneself is nobody else"
    answer = poll(theirs, FOR_EVER, open=incident.pk)
    assert people(answer) == ["Ana Ruiz"]
    assert "AR" in answer.json()["people"][0]["mark"]
    assert poll(theirs, FOR_EVER, open=incident.pk, here=answer.json()["here"]).status_code == 204, "nothing new"
    assert people(poll(client, FOR_EVER, open=incident.pk)) == ["Lee Park"]
    assert Entry.objects.count() == before
    assert not Look.objects.exists()


def test_who_closes_it_is_here_no_more(
    incident: Incident, client: Client, lee: User, sign_in: Callable[[User], Client]
) -> None:
    theirs = sign_in(lee)
    poll(client, FOR_EVER, open=incident.pk)
    poll(client, FOR_EVER, left=incident.pk)
    assert people(poll(theirs, FOR_EVER, open=incident.pk)) == []


def test_who_asks_no_more_is_forgotten(
    incident: Incident, client: Client, lee: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    poll(client, FOR_EVER, open=incident.pk)
    real = time.time
    monkeypatch.setattr(presence.time, "time", lambda: real() + presence.SECONDS + 1)
    assert people(poll(sign_in(lee), FOR_EVER, open=incident.pk)) == []


def test_only_who_may_see_it_is_here_and_is_told(
    incident: Incident, ana: User, lee: User, rio: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    outside, inside = sign_in(ana), sign_in(lee)
    for _ in range(2):  # the full way, then the quick one
        assert people(poll(outside, FOR_EVER, open=incident.pk)) == []
        assert people(poll(inside, FOR_EVER, open=incident.pk)) == []


def test_without_redis_nobody_seems_to_be_here(incident: Incident, client: Client, settings: Any) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert presence.others_here(incident.pk, 1, "Ana") == []
    presence.leave(incident.pk, 1, "Ana")


# The quick answer --------------------------------------------------------------------------------------------------


def statements(client: Client, **question: Any) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as asked:
        answer = poll(client, FOR_EVER, **question)
    return answer.status_code, len(asked)


def test_where_nothing_happened_it_takes_one_statement(incident: Incident, client: Client) -> None:
    assert poll(client, FOR_EVER).status_code == 204
    assert statements(client) == (204, 1)
    assert statements(client, open=incident.pk) == (204, 1)


def test_a_poll_does_not_extend_the_session(client: Client) -> None:
    poll(client, FOR_EVER)
    soon = timezone.now() + timedelta(minutes=5)
    Session.objects.update(expire_date=soon)
    answer = poll(client, FOR_EVER)
    assert not answer.cookies
    assert Session.objects.get().expire_date == soon


@pytest.mark.parametrize("way", ["signed out", "expired", "deactivated", "role taken", "password changed"])
def test_who_may_no_longer_is_told_nothing(incident: Incident, ana: User, ada: User, client: Client, way: str) -> None:
    assert poll(client, FOR_EVER).status_code == 204
    if way == "signed out":
        Session.objects.all().delete()
    elif way == "expired":
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    elif way == "deactivated":
        deactivate(ana, actor=ada.as_actor())
    elif way == "role taken":
        Role.objects.create(slug="outsider", name="Outsider", permissions=[])
        change_role(ana, "outsider", actor=ada.as_actor())
    else:
        ana.set_password(f"{PASSWORD} anew")
        ana.save(update_fields=["password"])
    answer = poll(client, FOR_EVER)
    assert answer.status_code in (302, 403)
    assert poll(client, FOR_EVER).status_code in (302, 403)


def test_a_stranger_is_sent_to_sign_in(db: None) -> None:
    stranger = Client()
    stranger.cookies["sessionid"] = "x" * 32
    assert poll(stranger, FOR_EVER).status_code == 302


def test_both_ways_tell_the_same_of_the_bell_and_of_access(
    incident: Incident, ana: User, lee: User, client: Client
) -> None:
    """The quick answer has the rule of access in plain SQL; it must be that of visible_to."""
    assign(incident, ana, actor=lee.as_actor())
    for members in ([], [lee], [lee, ana]):
        IncidentMember.objects.all().delete()
        IncidentMember.objects.bulk_create([IncidentMember(incident=incident, user=one) for one in members])
        Incident.objects.filter(pk=incident.pk).update(restricted=bool(members))
        sees = Incident.objects.visible_to(ana).filter(pk=incident.pk).exists()
        presence.others_here(incident.pk, lee.pk, "Lee Park")
        from incidents.queries import live

        live._sessions.clear()
        full = poll(client, FOR_EVER, open=incident.pk, unread="x").json()
        with CaptureQueriesContext(connection) as asked:
            quick = poll(client, FOR_EVER, open=incident.pk, unread="x").json()
        assert len(asked) == 1
        assert full == quick | {"last_entry": full["last_entry"]}
        assert full["unread"] == (1 if sees else 0)
        assert bool(full["people"]) == sees


def test_a_page_without_a_list_asks_for_its_bell_from_now_on(
    incident: Incident, ana: User, lee: User, client: Client
) -> None:
    answer = client.get(reverse("incidents:changes"), {"since": "now"})
    assert answer.status_code == 204
    assert int(answer["X-Last-Entry"]) > 0
    assign(incident, ana, actor=lee.as_actor())
    assert client.get(reverse("incidents:changes"), {"since": "now"}).json()["unread"] == 1
    forget_cached()
