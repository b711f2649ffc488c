"""One program of the portal in this process, for platforms that supervise by themselves (containers, systemd).

`python -m portal.servers.run web|worker|scheduler` becomes that program, with the arguments `make up` gives it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from portal.environment import Environment, InvalidEnvironment, load_environment
from portal.servers.ports import resolved_host
from portal.servers.problems import CannotStart
from portal.servers.programs import OWNER_VARIABLES, scheduler_command, web_command, worker_command

PROGRAMS = ("web", "worker", "scheduler")


def command(program: str, environment: Environment) -> list[str]:
    """The command line of one program."""
    if program == "web":
        return web_command(environment, resolved_host(environment))
    return worker_command(environment) if program == "worker" else scheduler_command(environment)


def become(program: str) -> NoReturn:
    """Replaces this process by the program, which never hears of the database's owner."""
    environment = load_environment()
    missing = [name.upper() for name in ("database_url", "redis_url") if getattr(environment, name) is None]
    if missing:
        raise CannotStart(f"Set {' and '.join(missing)}; to start servers of its own, use `python manage.py up`.")
    if program == "scheduler":
        (environment.data_dir / "scheduler").mkdir(mode=0o700, parents=True, exist_ok=True)
    line = command(program, environment)
    for name in OWNER_VARIABLES:
        os.environ.pop(name, None)
    os.execv(line[0], line)  # noqa: S606 - there is no shell, on purpose


def main(arguments: Sequence[str]) -> int:
    """The exit code where the program cannot be started."""
    if len(arguments) != 1 or arguments[0] not in PROGRAMS:
        print(f"usage: python -m portal.servers.run {'|'.join(PROGRAMS)}", file=sys.stderr)
        return 2
    try:
        become(arguments[0])
    except InvalidEnvironment as problem:
        print(problem, file=sys.stderr)
        return 2
    except CannotStart as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
