#!/usr/bin/env python
"""Watchfloor's commands: `python manage.py help` lists them, `python manage.py up` runs the portal."""

from __future__ import annotations

import os
import sys

# These never ask the database, so none is started for them.
WITHOUT_DATABASE = {
    *("help", "--help", "-h", "version", "--version", "check", "diffsettings"),
    *("settings_table", "collectstatic", "findstatic", "makemessages", "compilemessages"),
    *("startapp", "startproject"),
}


def main(arguments: list[str]) -> int:
    """Runs one command with the servers it needs; the exit code."""
    from portal.environment import InvalidEnvironment, load_environment, settings_table
    from portal.servers.problems import CannotStart

    command = arguments[1] if len(arguments) > 1 else "help"
    if command == "settings_table":
        print(settings_table())
        return 0
    try:
        environment = load_environment()
        if command == "up":
            from portal.servers.up import up

            return up(environment, arguments[2:])
        if command in WITHOUT_DATABASE or "--help" in arguments or "-h" in arguments:
            return execute(arguments)
        from portal.servers.instance import connected

        with connected(environment, purpose=f"manage.py {command}"):
            return execute(with_owner(arguments))
    except InvalidEnvironment as problem:
        print(problem, file=sys.stderr)
        return 2
    except CannotStart as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def with_owner(arguments: list[str]) -> list[str]:
    """Migrations are the owner's work: without another word they go to the owner's alias where there is one."""
    from portal.environment import load_environment

    named = any(argument.startswith("--database") for argument in arguments)
    if arguments[1] == "migrate" and not named and load_environment().database_owner_url:
        return [*arguments, "--database=owner"]
    return arguments


def execute(arguments: list[str]) -> int:
    """Hands the command to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
