"""Rules of correlation as administrators set them: each one's conditions, its order, and what processes know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.models import Entry
from alerts.choices import Severity
from alerts.models import Alert
from common.errors import Conflict, Refused
from entities import identity
from incidents.models import Incident
from ingest import rulebook
from ingest.commands import change_correlation_rule, ingest, reset_correlation_rule
from ingest.correlation import OPENED, SHIPPED
from ingest.models import CorrelationRule
from tests.conftest import alert, device, user_entity
from tests.ingest.test_correlation import ADDRESS, HOUR, TIES, joined, naming, place_of

pytestmark = pytest.mark.django_db


def change(slug: str, place: int | None = None, **values: Any) -> CorrelationRule:
    rules = rulebook.join_rules()
    row = CorrelationRule.objects.get(slug=slug)
    at = rules.position_of(slug) if place is None else place
    return change_correlation_rule(replace(rules[slug], **values), at, based_on=row.version, actor=SYSTEM)


def test_what_the_migration_ships_is_what_the_code_calls_shipped() -> None:
    assert rulebook.join_rules() == SHIPPED


def test_a_rule_that_is_off_joins_nothing() -> None:
    change("same_device", is_on=False)
    assert not joined(naming("1", device("fin-ws-17")), naming("2", device("fin-ws-17")))


SHIPPED_OFF = {
    "same_domain": identity.domain("login-contoso.example"),
    "same_malware": identity.malware("Emotet"),
    "same_mail_cluster": identity.mail_cluster(cluster_id="subject=Invoice"),
    "same_process": identity.process(pid=7, image="C:\\a.exe", scope=device("fin-ws-17")),
    "same_registry_key": identity.registry_key(key="Software\\Run", hive="HKCU", scope=device("fin-ws-17")),
    "same_security_group": identity.security_group(name="Domain Admins", domain="CONTOSO"),
    "same_container": identity.container(container_id="c-1"),
}


@pytest.mark.parametrize("slug", SHIPPED_OFF)
def test_a_kind_that_is_shipped_off_joins_once_it_is_on(slug: str) -> None:
    assert not SHIPPED[slug].is_on
    change(slug, is_on=True)
    placed = [place_of(naming(number, SHIPPED_OFF[slug])) for number in ("1", "2")]
    assert placed[0].incident_id == placed[1].incident_id
    assert placed[1].link_rule == slug


def test_another_window_holds_from_the_next_alert_on() -> None:
    place_of(naming("1", device("fin-ws-17")))
    change("same_device", window=HOUR)
    assert place_of(naming("2", device("fin-ws-17"), after=2 * HOUR)).link_rule == OPENED
    assert "(within 1 h)" in place_of(naming("3", device("fin-ws-17"), after=-HOUR)).link_reason


LEFT_ASIDE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "source": ({"excluded_sources": ("scan*",)}, {"source": "Scanner"}),
    "detector": ({"excluded_detectors": ("noisy-rule",)}, {"detector_id": "noisy-rule"}),
    "severity": ({"minimum_severity": Severity.MEDIUM}, {"severity": Severity.LOW}),
}


@pytest.mark.parametrize(("values", "said"), LEFT_ASIDE.values(), ids=LEFT_ASIDE.keys())
@pytest.mark.parametrize("slug", ["same_device", "same_file", "same_attacking_address"])
@pytest.mark.parametrize("in_one_batch", [True, False], ids=["one batch", "two"])
def test_what_a_rule_leaves_aside_neither_joins_nor_is_joined(
    slug: str, values: dict[str, Any], said: dict[str, Any], in_one_batch: bool
) -> None:
    change(slug, **values)
    aside, other = naming("1", TIES[slug], **said), naming("2", TIES[slug], after=HOUR)
    third = naming("3", TIES[slug], after=2 * HOUR, **said)
    fourth = naming("4", TIES[slug], after=3 * HOUR)
    for batch in [[aside, other, third, fourth]] if in_one_batch else [[aside], [other], [third], [fourth]]:
        ingest(batch, actor=COMMAND_LINE)
    homes = dict(Alert.objects.values_list("external_id", "incident_id"))
    assert len({homes["1"], homes["2"], homes["3"]}) == 3
    assert homes["4"] == homes["2"]


def test_an_entity_that_a_rule_leaves_aside_joins_nothing_and_is_nothing_better_than_an_address() -> None:
    change("same_device", excluded_entities=("jump-*",))
    assert not joined(naming("1", device("jump-01")), naming("2", device("jump-01")))
    assert joined(naming("3", device("jump-02"), ADDRESS), naming("4", ADDRESS))
    assert joined(naming("5", device("fin-ws-17")), naming("6", device("fin-ws-17")))


def test_the_senders_own_grouping_has_its_conditions_too() -> None:
    change("same_source_incident", excluded_sources=("edr",))
    assert not joined(alert("1", source_incident="case-9"), alert("2", source_incident="case-9"))
    assert joined(
        alert("3", source_incident="case-9", source="mail"), alert("4", source_incident="case-9", source="mail")
    )
    change("same_source_incident", is_on=False)
    assert not joined(
        alert("5", source_incident="case-8", source="mail"), alert("6", source_incident="case-8", source="mail")
    )


def test_rules_are_tried_in_the_order_that_they_are_given() -> None:
    change("same_user", place=1)
    on_device = place_of(naming("1", device("fin-ws-17"), after=HOUR))
    of_user = place_of(naming("2", user_entity("jo@contoso.example")))
    both = place_of(naming("3", device("fin-ws-17"), user_entity("jo@contoso.example"), after=HOUR))
    assert both.incident_id == of_user.incident_id != on_device.incident_id
    entry = Entry.objects.of_system().get(verb="correlation.ordered")
    assert entry.changes[0]["new"][:2] == ["same_source_incident", "same_user"]


def test_reset_gives_values_and_place_back() -> None:
    change("same_user", place=1, window=HOUR, is_on=False, excluded_entities=("svc-*",))
    reset_correlation_rule("same_user", actor=SYSTEM)
    assert rulebook.join_rules() == SHIPPED
    assert CorrelationRule.objects.get(slug="same_user").changed_by == ""


@pytest.mark.parametrize(
    ("slug", "place", "values", "field"),
    [
        ("same_device", None, {"window": timedelta(seconds=30)}, "window"),
        ("same_device", None, {"window": timedelta(days=31)}, "window"),
        ("same_device", 0, {}, "place"),
        ("same_source_incident", 3, {}, "place"),
        ("same_device", 99, {}, "place"),
        ("same_device", None, {"excluded_sources": ("*",)}, "excluded_sources"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    slug: str, place: int | None, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        change(slug, place, **values)
    assert refused.value.field == field
    assert rulebook.join_rules() == SHIPPED


def test_two_people_do_not_lose_each_others_change(ada: User, lee: User) -> None:
    rule = SHIPPED["same_device"]
    change_correlation_rule(replace(rule, window=2 * HOUR), 3, based_on=1, actor=ada.as_actor())
    with pytest.raises(Conflict) as conflict:
        change_correlation_rule(replace(rule, window=3 * HOUR), 3, based_on=1, actor=lee.as_actor())
    assert [(each.field, each.theirs, each.mine, each.changed_by) for each in conflict.value.conflicts] == [
        ("window_minutes", 120, 180, "Ada Lind")
    ]


def test_stored_alerts_stay_where_they_are(incident: Incident) -> None:
    change("same_device", is_on=False)
    assert incident.alerts.count() == 2


def test_rules_cost_ingest_no_statement_until_they_change(
    django_assert_num_queries: Callable[..., Any], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    place_of(naming("1", device("fin-ws-17")))
    with django_assert_max_num_queries(40) as first:
        ingest([naming("2", device("fin-ws-17"))], actor=COMMAND_LINE)
    assert not any("correlationrule" in each["sql"] or "tuningrule" in each["sql"] for each in first.captured_queries)
    change("same_device", window=HOUR)
    with django_assert_num_queries(len(first.captured_queries) + 3):
        ingest([naming("3", device("fin-ws-17"))], actor=COMMAND_LINE)
