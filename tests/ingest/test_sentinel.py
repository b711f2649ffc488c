"""Rows of Microsoft Sentinel's SecurityAlert table."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.choices import AlertStatus, Severity
from entities.choices import EntityKind
from entities.noise import is_noise
from ingest.formats.sentinel_entities import BUILDERS, DEEPEST
from ingest.parsed import ParsedAlert
from tests.ingest.examples import ENTITIES, SENTINEL, changed, keys, parsed, piece, refused
from tests.ingest.hostile import TEXTS, TIMES_REFUSED, HostileText
from tests.ingest.real_data import parsed_file, real_file


def with_entities(*entities: Any) -> dict[str, Any]:
    return changed(SENTINEL, Entities=json.dumps(entities), CompromisedEntity=...)


def test_it_reads_what_the_row_says() -> None:
    alert = parsed(SENTINEL)
    assert alert.source == "microsoft_sentinel"
    assert alert.external_id == "5f5c1f0a-0000-4000-8000-000000000001"
    assert alert.title == "Rare process"
    assert alert.severity is Severity.HIGH
    assert alert.first_activity == datetime(2026, 3, 1, 7, 0, 0, 123456, tzinfo=UTC)
    assert alert.last_activity == datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
    assert alert.source_created_at == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert alert.categories == ("initial_access", "execution")
    assert alert.techniques == ("T1059",)
    assert alert.service_source == "Microsoft Sentinel"
    assert alert.detection_source == "Scheduled analytics rule"
    assert alert.recommended_actions == "Look.\nAct."
    assert alert.source_url == "https://portal.contoso.example/1"
    assert alert.raw == SENTINEL
    assert alert.notices == ()


def test_it_reads_every_type_of_entity() -> None:
    alert = parsed(SENTINEL)
    assert keys(alert) >= {
        "device fqdn:ws-1.contoso.example",
        "user nt:contoso\\jo",
        "ip ip:192.0.2.50",
        "url url:https://fabrikam.example/x",
        "file sha1:" + "c" * 40,
        "process process@fqdn:ws-1.contoso.example|5724|2026-03-01T07:10:00+00:00",
        "process process@fqdn:ws-1.contoso.example|668|||",
        "malware malware:emotet",
        "mailbox mailbox:jo@contoso.example",
        "mail_message network-message:m-1",
        "mail_cluster cluster:subject:hi",
        "domain domain:fabrikam.example",
        "cloud_resource resource:/subscriptions/1/vm/1",
        "application app:11161",
        "security_group dn:cn=admins,dc=contoso,dc=example",
        "device agent:cam-1",
        "mail_message network-message:m-2",
    }
    assert {"registry_key", "registry_value"} <= {str(each.entity.kind) for each in alert.evidence}
    others = [each for each in alert.evidence if each.entity.kind is EntityKind.OTHER]
    assert [each.entity.attributes["type"] for each in others] == ["host-logon-session", "quantum-relay"]
    assert others[1].details == {"Colour": "green"}


def test_the_examples_cover_every_type_that_is_mapped() -> None:
    told = {str(each.get("Type", "filehash")).lower().replace("-", "") for each in ENTITIES}
    assert set(BUILDERS) <= told | {"dnsresolution"}


@pytest.mark.parametrize("name", ["mail-message", "MailMessage", "mailmessage", "MAIL_MESSAGE", "Mail Message"])
def test_type_names_are_read_in_any_spelling(name: str) -> None:
    alert = parsed(with_entities({"Type": name, "NetworkMessageId": "m-9"}))
    assert keys(alert) == {"mail_message network-message:m-9"}


def test_the_chief_entity_is_marked_as_compromised() -> None:
    assert piece(parsed(SENTINEL), "fqdn:ws-1.contoso.example").roles == ("compromised",)
    resource = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/VM7"
    alone = parsed(changed(SENTINEL, Entities="", CompromisedEntity="vm7", ResourceId=resource))
    assert keys(alone) == {f"cloud_resource resource:{resource.lower()}", f"device azure:{resource.lower()}"}
    unclear = parsed(changed(SENTINEL, Entities="", CompromisedEntity="something"))
    assert unclear.evidence == ()


def test_references_that_point_forward_or_backward_are_followed() -> None:
    host = {"$id": "2", "Type": "host", "HostName": "a"}
    account = {"$id": "1", "Type": "account", "Name": "root", "Host": {"$ref": "2"}}
    for entities in ((account, host), (host, account)):
        assert keys(parsed(with_entities(*entities))) == {"device host:a", "user account@host:a|root"}


@pytest.mark.parametrize(
    "entities",
    [
        [{"$id": "1", "Type": "process", "ProcessId": "1", "ParentProcess": {"$ref": "1"}}],
        [
            {"$id": "1", "Type": "process", "ProcessId": "1", "ParentProcess": {"$ref": "2"}},
            {"$id": "2", "Type": "process", "ProcessId": "2", "ParentProcess": {"$ref": "1"}},
        ],
        [{"$id": "1", "Type": "account", "Name": "jo", "Host": {"$ref": "1"}}],
        [{"$id": "1", "Type": "process", "ProcessId": "1", "Host": {"$ref": "99"}}],
        [{"$id": "1", "$ref": "1"}, {"$ref": "1"}, {"$id": "2", "Type": "ip", "Address": {"$ref": "2"}}],
        [{"$id": "1", "$ref": "2"}, {"$id": "2", "$ref": "1"}, {"Type": "file", "Name": "a", "Host": {"$ref": "1"}}],
        [{"$id": ["x"], "Type": "ip", "Address": "192.0.2.1"}, {"Type": "dns", "IpAddress": {"$ref": {"a": 1}}}],
        [
            {"Type": "malware", "Name": "a", "Files": [{"$ref": "2"}]},
            {"$id": "2", "Type": "file", "Host": {"$ref": "3"}},
        ],
    ],
)
def test_circles_and_dangling_references_do_no_harm(entities: list[Any]) -> None:
    assert parsed(with_entities(*entities)).title == "Rare process"


def test_a_long_chain_of_references_costs_no_more_than_its_length() -> None:
    chain = [
        {"$id": str(n), "Type": "process", "ProcessId": str(n), "ParentProcess": {"$ref": str(n + 1)}}
        for n in range(999)
    ]
    alert = parsed(with_entities({"$id": "h", "Type": "host", "HostName": "a"}, *chain))
    assert len(alert.evidence) == 1_000


def test_entities_inside_entities_are_followed_so_far() -> None:
    inner: dict[str, Any] = {"Type": "process", "ProcessId": "0"}
    for number in range(1, 25):
        inner = {"Type": "process", "ProcessId": str(number), "ParentProcess": inner}
    assert len(parsed(with_entities(inner)).evidence) == DEEPEST


@pytest.mark.parametrize(
    "cell", ["[", "not json", '{"a": 1, "a": 2}', "[" * 100_000, '[{"Type": "ip", "Address": 1e999}]', "7", "null"]
)
def test_a_broken_cell_costs_the_entities_and_not_the_alert(cell: str) -> None:
    alert = parsed(changed(SENTINEL, Entities=cell, ExtendedProperties=cell, CompromisedEntity=...))
    assert alert.evidence == ()
    assert alert.raw["Entities"] == cell


def test_a_hash_is_a_file_and_the_hash_of_signed_code_is_not() -> None:
    plain = {"Type": "filehash", "Algorithm": "SHA256", "Value": "A" * 64}
    signed = {"Type": "FileHash", "Algorithm": "SHA256AC", "Value": "B" * 64}
    file = {"Type": "file", "Name": "a.exe", "FileHashes": [plain, signed]}
    assert keys(parsed(with_entities(plain, signed))) == {
        "file sha256:" + "a" * 64,
        "other filehash:sha256ac:" + "b" * 64,
    }
    [evidence] = parsed(with_entities(file)).evidence
    assert evidence.entity.match == ("sha256:" + "a" * 64,)


def test_an_entity_that_is_listed_by_reference_is_evidence() -> None:
    file = {
        "$id": "1",
        "Type": "file",
        "Name": "a.exe",
        "HostUrl": {"$id": "2", "Type": "url", "Url": "http://a.example/"},
    }
    assert keys(parsed(with_entities(file))) == {
        "file file@alert:microsoft_sentinel:" + SENTINEL["SystemAlertId"] + "|a.exe"
    }
    assert "url url:http://a.example/" in keys(parsed(with_entities(file, {"$ref": "2"})))


def test_a_single_entity_may_stand_without_its_list() -> None:
    row = changed(SENTINEL, Entities={"Type": "ip", "Address": "192.0.2.1"}, CompromisedEntity=...)
    assert keys(parsed(row)) == {"ip ip:192.0.2.1"}


def test_the_older_names_of_columns_are_read_too() -> None:
    older = {
        "SystemAlertId": "1",
        "AlertName": "Older",
        "Severity": "Low",
        "StartTimeUtc": "2019-01-11 06:31:40",
        "EndTimeUtc": "2019-01-12 06:31:40",
        "TimeGenerated": "2019-01-12 06:41:44",
        "ProviderName": "CustomAlertRule",
        "VendorName": "Alert Rule",
        "Entities": "",
    }
    alert = parsed(older)
    assert (alert.title, alert.severity) == ("Older", Severity.LOW)
    assert alert.first_activity == datetime(2019, 1, 11, 6, 31, 40, tzinfo=UTC)
    assert alert.service_source == "Microsoft Sentinel"


def test_an_export_from_the_portal_is_read() -> None:
    row = changed(SENTINEL, StartTime=..., EndTime=..., TimeGenerated=...)
    row["TimeGenerated [UTC]"] = "3/1/2026, 8:00:00.123 AM"
    row["StartTime [UTC]"] = "3/1/2026, 12:05:00.000 AM"
    row["EndTime [UTC]"] = "3/1/2026, 12:05:00 PM"
    alert = parsed(row)
    assert alert.first_activity == datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
    assert alert.last_activity == datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    assert alert.raw == row
    assert parsed(changed(row, **{"StartTime [UTC]": "3/1/2026, 13:05:00 PM"})).first_activity == alert.last_activity


@pytest.mark.parametrize(
    ("product", "provider", "vendor", "service"),
    [
        ("Azure Security Center", "", "Microsoft", "Microsoft Defender for Cloud"),
        ("Microsoft Defender Advanced Threat Protection", "MDATP", "Microsoft", "Microsoft Defender for Endpoint"),
        ("Azure Active Directory Identity Protection", "IPC", "Microsoft", "Microsoft Entra ID Protection"),
        ("", "MCAS", "Microsoft", "Microsoft Defender for Cloud Apps"),
        ("", "OATP", "Microsoft", "Microsoft Defender for Office 365"),
        ("", "InternalDemo", "F5 WAF", "F5 WAF"),
        ("House sensor", "", "", "House sensor"),
        ("", "", "", "Microsoft Sentinel"),
    ],
)
def test_products_are_told_in_plain_words(product: str, provider: str, vendor: str, service: str) -> None:
    row = changed(SENTINEL, ProductName=product, ProviderName=provider, VendorName=vendor)
    assert parsed(row).service_source == service


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("New", AlertStatus.NEW),
        ("InProgress", AlertStatus.IN_PROGRESS),
        ("Resolved", AlertStatus.RESOLVED),
        ("Dismissed", AlertStatus.RESOLVED),
        ("Unknown", AlertStatus.NEW),
        ("Odd", AlertStatus.NEW),
        ("", AlertStatus.NEW),
    ],
)
def test_its_states_are_ours(word: str, status: AlertStatus) -> None:
    assert parsed(changed(SENTINEL, Status=word)).status is status


def test_what_an_alert_cannot_do_without_is_named() -> None:
    assert refused(changed(SENTINEL, SystemAlertId=""), "sentinel").field == "SystemAlertId"
    assert refused(changed(SENTINEL, DisplayName="", AlertName="")).field == "DisplayName"
    timeless = refused(changed(SENTINEL, StartTime="", EndTime="", TimeGenerated=""))
    assert (timeless.field, timeless.external_id) == ("TimeGenerated", SENTINEL["SystemAlertId"])


@pytest.mark.parametrize("text", [text for text in TIMES_REFUSED if text != "2026-03-01T09:30:00"])
def test_a_time_that_cannot_be_meant_falls_back_to_another(text: str) -> None:
    alert = parsed(changed(SENTINEL, StartTime=text, EndTime=text))
    assert alert.first_activity == alert.last_activity == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("hostile", TEXTS, ids=lambda hostile: hostile.name)
@pytest.mark.parametrize(
    "where", ["DisplayName", "Tactics", "CompromisedEntity", "Entities", "HostName", "Type", "$id"]
)
def test_hostile_text_anywhere_is_kept_in_the_record_or_refused(where: str, hostile: HostileText) -> None:
    text = hostile.text
    row = {
        "DisplayName": changed(SENTINEL, DisplayName="D" + text),
        "Tactics": changed(SENTINEL, Tactics=text),
        "CompromisedEntity": changed(SENTINEL, CompromisedEntity=text),
        "Entities": changed(SENTINEL, Entities=text),
        "HostName": with_entities({"Type": "host", "HostName": text}),
        "Type": with_entities({"Type": text, "Name": text}),
        "$id": with_entities({"$id": text, "Type": "ip"}, {"$ref": text}),
    }[where]
    if hostile.kept or (where in ("HostName", "Type", "$id") and len(text) < 1_000):
        # inside a cell the text is escaped: the cell is kept, and only its entities are left out
        assert parsed(row).raw == row
    else:
        assert refused(row).field in (where, "Entities")


# ------------------------------------------------------------------------------------------------------------ real data


def test_every_real_row_is_taken() -> None:
    alerts = parsed_file("sentinel/alertlist.csv")
    assert len(alerts) == 189
    assert [alert for alert in alerts if not isinstance(alert, ParsedAlert)] == []
    taken = [alert for alert in alerts if isinstance(alert, ParsedAlert)]
    assert len({alert.external_id for alert in taken}) == 189
    assert not [notice for alert in taken for notice in alert.notices]
    assert Counter(alert.severity for alert in taken) == {
        Severity.HIGH: 102,
        Severity.MEDIUM: 56,
        Severity.LOW: 24,
        Severity.INFORMATIONAL: 7,
    }


def test_real_rows_are_kept_unchanged() -> None:
    with real_file("sentinel/alertlist.csv").open(newline="") as table:
        originals = list(csv.DictReader(table))
    taken = [alert for alert in parsed_file("sentinel/alertlist.csv") if isinstance(alert, ParsedAlert)]
    assert [alert.raw for alert in taken] == originals


def test_no_entity_of_a_real_row_is_lost() -> None:
    wanted = {"account": "user", "host": "device", "ip": "ip", "process": "process", "registry-key": "registry_key"}
    for alert in parsed_file("sentinel/alertlist.csv"):
        assert isinstance(alert, ParsedAlert)
        told = {wanted[each["Type"]] for each in json.loads(alert.raw["Entities"] or "[]") if each["Type"] in wanted}
        assert told <= {str(each.entity.kind) for each in alert.evidence}


def test_common_accounts_of_real_rows_tie_nothing_together() -> None:
    names = {
        each.entity.name.upper()
        for alert in parsed_file("sentinel/alertlist.csv")
        if isinstance(alert, ParsedAlert)
        for each in alert.evidence
        if each.entity.kind is EntityKind.USER and is_noise(each.entity)
    }
    assert {"ADMINISTRATOR", "ADMIN", "USER"} <= names
