"""Alerts of the network sensor Suricata, in its EVE JSON. Source: Suricata documentation, "EVE JSON Format".

One record is one event of the log; only `event_type: alert` is an alert. Each is one signature that fired on one
connection at one moment.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from alerts.choices import EvidenceRole, Severity, Tactic
from common.boundary import BoundaryError, show_name
from common.fields import Fields, fold_word
from entities import identity
from entities.identity import IdentityError
from entities.spelling import ip_address
from ingest import limits
from ingest.formats.attack import category_slugs, technique_ids
from ingest.formats.evidence import EvidenceGatherer
from ingest.formats.intake import Format, Intake, Parsed, Refusal, known
from ingest.parsed import ParsedAlert

SOURCE = "suricata"

SEVERITIES = {1: Severity.HIGH, 2: Severity.MEDIUM, 3: Severity.LOW, 4: Severity.INFORMATIONAL}
"""Suricata counts from 1, the gravest; 4 is the class of mere connections."""

CATEGORIES = {
    "Attempted Information Leak": Tactic.RECONNAISSANCE,
    "Information Leak": Tactic.DISCOVERY,
    "Large Scale Information Leak": Tactic.EXFILTRATION,
    "Detection of a Network Scan": Tactic.RECONNAISSANCE,
    "Decode of an RPC Query": Tactic.DISCOVERY,
    "Device Retrieving External IP Address Detected": Tactic.DISCOVERY,
    "Attempted Denial of Service": Tactic.IMPACT,
    "Denial of Service": Tactic.IMPACT,
    "Detection of a Denial of Service Attack": Tactic.IMPACT,
    "Crypto Currency Mining Activity Detected": Tactic.IMPACT,
    "Attempted User Privilege Gain": Tactic.EXPLOIT,
    "Unsuccessful User Privilege Gain": Tactic.EXPLOIT,
    "Attempted Administrator Privilege Gain": Tactic.EXPLOIT,
    "Executable code was detected": Tactic.EXPLOIT,
    "Exploit Kit Activity Detected": Tactic.EXPLOIT,
    "Successful User Privilege Gain": Tactic.PRIVILEGE_ESCALATION,
    "Successful Administrator Privilege Gain": Tactic.PRIVILEGE_ESCALATION,
    "Web Application Attack": Tactic.INITIAL_ACCESS,
    "access to a potentially vulnerable web application": Tactic.INITIAL_ACCESS,
    "Possible Social Engineering Attempted": Tactic.INITIAL_ACCESS,
    "An attempted login using a suspicious username was detected": Tactic.CREDENTIAL_ACCESS,
    "Attempt to login by a default username and password": Tactic.CREDENTIAL_ACCESS,
    "Successful Credential Theft Detected": Tactic.CREDENTIAL_ACCESS,
    "A Network Trojan was detected": Tactic.MALWARE,
    "Targeted Malicious Activity was Detected": Tactic.MALWARE,
    "Malware Command and Control Activity Detected": Tactic.COMMAND_AND_CONTROL,
    "Domain Observed Used for C2 Detected": Tactic.COMMAND_AND_CONTROL,
    "Possibly Unwanted Program Detected": Tactic.UNWANTED_SOFTWARE,
    "Misc Attack": Tactic.SUSPICIOUS_ACTIVITY,
    "Misc activity": Tactic.SUSPICIOUS_ACTIVITY,
    "Potentially Bad Traffic": Tactic.SUSPICIOUS_ACTIVITY,
    "Potential Corporate Privacy Violation": Tactic.SUSPICIOUS_ACTIVITY,
    "Inappropriate Content was Detected": Tactic.SUSPICIOUS_ACTIVITY,
    "Generic Protocol Command Decode": Tactic.SUSPICIOUS_ACTIVITY,
    "Generic ICMP event": Tactic.SUSPICIOUS_ACTIVITY,
    "Detection of a non-standard protocol or event": Tactic.SUSPICIOUS_ACTIVITY,
    "A suspicious string was detected": Tactic.SUSPICIOUS_ACTIVITY,
    "A suspicious filename was detected": Tactic.SUSPICIOUS_ACTIVITY,
    "A system call was detected": Tactic.SUSPICIOUS_ACTIVITY,
    "A client was using an unusual port": Tactic.SUSPICIOUS_ACTIVITY,
}
"""The classes of Suricata's classification.config, by description, and what they most often mean. A class that is not
here is kept in the sender's words; those that say nothing are dropped."""

_CATEGORIES = {fold_word(text): tactic.slug for text, tactic in CATEGORIES.items()}
_NOT_TELLING = {"unknowntraffic", "notsuspicioustraffic", "atcpconnectionwasdetected"}


def parse(record: dict[str, Any], intake: Intake) -> Iterator[Parsed]:
    """The alert of one EVE event."""
    try:
        yield _alert(Fields(record, now=intake.now, lenient=True), intake)
    except BoundaryError as error:
        yield Refusal.of(error)


def _alert(event: Fields, intake: Intake) -> ParsedAlert:
    alert = _alert_part(event)
    moment = event.required_time("timestamp")
    external_id = _external_id(event, alert, moment)
    source = intake.source(SOURCE)
    gatherer = EvidenceGatherer(f"{source}:{external_id}", event.notices)
    _add_evidence(event, alert, gatherer)
    metadata = alert.object("metadata")
    return ParsedAlert(
        source=source,
        external_id=external_id,
        title=alert.text("signature", limits.TITLE, required=True),
        severity=_severity(alert),
        first_activity=_first_activity(event, moment),
        last_activity=moment,
        raw=dict(event.record),
        description=_description(event, alert),
        categories=_categories(alert, metadata),
        techniques=technique_ids(metadata.texts("mitre_technique_id")) if metadata else (),
        service_source="Suricata",
        detection_source="Network intrusion detection",
        product_name="Suricata",
        detector_id=_detector(alert),
        evidence=gatherer.evidence(),
        notices=tuple(event.notices),
    )


def _alert_part(event: Fields) -> Fields:
    kind = event.text("event_type")
    if kind != "alert":
        shown = show_name(kind) if kind else "none"
        raise event.refuse(
            "event_type", f"Only events of type “alert” are taken, not {shown}; let the sensor send alerts alone."
        )
    alert = event.object("alert")
    if alert is None:
        raise event.refuse("alert", "The event has no alert object; send the whole event.")
    return alert


def _external_id(event: Fields, alert: Fields, moment: datetime) -> str:
    """The same for the same firing of a signature, however often it is sent: EVE gives alerts no id of their own."""
    parts = [
        moment.isoformat(),
        _detector(alert),
        *(str(event.record.get(name, "")) for name in ("flow_id", "proto", "pcap_cnt", "tx_id")),
        ip_address(event.text("src_ip")),
        str(event.integer("src_port")),
        ip_address(event.text("dest_ip")),
        str(event.integer("dest_port")),
    ]
    return f"eve-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}"


def _detector(alert: Fields) -> str:
    """Which rule fired: generator, signature and revision, as Suricata prints them."""
    return ":".join(str(alert.integer(name) or 0) for name in ("gid", "signature_id", "rev"))


def _severity(alert: Fields) -> Severity:
    number = alert.integer("severity")
    if number in SEVERITIES:
        return SEVERITIES[number]
    alert.notice("severity", "Not one of 1 to 4, taken as medium.")
    return Severity.MEDIUM


def _first_activity(event: Fields, moment: datetime) -> datetime:
    """The start of the connection, where it is told and does not lie after the alert itself."""
    flow = event.object("flow")
    start = flow.time("start") if flow else None
    return min(start, moment) if start else moment


def _categories(alert: Fields, metadata: Fields | None) -> tuple[str, ...]:
    """Tactics that the rule names itself, else what its class most often means."""
    if metadata:
        named = [*metadata.texts("mitre_tactic_id"), *metadata.texts("mitre_tactic_name")]
        if tactics := category_slugs(named):
            return tactics
    category = alert.text("category")
    folded = fold_word(category)
    if folded in _NOT_TELLING:
        return ()
    return (_CATEGORIES[folded],) if folded in _CATEGORIES else category_slugs([category])


def _description(event: Fields, alert: Fields) -> str:
    """What EVE says in fields, as two sentences."""
    ends = [
        f"{event.text(name)}{f' port {port}' if (port := event.integer(port_name)) else ''}"
        for name, port_name in (("src_ip", "src_port"), ("dest_ip", "dest_port"))
        if event.text(name)
    ]
    protocol = " ".join(part for part in (event.text("proto"), event.text("app_proto")) if part and part != "failed")
    action = alert.text("action")
    sentences = [
        alert.text("category"),
        f"{protocol or 'Traffic'} from {' to '.join(ends)}" if len(ends) == 2 else "",
        f"The sensor {action} it" if action else "",
    ]
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


# ----------------------------------------------------------------------------------------------------------- evidence


def _add_evidence(event: Fields, alert: Fields, gatherer: EvidenceGatherer) -> None:
    _add_addresses(event, alert, gatherer)
    if http := event.object("http"):
        _add_http(event, http, gatherer)
    if tls := event.object("tls"):
        _add_domain(tls, "sni", gatherer, known(fingerprint=tls.text("fingerprint"), version=tls.text("version")))
    if dns := event.object("dns"):
        for query in (dns, *dns.objects("query", limits.LIST_ITEMS), *dns.objects("queries", limits.LIST_ITEMS)):
            _add_domain(query, "rrname", gatherer, known(record_type=query.text("rrtype")))
    for file in (*event.objects("files", limits.LIST_ITEMS), event.object("fileinfo")):
        if file:
            _add_file(file, gatherer)


def _add_addresses(event: Fields, alert: Fields, gatherer: EvidenceGatherer) -> None:
    attacker, attacked = _sides(event, alert)
    ends = (("src_ip", "src_port", EvidenceRole.SOURCE), ("dest_ip", "dest_port", EvidenceRole.DESTINATION))
    for name, port_name, role in ends:
        text = event.text(name)
        if not text:
            continue
        address = ip_address(text)
        roles = [role.slug]
        roles += [EvidenceRole.ATTACKER.slug] if address and address == attacker else []
        roles += [EvidenceRole.ATTACKED.slug] if address and address == attacked else []
        gatherer.try_to_add(
            functools.partial(identity.ip, text),
            "address",
            text,
            event.at(name),
            roles=roles,
            details=known(
                port=event.integer(port_name),
                protocol=event.text("proto"),
                application_protocol=event.text("app_proto"),
                sensor=event.text("host"),
            ),
        )


def _sides(event: Fields, alert: Fields) -> tuple[str, str]:
    """The attacking and the attacked address, empty where nothing says.

    A rule with the keyword `target` says it outright (`alert.source` and `alert.target`); rules of Emerging Threats say
    whether they protect clients or servers (`attack_target`). The direction alone tells only which side is the client.
    """
    source, target = alert.object("source"), alert.object("target")
    if source and target:
        return ip_address(source.text("ip")), ip_address(target.text("ip"))
    metadata = alert.object("metadata")
    targets = fold_word(" ".join(metadata.texts("attack_target"))) if metadata else ""
    client, server = client_and_server(event)
    if ("client" in targets) == ("server" in targets):
        return "", ""
    return (server, client) if "client" in targets else (client, server)


def client_and_server(event: Fields) -> tuple[str, str]:
    """Who opened the connection and who answered; without a word on it, the alert's packet went to the server."""
    source, destination = ip_address(event.text("src_ip")), ip_address(event.text("dest_ip"))
    flow = event.object("flow")
    if flow and (client := ip_address(flow.text("src_ip"))) and (server := ip_address(flow.text("dest_ip"))):
        return client, server
    if event.text("direction") == "to_client":
        return destination, source
    return source, destination


def _add_http(event: Fields, http: Fields, gatherer: EvidenceGatherer) -> None:
    """The page that was asked for, and its host. Both are whatever the client wrote into its request."""
    said = known(
        method=http.text("http_method"),
        status=http.integer("status"),
        user_agent=http.text("http_user_agent", limits.LONG_TEXT),
        referrer=http.text("http_refer", limits.LONG_TEXT),
        content_type=http.text("http_content_type"),
    )
    host, path = http.text("hostname"), http.text("url", limits.LONG_TEXT)
    if "://" not in path[:40]:
        _add_domain(http, "hostname", gatherer, {})
        path = _address_of(host or _server_host(event), http.integer("http_port"), path)
    if path:
        gatherer.add(identity.url(path), details=said)


def _address_of(host: str, port: int | None, path: str) -> str:
    """The whole URL of a request, which names host and path apart."""
    if not host or not path.strip():
        return ""
    place = host if port in (None, 80) or host.endswith(f":{port}") else f"{host}:{port}"
    return f"http://{place}{'' if path.startswith('/') else '/'}{path}"


def _server_host(event: Fields) -> str:
    server = client_and_server(event)[1]
    return f"[{server}]" if ":" in server else server


def _add_domain(fields: Fields, name: str, gatherer: EvidenceGatherer, said: dict[str, Any]) -> None:
    text = fields.text(name)
    host = text if ip_address(text) else text.rpartition(":")[0] or text  # a Host header may carry a port
    if not text or ip_address(host):
        return  # an address in place of a name is evidence already, or at least part of the URL
    try:
        gatherer.add(identity.domain(host), details=said)
    except IdentityError:
        fields.notice(name, "This is no domain name; it stays in the raw record.")


def _add_file(file: Fields, gatherer: EvidenceGatherer) -> None:
    hashes = {name: file.text(name) for name in ("sha256", "sha1", "md5")}
    path = file.text("filename", limits.LONG_TEXT)
    if not path and not any(hashes.values()):
        return
    gatherer.try_to_add(
        lambda: identity.file(
            path=path,
            hashes=hashes.values(),
            scope=gatherer.scope(),
            attributes=known(size=file.integer("size"), **hashes),
        ),
        "file",
        dict(file.record),
        file.path,
        details=known(state=file.text("state"), kind=file.text("magic")),
    )


def recognises(record: Mapping[str, Any]) -> bool:
    return "event_type" in record


EVE = Format("eve", "Suricata EVE JSON", recognises, parse)
