"""How a malicious thing is looked for elsewhere: a pattern in the language of STIX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HASH_ORDER = ("SHA-256", "SHA-1", "MD5")


def pattern_of(found: Mapping[str, Any]) -> str:
    """The pattern that finds an observable again; empty for what says nothing of what is malicious, such as an account
    or a file's bare name."""
    kind = found["type"]
    if kind in ("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr"):
        return f"[{kind}:value = {quoted(found['value'])}]"
    if kind == "file" and "hashes" in found:
        name = next(name for name in HASH_ORDER if name in found["hashes"])
        return f"[file:hashes.'{name}' = {quoted(found['hashes'][name])}]"
    if kind == "process" and "command_line" in found:
        return f"[process:command_line = {quoted(found['command_line'])}]"
    if kind == "windows-registry-key":
        named = found.get("values", [{}])[0].get("name")
        value = f" AND windows-registry-key:values[*].name = {quoted(named)}" if named else ""
        return f"[windows-registry-key:key = {quoted(found['key'])}{value}]"
    if kind == "email-message":
        return f"[email-message:subject = {quoted(found['subject'])}]"
    return ""


def quoted(text: str) -> str:
    """A text as patterns write it. Source: STIX 2.1, section 9.6.1: a backslash before backslash and apostrophe."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
