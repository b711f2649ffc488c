"""URLs of databases and brokers, turned into what Django and Celery want."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.servers.addresses import celery_broker, django_database, socket_database_url, socket_redis_url


def test_a_tcp_url_with_its_options() -> None:
    entry = django_database("postgresql://app:p%40ss@db.example:5433/soc?sslmode=verify-full&sslrootcert=/ca.pem")
    assert entry == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "soc",
        "USER": "app",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "verify-full", "sslrootcert": "/ca.pem"},
    }


def test_a_socket_url_there_and_back() -> None:
    folder = Path("/srv/a folder+more/run")
    entry = django_database(socket_database_url(folder, "watchfloor_app"))
    assert (entry["HOST"], entry["USER"], entry["NAME"], entry["PORT"]) == (
        str(folder),
        "watchfloor_app",
        "watchfloor",
        "",
    )


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite:///file", "host/db", "postgresql://host", "postgres://h:0x/d"])
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must start|names no|has a port"):
        django_database(url)


def test_celery_spells_sockets_its_own_way() -> None:
    assert celery_broker(socket_redis_url(Path("/srv/run/redis.sock"))) == "redis+socket:///srv/run/redis.sock"
    assert celery_broker("unix:///run/redis.sock?db=2") == "redis+socket:///run/redis.sock?virtual_host=2"
    assert celery_broker("rediss://:pass@host:6380/1") == "rediss://:pass@host:6380/1"
