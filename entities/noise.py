"""Entities that turn up everywhere and therefore never tie alerts together."""

from __future__ import annotations

import hashlib
import ipaddress

from entities.choices import EntityKind
from entities.identity import BUILT_IN_ACCOUNTS, GENERIC_ACCOUNTS, EntityIdentity
from entities.spelling import ip_address

EMPTY_FILE = frozenset(f"{kind}:{hashlib.new(kind, b'').hexdigest()}" for kind in ("md5", "sha1", "sha256"))
"""The hashes of a file with nothing in it."""

LOCAL_NAMES = frozenset(
    {"localhost", "localhost.localdomain", "localhost6", "localdomain", "ip6-localhost", "ip6-loopback"}
)
"""Names by which every machine calls itself."""

ON_A_DEVICE = {
    EntityKind.PROCESS: "a process whose device is not known",
    EntityKind.REGISTRY_KEY: "a registry key whose device is not known",
    EntityKind.REGISTRY_VALUE: "a registry value whose device is not known",
    EntityKind.FILE: "a file with neither hash nor device",
}
"""Kinds that exist on a device: without one in the identifier, the same name means different things."""


def is_noise(identity: EntityIdentity) -> str | None:
    """Why this entity never ties alerts together, as words to follow “because it is”; None if it may."""
    match identity.kind:
        case EntityKind.IP:
            return _address_noise(identity.match[0].removeprefix("ip:"))
        case EntityKind.USER:
            return _account_noise(identity.match)
        case EntityKind.DEVICE:
            return _device_noise(identity.match)
        case EntityKind.DOMAIN:
            return _name_noise(identity.match[0].removeprefix("domain:"))
        case EntityKind.URL:
            return _name_noise(_host_of(identity.match[0].removeprefix("url:")))
        case EntityKind.FILE if EMPTY_FILE.intersection(identity.match):
            return "the empty file"
        case kind if kind in ON_A_DEVICE and not any(_is_placed(text) for text in identity.match):
            return ON_A_DEVICE[kind]
    return None


def _is_placed(identifier: str) -> bool:
    """Whether an identifier holds everywhere: a hash, or a name on a certain device."""
    prefix = identifier.partition(":")[0]
    return "@" in prefix or prefix in ("md5", "sha1", "sha256")


def _address_noise(text: str) -> str | None:
    address = ipaddress.ip_address(text)
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if text == "255.255.255.255":
        return "the broadcast address"
    if isinstance(address, ipaddress.IPv4Address) and (address.is_reserved or address in _THIS_NETWORK):
        return "a reserved address"
    return None


_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")


def _account_noise(identifiers: tuple[str, ...]) -> str | None:
    """Every identifier must be a mere account name; an id, principal name or domain makes it somebody."""
    if not all(text.startswith(("account:", "account@")) for text in identifiers):
        return None
    account = identifiers[0].rpartition("|")[2] if identifiers[0].startswith("account@") else identifiers[0][8:]
    if account.startswith("nt authority\\") or account in BUILT_IN_ACCOUNTS:
        return "an account that every machine has"
    if account in GENERIC_ACCOUNTS:
        return "a common account name without a domain"
    return None


def _device_noise(identifiers: tuple[str, ...]) -> str | None:
    names = [text.partition(":")[2] for text in identifiers if text.startswith(("host:", "fqdn:", "nt:"))]
    if len(names) < len(identifiers):
        return None  # an id of a product names it
    return next((reason for name in names if (reason := _name_noise(name.rpartition("\\")[2]))), None)


def _name_noise(name: str) -> str | None:
    if name in LOCAL_NAMES or name.endswith(".localhost"):
        return "a name every machine has for itself"
    address = ip_address(name)
    return _address_noise(address) if address else None


def _host_of(address: str) -> str:
    host = address.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def is_stored_noise(kind: str, key: str) -> bool:
    """The same of an entity as it is stored, told by its key alone."""
    known = EntityKind(kind)
    if known == EntityKind.IP and not ip_address(key.removeprefix("ip:")):
        return False
    return is_noise(EntityIdentity(known, key, key, (key,))) is not None
