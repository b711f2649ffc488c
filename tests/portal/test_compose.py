"""The container set-up, as far as it can be held against the program without a container engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from portal.environment import REPOSITORY, SECRETS, Environment
from portal.servers import probe, run
from portal.servers.data_folder import make_data_folder
from portal.servers.postgres import EmbeddedPostgres
from portal.servers.processes import end

yaml = pytest.importorskip("yaml", reason="PyYAML reads docker-compose.yml")

OURS = ("migrate", "web", "worker", "scheduler")
KNOWN = {name.upper() for name in Environment.model_fields} | {f"{name.upper()}_FILE" for name in SECRETS}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """docker-compose.yml as a container engine reads it."""
    return dict(yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")))


def test_every_variable_is_one_of_ours(compose: dict[str, Any]) -> None:
    for name in OURS:
        unknown = set(compose["services"][name]["environment"]) - KNOWN
        assert not unknown, f"{name} sets {unknown}, which nobody reads"


def test_every_variable_of_the_image_is_one_of_ours() -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    named = set(re.findall(r"^\s*(?:ENV |RUN )?([A-Z_]{4,})=", dockerfile, re.MULTILINE))
    assert {"HOST", "PORT", "DATA_DIR"} <= named
    assert named - KNOWN <= {"PATH", "PYTHONUNBUFFERED"}


def test_only_migrations_know_the_owner(compose: dict[str, Any]) -> None:
    knowing = [name for name in OURS if any("owner" in str(item) for item in compose["services"][name]["secrets"])]
    assert knowing == ["migrate"]


def test_every_secret_is_defined_and_made(compose: dict[str, Any], tmp_path: Path) -> None:
    script = tmp_path / "docs" / "deployment" / "make-secrets.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "docs" / "deployment" / "make-secrets.sh", script)
    subprocess.run([script], check=True, capture_output=True)
    used = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    assert used == set(compose["secrets"])
    for name, secret in compose["secrets"].items():
        assert len((tmp_path / secret["file"]).read_text()) >= 32, name
    before = (tmp_path / "secrets" / "database_url").read_text()
    subprocess.run([script], check=True, capture_output=True)
    assert (tmp_path / "secrets" / "database_url").read_text() == before, "a second run keeps what is there"


def test_a_service_is_given_the_files_it_names(compose: dict[str, Any]) -> None:
    for name in OURS:
        service = compose["services"][name]
        named = {value for key, value in service["environment"].items() if key.endswith("_FILE")}
        files = {file for file in named if not file.startswith("${")}  # what operators name is theirs to mount
        assert files == {f"/run/secrets/{secret}" for secret in service["secrets"]}, name


def test_every_command_exists(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "scheduler"):
        assert compose["services"][name]["command"] == ["python", "-m", run.__name__, name]
        assert name in run.PROGRAMS
    assert compose["services"]["migrate"]["command"][:3] == ["python", "manage.py", "migrate"]
    assert compose["services"]["web"]["healthcheck"]["test"] == ["CMD", "python", "-m", probe.__name__, "/healthz"]
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (REPOSITORY / source).exists()


def test_nobody_is_root_and_everyone_comes_back(compose: dict[str, Any]) -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER (?!root)", dockerfile, re.MULTILINE)
    for name, service in compose["services"].items():
        assert service["restart"] in ("unless-stopped", "on-failure")
        assert name in OURS or service["user"] != "root"
        assert name not in OURS or service["init"] is True
        assert "healthcheck" in service


def test_the_programs_refuse_to_start_without_servers() -> None:
    theirs = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
    variables = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in theirs}
    variables["SECRET_KEY"] = "k" * 40
    command = [sys.executable, "-m", run.__name__, "web"]
    ended = subprocess.run(command, check=False, env=variables, cwd=REPOSITORY, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Set DATABASE_URL and REDIS_URL")


@pytest.fixture
def bare_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL without our roles, as the official image has it when it runs the script."""
    server = EmbeddedPostgres(tmp_path / "data", durable=False)
    make_data_folder(server.data_dir)
    server.prepare(time.sleep)
    process = server.start()
    server.wait_until_ready(process, time.sleep)
    yield server
    end(process, server.stop_signal, 10)


def test_the_roles_of_the_container_are_those_of_the_embedded_server(
    bare_postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    psql = shutil.which("psql") or str(next(Path(psycopg.__file__).parents[1].glob("*pgserver/pginstall18/bin/psql")))
    for name in ("database_owner_password", "database_app_password"):
        (tmp_path / name).write_text("it's a \\ 'password'")
    variables = {
        **os.environ,
        "PATH": f"{Path(psql).parent}:{os.environ['PATH']}",
        "PGHOST": str(bare_postgres.sockets),
        "SECRETS": str(tmp_path),
    }
    script = REPOSITORY / "docs" / "deployment" / "database-roles.sh"
    subprocess.run([script], check=True, env=variables, capture_output=True)
    for role in ("watchfloor_owner", "watchfloor_app"):
        with psycopg.connect(bare_postgres.url(role)) as connection:
            found = connection.execute(
                "SELECT rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, pg_get_userbyid(datdba) = rolname "
                "FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
            ).fetchone()
            assert found == (False, False, False, True, role == "watchfloor_owner")
