"""Alerts change their incident by hand, stay there, and never come to more eyes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.commands import create_token
from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.chain import verify
from activity.models import Entry
from alerts.models import Alert, Evidence
from common.errors import Refused
from incidents.commands import (
    assign,
    lift_restriction,
    merge,
    move_alerts,
    move_back,
    rename,
    reopen,
    resolve,
    restrict,
    snooze,
)
from incidents.models import Incident, Separation
from incidents.summary import differences
from ingest.commands import ingest
from tests.conftest import NOON, alert, device, opened, user_entity

WHY = "Another intruder."


@pytest.fixture
def other(db: None) -> Incident:
    return opened(alert("other", title="Password spray", entities=(device("hr-ws-01"),)))


@pytest.fixture
def three(db: None) -> Incident:
    """Three alerts on one device, the last of a phishing that stole credentials."""
    return opened(
        alert("p1", title="Mail", entities=(device("ws-1"),), source_incident="case-1"),
        alert("p2", title="Macro", entities=(device("ws-1"), user_entity("eve@example.org"))),
        alert(
            "p3",
            title="Token theft",
            entities=(device("ws-1"), user_entity("eve@example.org")),
            techniques=("T1566", "T1528"),
        ),
    )


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def ids(incident: Incident, *names: str) -> list[int]:
    return list(incident.alerts.filter(external_id__in=names).values_list("pk", flat=True))


def arrival(name: str, *names: str, **more: Any) -> int:
    """Number of the incident that an alert on these devices comes into now."""
    coming = alert(name, entities=tuple(device(each) for each in names), **more)
    return ingest([coming], actor=COMMAND_LINE)[0].incident_id


# --------------------------------------------------------------------------------------------------------- what happens


def test_alerts_go_to_an_existing_incident_with_all_that_hangs_on_them(
    three: Incident, other: Incident, lee: User
) -> None:
    moved = move_alerts(ids(three, "p3"), other, actor=lee.as_actor(), comment=WHY)
    origin, target = fresh(three), fresh(other)
    assert (moved.alerts, moved.emptied) == (1, [])
    assert (origin.alerts_total, target.alerts_total) == (2, 2)
    assert differences([origin, target]) == []
    assert Evidence.objects.filter(incident_number=target.pk).count() == 3
    [row] = target.alerts.filter(external_id="p3")
    assert (row.link_rule, row.link_reason) == ("moved", f"Lee Park moved it here from #{three.pk}: {WHY}")
    assert set(target.tags.values_list("name", flat=True)) == {"Credential phishing"}
    assert not origin.tags.exists()


def test_both_logs_say_why(three: Incident, other: Incident, lee: User) -> None:
    move_alerts(ids(three, "p3"), other, actor=lee.as_actor(), comment=WHY)
    out = Entry.objects.of_incident(three.pk).get(verb="incident.alerts_moved_out")
    into = Entry.objects.of_incident(other.pk).get(verb="incident.alerts_moved_in")
    assert out.body is not None and into.body is not None
    assert (out.body.text, into.body.text) == (WHY, WHY)
    assert (out.facts["moved_to"], into.facts["moved_from"]) == (other.pk, [three.pk])
    assert out.facts["alert_ids"] == into.facts["alert_ids"] == ids(other, "p3")
    assert verify().breaks == ()


def test_a_split_opens_an_incident_of_their_own(three: Incident, lee: User) -> None:
    moved = move_alerts(ids(three, "p2", "p3"), None, actor=lee.as_actor(), comment=WHY)
    split = fresh(moved.to)
    assert (split.alerts_total, fresh(three).alerts_total) == (2, 1)
    assert split.name == split.automatic_name != "Macro"
    entry = Entry.objects.of_incident(split.pk).order_by("sequence")[0]
    assert entry.verb == "incident.split_off"
    assert entry.change_of("status") == {"field": "status", "old": None, "new": "active"}
    assert differences([split, fresh(three)]) == []


def test_words_go_with_them(three: Incident, other: Incident, lee: User, sign_in: Callable[[User], Client]) -> None:
    rename(three, "Operation Heron", actor=lee.as_actor())
    rename(three, "Operation Quiet", actor=lee.as_actor())
    move_alerts(ids(three, "p3"), other, actor=lee.as_actor(), comment=WHY)
    client = sign_in(lee)

    def found(text: str) -> list[int]:
        listed = client.get("/api/v1/incidents/", {"q": text, "sort": "number"}).json()["incidents"]
        return [each["number"] for each in listed]

    assert (found("theft"), found("heron"), found("macro")) == ([other.pk], [three.pk], [three.pk])


def test_the_last_alert_leaves_an_incident_that_says_so(
    three: Incident, other: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    moved = move_alerts(ids(other, "other"), three, actor=lee.as_actor(), comment=WHY)
    left = fresh(other)
    assert (moved.emptied, left.alerts_total, left.asset_counts, left.is_open) == ([other.pk], 0, {}, True)
    page = sign_in(lee).get(reverse("incidents:overview", args=[other.pk])).content.decode()
    assert "All its alerts were moved to other incidents" in page


def test_new_alerts_wake_a_snoozed_incident(three: Incident, other: Incident, ana: User, lee: User) -> None:
    snooze(other, NOON + timedelta(days=30), actor=ana.as_actor())
    move_alerts(ids(three, "p3"), other, actor=lee.as_actor(), comment=WHY)
    assert fresh(other).snoozed_until is None


# --------------------------------------------------------------------------------------------------- what stays apart


def test_what_was_taken_apart_does_not_come_back(three: Incident, lee: User) -> None:
    split = move_alerts(ids(three, "p2", "p3"), None, actor=lee.as_actor(), comment=WHY).to
    assert arrival("later", "ws-1", at=NOON + timedelta(minutes=1)) == split.pk
    again = alert("p3", title="Token theft, again", entities=(device("ws-1"),))
    assert ingest([again], actor=COMMAND_LINE)[0].incident_id == split.pk


def test_what_ties_to_others_still_does(three: Incident, lee: User) -> None:
    move_alerts(ids(three, "p2", "p3"), None, actor=lee.as_actor(), comment=WHY)
    first = arrival("new-1", "ws-1", "ws-2", at=NOON + timedelta(minutes=1))
    assert first != three.pk
    assert arrival("new-2", "ws-2", at=NOON + timedelta(minutes=2)) == first


def test_a_resolved_half_takes_none_and_the_other_does_not_either(three: Incident, lee: User) -> None:
    split = move_alerts(ids(three, "p2", "p3"), None, actor=lee.as_actor(), comment=WHY).to
    resolve(split, actor=lee.as_actor(), note="Known.")
    later = arrival("later", "ws-1", at=NOON + timedelta(minutes=1))
    assert later not in (three.pk, split.pk)


def test_the_sources_own_incident_stays_apart_as_well(three: Incident, lee: User) -> None:
    mate = ingest([alert("p4", entities=(device("ws-9"),), source_incident="case-1")], actor=COMMAND_LINE)[0]
    assert mate.incident_id == three.pk
    split = move_alerts([mate.alert_id], None, actor=lee.as_actor(), comment=WHY).to
    assert arrival("p5", "ws-7", source_incident="case-1") != three.pk
    assert Separation.objects.filter(incident=three, moved_to=split, source_incident="case-1").exists()


def test_merged_again_they_are_apart_no_more(three: Incident, lee: User) -> None:
    split = move_alerts(ids(three, "p2", "p3"), None, actor=lee.as_actor(), comment=WHY).to
    merge(three, [split], actor=lee.as_actor(), reason="One after all.")
    assert arrival("later", "ws-1", at=NOON + timedelta(minutes=1)) == three.pk


def test_moved_back_they_are_apart_no_more(three: Incident, lee: User) -> None:
    moved = ids(three, "p2", "p3")
    split = move_alerts([*moved, *ids(three, "p1")[:0]], None, actor=lee.as_actor(), comment=WHY).to
    move_alerts(moved, three, actor=lee.as_actor(), comment="One after all.")
    assert not Separation.objects.filter(incident=three, moved_to=split).exists()
    assert arrival("later", "ws-1", at=NOON + timedelta(minutes=1)) == three.pk


# ------------------------------------------------------------------------------------------------------ what is refused


def test_what_is_refused_says_why(three: Incident, other: Incident, lee: User) -> None:
    everything = ids(three, "p1", "p2", "p3")

    def refused(words: str, *alerts: int, to: Incident | None = None, comment: str = WHY) -> None:
        with pytest.raises(Refused, match=words):
            move_alerts(alerts, to, actor=lee.as_actor(), comment=comment)

    refused("Write something", everything[0], to=other, comment=" ")
    refused("nothing to split off", *everything)
    refused("Choose the alerts", to=other)
    refused("moved elsewhere", 2**60, to=other)
    resolve(other, actor=lee.as_actor(), note="Done.")
    refused("is resolved; reopen it first", everything[0], to=other)
    assert move_alerts(everything, three, actor=lee.as_actor(), comment=WHY).alerts == 0


def test_nothing_comes_to_more_eyes(three: Incident, other: Incident, ana: User, lee: User) -> None:
    restrict(three, [lee], actor=lee.as_actor())
    with pytest.raises(Refused, match="everyone sees"):
        move_alerts(ids(three, "p3"), other, actor=lee.as_actor(), comment=WHY)
    restrict(other, [lee, ana], actor=lee.as_actor())
    with pytest.raises(Refused, match="are kept from"):
        move_alerts(ids(three, "p3"), other, actor=lee.as_actor(), comment=WHY)
    split = move_alerts(ids(three, "p3"), None, actor=lee.as_actor(), comment=WHY).to
    assert not Incident.objects.visible_to(ana).filter(pk=split.pk).exists()
    assert Incident.objects.visible_to(lee).filter(pk=split.pk).exists()


def test_the_log_of_what_others_see_does_not_name_what_they_do_not(
    three: Incident, other: Incident, ana: User, lee: User
) -> None:
    restrict(other, [lee], actor=lee.as_actor())
    move_alerts(ids(three, "p3"), other, actor=lee.as_actor(), comment="The insider case of Heron.")
    out = Entry.objects.of_incident(three.pk).get(verb="incident.alerts_moved_out")
    assert out.body is None
    assert "moved_to" not in out.facts
    assert out.facts["into"] == "an incident with restricted access"


# -------------------------------------------------------------------------------------------------------- page and API


def test_the_form_moves_and_splits(
    three: Incident, other: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    client, chosen = sign_in(lee), ids(three, "p2", "p3")
    page = client.get(reverse("alert_acts:move"), {"alert": chosen}).content.decode()
    assert "Move 2 alerts" in page and "Say why" not in page
    missing = client.post(reverse("alert_acts:move"), {"alert": chosen, "where": "existing"})
    assert missing.status_code == 422
    assert "Choose the incident" in missing.content.decode() and "Say why" in missing.content.decode()
    data = {"alert": chosen[:1], "where": "existing", "to": f"#{other.pk}", "comment": WHY}
    answer = client.post(reverse("alert_acts:move"), data, follow=True)
    assert f"1 alert moved to #{other.pk}" in answer.content.decode()
    client.post(reverse("alert_acts:move"), {"alert": chosen[1:], "where": "new", "comment": WHY})
    assert fresh(three).alerts_total == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"alert": "x"}, 404),
        ({"alert": "1" * 30}, 404),
        ({"alert": str(2**62)}, 404),
        ({"to": "x"}, 422),
        ({"to": "9" * 18}, 422),
        ({"to": "1,2"}, 422),
        ({"to": "1\x00"}, 422),
        ({"where": "elsewhere"}, 422),
        ({"comment": "a" * 30_001}, 422),
        ({"comment": "a\x00"}, 422),
    ],
)
def test_nonsense_gets_a_sentence(
    three: Incident, other: Incident, lee: User, sign_in: Callable[[User], Client], data: dict[str, Any], status: int
) -> None:
    sent = {"alert": ids(three, "p2"), "where": "existing", "to": str(other.pk), "comment": WHY, **data}
    assert sign_in(lee).post(reverse("alert_acts:move"), sent).status_code == status
    assert Alert.objects.filter(incident=other).count() == 1


def test_the_api_moves_and_splits(three: Incident, other: Incident, ana: User, lee: User) -> None:
    _, key = create_token("script", actor=SYSTEM, role="lead")
    script = Client(headers={"Authorization": f"Bearer {key}"})

    def send(body: object) -> Any:
        return script.post("/api/v1/alerts/move/", body, content_type="application/json")

    told = send({"alerts": ids(three, "p3"), "to": other.pk, "comment": WHY}).json()
    assert (told["number"], told["alerts"]["total"]) == (other.pk, 2)
    told = send({"alerts": ids(three, "p2"), "comment": WHY}).json()
    assert told["alerts"]["total"] == 1
    assert send({"alerts": [2**62], "to": other.pk, "comment": WHY}).status_code == 404
    assert send({"alerts": ids(three, "p1"), "to": 2**62, "comment": WHY}).status_code == 404
    assert send({"alerts": [], "comment": WHY}).json()["errors"][0]["field"] == "alerts"
    assign(other, ana, actor=lee.as_actor())
    resolve(other, actor=lee.as_actor(), note="Done.")
    refused = send({"alerts": ids(three, "p1"), "to": other.pk, "comment": WHY})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "to")


# ------------------------------------------------------------------------------------------------------------- undoing


def test_a_move_is_taken_back_as_if_it_had_never_been(
    three: Incident, other: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    rows = ("id", "incident", "link_rule", "link_reason", "link_entity", "status")
    before = [list(Alert.objects.order_by("pk").values_list(*rows)), _row(three), _row(other)]
    client, chosen = sign_in(lee), [*ids(three, "p2", "p3"), *ids(other, "other")]
    sent = {"alert": chosen, "where": "new", "comment": WHY}
    moved = client.post(reverse("alert_acts:move"), sent, HTTP_HX_REQUEST="true")
    toast = json.loads(moved["HX-Trigger"])["watchfloor:toast"]
    split = Alert.objects.get(external_id="p3").incident
    assert Separation.objects.exists()
    assert fresh(other).alerts_total == 0
    undone = client.post(toast["undo_url"], HTTP_HX_REQUEST="true")
    assert f"Taken back: 3 alerts are in #{three.pk}, #{other.pk} again" in undone["HX-Trigger"]
    assert [list(Alert.objects.order_by("pk").values_list(*rows)), _row(three), _row(other)] == before
    assert not Separation.objects.exists()
    assert arrival("next", "ws-1") == three.pk
    assert (fresh(split).alerts_total, fresh(split).is_open) == (0, False)
    assert all(verify(each.pk).breaks == () for each in (three, other, split))
    assert differences([fresh(three), fresh(other)]) == []
    again = client.post(toast["undo_url"], HTTP_HX_REQUEST="true")
    assert (again.status_code, "been moved on since" in again.content.decode()) == (409, True)


def _row(incident: Incident) -> dict[str, Any]:
    row = Incident.objects.filter(pk=incident.pk).values().get()
    return {key: value for key, value in row.items() if key not in ("version", "updated_at")}


def test_what_others_did_since_stands_in_the_way_or_stays(
    three: Incident, other: Incident, lee: User, ana: User
) -> None:
    actor, batch = lee.as_actor(), uuid4()
    move_alerts(ids(three, "p3"), other, actor=actor, comment=WHY, batch=batch)
    with pytest.raises(Refused, match="no such move of yours"):
        move_back(other, batch, actor=ana.as_actor())
    restrict(fresh(other), [lee], actor=actor)
    with pytest.raises(Refused, match="everyone sees"):
        move_back(other, batch, actor=actor)
    lift_restriction(fresh(other), actor=actor)
    resolve(fresh(three), actor=ana.as_actor(), note="Done.")
    with pytest.raises(Refused, match="is resolved; reopen it first"):
        move_back(other, batch, actor=actor)
    reopen(fresh(three), actor=actor)
    [move] = move_back(other, batch, actor=actor)
    assert (move.to.pk, move.alerts) == (three.pk, 1)
    split = move_alerts(ids(three, "p3"), None, actor=actor, comment=WHY, batch=(second := uuid4())).to
    assign(split, ana, actor=ana.as_actor())
    move_back(split, second, actor=actor)
    assert (fresh(split).alerts_total, fresh(split).is_open) == (0, True), "somebody else has worked on it"
