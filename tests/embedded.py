"""A database and a queue for the test run: started before Django's settings are read, gone when the run ends.

Loaded with `-p tests.embedded`. Servers given by DATABASE_URL and REDIS_URL are used as they are. Otherwise a throwaway
PostgreSQL and Valkey run for the whole session; the processes of a parallel run share them. They go with pytest even if
it is killed, and the next run removes the folder such a run leaves behind.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from portal.environment import Environment, load_environment
from portal.servers.data_folder import DataFolder, make_data_folder
from portal.servers.instance import Instance

PREFIX = "watchfloor-tests-"
CONNECTIONS = 200
THROWAWAY = "WATCHFLOOR_TESTS_FOLDER"
"""Names, to the processes of a parallel run, the folder of servers that are theirs alone."""

_instance: Instance | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Before pytest-django reads the settings: have servers, and their addresses in the environment."""
    global _instance
    _keep_bytecode()
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("STATEMENT_TIMEOUT_SECONDS", "120")  # a busy machine is no fault of what is tested
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        _remove_abandoned()
        _instance = _start()
    yield


def pytest_unconfigure() -> None:
    """After the last test: stop the servers and remove their data."""
    global _instance
    if _instance is not None:
        _instance.stop()
        _instance.folder.release()
        shutil.rmtree(_instance.environment.data_dir, ignore_errors=True)
        _instance = None


def _keep_bytecode() -> None:
    """Some machines tell Python to keep no bytecode. Every process of a run, and each portal and command it starts,
    would compile all modules anew: half of what a process does before its first test."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _start() -> Instance:
    data_dir = Path(tempfile.mkdtemp(prefix=PREFIX))
    # When root runs the tests, the database runs under another account, which has to pass through.
    data_dir.chmod(0o711)
    os.environ[THROWAWAY] = str(data_dir)
    os.environ.setdefault("DATA_DIR", str(data_dir))
    instance = Instance(Environment(data_dir=data_dir), durable=False, spare_connections=CONNECTIONS)
    make_data_folder(data_dir)
    instance.folder.become_host("pytest")
    instance.start(time.sleep)
    os.environ.update(instance.variables(owner=True))
    load_environment.cache_clear()
    return instance


def _remove_abandoned() -> None:
    """Folders of runs that were killed: nobody holds their lock any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if folder.stat().st_uid != os.geteuid() or not (folder / "host.lock").exists():
            continue
        lock = DataFolder(folder)
        if lock.become_host("clearing up"):
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
