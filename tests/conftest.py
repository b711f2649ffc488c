"""The cast, and what every test needs.

Ana (analyst), Lee (lead), Rio (analyst), Vic (reader), Ada (administrator), Otto (no access), Sensor (a service token
that sends Suricata alerts).
"""

from __future__ import annotations

import fcntl
import gc
import hashlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client, TransactionTestCase
from django.test.utils import override_settings, setup_databases, teardown_databases
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.commands import create_team, create_token, create_user
from accounts.models import AccessToken, Role, Team, User
from accounts.sessions import SessionStore
from activity.actors import COMMAND_LINE, SYSTEM
from alerts.choices import AlertStatus, Severity, Verdict
from common import counting
from entities import identity, queries
from entities.identity import EntityIdentity
from incidents.models import Incident
from ingest.commands import ingest
from ingest.parsed import ParsedAlert, ParsedEvidence
from tests import described
from tests.embedded import THROWAWAY
from webhooks import listening

# A suite that is run again says the same again. `--hypothesis-profile=explore` looks for new examples.
examples.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
examples.load_profile("same")

PASSWORD = "correct-horse-battery"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
"""When things happen, unless a test says otherwise."""


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The test database, made and migrated by the owner; the tests then work in the application's role, with no more
    rights than the running application has. (pytest-django sets up only the aliases that tests name.)"""
    with django_db_blocker.unblock():
        with _migrated_once():
            made = setup_databases(verbosity=0, interactive=False)
        _remember_what_migrations_filled()
        _read_statistics_once()
    yield
    with django_db_blocker.unblock():
        _end_sessions()
        connections.close_all()
        teardown_databases(made, verbosity=0)


def _end_sessions() -> None:
    """A database is dropped only when nobody is connected. In browser tests a loop of asyncio runs, in which Django has
    another connection than without, and nobody closes that."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )


@contextmanager
def _migrated_once() -> Iterator[None]:
    """Of the processes of a parallel run the first migrates, for about ten seconds, the database that its server came
    with; all of them then copy that. Nothing is left in a server that others use as well, nor taken from it."""
    folder = os.environ.get(THROWAWAY)
    if folder is None or "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    with Path(folder, "migrating.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time: a database is copied only while nobody is connected to it
        lock.seek(0)
        if not lock.read():
            call_command("migrate", database="owner", verbosity=0)
            lock.write("migrated")
        connections.close_all()
        owner = connections["owner"].settings_dict
        owner["TEST"]["TEMPLATE"] = owner["NAME"]
        yield


def _remember_what_migrations_filled() -> None:
    with owner_connection() as connection:
        connection.execute("CREATE SCHEMA as_migrated")
        for name in CHANGED_TABLES:
            connection.execute(f"CREATE TABLE as_migrated.{name} AS TABLE {name}")


def _read_statistics_once() -> None:
    """What is read once an hour is read now and never again: how many statements a test counts depends neither on those
    before it nor on the time of day."""
    queries.SECONDS_OF_SHARES = sys.maxsize
    listening.KNOWN_SECONDS = sys.maxsize  # commands on webhooks have this process ask anew
    queries.entities_containing(["any part of a name"])


LONGEST_FIRST = (
    # test_export_faults, test_supervisor and test_faults wait for servers most of the time: never two of them at once
    *("portal/test_export_faults.py", "browser/test_accessibility.py", "browser/test_hostile_pages.py"),
    *("test_benchmarks.py", "browser/test_keyboard.py", "portal/test_supervisor.py"),
    *("incidents/query_text/test_same_everywhere.py", "api/test_fuzz.py", "test_commands.py", "portal/test_faults.py"),
    *("browser/test_nobody_loses_work.py", "access/test_roles.py", "access/test_others_things.py"),
    *("access/test_tokens.py", "access/test_two_worlds.py", "test_completeness.py"),
    *("hostile/test_every_text.py", "hostile/test_every_query.py", "hostile/test_mass_assignment.py"),
    *("hostile/test_nothing_fetched.py", "browser/test_exports.py", "browser/test_together.py"),
    *("alerts/test_alert_queue.py", "browser/test_hostile_text.py", "ingest/test_formats.py", "ingest/test_replay.py"),
    *("exports/test_queue_tables.py", "exports/test_printed_reports.py", "exports/test_printing_limits.py"),
)
"""Files that take half a minute or more: begun last, they would keep one process busy when the others have nothing
left."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.location[0], len(places)))


def pytest_collection_finish() -> None:
    """What stands once all tests are known stays to the end: searching it for garbage again and again finds none."""
    gc.collect()
    gc.freeze()


def owner_connection() -> psycopg.Connection[Any]:
    """The database as its owner, past the application's rights: for tampering, and for cleaning up."""
    parameters = connections["owner"].get_connection_params() | {"dbname": connections["default"].settings_dict["NAME"]}
    known = {key: value for key, value in parameters.items() if key in ("dbname", "user", "password", "host", "port")}
    return psycopg.connect(autocommit=True, **known)


CHANGED_TABLES = ("accounts_role", "entities_assetclassification", "ingest_correlationrule", "ingest_rulebook")
"""Filled by migrations, and changed by commands."""
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission", *CHANGED_TABLES}
GUARDED = ("activity_entry", "activity_body")
MANY = 1_000
"""Rows of a table from which on truncating is quicker than deleting."""


def empty_tables(_test: TransactionTestCase | None = None) -> None:
    """Leave nothing behind after a test that commits. The application's role may not delete everywhere, and the log
    refuses even its owner unless the guard is switched off for the moment. Most tests fill a few tables with a few
    rows; deleting these takes a tenth of truncating all tables with their indexes."""
    with owner_connection() as connection, connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        known = [name for (name,) in cursor.fetchall() if name not in KEPT_TABLES]
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{name}', count(*) FROM (SELECT FROM {name} LIMIT {MANY})" for name in known)
        )
        filled = {name: number for name, number in cursor.fetchall() if number}
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for name in GUARDED:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        if MANY in filled.values():
            cursor.execute(f"TRUNCATE {', '.join(known)} CASCADE")
        for name in filled:
            cursor.execute(f"DELETE FROM {name}")
        for name in _changed(cursor):
            cursor.execute(f"DELETE FROM {name}")
            cursor.execute(f"INSERT INTO {name} TABLE as_migrated.{name}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in GUARDED:
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
        cursor.execute(
            "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
            " AND sequencename <> ALL(%s)",
            [[f"{name}_id_seq" for name in KEPT_TABLES]],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER SEQUENCE {name} RESTART")


def _changed(cursor: psycopg.Cursor[Any]) -> list[str]:
    """The tables of CHANGED_TABLES that are no longer as the migrations filled them."""
    differs = "EXISTS ((TABLE {0} EXCEPT TABLE as_migrated.{0}) UNION ALL (TABLE as_migrated.{0} EXCEPT TABLE {0}))"
    cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE {differs.format(name)}" for name in CHANGED_TABLES))
    return [name for (name,) in cursor.fetchall()]


TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[method-assign]


def person(username: str, name: str, role: str) -> User:
    """A user of the cast, with everybody's password."""
    return create_user(username, actor=SYSTEM, display_name=name, role=role, password=PASSWORD)


def freshly_in(client: Client, user: User) -> Client:
    """A session whose person has just shown who they are, as changes to how one signs in ask for."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
    return client


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever is written inside is undone, and read from no cache any more."""
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        forget_cached()


@pytest.fixture
def ana(db: None) -> User:
    return person("ana", "Ana Ruiz", "analyst")


@pytest.fixture
def lee(db: None) -> User:
    return person("lee", "Lee Park", "lead")


@pytest.fixture
def rio(db: None) -> User:
    return person("rio", "Rio Sato", "analyst")


@pytest.fixture
def vic(db: None) -> User:
    return person("vic", "Vic Moreau", "reader")


@pytest.fixture
def ada(db: None) -> User:
    return person("ada", "Ada Lind", "admin")


@pytest.fixture
def otto(db: None) -> User:
    """Signs in, but may see nothing."""
    Role.objects.get_or_create(slug="outsider", defaults={"name": "Outsider", "permissions": []})
    return person("otto", "Otto Berg", "outsider")


@pytest.fixture
def tier2(ana: User, rio: User) -> Team:
    return create_team("tier2", actor=SYSTEM, name="Tier 2", members=[ana, rio])


@pytest.fixture
def sensor(db: None) -> tuple[AccessToken, str]:
    """A token bound to the source "suricata", and its key."""
    return create_token("sensor", actor=SYSTEM, source="suricata")


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A browser's session for a person, without the sign-in page: stored once, and not anew at each of the steps that
    Django's `force_login` takes through the door."""

    def signed_in(user: User) -> Client:
        session, client = SessionStore(), Client()
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), django_settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        client.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key or ""
        return client

    return signed_in


def alert(
    external_id: str = "1",
    *,
    title: str = "Encoded command",
    severity: Severity = Severity.MEDIUM,
    at: datetime = NOON,
    lasting: timedelta = timedelta(0),
    entities: tuple[EntityIdentity, ...] = (),
    roles: tuple[str, ...] = (),
    verdict: Verdict = Verdict.UNKNOWN,
    source: str = "edr",
    status: AlertStatus = AlertStatus.NEW,
    **more: Any,
) -> ParsedAlert:
    """The smallest alert; a test names what it is about."""
    raw = {"id": external_id, "title": title, "severity": severity.slug, "at": at.isoformat(), **_plain(more)}
    return ParsedAlert(
        source=source,
        external_id=external_id,
        title=title,
        severity=severity,
        first_activity=at,
        last_activity=at + lasting,
        raw=raw,
        status=status,
        evidence=tuple(ParsedEvidence(entity, roles=roles, verdict=verdict) for entity in entities),
        **{"service_source": "Endpoint sensor", **more},
    )


def device(name: str) -> EntityIdentity:
    return identity.device(hostname=name)


def user_entity(name: str) -> EntityIdentity:
    return identity.user(upn=name)


def opened(*alerts: ParsedAlert) -> Incident:
    """Take alerts in; the incident of the first."""
    outcomes = ingest(alerts or (alert(),), actor=COMMAND_LINE)
    return Incident.objects.get(pk=outcomes[0].incident_id)


@pytest.fixture
def incident(db: None) -> Incident:
    """An active incident with two alerts on FIN-WS-17."""
    return opened(
        alert("1", entities=(device("fin-ws-17"),), categories=("execution",)),
        alert(
            "2",
            title="Shadow copies deleted",
            severity=Severity.HIGH,
            entities=(device("fin-ws-17"),),
            categories=("impact",),
            at=NOON + timedelta(hours=1),
        ),
    )


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once() -> Iterator[None]:
    """Every Client makes the middleware anew, which would go through all static files each time."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def look_once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_and_connected() -> Iterator[None]:
    """Passwords are hashed in no time, and the cache keeps its connection: setting it up anew for each test would take
    longer than many a page."""
    cache = django_settings.CACHES["default"] | {"KEY_FUNCTION": _key_of_this_test}
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(CACHES={"default": cache}, PASSWORD_HASHERS=hashers):
        yield


def _key_of_this_test(key: str, prefix: str, version: int) -> str:
    return f"{_this_test}:{prefix}:{version}:{key}"


_this_test = ""
"""Of which process and which test the keys in the cache are now."""
_times_forgotten = itertools.count(1)


def forget_cached() -> None:
    """Nothing that this test has cached is read any more. (Emptying the cache would empty it for other processes.)"""
    global _this_test
    _this_test = f"{_this_test.partition('/')[0]}/{next(_times_forgotten)}"
    counting.forget()


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that another test or another process has cached is read, and nobody else's checkpoints."""
    global _this_test
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    own = tmp_path_factory.getbasetemp() / f"proof-{name}"
    settings.CHECKPOINT_FOLDER, settings.CHECKPOINT_KEY_PATH = own / "checkpoints", own / "checkpoint_key"
    _this_test = f"{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}-{name}"
    counting.forget()
    listening.remember([])
    yield


@pytest.fixture(scope="session", autouse=True)
def _answers_are_as_documented() -> Iterator[None]:
    with described.all_answers_checked():
        yield


@pytest.fixture(autouse=True)
def _nothing_differed() -> Iterator[None]:
    described.differing.clear()
    yield
    assert not described.differing, described.differing


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) for key, value in values.items()}
