"""The entities of a SecurityAlert row: objects with a `Type`, which name each other by `$id` and `$ref`.

Type names come with and without hyphens, in any case ("mail-message", "MailMessage"). An unknown type is kept as an
entity of kind “other”. References may point forward, nowhere, or in a circle; each is followed once.
Source: Microsoft Sentinel documentation, "Entity types reference".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from common.fields import Fields, fold_word
from entities import identity
from entities.identity import EntityIdentity, IdentityError, Scope
from entities.spelling import join_file_path
from ingest import limits
from ingest.formats.evidence import EvidenceGatherer
from ingest.formats.intake import known

DEVICES_FIRST = {"host": 0, "iotdevice": 0}

LONGEST_REFERENCE = 3
"""How many references in a row are followed. Senders write one."""

DEEPEST = 10
"""How far entities inside entities are followed; each entity of the row itself is met anyway."""

Built = tuple[EntityIdentity, dict[str, Any]]
"""An entity, and what the alert says of it beyond what the thing itself is."""


def add_entities(entities: list[Any], row: Fields, gatherer: EvidenceGatherer) -> None:
    """Adds every entity of a row, devices first, because other things exist on them."""
    graph = EntityGraph(entities, gatherer)
    found = [
        Fields(target, f"Entities[{position}]", now=row.now, lenient=True, naive_is_utc=True, notices=row.notices)
        for position, entity in enumerate(entities[: limits.EVIDENCE_PER_ALERT])
        if (target := graph.target(entity)) is not None
    ]
    for entity in sorted(found, key=lambda entity: DEVICES_FIRST.get(type_name(entity.record), 1)):
        graph.add(entity)
    if len(entities) > limits.EVIDENCE_PER_ALERT:
        row.notice("Entities", f"Of {len(entities):,} entities the first {limits.EVIDENCE_PER_ALERT:,} were taken.")


def type_name(entity: Any) -> str:
    """The type in one spelling: “mailmessage” for “mail-message”."""
    name = entity.get("Type") if isinstance(entity, dict) else None
    return fold_word(name) if isinstance(name, str) else ""


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and "$ref" in value and "Type" not in value


class EntityGraph:
    """The entities of one row with their references."""

    def __init__(self, entities: list[Any], gatherer: EvidenceGatherer) -> None:
        self.gatherer = gatherer
        self._by_id = {str(entity["$id"]): entity for entity in _objects_in(entities) if "$id" in entity}
        self._added: dict[int, EntityIdentity | None] = {}
        """Entities met, by `id()`, each built once; None while it is being built, which is where a circle ends."""
        self._depth = 0

    def target(self, value: Any) -> dict[str, Any] | None:
        """The entity that a value is or refers to; None where it is or leads to none."""
        for _ in range(LONGEST_REFERENCE):
            if not is_reference(value):
                break
            value = self._by_id.get(str(value["$ref"]))
        return value if isinstance(value, dict) and not is_reference(value) else None

    def inside(self, entity: Fields, name: str, *types: str) -> Fields | None:
        """The entity in a field, inline or by reference, if it is of one of `types` or does not say what it is."""
        return self._resolved(entity, entity.record.get(name), name, types)

    def all_inside(self, entity: Fields, name: str, *types: str) -> list[Fields]:
        """The entities in a list; some senders put a single one without the list."""
        value = entity.record.get(name)
        items = value if isinstance(value, list) else [value]
        found = (self._resolved(entity, item, name, types) for item in items[: limits.LIST_ITEMS])
        return [item for item in found if item is not None]

    def _resolved(self, entity: Fields, value: Any, name: str, types: tuple[str, ...]) -> Fields | None:
        target = self.target(value)
        if target is None or (type_name(target) or types[0]) not in types:
            return None
        return Fields(target, entity.at(name), now=entity.now, lenient=True, naive_is_utc=True, notices=entity.notices)

    def add(self, entity: Fields, kind: str = "") -> EntityIdentity | None:
        """Adds one entity and those inside it; None where a circle closes or the nesting is hopeless."""
        known_as = id(entity.record)
        if known_as in self._added or self._depth >= DEEPEST:
            return self._added.get(known_as)
        self._added[known_as] = None
        self._depth += 1
        kind = type_name(entity.record) or kind
        build = BUILDERS.get(kind)
        try:
            identified, details = build(entity, self) if build else _unknown(entity, self)
        except IdentityError as error:
            self.gatherer.notices.append(f"{entity.path}: {error} Kept as it is.")
            identified, details = _unknown(entity, self)
        finally:
            self._depth -= 1
        added = self.gatherer.add(identified, details=details | known(count=entity.integer("Count")))
        self._added[known_as] = added
        return added

    def add_inside(self, entity: Fields, *named: tuple[str, str]) -> None:
        """Adds the entities in the given fields; `named` gives field and type."""
        for name, kind in named:
            for inner in self.all_inside(entity, name, kind):
                self.add(inner, kind)

    def place(self, entity: Fields) -> Scope:
        """The host that an entity names, else the alert's only device."""
        host = self.inside(entity, "Host", "host")
        return (self.add(host, "host") if host else None) or self.gatherer.scope()


def _objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a value, however deep; the boundary check has limited the depth."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects_in(item)


def _unknown(entity: Fields, graph: EntityGraph) -> Built:
    """An entity of a type we do not map, with all its fields kept."""
    rest = {name: value for name, value in entity.record.items() if name not in ("$id", "Type") and value is not None}
    label = entity.text("Type", limits.PRODUCT) or "entity"
    name = next((text for field in ("DisplayName", "FriendlyName", "Name") if (text := entity.text(field))), "")
    return identity.other(label, name=name, content=rest, scope=graph.gatherer.scope()), rest


# ----------------------------------------------------------------------------------------------- devices and accounts


def _host(host: Fields, graph: EntityGraph) -> Built:
    name = host.text("HostName") or host.text("NetBiosName") or host.text("FullName")
    system = host.text("OSFamily")
    version = host.text("OSVersion")
    addresses = [inner.text("Address") for inner in graph.all_inside(host, "IpInterfaces", "ip")]
    return identity.device(
        hostname=name,
        domain=host.text("DnsDomain"),
        nt_domain=host.text("NTDomain"),
        azure_id=host.text("AzureID", limits.ADDRESS),
        agent_id=host.text("OMSAgentID"),
        defender_id=host.text("MdatpDeviceId"),
        entra_id=host.text("AadDeviceId"),
        attributes=known(
            os=system,
            os_version="" if version == system else version,
            domain_joined=host.flag("IsDomainJoined"),
            ip_addresses=[address for address in addresses if address],
        ),
    ), {}


def _iot_device(device: Fields, graph: EntityGraph) -> Built:
    graph.add_inside(device, ("IpAddress", "ip"))
    return identity.device(
        hostname=device.text("DeviceName"),
        agent_id=device.text("DeviceId"),
        attributes=known(
            os=device.text("OperatingSystem"),
            device_type=device.text("DeviceType"),
            manufacturer=device.text("Manufacturer"),
            model=device.text("Model"),
            mac_address=device.text("MacAddress"),
            serial_number=device.text("SerialNumber"),
            site=device.text("Site"),
            zone=device.text("Zone"),
        ),
    ), known(sensor=device.text("Sensor"), protocols=list(device.texts("Protocols")))


def _account(account: Fields, graph: EntityGraph) -> Built:
    name, suffix = account.text("Name"), account.text("UPNSuffix")
    domain = account.text("NTDomain") or account.text("DnsDomain")
    return identity.user(
        account=name or account.text("FullName"),
        domain=domain,
        upn=f"{name}@{suffix}" if name and suffix else "",
        sid=account.text("Sid"),
        entra_id=account.text("AadUserId"),
        object_guid=account.text("ObjectGuid"),
        display_name=account.text("DisplayName"),
        scope=graph.place(account),
    ), known(logon_id=account.text("LogonId"))


def _mailbox(mailbox: Fields, graph: EntityGraph) -> Built:
    return identity.mailbox(
        address=mailbox.text("MailboxPrimaryAddress"),
        upn=mailbox.text("Upn"),
        display_name=mailbox.text("DisplayName"),
    ), {}


def _security_group(group: Fields, graph: EntityGraph) -> Built:
    return identity.security_group(
        sid=group.text("SID") or group.text("Sid"),
        object_guid=group.text("ObjectGuid"),
        distinguished_name=group.text("DistinguishedName", limits.ADDRESS),
        scope=graph.gatherer.scope(),
    ), {}


# ----------------------------------------------------------------------------------------------- files and processes


def _file(file: Fields, graph: EntityGraph) -> Built:
    found = graph.all_inside(file, "FileHashes", "filehash")
    hashes = [each.text("Value") for each in found if not _is_authenticode(each)]
    return identity.file(
        name=file.text("Name", limits.LONG_TEXT),
        directory=file.text("Directory", limits.LONG_TEXT),
        hashes=hashes,
        scope=graph.place(file),
        attributes=known(size=file.integer("SizeInBytes"), hashes=hashes),
    ), {}


def _file_hash(file_hash: Fields, graph: EntityGraph) -> Built:
    value = file_hash.text("Value")
    if _is_authenticode(file_hash):
        return identity.other("filehash", identifier=f"sha256ac:{value}", name=value), {}
    return identity.file(hashes=[value]), {}


def _is_authenticode(file_hash: Fields) -> bool:
    """Whether it is the hash of a signed file's code alone, which looks like the SHA-256 of a whole file."""
    return fold_word(file_hash.text("Algorithm")) == "sha256ac"


def _process(process: Fields, graph: EntityGraph) -> Built:
    scope = graph.place(process)
    image = graph.inside(process, "ImageFile", "file")
    account = graph.inside(process, "Account", "account")
    parent = graph.inside(process, "ParentProcess", "process")
    for inner, kind in ((image, "file"), (account, "account"), (parent, "process")):
        if inner is not None:
            graph.add(inner, kind)
    image_path = _image_path(image)
    command_line, created = process.text("CommandLine", limits.LONG_TEXT), process.time("CreationTimeUtc")
    pid = process.text("ProcessId")
    return identity.process(pid=pid, created=created, image=image_path, command_line=command_line, scope=scope), known(
        pid=identity.process_number(pid),
        created_at=created.isoformat() if created else None,
        image=image_path,
        command_line=command_line,
        elevation=process.text("ElevationToken"),
        parent_pid=identity.process_number(parent.text("ProcessId")) if parent else None,
        parent_image=_image_path(graph.inside(parent, "ImageFile", "file")) if parent else "",
    )


def _image_path(file: Fields | None) -> str:
    if file is None:
        return ""
    return join_file_path(file.text("Directory", limits.LONG_TEXT), file.text("Name", limits.LONG_TEXT))


def _malware(malware: Fields, graph: EntityGraph) -> Built:
    graph.add_inside(malware, ("Files", "file"), ("Processes", "process"))
    return identity.malware(malware.text("Name"), category=malware.text("Category")), {}


def _registry_key(key: Fields, graph: EntityGraph) -> Built:
    path = key.text("Key", limits.LONG_TEXT)
    return identity.registry_key(hive=key.text("Hive"), key=path, scope=graph.place(key)), {}


def _registry_value(value: Fields, graph: EntityGraph) -> Built:
    key = graph.inside(value, "Key", "registrykey")
    return identity.registry_value(
        hive=key.text("Hive") if key else "",
        key=key.text("Key", limits.LONG_TEXT) if key else "",
        value_name=value.text("Name", limits.LONG_TEXT),
        scope=graph.place(value),
    ), known(data=value.text("Value", limits.LONG_TEXT), data_type=value.text("ValueType"))


def _host_logon_session(session: Fields, graph: EntityGraph) -> Built:
    graph.add_inside(session, ("Account", "account"))
    number = session.text("SessionId")
    return identity.other(
        session.text("Type", limits.PRODUCT), identifier=number, name=number, scope=graph.place(session)
    ), known(started_at=session.text("StartTimeUtc"), ended_at=session.text("EndTimeUtc"))


# ------------------------------------------------------------------------------------------------ network, mail, cloud


def _ip(address: Fields, graph: EntityGraph) -> Built:
    location = address.object("Location")
    return identity.ip(
        address.text("Address"),
        attributes=known(
            country=location.text("CountryCode") if location else "",
            city=location.text("City") if location else "",
            state=location.text("State") if location else "",
            network=location.text("Asn") if location else "",
        ),
    ), {}


def _url(address: Fields, graph: EntityGraph) -> Built:
    return identity.url(address.text("Url", limits.LONG_TEXT)), {}


def _dns(resolution: Fields, graph: EntityGraph) -> Built:
    graph.add_inside(
        resolution, ("IpAddress", "ip"), ("IpAddresses", "ip"), ("DnsServerIp", "ip"), ("HostIpAddress", "ip")
    )
    return identity.domain(resolution.text("DomainName")), {}


def _mail_message(mail: Fields, graph: EntityGraph) -> Built:
    graph.add_inside(mail, ("Files", "file"))
    return identity.mail_message(
        network_message_id=mail.text("NetworkMessageId"),
        internet_message_id=mail.text("InternetMessageId", limits.ADDRESS),
        subject=mail.text("Subject", limits.ADDRESS),
    ), known(
        sender=mail.text("Sender") or mail.text("P1Sender"),
        recipient=mail.text("Recipient"),
        sender_ip=mail.text("SenderIP") or mail.text("SenderIp"),
        delivery=mail.text("DeliveryAction"),
        location=mail.text("DeliveryLocation"),
        direction=mail.text("AntispamDirection"),
        threats=list(mail.texts("Threats")),
        urls=list(mail.texts("Urls", maximum=limits.ADDRESS)),
        submitter=mail.text("Submitter"),
    )


def _mail_cluster(cluster: Fields, graph: EntityGraph) -> Built:
    query = cluster.text("Query", limits.LONG_TEXT)
    own_id = cluster.text("ClusterSourceIdentifier", limits.ADDRESS)
    return identity.mail_cluster(cluster_id=query or own_id, name=own_id), known(
        mail_count=cluster.integer("MailCount"), network_message_ids=list(cluster.texts("NetworkMessageIds"))
    )


def _cloud_resource(resource: Fields, graph: EntityGraph) -> Built:
    return identity.cloud_resource(
        resource_id=resource.text("ResourceId", limits.ADDRESS),
        name=resource.text("ResourceName"),
        attributes=known(resource_type=resource.text("ResourceType")),
    ), {}


def _cloud_application(app: Fields, graph: EntityGraph) -> Built:
    return identity.application(
        app_id=app.text("SaasId") or app.text("AppId"), name=app.text("Name"), instance=app.text("InstanceName")
    ), {}


BUILDERS: dict[str, Callable[[Fields, EntityGraph], Built]] = {
    "account": _account,
    "azureresource": _cloud_resource,
    "cloudapplication": _cloud_application,
    "dns": _dns,
    "dnsresolution": _dns,
    "file": _file,
    "filehash": _file_hash,
    "host": _host,
    "hostlogonsession": _host_logon_session,
    "iotdevice": _iot_device,
    "ip": _ip,
    "mailbox": _mailbox,
    "mailcluster": _mail_cluster,
    "mailmessage": _mail_message,
    "malware": _malware,
    "process": _process,
    "registrykey": _registry_key,
    "registryvalue": _registry_value,
    "securitygroup": _security_group,
    "submissionmail": _mail_message,
    "url": _url,
}
"""By type in one spelling; any other type goes through `_unknown`."""
