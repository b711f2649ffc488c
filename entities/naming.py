"""How an entity may be written in an address: `10.0.0.8`, `device:fin-ws-17`, its number, or its whole key."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from entities.choices import EntityKind
from entities.spelling import domain_name, fold, ip_address, mail_address, shorten, url_address

KINDS = frozenset(EntityKind.values)
PREFIXES = (
    "aad", "account", "agent", "app", "azure", "cluster", "container", "dn", "domain", "fqdn", "group", "guid", "host",
    "image", "ip", "mailbox", "malware", "md5", "mde", "message", "name", "network-message", "nt", "pod", "principal",
    "resource", "sha1", "sha256", "sid", "upn", "url",
)  # fmt: skip
"""With which `entities/identity.py` begins the names of things that are the same everywhere."""
LARGEST = 2**63 - 1
LONGEST_READABLE = 120
"""Characters of a key that an address repeats."""


@dataclass(frozen=True, slots=True)
class Named:
    """A word of the filter, taken apart."""

    word: str
    kind: str
    """Of entity, "" where the word does not say."""
    value: str
    number: int | None
    spellings: frozenset[str]
    """The keys and other names that it may stand for."""


def named(word: str) -> Named:
    """Take a word apart; every word means something, if only something that was never seen."""
    before, colon, after = word.partition(":")
    kind, value = (before, after) if colon and before in KINDS and after else ("", word)
    is_number = not kind and word.isascii() and word.isdigit() and int(word) <= LARGEST if len(word) < 20 else False
    plain = {fold(value), ip_address(value), domain_name(value), mail_address(value), url_address(value)} - {""}
    spellings = {shorten(f"{prefix}:{each}") for prefix in PREFIXES for each in plain} | plain
    return Named(word, kind, value, int(word) if is_number else None, frozenset(spellings))


def nearest_kind(word: str) -> str:
    """The word with its kind corrected, where what stands before the colon looks like a misspelled kind; or ""."""
    before, colon, after = word.partition(":")
    if not colon or not after or before in KINDS or before in PREFIXES or after.startswith("//"):
        return ""
    close = get_close_matches(before.casefold(), sorted(KINDS), n=1, cutoff=0.75)
    return f"{close[0]}:{after}" if close else ""


def word_of(kind: str, key: str, number: int) -> str:
    """How an address names an entity: `device:fin-ws-17`, or its number where its key does not read well."""
    prefix, _, bare = key.partition(":")
    is_readable = prefix in PREFIXES and 0 < len(bare) <= LONGEST_READABLE and bare.isprintable()
    return f"{kind}:{bare}" if is_readable else str(number)


def page_of(kind: str, number: int) -> str:
    """The address of an entity's page. By number, because a key may be 1,100 characters of anything and a name is what
    a sender chose; with the kind before it, so that a link says what it leads to."""
    return f"/entities/{kind}/{number}/"


def timeline_of(kind: str, number: int, incident: int) -> str:
    """The address of an entity's timeline as it opens from an incident, 24 hours before its first alert."""
    return f"{page_of(kind, number)}timeline/?around={incident}"
