"""Who or what an entity is: pure functions from what senders say to one comparable identity.

Each constructor takes the sender's texts as they are, blank or None where it does not know, and raises IdentityError
where nothing identifies the thing. An identifier compares only with identifiers of the same kind of entity. Things that
exist on a device (processes, paths, registry keys, built-in accounts) carry the device in their identifiers, so that
the same path on two machines stays two things; see `Scope`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from entities.choices import EntityKind
from entities.spelling import (
    domain_name,
    file_path,
    fold,
    given_id,
    hash_identifier,
    ip_address,
    join_file_path,
    last_part,
    mail_address,
    registry_path,
    security_identifier,
    shorten,
    url_address,
)

MAXIMUM_NAME = 1_000
"""Characters of a name for the screen; a longer one is cut."""


class IdentityError(ValueError):
    """Nothing identifies the entity; the message is a sentence that says what would."""

    @property
    def problem(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class EntityIdentity:
    """An entity as one record names it.

    `match` holds the identifiers that name it surely, strongest first; one that is known already finds the stored
    entity. `aliases` are weaker names that lead to it only when a record knows nothing better (a bare host name).
    """

    kind: EntityKind
    key: str
    """The readable, normalised name it is stored under when first seen; one of `match`."""
    name: str
    """What people call it on screen, spelled as the sender spells it."""
    match: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    """What is known about the thing itself, such as a device's operating system."""


Scope = EntityIdentity | str | None
"""Where a thing exists: its device; or, where the record names none, any text that confines it, such as the alert's
own id; or None, and then it is compared everywhere (and `entities.noise` keeps it from tying alerts together)."""


# ------------------------------------------------------------------------------------------------------------- assets


def device(
    *,
    hostname: str | None = None,
    dns_name: str | None = None,
    domain: str | None = None,
    nt_domain: str | None = None,
    defender_id: str | None = None,
    entra_id: str | None = None,
    azure_id: str | None = None,
    agent_id: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A computer, phone, appliance or virtual machine.

    Named surely by a product's id (Defender for Endpoint, Entra ID, Azure resource, agent), by its full DNS name, or by
    host name and NT domain. A short host name alone must do when the record knows nothing better.
    """
    name = _first(dns_name, hostname)
    full, short = _host_names(_first(dns_name), _first(hostname), _first(domain))
    nt = fold(nt_domain or "")
    ids = _identifiers(
        ("mde", given_id(defender_id or "")),
        ("aad", given_id(entra_id or "")),
        ("azure", fold(azure_id or "").rstrip("/")),
        ("agent", given_id(agent_id or "")),
    )
    names = _identifiers(
        ("fqdn", full),
        ("nt", f"{nt}\\{short}" if short and nt and nt != short and nt not in LOCAL_DOMAINS and not full else ""),
    )
    host = _identifiers(("host", short))
    sure = (*ids, *names)
    if not sure and not host:
        raise IdentityError("Nothing identifies the device; give a host name or an id.")
    return _identity(
        EntityKind.DEVICE,
        name or last_part(azure_id or "") or _bare(sure[0]),
        match=sure or host,
        aliases=host if sure else (),
        key=names[0] if names else None,
        attributes=attributes,
    )


def _host_names(dns_name: str, hostname: str, domain: str) -> tuple[str, str]:
    """The full and the short name of a host, folded; empty where unknown."""
    full = ""
    for text in (dns_name, hostname):
        name = domain_name(text)
        if "." in name:
            full = full or name
    short = domain_name(hostname) or domain_name(dns_name)
    if not short:  # "Jo's phone", or an address in place of a name
        text = hostname or dns_name
        return full, ip_address(text) or fold(text)
    short = short.partition(".")[0]
    suffix = domain_name(domain)
    if not full and "." in suffix:
        full = domain_name(f"{short}.{suffix}")
    return full, short


LOCAL_DOMAINS = frozenset({"", ".", "workgroup", "localhost", "local", "mshome"})
"""What stands in place of an NT domain on machines that belong to none."""

BUILT_IN_DOMAINS = frozenset(
    {
        "nt authority",
        "nt-autorität",
        "autorite nt",
        "autorité nt",
        "autoridad nt",
        "builtin",
        "nt service",
        "nt virtual machine",
        "window manager",
        "font driver host",
        "iis apppool",
    }
)
"""Domains that every Windows machine has for itself."""

BUILT_IN_ACCOUNTS = {
    "system": "system",
    "local system": "system",
    "localsystem": "system",
    "local service": "local service",
    "localservice": "local service",
    "network service": "network service",
    "networkservice": "network service",
    "anonymous logon": "anonymous logon",
    "anonymous": "anonymous logon",
}
"""Accounts of NT AUTHORITY, by the spellings that senders use without the domain."""

BUILT_IN_SIDS = {
    "s-1-5-7": "anonymous logon",
    "s-1-5-18": "system",
    "s-1-5-19": "local service",
    "s-1-5-20": "network service",
}
"""Source: Microsoft, "Well-known SIDs"."""

GENERIC_ACCOUNTS = frozenset({"administrator", "admin", "root", "user", "guest", "test", "network", "null", "-", "?"})
"""Names so common that without a domain they say nothing about who it is. Extends the list of Sentinel's entity types
reference, section "Account"."""


def user(
    *,
    account: str | None = None,
    domain: str | None = None,
    upn: str | None = None,
    sid: str | None = None,
    entra_id: str | None = None,
    object_guid: str | None = None,
    display_name: str | None = None,
    scope: Scope = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A person's or service's account. `account` may carry its domain: CONTOSO\\jo or jo@contoso.com.

    Accounts that every machine has for itself (NT AUTHORITY\\SYSTEM, root, a bare Administrator) are taken as accounts
    of the device in `scope`.
    """
    nt_domain, bare, principal = _account_parts(_first(account), _first(domain), _first(upn))
    known_sid = security_identifier(sid or "")
    built_in = _built_in_account(nt_domain, bare, known_sid)
    sure = _identifiers(
        ("aad", given_id(entra_id or "")),
        ("sid", known_sid if _is_unique_sid(known_sid) else ""),
        ("guid", given_id(object_guid or "")),
        ("upn", principal),
        ("nt", f"{nt_domain}\\{bare}" if bare and nt_domain and not built_in else ""),
    )
    if built_in:
        weak = scoped("account", scope, f"nt authority\\{built_in}")
    elif bare in GENERIC_ACCOUNTS and not nt_domain:
        weak = scoped("account", scope, bare)
    else:
        weak = _identifiers(("account", bare or principal.partition("@")[0]))
    if known_sid and not sure and not built_in:
        sure = scoped("sid", scope, known_sid)
    if not sure and not weak:
        raise IdentityError("Nothing identifies the user; give an account name, a principal name or an id.")
    is_telling = not built_in and weak and _bare(weak[0]) not in GENERIC_ACCOUNTS
    return _identity(
        EntityKind.USER,
        _user_name(_first(account), _first(domain), _first(upn)) or _first(display_name) or _bare((sure or weak)[0]),
        match=sure or weak,
        aliases=weak if sure and is_telling else (),
        key=_preferred(sure, ("upn:", "nt:")),
        attributes=_known(display_name=_first(display_name)) | (attributes or {}),
    )


def _account_parts(account: str, domain: str, upn: str) -> tuple[str, str, str]:
    """NT domain, bare account name and principal name, all folded and empty where unknown."""
    principal = mail_address(upn) or mail_address(account)
    before, backslash, after = account.rpartition("\\")
    nt_domain = fold(before if backslash else domain)
    bare = fold(after if backslash else account)
    if not backslash and mail_address(account):
        bare = fold(account).rpartition("@")[0]
        nt_domain = ""  # the domain of a principal name is not the NT domain
    if "." in nt_domain and bare and not principal and domain_name(nt_domain):
        principal, nt_domain = mail_address(f"{bare}@{nt_domain}"), ""
    return ("" if nt_domain in LOCAL_DOMAINS else nt_domain), bare, principal


def _built_in_account(nt_domain: str, bare: str, sid: str) -> str:
    """The name of a built-in account, empty for any other."""
    if sid in BUILT_IN_SIDS:
        return BUILT_IN_SIDS[sid]
    if nt_domain in BUILT_IN_DOMAINS:
        return BUILT_IN_ACCOUNTS.get(bare, bare)
    return BUILT_IN_ACCOUNTS.get(bare, "") if not nt_domain else ""


def _is_unique_sid(sid: str) -> bool:
    """Whether a SID belongs to one directory or machine: those of a domain, of Entra ID and of app packages."""
    return sid.startswith(("s-1-5-21-", "s-1-12-1-"))


def _user_name(account: str, domain: str, upn: str) -> str:
    if upn and not account:
        return upn
    return f"{domain}\\{account}" if account and domain and not {"\\", "@"} & set(account) else account


def mailbox(
    *,
    address: str | None = None,
    upn: str | None = None,
    display_name: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A place where mail arrives."""
    match = _identifiers(("mailbox", mail_address(_first(address))), ("mailbox", mail_address(_first(upn))))
    if not match:
        raise IdentityError("Nothing identifies the mailbox; give its address.")
    known = _known(display_name=_first(display_name)) | (attributes or {})
    return _identity(EntityKind.MAILBOX, _first(address, upn), match=match, attributes=known)


def application(
    *,
    app_id: str | None = None,
    object_id: str | None = None,
    name: str | None = None,
    instance: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A cloud application, an OAuth application or a service principal."""
    part = f"|{fold(instance)}" if instance and instance.strip() else ""
    ids = _identifiers(
        ("app", f"{known}{part}" if (known := given_id(app_id or "")) else ""),
        ("principal", given_id(object_id or "")),
    )
    names = _identifiers(("name", f"{fold(name or '')}{part}" if _first(name) else ""))
    if not ids and not names:
        raise IdentityError("Nothing identifies the app; give its id or name.")
    return _identity(EntityKind.APPLICATION, _first(name) or _bare(ids[0]), match=ids or names, attributes=attributes)


def cloud_resource(
    *, resource_id: str | None = None, name: str | None = None, attributes: dict[str, Any] | None = None
) -> EntityIdentity:
    """Something in a cloud account: a virtual machine, a storage account, a cluster. Named by its full resource id."""
    match = _identifiers(("resource", fold(resource_id or "").rstrip("/")))
    if not match:
        raise IdentityError("Nothing identifies the cloud resource; give its resource id.")
    return _identity(
        EntityKind.CLOUD_RESOURCE, _first(name) or last_part(_first(resource_id)), match=match, attributes=attributes
    )


# ------------------------------------------------------------------------------------------------------------ network


def ip(address: str | None, *, attributes: dict[str, Any] | None = None) -> EntityIdentity:
    """An IP address."""
    known = ip_address(_first(address))
    if not known:
        raise IdentityError("This is not an IP address; write it like 192.0.2.10 or 2001:db8::10.")
    return _identity(EntityKind.IP, known, match=_identifiers(("ip", known)), attributes=attributes)


def domain(name: str | None, *, attributes: dict[str, Any] | None = None) -> EntityIdentity:
    """A name in DNS."""
    known = domain_name(_first(name))
    if not known:
        raise IdentityError("This is not a domain name; write it like mail.contoso.example.")
    return _identity(EntityKind.DOMAIN, _first(name), match=_identifiers(("domain", known)), attributes=attributes)


def url(address: str | None, *, attributes: dict[str, Any] | None = None) -> EntityIdentity:
    """An address of a page or file."""
    known = url_address(_first(address))
    if not known:
        raise IdentityError("The URL is empty; give its whole address.")
    return _identity(EntityKind.URL, _first(address), match=_identifiers(("url", known)), attributes=attributes)


# ------------------------------------------------------------------------------------------------- files and processes


def file(
    *,
    name: str | None = None,
    directory: str | None = None,
    path: str | None = None,
    hashes: Iterable[str | None] = (),
    scope: Scope = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A file: by its hashes, strongest first; without one by its path on the device; by its bare name at last."""
    known = {hash_identifier(text) for text in hashes if text}
    match = tuple(sorted(known - {""}, key=len, reverse=True))
    whole = _first(path) or join_file_path(_first(directory), _first(name))
    if not match and whole:
        match = scoped("path" if last_part(whole) != whole.strip() else "file", scope, file_path(whole))
    if not match:
        raise IdentityError("Nothing identifies the file; give a hash (MD5, SHA-1 or SHA-256), a path or a name.")
    return _identity(
        EntityKind.FILE,
        _first(name) or last_part(whole) or _bare(match[0]),
        match=match,
        attributes=_known(path=whole if last_part(whole) != whole else "") | (attributes or {}),
    )


def process(
    *,
    pid: int | str | None = None,
    created: datetime | None = None,
    image: str | None = None,
    command_line: str | None = None,
    scope: Scope = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A running program: device, process id and start time; without these, device, image and command line."""
    number = process_number(pid)
    program, command = file_path(_first(image)), _first(command_line)
    if number is not None and created is not None:
        match = scoped("process", scope, f"{number}|{created.astimezone(UTC).isoformat()}")
    elif number is not None:
        match = scoped("process", scope, f"{number}||{program}|{command}")
    elif program or command:
        match = scoped("process", scope, f"||{program}|{command}")
    else:
        raise IdentityError("Nothing identifies the process; give its id and start time, its image or command line.")
    shown = last_part(_first(image)) or command or "process"
    return _identity(
        EntityKind.PROCESS, shown if number is None else f"{shown} ({number})", match=match, attributes=attributes
    )


def process_number(pid: int | str | None) -> int | None:
    """A process id from a number or its text, decimal or hexadecimal (0x165c)."""
    if isinstance(pid, int) and not isinstance(pid, bool):
        return pid if 0 <= pid < 2**64 else None
    digits = _PROCESS_NUMBER.fullmatch(pid.strip()) if isinstance(pid, str) else None
    if digits is None:
        return None
    return process_number(int(digits["hexadecimal"], 16) if digits["hexadecimal"] else int(digits["decimal"]))


_PROCESS_NUMBER = re.compile(r"0[xX](?P<hexadecimal>[0-9a-fA-F]{1,16})|(?P<decimal>[0-9]{1,20})")


def registry_key(
    *, key: str | None, hive: str | None = None, scope: Scope = None, attributes: dict[str, Any] | None = None
) -> EntityIdentity:
    """A key of a device's Windows registry."""
    path = registry_path(hive or "", key or "")
    if not path:
        raise IdentityError("Nothing identifies the registry key; give its hive and key.")
    return _identity(
        EntityKind.REGISTRY_KEY,
        f"{hive}\\{key}" if _first(hive) and _first(key) else _first(key, hive),
        match=scoped("key", scope, path),
        attributes=attributes,
    )


def registry_value(
    *,
    key: str | None,
    value_name: str | None,
    hive: str | None = None,
    scope: Scope = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A named value in a key of a device's Windows registry; without a name it is the key's default value."""
    path = registry_path(hive or "", key or "")
    if not path:
        raise IdentityError("Nothing identifies the registry value; give its hive, key and name.")
    return _identity(
        EntityKind.REGISTRY_VALUE,
        _first(value_name) or f"(default) of {_first(key, hive)}",
        match=scoped("value", scope, f"{path}|{fold(value_name or '')}"),
        attributes=_known(key=f"{hive}\\{key}" if _first(hive) and _first(key) else _first(key)) | (attributes or {}),
    )


def malware(
    name: str | None, *, category: str | None = None, attributes: dict[str, Any] | None = None
) -> EntityIdentity:
    """A family of malicious software, as its finder calls it."""
    if not _first(name):
        raise IdentityError("Nothing identifies the malware; give its name.")
    known = _known(category=_first(category)) | (attributes or {})
    return _identity(
        EntityKind.MALWARE, _first(name), match=_identifiers(("malware", fold(name or ""))), attributes=known
    )


# --------------------------------------------------------------------------------------------------------------- mail


def mail_message(
    *,
    network_message_id: str | None = None,
    internet_message_id: str | None = None,
    subject: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A mail, the same for all its recipients. Its Message-ID header is chosen by the sender, so it comes second."""
    header = _first(internet_message_id).strip("<>")
    match = _identifiers(("network-message", given_id(network_message_id or "")), ("message", header))
    if not match:
        raise IdentityError("Nothing identifies the mail message; give its network or internet message id.")
    return _identity(EntityKind.MAIL_MESSAGE, _first(subject) or _bare(match[0]), match=match, attributes=attributes)


def mail_cluster(
    *, cluster_id: str | None, name: str | None = None, attributes: dict[str, Any] | None = None
) -> EntityIdentity:
    """A group of similar mails, told by the query or id that gathers them."""
    if not _first(cluster_id):
        raise IdentityError("Nothing identifies the mail cluster; give its id or query.")
    match = _identifiers(("cluster", fold(cluster_id or "")))
    return _identity(EntityKind.MAIL_CLUSTER, _first(name, cluster_id), match=match, attributes=attributes)


# ------------------------------------------------------------------------------------------------------------- others


def security_group(
    *,
    sid: str | None = None,
    entra_id: str | None = None,
    object_guid: str | None = None,
    distinguished_name: str | None = None,
    name: str | None = None,
    domain: str | None = None,
    scope: Scope = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A group of accounts that carries rights."""
    known_sid = security_identifier(sid or "")
    match = _identifiers(
        ("aad", given_id(entra_id or "")),
        ("sid", known_sid if _is_unique_sid(known_sid) else ""),
        ("guid", given_id(object_guid or "")),
        ("dn", fold(distinguished_name or "")),
    )
    if not match and known_sid:
        match = scoped("sid", scope, known_sid)
    if not match and _first(name):
        match = _identifiers(("group", f"{fold(domain or '')}\\{fold(name or '')}"))
    if not match:
        raise IdentityError("Nothing identifies the security group; give its id, SID or name.")
    return _identity(
        EntityKind.SECURITY_GROUP,
        _first(name, distinguished_name) or _bare(match[0]),
        match=match,
        attributes=attributes,
    )


def container(
    *,
    container_id: str | None = None,
    name: str | None = None,
    namespace: str | None = None,
    cluster: str | None = None,
    image: str | None = None,
    scope: Scope = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A container or pod, by its id or by name in its namespace and cluster; with nothing but `image`, an image."""
    match = _identifiers(("container", given_id(container_id or "")))
    if not match and _first(name) and (_first(namespace) or _first(cluster)):
        match = _identifiers(("pod", "|".join(fold(part or "") for part in (cluster, namespace, name))))
    if not match and _first(name):
        match = scoped("name", scope, fold(name or ""))
    if not match and _first(image):
        match = _identifiers(("image", fold(image or "")))
    if not match:
        raise IdentityError("Nothing identifies the container; give its id, its name or its image.")
    known = _known(image=_first(image), namespace=_first(namespace), cluster=_first(cluster)) | (attributes or {})
    return _identity(EntityKind.CONTAINER, _first(name, image) or _bare(match[0]), match=match, attributes=known)


def other(
    label: str,
    *,
    identifier: str | None = None,
    name: str | None = None,
    content: Any = None,
    scope: Scope = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    """A thing of a kind we do not know: by the id its sender gives, else by a digest of all that is said of it.

    `label` is the sender's own word for the kind, such as "hostLogonSession".
    """
    kind = re.sub(r"[^a-z0-9]+", "-", fold(label)).strip("-")[:60] or "thing"
    if _first(identifier):
        match = scoped(kind, scope, fold(identifier or ""))
    elif content is not None or _first(name):
        text = json.dumps([name, content], sort_keys=True, default=str)
        match = scoped(kind, scope, f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}")
    else:
        raise IdentityError("Nothing identifies the thing; give an id.")
    shown = _first(name, identifier) or _first(label) or "thing"
    return _identity(EntityKind.OTHER, shown, match=match, attributes=_known(type=_first(label)) | (attributes or {}))


# ------------------------------------------------------------------------------------------------------- how it is made


def scoped(prefix: str, scope: Scope, rest: str) -> tuple[str, ...]:
    """The identifiers of a thing that exists on a device: one per name under which the device is best known.

    The prefix ends in “@” where there is a scope, and the scope's own “|” is escaped, so that no text a sender writes
    into a name can pass for a thing on some device.
    """
    if scope is None or scope == "":
        return (shorten(f"{prefix}:{rest}"),)
    places = [scope] if isinstance(scope, str) else dict.fromkeys([scope.key, scope.match[0]])
    return tuple(shorten(f"{prefix}@{place.replace('%', '%25').replace('|', '%7c')}|{rest}") for place in places)


def place_of(key: str) -> str:
    """The device, or the other place, that the key of a thing on a device names: what `scoped` has put into it."""
    head, bar, _ = key.partition("|")
    prefix, at, place = head.partition("@")
    return place.replace("%7c", "|").replace("%25", "%") if bar and at and ":" not in prefix else ""


def _identity(
    kind: EntityKind,
    name: str,
    *,
    match: tuple[str, ...],
    aliases: tuple[str, ...] = (),
    key: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> EntityIdentity:
    known = dict(attributes or {})
    shown = name.strip() or _bare(match[0])
    if len(shown) > MAXIMUM_NAME:
        known.setdefault("full_name", shown)
        shown = shown[: MAXIMUM_NAME - 1] + "…"
    return EntityIdentity(kind, key or match[0], shown, match, aliases, known)


def _identifiers(*pairs: tuple[str, str]) -> tuple[str, ...]:
    """Prefixed identifiers in the order given, without the blank and the repeated."""
    return tuple(dict.fromkeys(shorten(f"{prefix}:{value}") for prefix, value in pairs if value))


def _preferred(match: tuple[str, ...], prefixes: tuple[str, ...]) -> str | None:
    """The most readable identifier: the first that starts with one of `prefixes`, which come in order of preference."""
    return next((text for prefix in prefixes for text in match if text.startswith(prefix)), None)


def _bare(identifier: str) -> str:
    """What stands behind the prefix of an identifier."""
    return identifier.partition(":")[2] or identifier


def _first(*texts: str | None) -> str:
    """The first text that is not blank, without white space around it."""
    return next((text.strip() for text in texts if text and text.strip()), "")


def _known(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [], (), {})}
