"""The server that sends our mail: a URL from the settings, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
"""Scheme → usual port. smtps speaks TLS from the start, smtp goes over to it (STARTTLS), smtp+plain never does."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    speaks_tls: bool
    goes_over_to_tls: bool


def mail_server(url: str) -> MailServer:
    """The server of `smtp://user:password@host:port`.

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
    return MailServer(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        speaks_tls=parts.scheme == "smtps",
        goes_over_to_tls=parts.scheme == "smtp",
    )
