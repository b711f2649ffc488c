"""The `up` command, which runs before Django is set up because it starts the database Django needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from portal.environment import Environment
from portal.servers.supervisor import Supervisor

USAGE = """usage: manage.py up

Starts PostgreSQL, Valkey, web, worker and scheduler in the foreground; Ctrl-C stops them.
Settings come from the environment: PORT=8123 DATA_DIR=/somewhere DEMO=0 python manage.py up
(`python manage.py settings_table` lists them all.)"""


def up(environment: Environment, arguments: Sequence[str]) -> int:
    """Runs the portal on this machine until it is asked to stop; the exit code."""
    if arguments:
        print(USAGE, file=sys.stdout if set(arguments) <= {"-h", "--help"} else sys.stderr)
        return 0 if set(arguments) <= {"-h", "--help"} else 2
    return Supervisor(environment).run()
