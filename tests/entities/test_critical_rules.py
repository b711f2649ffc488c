"""Which assets are critical: patterns, conditions, levels, and who has the last word. Without the database."""

from __future__ import annotations

import pytest

from common.errors import Refused
from entities.choices import NOT_CRITICAL
from entities.rules import (
    ClassificationValues,
    Judgement,
    Rule,
    checked,
    effective,
    in_order,
    judge,
    matches,
    names_of,
    rule_of,
)
from entities.starting_classifications import STARTING_CLASSIFICATIONS


def rule(number: int = 1, level: str = "high", kinds: tuple[str, ...] = ("device",), **more: object) -> Rule:
    return rule_of(number, ClassificationValues(f"Rule {number}", level, kinds, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "name", "key", "pattern", "is_one"),
    [
        ("device", "DC-01", "host:dc-01", "dc-*", True),
        ("device", "nw-dc.corp.example", "fqdn:nw-dc.corp.example", "*-dc", True),
        ("device", "web-01", "host:web-01", "dc-*", False),
        ("user", "CORP\\svc-backup", "nt:corp\\svc-backup", "svc-*", True),
        ("user", "ceo@corp.example", "upn:ceo@corp.example", "CEO@*", True),
        ("mailbox", "ceo@corp.example", "mailbox:ceo@corp.example", "ceo", False),
    ],
)
def test_an_asset_is_known_by_what_it_is_called(kind: str, name: str, key: str, pattern: str, is_one: bool) -> None:
    assert matches(rule(kinds=(kind,), names=[pattern]), kind, name, key, {}) == is_one


def test_conditions_count_together_or_each_alone() -> None:
    conditions = {"names": ["srv-*"], "groups": ["plant*"], "attributes": ["os=windows server*", "tags=vip"]}
    every, one = rule(needs_all=True, **conditions), rule(**conditions)
    whole = {"device_group": "Plant 2", "os": "Windows Server 2022", "tags": ["x", "VIP"]}
    assert matches(every, "device", "srv-1", "host:srv-1", whole)
    for part in ({**whole, "os": "Linux"}, {**whole, "device_group": ""}, {**whole, "tags": "none"}):
        assert not matches(every, "device", "srv-1", "host:srv-1", part)
        assert matches(one, "device", "srv-1", "host:srv-1", part)
    assert not matches(one, "device", "web-1", "host:web-1", {"os": "Linux"})
    assert not matches(one, "user", "srv-1", "account:srv-1", whole)


def test_the_highest_level_counts_then_the_name() -> None:
    rules = in_order(
        [rule(1, "low", names=["dc*"]), rule(2, "very_high", names=["dc*"]), rule(3, "very_high", names=["dc*"])]
    )
    assert judge(rules, "device", "dc1", "host:dc1", {}) == Judgement("very_high", 2)
    assert judge(rules[2:], "device", "dc1", "host:dc1", {"critical": True}) == Judgement("high")
    assert judge(rules[2:], "device", "dc1", "host:dc1", {"criticality": "nonsense"}) == Judgement("low", 1)
    assert judge(rules, "file", "dc1", "md5:1", {"critical": True}) == Judgement()


def test_a_person_has_the_last_word() -> None:
    judged = Judgement("very_high", 7)
    assert effective("", judged) == judged
    assert effective("low", judged) == Judgement("low")
    assert effective(NOT_CRITICAL, judged) == Judgement()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": " "}, "name"),
        ({"level": "highest"}, "level"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["file"]}, "kinds"),
        ({"names": []}, "names"),
        ({"names": ["**"]}, "names"),
        ({"names": ["x" * 301]}, "names"),
        ({"names": [f"x{number}" for number in range(201)]}, "names"),
        ({"groups": ["a\x00"]}, "groups"),
        ({"attributes": ["os"]}, "attributes"),
        ({"attributes": ["=x"]}, "attributes"),
    ],
)
def test_what_says_nothing_is_refused_at_its_field(more: dict[str, object], field: str) -> None:
    values = {"name": "Plant", "level": "high", "kinds": ["device"], "names": ["plc-*"]} | more
    with pytest.raises(Refused) as refused:
        checked(ClassificationValues(**values))  # type: ignore[arg-type]
    assert refused.value.field == field


EXPECTED = {
    ("device", "DC-02"): "domain_controllers",
    ("device", "EU-DC01.corp.example"): "domain_controllers",
    ("device", "ADFS-1"): "identity_systems",
    ("device", "BKP-01"): "backup_servers",
    ("cloud_resource", "nw-backup-vault"): "backup_servers",
    ("user", "ceo@corp.example"): "executives",
    ("device", "FIN-WS-17"): None,
    ("device", "DCONSULT-LT-2"): None,
    ("user", "marta.lindqvist@corp.example"): None,
}


def test_the_starting_classifications_know_their_own() -> None:
    rules = in_order(rule_of(number, checked(each)) for number, each in enumerate(STARTING_CLASSIFICATIONS.values(), 1))
    slugs = list(STARTING_CLASSIFICATIONS)
    for (kind, name), slug in EXPECTED.items():
        number = judge(rules, kind, name, f"name:{name}", {}).number
        assert (slugs[number - 1] if number else None) == slug, name


def test_names_are_compared_folded_and_without_what_surrounds_them() -> None:
    assert names_of("device", "FIN-WS-17.Corp", "fqdn:fin-ws-17.corp") == {"fin-ws-17.corp", "fin-ws-17"}
    assert names_of("user", "CORP\\Ana", "nt:corp\\ana") == {"corp\\ana", "ana"}
