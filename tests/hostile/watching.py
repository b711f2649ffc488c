"""What a request does that its answer does not tell: which fields it reads, what it asks the database, what it writes
to the log of the process, and whom it calls."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging.config import dictConfig
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.forms import BaseForm, CharField, Field, UUIDField
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

OURS = ("accounts", "activity", "alerts", "automation", "common", "entities", "exports", "incidents", "ingest",
        "metrics", "portal")  # fmt: skip


# ------------------------------------------------------------------------------------------------------ fields


@dataclass
class Read:
    """What was read of requests: keys of each of their dictionaries, and forms that were filled."""

    keys: dict[int, set[str]] = field(default_factory=dict)
    held: list[object] = field(default_factory=list)
    """Keeps the dictionaries alive, so that no other takes the number of one."""
    forms: dict[type[BaseForm], dict[str, Field]] = field(default_factory=dict)
    """Class of a bound form → its fields, by the names that they have in a request."""

    def note(self, where: MultiValueDict[Any, Any], key: Any) -> None:
        if isinstance(key, str) and (isinstance(where, QueryDict) or where.__class__ is MultiValueDict):
            if id(where) not in self.keys:
                self.held.append(where)
            self.keys.setdefault(id(where), set()).add(key)

    def start(self) -> None:
        self.keys.clear()
        self.held.clear()

    def texts_of_forms(self) -> tuple[set[str], set[str]]:
        """The names of fields that take any text, and of those that do not."""
        fields = [each for form in self.forms.values() for each in form.items()]
        free = {name for name, field in fields if isinstance(field, CharField) and type(field) is not UUIDField}
        return free, {name for name, _ in fields} - free

    def of(self, answer: Any, method: str) -> dict[str, set[str]]:
        """The keys that were read for an answer: of its address, its body and its files."""
        request = answer.wsgi_request
        known = {id(request.GET): "address", id(request.FILES): "files", id(request.POST): "body"}
        found: dict[str, set[str]] = {"address": set(), "body": set(), "files": set()}
        for where in self.held:
            if id(where) in known or isinstance(where, QueryDict):  # a copy that a form was given
                found[known.get(id(where), "address" if method == "GET" else "body")] |= self.keys[id(where)]
        return found


@contextmanager
def reading(patch: pytest.MonkeyPatch) -> Iterator[Read]:
    """Notes each key that is looked up in what a request brings, and each form that is bound to it."""
    read = Read()
    get_item, get_list, contains = MultiValueDict.__getitem__, MultiValueDict.getlist, dict.__contains__
    start_form = BaseForm.__init__

    def noted_item(self: Any, key: Any) -> Any:
        read.note(self, key)
        return get_item(self, key)

    def noted_list(self: Any, key: Any, *more: Any, **named: Any) -> Any:
        read.note(self, key)
        return get_list(self, key, *more, **named)

    def noted_contains(self: Any, key: Any) -> bool:
        read.note(self, key)
        return contains(self, key)

    def noted_form(self: Any, *more: Any, **named: Any) -> None:
        start_form(self, *more, **named)
        if self.is_bound:
            fields = {self.add_prefix(name): each for name, each in self.fields.items()}
            read.forms.setdefault(type(self), {}).update(fields)

    with patch.context() as inner:
        inner.setattr(MultiValueDict, "__getitem__", noted_item)
        inner.setattr(MultiValueDict, "getlist", noted_list)
        inner.setattr(MultiValueDict, "__contains__", noted_contains, raising=False)
        inner.setattr(BaseForm, "__init__", noted_form)
        yield read


def our_forms() -> set[type[BaseForm]]:
    """Every form class of the project that has fields of its own."""

    def below(kind: type) -> Iterator[type]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    return {
        form for form in below(BaseForm) if form.__module__.split(".")[0] in OURS and getattr(form, "base_fields", None)
    }


# ---------------------------------------------------------------------------------------------------- database


class Unbound(AssertionError):
    """A value stood in the text of a statement."""


@contextmanager
def only_bound(mark: Callable[[], str], patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Lists each statement whose text holds the mark, which is in every value that is sent. Values that the driver
    writes into a statement (`common.planned.literal`) are bound by it."""
    found: list[str] = []
    by_driver: set[str] = set()
    compose = connection.ops.compose_sql  # type: ignore[attr-defined]

    def composed(sql: str, values: Any) -> str:
        if mark() in sql:
            found.append(sql)
        text = str(compose(sql, values))
        if mark() in text:
            by_driver.add(text)
        return text

    def watch(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        for bound in by_driver if mark() in text else ():
            text = text.replace(bound, "")
        if mark() in text:
            found.append(text)
        return execute(sql, params, many, context)

    with patch.context() as inner, connection.execute_wrapper(watch):
        inner.setattr(connection.ops, "compose_sql", composed)
        yield found


# ------------------------------------------------------------------------------------------------- the process's log


class _Lines(logging.Handler):
    """Keeps what would be printed, without the trace of an exception, which has lines of its own."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.formatter, self.printed = formatter, list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        bare = logging.makeLogRecord(record.__dict__ | {"exc_info": None, "exc_text": None, "stack_info": None})
        self.printed.append(self.format(bare))


@contextmanager
def logged() -> Iterator[list[str]]:
    """What the process logs, as its settings have it printed."""
    lines = _Lines(_formatter())
    root = logging.getLogger()
    root.addHandler(lines)
    try:
        yield lines.printed
    finally:
        root.removeHandler(lines)


def _formatter() -> logging.Formatter:
    """The one that the settings give to what goes to the terminal or the file."""
    handlers = settings.LOGGING["root"]["handlers"]
    name = settings.LOGGING["handlers"][handlers[0]]["formatter"]
    made: list[logging.Formatter] = []

    class Asked(logging.Handler):
        def setFormatter(self, formatter: logging.Formatter | None) -> None:
            made.append(formatter or logging.Formatter())

    asked = {"()": Asked, "formatter": name}
    whole = {
        "version": 1,
        "incremental": False,
        "disable_existing_loggers": False,
        "formatters": settings.LOGGING["formatters"],
        "handlers": {"asked": asked},
        "loggers": {"tests.hostile.never": {"handlers": ["asked"]}},
    }
    dictConfig(whole)
    return made[-1]


CONTROL = {chr(number) for number in (*range(32), *range(127, 160))} | {"\u2028", "\u2029"}


def unprintable(line: str) -> set[str]:
    """Signs in a printed line that would end it or command a terminal."""
    return CONTROL & set(line)


# ------------------------------------------------------------------------------------------------------- others


@dataclass
class Called:
    """Whom the process called, other than its own servers, and which files it opened that it must not."""

    hosts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    is_on: bool = False
    forbidden: tuple[str, ...] = ("/etc/passwd", "/proc/self/environ", "win.ini", ".ssh/")
    allowed: frozenset[str] = frozenset()


_called = Called()
_is_hooked = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _called.is_on:
        return
    if event == "socket.connect":
        address = arguments[1]
        told = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
        if told not in _called.allowed:
            _called.hosts.append(told)
    elif event == "socket.getaddrinfo" and f"{arguments[0]}:{arguments[1]}" not in _called.allowed:
        _called.hosts.append(f"{arguments[0]}:{arguments[1]}")
    elif event in ("open", "os.open", "subprocess.Popen", "os.system"):
        told = str(arguments[0])
        if event.startswith(("subprocess", "os.system")) or any(part in told for part in _called.forbidden):
            _called.files.append(f"{event} {told}")


@contextmanager
def nobody_called(*forbidden: str) -> Iterator[Called]:
    """Hears of each connection, each name looked up, each program started and each forbidden file opened by this
    process (PEP 578). The database and Redis are its own servers; a program it may start only where a test says so."""
    global _is_hooked
    if not _is_hooked:
        sys.addaudithook(_hear)
        _is_hooked = True
    _called.hosts, _called.files = [], []
    _called.forbidden = (*Called.forbidden, *forbidden)
    _called.allowed = frozenset(_own_servers())
    _called.is_on = True
    try:
        yield _called
    finally:
        _called.is_on = False


def _own_servers() -> Iterator[str]:
    from urllib.parse import urlsplit

    for url in (settings.CACHES["default"]["LOCATION"], getattr(settings, "CELERY_BROKER_URL", "")):
        parts = urlsplit(str(url))
        yield f"{parts.hostname}:{parts.port}"
        yield parts.path
    database = settings.DATABASES["default"]
    yield f"{database['HOST']}:{database['PORT']}"
    yield str(database["HOST"])
