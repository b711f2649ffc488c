"""Our own format."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.choices import (
    AlertStatus,
    Classification,
    Determination,
    EvidenceRole,
    RemediationStatus,
    Severity,
    Verdict,
)
from common import boundary
from entities.choices import EntityKind
from ingest import limits
from ingest.formats import parse_records
from ingest.formats.native import ALERT_FIELDS, BUILDERS, EVIDENCE_FIELDS
from ingest.parsed import ParsedAlert
from ingest.reading import read_records
from tests.ingest.examples import NATIVE, NOW, changed, keys, parsed, piece, refused
from tests.ingest.hostile import EMPTY_TEXTS, TEXTS, TIMES_REFUSED, HostileText

SMALLEST: dict[str, Any] = {
    "source": "door",
    "external_id": "1",
    "title": "Door forced",
    "severity": "low",
    "first_activity": "2026-03-01T09:30:00Z",
}


def test_it_reads_every_field() -> None:
    alert = parsed(NATIVE)
    assert (alert.source, alert.external_id) == ("mail-gateway", "mg-2026-0001")
    assert alert.title == "Macro started a script interpreter"
    assert (alert.severity, alert.status) == (Severity.HIGH, AlertStatus.NEW)
    assert alert.first_activity == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert alert.last_activity == datetime(2026, 3, 1, 9, 34, 10, 123456, tzinfo=UTC)
    assert alert.categories == ("execution", "initial_access", "macro_abuse")
    assert alert.techniques == ("T1566.001", "T1059.001")
    assert alert.tags == ("phishing", "finance")
    assert alert.source_url == "https://gateway.contoso.example/alerts/1"
    assert alert.raw == NATIVE
    assert alert.notices == ()


def test_every_kind_of_entity_can_be_evidence() -> None:
    alert = parsed(NATIVE)
    assert {each.entity.kind for each in alert.evidence} == set(EntityKind)
    assert keys(alert) >= {
        "device fqdn:fin-ws-17.contoso.example",
        "user upn:jo@contoso.example",
        "ip ip:203.0.113.7",
        "file sha256:" + "a" * 64,
        "process process@fqdn:fin-ws-17.contoso.example|4780|2026-03-01T09:31:00+00:00",
        "file path@fqdn:fin-ws-17.contoso.example|c:\\windows\\system32\\powershell.exe",
        "user account@fqdn:fin-ws-17.contoso.example|nt authority\\system",
        "registry_key key@fqdn:fin-ws-17.contoso.example|hkcu\\software\\run",
    }


def test_evidence_says_what_part_the_entity_plays() -> None:
    alert = parsed(NATIVE)
    assert piece(alert, "ip:203.0.113.7").roles == ("attacker", "source")
    assert piece(alert, "ip:203.0.113.7").details == {"port": 443}
    assert piece(alert, "upn:jo@contoso.example").verdict is Verdict.SUSPICIOUS
    assert piece(alert, "sha256:" + "a" * 64).remediation_status is RemediationStatus.BLOCKED
    assert piece(alert, "fqdn:fin-ws-17.contoso.example").entity.attributes == {"critical": True}
    process = next(each for each in alert.evidence if each.entity.kind is EntityKind.PROCESS)
    assert process.details["command_line"] == "powershell -enc AAAA"
    assert process.details["integrity"] == "high"
    assert process.event_time == datetime(2026, 3, 1, 9, 31, tzinfo=UTC)


def test_few_fields_are_required() -> None:
    alert = parsed(SMALLEST)
    assert alert.last_activity == alert.first_activity
    assert alert.evidence == alert.tags == ()
    assert alert.classification is Classification.NOT_SET


@pytest.mark.parametrize("name", ["source", "external_id", "title", "severity", "first_activity"])
def test_a_required_field_that_is_missing_is_named(name: str) -> None:
    for record in (changed(SMALLEST, **{name: ...}), changed(SMALLEST, **{name: None})):
        assert refused(record, "native").field == name


@pytest.mark.parametrize("text", EMPTY_TEXTS)
@pytest.mark.parametrize("name", ["external_id", "title"])
def test_a_required_text_must_say_something(name: str, text: str) -> None:
    assert refused(changed(SMALLEST, **{name: text})).field == name


def test_an_unknown_field_is_refused_with_the_nearest_one() -> None:
    refusal = refused(changed(SMALLEST, severty="high"))
    assert (refusal.field, refusal.external_id) == ("severty", "1")
    assert "did you mean “severity”?" in refusal.problem
    far = refused(changed(SMALLEST, zzz=1))
    assert all(name in far.problem for name in ALERT_FIELDS)


def test_an_unknown_field_of_evidence_is_refused_with_the_nearest_one() -> None:
    refusal = refused(
        changed(SMALLEST, evidence=[{"type": "device", "hostname": "a"}, {"type": "device", "hostnme": "a"}])
    )
    assert refusal.field == "evidence[1].hostnme"
    assert "did you mean “hostname”?" in refusal.problem


def test_an_unknown_term_is_refused_with_the_known_ones() -> None:
    refusal = refused(changed(SMALLEST, severity="critical"))
    assert refusal.field == "severity"
    assert refusal.problem == '"critical" is not known; send one of informational, low, medium, high.'
    assert "did you mean “high”?" in refused(changed(SMALLEST, severity="High")).problem
    assert refused(changed(SMALLEST, evidence=[{"type": "ip", "address": "192.0.2.1", "roles": ["hacker"]}])).field == (
        "evidence[0].roles[0]"
    )


def test_evidence_must_say_its_type() -> None:
    assert refused(changed(SMALLEST, evidence=[{"hostname": "a"}])).field == "evidence[0].type"
    assert "not known" in refused(changed(SMALLEST, evidence=[{"type": "toaster"}])).problem


def test_evidence_that_nothing_identifies_is_refused_with_the_way_out() -> None:
    refusal = refused(changed(SMALLEST, evidence=[{"type": "file", "size": 3}]))
    assert refusal.field == "evidence[0]"
    assert "give a hash" in refusal.problem
    inner = refused(changed(SMALLEST, evidence=[{"type": "file", "sha1": "a" * 40, "device": {"os": "Linux"}}]))
    assert inner.field == "evidence[0].device"


def test_a_hash_of_another_length_is_refused() -> None:
    assert refused(changed(SMALLEST, evidence=[{"type": "file", "sha256": "a" * 40}])).field == "evidence[0].sha256"


def test_details_are_an_object_of_so_many_fields() -> None:
    device = {"type": "device", "hostname": "a"}
    for details in ([1], "x", {str(number): 1 for number in range(101)}):
        assert refused(changed(SMALLEST, evidence=[{**device, "details": details}])).field == "evidence[0].details"


def test_a_process_named_without_its_device_is_on_the_alerts_only_one() -> None:
    process = {"type": "process", "pid": 1, "created_at": "2026-03-01T09:30:00Z"}
    one = parsed(changed(SMALLEST, evidence=[process, {"type": "device", "hostname": "a"}]))
    assert "process process@host:a|1|2026-03-01T09:30:00+00:00" in keys(one)
    hosts = [{"type": "device", "hostname": "a"}, {"type": "device", "hostname": "b"}]
    two = parsed(changed(SMALLEST, evidence=[process, *hosts]))
    assert "process process@alert:door:1|1|2026-03-01T09:30:00+00:00" in keys(two)
    named = parsed(changed(SMALLEST, evidence=[{**process, "device": {"hostname": "c"}}, *hosts]))
    assert "process process@host:c|1|2026-03-01T09:30:00+00:00" in keys(named)
    assert "device host:c" in keys(named)


def test_one_entity_named_twice_is_one_piece_of_evidence() -> None:
    alert = parsed(
        changed(
            SMALLEST,
            evidence=[
                {"type": "device", "hostname": "WS-1", "roles": ["source"], "verdict": "suspicious"},
                {"type": "device", "hostname": "ws-1.contoso.example", "roles": ["attacked"], "verdict": "malicious"},
                {"type": "device", "hostname": "ws-1.contoso.example.", "defender_id": "feed01", "os": "Linux"},
            ],
        )
    )
    [evidence] = alert.evidence
    assert set(evidence.entity.match) == {"fqdn:ws-1.contoso.example", "mde:feed01"}
    assert evidence.entity.aliases == ("host:ws-1",)
    assert evidence.entity.attributes == {"os": "Linux"}
    assert evidence.roles == ("source", "attacked")
    assert evidence.verdict is Verdict.MALICIOUS


def test_two_people_of_one_name_stay_two() -> None:
    people = [{"type": "user", "account": name} for name in ("CONTOSO\\jo", "FABRIKAM\\jo", "jo")]
    assert keys(parsed(changed(SMALLEST, evidence=people))) == {
        "user nt:contoso\\jo",
        "user nt:fabrikam\\jo",
        "user account:jo",
    }
    assert keys(parsed(changed(SMALLEST, evidence=people[1:]))) == {"user nt:fabrikam\\jo"}


# ---------------------------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize("text", TIMES_REFUSED)
def test_a_time_that_cannot_be_meant_is_refused(text: str) -> None:
    refusal = refused(changed(SMALLEST, first_activity=text))
    assert refusal.field == "first_activity"
    assert refusal.problem.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T09:30:00Z",
        "2026-03-01t09:30:00z",
        "2026-03-01 09:30:00Z",
        "2026-03-01T10:30:00+01:00",
        "2026-03-01T03:30:00-0600",
        "2026-03-01T09:30:00.0000009Z",
    ],
)
def test_a_time_may_be_written_in_any_zone(text: str) -> None:
    assert parsed(changed(SMALLEST, first_activity=text)).first_activity == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_a_leap_second_is_the_end_of_the_second_before() -> None:
    moment = parsed(changed(SMALLEST, first_activity="2016-12-31T23:59:60Z")).first_activity
    assert moment == datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_a_time_may_lie_a_day_ahead_and_no_more() -> None:
    assert parsed(changed(SMALLEST, first_activity="2026-03-03T12:00:00Z"))
    assert "in the future" in refused(changed(SMALLEST, first_activity="2026-03-03T12:00:01Z")).problem


def test_the_end_may_not_come_before_the_beginning() -> None:
    assert refused(changed(SMALLEST, last_activity="2026-03-01T09:29:59Z")).field == "last_activity"


# ---------------------------------------------------------------------------------------- classification, source, caps


def test_a_determination_must_fit_its_classification() -> None:
    fitting = parsed(changed(SMALLEST, classification="true_positive", determination="phishing"))
    assert fitting.determination is Determination.PHISHING
    refusal = refused(changed(SMALLEST, classification="false_positive", determination="phishing"))
    assert refusal.field == "determination"
    assert "not_malicious, not_enough_data_to_validate, other" in refusal.problem
    assert "leave it out" in refused(changed(SMALLEST, determination="phishing")).problem


def test_a_token_that_is_bound_to_a_source_sends_for_it_alone() -> None:
    assert parsed(changed(SMALLEST, source=...), "native", "gate-2").source == "gate-2"
    assert parsed(changed(SMALLEST, source="gate-2"), bound_source="gate-2").source == "gate-2"
    refusal = refused(SMALLEST, bound_source="gate-2")
    assert (refusal.field, "“gate-2”" in refusal.problem) == ("source", True)


@pytest.mark.parametrize("source", ["Mail Gateway", "-x", "ä", "x/y", "x" * 65, "a\n"])
def test_a_sources_name_is_a_plain_word(source: str) -> None:
    assert refused(changed(SMALLEST, source=source)).field == "source"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "ftp://x.example/", "//x.example", "https:///x", "www.x.example"]
)
def test_the_way_back_is_a_web_address(address: str) -> None:
    assert refused(changed(SMALLEST, source_url=address)).field == "source_url"


@pytest.mark.parametrize("technique", ["1059", "T105", "T1059.1", "T1059.001.2", "T١٠٥٩"])
def test_a_technique_is_written_as_attack_does(technique: str) -> None:
    assert refused(changed(SMALLEST, techniques=["T1059", technique])).field == "techniques"


CAPS = {
    "external_id": limits.EXTERNAL_ID,
    "title": limits.TITLE,
    "description": limits.DESCRIPTION,
    "recommended_actions": limits.RECOMMENDED_ACTIONS,
    "service_source": limits.PRODUCT,
    "detection_source": limits.PRODUCT,
    "product_name": limits.PRODUCT,
    "detector_id": limits.SHORT_TEXT,
    "source_incident": limits.SHORT_TEXT,
}


@pytest.mark.parametrize("name", CAPS)
def test_a_text_may_be_as_long_as_its_cap_and_no_longer(name: str) -> None:
    assert getattr(parsed(changed(SMALLEST, **{name: "x" * CAPS[name]})), name) == "x" * CAPS[name]
    refusal = refused(changed(SMALLEST, **{name: "x" * (CAPS[name] + 1)}))
    assert refusal.field == name
    assert f"more than the {CAPS[name]:,} allowed" in refusal.problem


LIST_CAPS = {
    "tags": (limits.TAGS_PER_ALERT, "tag-{}"),
    "categories": (limits.CATEGORIES_PER_ALERT, "category-{}"),
    "techniques": (limits.TECHNIQUES_PER_ALERT, "T1{:03}"),
}


@pytest.mark.parametrize("name", LIST_CAPS)
def test_a_list_may_be_as_long_as_its_cap_and_no_longer(name: str) -> None:
    count, pattern = LIST_CAPS[name]
    words = [pattern.format(number) for number in range(count + 1)]
    assert len(getattr(parsed(changed(SMALLEST, **{name: words[:-1]})), name)) == count
    assert refused(changed(SMALLEST, **{name: words})).field == name


def test_an_alert_has_at_most_a_thousand_pieces_of_evidence() -> None:
    pieces = [{"type": "ip", "address": f"10.0.{number // 250}.{number % 250 + 1}"} for number in range(1_001)]
    assert len(parsed(changed(SMALLEST, evidence=pieces[:1_000])).evidence) == 1_000
    assert "1,001 items, more than the 1,000 allowed" in refused(changed(SMALLEST, evidence=pieces)).problem


@pytest.mark.parametrize("hostile", TEXTS, ids=lambda hostile: hostile.name)
def test_hostile_text_is_kept_as_it_came_or_refused_by_name(hostile: HostileText) -> None:
    record = changed(SMALLEST, title="T " + hostile.text, tags=["t " + hostile.text[:90]], description=hostile.text)
    if hostile.kept:
        alert = parsed(record)
        assert (alert.title, alert.description) == ("T " + hostile.text, hostile.text)
        assert alert.tags == ("t " + hostile.text,) or len(hostile.text) > 90
        assert alert.raw == record
    else:
        assert refused(record).field in ("title", "description", "tags[0]")


@pytest.mark.parametrize("value", [0, 1.5, True, [], {}, ["x"], {"x": 1}])
@pytest.mark.parametrize(
    "name", [name for name in ALERT_FIELDS if name not in ("categories", "techniques", "tags", "evidence")]
)
def test_a_value_of_the_wrong_type_is_refused_by_name(name: str, value: Any) -> None:
    assert refused(changed(SMALLEST, **{name: value})).field == name


def test_the_fields_of_evidence_do_not_collide_with_those_of_its_kind() -> None:
    for own_fields, _ in BUILDERS.values():
        assert set(own_fields).isdisjoint(EVIDENCE_FIELDS)


# -------------------------------------------------------------------------------------------------------- documentation

DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "ingest-format.md"
EXAMPLES_IN_IT = re.findall(r"```json\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES_IN_IT, ids=range(len(EXAMPLES_IN_IT)))
def test_every_example_of_the_documentation_is_taken(example: str) -> None:
    taken = list(parse_records(read_records(example.encode()), now=NOW))
    assert taken
    for alert in taken:
        assert isinstance(alert, ParsedAlert), alert
        assert alert.notices == ()
        assert alert.evidence or len(example) < 800


def test_the_documentation_has_an_example_of_every_format() -> None:
    sources = {
        alert.source
        for example in EXAMPLES_IN_IT
        for alert in parse_records(read_records(example.encode()), now=NOW)
        if isinstance(alert, ParsedAlert)
    }
    assert {"suricata", "microsoft_graph", "microsoft_sentinel", "mail-gateway"} <= sources


def table_rows(heading: str) -> dict[str, str]:
    """The rows of the first table after a heading of the documentation: first cell, in plain words, to the rest."""
    text = DOCUMENTATION.read_text().partition(heading)[2].partition("\n\n|")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ", 1) for line in text.splitlines() if "---" not in line]
    return {first.strip("` |"): rest for first, rest in (row for row in rows[1:] if len(row) == 2)}


def test_the_documentation_names_every_field_and_no_other() -> None:
    assert set(table_rows("### Fields of an alert")) == set(ALERT_FIELDS)
    assert set(table_rows("Every piece has:")) == set(EVIDENCE_FIELDS)
    types = table_rows("and the fields of its type.")
    assert set(types) == {kind.slug for kind in EntityKind}
    for kind, (fields, _) in BUILDERS.items():
        assert set(re.findall(r"`([a-z_0-9]+)`", types[kind.slug])) - {"jo"} == set(fields), kind


def test_the_documentation_names_every_term() -> None:
    text = DOCUMENTATION.read_text()
    for terms in (Severity, AlertStatus, Classification, Determination, EvidenceRole, Verdict, RemediationStatus):
        for slug in terms.slugs():
            assert f"`{slug}`" in text


def test_the_documentation_states_the_caps_as_they_are() -> None:
    caps = table_rows("## Caps")
    assert caps["alerts in one request"] == str(limits.ALERTS_PER_REQUEST)
    assert caps["one record"] == f"{limits.RECORD_BYTES // 2**20} MiB"
    assert caps["source`, `external_id"] == f"{limits.SOURCE} characters, {limits.EXTERNAL_ID} characters"
    assert caps["title"] == f"{limits.TITLE} characters"
    assert caps["description`, `recommended_actions"] == f"{limits.DESCRIPTION:,} characters"
    assert caps["service_source`, `detection_source`, `product_name"] == f"{limits.PRODUCT} characters"
    assert caps["other names and ids"] == f"{limits.SHORT_TEXT} characters"
    assert caps["source_url`, resource ids, subjects"] == f"{limits.ADDRESS:,} characters"
    assert caps["command lines, paths, URLs and other long texts about an entity"] == f"{limits.LONG_TEXT:,} characters"
    assert caps["tags of an alert"] == f"{limits.TAGS_PER_ALERT}, of {limits.TAG} characters"
    assert caps["categories; techniques of an alert"] == (
        f"{limits.CATEGORIES_PER_ALERT}, of {limits.CATEGORY} characters; {limits.TECHNIQUES_PER_ALERT}"
    )
    assert caps["evidence of an alert"] == f"{limits.EVIDENCE_PER_ALERT:,} pieces"
    assert caps["fields in `details"] == str(limits.DETAILS_PER_EVIDENCE)
    assert caps["lists about an entity"] == f"{limits.LIST_ITEMS} items"
    assert caps["nesting; values; one text in a record"] == (
        f"{boundary.MAXIMUM_DEPTH} levels; {boundary.MAXIMUM_VALUES:,}; {boundary.MAXIMUM_TEXT:,} characters"
    )
