"""The stair of the apps (docs/architecture.md): imports only go down, and each module keeps to its part."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS: tuple[tuple[str, ...], ...] = (
    ("common",),
    ("activity",),
    ("entities", "accounts"),
    ("alerts",),
    ("incidents",),
    ("ingest", "exports", "webhooks", "metrics"),
    ("automation",),
    ("portal",),
)
"""From the ground up. Apps of one floor are strangers to each other."""
FLOOR_OF = {app: floor for floor, apps in enumerate(FLOORS) for app in apps}

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "choices": ("models", "commands", "queries", "views", "api", "forms", "django.http"),
    "rules": ("models", "commands", "queries", "views", "api", "forms", "django.db", "django.http", "psycopg"),
    "models": ("commands", "queries", "views", "api", "forms", "activity.record", "django.http", "django.core.mail"),
    "commands": ("views", "api", "forms", "django.http", "django.shortcuts", "django.template", "django.forms",
                 "rest_framework"),
    "queries": ("commands", "views", "api", "forms", "activity.record"),
    "filters": ("commands", "views", "api", "activity.record", "django.shortcuts", "django.template"),
    "forms": ("commands", "views", "api", "activity.record"),
}  # fmt: skip
"""Part of an app → what it may not import: our modules of that name, or another package by its whole name."""

WRITERS = ("commands", "tasks", "migrations", "management", "demo")
"""Parts of an app that may write rows."""
PARTS_OF_COMMANDS = (
    *("common/inserting.py", "common/images.py", "activity/record.py", "activity/checkpoints/taking.py"),
    *("alerts/kinds.py", "incidents/search.py"),
    "common/tolerant_cache.py",  # forgets keys of a cache
    "exports/printing/joining/__init__.py",  # saves a file, in a process that knows no database
)
"""Modules that write on behalf of the command or the task that calls them."""
WRITING = {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "delete"}
WRITING_SQL = re.compile(r"\b(INSERT INTO|DELETE FROM|TRUNCATE TABLE|UPDATE \w+ SET)\b")


def modules() -> Iterator[Path]:
    for app in FLOOR_OF:
        yield from sorted((ROOT / app).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Whole names of everything imported, wherever in the module it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(path: str) -> str:
    """`commands` for `incidents/commands/naming.py` and for `exports/commands.py`."""
    return path.split("/")[1].removesuffix(".py")


def begins_with(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def missteps(path: str, source: str) -> list[str]:
    """What is wrong with a module of this path (from the root of the repository), one sentence each."""
    tree = ast.parse(source)
    app, part = path.split("/")[0], part_of(path)
    found = []
    for name in imported(tree):
        other, _, inner = name.partition(".")
        if other in FLOOR_OF and other != app and FLOOR_OF[other] >= FLOOR_OF[app]:
            found.append(f"{path} imports {name}, up the stair")
        for forbidden in FORBIDDEN.get(part, ()):
            ours = "." not in forbidden and other in FLOOR_OF and begins_with(inner, forbidden)
            if ours or begins_with(name, forbidden):
                found.append(f"{path} imports {name}, which {part} may not")
    if part not in WRITERS and path not in PARTS_OF_COMMANDS:
        found += [f"{path}:{line} writes" for line in writes(tree)]
    return found


def writes(tree: ast.AST) -> Iterator[int]:
    """Lines on which rows are written: by the ORM, or by SQL. A plain dict's or set's `update` is none."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, receiver = node.func.attr, node.func.value
            is_queryset = isinstance(receiver, ast.Call) or (
                isinstance(receiver, ast.Attribute) and receiver.attr in ("objects", "all")
            )
            if name in WRITING or name.startswith("bulk_") or (name == "update" and is_queryset):
                yield node.lineno
        elif isinstance(node, ast.Constant) and id(node) not in docstrings and WRITING_SQL.search(str(node.value)):
            yield node.lineno


def test_every_app_stands_on_the_stair() -> None:
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert apps - FLOOR_OF.keys() == set()
    assert len(apps) >= 8


def test_no_module_imports_up_the_stair_or_leaves_its_part() -> None:
    found = [misstep for path in modules() for misstep in missteps(path.relative_to(ROOT).as_posix(), path.read_text())]
    assert found == []


MISSTEPS = {
    "up the stair": ("alerts/models.py", "from incidents.models import Incident"),
    "up the stair within a function": ("common/api.py", "def f():\n    import accounts.models"),
    "up the stair for type hints only": (
        "activity/queries.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from accounts.models import User",
    ),
    "between strangers": ("accounts/queries.py", "from entities.models import Entity"),
    "between wings": ("exports/queries.py", "from ingest.parsed import ParsedAlert"),
    "models in choices": ("incidents/choices.py", "from incidents.models import Incident"),
    "the database in rules": ("incidents/rules.py", "from django.db import connection"),
    "models in rules": ("incidents/rules.py", "from alerts import models"),
    "requests in commands": ("incidents/commands/naming.py", "from django.http import HttpRequest"),
    "forms in commands": ("incidents/commands/naming.py", "from incidents.forms.manage import ManageForm"),
    "commands in queries": ("incidents/queries/detail.py", "from incidents.commands import resolve"),
    "saving in a query": ("incidents/queries/detail.py", "def f(incident):\n    incident.save()"),
    "creating in a view": ("incidents/views/page.py", "Tag.objects.create(name='x')"),
    "updating in a filter": ("incidents/filters.py", "Incident.objects.filter(pk=1).update(name='x')"),
    "deleting in a form": ("incidents/forms/manage.py", "tag.delete()"),
    "bulk in a query": ("incidents/queries/detail.py", "Tag.objects.bulk_create([])"),
    "SQL that writes in a query": ("incidents/queries/detail.py", "SQL = 'UPDATE incidents_tag SET name = 1'"),
}


@pytest.mark.parametrize(("path", "source"), MISSTEPS.values(), ids=MISSTEPS.keys())
def test_the_check_finds_a_misstep(path: str, source: str) -> None:
    assert len(missteps(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("incidents/commands/naming.py", "from alerts.models import Alert\nAlert.objects.create()"),
        ("incidents/queries/detail.py", "words = set()\nwords.update([1])\nfrom accounts.models import User"),
        ("portal/home.py", "from ingest.commands import ingest"),
    ],
)
def test_the_check_lets_good_modules_pass(path: str, source: str) -> None:
    assert missteps(path, source) == []
