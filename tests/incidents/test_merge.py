"""Several incidents become one; nothing is lost, and nothing becomes a lie."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.chain import verify
from activity.models import Entry
from activity.queries import stream
from alerts.choices import Classification, Determination, Severity
from alerts.models import Alert, Evidence
from common.errors import Refused
from entities.identity import domain
from incidents.commands import (
    add_comment,
    add_evidence,
    add_task,
    assign,
    change_tags,
    classify,
    follow,
    lift_restriction,
    merge,
    rename,
    resolve,
    restrict,
    set_due,
    set_incident_members,
    set_severity,
    snooze,
)
from incidents.commands.merging import Blocked
from incidents.models import Follower, Incident
from incidents.rules.merging import Choice
from incidents.summary import differences
from ingest.commands import ingest
from tests.conftest import COMMAND_LINE, NOON, alert, device, opened

REASON = "The same intruder."
SOON = (timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)


@pytest.fixture
def other(db: None) -> Incident:
    """Another incident, with one alert on DC-01."""
    return opened(alert("other", title="Password spray", entities=(device("srv-01"),), severity=Severity.LOW))


@pytest.fixture
def third(db: None) -> Incident:
    return opened(alert("third", title="Odd sign-in", entities=(device("hr-ws-2"),), severity=Severity.LOW))


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def tags_of(incident: Incident) -> list[str]:
    return sorted(incident.tags.values_list("name", flat=True))


def seen_by(*people: User) -> list[set[int]]:
    return [set(Incident.objects.visible_to(each).values_list("pk", flat=True)) for each in people]


# ------------------------------------------------------------------------------------------------------ what goes over


def test_alerts_tags_and_followers_go_over_and_the_source_leads_on(
    incident: Incident, other: Incident, ana: User, lee: User
) -> None:
    change_tags(other, add=["spray"], actor=ana.as_actor())
    change_tags(incident, add=["vip"], actor=ana.as_actor())
    follow(other, actor=ana.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    target, source = fresh(incident), fresh(other)
    assert (source.get_status_display(), source.redirected_to_id) == ("Redirected", target.pk)
    assert (source.alerts_total, target.alerts_total, target.alerts_active) == (0, 3, 3)
    assert not Alert.objects.of_incident(source.pk).exists()
    assert not Evidence.objects.filter(incident_number=source.pk).exists()
    assert (tags_of(target), tags_of(source)) == (["spray", "vip"], ["Redirected"])
    assert Follower.objects.filter(incident=target, user=ana).exists()
    assert target.asset_counts == {"device": 2}
    assert differences([target]) == []


def test_both_logs_tell_of_it_and_the_target_shows_both(
    incident: Incident, other: Incident, ana: User, lee: User
) -> None:
    add_comment(other, "They came by VPN.", actor=ana.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    into, away = (Entry.objects.of_incident(each.pk).order_by("-sequence")[0] for each in (incident, other))
    assert (into.verb, away.verb) == ("incident.merged", "incident.merged_away")
    assert into.facts["merged"] == [{"number": other.pk, "name": other.name, "alerts": 1}]
    assert away.facts["redirected_to"] == incident.pk
    assert away.facts["alert_ids"] == list(Alert.objects.filter(external_id="other").values_list("pk", flat=True))
    assert into.body is not None and away.body is not None
    assert into.body.text == away.body.text == REASON
    add_comment(incident, "Contained.", actor=lee.as_actor())
    lines = stream(incident.pk, merged=[other.pk]).lines
    assert [line.origin for line in lines] == [None, other.pk, None, other.pk, other.pk, None]
    assert "They came by VPN." in str(lines[3].body)
    assert verify().breaks == ()


def test_the_common_log_is_paged_without_loss(incident: Incident, other: Incident, ana: User, lee: User) -> None:
    for number in range(7):
        add_comment((incident, other)[number % 2], f"Remark {number}", actor=ana.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    found, before = [], None
    while True:
        page = stream(incident.pk, merged=[other.pk], size=2, before=before)
        found += [line.id for line in page.lines]
        if page.older is None:
            break
        before = page.older
    every = Entry.objects.filter(incident__in=[incident.pk, other.pk])
    assert found == list(every.order_by("-recorded_at", "-pk").values_list("pk", flat=True))


def test_a_merge_of_merges_leads_to_the_last(
    incident: Incident, other: Incident, third: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    merge(other, [third], actor=lee.as_actor(), reason=REASON)
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert fresh(third).redirected_to_id == fresh(other).redirected_to_id == incident.pk
    client = sign_in(lee)
    for tab in ("overview", "alerts", "assets", "evidence", "manage"):
        answer = client.get(reverse(f"incidents:{tab}", args=[third.pk]))
        assert (answer.status_code, answer["Location"]) == (302, reverse(f"incidents:{tab}", args=[incident.pk])), tab
    told = client.get(f"/api/v1/incidents/{third.pk}/").json()
    assert (told["status"], told["redirected_to"]) == ("redirected", incident.pk)
    assert fresh(incident).alerts_total == 4


def test_words_of_all_find_the_target(
    incident: Incident, other: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    found = sign_in(lee).get("/api/v1/incidents/?q=srv-01").json()["incidents"]
    assert [each["number"] for each in found] == [incident.pk]


def test_it_is_awake_afterwards(incident: Incident, other: Incident, ana: User, lee: User) -> None:
    for each in (incident, other):
        snooze(each, NOON + timedelta(days=30), actor=ana.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert [fresh(each).snoozed_until for each in (incident, other)] == [None, None]


def test_what_is_typed_into_a_merged_incident_is_not_lost_in_it(
    incident: Incident, other: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    with pytest.raises(Refused, match=f"#{incident.pk}; work on that one"):
        add_comment(other, "Too late.", actor=ana.as_actor())
    client = sign_in(ana)
    answer = client.post(reverse("incidents:comment", args=[other.pk]), {"text": "Too late."})
    assert answer.status_code == 422
    assert "Too late." in answer.content.decode()
    for act in ("follow", "wake", "snooze", "assign_to_me", "unfollow"):
        answer = client.post(
            reverse(f"incidents:{act}", args=[other.pk]), {"preset": "1h"}, headers={"HX-Request": "1"}
        )
        assert answer.status_code < 500, act


# ---------------------------------------------------------------------------------------- fields with one value only


def test_a_name_and_a_severity_given_by_hand_stay(incident: Incident, other: Incident, lee: User) -> None:
    rename(incident, "Operation Quiet", actor=lee.as_actor())
    set_severity(incident, Severity.LOW, actor=lee.as_actor())
    rename(other, "Spray", actor=lee.as_actor())
    set_severity(other, Severity.HIGH, actor=lee.as_actor())
    target = merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert (target.name, target.severity) == ("Operation Quiet", Severity.LOW)
    assert "2 endpoints" in fresh(target).automatic_name


def test_a_name_given_to_a_source_survives_where_the_target_has_none(
    incident: Incident, other: Incident, third: Incident, lee: User
) -> None:
    rename(other, "Spray", actor=lee.as_actor())
    rename(third, "Sign-ins", actor=lee.as_actor())
    target = merge(incident, [other, third], actor=lee.as_actor(), reason=REASON, choice=Choice(name=third.pk))
    assert (target.name, target.name_is_manual) == ("Sign-ins", True)


def test_a_higher_severity_set_on_a_source_is_kept(incident: Incident, other: Incident, lee: User) -> None:
    set_severity(incident, Severity.HIGH, actor=lee.as_actor())
    target = merge(other, [incident], actor=lee.as_actor(), reason=REASON)
    assert (target.severity, target.severity_is_manual) == (Severity.HIGH, False)


def test_who_has_one_has_the_whole(incident: Incident, other: Incident, ana: User, lee: User) -> None:
    assign(other, ana, actor=lee.as_actor())
    classify(other, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=lee.as_actor())
    classify(incident, Classification.TRUE_POSITIVE, actor=lee.as_actor())
    target = merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert target.assignee == ana
    assert target.determination == Determination.PHISHING


def test_different_people_and_findings_have_to_be_chosen_from(
    incident: Incident, other: Incident, ana: User, lee: User, tier2: Team
) -> None:
    assign(incident, ana, actor=lee.as_actor())
    assign(other, tier2, actor=lee.as_actor())
    classify(incident, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=lee.as_actor())
    classify(other, Classification.FALSE_POSITIVE, actor=lee.as_actor())
    with pytest.raises(Blocked) as blocked:
        merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert [field for field, _ in blocked.value.problems] == ["assignee", "classification"]
    assert f"#{incident.pk} Ana Ruiz, #{other.pk} Tier 2" in blocked.value.problem
    with pytest.raises(Blocked, match="none of these incidents has this"):
        merge(incident, [other], actor=lee.as_actor(), reason=REASON, choice=Choice("lee", "true_positive/phishing"))
    choice = Choice("team:tier2", "true_positive/phishing")
    target = merge(incident, [other], actor=lee.as_actor(), reason=REASON, choice=choice)
    assert (target.assignee, target.classification) == (tier2, "true_positive")


# ------------------------------------------------------------------------------------------------------- what blocks


def test_what_would_lie_is_refused_and_says_why(
    incident: Incident, other: Incident, third: Incident, lee: User
) -> None:
    resolve(other, actor=lee.as_actor(), note="Reimaged.")
    with pytest.raises(Blocked, match=rf"Status: #{other.pk} is resolved\. Reopen it first"):
        merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    with pytest.raises(Blocked, match="is resolved"):
        merge(other, [incident], actor=lee.as_actor(), reason=REASON)
    merge(incident, [third], actor=lee.as_actor(), reason=REASON)
    with pytest.raises(Blocked, match=f"#{third.pk} was merged into #{incident.pk} already"):
        merge(incident, [third], actor=lee.as_actor(), reason=REASON)
    with pytest.raises(Refused, match="Write something"):
        merge(incident, [other], actor=lee.as_actor(), reason="  ")


def test_more_than_fifty_are_refused(incident: Incident, lee: User) -> None:
    outcomes = ingest([alert(f"m{number}", entities=(device(f"m-{number}"),)) for number in range(50)], actor=SYSTEM)
    sources = list(Incident.objects.filter(pk__in=[outcome.incident_id for outcome in outcomes]))
    with pytest.raises(Blocked, match="At most 50 incidents merge at once; these are 51"):
        merge(incident, sources, actor=lee.as_actor(), reason=REASON)
    merge(incident, sources[:49], actor=lee.as_actor(), reason=REASON)
    assert fresh(incident).alerts_total == 51


# --------------------------------------------------------------------------------------------------------- restriction


def test_the_result_is_restricted_as_soon_as_one_is(
    incident: Incident, other: Incident, ana: User, lee: User, rio: User
) -> None:
    restrict(other, [lee], actor=lee.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert seen_by(lee, ana, rio) == [{incident.pk, other.pk}, set(), set()]
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.merged")
    assert entry.change_of("members") == {"field": "members", "old": [], "new": ["lee"]}


def test_only_members_of_all_see_the_result(
    incident: Incident, other: Incident, ana: User, lee: User, rio: User
) -> None:
    restrict(incident, [lee, ana], actor=lee.as_actor())
    restrict(other, [lee, rio], actor=lee.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert seen_by(lee, ana, rio) == [{incident.pk, other.pk}, set(), set()]


def test_without_a_common_member_it_is_refused(incident: Incident, other: Incident, ana: User, lee: User) -> None:
    restrict(incident, [ana], actor=lee.as_actor())
    restrict(other, [lee], actor=lee.as_actor())
    with pytest.raises(Blocked, match="no member in common"):
        merge(incident, [other], actor=lee.as_actor(), reason=REASON)


def test_what_was_merged_follows_the_restriction_of_the_target(
    incident: Incident, other: Incident, ana: User, lee: User
) -> None:
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    restrict(incident, [lee], actor=lee.as_actor())
    assert seen_by(lee, ana) == [{incident.pk, other.pk}, set()]
    set_incident_members(incident, [lee, ana], actor=lee.as_actor())
    assert seen_by(lee, ana) == [{incident.pk, other.pk}] * 2
    lift_restriction(incident, actor=lee.as_actor())
    assert not fresh(other).restricted


def test_one_that_is_not_seen_cannot_be_merged(
    incident: Incident, other: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(other, [ana], actor=lee.as_actor())
    with pytest.raises(Refused, match="may not see"):
        merge(incident, [other], actor=lee.as_actor(), reason=REASON, principal=lee)
    data = {"incident": [incident.pk, other.pk], "target": incident.pk, "reason": REASON}
    answer = sign_in(lee).post(reverse("incidents:merge"), data)
    assert answer.status_code == 422
    assert f"#{other.pk}: it does not exist" in answer.content.decode()
    assert other.name not in answer.content.decode()


def test_correlation_puts_later_alerts_into_the_target(incident: Incident, other: Incident, lee: User) -> None:
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    outcomes = ingest(
        [alert("later", entities=(device("srv-01"),)), alert("other", title="Spray", entities=(device("srv-01"),))],
        actor=COMMAND_LINE,
    )
    assert {outcome.incident_id for outcome in outcomes} == {incident.pk}


# --------------------------------------------------------------------------------------------------------- page and API


@pytest.fixture
def client(lee: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(lee)


def test_the_form_shows_what_it_comes_to_and_does_it(
    client: Client, incident: Incident, other: Incident, ana: User
) -> None:
    change_tags(other, add=["spray"], actor=ana.as_actor())
    page = client.get(reverse("incidents:merge"), {"incident": f"{incident.pk},{other.pk}"}).content.decode()
    assert f"1 come to the 2 of #{incident.pk}" in page
    assert "spray" in page
    assert "Say why" not in page
    data = {"incident": [incident.pk, other.pk], "target": other.pk, "reason": REASON}
    answer = client.post(reverse("incidents:merge"), data, follow=True)
    assert f"1 incident merged into #{other.pk}" in answer.content.decode()
    assert fresh(incident).redirected_to_id == other.pk
    assert f"merged from #{incident.pk}" in client.get(reverse("incidents:activity", args=[other.pk])).content.decode()
    assert "Merged incidents" in answer.content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"incident": "x"},
        {"incident": "9" * 40},
        {"target": "-1"},
        {"target": "x\x00"},
        {"all": "1", "list": "status=any"},
        {"assignee": "nobody-here", "finding": "x/y/z", "name": "7"},
        {"reason": "a" * 30_001},
    ],
)
def test_nonsense_gets_a_sentence(client: Client, incident: Incident, other: Incident, data: dict[str, Any]) -> None:
    data = {"incident": [incident.pk, other.pk], "target": incident.pk, **data}
    assert client.post(reverse("incidents:merge"), {**data, "step": "preview"}).status_code == 200
    assert client.post(reverse("incidents:preview_merge"), data).status_code == 200
    assert client.get(reverse("incidents:merge"), data).status_code == 200
    assert client.post(reverse("incidents:merge"), data).status_code == 422


def test_suggestions_are_open_incidents_by_number_or_words(
    client: Client, incident: Incident, other: Incident, third: Incident
) -> None:
    def found(text: str, without: str = "") -> list[bool]:
        page = client.get(reverse("incidents:suggest_incidents"), {"q": text, "not": without}).content.decode()
        return [f'data-value="{each.pk}"' in page for each in (incident, other, third)]

    assert found("spray") == [False, True, False]
    assert found(f"#{third.pk}") == [False, False, True]
    assert found("", str(incident.pk)) == [False, True, True]
    assert found("\x00&|!:*") == [False, False, False] or found("\x00&|!:*") == [True, True, True]


@pytest.fixture
def script(db: None) -> Client:
    _, key = create_token("script", actor=SYSTEM, role="lead")
    return Client(headers={"Authorization": f"Bearer {key}"})


def send(script: Client, body: object) -> Any:
    return script.post("/api/v1/incidents/merge/", body, content_type="application/json")


def test_the_api_merges_and_names_every_field_in_the_way(
    script: Client, incident: Incident, other: Incident, ana: User, lee: User
) -> None:
    assign(incident, ana, actor=lee.as_actor())
    assign(other, lee, actor=lee.as_actor())
    body = {"target": incident.pk, "sources": [other.pk], "reason": REASON}
    refused = send(script, body)
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (409, ["assignee"])
    told = send(script, {**body, "assignee": "ana"})
    assert (told.status_code, told.json()["number"], told.json()["alerts"]["total"]) == (200, incident.pk, 3)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ([], 400, "body"),
        ({"target": "1", "sources": [2], "reason": "x"}, 400, "target"),
        ({"target": True, "sources": [2], "reason": "x"}, 400, "target"),
        ({"target": 1, "sources": [], "reason": "x"}, 400, "sources"),
        ({"target": 1, "sources": [2**70], "reason": "x"}, 400, "sources[0]"),
        ({"target": 1, "sources": [2], "reason": " "}, 400, "reason"),
        ({"target": 1, "sources": [2], "reason": "x", "into": 3}, 400, "into"),
        ({"target": 2**60, "sources": [2**61], "reason": "x"}, 404, None),
    ],
)
def test_a_bad_request_names_the_field(script: Client, body: object, status: int, field: str | None) -> None:
    answer = send(script, body)
    assert answer.status_code == status
    if field:
        assert answer.json()["errors"][0]["field"] == field


# --------------------------------------------------------------------------------- what hangs on an incident besides


def test_tasks_evidence_by_hand_and_the_earliest_due_date_come_along(
    incident: Incident, other: Incident, ana: User, lee: User
) -> None:
    add_task(other, "Isolate DC-01", actor=ana.as_actor())
    add_evidence(other, [domain("beacon.example")], note="In the proxy's log.", actor=ana.as_actor())
    soon, later = SOON, SOON + timedelta(days=1)
    set_due(other, soon, actor=ana.as_actor())
    set_due(incident, later, actor=ana.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    target, source = fresh(incident), fresh(other)
    assert (target.tasks_total, source.tasks_total, target.due_at) == (1, 0, soon)
    assert Evidence.objects.filter(incident_number=target.pk, alert=None).count() == 1
    assert differences([target, source]) == []


def test_teams_and_their_people_count_among_the_members(
    incident: Incident, other: Incident, third: Incident, ana: User, lee: User, rio: User, tier2: Team
) -> None:
    restrict(incident, [lee, tier2], actor=lee.as_actor())
    restrict(other, [lee, rio], actor=lee.as_actor())
    merge(incident, [other, third], actor=lee.as_actor(), reason=REASON)
    everything = {incident.pk, other.pk, third.pk}
    assert seen_by(lee, rio, ana) == [everything, everything, set()]


def test_who_has_one_has_to_see_the_whole(incident: Incident, other: Incident, ana: User, lee: User, rio: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    assign(other, rio, actor=lee.as_actor())
    with pytest.raises(Blocked, match="Rio Sato would not see the merged incident"):
        merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    target = merge(incident, [other], actor=lee.as_actor(), reason=REASON, choice=Choice("unassigned"))
    assert target.assignee is None
