"""The server that sends our mail: a URL from the settings, turned into what Django wants."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
"""Scheme → usual port. smtps speaks TLS from the start, smtp goes over to it (STARTTLS), smtp+plain never does."""


def django_mail(url: str) -> dict[str, Any]:
    """Django's EMAIL_ settings from `smtp://user:password@host:port`.

    Raises ValueError with a sentence that repeats neither the URL nor its password.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("must start with smtps:// (TLS), smtp:// (STARTTLS) or smtp+plain:// (neither)")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is not a number from 1 to 65535") from None
    if not parts.hostname:
        raise ValueError("names no host; write it after the scheme, as in smtp://mail.example:587")
    if parts.path not in ("", "/") or parts.query:
        raise ValueError("is more than a host; write it as in smtp://user:password@mail.example:587")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp",
    }
