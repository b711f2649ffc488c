"""Our own format: one JSON object per alert, its fields named by our terms. Documented in docs/ingest-format.md.

It is read strictly. Whatever does not fit refuses the alert and says how to mend it, unknown fields included: a
misspelt field that is silently dropped would be found when it is missed, in the middle of an incident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from alerts.choices import (
    DETERMINATIONS,
    AlertStatus,
    Classification,
    Determination,
    EvidenceRole,
    RemediationStatus,
    Severity,
    Verdict,
)
from common.boundary import BoundaryError
from common.fields import Fields
from entities import identity
from entities.choices import EntityKind
from entities.identity import EntityIdentity, IdentityError, Scope
from entities.spelling import hash_identifier
from ingest import limits
from ingest.formats.attack import category_slugs, is_technique, technique_ids
from ingest.formats.evidence import EvidenceGatherer
from ingest.formats.intake import SOURCE_NAME, Format, Intake, Parsed, Refusal, known, web_address
from ingest.parsed import ParsedAlert

ALERT_FIELDS = (
    "source",
    "external_id",
    "title",
    "description",
    "severity",
    "status",
    "classification",
    "determination",
    "first_activity",
    "last_activity",
    "source_created_at",
    "categories",
    "techniques",
    "service_source",
    "detection_source",
    "product_name",
    "detector_id",
    "recommended_actions",
    "source_url",
    "source_incident",
    "tags",
    "evidence",
)

EVIDENCE_FIELDS = ("type", "roles", "verdict", "remediation_status", "event_time", "details")
"""What every piece of evidence may say; beside it each type has fields of its own."""


def parse(record: dict[str, Any], intake: Intake) -> Iterator[Parsed]:
    """The alert of one native record."""
    try:
        yield _alert(Fields(record, now=intake.now), intake)
    except BoundaryError as error:
        yield Refusal.of(error, record.get("external_id"))


def _alert(fields: Fields, intake: Intake) -> ParsedAlert:
    fields.refuse_unknown(ALERT_FIELDS, "An alert")
    source = _source(fields, intake)
    external_id = fields.text("external_id", limits.EXTERNAL_ID, required=True)
    title = fields.text("title", limits.TITLE, required=True)
    severity = fields.term("severity", Severity)
    first, last = _activity(fields)
    classification, determination = _classification(fields)
    return ParsedAlert(
        source=source,
        external_id=external_id,
        title=title,
        severity=severity,
        first_activity=first,
        last_activity=last,
        raw=dict(fields.record),
        description=fields.text("description", limits.DESCRIPTION),
        status=fields.term("status", AlertStatus, AlertStatus.NEW),
        classification=classification,
        determination=determination,
        categories=category_slugs(fields.texts("categories", limits.CATEGORIES_PER_ALERT, limits.CATEGORY)),
        techniques=_techniques(fields),
        service_source=fields.text("service_source", limits.PRODUCT),
        detection_source=fields.text("detection_source", limits.PRODUCT),
        product_name=fields.text("product_name", limits.PRODUCT),
        detector_id=fields.text("detector_id"),
        recommended_actions=fields.text("recommended_actions", limits.RECOMMENDED_ACTIONS),
        source_created_at=fields.time("source_created_at"),
        source_url=_source_url(fields),
        source_incident=fields.text("source_incident"),
        tags=fields.texts("tags", limits.TAGS_PER_ALERT, limits.TAG),
        evidence=_evidence(fields, f"{source}:{external_id}"),
    )


def _source(fields: Fields, intake: Intake) -> str:
    stated = fields.text("source", limits.SOURCE)
    if intake.bound_source:
        if stated and stated != intake.bound_source:
            way_out = f"send “{intake.bound_source}” or leave it out."
            raise fields.refuse("source", f"This token sends for another source; {way_out}")
        return intake.bound_source
    if not stated:
        raise fields.refuse("source", "This field is missing; name the system that sends, such as “mail-gateway”.")
    if not SOURCE_NAME.fullmatch(stated):
        raise fields.refuse(
            "source", "Use lower-case letters, digits, “.”, “_” and “-” only, starting with a letter or digit."
        )
    return stated


def _activity(fields: Fields) -> tuple[datetime, datetime]:
    first = fields.required_time("first_activity")
    last = fields.time("last_activity") or first
    if last < first:
        raise fields.refuse("last_activity", "It lies before first_activity; correct one of the two.")
    return first, last


def _classification(fields: Fields) -> tuple[Classification, Determination]:
    classification = fields.term("classification", Classification, Classification.NOT_SET)
    determination = fields.term("determination", Determination, Determination.NOT_SET)
    fitting = DETERMINATIONS[classification]
    if determination is not Determination.NOT_SET and determination not in fitting:
        way_out = f"use one of {', '.join(term.slug for term in fitting)}" if fitting else "leave it out"
        raise fields.refuse("determination", f"It does not fit the classification {classification.slug}; {way_out}.")
    return classification, determination


def _techniques(fields: Fields) -> tuple[str, ...]:
    words = fields.texts("techniques", limits.TECHNIQUES_PER_ALERT, limits.CATEGORY)
    if wrong := next((word for word in words if not is_technique(word)), None):
        raise fields.refuse("techniques", f"“{wrong}” is no ATT&CK technique; write it like T1059 or T1059.001.")
    return technique_ids(words)


def _source_url(fields: Fields) -> str:
    address = fields.text("source_url", limits.ADDRESS)
    if address and not web_address(address):
        raise fields.refuse("source_url", "This is no web address; start it with https:// or http://.")
    return address


# ----------------------------------------------------------------------------------------------------------- evidence


def _evidence(alert: Fields, alert_id: str) -> tuple[Any, ...]:
    """All evidence, devices first: what exists on a device and does not name one is on the alert's only device."""
    gatherer = EvidenceGatherer(alert_id, alert.notices)
    pieces = alert.objects("evidence", limits.EVIDENCE_PER_ALERT)
    kinds = [piece.term("type", EntityKind) for piece in pieces]
    for is_device in (True, False):
        for piece, kind in zip(pieces, kinds, strict=True):
            if (kind is EntityKind.DEVICE) is is_device:
                _add(piece, kind, gatherer)
    return gatherer.evidence()


def _add(piece: Fields, kind: EntityKind, gatherer: EvidenceGatherer) -> None:
    own_fields, build = BUILDERS[kind]
    piece.refuse_unknown((*EVIDENCE_FIELDS, *own_fields), f"Evidence of type {kind.slug}")
    try:
        entity, said = build(piece, gatherer)
    except IdentityError as error:
        raise BoundaryError(piece.path, str(error)) from None
    gatherer.add(
        entity,
        roles=piece.terms("roles", EvidenceRole, limits.ROLES_PER_EVIDENCE),
        verdict=piece.term("verdict", Verdict, Verdict.UNKNOWN),
        remediation_status=piece.term("remediation_status", RemediationStatus, RemediationStatus.NONE),
        event_time=piece.time("event_time"),
        details={**said, **piece.free("details")},
    )


Built = tuple[EntityIdentity, dict[str, Any]]
"""An entity, and what the alert says of it beyond what the thing itself is."""

DEVICE_FIELDS = (
    "hostname",
    "domain",
    "defender_id",
    "entra_id",
    "agent_id",
    "resource_id",
    "os",
    "os_version",
    "ip_addresses",
    "device_group",
    "critical",
)


def _device(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    domain = piece.text("domain")
    is_dns_name = "." in domain
    return identity.device(
        hostname=piece.text("hostname"),
        domain=domain if is_dns_name else None,
        nt_domain=None if is_dns_name else domain,
        defender_id=piece.text("defender_id"),
        entra_id=piece.text("entra_id"),
        agent_id=piece.text("agent_id"),
        azure_id=piece.text("resource_id", limits.ADDRESS),
        attributes=known(
            os=piece.text("os"),
            os_version=piece.text("os_version"),
            ip_addresses=list(piece.texts("ip_addresses")),
            device_group=piece.text("device_group"),
            critical=piece.flag("critical"),
        ),
    ), {}


USER_FIELDS = ("account", "domain", "upn", "sid", "entra_id", "display_name", "critical")


def _user(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return _user_on(piece, _scope(piece, gatherer)), {}


def _user_on(piece: Fields, scope: Scope) -> EntityIdentity:
    return identity.user(
        account=piece.text("account"),
        domain=piece.text("domain"),
        upn=piece.text("upn"),
        sid=piece.text("sid"),
        entra_id=piece.text("entra_id"),
        display_name=piece.text("display_name"),
        scope=scope,
        attributes=known(critical=piece.flag("critical")),
    )


def _scope(piece: Fields, gatherer: EvidenceGatherer) -> Scope:
    """The device in a piece's `device` field, which becomes evidence of its own; else the alert's only device."""
    inner = piece.object("device")
    if inner is None:
        return gatherer.scope()
    inner.refuse_unknown(DEVICE_FIELDS, "A device")
    try:
        return gatherer.add(_device(inner, gatherer)[0])
    except IdentityError as error:
        raise BoundaryError(inner.path, str(error)) from None


def _mailbox(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.mailbox(
        address=piece.text("address"),
        upn=piece.text("upn"),
        display_name=piece.text("display_name"),
        attributes=known(critical=piece.flag("critical")),
    ), {}


def _application(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.application(
        app_id=piece.text("app_id"),
        name=piece.text("name"),
        instance=piece.text("instance"),
        attributes=known(publisher=piece.text("publisher"), critical=piece.flag("critical")),
    ), {}


def _cloud_resource(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.cloud_resource(
        resource_id=piece.text("resource_id", limits.ADDRESS),
        name=piece.text("name"),
        attributes=known(
            provider=piece.text("provider"),
            resource_type=piece.text("resource_type"),
            critical=piece.flag("critical"),
        ),
    ), {}


def _ip(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    said = known(port=piece.integer("port", 0, 65_535), protocol=piece.text("protocol"))
    return identity.ip(piece.text("address"), attributes=known(country=piece.text("country"))), said


def _domain(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.domain(piece.text("domain")), {}


def _url(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.url(piece.text("url", limits.LONG_TEXT)), {}


FILE_FIELDS = ("name", "path", "sha256", "sha1", "md5", "size", "publisher")


def _file(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return _file_on(piece, _scope(piece, gatherer)), {}


def _file_on(piece: Fields, scope: Scope) -> EntityIdentity:
    hashes = {name: piece.text(name) for name in ("sha256", "sha1", "md5")}
    for name, digits in hashes.items():
        if digits and not hash_identifier(digits).startswith(f"{name}:"):
            raise piece.refuse(name, f"This is no {name} hash; send its hexadecimal digits or leave it out.")
    return identity.file(
        name=piece.text("name", limits.LONG_TEXT),
        path=piece.text("path", limits.LONG_TEXT),
        hashes=hashes.values(),
        scope=scope,
        attributes=known(size=piece.integer("size"), publisher=piece.text("publisher"), **hashes),
    )


def _process(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    scope = _scope(piece, gatherer)
    image, account = piece.object("image"), piece.object("user")
    image_path = ""
    if image:
        image.refuse_unknown(FILE_FIELDS, "A process's image")
        image_file = gatherer.add(_file_on(image, scope))
        image_path = image_file.attributes.get("path") or image_file.name
    if account:
        account.refuse_unknown(USER_FIELDS, "A process's user")
        gatherer.add(_user_on(account, scope))
    command_line = piece.text("command_line", limits.LONG_TEXT)
    pid, created = piece.integer("pid"), piece.time("created_at")
    return identity.process(pid=pid, created=created, image=image_path, command_line=command_line, scope=scope), known(
        pid=pid,
        created_at=_moment(piece, "created_at"),
        image=image_path,
        command_line=command_line,
        parent_pid=piece.integer("parent_pid"),
        parent_image=piece.text("parent_image", limits.LONG_TEXT),
    )


def _mail_message(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.mail_message(
        network_message_id=piece.text("network_message_id"),
        internet_message_id=piece.text("internet_message_id", limits.ADDRESS),
        subject=piece.text("subject", limits.ADDRESS),
    ), known(
        sender=piece.text("sender"),
        recipient=piece.text("recipient"),
        received_at=_moment(piece, "received_at"),
        delivery=piece.text("delivery"),
    )


def _moment(piece: Fields, name: str) -> str | None:
    """A time as it stands in details, which are JSON."""
    moment = piece.time(name)
    return moment.isoformat() if moment else None


def _mail_cluster(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.mail_cluster(cluster_id=piece.text("id", limits.ADDRESS), name=piece.text("name")), known(
        mail_count=piece.integer("mail_count")
    )


def _registry_key(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    scope = _scope(piece, gatherer)
    return identity.registry_key(hive=piece.text("hive"), key=piece.text("key", limits.LONG_TEXT), scope=scope), {}


def _registry_value(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.registry_value(
        hive=piece.text("hive"),
        key=piece.text("key", limits.LONG_TEXT),
        value_name=piece.text("name", limits.LONG_TEXT),
        scope=_scope(piece, gatherer),
    ), known(data=piece.text("data", limits.LONG_TEXT), data_type=piece.text("data_type"))


def _security_group(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.security_group(
        sid=piece.text("sid"),
        entra_id=piece.text("entra_id"),
        name=piece.text("name"),
        domain=piece.text("domain"),
        scope=gatherer.scope(),
    ), {}


def _malware(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.malware(piece.text("name"), category=piece.text("category")), {}


def _container(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.container(
        container_id=piece.text("container_id"),
        name=piece.text("name"),
        namespace=piece.text("namespace"),
        cluster=piece.text("cluster"),
        image=piece.text("image", limits.ADDRESS),
        scope=gatherer.scope(),
    ), {}


def _other(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    label = piece.text("label", limits.PRODUCT, required=True)
    return identity.other(label, identifier=piece.text("id", limits.ADDRESS), name=piece.text("name")), {}


BUILDERS: dict[EntityKind, tuple[tuple[str, ...], Callable[[Fields, EvidenceGatherer], Built]]] = {
    EntityKind.DEVICE: (DEVICE_FIELDS, _device),
    EntityKind.USER: ((*USER_FIELDS, "device"), _user),
    EntityKind.MAILBOX: (("address", "upn", "display_name", "critical"), _mailbox),
    EntityKind.APPLICATION: (("app_id", "name", "instance", "publisher", "critical"), _application),
    EntityKind.CLOUD_RESOURCE: (("resource_id", "name", "provider", "resource_type", "critical"), _cloud_resource),
    EntityKind.IP: (("address", "country", "port", "protocol"), _ip),
    EntityKind.DOMAIN: (("domain",), _domain),
    EntityKind.URL: (("url",), _url),
    EntityKind.FILE: ((*FILE_FIELDS, "device"), _file),
    EntityKind.PROCESS: (
        ("pid", "created_at", "command_line", "image", "user", "parent_pid", "parent_image", "device"),
        _process,
    ),
    EntityKind.MAIL_MESSAGE: (
        (
            "network_message_id",
            "internet_message_id",
            "subject",
            "sender",
            "recipient",
            "received_at",
            "delivery",
        ),
        _mail_message,
    ),
    EntityKind.MAIL_CLUSTER: (("id", "name", "mail_count"), _mail_cluster),
    EntityKind.REGISTRY_KEY: (("hive", "key", "device"), _registry_key),
    EntityKind.REGISTRY_VALUE: (("hive", "key", "name", "data", "data_type", "device"), _registry_value),
    EntityKind.SECURITY_GROUP: (("sid", "entra_id", "name", "domain"), _security_group),
    EntityKind.MALWARE: (("name", "category"), _malware),
    EntityKind.CONTAINER: (("container_id", "name", "namespace", "cluster", "image"), _container),
    EntityKind.OTHER: (("label", "id", "name"), _other),
}
"""The fields of each type of evidence, and how its entity is named."""


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether it has a native alert's id or at least two more of its own field names."""
    return "external_id" in record or len({"title", "severity", "first_activity", "source"} & record.keys()) >= 2


NATIVE = Format("native", "Watchfloor's own format", recognises, parse)
