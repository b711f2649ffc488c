"""What an entity is in STIX: an observable where the specification has one for it, else an object of its domain."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from entities.choices import EntityKind
from exports.stix.identifiers import observable_id, own_id

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity as the incident knows it."""

    id: int
    kind: str
    key: str
    name: str
    attributes: Mapping[str, Any]
    details: Mapping[str, Any]
    """What an alert of the incident says of it there."""

    def said(self, name: str) -> Any:
        """A fact, wherever it stands."""
        return self.attributes.get(name) or self.details.get(name)

    def text(self, name: str) -> str:
        found = self.said(name)
        return found if isinstance(found, str) else ""

    @property
    def bare_key(self) -> str:
        """What stands behind the prefix of its key."""
        return self.key.partition(":")[2] or self.key


@dataclass(frozen=True, slots=True)
class Shown:
    """An entity in STIX: the object that stands for it, and those that it refers to."""

    main: Object
    others: list[Object] = field(default_factory=list)
    is_observable: bool = True


def shown(thing: Thing, birth: str) -> Shown | None:
    """The entity in STIX; None for what it has no object for. `birth` is that of the incident."""
    make = MAKERS.get(thing.kind)
    return make(thing, birth) if make else None


def _observable(kind: str, otherwise: str = "", **properties: Any) -> Object:
    told = {name: value for name, value in properties.items() if value not in ("", None, [], {})}
    return {"type": kind, "spec_version": "2.1", "id": observable_id(kind, told, otherwise), **told}


# ------------------------------------------------------------------------------------------------------------ network


def _ip(thing: Thing, birth: str) -> Shown | None:
    try:
        address = ipaddress.ip_address(thing.bare_key.partition("%")[0])
    except ValueError:
        return None
    return Shown(_observable(f"ipv{address.version}-addr", value=str(address)))


_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def domain_value(name: str) -> str:
    """A name of DNS by RFC 1034 and RFC 5890; empty for what is none, such as names with underscores or pictures."""
    labels = name.lower().rstrip(".").split(".")
    return ".".join(labels) if len(name) <= 253 and all(map(_is_label, labels)) else ""


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if label[2:4] != "--":
        return True
    if not label.startswith("xn--"):
        return False
    try:
        text = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return False
    is_lower = text == unicodedata.normalize("NFKC", text).lower()
    return is_lower and not text.isascii() and all(c == "-" or unicodedata.category(c) in PERMITTED for c in text)


PERMITTED = ("Ll", "Lo", "Lm", "Nd")
"""Categories of characters of an internationalised name that no rule of RFC 5892 looks at more closely."""


def _domain(thing: Thing, birth: str) -> Shown | None:
    value = domain_value(thing.bare_key)
    return Shown(_observable("domain-name", value=value)) if value else None


_ADDRESS = re.compile(
    r"(?P<host>[A-Za-z][A-Za-z0-9+.\-]*://(?:[\w\-.~!$&'()*+,;=:%]*@)?"
    r"(?:\[[0-9A-Fa-f:]+\]|[\w\-.~!$&'()*+,;=%]*)(?::\d*)?)(?P<rest>[/?#].*)?",
    re.ASCII | re.DOTALL,
)


def url_value(address: str) -> str:
    """An address by RFC 3986, with what may not stand in one percent-encoded; empty for what is no address."""
    text = quote(address.strip(), safe="%:/?#[]@!$&'()*+,;=-._~")
    text = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return ""
    host, rest = found["host"], found["rest"] or ""
    if "[" in host and not _is_version_6(host.partition("[")[2].partition("]")[0]):
        return ""
    rest = rest.replace("[", "%5B").replace("]", "%5D")
    before, mark, fragment = rest.partition("#")
    return host + before + mark + fragment.replace("#", "%23")


def _is_version_6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _url(thing: Thing, birth: str) -> Shown | None:
    value = url_value(thing.name if not thing.name.endswith("…") else thing.bare_key)
    return Shown(_observable("url", value=value)) if value else None


# ------------------------------------------------------------------------------------------------- files and processes

HASH_NAMES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}
HASH_LENGTHS = {32: "MD5", 40: "SHA-1", 64: "SHA-256"}
_DIGITS = re.compile(r"[0-9a-f]+")


def hashes_of(thing: Thing) -> dict[str, str]:
    """The hashes of a file, by the names that STIX has for them."""
    told = [thing.bare_key, *(thing.text(name) for name in HASH_NAMES)]
    digits = [text.lower() for text in told if _DIGITS.fullmatch(text.lower())]
    return {HASH_LENGTHS[len(each)]: each for each in digits if len(each) in HASH_LENGTHS}


def _file(thing: Thing, birth: str) -> Shown:
    size = thing.said("size")
    path = thing.text("path")
    others = []
    directory = re.split(r"[\\/][^\\/]*\Z", path)[0] if path else ""
    properties: Object = {"hashes": hashes_of(thing), "name": thing.name}
    if directory:
        others.append(_observable("directory", path=directory))
        properties["parent_directory_ref"] = others[0]["id"]
    if isinstance(size, int) and size >= 0:
        properties["size"] = size
    return Shown(_observable("file", **properties), others)


def _process(thing: Thing, birth: str) -> Shown:
    pid = thing.said("pid")
    image = thing.text("image")
    properties: Object = {"command_line": thing.text("command_line")}
    if isinstance(pid, int) and 0 <= pid < 2**53:
        properties["pid"] = pid
    others = []
    if image:
        name = re.split(r"[\\/]", image)[-1] or image
        others.append(_observable("file", name=name))
        properties["image_ref"] = others[0]["id"]
    if not any(properties.values()):
        properties["command_line"] = thing.name
    return Shown(_observable("process", f"{birth} {thing.key}", **properties), others)


HIVES = {
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKCU": "HKEY_CURRENT_USER",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKU": "HKEY_USERS",
    "HKCC": "HKEY_CURRENT_CONFIG",
}
"""Hives stand with their whole names. Source: STIX 2.1, section 6.17."""


def registry_path(path: str) -> str:
    """A key with the whole name of its hive."""
    hive, backslash, rest = path.partition("\\")
    return HIVES.get(hive.upper().rstrip(":"), hive) + backslash + rest


def _registry_key(thing: Thing, birth: str) -> Shown:
    return Shown(_observable("windows-registry-key", key=registry_path(thing.name)))


def _registry_value(thing: Thing, birth: str) -> Shown:
    key = registry_path(thing.text("key"))
    name = "" if thing.name.startswith("(default) of ") else thing.name
    return Shown(_observable("windows-registry-key", key=key, values=[{"name": name}]))


# --------------------------------------------------------------------------------------------------- people and mail


def _user(thing: Thing, birth: str) -> Shown:
    prefix = thing.key.partition(":")[0].partition("@")[0]
    if prefix in ("sid", "aad", "guid"):
        properties = {"user_id": thing.bare_key.rpartition("|")[2]}
    else:
        properties = {"account_login": thing.name}
    return Shown(_observable("user-account", **properties, display_name=thing.text("display_name")))


def mail_value(address: str) -> str:
    """An address of mail by RFC 5322, as far as everybody writes them."""
    return address if re.fullmatch(r"[^\s@<>\"]+@[^\s@<>\"]+", address) else ""


def _mailbox(thing: Thing, birth: str) -> Shown | None:
    value = mail_value(thing.bare_key)
    if not value:
        return None
    return Shown(_observable("email-addr", value=value, display_name=thing.text("display_name")))


def _mail_message(thing: Thing, birth: str) -> Shown:
    others: list[Object] = []
    properties: Object = {"subject": thing.name}
    if thing.key.startswith("message:"):
        properties["message_id"] = f"<{thing.bare_key}>"
    for name, role in (("from_ref", "sender"), ("to_refs", "recipient")):
        if value := mail_value(thing.text(role)):
            others.append(address := _observable("email-addr", value=value))
            properties[name] = address["id"] if name == "from_ref" else [address["id"]]
    return Shown(_observable("email-message", is_multipart=False, **properties), others)


def _application(thing: Thing, birth: str) -> Shown:
    return Shown(_observable("software", name=thing.name, vendor=thing.text("publisher")))


# --------------------------------------------------------------------------------------------------------- of a domain


def _of_domain(kind: str, thing: Thing, birth: str, **properties: Any) -> Shown:
    """An object without a version yet: bundle.py adds who made it and when."""
    identifier = own_id(kind, birth, thing.kind, thing.key)
    return Shown({"type": kind, "spec_version": "2.1", "id": identifier, **properties}, is_observable=False)


def _infrastructure(thing: Thing, birth: str) -> Shown:
    label = EntityKind(thing.kind).label
    known = [f"{name.replace('_', ' ')}: {text}" for name in ("os", "os_version", "resource_type", "image", "namespace")
             if (text := thing.text(name))]  # fmt: skip
    description = f"{label}. {'; '.join(known)}" if known else f"{label}."
    return _of_domain("infrastructure", thing, birth, name=thing.name, description=description)


def _malware(thing: Thing, birth: str) -> Shown:
    return _of_domain("malware", thing, birth, name=thing.name, is_family=True)


def _group(thing: Thing, birth: str) -> Shown:
    return _of_domain("identity", thing, birth, name=thing.name, identity_class="group")


MAKERS: dict[str, Callable[[Thing, str], Shown | None]] = {
    EntityKind.DEVICE: _infrastructure,
    EntityKind.CLOUD_RESOURCE: _infrastructure,
    EntityKind.CONTAINER: _infrastructure,
    EntityKind.USER: _user,
    EntityKind.MAILBOX: _mailbox,
    EntityKind.APPLICATION: _application,
    EntityKind.IP: _ip,
    EntityKind.DOMAIN: _domain,
    EntityKind.URL: _url,
    EntityKind.FILE: _file,
    EntityKind.PROCESS: _process,
    EntityKind.MAIL_MESSAGE: _mail_message,
    EntityKind.REGISTRY_KEY: _registry_key,
    EntityKind.REGISTRY_VALUE: _registry_value,
    EntityKind.SECURITY_GROUP: _group,
    EntityKind.MALWARE: _malware,
}
"""Mail clusters and what is of no kind we know have no object; a note names them."""
