"""Managing alerts, one or several: what changes, what their incidents' logs tell, who overwrites whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Team, User
from activity.chain import verify
from activity.models import Entry
from alerts.choices import AlertStatus, Classification, Determination
from alerts.models import Alert
from common.errors import Refused
from incidents import summary
from incidents.changes import AlertChanges
from incidents.choices import IncidentStatus
from incidents.commands import manage_alerts, reopen, resolve, restrict
from incidents.commands.alerts import AlertConflict
from incidents.models import Incident
from tests.conftest import alert, device, opened, person

RESOLVED = AlertChanges(status=AlertStatus.RESOLVED)


@pytest.fixture
def other(db: None) -> Incident:
    return opened(alert("other", title="Password spray", entities=(device("srv-01"),)))


def ids(*incidents: Incident) -> list[int]:
    return [number for each in incidents for number in each.alerts.order_by("pk").values_list("pk", flat=True)]


def entries(incident: Incident, after: int = 1) -> list[str]:
    rows = Entry.objects.of_incident(incident.pk).filter(sequence__gt=after).order_by("sequence")
    return [f"{entry.verb} {entry.subject_label}".strip() for entry in rows]


# ------------------------------------------------------------------------------------------------------ the command


def test_one_act_over_incidents_tells_each_log_of_its_own(incident: Incident, other: Incident, lee: User) -> None:
    act = manage_alerts(ids(incident, other), AlertChanges(status=AlertStatus.IN_PROGRESS), actor=lee.as_actor())
    assert (act.changed, act.unchanged, act.resolved) == (3, 0, [])
    assert entries(incident) == ["alert.status_set Encoded command", "alert.status_set Shadow copies deleted"]
    assert entries(other) == ["alert.status_set Password spray"]
    batches = Entry.objects.filter(verb="alert.status_set").values_list("batch", "channel").distinct()
    assert [channel for _, channel in batches] == ["bulk"]
    assert {verify(each.pk) is not None for each in (incident, other)} == {True}


def test_the_last_active_alert_resolves_its_incident_and_no_other(
    incident: Incident, other: Incident, lee: User
) -> None:
    act = manage_alerts([ids(incident)[0], *ids(other)], RESOLVED, actor=lee.as_actor())
    assert act.resolved == [other.pk]
    incident.refresh_from_db()
    other.refresh_from_db()
    assert (incident.status, incident.alerts_active) == (IncidentStatus.ACTIVE, 1)
    assert (other.status, other.resolved_by) == (IncidentStatus.RESOLVED, "Watchfloor")
    assert summary.differences([incident, other]) == []


def test_an_incident_reopened_without_active_alerts_is_not_resolved_again(incident: Incident, lee: User) -> None:
    reopen(resolve(incident, actor=lee.as_actor(), note="Done."), actor=lee.as_actor())
    act = manage_alerts(ids(incident), AlertChanges(status=AlertStatus.RESOLVED, assignee=lee), actor=lee.as_actor())
    incident.refresh_from_db()
    assert (act.resolved, incident.status) == ([], IncidentStatus.ACTIVE)


def test_what_is_so_already_is_left_alone(incident: Incident, lee: User) -> None:
    manage_alerts(ids(incident)[:1], RESOLVED, actor=lee.as_actor())
    incident.refresh_from_db()
    act = manage_alerts(ids(incident)[:1], RESOLVED, actor=lee.as_actor())
    assert (act.changed, act.unchanged) == (0, 1)
    version = incident.version
    incident.refresh_from_db()
    assert incident.version == version


def test_several_fields_are_one_version_and_one_batch(incident: Incident, lee: User, tier2: Team) -> None:
    changes = AlertChanges(
        status=AlertStatus.IN_PROGRESS,
        assignee=tier2,
        classification=Classification.TRUE_POSITIVE,
        determination=Determination.MALWARE,
        comment="Seen at the **desk**.",
    )
    manage_alerts(ids(incident)[:1], changes, actor=lee.as_actor())
    rows = Entry.objects.of_incident(incident.pk).filter(sequence__gt=1, subject_kind="alert")
    assert rows.values_list("batch", "incident_version").distinct().count() == 1
    changed = Alert.objects.get(pk=ids(incident)[0])
    assert (changed.assignee_team, changed.classification, changed.determination) == (tier2, "true_positive", "malware")
    assert Entry.objects.of_incident(incident.pk).get(verb="comment.added").body.text == "Seen at the **desk**."
    incident.refresh_from_db()
    assert incident.assignee is None


def test_the_comment_is_said_once_on_each_incident(incident: Incident, other: Incident, lee: User) -> None:
    once = uuid4()
    for _ in range(2):
        manage_alerts(ids(incident, other), AlertChanges(comment="Same actor."), actor=lee.as_actor(), once=once)
    said = Entry.objects.filter(verb="comment.added").order_by("incident_id").values_list("incident_id", flat=True)
    assert list(said) == [incident.pk, other.pk]


@pytest.mark.parametrize(
    "changes",
    [
        AlertChanges(classification=Classification.FALSE_POSITIVE, determination=Determination.MALWARE),
        AlertChanges(status=AlertStatus.RESOLVED, comment="x" * 30_001),
    ],
)
def test_what_a_rule_refuses_leaves_all_as_it_was(
    incident: Incident, other: Incident, lee: User, changes: AlertChanges
) -> None:
    before = Entry.objects.count()
    with pytest.raises(Refused):
        manage_alerts(ids(incident, other), changes, actor=lee.as_actor())
    assert Entry.objects.count() == before
    assert set(Alert.objects.values_list("status", "classification")) == {(AlertStatus.NEW, "not_set")}


def test_nobody_without_the_right_is_assigned(incident: Incident, lee: User) -> None:
    with pytest.raises(Refused, match="may not work on incidents"):
        manage_alerts(ids(incident), AlertChanges(assignee=person("vic", "Vic", "reader")), actor=lee.as_actor())


def test_more_than_five_hundred_are_too_many(lee: User) -> None:
    with pytest.raises(Refused, match="At most 500"):
        manage_alerts(range(501), RESOLVED, actor=lee.as_actor())


def test_statements_do_not_grow_with_the_alerts(db: None, lee: User) -> None:
    changes, counts = AlertChanges(status=AlertStatus.IN_PROGRESS, assignee=lee), []
    for many in (1, 12):
        several = ids(*(opened(alert(f"{many}-{each}", entities=(device(f"h{many}-{each}"),))) for each in range(many)))
        with CaptureQueriesContext(connection) as captured:
            manage_alerts(several, changes, actor=lee.as_actor())
        counts.append(len(captured))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------------------------------------------- conflicts


def test_a_field_that_somebody_else_changed_is_a_conflict(incident: Incident, lee: User, ana: User) -> None:
    based_on = {incident.pk: incident.version}
    manage_alerts(ids(incident)[:1], AlertChanges(status=AlertStatus.IN_PROGRESS), actor=ana.as_actor())
    with pytest.raises(AlertConflict) as caught:
        manage_alerts(ids(incident), RESOLVED, actor=lee.as_actor(), based_on=based_on)
    (conflict,) = caught.value.conflicts
    assert (conflict.field, conflict.theirs, conflict.mine) == ("status", "in_progress", "resolved")
    assert (conflict.changed_by, caught.value.alerts) == ("Ana Ruiz", {"status": frozenset(ids(incident)[:1])})


def test_other_fields_and_other_alerts_are_no_conflict(incident: Incident, lee: User, ana: User) -> None:
    based_on = {incident.pk: incident.version}
    first, second = ids(incident)
    manage_alerts([first], AlertChanges(assignee=ana), actor=ana.as_actor())
    manage_alerts([second], RESOLVED, actor=ana.as_actor())
    act = manage_alerts([first], RESOLVED, actor=lee.as_actor(), based_on=based_on)
    assert act.changed == 1


def test_keeping_theirs_changes_the_rest(incident: Incident, lee: User, ana: User) -> None:
    first, second = ids(incident)
    manage_alerts([first], AlertChanges(status=AlertStatus.IN_PROGRESS), actor=ana.as_actor())
    manage_alerts([first, second], RESOLVED, actor=lee.as_actor(), leave={"status": frozenset([first])})
    assert list(Alert.objects.order_by("pk").values_list("status", flat=True)) == [2, 3]


# --------------------------------------------------------------------------------------------------------- the form


@pytest.fixture
def client(lee: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(lee)


def form_of(client: Client, *numbers: int) -> dict[str, Any]:
    """What the form holds when it is opened."""
    if len(numbers) == 1:
        answer = client.get(reverse("alert_acts:manage", args=numbers))
    else:
        answer = client.get(reverse("alert_acts:manage_many"), {"alert": numbers})
    assert answer.status_code == 200
    context = answer.context
    fields = dict(context["was"]) | {"alert": context["numbers"], "versions": context["versions"]}
    start = {name: context["form"].initial[name] for name in ("status", "assignee", "classification")}
    return fields | start | {"assignee": start["assignee"].replace("*", ""), "once": str(context["once"])}


def post(client: Client, fields: dict[str, Any], **changes: Any) -> Any:
    numbers = str(fields["alert"]).split(",")
    where = "alert_acts:manage" if len(numbers) == 1 else "alert_acts:manage_many"
    address = reverse(where, args=numbers if len(numbers) == 1 else [])
    return client.post(address, fields | changes, headers={"HX-Request": "true"})


def test_the_form_of_one_saves_and_shows_the_alert(incident: Incident, client: Client) -> None:
    first = ids(incident)[0]
    answer = post(client, form_of(client, first), status="resolved", classification="false_positive/not_malicious")
    assert answer.status_code == 200
    assert "False positive, not malicious" in answer.content.decode()
    assert f'"watchfloor:resolved": {{"id": {first}}}' in answer["HX-Trigger"]
    assert Alert.objects.get(pk=first).status == AlertStatus.RESOLVED


def test_the_form_of_several_starts_with_what_they_share(incident: Incident, other: Incident, client: Client) -> None:
    manage_alerts(ids(other), AlertChanges(status=AlertStatus.IN_PROGRESS), actor=User.objects.get().as_actor())
    fields = form_of(client, *ids(incident, other))
    assert (fields["status"], fields["classification"], fields["was_assignee"]) == ("keep", "not_set", "")
    answer = post(client, fields, assignee="lee")
    assert answer.status_code == 200
    assert set(Alert.objects.values_list("assignee_user__username", flat=True)) == {"lee"}
    assert sorted(Alert.objects.values_list("status", flat=True)) == [1, 1, 2]


def test_different_assignees_are_left_unless_one_is_chosen(incident: Incident, client: Client, lee: User) -> None:
    first, second = ids(incident)
    manage_alerts([first], AlertChanges(assignee=lee), actor=lee.as_actor())
    assert post(client, form_of(client, first, second), status="in_progress").status_code == 200
    assert Alert.objects.get(pk=first).assignee_user == lee
    assert post(client, form_of(client, first, second), nobody="on").status_code == 200
    assert Alert.objects.get(pk=first).assignee_user is None


def test_nothing_changed_is_said(incident: Incident, client: Client) -> None:
    answer = post(client, form_of(client, ids(incident)[0]))
    assert (answer.status_code, "Choose something to change first" in answer.content.decode()) == (422, True)


def test_a_conflict_shows_both_and_the_choice_decides(incident: Incident, client: Client, ana: User, lee: User) -> None:
    first = ids(incident)[0]
    fields = form_of(client, first)
    manage_alerts([first], AlertChanges(status=AlertStatus.IN_PROGRESS), actor=ana.as_actor())
    answer = post(client, fields, status="resolved", assignee="lee")
    assert answer.status_code == 409
    page = unescape(answer.content.decode())
    assert "Ana Ruiz" in page
    assert 'name="keep_status"' in page
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    again |= {"status": "resolved", "assignee": "lee", "classification": "not_set"}
    assert post(client, again, keep_status="theirs").status_code == 200
    kept = Alert.objects.get(pk=first)
    assert (kept.status, kept.assignee_user) == (AlertStatus.IN_PROGRESS, lee)
    assert post(client, again, keep_status="yours").status_code == 200
    assert Alert.objects.get(pk=first).status == AlertStatus.RESOLVED


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"status": "gone"}, "gone"),
        ({"assignee": "nobody-here"}, "Nobody has that name"),
        ({"versions": "x"}, "damaged"),
        ({"comment": "x" * 30_001}, "30,000"),
    ],
)
def test_bad_input_is_told_at_the_form(
    incident: Incident, client: Client, change: dict[str, str], problem: str
) -> None:
    answer = post(client, form_of(client, ids(incident)[0]), **change)
    assert answer.status_code == 422
    assert problem in unescape(answer.content.decode())


@pytest.mark.parametrize("query", ["", "alert=x", "alert=0", "alert=99999999999999999999", "alert=" + "1," * 501])
def test_addresses_that_name_no_alerts_are_404(client: Client, query: str) -> None:
    assert client.get(f"{reverse('alert_acts:manage_many')}?{query}").status_code == 404


def test_one_that_is_kept_from_me_among_several_is_a_404(
    incident: Incident, other: Incident, client: Client, ana: User
) -> None:
    restrict(other, [ana], actor=ana.as_actor())
    assert client.get(reverse("alert_acts:manage_many"), {"alert": ids(incident, other)}).status_code == 404
    assert client.post(reverse("alert_acts:assign_to_me", args=ids(other))).status_code == 404


def test_i_take_an_alert_and_its_incident_stays_whose_it_is(incident: Incident, client: Client, lee: User) -> None:
    answer = client.post(reverse("alert_acts:assign_to_me", args=ids(incident)[:1]), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert Alert.objects.get(pk=ids(incident)[0]).assignee_user == lee
    incident.refresh_from_db()
    assert incident.assignee is None


def test_without_script_a_save_leads_to_the_alert_or_the_list(incident: Incident, client: Client) -> None:
    one = form_of(client, ids(incident)[0])
    answer = client.post(reverse("alert_acts:manage", args=ids(incident)[:1]), one | {"status": "in_progress"})
    assert (answer.status_code, answer["Location"]) == (302, f"/alerts/{ids(incident)[0]}/")
    many = form_of(client, *ids(incident))
    answer = client.post(reverse("alert_acts:manage_many"), many | {"status": "resolved"})
    assert (answer.status_code, answer["Location"]) == (302, "/alerts/")


# --------------------------------------------------------------------------------------------------------------- undo


def test_an_act_on_many_alerts_is_taken_back_where_nobody_has_touched_it_since(
    incident: Incident, other: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    client, numbers = sign_in(lee), ids(incident, other)
    form = {"alert": ",".join(map(str, numbers)), "status": "resolved", "assignee": "lee",
            "classification": "true_positive/malware", "versions": ""}  # fmt: skip
    page = client.get(reverse("alert_acts:manage_many"), {"alert": form["alert"]}).content.decode()
    form |= {name: unescape(value) for name, value in re.findall(r'name="(versions|was_\w+)" value="([^"]*)"', page)}
    saved = client.post(reverse("alert_acts:manage_many"), form, headers={"HX-Request": "true"})
    undo = re.search(r'"undo_url": "(/alerts/undo/[^"]+)"', saved["HX-Trigger"])
    assert undo is not None
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.RESOLVED
    manage_alerts(numbers[:1], AlertChanges(assignee=ana), actor=ana.as_actor())
    told = client.post(undo[1], headers={"HX-Request": "true"})["HX-Trigger"]
    assert "Taken back in 2 incidents. Left as it is: assignee of the alert" in told
    alerts = list(Alert.objects.order_by("pk").values_list("status", "assignee_user__username", "classification"))
    assert alerts == [(AlertStatus.NEW, "ana", "not_set"), *[(AlertStatus.NEW, None, "not_set")] * (len(numbers) - 1)]
    for each in (incident, other):
        each.refresh_from_db()
        assert (each.status, each.resolution_note) == (IncidentStatus.ACTIVE, "")
        assert verify(each.pk).breaks == ()
    assert summary.differences([incident, other]) == []
    assert "Nothing was taken back" in client.post(undo[1], headers={"HX-Request": "true"})["HX-Trigger"]


def test_nobody_takes_back_what_another_did(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    manage_alerts(ids(incident), RESOLVED, actor=lee.as_actor(), batch=(act := uuid4()))
    assert sign_in(ana).post(reverse("alert_acts:undo", args=[act])).status_code == 404
    assert sign_in(lee).post(reverse("alert_acts:undo", args=[act])).status_code == 302
    assert Alert.objects.exclude(status=AlertStatus.NEW).count() == 0
