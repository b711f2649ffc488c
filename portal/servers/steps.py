"""The steps between the database and the web: migrations, the first administrator, the demo.

Each is a manage.py command in a child process of its own that may act as the database's owner.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.environment import REPOSITORY, Environment
from portal.servers.instance import MANAGE
from portal.servers.logs import last_words, log_path, open_log
from portal.servers.problems import CannotStart
from portal.servers.processes import Pause, spawn, wait_for


@dataclass(frozen=True)
class Step:
    """One manage.py command and what it does, in words for the terminal."""

    title: str
    arguments: tuple[str, ...]


def first_steps(environment: Environment, *, has_owner: bool) -> list[Step]:
    """What is done at every start before the web answers; each step finds out itself whether it is needed."""
    migrate = ("migrate", "--noinput", *(["--database=owner"] if has_owner else []))
    steps = [
        Step("Bringing the database up to date", migrate),
        Step("Making sure there is an administrator", ("first_start",)),
    ]
    if environment.demo:
        steps.append(Step("Loading the demo where nothing is there yet", ("seed_demo", "--first-start")))
    return steps


def run_step(
    step: Step, environment: Environment, addresses: Mapping[str, str], pause: Pause
) -> Sequence[dict[str, str]]:
    """Runs one step to its end and returns the JSON objects it printed, one a line (sign-ins that were made)."""
    name = step.arguments[0].replace("_", "-")
    with open_log(environment.data_dir, name) as log, tempfile.TemporaryFile() as printed:
        start = log.tell()
        process = spawn(
            [*MANAGE, *step.arguments],
            data_dir=environment.data_dir,
            folder=REPOSITORY,
            variables={**os.environ, **addresses},
            output=printed,
            errors=log,
        )
        code = wait_for(process, pause)
        printed.seek(0)
        lines = printed.read().decode("utf-8", "replace").splitlines()
        if code != 0:
            path = log_path(environment.data_dir, name)
            command = " ".join(("manage.py", *step.arguments))
            raise CannotStart(f"`{command}` failed: {last_words(path, start)} (more in {path})")
        found = [_json_object(line) for line in lines]
        # Sign-ins are shown once and kept nowhere; the rest of the output is worth keeping.
        log.write("".join(f"{line}\n" for line, object_ in zip(lines, found, strict=True) if object_ is None).encode())
    return [object_ for object_ in found if object_]


def _json_object(line: str) -> dict[str, str] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
