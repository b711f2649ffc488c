"""What changed since one last looked: marks of rows, and the line in the activity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activity.models import Entry
from incidents.commands import add_comment, change_tags, follow, rename, resolve, restrict
from incidents.commands.looking import look_at, look_at_all
from incidents.models import Incident, Look, Notice
from incidents.queries.unread import unread
from tests.conftest import alert, device, opened
from tests.incidents.test_notices import forty_changes

HTMX = {"HX-Request": "true"}


def words(incident: Incident, user: User) -> str:
    found = unread([incident.pk], user)
    return found[incident.pk].in_words if found else ""


def test_what_one_never_looked_at_is_new_for_a_week(incident: Incident, ana: User) -> None:
    assert words(incident, ana) == "New to you"
    Incident.objects.filter(pk=incident.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert words(incident, ana) == ""


def test_looking_makes_it_old_and_a_change_by_others_new(incident: Incident, ana: User, lee: User) -> None:
    look_at(ana, incident.pk)
    assert words(incident, ana) == ""
    rename(incident, "Another", actor=lee.as_actor())
    assert words(incident, ana) == "1 change since you looked"
    add_comment(incident, "Said", actor=lee.as_actor())
    assert words(incident, ana) == "2 changes since you looked"
    look_at(ana, incident.pk)
    assert words(incident, ana) == ""


def test_it_is_each_persons_own(incident: Incident, ana: User, rio: User) -> None:
    look_at(ana, incident.pk)
    assert words(incident, rio) == "New to you"


def test_own_changes_are_no_news_but_do_not_hide_those_of_others(incident: Incident, ana: User, lee: User) -> None:
    look_at(ana, incident.pk)
    rename(incident, "By ana", actor=ana.as_actor())
    assert words(incident, ana) == ""
    rename(incident, "By lee", actor=lee.as_actor())
    rename(incident, "By ana again", actor=ana.as_actor())
    assert words(incident, ana) == "1 change since you looked"


def test_what_one_has_worked_on_is_not_new(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["vip"], actor=ana.as_actor())
    assert words(incident, ana) == ""


def test_that_somebody_follows_is_no_change(incident: Incident, ana: User, lee: User) -> None:
    look_at(ana, incident.pk)
    follow(incident, actor=lee.as_actor())
    assert words(incident, ana) == ""


def test_the_alerts_of_one_act_count_once(incident: Incident, ana: User, lee: User) -> None:
    look_at(ana, incident.pk)
    resolve(incident, actor=lee.as_actor(), note="Done.")
    assert words(incident, ana) == "1 change since you looked"


def test_forty_changes_while_away_are_counted_without_ones_own(
    incident: Incident, ana: User, lee: User, rio: User
) -> None:
    look_at(ana, incident.pk)
    forty_changes(incident, lee, rio, ana)
    # The fortieth is that of an alert, which is told of by the bell and in the activity.
    assert words(incident, ana) == "39 changes since you looked"


def test_very_many_are_counted_no_further(incident: Incident, ana: User, lee: User) -> None:
    look_at(ana, incident.pk)
    for turn in range(101):
        add_comment(incident, str(turn), actor=lee.as_actor())
    assert words(incident, ana) == "99+ changes since you looked"


def test_a_page_of_rows_takes_one_statement(ana: User) -> None:
    incidents = [opened(alert(f"{n}", entities=(device(f"h{n}"),))) for n in range(30)]
    with CaptureQueriesContext(connection) as asked:
        assert len(unread([one.pk for one in incidents], ana)) == 30
    assert len(asked) == 1


# Pages -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


@pytest.mark.parametrize("name", ["details", "alerts", "evidence", "activity"])
def test_opening_pane_or_page_is_looking(incident: Incident, ana: User, client: Client, name: str) -> None:
    client.get(reverse(f"incidents:{name}", args=[incident.pk]), headers=HTMX if name == "details" else {})
    assert words(incident, ana) == ""
    assert Look.objects.get(user=ana).sequence == Entry.objects.of_incident(incident.pk).latest("sequence").sequence


def test_looking_again_writes_nothing(incident: Incident, client: Client) -> None:
    path = reverse("incidents:details", args=[incident.pk])
    client.get(path, headers=HTMX)
    with CaptureQueriesContext(connection) as asked:
        client.get(path, headers=HTMX)
    assert not [each for each in asked.captured_queries if "INSERT" in each["sql"] or "UPDATE" in each["sql"]]


def test_looking_leaves_no_trace_in_the_log(incident: Incident, client: Client) -> None:
    before = Entry.objects.count()
    client.get(reverse("incidents:overview", args=[incident.pk]))
    assert Entry.objects.count() == before


def test_opening_reads_what_the_bell_told_of_it(incident: Incident, ana: User, lee: User, client: Client) -> None:
    follow(incident, actor=ana.as_actor())
    rename(incident, "Another", actor=lee.as_actor())
    assert Notice.objects.filter(user=ana, read_at__isnull=True).count() == 1
    client.get(reverse("incidents:details", args=[incident.pk]), headers=HTMX)
    assert not Notice.objects.filter(user=ana, read_at__isnull=True).exists()


def test_a_line_parts_the_new_from_the_seen_through_the_visit(incident: Incident, lee: User, client: Client) -> None:
    pane, page = (reverse(f"incidents:{name}", args=[incident.pk]) for name in ("details", "activity"))
    assert "New since you looked" not in client.get(pane, headers=HTMX).content.decode()
    rename(incident, "Another", actor=lee.as_actor())
    for path, headers in ((pane, HTMX), (page, {}), (page, {})):
        shown = client.get(path, headers=headers).content.decode()
        assert shown.count("New since you looked") == 1
        assert shown.index("renamed the incident") < shown.index("New since you looked")
        assert shown.index("New since you looked") < shown.index("opened the incident")


def test_the_line_is_gone_at_the_next_visit(incident: Incident, ana: User, lee: User, client: Client) -> None:
    pane = reverse("incidents:details", args=[incident.pk])
    client.get(pane, headers=HTMX)
    rename(incident, "Another", actor=lee.as_actor())
    client.get(pane, headers=HTMX)
    Look.objects.filter(user=ana).update(looked_at=timezone.now() - timedelta(hours=1))
    assert "New since you looked" not in client.get(pane, headers=HTMX).content.decode()


def test_own_changes_draw_no_line(incident: Incident, ana: User, client: Client) -> None:
    pane = reverse("incidents:details", args=[incident.pk])
    client.get(pane, headers=HTMX)
    rename(incident, "Another", actor=ana.as_actor())
    assert "New since you looked" not in client.get(pane, headers=HTMX).content.decode()


def test_all_on_the_page_are_marked_as_seen_but_not_what_one_may_not_see(
    incident: Incident, ana: User, lee: User, client: Client
) -> None:
    secret = opened(alert("secret", entities=(device("dc-01"),)))
    restrict(secret, [lee], actor=lee.as_actor())
    client.post(reverse("incidents:seen"), {"numbers": f"{incident.pk},{secret.pk}"})
    assert list(Look.objects.filter(user=ana).values_list("incident", flat=True)) == [incident.pk]


@pytest.mark.parametrize("numbers", ["", "x", "1,,2", "9" * 30, ",".join(["1"] * 501)])
def test_other_numbers_are_a_400(client: Client, numbers: str) -> None:
    assert client.post(reverse("incidents:seen"), {"numbers": numbers}).status_code == 400


def test_looking_at_several_keeps_who_looked_further(incident: Incident, ana: User) -> None:
    look_at_all(ana, [incident.pk])
    Look.objects.filter(user=ana).update(sequence=1_000)
    look_at_all(ana, [incident.pk])
    assert Look.objects.get(user=ana).sequence == 1_000


# The filter --------------------------------------------------------------------------------------------------------


def listed(client: Client, **query: str) -> set[int]:
    rows = client.get("/incidents/", {"severity": "any", **query}).context["rows"]
    return {row.number for row in rows}


def test_the_filter_finds_what_the_rows_mark(incident: Incident, ana: User, lee: User, client: Client) -> None:
    new, seen, changed, own, followed, old = (
        opened(alert(name, entities=(device(name),))) for name in ("new", "seen", "changed", "own", "followed", "old")
    )
    for one in (incident, seen, changed, followed):
        look_at(ana, one.pk)
    Look.objects.filter(user=ana).update(looked_at=timezone.now() - timedelta(minutes=5))
    rename(changed, "Changed", actor=lee.as_actor())
    rename(seen, "By herself", actor=ana.as_actor())
    change_tags(own, add=["vip"], actor=ana.as_actor())
    follow(followed, actor=lee.as_actor())
    Incident.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    everything = [one.pk for one in (incident, new, seen, changed, own, followed, old)]
    assert listed(client, unread="yes") == unread(everything, ana).keys() == {new.pk, changed.pk}
    assert listed(client, unread="no") == set(everything) - {new.pk, changed.pk}


def test_the_filter_of_what_one_follows(incident: Incident, ana: User, client: Client) -> None:
    opened(alert("other", entities=(device("other"),)))
    follow(incident, actor=ana.as_actor())
    assert listed(client, followed="yes") == {incident.pk}


def test_the_queue_marks_rows_and_offers_to_see_them_all(
    incident: Incident, ana: User, lee: User, client: Client
) -> None:
    shown = client.get("/incidents/").content.decode()
    assert "New to you" in shown
    assert f'name="numbers" value="{incident.pk}"' in shown
    client.post(reverse("incidents:seen"), {"numbers": str(incident.pk)})
    shown = client.get("/incidents/").content.decode()
    assert "row-unread" not in shown
    assert "Mark all on this page as seen" not in shown
