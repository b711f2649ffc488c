"""Names of STIX objects: the same for the same thing, whenever and by whomever the bundle is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from activity.models import Entry

OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace of observables that everybody uses. Source: STIX 2.1, section 2.9."""
WATCHFLOOR = UUID("25344da2-3fd6-4790-af1a-9c3ecf0e2614")
"""Ours, of everything that the specification leaves to who makes it."""

HASHES = ("MD5", "SHA-1", "SHA-256", "SHA-512")
"""Of several hashes the first of these names a file. Source: STIX 2.1, section 2.9."""
CONTRIBUTING: dict[str, tuple[str, ...]] = {
    "directory": ("path",),
    "domain-name": ("value",),
    "email-addr": ("value",),
    "email-message": ("from_ref", "subject", "body"),
    "file": ("hashes", "name", "parent_directory_ref"),
    "ipv4-addr": ("value",),
    "ipv6-addr": ("value",),
    "mac-addr": ("value",),
    "software": ("name", "cpe", "vendor", "version"),
    "url": ("value",),
    "user-account": ("account_type", "user_id", "account_login"),
    "windows-registry-key": ("key", "values"),
}
"""Type of an observable → the properties that tell it from others. Source: STIX 2.1, section 6."""


def observable_id(kind: str, properties: Mapping[str, Any], otherwise: str) -> str:
    """The id of an observable, by what it is; `otherwise` tells it apart where the specification names nothing."""
    told = {name: properties[name] for name in CONTRIBUTING.get(kind, ()) if name in properties}
    if "hashes" in told:
        first = next(name for name in HASHES if name in told["hashes"])
        told["hashes"] = {first: told["hashes"][first]}
    if not told:
        # A random id is asked for (version 4); one that looks random and is the same each time serves its readers.
        return f"{kind}--{UUID(bytes=hashlib.sha256(otherwise.encode()).digest()[:16], version=4)}"
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{kind}--{uuid5(OBSERVABLES, canonical)}"


def own_id(kind: str, *parts: object) -> str:
    """The id of an object that is ours."""
    return f"{kind}--{uuid5(WATCHFLOOR, json.dumps([kind, *map(str, parts)]))}"


def birth_of(incident_id: int | None) -> str:
    """What tells an incident, or with None this Watchfloor, from all others in the world: the hash of the first entry
    of its log, which never changes, and moves along when the database does."""
    rows = Entry.objects.filter(incident=incident_id) if incident_id is not None else Entry.objects.of_system()
    first = rows.order_by("sequence").values_list("hash", flat=True).first()
    return bytes(first).hex() if first is not None else ""


def stamp(moment: datetime) -> str:
    """A time as STIX has it, to the millisecond."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
