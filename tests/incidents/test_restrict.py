"""Incidents that only their members see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import create_team, create_token, deactivate, set_members
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.kinds import count_kinds
from alerts.models import Alert, AlertKind
from common.errors import Refused
from incidents.changes import AlertChanges, Changes, TaskChanges
from incidents.choices import TaskState
from incidents.commands import (
    add_task,
    apply_changes,
    apply_to_many,
    assign,
    assign_alerts,
    change_task,
    lift_restriction,
    manage_alerts,
    restrict,
    set_incident_members,
    unassign,
)
from incidents.models import Incident, Notice, Task
from tests.conftest import alert, device, opened


def seen_by(person: User) -> set[int]:
    return set(Incident.objects.visible_to(person).values_list("pk", flat=True))


def test_only_members_see_it(incident: Incident, ana: User, lee: User, rio: User, ada: User) -> None:
    restrict(incident, [ana, lee], actor=lee.as_actor())
    assert [seen_by(each) for each in (ana, lee)] == [{incident.pk}] * 2
    assert [seen_by(each) for each in (rio, ada)] == [set()] * 2


def test_no_token_sees_it(incident: Incident, lee: User) -> None:
    token, _ = create_token("script", actor=SYSTEM, role="lead")
    assert Incident.objects.visible_to(token).count() == 1
    restrict(incident, [lee], actor=lee.as_actor())
    assert Incident.objects.visible_to(token).count() == 0


def test_the_entry_names_the_members(incident: Incident, ana: User, lee: User) -> None:
    restrict(incident, [lee, ana], actor=lee.as_actor())
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.restricted")
    assert entry.changes == [
        {"field": "restricted", "old": False, "new": True},
        {"field": "members", "old": [], "new": ["ana", "lee"]},
    ]


def test_nobody_is_no_membership(incident: Incident, lee: User) -> None:
    with pytest.raises(Refused) as refused:
        restrict(incident, [], actor=lee.as_actor())
    assert refused.value.field == "members"
    incident.refresh_from_db()
    assert not incident.restricted


def test_members_can_be_exchanged(incident: Incident, ana: User, lee: User, rio: User) -> None:
    restrict(incident, [ana, lee], actor=lee.as_actor())
    set_incident_members(incident, [lee, rio, rio], actor=lee.as_actor())
    assert (seen_by(ana), seen_by(rio)) == (set(), {incident.pk})
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.members_changed")
    assert entry.changes == [{"field": "members", "old": ["ana", "lee"], "new": ["lee", "rio"]}]


def test_members_belong_to_restricted_incidents_only(incident: Incident, lee: User) -> None:
    with pytest.raises(Refused, match="restrict it before"):
        set_incident_members(incident, [lee], actor=lee.as_actor())


def test_lifted_everyone_sees_it_and_members_are_gone(incident: Incident, lee: User, rio: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    lift_restriction(incident, actor=lee.as_actor())
    assert seen_by(rio) == {incident.pk}
    assert not incident.members.exists()


def test_a_deactivated_member_sees_nothing(incident: Incident, ana: User, lee: User) -> None:
    restrict(incident, [ana, lee], actor=lee.as_actor())
    assert seen_by(deactivate(ana, actor=SYSTEM)) == set()


def test_somebody_without_the_right_sees_nothing_even_as_member(incident: Incident, otto: User, lee: User) -> None:
    restrict(incident, [otto, lee], actor=lee.as_actor())
    assert seen_by(otto) == set()


def test_new_alerts_do_not_join_it(incident: Incident, lee: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    later = opened(alert("3", entities=(device("fin-ws-17"),)))
    assert later.pk != incident.pk
    assert later.related_to is None


def test_its_alerts_do_not_count_for_how_rare_a_kind_is(incident: Incident, lee: User) -> None:
    Alert.objects.update(last_activity=timezone.now())
    count_kinds()
    assert AlertKind.objects.count() == 2
    restrict(incident, [lee], actor=lee.as_actor())
    count_kinds()
    assert not AlertKind.objects.exists()


# Teams -------------------------------------------------------------------------------------------------------------


def test_who_is_in_a_team_is_read_at_the_moment(
    incident: Incident, tier2: Team, ana: User, lee: User, rio: User
) -> None:
    restrict(incident, [lee, tier2], actor=lee.as_actor())
    assert [seen_by(each) for each in (ana, rio, lee)] == [{incident.pk}] * 3
    set_members(tier2, [rio], actor=SYSTEM)
    assert [seen_by(each) for each in (ana, rio)] == [set(), {incident.pk}]
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.restricted")
    assert entry.changes[1] == {"field": "members", "old": [], "new": ["lee", "team:tier2"]}


def test_named_twice_one_still_sees_it_once(incident: Incident, tier2: Team, ana: User, lee: User) -> None:
    restrict(incident, [ana, tier2, ana], actor=lee.as_actor())
    assert list(Incident.objects.visible_to(ana).values_list("pk", flat=True)) == [incident.pk]


def test_a_team_of_nobody_is_no_membership(incident: Incident, lee: User, otto: User) -> None:
    for members in ([], [otto]):
        team = create_team(f"empty{len(members)}", actor=SYSTEM, name=f"Empty {len(members)}", members=members)
        with pytest.raises(Refused, match="nobody will see"):
            restrict(incident, [team], actor=lee.as_actor())


# Assigning ---------------------------------------------------------------------------------------------------------


def test_it_is_given_to_nobody_who_would_not_see_it(
    incident: Incident, tier2: Team, lee: User, rio: User, ana: User
) -> None:
    restrict(incident, [lee, ana], actor=lee.as_actor())
    for somebody in (rio, tier2):
        with pytest.raises(Refused, match="name them to it first") as refused:
            assign(incident, somebody, actor=lee.as_actor())
        assert refused.value.field == "assignee"
    with pytest.raises(Refused, match="name them to it first"):
        manage_alerts([incident.alerts.earliest("pk").pk], AlertChanges(assignee=rio), actor=lee.as_actor())
    many = apply_to_many([incident.pk], Changes(assignee=rio), actor=lee.as_actor(), principal=lee)
    assert "name them to it first" in many[incident.pk].reason
    assert assign(incident, ana, actor=lee.as_actor()).assignee == ana


def test_one_act_names_and_assigns(incident: Incident, lee: User, rio: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    apply_changes(incident, Changes(assignee=rio, names_assignee=True), actor=lee.as_actor())
    incident.refresh_from_db()
    assert (incident.assignee, seen_by(rio)) == (rio, {incident.pk})


def test_it_is_not_kept_from_who_has_it(incident: Incident, tier2: Team, lee: User, rio: User, ana: User) -> None:
    assign(incident, rio, actor=lee.as_actor())
    with pytest.raises(Refused, match="assigned to Rio Sato"):
        restrict(incident, [lee], actor=lee.as_actor())
    restrict(incident, [lee, tier2], actor=lee.as_actor())
    with pytest.raises(Refused, match="assigned to Rio Sato"):
        set_incident_members(incident, [lee], actor=lee.as_actor())
    unassign(incident, actor=lee.as_actor())
    set_incident_members(incident, [lee], actor=lee.as_actor())


def test_what_is_left_to_do_is_with_nobody_who_does_not_see_it(
    incident: Incident, lead: Client, tier2: Team, lee: User, rio: User
) -> None:
    mine, theirs, done = (add_task(incident, title, assignee=rio, actor=SYSTEM) for title in ("Mine", "Theirs", "Done"))
    change_task(mine, TaskChanges(assignee=lee), actor=SYSTEM)
    change_task(done, TaskChanges(state=TaskState.COMPLETED), actor=SYSTEM)
    first, second = incident.alerts.order_by("pk")
    assign_alerts(incident, [first.pk], tier2, actor=SYSTEM)
    assign_alerts(incident, [second.pk], lee, actor=SYSTEM)
    address = reverse("incidents:restriction", args=[incident.pk])
    pane = lead.get(address).content.decode()
    assert "Lee Park (1 task, 1 alert), Rio Sato (1 task), Tier 2 (1 alert)." in pane
    sent = {"members": ["lee"], "reason": "Staff matter."}
    toast = lead.post(address, sent, HTTP_HX_REQUEST="true")["HX-Trigger"]
    assert "nobody has now what was with Rio Sato (1 task), Tier 2 (1 alert)" in toast
    assert [Task.objects.get(pk=each.pk).assignee_user for each in (mine, theirs, done)] == [lee, None, rio]
    alerts = incident.alerts.order_by("pk").values_list("assignee_user", "assignee_team")
    assert list(alerts) == [(None, None), (lee.pk, None)]
    batch = Entry.objects.get(incident=incident, verb="incident.restricted").batch
    told = Entry.objects.filter(incident=incident, batch=batch).exclude(verb="incident.restricted")
    assert [entry.changes[0]["old"]["label"] for entry in told.order_by("sequence")] == ["Rio Sato", "Tier 2"]
    set_incident_members(Incident.objects.get(pk=incident.pk), [rio, lee], actor=lee.as_actor())
    change_task(theirs, TaskChanges(assignee=rio), actor=SYSTEM)
    set_incident_members(Incident.objects.get(pk=incident.pk), [lee], actor=lee.as_actor())
    assert Task.objects.get(pk=theirs.pk).assignee_user is None


def test_followers_who_are_not_named_hear_nothing_and_a_mention_tells_nothing(
    incident: Incident, lee: User, rio: User
) -> None:
    assign(incident, rio, actor=lee.as_actor())
    assign(incident, lee, actor=lee.as_actor())
    restrict(incident, [lee], actor=lee.as_actor(), reason="@rio is concerned")
    assert not Notice.objects.filter(user=rio, entry__verb="incident.restricted").exists()


# Pages -------------------------------------------------------------------------------------------------------------

HTMX = {"HX-Request": "true"}
WHY = "A colleague is concerned"


def page(incident: Incident, name: str = "restriction") -> str:
    return reverse(f"incidents:{name}", args=[incident.pk])


def send(client: Client, incident: Incident, *members: str, reason: str = WHY, **more: Any) -> Any:
    return client.post(page(incident), {"members": members, "reason": reason}, **more)


@pytest.fixture
def lead(lee: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(lee)


def test_the_form_begins_with_oneself_and_the_assignee(incident: Incident, lead: Client, ana: User, lee: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    assert [each["value"] for each in lead.get(page(incident)).context["chosen"]] == ["lee", "ana"]


def test_it_restricts_names_and_lifts(incident: Incident, lead: Client, tier2: Team, lee: User, rio: User) -> None:
    answer = send(lead, incident, "lee", headers=HTMX)
    assert (answer.status_code, seen_by(rio)) == (200, set())
    assert "Restricted" in answer.content.decode()
    assert "Seen by" in lead.get(page(incident, "overview")).content.decode()
    send(lead, incident, "lee", "team:tier2", "", reason="")
    assert seen_by(rio) == {incident.pk}
    assert lead.post(page(incident, "lift_restriction"), {"reason": ""}).status_code == 422
    lead.post(page(incident, "lift_restriction"), {"reason": "It is public"})
    incident.refresh_from_db()
    assert not incident.restricted
    texts = Entry.objects.of_incident(incident.pk).filter(body__isnull=False).order_by("sequence")
    assert [entry.body.text for entry in texts if entry.body] == [WHY, "It is public"]


def test_without_script_names_are_typed(incident: Incident, lead: Client, rio: User, ana: User) -> None:
    send(lead, incident, "lee", "Rio, ana")
    assert seen_by(rio) == seen_by(ana) == {incident.pk}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([], "Name at least one"),
        (["nobody"], "“nobody” is nobody"),
        (["team:x"], "“team:x” is nobody"),
        (["a\x00b"], "is nobody"),
        (["otto"], "“otto” is nobody"),
        ([f"x{number}" for number in range(201)], "at most 200"),
    ],
)
def test_whom_it_cannot_be_is_said(incident: Incident, lead: Client, otto: User, members: list[str], said: str) -> None:
    answer = send(lead, incident, *members)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not Incident.objects.get(pk=incident.pk).restricted


def test_whom_it_can_be_stays_chosen(incident: Incident, lead: Client) -> None:
    assert [each["value"] for each in send(lead, incident, "lee", "nobody").context["chosen"]] == ["lee"]


def test_who_closes_it_to_themselves_goes_back_to_the_queue(incident: Incident, lead: Client, ana: User) -> None:
    answer = send(lead, incident, "ana", headers=HTMX)
    assert answer["HX-Redirect"] == reverse("incidents:queue")
    assert lead.get(page(incident)).status_code == 404


def test_who_reads_may_be_named_and_is_suggested(lead: Client, vic: User, otto: User) -> None:
    for text, there in (("vic", True), ("otto", False)):
        answer = lead.get(reverse("incidents:suggest_assignees"), {"q": text, "for": "member"})
        assert (f'data-value="{text}"' in answer.content.decode()) == there


def test_the_manage_pane_offers_to_name_the_assignee(
    incident: Incident, lead: Client, lee: User, rio: User, ana: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(incident, [lee, ana], actor=lee.as_actor())
    start = dict(lead.get(page(incident, "manage")).context["form"].initial)
    sent = {key: value for key, value in start.items() if value is not None} | {"assignee": "rio"}
    offered = lead.post(page(incident, "manage"), sent)
    assert (offered.status_code, "Name Rio Sato to this" in offered.content.decode()) == (422, True)
    analyst = sign_in(ana).post(page(incident, "manage"), {**sent, "names_assignee": "on"})
    assert (analyst.status_code, "Name Rio Sato" in analyst.content.decode()) == (422, False)
    assert lead.post(page(incident, "manage"), {**sent, "names_assignee": "on"}).status_code == 302
    assert seen_by(rio) == {incident.pk}
