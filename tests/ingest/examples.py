"""Records of each format, of our own making, with every part that the formats read."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

from ingest.formats import parse_records
from ingest.parsed import ParsedAlert, ParsedEvidence, RefusedRecord

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When the tests' alerts come in."""

NATIVE: dict[str, Any] = {
    "source": "mail-gateway",
    "external_id": "mg-2026-0001",
    "title": "Macro started a script interpreter",
    "description": "A document opened from mail started PowerShell.",
    "severity": "high",
    "status": "new",
    "classification": "not_set",
    "determination": "not_set",
    "first_activity": "2026-03-01T09:30:00Z",
    "last_activity": "2026-03-01T09:34:10.1234567Z",
    "source_created_at": "2026-03-01T09:35:00Z",
    "categories": ["execution", "Initial access", "Macro abuse"],
    "techniques": ["T1566.001", "t1059.001"],
    "service_source": "Mail gateway",
    "detection_source": "Sandbox",
    "product_name": "Gateway 9",
    "detector_id": "rule-4711",
    "recommended_actions": "Isolate the device.",
    "source_url": "https://gateway.contoso.example/alerts/1",
    "source_incident": "case-9",
    "tags": ["phishing", "finance"],
    "evidence": [
        {
            "type": "device",
            "hostname": "FIN-WS-17",
            "domain": "contoso.example",
            "roles": ["compromised"],
            "critical": True,
        },
        {"type": "user", "account": "CONTOSO\\jo", "upn": "jo@contoso.example", "verdict": "suspicious"},
        {"type": "mailbox", "address": "jo@contoso.example"},
        {"type": "application", "app_id": "11161", "name": "Mail"},
        {"type": "cloud_resource", "resource_id": "/subscriptions/1/vm/2", "provider": "azure"},
        {"type": "ip", "address": "203.0.113.7", "roles": ["attacker", "source"], "port": 443, "country": "NL"},
        {"type": "domain", "domain": "login-contoso.example"},
        {"type": "url", "url": "https://login-contoso.example/a?b=c", "verdict": "malicious"},
        {"type": "file", "name": "invoice.docm", "sha256": "a" * 64, "remediation_status": "blocked"},
        {
            "type": "process",
            "pid": 4780,
            "created_at": "2026-03-01T09:31:00Z",
            "command_line": "powershell -enc AAAA",
            "image": {"path": "C:\\Windows\\System32\\powershell.exe"},
            "user": {"account": "SYSTEM", "domain": "NT AUTHORITY"},
            "parent_pid": 668,
            "event_time": "2026-03-01T09:31:00Z",
            "details": {"integrity": "high"},
        },
        {"type": "mail_message", "internet_message_id": "<1@contoso.example>", "subject": "Invoice"},
        {"type": "mail_cluster", "id": "subject=Invoice", "mail_count": 12},
        {"type": "registry_key", "hive": "HKEY_CURRENT_USER", "key": "Software\\Run"},
        {"type": "registry_value", "hive": "HKCU", "key": "Software\\Run", "name": "Updater", "data": "x.exe"},
        {"type": "security_group", "name": "Domain Admins", "domain": "CONTOSO"},
        {"type": "malware", "name": "Emotet", "category": "trojan"},
        {"type": "container", "name": "web", "namespace": "shop", "cluster": "prod"},
        {"type": "other", "label": "badge reader", "id": "door-7"},
    ],
}

EVE: dict[str, Any] = {
    "timestamp": "2026-03-01T10:15:30.123456+0100",
    "flow_id": 1234567890123456,
    "host": "sensor-1",
    "event_type": "alert",
    "src_ip": "198.51.100.9",
    "src_port": 44321,
    "dest_ip": "10.20.0.5",
    "dest_port": 8080,
    "proto": "TCP",
    "app_proto": "http",
    "tx_id": 0,
    "direction": "to_server",
    "alert": {
        "action": "allowed",
        "gid": 1,
        "signature_id": 9000001,
        "rev": 3,
        "signature": "EXAMPLE WEB_SERVER template injection",
        "category": "Web Application Attack",
        "severity": 1,
        "metadata": {
            "attack_target": ["Web_Server"],
            "mitre_tactic_id": ["TA0001"],
            "mitre_tactic_name": ["Initial_Access"],
            "mitre_technique_id": ["T1190"],
        },
    },
    "http": {
        "hostname": "Shop.Contoso.Example",
        "url": "/cart?x={{7*7}}",
        "http_port": 8080,
        "http_method": "GET",
        "http_user_agent": "<script>alert(1)</script>",
        "status": 500,
    },
    "tls": {"sni": "shop.contoso.example", "version": "TLS 1.3"},
    "dns": {"query": [{"rrname": "exfil.fabrikam.example", "rrtype": "TXT"}]},
    "files": [{"filename": "/upload/shell.php", "md5": "b" * 32, "size": 120, "state": "CLOSED"}],
    "flow": {"start": "2026-03-01T10:15:29.000001+0100", "pkts_toserver": 3},
}

GRAPH_ALERT: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.security.alert",
    "id": "da-example-1",
    "incidentId": "77",
    "title": "Suspicious sign-in and mail rule",
    "description": "Example.",
    "severity": "Medium",
    "status": "InProgress",
    "classification": "TruePositive",
    "determination": "CompromisedUser",
    "category": "CredentialAccess",
    "categories": ["Persistence"],
    "mitreTechniques": ["T1078"],
    "serviceSource": "microsoftDefenderForEndpoint",
    "detectionSource": "microsoftDefenderForServers",
    "productName": "Microsoft Defender for Endpoint",
    "detectorId": "detector-1",
    "recommendedActions": "Reset the password.",
    "alertWebUrl": "https://security.contoso.example/alerts/1",
    "threatDisplayName": "Emotet",
    "threatFamilyName": "Emotet",
    "createdDateTime": "2026-03-01T08:00:00.1234567Z",
    "firstActivityDateTime": "2026-03-01T07:00:00.7654321Z",
    "lastActivityDateTime": "2026-03-01T07:30:00Z",
    "evidence": [],
}


def graph_evidence(type_name: str, **fields: Any) -> dict[str, Any]:
    """One piece of evidence of Microsoft Graph."""
    return {"@odata.type": f"#microsoft.graph.security.{type_name}Evidence", "verdict": "suspicious", **fields}


_IP = {"@odata.type": "#microsoft.graph.security.ipEvidence", "ipAddress": "192.0.2.44"}
_FILE = {"fileName": "a.exe", "filePath": "C:\\Temp", "sha1": "c" * 40, "fileSize": 9}
_POD_NAMESPACE = {"name": "shop", "cluster": {"name": "prod", "cloudResource": {"resourceId": "/aks/1"}}}

GRAPH_EVIDENCE: dict[str, dict[str, Any]] = {
    "activeDirectoryDomain": {"activeDirectoryDomainName": "corp.contoso.example"},
    "aiAgent": {"agentId": "agent-1", "agentName": "Helper"},
    "amazonResource": {"amazonResourceId": "arn:aws:s3:::bucket", "resourceName": "bucket"},
    "analyzedMessage": {
        "networkMessageId": "11111111-2222-4333-8444-555555555555",
        "subject": "Invoice",
        "recipientEmailAddress": "jo@contoso.example",
        "p1Sender": {"emailAddress": "x@fabrikam.example"},
    },
    "azureResource": {"resourceId": "/subscriptions/1/vm/1", "resourceName": "vm1"},
    "blob": {"name": "b", "url": "https://s.example/c/b", "blobContainer": {"storageResource": {"resourceId": "/s/1"}}},
    "blobContainer": {"name": "c", "url": "https://s.example/c"},
    "cloudApplication": {"appId": 11161, "displayName": "Drive"},
    "cloudLogonRequest": {"requestId": "request-1"},
    "cloudLogonSession": {"sessionId": "s-1", "account": {"userAccount": {"userPrincipalName": "li@contoso.example"}}},
    "container": {"containerId": "abc123", "name": "web", "image": {"imageId": "registry/web:1"}},
    "containerImage": {"imageId": "registry/web:2"},
    "containerRegistry": {"registry": "registry.contoso.example"},
    "device": {"mdeDeviceId": "feed01", "deviceDnsName": "ws-1.contoso.example", "osPlatform": "Windows11"},
    "dns": {"domainName": "fabrikam.example", "ipAddresses": [_IP]},
    "file": {"fileDetails": _FILE, "mdeDeviceId": "feed01"},
    "fileHash": {"algorithm": "sha256", "value": "d" * 64},
    "gitHubOrganization": {"orgId": "o1", "login": "contoso"},
    "gitHubRepo": {"repoId": "r1", "login": "contoso/app"},
    "gitHubUser": {"userId": "u1", "login": "jo"},
    "googleCloudResource": {"fullResourceName": "//compute/1", "projectId": "p"},
    "hostLogonSession": {
        "sessionId": "0x3e7",
        "host": {"mdeDeviceId": "feed01"},
        "account": {"userAccount": {"accountName": "jo", "domainName": "CONTOSO"}},
    },
    "ioTDevice": {"deviceId": "cam-1", "deviceName": "camera-1", "ipAddress": {"ipAddress": "192.0.2.45"}},
    "ip": {"ipAddress": "192.0.2.46", "countryLetterCode": "NL", "roles": ["Attacker", "commandAndControl", "newRole"]},
    "kubernetesCluster": {"name": "prod", "cloudResource": {"resourceId": "/aks/1"}},
    "kubernetesController": {"name": "web", "namespace": _POD_NAMESPACE, "type": "deployment"},
    "kubernetesNamespace": {"name": "shop"},
    "kubernetesPod": {"name": "web-1", "namespace": _POD_NAMESPACE, "containers": [{"containerId": "def456"}]},
    "kubernetesSecret": {"name": "key", "namespace": _POD_NAMESPACE},
    "kubernetesService": {"name": "web", "clusterIP": _IP},
    "kubernetesServiceAccount": {"name": "default", "namespace": _POD_NAMESPACE},
    "mailCluster": {"clusterBy": "Subject", "clusterByValue": "Invoice", "emailCount": 4},
    "mailbox": {"primaryAddress": "jo@contoso.example", "userAccount": {"accountName": "jo", "domainName": "CONTOSO"}},
    "mailboxConfiguration": {"mailboxPrimaryAddress": "li@contoso.example", "configurationType": "userInboxRule"},
    "malware": {"name": "Emotet", "category": "Trojan", "files": [{"fileDetails": {"sha256": "e" * 64}}]},
    "networkConnection": {"sourceAddress": _IP, "destinationAddress": {"ipAddress": "192.0.2.47"}, "protocol": "tcp"},
    "nic": {"macAddress": "00-00-5E-00-53-01", "ipAddress": _IP},
    "oauthApplication": {"appId": "app-1", "displayName": "Sync"},
    "process": {
        "mdeDeviceId": "feed01",
        "processId": 4780,
        "processCommandLine": "a.exe -x",
        "processCreationDateTime": "2026-03-01T07:10:00.0000001Z",
        "imageFile": _FILE,
        "parentProcessImageFile": {"fileName": "services.exe", "filePath": "C:\\Windows\\System32"},
        "userAccount": {"accountName": "SYSTEM", "domainName": "NT AUTHORITY", "userSid": "S-1-5-18"},
    },
    "registryKey": {"registryHive": "HKEY_LOCAL_MACHINE", "registryKey": "SOFTWARE\\Run"},
    "registryValue": {"registryHive": "HKLM", "registryKey": "SOFTWARE\\Run", "registryValueName": "Updater"},
    "sasToken": {"signatureHash": "hash-1"},
    "securityGroup": {"securityGroupId": "group-1", "displayName": "Admins"},
    "servicePrincipal": {"appId": "app-2", "servicePrincipalObjectId": "sp-1", "servicePrincipalName": "ci"},
    "submissionMail": {"networkMessageId": "66666666-2222-4333-8444-555555555555", "subject": "Reported"},
    "teamsMessage": {"messageId": "t-1", "urls": [{"url": "https://fabrikam.example/t"}]},
    "url": {"url": "https://fabrikam.example/u"},
    "user": {"userAccount": {"userPrincipalName": "jo@contoso.example", "azureAdUserId": "user-1"}},
}
"""The 48 types of evidence that Microsoft Graph v1.0 knows."""

GRAPH_INCIDENT: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.security.incident",
    "id": "77",
    "displayName": "Multi-stage incident",
    "status": "active",
    "createdDateTime": "2026-03-01T08:00:00Z",
    "customTags": ["finance", "vip"],
    "systemTags": ["Defender Experts"],
    "alerts": [
        {**GRAPH_ALERT, "evidence": [graph_evidence(name, **fields) for name, fields in GRAPH_EVIDENCE.items()]},
        {**GRAPH_ALERT, "id": "da-example-2", "evidence": []},
    ],
}

ENTITIES: list[dict[str, Any]] = [
    {
        "$id": "2",
        "Name": "jo",
        "NTDomain": "CONTOSO",
        "Host": {"$ref": "3"},
        "Sid": "S-1-5-21-1-2-3-1105",
        "Type": "account",
    },
    {
        "$id": "3",
        "HostName": "ws-1",
        "DnsDomain": "contoso.example",
        "OSFamily": "Windows",
        "IpInterfaces": [{"$ref": "4"}],
        "Type": "host",
    },
    {"$id": "4", "Address": "192.0.2.50", "Location": {"CountryCode": "NL"}, "Type": "ip"},
    {"$id": "5", "Url": "https://fabrikam.example/x", "Type": "url"},
    {
        "$id": "6",
        "Directory": "C:\\Temp",
        "Name": "a.exe",
        "FileHashes": [{"$id": "7", "Algorithm": "SHA1", "Value": "C" * 40, "Type": "filehash"}],
        "Type": "file",
    },
    {"$ref": "7"},
    {
        "$id": "8",
        "ProcessId": "0x165c",
        "CommandLine": "a.exe -x",
        "CreationTimeUtc": "2026-03-01T07:10:00.0000001Z",
        "ImageFile": {"$ref": "6"},
        "Account": {"$ref": "2"},
        "Host": {"$ref": "3"},
        "ParentProcess": {"$id": "9", "ProcessId": "668", "Host": {"$ref": "3"}, "Type": "process"},
        "Type": "process",
    },
    {"$id": "10", "Name": "Emotet", "Category": "Trojan", "Files": [{"$ref": "6"}], "Type": "malware"},
    {"$id": "11", "MailboxPrimaryAddress": "jo@contoso.example", "Type": "mailbox"},
    {"$id": "12", "Recipient": "jo@contoso.example", "NetworkMessageId": "m-1", "Subject": "Hi", "Type": "MailMessage"},
    {"$id": "13", "Query": "Subject:Hi", "MailCount": 3, "Type": "mail-cluster"},
    {"$id": "14", "DomainName": "fabrikam.example", "IpAddresses": [{"$ref": "4"}], "Type": "dns"},
    {"$id": "15", "ResourceId": "/subscriptions/1/vm/1", "Type": "azure-resource"},
    {"$id": "16", "AppId": 11161, "Name": "Drive", "Type": "cloud-application"},
    {"$id": "17", "Hive": "HKEY_LOCAL_MACHINE", "Key": "SOFTWARE\\Run", "Type": "registry-key"},
    {
        "$id": "18",
        "Key": {"$ref": "17"},
        "Name": "Updater",
        "Value": "x",
        "ValueType": "String",
        "Type": "registry-value",
    },
    {"$id": "19", "DistinguishedName": "CN=Admins,DC=contoso,DC=example", "Type": "security-group"},
    {"$id": "20", "DeviceId": "cam-1", "DeviceName": "camera-1", "Type": "iotdevice"},
    {"$id": "21", "SessionId": "0x3e7", "Host": {"$ref": "3"}, "Account": {"$ref": "2"}, "Type": "host-logon-session"},
    {"$id": "22", "NetworkMessageId": "m-2", "Subject": "Reported", "Type": "SubmissionMail"},
    {"$id": "23", "Colour": "green", "Type": "quantum-relay"},
]

SENTINEL: dict[str, Any] = {
    "TenantId": "t",
    "TimeGenerated": "2026-03-01 08:00:00",
    "DisplayName": "Rare process",
    "AlertName": "Rare process",
    "AlertSeverity": "High",
    "Description": "Example.",
    "ProviderName": "ASI Scheduled Alerts",
    "VendorName": "Microsoft",
    "ProductName": "Azure Sentinel",
    "SystemAlertId": "5f5c1f0a-0000-4000-8000-000000000001",
    "StartTime": "2026-03-01 07:00:00.1234567",
    "EndTime": "2026-03-01 07:30:00",
    "Status": "New",
    "Tactics": "InitialAccess, Execution",
    "Techniques": '["T1059"]',
    "AlertLink": "https://portal.contoso.example/1",
    "CompromisedEntity": "ws-1",
    "RemediationSteps": '["Look.", "Act."]',
    "ExtendedProperties": '{"Alert Mode": "Aggregated"}',
    "Entities": json.dumps(ENTITIES),
    "IsIncident": "False",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "native": NATIVE,
    "eve": EVE,
    "graph": GRAPH_INCIDENT,
    "sentinel": SENTINEL,
}
"""One full record of each format."""


def changed(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy of a record with some fields set; a field set to `...` is left out."""
    fields = {**copy.deepcopy(record), **changes}
    return {name: value for name, value in fields.items() if value is not ...}


def results(
    record: Any, format_name: str = "auto", bound_source: str | None = None
) -> list[ParsedAlert | RefusedRecord]:
    """What becomes of one record."""
    return list(parse_records([(1, record)], format_name, bound_source, now=NOW))


def parsed(record: Any, format_name: str = "auto", bound_source: str | None = None) -> ParsedAlert:
    """The one alert of a record that is taken."""
    [result] = results(record, format_name, bound_source)
    assert isinstance(result, ParsedAlert), result
    return result


def refused(record: Any, format_name: str = "auto", bound_source: str | None = None) -> RefusedRecord:
    """Why a record of one alert is refused."""
    [result] = results(record, format_name, bound_source)
    assert isinstance(result, RefusedRecord), result
    return result


def piece(alert: ParsedAlert, key: str) -> ParsedEvidence:
    """The evidence of an alert whose entity has this among its identifiers."""
    [found] = [each for each in alert.evidence if key in each.entity.match]
    return found


def keys(alert: ParsedAlert) -> set[str]:
    """Kind and key of every entity of an alert."""
    return {f"{each.entity.kind} {each.entity.key}" for each in alert.evidence}
