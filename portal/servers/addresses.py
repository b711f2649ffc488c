"""Addresses of databases and brokers: URLs from the settings, turned into what Django and Celery want."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

DATABASE_NAME = "watchfloor"
OWNER_ROLE = "watchfloor_owner"
APPLICATION_ROLE = "watchfloor_app"

POSTGRES_SCHEMES = ("postgresql", "postgres")
REDIS_SCHEMES = ("redis", "rediss", "unix")

# Connection parameters that Django knows under names of its own; every other one goes to the driver as it is.
_DJANGO_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def socket_database_url(folder: Path, role: str) -> str:
    """URL of the `watchfloor` database behind the unix socket in `folder`, for one of its roles."""
    return f"postgresql:///{DATABASE_NAME}?host={quote(str(folder), safe='/')}&user={role}"


def socket_redis_url(socket: Path) -> str:
    """URL of the Valkey behind a unix socket, in the form redis-py takes."""
    return f"unix://{quote(str(socket), safe='/')}"


def django_database(url: str) -> dict[str, Any]:
    """A Django DATABASES entry from a PostgreSQL URL, over TCP or a unix socket.

    `postgresql://user:password@host:5432/name?sslmode=verify-full` and `postgresql:///name?host=/folder&user=role`
    are both understood; parameters Django has no name for (sslmode, sslrootcert, ...) go to the driver in OPTIONS.
    Anything but PostgreSQL is refused: ValueError, with a sentence that does not repeat the URL or its password.
    """
    parts = urlsplit(url)
    if parts.scheme not in POSTGRES_SCHEMES:
        found = f"{parts.scheme}://" if parts.scheme else "no scheme"
        raise ValueError(f"must start with postgresql:// because only PostgreSQL is supported (found {found})")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is not a number from 1 to 65535") from None
    entry: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": {},
    }
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in _DJANGO_NAMES:
            entry[_DJANGO_NAMES[name]] = value
        else:
            entry["OPTIONS"][name] = value
    if not entry["NAME"]:
        raise ValueError("names no database; write it after the host, as in postgresql://user@host/watchfloor")
    return entry


def checked_redis_url(url: str) -> str:
    """The URL itself when redis-py can use it; ValueError with a plain sentence otherwise."""
    parts = urlsplit(url)
    if parts.scheme not in REDIS_SCHEMES:
        found = f"{parts.scheme}://" if parts.scheme else "no scheme"
        raise ValueError(f"must start with redis://, rediss:// or unix:// (found {found})")
    if parts.scheme == "unix" and not parts.path:
        raise ValueError("names no socket; write its full path, as in unix:///run/redis.sock")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("names no host; write it as in redis://host:6379/0")
    return url


def celery_broker(redis_url: str) -> str:
    """The same Redis in Celery's spelling, which differs for unix sockets."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    credentials = f"{parts.netloc}" if "@" in parts.netloc else ""
    names = {"db": "virtual_host"}
    query = "&".join(f"{names.get(name, name)}={value}" for name, value in parse_qsl(parts.query))
    return f"redis+socket://{credentials}{parts.path}" + (f"?{query}" if query else "")
