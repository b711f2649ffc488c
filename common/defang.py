"""Indicators as people may read and paste them without harm: not clickable, not resolvable."""

from __future__ import annotations

import re

_DEFANGED_KINDS = {"ip", "domain", "url"}


def defang(text: str, kind: str) -> str:
    """`hxxps://bad[.]example/x` for addresses of attackers; other kinds unchanged."""
    if kind not in _DEFANGED_KINDS:
        return text
    if kind == "url":
        scheme, colon, rest = text.partition("://")
        host, slash, path = (rest if colon else text).partition("/")
        prefix = re.sub("^http", "hxxp", scheme, flags=re.IGNORECASE) + colon if colon else ""
        return prefix + host.replace(".", "[.]") + slash + path
    head, dot, tail = text.rpartition(".")
    if dot:
        return f"{head}[.]{tail}"
    head, colon, tail = text.rpartition(":")
    return f"{head}[:]{tail}" if colon else text
