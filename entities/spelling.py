"""Spellings that mean the same, brought to one: names, domains, addresses, paths, hashes.

Every function here is total or says why not, and leaves alone what it has produced itself.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

MAXIMUM_IDENTIFIER = 1_000
"""Bytes of an identifier in UTF-8: it must fit into an index, whose rows PostgreSQL holds to about 2,700 bytes."""

_DIGEST_MARK = "…sha256:"
_DIGEST_LENGTH = len(_DIGEST_MARK.encode()) + 64


def fold(text: str) -> str:
    """The text without regard to case: canonical caseless matching, Unicode 15.0, section 3.13, definition D145.

    Deliberately no compatibility folding: “ａdmin” in full-width letters is not the account “admin”.
    """
    if text.isascii():
        return text.lower().strip()
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFC", folded).strip()


def shorten(identifier: str) -> str:
    """At most 1,000 bytes; what is longer keeps its beginning and ends in a digest of the whole."""
    data = identifier.encode("utf-8", "surrogatepass")
    if len(data) <= MAXIMUM_IDENTIFIER:
        return identifier
    beginning = data[: MAXIMUM_IDENTIFIER - _DIGEST_LENGTH].decode("utf-8", "ignore")
    return f"{beginning}{_DIGEST_MARK}{hashlib.sha256(data).hexdigest()}"


# ------------------------------------------------------------------------------------------------- domains, addresses

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)


@lru_cache(maxsize=5_000)
def domain_name(text: str) -> str:
    """A domain or host name as DNS compares it (lower case, no trailing dot, IDNA); empty if it cannot be one.

    Underscores are allowed, as in service records. Source: RFC 1035, RFC 5891; Python's codec follows RFC 3490.
    Remembered, because a house's own names come in all the time, and each several times in an alert.
    """
    name = text.strip().rstrip(".。．｡")
    if not name or len(name) > 300:
        return ""
    try:
        name = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return name if len(name) <= 253 and _DOMAIN.fullmatch(name) and not _is_address(name) else ""


def _is_address(name: str) -> bool:
    """Whether it is an address in place of a name, which only what ends in a number can be; asking costs more."""
    return name[-1].isdecimal() and bool(ip_address(name))


def ip_address(text: str) -> str:
    """An IP address in its one spelling: IPv6 compressed and without a zone, IPv4-mapped IPv6 as IPv4; or empty."""
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_DEFANGED_SCHEMES = {"hxxp": "http", "hxxps": "https", "fxp": "ftp"}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)


def url_address(text: str) -> str:
    """A URL for comparison: scheme and host in lower case, no default port, no fragment; path and query as they are.

    Defanged spellings (hxxp, [.]) meet the real one. What is no URL with a host is kept as it stands.
    Source: RFC 3986, section 6.2.2.1 and 6.2.3.
    """
    address = text.strip()
    scheme = _SCHEME.match(address)
    if scheme is None:
        return address
    rest = address[scheme.end() :]
    name = _DEFANGED_SCHEMES.get(scheme[1].lower(), scheme[1].lower())
    end = re.search(r"[/?#\\]", rest)
    authority, rest = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    authority = authority.replace("[.]", ".").replace("(.)", ".")
    try:
        parts = urlsplit(f"{name}://{authority}{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return address
    host = domain_name(host) or ip_address(host) or host
    if not host:
        return address
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port is None or port == _DEFAULT_PORTS.get(name) else f":{port}"
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return urlunsplit((name, user + shown_host + shown_port, parts.path or "/", parts.query, ""))


@lru_cache(maxsize=5_000)
def mail_address(text: str) -> str:
    """A mail address or user principal name, folded, its domain as DNS compares it; empty if it is none."""
    local, at, domain = text.strip().strip("<>").rpartition("@")
    local, domain = fold(local), domain_name(domain)
    return f"{local}@{domain}" if at and local and domain and not re.search(r"\s", local) else ""


# --------------------------------------------------------------------------------------------------------------- ids

_GUID = re.compile(r"\{?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\}?")
_SID = re.compile(r"s-1-\d{1,15}(?:-\d{1,10}){1,15}")
NULL_SID = "s-1-0-0"


@lru_cache(maxsize=5_000)
def given_id(text: str) -> str:
    """An id that a directory or product gave, folded; empty where senders write nothing but zeros for “none”."""
    folded = fold(text)
    if guid := _GUID.fullmatch(folded):
        folded = guid[1]
    return folded if folded.strip("0-{} ") else ""


def security_identifier(text: str) -> str:
    """A Windows security identifier such as s-1-5-21-1-2-3-1105; empty if it is none or the null one."""
    folded = fold(text)
    return folded if _SID.fullmatch(folded) and folded != NULL_SID else ""


HASH_KINDS = {32: "md5", 40: "sha1", 64: "sha256"}
"""Kinds of hash by their number of hexadecimal digits."""

_HEXADECIMAL = re.compile(r"[0-9a-f]+")


def hash_identifier(text: str) -> str:
    """A hash with its kind, told by its length, such as “sha1:da39a3ee…”; empty if it is none or all zeros."""
    digits = fold(text)
    kind = HASH_KINDS.get(len(digits))
    return f"{kind}:{digits}" if kind and _HEXADECIMAL.fullmatch(digits) and digits.strip("0") else ""


# ------------------------------------------------------------------------------------------------------------- paths

_DRIVE = re.compile(r"[A-Za-z]:(?:[\\/]|$)")
_EXTENDED_PREFIX = re.compile(r"\\\\\?\\unc\\|\\\\\?\\|\\\?\?\\")
"""How Windows marks paths that skip its usual rules: \\\\?\\, \\\\?\\UNC\\ and \\??\\."""


def file_path(text: str) -> str:
    """A path for comparison. A Windows path is folded and written with single backslashes; any other keeps its case."""
    path = _without_end(_without_end(text, '"')[::-1], '"')[::-1]
    if not is_windows_path(path):
        path = re.sub(r"/+", "/", path)
        return _without_end(path, '"/') or path[:1]
    path = fold(_without_end(path, '"\\/').replace("/", "\\"))
    share = "\\" if path.startswith("\\\\") else ""
    path = share + re.sub(r"\\+", r"\\", path)
    while extended := _EXTENDED_PREFIX.match(path):
        path = ("\\\\" if "unc" in extended[0] else "") + path[extended.end() :]
    return path or "\\"


def _without_end(text: str, marks: str) -> str:
    """The text without white space and `marks` at its end, however mixed."""
    end = len(text)
    while end and (text[end - 1].isspace() or text[end - 1] in marks):
        end -= 1
    return text[:end]


def is_windows_path(path: str) -> bool:
    return "\\" in path or _DRIVE.match(path) is not None


def join_file_path(directory: str, name: str) -> str:
    """The whole path of a file, whose directory some senders give with the file's name and some without."""
    if not directory.strip():
        return name
    if not name.strip() or fold(last_part(directory)) == fold(name):
        return directory
    separator = "\\" if is_windows_path(directory) else "/"
    return f"{directory.rstrip(chr(92) + '/')}{separator}{name}"


def last_part(path: str) -> str:
    """The file's name at the end of a path."""
    return re.split(r"[\\/]", path.strip().strip('"').rstrip("\\/"))[-1]


_HIVES = {
    "hkey_local_machine": "hklm",
    "hkey_current_user": "hkcu",
    "hkey_classes_root": "hkcr",
    "hkey_users": "hku",
    "hkey_current_config": "hkcc",
}


def registry_path(hive: str, key: str) -> str:
    """A registry key with its hive in short form, folded: hklm\\software\\…"""
    path = fold(f"{hive}\\{key}" if hive.strip() else key)
    parts = [part.strip() for part in path.split("\\") if part.strip()]
    while len(parts) > 1 and parts[0] == "computer":
        parts = parts[1:]
    if hive.strip() and len(parts) > 1 and _HIVES.get(parts[1], parts[1]) == _HIVES.get(parts[0], parts[0]):
        parts = parts[1:]  # the sender wrote the hive into the key as well
    return "\\".join([_HIVES.get(parts[0], parts[0]), *parts[1:]]) if parts else ""
