"""Each filter by itself: what it finds, and what it refuses with which advice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import Principal, Team, User
from activity.actors import SYSTEM
from alerts.choices import Severity
from common.filter_fields import UnknownWord, meant_range, meant_span
from common.query_strings import UnknownKeys
from incidents.choices import IncidentStatus
from incidents.commands import add_comment, reopen, resolve, restrict
from incidents.facets import COMMENTED, Facet, facet
from incidents.filters import FIELDS, IncidentFilter
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened, user_entity
from tests.incidents.rows import row, stored, tag


def filter_of(query: str, principal: Principal) -> IncidentFilter:
    return IncidentFilter(QueryDict(query), Incident.objects.visible_to(principal), principal=principal)


def found(query: str, principal: Principal) -> set[int]:
    """Ids of what an address lists, defaults left out."""
    filtered = filter_of(query, principal)
    filtered.check()
    return set(filtered.qs.values_list("pk", flat=True))


def refused(query: str, principal: Principal) -> UnknownWord:
    """The one word that is refused."""
    with pytest.raises(ValidationError) as error:
        filter_of(query, principal).check()
    ((refusal,),) = error.value.error_dict.values()
    assert isinstance(refusal, UnknownWord)
    return refusal


def with_facets(*facets: str) -> Incident:
    return row(facets=list(facets))


# ------------------------------------------------------------------------------------------------------------- facets


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("alert_severity", "high"),
        ("detection_source", "Custom detection"),
        ("category", "impact"),
        ("category", "Sender's own, ‘odd’ one"),
        ("technique", "T1059.001"),
        ("device_group", "Zürich / servers"),
        ("os_platform", "Windows 11"),
    ],
)
def test_a_facet_is_found_by_its_word(ana: User, key: str, word: str) -> None:
    _, one = stored([row(), with_facets(facet(Facet(key), word))])
    query = QueryDict(mutable=True)
    query[key] = word
    assert found(query.urlencode(), ana) == {one.pk}


def test_facets_are_any_of(ana: User) -> None:
    one, two, _ = stored(
        [with_facets("os_platform:Linux"), with_facets("os_platform:macOS"), with_facets("os_platform:Windows 11")]
    )
    assert found("os_platform=Linux&os_platform=macOS", ana) == {one.pk, two.pk}


def test_a_technique_finds_its_sub_techniques(ana: User) -> None:
    parent, sub = stored([with_facets("technique:T1059"), with_facets("technique:T1059", "technique:T1059.001")])
    assert found("technique=T1059", ana) == {parent.pk, sub.pk}
    assert found("technique=t1059.001", ana) == {sub.pk}


def test_a_tactic_that_no_incident_has_is_known_all_the_same(ana: User) -> None:
    stored([with_facets("category:impact")])
    assert found("category=exfiltration", ana) == set()
    assert found("category=Impact", ana) == found("category=impact", ana) != set()


@pytest.mark.parametrize(
    ("query", "better"),
    [
        ("detection_source=Custom+detektion", "Custom detection"),
        ("device_group=Serbers", "Servers"),
        ("os_platform=Windows+12", "Windows 11"),
        ("technique=T1058.001", "T1059.001"),
        ("technique=PowerShell", ""),
        ("category=imapct", "impact"),
        ("source=Suricat", "Suricata"),
        ("alert_severity=hihg", "high"),
        ("os_platform=", ""),
    ],
)
def test_a_word_that_no_incident_has_is_refused_with_the_nearest(ana: User, query: str, better: str) -> None:
    words = (
        "detection_source:Custom detection",
        "device_group:Servers",
        "os_platform:Windows 11",
        "technique:T1059.001",
    )
    stored([row(facets=list(words), service_sources=["Suricata"])])
    assert refused(query, ana).better == better


def test_an_old_word_is_found_by_the_index_when_it_is_not_among_the_recent(
    ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.filters.vocabulary.RECENT", 1)
    old = row(0, facets=["os_platform:BeOS"], status=IncidentStatus.RESOLVED)
    (old, _, _) = stored([old, row(1), row(2, status=IncidentStatus.RESOLVED)])
    assert found("os_platform=BeOS", ana) == {old.pk}


def test_commented(ana: User, incident: Incident) -> None:
    (other,) = stored([row()])
    Incident.objects.filter(pk=incident.pk).update(facets=[COMMENTED])
    assert found("commented=yes", ana) == {incident.pk}
    assert found("commented=no", ana) == {other.pk}
    assert found("commented=yes&commented=no", ana) == found("commented=any", ana) == {incident.pk, other.pk}
    assert refused("commented=true", ana).better == "yes"


def test_a_comment_makes_its_incident_commented(ana: User, incident: Incident) -> None:
    assert found("commented=yes", ana) == set()
    add_comment(incident, "Looked at it", actor=ana.as_actor())
    assert found("commented=yes", ana) == {incident.pk}


# --------------------------------------------------------------------------------------------------------------- tags


def test_tags_any_all_and_none(ana: User) -> None:
    nothing, one, both = stored([row(), row(), row()])
    tag(one, "vip")
    tag(both, "vip", "Wave 2")
    assert found("tag=vip&tag=wave+2", ana) == {one.pk, both.pk}
    assert found("tag_all=VIP&tag_all=wave+2", ana) == {both.pk}
    assert found("tag_none=wave+2", ana) == {nothing.pk, one.pk}
    assert found("tag=vip&tag_none=wave+2", ana) == {one.pk}
    assert found("tag_none=vip&tag_none=Wave+2", ana) == {nothing.pk}
    for key in ("tag", "tag_all", "tag_none"):
        assert refused(f"{key}=wav+2", ana).better == "Wave 2"


def test_one_tag_in_two_spellings_is_one(ana: User) -> None:
    (one,) = stored([row()])
    tag(one, "Straße")
    assert found("tag_all=straße&tag_all=STRAßE", ana) == {one.pk}


# ------------------------------------------------------------------------------------------------------------- people


def test_who_resolved_it(ana: User, rio: User) -> None:
    mine, theirs, systems, opened_again = (opened(alert(str(number), at=NOON + timedelta(days=9 * number)))
                                           for number in range(4))  # fmt: skip
    resolve(mine, actor=ana.as_actor(), note="Done")
    resolve(theirs, actor=rio.as_actor(), note="Done")
    resolve(systems, actor=SYSTEM, note="Done")
    reopen(resolve(opened_again, actor=ana.as_actor(), note="Done"), actor=ana.as_actor())
    assert found("resolved_by=me", ana) == found("resolved_by=ana", rio) == {mine.pk}
    assert found("resolved_by=rio&resolved_by=me", ana) == {mine.pk, theirs.pk}
    assert found("resolved_by=system", ana) == {systems.pk}
    assert refused("resolved_by=sistem", ana).better == "system"


def test_a_team_resolves_nothing(ana: User, tier2: Team) -> None:
    assert refused("resolved_by=team:tier2", ana).word == "team:tier2"


def test_a_token_is_not_me(db: None) -> None:
    token, _ = create_token("script", actor=SYSTEM, role="reader")
    assert refused("resolved_by=me", token).word == "me"


# ----------------------------------------------------------------------------------------------------------- entities


@pytest.fixture
def two_machines(db: None) -> tuple[Incident, Incident]:
    first = opened(alert("1", entities=(device("fin-ws-17"), user_entity("jo.meyer@corp.example"))))
    second = opened(alert("2", entities=(device("hr-ws-03.corp.example"),), at=NOON + timedelta(days=30)))
    return first, second


@pytest.mark.parametrize(
    "word", ["fin-ws-17", "FIN-WS-17", "device:fin-ws-17", "device:host:fin-ws-17", "jo.meyer@corp.example",
             "user:jo.meyer@corp.example", "jo.meyer"],
)  # fmt: skip
def test_an_entity_is_found_by_any_of_its_names(two_machines: tuple[Incident, Incident], ana: User, word: str) -> None:
    assert found(f"entity={word}", ana) == {two_machines[0].pk}


def test_entities_are_any_of_and_by_number(two_machines: tuple[Incident, Incident], ana: User) -> None:
    first, second = two_machines
    number = first.alerts.get().evidence.get(entity__kind="device").entity_id
    assert found(f"entity={number}", ana) == {first.pk}
    assert found("entity=fin-ws-17&entity=hr-ws-03", ana) == {first.pk, second.pk}
    assert found("entity=user:fin-ws-17", ana) == set()


def test_what_was_never_seen_is_in_no_incident(two_machines: tuple[Incident, Incident], ana: User) -> None:
    for word in ("192.0.2.77", "2001:db8::77", "C:\\Windows\\nothing.exe", "9" * 30, "https://x.example/", "٣"):
        query = QueryDict(mutable=True)
        query["entity"] = word
        assert found(query.urlencode(), ana) == set()


def test_a_misspelled_kind_of_entity_is_refused(ana: User) -> None:
    assert refused("entity=devise:fin-ws-17", ana).better == "device:fin-ws-17"
    assert "such as 10.0.0.8" in refused("entity=", ana).message


def test_the_entity_of_restricted_incidents_alone_does_not_exist_for_others(
    two_machines: tuple[Incident, Incident], ana: User, lee: User
) -> None:
    first, _ = two_machines
    restrict(first, [lee], actor=lee.as_actor())
    number = first.alerts.get().evidence.get(entity__kind="device").entity_id
    for word in ("fin-ws-17", str(number)):
        theirs, mine = filter_of(f"entity={word}", lee), filter_of(f"entity={word}", ana)
        assert set(theirs.qs) == {first}
        assert set(mine.qs) == set()
        assert theirs.label("entity", word) == "fin-ws-17"
        assert mine.label("entity", word) == f"{word} (not seen)"


# ------------------------------------------------------------------------------------------------- numbers and states


@pytest.mark.parametrize(
    ("query", "totals"),
    [
        ("alerts=5", {5}),
        ("alerts=5..20", {5, 20}),
        ("alerts=5..", {5, 20, 21, 300}),
        ("alerts=..5", {1, 5}),
        ("alerts=1&alerts=21..", {1, 21, 300}),
        ("alerts=0", set()),
    ],
)
def test_alerts_are_a_range_with_both_ends(ana: User, query: str, totals: set[int]) -> None:
    rows = {each.alerts_total: each.pk for each in stored(row(alerts_total=total) for total in (1, 5, 20, 21, 300))}
    assert found(query, ana) == {rows[total] for total in totals}


@pytest.mark.parametrize(
    ("query", "scores"),
    [
        ("priority=high", {86, 100}),
        ("priority=medium", {15, 85}),
        ("priority=low", {0, 14}),
        ("priority=low&priority=high", {0, 14, 86, 100}),
        ("priority=14..15", {14, 15}),
        ("priority=any", {0, 14, 15, 85, 86, 100}),
    ],
)
def test_priority_by_band_and_range(ana: User, query: str, scores: set[int]) -> None:
    rows = {each.priority: each.pk for each in stored(row(priority=score) for score in (0, 14, 15, 85, 86, 100))}
    assert found(query, ana) == {rows[score] for score in scores}


@pytest.mark.parametrize(
    ("query", "better"),
    [
        ("alerts=20..5", "5..20"),
        ("alerts=>5", "6.."),
        ("alerts=5-20", "5..20"),
        ("alerts=5%2B", "5.."),
        ("alerts=many", ""),
        ("alerts=..", ""),
        ("alerts=", ""),
        ("alerts=-3", ""),
        ("alerts=٥", ""),
        ("alerts=99999999999", ""),
        ("priority=hi", "high"),
        ("priority=101", ""),
        ("number=%231042", ""),
    ],
)
def test_a_range_that_is_none_is_refused(ana: User, query: str, better: str) -> None:
    assert refused(query, ana).better == better


def test_number(ana: User) -> None:
    first, second, third = stored([row(), row(), row()])
    assert found(f"number={second.pk}", ana) == {second.pk}
    assert found(f"number={first.pk}..{second.pk}&number={third.pk}", ana) == {first.pk, second.pk, third.pk}
    assert found(f"number={2**63 - 1}", ana) == set()


def test_snoozed_until_its_time(ana: User) -> None:
    now = timezone.now()
    never, woken, asleep = stored(
        row(snoozed_until=until) for until in (None, now - timedelta(seconds=1), now + timedelta(hours=1))
    )
    assert found("snoozed=yes", ana) == {asleep.pk}
    assert found("snoozed=no", ana) == {never.pk, woken.pk}
    assert found("snoozed=any", ana) == {never.pk, woken.pk, asleep.pk}


def test_restricted(ana: User, lee: User, incident: Incident) -> None:
    (other,) = stored([row()])
    restrict(incident, [lee], actor=lee.as_actor())
    assert found("restricted=yes", lee) == {incident.pk}
    assert found("restricted=no", lee) == {other.pk}
    assert found("restricted=yes", ana) == set()


@pytest.mark.parametrize(
    ("query", "better"),
    [
        ("created=week", "7d"),
        ("created=last+2+weeks", "14d"),
        ("created=6+months", "180d"),
        ("created=2026-11-08..2026-11-01", "2026-11-01..2026-11-08"),
        ("created=soon", ""),
    ],
)
def test_a_range_of_time_that_is_none_is_refused(ana: User, query: str, better: str) -> None:
    assert refused(query, ana).better == better


def test_times_may_be_said_several_times(ana: User) -> None:
    days = [NOON.replace(day=day) for day in (1, 2, 3)]
    rows = stored(row(first_activity=day, last_activity=days[-1]) for day in days)
    assert found("first_activity=2026-11-01&first_activity=2026-11-03", ana) == {rows[0].pk, rows[2].pk}


@pytest.mark.parametrize("text", ["", "x", "0 weeks", "week end of the world", "99999 years"])
def test_no_span_is_read_into_what_is_none(text: str) -> None:
    assert meant_span(text) == ""


@pytest.mark.parametrize("text", ["", "a", ">", ">5-7", "--", "1-2-3"])
def test_no_range_is_read_into_what_is_none(text: str) -> None:
    assert meant_range(text) == ""


# ------------------------------------------------------------------------------------------------------ one condition


def test_a_condition_stands_for_itself(ana: User) -> None:
    _, high = stored([row(), row(severity=Severity.HIGH)])
    asked = filter_of("", ana)
    condition = asked.condition("severity", ["high"])
    assert set(Incident.objects.filter(condition)) == {high}
    assert set(Incident.objects.exclude(condition)) == set(Incident.objects.exclude(pk=high.pk))
    with pytest.raises(UnknownKeys, match="did you mean “severity”"):
        asked.condition("severty", ["high"])
    with pytest.raises(ValidationError) as error:
        asked.condition("tag", ["nothing"])
    assert list(error.value.error_dict) == ["tag"]


def test_all_names_of_an_address_are_read_in_one_statement(
    ana: User, tier2: Team, two_machines: tuple[Incident, Incident]
) -> None:
    tag(two_machines[0], "vip")
    asked = filter_of(
        "assignee=ana&assignee=team:tier2&resolved_by=rio&tag=vip&tag_none=nothing&entity=fin-ws-17&entity=1", ana
    )
    with CaptureQueriesContext(connection) as captured:
        asked.names.learn(asked.words)
    assert len(captured) == 1
    assert asked.label("assignee", "team:tier2") == "Tier 2"
    assert asked.label("resolved_by", "rio") == "Rio Sato"
    assert asked.names.tag_ids(["vip", "nothing"]) == two_machines[0].tag_ids or asked.names.tag_ids(["vip"])


@pytest.mark.parametrize("key", list(FIELDS))
def test_no_filter_breaks_on_hostile_words(ana: User, key: str, two_machines: tuple[Incident, Incident]) -> None:
    words: list[Any] = [
        *("", " ", "\x00", "%", "'; DROP TABLE", "{}", "\\", "𐏿", "\ud800", "x" * 501, "any", "..", "1..", ":"),
        *("device:", "team:", "-1", "1e9", "０", "NaN", "\x1f", "a\x1fb", "%s", "(", "*"),
    ]
    for word in words:
        query = QueryDict(mutable=True)
        query[key] = word
        asked = IncidentFilter(query, Incident.objects.visible_to(ana), principal=ana)
        try:
            asked.check()
        except ValidationError as error:
            assert error.message_dict[key]
        else:
            list(asked.qs)


def test_more_than_a_hundred_values_are_refused(ana: User) -> None:
    with pytest.raises(ValidationError, match="At most 100"):
        filter_of("&".join(f"number={number}" for number in range(1, 102)), ana).check()
