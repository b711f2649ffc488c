"""Asks the web server on this machine for its health: `python -m portal.servers.probe [/readyz]`, 0 when all is well.

For health checks of containers and service managers, which have no browser and should need no curl.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from portal.environment import InvalidEnvironment, load_environment
from portal.servers.ports import resolved_host, status_of
from portal.servers.problems import CannotStart


def main(arguments: Sequence[str]) -> int:
    """0 for a 200, 1 for anything else."""
    path = arguments[0] if arguments else "/healthz"
    try:
        environment = load_environment()
        status = status_of(environment, resolved_host(environment), path, seconds=10)
    except (InvalidEnvironment, CannotStart) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{path} gives {status or 'no answer'}")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
