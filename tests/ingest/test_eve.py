"""Alerts of Suricata."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.choices import Severity
from entities.noise import is_noise
from ingest import limits
from ingest.formats.eve import CATEGORIES
from ingest.parsed import ParsedAlert
from ingest.reading import read_records
from tests.ingest.examples import EVE, changed, keys, parsed, piece, refused
from tests.ingest.hostile import TEXTS, TIMES_REFUSED, HostileText
from tests.ingest.real_data import REAL_DATA, parsed_file, real_file


def with_alert(**changes: Any) -> dict[str, Any]:
    return changed(EVE, alert=changed(EVE["alert"], **changes))


def test_it_reads_what_the_sensor_says() -> None:
    alert = parsed(EVE)
    assert alert.source == "suricata"
    assert alert.title == "EXAMPLE WEB_SERVER template injection"
    assert alert.severity is Severity.HIGH
    assert alert.first_activity == datetime(2026, 3, 1, 9, 15, 29, 1, tzinfo=UTC)
    assert alert.last_activity == datetime(2026, 3, 1, 9, 15, 30, 123456, tzinfo=UTC)
    assert alert.categories == ("initial_access",)
    assert alert.techniques == ("T1190",)
    assert alert.detector_id == "1:9000001:3"
    assert alert.service_source == "Suricata"
    assert alert.description == (
        "Web Application Attack. TCP http from 198.51.100.9 port 44321 to 10.20.0.5 port 8080. The sensor allowed it."
    )
    assert alert.raw == EVE


def test_it_finds_addresses_names_pages_and_files() -> None:
    alert = parsed(EVE)
    assert keys(alert) == {
        "ip ip:198.51.100.9",
        "ip ip:10.20.0.5",
        "domain domain:shop.contoso.example",
        "url url:http://shop.contoso.example:8080/cart?x={{7*7}}",
        "domain domain:exfil.fabrikam.example",
        "file md5:" + "b" * 32,
    }
    page = piece(alert, "url:http://shop.contoso.example:8080/cart?x={{7*7}}")
    assert page.details["user_agent"] == "<script>alert(1)</script>"


def test_a_rule_that_protects_servers_tells_who_attacks() -> None:
    alert = parsed(EVE)
    assert piece(alert, "ip:198.51.100.9").roles == ("source", "attacker")
    assert piece(alert, "ip:10.20.0.5").roles == ("destination", "attacked")


def test_a_rule_that_protects_clients_tells_who_attacks() -> None:
    alert = parsed(with_alert(metadata={"attack_target": ["Client_Endpoint"]}))
    assert piece(alert, "ip:198.51.100.9").roles == ("source", "attacked")
    assert piece(alert, "ip:10.20.0.5").roles == ("destination", "attacker")


def test_the_answer_of_a_server_comes_from_the_server() -> None:
    answer = changed(EVE, direction="to_client")
    assert piece(parsed(answer), "ip:198.51.100.9").roles == ("source", "attacked")
    flow = {"src_ip": "198.51.100.9", "dest_ip": "10.20.0.5"}
    assert piece(parsed(changed(answer, flow=flow)), "ip:198.51.100.9").roles == ("source", "attacker")


def test_a_rule_may_name_attacker_and_attacked_itself() -> None:
    alert = parsed(with_alert(source={"ip": "10.20.0.5"}, target={"ip": "198.51.100.9"}))
    assert piece(alert, "ip:10.20.0.5").roles == ("destination", "attacker")


@pytest.mark.parametrize("targets", [None, [], ["Any"], ["Client_and_Server"], "x"])
def test_where_nothing_says_who_attacks_nobody_is_accused(targets: Any) -> None:
    alert = parsed(with_alert(metadata={"attack_target": targets}))
    assert piece(alert, "ip:198.51.100.9").roles == ("source",)


@pytest.mark.parametrize(
    ("number", "severity"),
    [(1, Severity.HIGH), (2, Severity.MEDIUM), (3, Severity.LOW), (4, Severity.INFORMATIONAL)],
)
def test_its_severities_count_from_the_gravest(number: int, severity: Severity) -> None:
    assert parsed(with_alert(severity=number)).severity is severity


@pytest.mark.parametrize("number", [None, 0, 5, 255, "x", 1.5, []])
def test_another_severity_is_medium_and_noted(number: Any) -> None:
    alert = parsed(with_alert(severity=number))
    assert alert.severity is Severity.MEDIUM
    assert any("alert.severity" in notice for notice in alert.notices)


@pytest.mark.parametrize("category", CATEGORIES)
def test_its_classes_mean_tactics_of_ours(category: str) -> None:
    assert parsed(with_alert(category=category, metadata=...)).categories == (CATEGORIES[category].slug,)


def test_a_class_we_do_not_know_is_kept_in_its_words() -> None:
    assert parsed(with_alert(category="House Rules", metadata=...)).categories == ("house_rules",)
    assert parsed(with_alert(category="Not Suspicious Traffic", metadata=...)).categories == ()


@pytest.mark.parametrize("event_type", ["flow", "dns", "http", "stats", None, 7])
def test_only_alerts_are_taken(event_type: Any) -> None:
    refusal = refused(changed(EVE, event_type=event_type))
    assert refusal.field == "event_type"
    assert "Only events of type “alert” are taken" in refusal.problem


def test_an_event_without_its_alert_is_refused() -> None:
    assert refused(changed(EVE, alert=...)).field == "alert"
    assert refused(with_alert(signature="")).field == "alert.signature"


@pytest.mark.parametrize("text", TIMES_REFUSED)
def test_a_time_that_cannot_be_meant_is_refused(text: str) -> None:
    assert refused(changed(EVE, timestamp=text)).field == "timestamp"
    alert = parsed(changed(EVE, flow={"start": text}))
    assert alert.first_activity == alert.last_activity


def test_a_repeat_has_the_same_id_and_anything_else_another() -> None:
    own_id = parsed(EVE).external_id
    assert own_id.startswith("eve-")
    assert parsed(json.loads(json.dumps(EVE, sort_keys=True))).external_id == own_id
    assert parsed(changed(EVE, timestamp="2026-03-01T09:15:30.123456Z", http=...)).external_id == own_id
    others = [
        changed(EVE, flow_id=1),
        changed(EVE, timestamp="2026-03-01T10:15:30.123457+0100"),
        changed(EVE, src_port=44322),
        changed(EVE, dest_ip="10.20.0.6"),
        changed(EVE, proto="UDP"),
        changed(EVE, pcap_cnt=9),
        changed(EVE, tx_id=1),
        with_alert(rev=4),
        with_alert(signature_id=1),
    ]
    assert len({own_id, *(parsed(other).external_id for other in others)}) == len(others) + 1


@pytest.mark.parametrize(
    ("http", "url"),
    [
        ({"hostname": "a.example", "url": "/x"}, "url:http://a.example/x"),
        ({"hostname": "a.example:81", "url": "/x"}, "url:http://a.example:81/x"),
        ({"hostname": "a.example", "url": "x"}, "url:http://a.example/x"),
        ({"hostname": "https", "url": "https://b.example/x"}, "url:https://b.example/x"),
        ({"url": "/x"}, "url:http://10.20.0.5/x"),
        ({"hostname": "-c", "url": "//x"}, "url:http://-c//x"),
    ],
)
def test_the_page_is_put_together_from_host_and_path(http: dict[str, Any], url: str) -> None:
    assert piece(parsed(changed(EVE, http=http)), url)


def test_a_host_header_that_is_no_name_is_noted_and_left_in_the_record() -> None:
    alert = parsed(changed(EVE, http={"hostname": "/../etc", "url": "/x"}))
    assert alert.notices == ("http.hostname: This is no domain name; it stays in the raw record.",)


def test_addresses_that_are_none_do_not_lose_the_alert() -> None:
    alert = parsed(changed(EVE, src_ip="not an address"))
    assert any("src_ip" in notice for notice in alert.notices)
    assert len(alert.evidence) == 6


def test_a_long_title_is_cut_and_kept_whole_in_the_record() -> None:
    alert = parsed(with_alert(signature="x" * 600))
    assert alert.title == "x" * (limits.TITLE - 1) + "…"
    assert alert.raw["alert"]["signature"] == "x" * 600


@pytest.mark.parametrize("hostile", TEXTS, ids=lambda hostile: hostile.name)
@pytest.mark.parametrize("where", ["signature", "category", "hostname", "url", "sni", "rrname", "filename", "src_ip"])
def test_hostile_text_anywhere_is_kept_in_the_record_or_refused(where: str, hostile: HostileText) -> None:
    record = {
        "signature": with_alert(signature="S" + hostile.text),
        "category": with_alert(category=hostile.text),
        "hostname": changed(EVE, http={"hostname": hostile.text, "url": "/"}),
        "url": changed(EVE, http={"hostname": "a.example", "url": hostile.text}),
        "sni": changed(EVE, tls={"sni": hostile.text}),
        "rrname": changed(EVE, dns={"rrname": hostile.text}),
        "filename": changed(EVE, files=[{"filename": hostile.text}]),
        "src_ip": changed(EVE, src_ip=hostile.text),
    }[where]
    if hostile.kept:
        assert parsed(record).raw == record
    else:
        assert refused(record).field.endswith(where)


# ------------------------------------------------------------------------------------------------------------ real data


@pytest.mark.parametrize(("name", "count"), [("wrccdc-2018", 207), ("first-org-conf-2015", 136)])
def test_every_real_alert_is_taken(name: str, count: int) -> None:
    alerts = parsed_file(f"suricata/{name}.json")
    assert len(alerts) == count
    assert [alert for alert in alerts if not isinstance(alert, ParsedAlert)] == []
    assert len({alert.external_id for alert in alerts if isinstance(alert, ParsedAlert)}) == count


@pytest.mark.parametrize("name", ["wrccdc-2018", "first-org-conf-2015"])
def test_real_records_are_kept_unchanged(name: str) -> None:
    originals = json.loads(real_file(f"suricata/{name}.json").read_text())
    alerts = parsed_file(f"suricata/{name}.json")
    assert [alert.raw for alert in alerts if isinstance(alert, ParsedAlert)] == originals


def test_real_alerts_from_nowhere_tie_nothing_together() -> None:
    found = [
        each.entity
        for alert in parsed_file("suricata/wrccdc-2018.json")
        if isinstance(alert, ParsedAlert)
        for each in alert.evidence
        if each.entity.key == "ip:0.0.0.0"
    ]
    assert found
    assert all(is_noise(entity) for entity in found)


def test_real_alerts_come_through_whichever_way_they_are_packed() -> None:
    path = real_file("suricata/wrccdc-2018.json")
    originals = json.loads(path.read_text())
    lines = "".join(json.dumps(each) + "\n" for each in originals).encode()
    assert [value for _, value in read_records(lines)] == originals  # type: ignore[misc]
    assert [value for _, value in read_records(path.read_bytes())] == originals  # type: ignore[misc]
    assert [value for _, value in read_records(path)] == originals  # type: ignore[misc]


def test_the_real_data_is_where_it_is_expected() -> None:
    if not REAL_DATA.is_dir():
        pytest.skip(f"No real alerts at {REAL_DATA}; tests of real data are skipped.")
