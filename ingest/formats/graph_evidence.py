"""The 48 types of evidence in alerts of Microsoft Graph, and what they become.

Types that name an entity we know are mapped in BUILDERS. All others, those still to come included, are kept as
entities of kind “other” with everything the sender says of them. Things nested in others (a process's image, user and
device; the addresses a name was resolved to) become evidence of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from alerts.choices import EvidenceRole, RemediationStatus, Verdict
from common.fields import Fields, fold_word
from entities import identity
from entities.identity import EntityIdentity, IdentityError, Scope
from entities.spelling import join_file_path
from ingest import limits
from ingest.formats.evidence import EvidenceGatherer
from ingest.formats.intake import known

VERDICTS = {fold_word(verdict.slug): verdict for verdict in Verdict} | {"clean": Verdict.NO_THREATS_FOUND}
REMEDIATION_STATUSES = {fold_word(status.slug): status for status in RemediationStatus} | {
    "unknown": RemediationStatus.NONE
}
ROLES = {fold_word(role.slug): role.slug for role in EvidenceRole}

BASE_FIELDS = frozenset({"@odata.type", "createdDateTime", "verdict", "remediationStatus", "roles", "tags"})
"""What every type of evidence says and is stored in fields of its own."""

Built = tuple[EntityIdentity, dict[str, Any]]
"""An entity, and what the alert says of it beyond what the thing itself is."""


def add_evidence(alert: Fields, gatherer: EvidenceGatherer) -> None:
    """Adds all evidence of an alert, devices first, because other things exist on them."""
    pieces = alert.objects("evidence", limits.EVIDENCE_PER_ALERT)
    for piece in sorted(pieces, key=lambda piece: type_name(piece) not in ("device", "ioTDevice")):
        add_piece(piece, gatherer)


def add_piece(piece: Fields, gatherer: EvidenceGatherer, kind: str = "") -> EntityIdentity:
    """Adds one piece and what is nested in it. A nested piece may leave out its type: then `kind` says what it is."""
    kind = type_name(piece) or kind
    build = BUILDERS.get(kind)
    try:
        entity, details = build(piece, gatherer) if build else _unknown(piece, gatherer, kind)
    except IdentityError as error:
        gatherer.notices.append(f"{piece.path}: {error} Kept as it is.")
        entity, details = _unknown(piece, gatherer, kind)
    return gatherer.add(
        entity,
        roles=_roles(piece),
        verdict=piece.mapped("verdict", VERDICTS, Verdict.UNKNOWN),
        remediation_status=piece.mapped("remediationStatus", REMEDIATION_STATUSES, RemediationStatus.NONE),
        details=details
        | known(
            detailed_roles=list(piece.texts("detailedRoles")),
            remediation_details=piece.text("remediationStatusDetails", limits.LONG_TEXT),
            tags=list(piece.texts("tags")),
        ),
    )


def type_name(piece: Fields) -> str:
    """“device” for #microsoft.graph.security.deviceEvidence."""
    name = piece.record.get("@odata.type")
    return name.rpartition(".")[2].removesuffix("Evidence") if isinstance(name, str) else ""


def _roles(piece: Fields) -> list[str]:
    return [slug for word in piece.texts("roles") if (slug := ROLES.get(fold_word(word)))]


def _unknown(piece: Fields, gatherer: EvidenceGatherer, kind: str) -> Built:
    """Evidence of a type we do not map: named by its own id or name, with all its fields kept."""
    rest = {name: value for name, value in piece.record.items() if name not in BASE_FIELDS and value is not None}
    name = next((text for field in NAME_FIELDS if (text := _plain(piece, field))), "")
    own_id = _plain(piece, ID_FIELDS[kind]) if kind in ID_FIELDS else ""
    label = kind or "evidence"
    if own_id:
        return identity.other(label, identifier=own_id, name=name), rest
    return identity.other(label, name=name, content=rest, scope=gatherer.scope()), rest


ID_FIELDS = {
    "aiAgent": "agentId",
    "cloudLogonRequest": "requestId",
    "cloudLogonSession": "sessionId",
    "gitHubOrganization": "orgId",
    "gitHubRepo": "repoId",
    "gitHubUser": "userId",
    "sasToken": "signatureHash",
    "teamsMessage": "messageId",
}
"""Types without a kind of ours that carry an id of their own, unique everywhere."""

NAME_FIELDS = ("displayName", "name", "agentName", "login", "subject", "deviceName", "macAddress", "sessionId")


def _plain(piece: Fields, name: str) -> str:
    """A text or number in a field, without a notice if there is something else."""
    value = piece.record.get(name)
    return str(value)[: limits.SHORT_TEXT] if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _nested(piece: Fields, gatherer: EvidenceGatherer, *named: tuple[str, str]) -> None:
    """Adds the pieces in the given fields, each a single one or a list; `named` gives field and type."""
    for name, kind in named:
        if isinstance(piece.record.get(name), list):
            for inner in piece.objects(name, limits.LIST_ITEMS):
                add_piece(inner, gatherer, kind)
        elif single := piece.object(name):
            add_piece(single, gatherer, kind)


def _moment(piece: Fields, name: str) -> str | None:
    moment = piece.time(name)
    return moment.isoformat() if moment else None


# ----------------------------------------------------------------------------------------------- devices and accounts


def _device(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    machine = piece.object("vmMetadata")
    users = [
        f"{user.text('domainName')}\\{user.text('accountName')}".lstrip("\\")
        for user in piece.objects("loggedOnUsers", limits.LIST_ITEMS)
    ]
    addresses = [*piece.texts("ipInterfaces"), piece.text("lastIpAddress")]
    entity = identity.device(
        hostname=piece.text("hostName"),
        dns_name=piece.text("deviceDnsName"),
        domain=piece.text("dnsDomain"),
        nt_domain=piece.text("ntDomain"),
        defender_id=piece.text("mdeDeviceId"),
        entra_id=piece.text("azureAdDeviceId"),
        azure_id=machine.text("resourceId", limits.ADDRESS) if machine else "",
        attributes=known(
            os=piece.text("osPlatform"),
            os_version=piece.text("version"),
            os_build=piece.integer("osBuild"),
            ip_addresses=list(dict.fromkeys(address for address in addresses if address)),
            external_ip=piece.text("lastExternalIpAddress"),
            device_group=piece.text("rbacGroupName"),
            health=piece.text("healthStatus"),
            risk_score=piece.text("riskScore"),
            onboarding=piece.text("onboardingStatus"),
            antivirus=piece.text("defenderAvStatus"),
            first_seen=_moment(piece, "firstSeenDateTime"),
            cloud_provider=machine.text("cloudProvider") if machine else "",
        ),
    )
    return entity, known(logged_on_users=users)


def _iot_device(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _nested(piece, gatherer, ("ipAddress", "ip"))
    entity = identity.device(
        hostname=piece.text("deviceName"),
        agent_id=piece.text("deviceId") or piece.text("ioTSecurityAgentId"),
        attributes=known(
            os=piece.text("operatingSystem"),
            device_type=piece.text("deviceType"),
            manufacturer=piece.text("manufacturer"),
            model=piece.text("model"),
            mac_address=piece.text("macAddress"),
            serial_number=piece.text("serialNumber"),
            site=piece.text("site"),
            zone=piece.text("zone"),
        ),
    )
    return entity, known(sensor=piece.text("sensor"), protocols=list(piece.texts("protocols")))


def _place(piece: Fields, gatherer: EvidenceGatherer) -> Scope:
    """The device that a piece names by its Defender id, added where it is not evidence yet; else the alert's only."""
    try:
        return gatherer.add(identity.device(defender_id=piece.text("mdeDeviceId")))
    except IdentityError:
        return gatherer.scope()


def _account(account: Fields, scope: Scope) -> EntityIdentity:
    return identity.user(
        account=account.text("accountName"),
        domain=account.text("domainName"),
        upn=account.text("userPrincipalName"),
        sid=account.text("userSid"),
        entra_id=account.text("azureAdUserId"),
        object_guid=account.text("activeDirectoryObjectGuid"),
        display_name=account.text("displayName"),
        scope=scope,
    )


def _add_account(piece: Fields, gatherer: EvidenceGatherer, scope: Scope) -> None:
    """The user that something runs as or belongs to, where it says who."""
    account = piece.object("userAccount")
    try:
        if account:
            gatherer.add(_account(account, scope))
    except IdentityError:
        return  # an account object with nothing but nulls


def _user(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return _account(piece.object("userAccount") or piece, gatherer.scope()), {}


def _mailbox(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _add_account(piece, gatherer, gatherer.scope())
    address = piece.text("primaryAddress") or piece.text("mailboxPrimaryAddress")
    entity = identity.mailbox(address=address, upn=piece.text("upn"), display_name=piece.text("displayName"))
    return entity, known(
        configuration_type=piece.text("configurationType"), configuration_id=piece.text("configurationId")
    )


def _security_group(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.security_group(
        sid=piece.text("sid"),
        entra_id=piece.text("securityGroupId"),
        object_guid=piece.text("activeDirectoryObjectGuid"),
        distinguished_name=piece.text("distinguishedName", limits.ADDRESS),
        name=piece.text("displayName") or piece.text("friendlyName"),
        scope=gatherer.scope(),
    ), {}


# ----------------------------------------------------------------------------------------------- files and processes


def _file_details(details: Fields, scope: Scope) -> EntityIdentity:
    hashes = {name: details.text(name) for name in ("sha256", "sha1", "md5")}
    return identity.file(
        name=details.text("fileName", limits.LONG_TEXT),
        directory=details.text("filePath", limits.LONG_TEXT),
        hashes=hashes.values(),
        scope=scope,
        attributes=known(
            size=details.integer("fileSize"),
            publisher=details.text("filePublisher"),
            signer=details.text("signer"),
            issuer=details.text("issuer"),
            sha256_authenticode=details.text("sha256Ac"),
            **hashes,
        ),
    )


def _file(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    entity = _file_details(piece.object("fileDetails") or piece, _place(piece, gatherer))
    return entity, known(detection_status=piece.text("detectionStatus"))


def _file_hash(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    value = piece.text("value")
    if fold_word(piece.text("algorithm")) == "sha256ac":  # the hash of a signed file's code, not of the file
        return identity.other("fileHash", identifier=f"sha256ac:{value}", name=value), {}
    return identity.file(hashes=[value]), {}


def _process(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    scope = _place(piece, gatherer)
    _add_account(piece, gatherer, scope)
    image = _image_path(piece, "imageFile")
    image_file = piece.object("imageFile")
    try:
        if image_file:
            gatherer.add(_file_details(image_file, scope))
    except IdentityError:
        pass  # a file object with nothing but nulls
    command_line = piece.text("processCommandLine", limits.LONG_TEXT)
    pid, created = piece.integer("processId"), piece.time("processCreationDateTime")
    return identity.process(pid=pid, created=created, image=image, command_line=command_line, scope=scope), known(
        pid=pid,
        created_at=created.isoformat() if created else None,
        image=image,
        command_line=command_line,
        parent_pid=piece.integer("parentProcessId"),
        parent_created_at=_moment(piece, "parentProcessCreationDateTime"),
        parent_image=_image_path(piece, "parentProcessImageFile"),
        detection_status=piece.text("detectionStatus"),
    )


def _image_path(piece: Fields, name: str) -> str:
    details = piece.object(name)
    if details is None:
        return ""
    return join_file_path(details.text("filePath", limits.LONG_TEXT), details.text("fileName", limits.LONG_TEXT))


def _malware(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _nested(piece, gatherer, ("files", "file"), ("processes", "process"))
    return identity.malware(piece.text("name"), category=piece.text("category")), {}


def _registry_key(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    hive, key = piece.text("registryHive"), piece.text("registryKey", limits.LONG_TEXT)
    return identity.registry_key(hive=hive, key=key, scope=_place(piece, gatherer)), {}


def _registry_value(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.registry_value(
        hive=piece.text("registryHive"),
        key=piece.text("registryKey", limits.LONG_TEXT),
        value_name=piece.text("registryValueName", limits.LONG_TEXT),
        scope=_place(piece, gatherer),
    ), known(data=piece.text("registryValue", limits.LONG_TEXT), data_type=piece.text("registryValueType"))


# ------------------------------------------------------------------------------------------------------------ network


def _ip(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    location = piece.object("location")
    return identity.ip(
        piece.text("ipAddress"),
        attributes=known(
            country=piece.text("countryLetterCode"),
            city=location.text("city") if location else "",
            state=location.text("state") if location else "",
        ),
    ), {}


def _url(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.url(piece.text("url", limits.LONG_TEXT)), {}


def _dns(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _nested(piece, gatherer, ("ipAddresses", "ip"), ("dnsServerIp", "ip"), ("hostIpAddress", "ip"))
    return identity.domain(piece.text("domainName")), {}


def _active_directory_domain(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.domain(piece.text("activeDirectoryDomainName")), {}


def _network_connection(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    """Not a thing of its own: its two ends become evidence, and the connection is kept beside them."""
    _nested(piece, gatherer, ("sourceAddress", "ip"), ("destinationAddress", "ip"))
    return _unknown(piece, gatherer, "networkConnection")


# --------------------------------------------------------------------------------------------------------------- mail


def _analyzed_message(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    """Each recipient's copy of a mail is a piece of its own with the same network message id."""
    senders = [piece.object("p1Sender"), piece.object("p2Sender")]
    return identity.mail_message(
        network_message_id=piece.text("networkMessageId"),
        internet_message_id=piece.text("internetMessageId", limits.ADDRESS),
        subject=piece.text("subject", limits.ADDRESS),
    ), known(
        sender=next((text for sender in senders if sender and (text := sender.text("emailAddress"))), ""),
        recipient=piece.text("recipientEmailAddress"),
        sender_ip=piece.text("senderIp"),
        received_at=_moment(piece, "receivedDateTime"),
        delivery=piece.text("deliveryAction"),
        location=piece.text("deliveryLocation"),
        direction=piece.text("antiSpamDirection"),
        threats=list(piece.texts("threats")),
        urls=list(piece.texts("urls", maximum=limits.ADDRESS)),
        attachments=piece.integer("attachmentsCount"),
    )


def _submission_mail(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.mail_message(
        network_message_id=piece.text("networkMessageId"), subject=piece.text("subject", limits.ADDRESS)
    ), known(
        sender=piece.text("sender"),
        recipient=piece.text("recipient"),
        sender_ip=piece.text("senderIp"),
        submitter=piece.text("submitter"),
        report_type=piece.text("reportType"),
    )


def _mail_cluster(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    by, value = piece.text("clusterBy", limits.LONG_TEXT), piece.text("clusterByValue", limits.LONG_TEXT)
    query = piece.text("query", limits.LONG_TEXT)
    return identity.mail_cluster(cluster_id=query or f"{by}={value}" if query or value else "", name=value), known(
        cluster_by=by,
        mail_count=piece.integer("emailCount"),
        network_message_ids=list(piece.texts("networkMessageIds")),
    )


# --------------------------------------------------------------------------------------------- apps, clouds, containers


def _cloud_application(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.application(
        app_id=piece.text("saasAppId") or piece.text("appId"),
        name=piece.text("displayName"),
        instance=piece.text("instanceName"),
    ), {}


def _oauth_application(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.application(
        app_id=piece.text("appId"),
        object_id=piece.text("objectId") or piece.text("servicePrincipalObjectId"),
        name=piece.text("displayName") or piece.text("servicePrincipalName"),
        attributes=known(publisher=piece.text("publisher")),
    ), {}


def _cloud_resource(*id_fields: str) -> Callable[[Fields, EvidenceGatherer], Built]:
    """Resources of the clouds differ in the name of their id; the first of `id_fields` that is there counts."""

    def build(piece: Fields, gatherer: EvidenceGatherer) -> Built:
        return identity.cloud_resource(
            resource_id=_first_text(piece, id_fields),
            name=_first_text(piece, ("resourceName", "name")),
            attributes=known(
                resource_type=piece.text("resourceType"),
                account=_first_text(piece, ("amazonAccountId", "projectId")),
                location=piece.text("location"),
            ),
        ), {}

    return build


def _first_text(piece: Fields, names: Iterable[str]) -> str:
    return next((text for name in names if (text := piece.text(name, limits.ADDRESS))), "")


def _blob(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    container = piece.object("blobContainer")
    if container:
        _nested(container, gatherer, ("storageResource", "azureResource"))
    hashes = [inner.text("value") for inner in piece.objects("fileHashes", limits.LIST_ITEMS)]
    return identity.cloud_resource(resource_id=piece.text("url", limits.ADDRESS), name=piece.text("name")), known(
        hashes=hashes, etag=piece.text("etag")
    )


def _blob_container(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _nested(piece, gatherer, ("storageResource", "azureResource"))
    return identity.cloud_resource(resource_id=piece.text("url", limits.ADDRESS), name=piece.text("name")), {}


def _kubernetes_cluster(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    """A cluster is named by the cloud resource that it is."""
    resource = piece.object("cloudResource")
    resource_id = _first_text(resource, ("resourceId", "amazonResourceId", "fullResourceName")) if resource else ""
    return identity.cloud_resource(
        resource_id=resource_id,
        name=piece.text("name"),
        attributes=known(platform=piece.text("platform"), version=piece.text("version")),
    ), {}


def _pod(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _nested(piece, gatherer, ("containers", "container"), ("podIp", "ip"))
    namespace = piece.object("namespace")
    cluster = namespace.object("cluster") if namespace else None
    return identity.container(
        name=piece.text("name"),
        namespace=namespace.text("name") if namespace else "",
        cluster=cluster.text("name") if cluster else "",
        scope=gatherer.scope(),
    ), {}


def _container(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    image = piece.object("image")
    return identity.container(
        container_id=piece.text("containerId"),
        name=piece.text("name"),
        image=image.text("imageId", limits.ADDRESS) if image else "",
        scope=gatherer.scope(),
    ), known(
        command=list(piece.texts("command", maximum=limits.ADDRESS)),
        arguments=list(piece.texts("args", maximum=limits.ADDRESS)),
        privileged=piece.flag("isPrivileged"),
    )


def _container_image(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    return identity.container(image=piece.text("imageId", limits.ADDRESS)), {}


def _host_logon_session(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    host = piece.object("host")
    scope = add_piece(host, gatherer, "device") if host else gatherer.scope()
    _nested(piece, gatherer, ("account", "user"))
    session = piece.text("sessionId")
    return identity.other("hostLogonSession", identifier=session, name=session, scope=scope), known(
        started_at=_moment(piece, "startUtcDateTime"), ended_at=_moment(piece, "endUtcDateTime")
    )


def _cloud_logon_session(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _nested(piece, gatherer, ("account", "user"))
    return _unknown(piece, gatherer, "cloudLogonSession")


def _teams_message(piece: Fields, gatherer: EvidenceGatherer) -> Built:
    _nested(piece, gatherer, ("urls", "url"), ("files", "file"))
    return _unknown(piece, gatherer, "teamsMessage")


BUILDERS: dict[str, Callable[[Fields, EvidenceGatherer], Built]] = {
    "activeDirectoryDomain": _active_directory_domain,
    "amazonResource": _cloud_resource("amazonResourceId"),
    "analyzedMessage": _analyzed_message,
    "azureResource": _cloud_resource("resourceId"),
    "blob": _blob,
    "blobContainer": _blob_container,
    "cloudApplication": _cloud_application,
    "cloudLogonSession": _cloud_logon_session,
    "container": _container,
    "containerImage": _container_image,
    "containerRegistry": _cloud_resource("registry"),
    "device": _device,
    "dns": _dns,
    "file": _file,
    "fileHash": _file_hash,
    "googleCloudResource": _cloud_resource("fullResourceName", "resourceName"),
    "hostLogonSession": _host_logon_session,
    "ioTDevice": _iot_device,
    "ip": _ip,
    "kubernetesCluster": _kubernetes_cluster,
    "kubernetesPod": _pod,
    "mailCluster": _mail_cluster,
    "mailbox": _mailbox,
    "mailboxConfiguration": _mailbox,
    "malware": _malware,
    "networkConnection": _network_connection,
    "oauthApplication": _oauth_application,
    "process": _process,
    "registryKey": _registry_key,
    "registryValue": _registry_value,
    "securityGroup": _security_group,
    "servicePrincipal": _oauth_application,
    "submissionMail": _submission_mail,
    "teamsMessage": _teams_message,
    "url": _url,
    "user": _user,
}
"""By type name. The rest (aiAgent, cloudLogonRequest, gitHub…, kubernetes… other than pods and clusters, nic, sasToken)
has no kind of ours and goes through `_unknown`."""
