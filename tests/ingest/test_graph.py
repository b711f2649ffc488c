"""Alerts and incidents of Microsoft Graph."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.choices import AlertStatus, Classification, Determination, RemediationStatus, Severity, Verdict
from entities.choices import EntityKind
from ingest import limits
from ingest.formats.graph_evidence import BUILDERS
from ingest.parsed import ParsedAlert, RefusedRecord
from tests.ingest.examples import (
    GRAPH_ALERT,
    GRAPH_EVIDENCE,
    GRAPH_INCIDENT,
    changed,
    graph_evidence,
    keys,
    parsed,
    piece,
    refused,
    results,
)
from tests.ingest.hostile import TEXTS, TIMES_REFUSED, HostileText
from tests.ingest.real_data import parsed_file


def with_evidence(*pieces: Any) -> dict[str, Any]:
    return changed(GRAPH_ALERT, evidence=list(pieces))


def test_it_reads_what_the_alert_says() -> None:
    alert = parsed(GRAPH_ALERT)
    assert (alert.source, alert.external_id) == ("microsoft_graph", "da-example-1")
    assert alert.severity is Severity.MEDIUM
    assert alert.status is AlertStatus.IN_PROGRESS
    assert alert.classification is Classification.TRUE_POSITIVE
    assert alert.determination is Determination.COMPROMISED_ACCOUNT
    assert alert.first_activity == datetime(2026, 3, 1, 7, 0, 0, 765432, tzinfo=UTC)
    assert alert.last_activity == datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
    assert alert.source_created_at == datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert alert.categories == ("credential_access", "persistence")
    assert alert.techniques == ("T1078",)
    assert alert.service_source == "Microsoft Defender for Endpoint"
    assert alert.detection_source == "Microsoft Defender for Servers"
    assert alert.source_incident == "77"
    assert alert.source_url == "https://security.contoso.example/alerts/1"
    assert keys(alert) == {"malware malware:emotet"}
    assert alert.raw == GRAPH_ALERT


def test_an_incident_yields_its_alerts_with_its_id_and_custom_tags() -> None:
    first, second = results(changed(GRAPH_INCIDENT, id="2972"))
    assert isinstance(first, ParsedAlert) and isinstance(second, ParsedAlert)
    assert (first.external_id, second.external_id) == ("da-example-1", "da-example-2")
    assert first.source_incident == second.source_incident == "2972"
    assert first.tags == ("finance", "vip")
    assert second.raw == GRAPH_INCIDENT["alerts"][1]


def test_one_broken_alert_of_an_incident_does_not_refuse_the_others() -> None:
    broken = changed(GRAPH_ALERT, id="da-broken", title=...)
    first, second, third = results(changed(GRAPH_INCIDENT, alerts=[broken, 7, GRAPH_ALERT]))
    assert isinstance(first, RefusedRecord)
    assert (first.position, first.field, first.external_id) == (1, "alerts[0].title", "da-broken")
    assert isinstance(second, RefusedRecord) and second.field == "alerts[1]"
    assert isinstance(third, ParsedAlert)


def test_an_incident_without_its_alerts_says_how_to_ask_for_them() -> None:
    assert "$expand=alerts" in refused(changed(GRAPH_INCIDENT, alerts=...)).problem
    assert "$expand=alerts" in refused(changed(GRAPH_INCIDENT, alerts=[])).problem
    assert "merged into 99" in refused(changed(GRAPH_INCIDENT, alerts=[], redirectIncidentId="99")).problem


@pytest.mark.parametrize(
    ("word", "determination", "classification"),
    [
        ("apt", Determination.MULTI_STAGED_ATTACK, "truePositive"),
        ("securityPersonnel", Determination.SECURITY_TESTING, "informationalExpectedActivity"),
        ("compromisedUser", Determination.COMPROMISED_ACCOUNT, "truePositive"),
        ("clean", Determination.NOT_MALICIOUS, "falsePositive"),
        ("insufficientData", Determination.NOT_ENOUGH_DATA_TO_VALIDATE, "falsePositive"),
        ("NoEnoughDataToValidate", Determination.NOT_ENOUGH_DATA_TO_VALIDATE, "falsePositive"),
        ("notEnoughDataToValidate", Determination.NOT_ENOUGH_DATA_TO_VALIDATE, "FalsePositive"),
        ("confirmedUserActivity", Determination.CONFIRMED_ACTIVITY, "InformationalExpectedActivity"),
        ("lineOfBusinessApplication", Determination.LINE_OF_BUSINESS_APPLICATION, "informationalExpectedActivity"),
        ("NotAvailable", Determination.NOT_SET, "truePositive"),
        ("unknown", Determination.NOT_SET, "unknown"),
        ("unknownFutureValue", Determination.NOT_SET, "unknownFutureValue"),
        ("somethingNew", Determination.NOT_SET, "truePositive"),
        (None, Determination.NOT_SET, None),
    ],
)
def test_deprecated_and_drifted_names_are_understood(
    word: Any, determination: Determination, classification: Any
) -> None:
    alert = parsed(changed(GRAPH_ALERT, determination=word, classification=classification))
    assert alert.determination is determination
    assert alert.raw["determination"] == word


def test_a_determination_that_does_not_fit_is_dropped_and_noted() -> None:
    alert = parsed(changed(GRAPH_ALERT, classification="falsePositive", determination="phishing"))
    assert (alert.classification, alert.determination) == (Classification.FALSE_POSITIVE, Determination.NOT_SET)
    assert any("determination" in notice for notice in alert.notices)


@pytest.mark.parametrize("word", ["unknown", "unknownFutureValue", "Critical", "", 7, ["high"]])
def test_an_unknown_severity_is_medium(word: Any) -> None:
    assert parsed(changed(GRAPH_ALERT, severity=word)).severity is Severity.MEDIUM


@pytest.mark.parametrize("name", [name for name in GRAPH_ALERT if name not in ("id", "title", "@odata.type")])
def test_everything_but_id_title_and_one_time_may_be_missing(name: str) -> None:
    for record in (changed(GRAPH_ALERT, **{name: None}), changed(GRAPH_ALERT, **{name: ...})):
        assert parsed(record).title == GRAPH_ALERT["title"]


def test_what_an_alert_cannot_do_without_is_named() -> None:
    assert refused(changed(GRAPH_ALERT, title=None)).field == "title"
    assert refused(changed(GRAPH_ALERT, id=None)).field == "providerAlertId"
    assert parsed(changed(GRAPH_ALERT, id=None, providerAlertId=12345)).external_id == "12345"
    no_time = changed(GRAPH_ALERT, firstActivityDateTime=None, lastActivityDateTime=None, createdDateTime=None)
    assert refused(no_time).field == "createdDateTime"


def test_activity_in_the_wrong_order_is_put_right() -> None:
    alert = parsed(changed(GRAPH_ALERT, firstActivityDateTime="2026-03-01T09:00:00Z"))
    assert alert.first_activity < alert.last_activity


@pytest.mark.parametrize("text", TIMES_REFUSED)
def test_a_time_that_cannot_be_meant_falls_back_to_another(text: str) -> None:
    assert parsed(changed(GRAPH_ALERT, firstActivityDateTime=text)).first_activity == datetime(
        2026, 3, 1, 7, 30, tzinfo=UTC
    )


def test_long_texts_are_cut_and_kept_whole_in_the_record() -> None:
    alert = parsed(changed(GRAPH_ALERT, title="x" * 501, description="y" * 30_001))
    assert (len(alert.title), alert.title[-1]) == (500, "…")
    assert len(alert.description) == 30_000
    assert len(alert.raw["title"]) == 501
    assert len(alert.notices) == 2


def test_the_way_back_is_a_web_address_or_none() -> None:
    assert parsed(changed(GRAPH_ALERT, alertWebUrl="javascript:alert(1)")).source_url == ""


# ------------------------------------------------------------------------------------------------------------- evidence


@pytest.mark.parametrize("name", GRAPH_EVIDENCE)
def test_every_type_of_evidence_is_taken_without_a_complaint(name: str) -> None:
    alert = parsed(with_evidence(graph_evidence(name, **GRAPH_EVIDENCE[name])))
    assert alert.notices == ()
    assert any(each.verdict is Verdict.SUSPICIOUS for each in alert.evidence)
    is_other = [each for each in alert.evidence if each.entity.kind is EntityKind.OTHER]
    if name not in BUILDERS:
        assert is_other and is_other[0].details


@pytest.mark.parametrize("name", GRAPH_EVIDENCE)
def test_evidence_that_says_nothing_is_kept_as_it_is(name: str) -> None:
    alert = parsed(with_evidence(graph_evidence(name)))
    assert [each for each in alert.evidence if each.entity.kind is EntityKind.OTHER]


def test_all_48_types_are_covered() -> None:
    assert len(GRAPH_EVIDENCE) == 48
    assert set(BUILDERS) <= set(GRAPH_EVIDENCE)


def test_an_unknown_type_is_kept_with_all_it_says() -> None:
    new = graph_evidence("quantumRelay", name="Q", colour="green", nested={"a": [1]})
    [evidence, _] = parsed(with_evidence(new)).evidence
    assert evidence.entity.kind is EntityKind.OTHER
    assert evidence.entity.name == "Q"
    assert evidence.entity.attributes == {"type": "quantumRelay"}
    assert evidence.details == {"name": "Q", "colour": "green", "nested": {"a": [1]}}
    assert evidence.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"@odata.type": 7}, {"@odata.type": ""}])
def test_odd_evidence_does_not_lose_the_alert(odd: Any) -> None:
    assert parsed(with_evidence(odd)).title == GRAPH_ALERT["title"]
    assert parsed(changed(GRAPH_ALERT, evidence=odd)).title == GRAPH_ALERT["title"]


def test_words_about_evidence_are_mapped_and_unknown_ones_taken_as_unsaid() -> None:
    alert = parsed(
        with_evidence(
            graph_evidence(
                "ip",
                ipAddress="192.0.2.1",
                verdict="NoThreatsFound",
                remediationStatus="partiallyRemediated",
                roles=["Attacker", "commandAndControl", "newRole", "unknown"],
                detailedRoles=["Main device"],
                tags=["a"],
            )
        )
    )
    evidence = piece(alert, "ip:192.0.2.1")
    assert evidence.verdict is Verdict.NO_THREATS_FOUND
    assert evidence.remediation_status is RemediationStatus.PARTIALLY_REMEDIATED
    assert evidence.roles == ("attacker", "command_and_control")
    assert evidence.details == {"detailed_roles": ["Main device"], "tags": ["a"]}
    odd = parsed(with_evidence(graph_evidence("ip", ipAddress="192.0.2.1", verdict="new", remediationStatus=3)))
    assert piece(odd, "ip:192.0.2.1").verdict is Verdict.UNKNOWN


def test_a_process_brings_its_image_user_and_device() -> None:
    process, device = (graph_evidence(name, **GRAPH_EVIDENCE[name]) for name in ("process", "device"))
    expected = {
        "device fqdn:ws-1.contoso.example",
        "process process@fqdn:ws-1.contoso.example|4780|2026-03-01T07:10:00+00:00",
        "file sha1:" + "c" * 40,
        "user account@fqdn:ws-1.contoso.example|nt authority\\system",
    }
    assert expected <= keys(parsed(with_evidence(process, device)))
    alone = parsed(with_evidence(process))
    assert "device mde:feed01" in keys(alone)
    assert "process process@mde:feed01|4780|2026-03-01T07:10:00+00:00" in keys(alone)


def test_nested_evidence_becomes_evidence_of_its_own() -> None:
    def of(name: str) -> set[str]:
        return keys(parsed(with_evidence(graph_evidence(name, **GRAPH_EVIDENCE[name]))))

    assert of("dns") >= {"domain domain:fabrikam.example", "ip ip:192.0.2.44"}
    assert of("malware") >= {"malware malware:emotet", "file sha256:" + "e" * 64}
    assert of("networkConnection") >= {"ip ip:192.0.2.44", "ip ip:192.0.2.47"}
    assert of("kubernetesPod") >= {"container pod:prod|shop|web-1", "container container:def456"}
    assert of("mailbox") >= {"mailbox mailbox:jo@contoso.example", "user nt:contoso\\jo"}
    assert of("hostLogonSession") >= {"device mde:feed01", "user nt:contoso\\jo"}
    assert of("teamsMessage") >= {"url url:https://fabrikam.example/t"}
    assert of("blob") >= {"cloud_resource resource:https://s.example/c/b", "cloud_resource resource:/s/1"}


def test_the_hash_of_signed_code_is_not_taken_for_a_files() -> None:
    alert = parsed(with_evidence(graph_evidence("fileHash", algorithm="sha256ac", value="d" * 64)))
    assert "other filehash:sha256ac:" + "d" * 64 in keys(alert)


def test_numbers_may_stand_in_quotation_marks() -> None:
    process = {**GRAPH_EVIDENCE["process"], "processId": " 4780 ", "parentProcessId": "x"}
    alert = parsed(with_evidence(graph_evidence("process", **process)))
    assert "process process@mde:feed01|4780|2026-03-01T07:10:00+00:00" in keys(alert)
    assert any("parentProcessId" in notice for notice in alert.notices)


def test_copies_of_a_mail_are_one_message_with_each_recipient() -> None:
    mail = GRAPH_EVIDENCE["analyzedMessage"]
    copies = [
        graph_evidence("analyzedMessage", **{**mail, "recipientEmailAddress": f"{who}@contoso.example"}) for who in "ab"
    ]
    [message, _] = parsed(with_evidence(*copies)).evidence
    assert message.details["recipient"] == "a@contoso.example"
    assert [each["recipient"] for each in message.details["also"]] == ["b@contoso.example"]


def test_of_very_much_evidence_the_first_thousand_is_taken_and_the_rest_noted() -> None:
    pieces = [graph_evidence("ip", ipAddress=f"10.0.{n // 250}.{n % 250 + 1}") for n in range(1_200)]
    alert = parsed(changed(with_evidence(*pieces), threatDisplayName=None, threatFamilyName=None))
    assert len(alert.evidence) == limits.EVIDENCE_PER_ALERT
    assert any("1,200 items" in notice for notice in alert.notices)


def test_entities_nested_in_the_last_pieces_do_not_exceed_the_cap_either() -> None:
    pieces = [
        graph_evidence("dns", domainName=f"h{n}.example", ipAddresses=[{"ipAddress": f"10.1.{n // 250}.{n % 250 + 1}"}])
        for n in range(900)
    ]
    alert = parsed(with_evidence(*pieces))
    assert len(alert.evidence) == limits.EVIDENCE_PER_ALERT
    assert any("left out" in notice for notice in alert.notices)


@pytest.mark.parametrize("hostile", TEXTS, ids=lambda hostile: hostile.name)
@pytest.mark.parametrize(
    "where", ["title", "category", "hostName", "fileName", "processCommandLine", "url", "accountName"]
)
def test_hostile_text_anywhere_is_kept_in_the_record_or_refused(where: str, hostile: HostileText) -> None:
    text = hostile.text
    record = {
        "title": changed(GRAPH_ALERT, title="T" + text),
        "category": changed(GRAPH_ALERT, category=text),
        "hostName": with_evidence(graph_evidence("device", hostName=text)),
        "fileName": with_evidence(graph_evidence("file", fileDetails={"fileName": text, "filePath": text})),
        "processCommandLine": with_evidence(graph_evidence("process", processId=1, processCommandLine=text)),
        "url": with_evidence(graph_evidence("url", url=text)),
        "accountName": with_evidence(graph_evidence("user", userAccount={"accountName": text, "domainName": text})),
    }[where]
    if hostile.kept:
        assert parsed(record).raw == record
    else:
        assert where in refused(record).field


# ------------------------------------------------------------------------------------------------------------ real data


def test_the_real_incident_is_taken_with_all_its_evidence() -> None:
    [alert] = parsed_file("graph/incidents_expand_alerts.json")
    assert isinstance(alert, ParsedAlert), alert
    assert alert.notices == ()
    assert [str(each.entity.kind) for each in alert.evidence] == ["device", "file", "user", "process", "registry_key"]
    assert alert.source_incident == "2972395"
    assert alert.tags == ("Demo",)
    assert alert.source_created_at is not None and alert.source_created_at.microsecond == 721130
    assert alert.service_source == "Microsoft Defender for Endpoint"
    assert (alert.categories, alert.techniques) == (("defense_evasion",), ("T1564.001",))
