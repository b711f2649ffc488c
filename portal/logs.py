"""What the processes of the portal log: one event is one line, of JSON, with the request it belongs to.

Modules log as Python does (`logging.getLogger(__name__)`). What more there is to say of an event goes beside its text:
`extra={"told": {"status": 503}}`. Here it becomes a line: control characters are escaped, so that nobody forges a
second one, and secrets are masked. An exception is told by its class, where it happened and the first line of what it
says, without the values it quotes: what people write and alerts bring stands in the database, not here.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from django.http import HttpRequest
from django.utils.functional import LazyObject

from common.request_id import request_id

LONGEST = 4_000
"""Characters of one value."""
LONGEST_MESSAGE = 200
"""Characters of what an exception says."""
MOST_FRAMES = 40

_NAMES = r"[a-z_.-]*(?:passw|secret|token|session|csrf|cookie|api.?key|authoriz)[a-z_.-]*"
_SECRETS = (
    (re.compile(r"\bwf_[A-Za-z0-9_-]+"), "wf_…"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{12,}"), r"\1 …"),
    (re.compile(rf"(?i)({_NAMES}[=:]\s*)[^\s&;,]+"), r"\1…"),
    (re.compile(r"(\w+://[^\s/:@]*:)[^\s/@]+@"), r"\1…@"),
)
_MAY_HOLD_ONE = re.compile(r"wf_|[=:\s]")
"""Found in whatever the patterns above could find; most of what is logged is a word or a path."""
OURS = {"time", "level", "logger", "request"}
"""What nobody else has a hand in."""
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|“([^”]*)”|\$([^$]*)\$")
_NAME = re.compile(r"[a-z_][a-z0-9_.]{0,62}\Z")
SECRET_ARGUMENT = re.compile(r"key|token|secret|code|uid|digest|signature")
"""Names of parts of an address that let somebody in, as in a link that resets a password."""

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


@contextmanager
def about(request: HttpRequest) -> Iterator[None]:
    """What is logged inside names who asked."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def configuration(level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "portal.logs.lines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"level": "WARNING"},
            # What was refused stands in the line of its request (portal/envelope.py); what broke has a line of its own.
            "django.request": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},  # it would write addresses with all that is in them
        },
    }


def lines() -> structlog.stdlib.ProcessorFormatter:
    """The formatter of every process: JSON, or with LOG_FORMAT=plain something for eyes."""
    from portal.environment import load_environment

    is_plain = load_environment().log_format == "plain"
    return structlog.stdlib.ProcessorFormatter(processors=[told, masked, plain if is_plain else as_json])


def told(_: Any, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """All that is said of an event, in the order in which it is read."""
    record: logging.LogRecord = event["_record"]
    said: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": _event(event, record),
    }
    if name := request_id():
        said["request"] = name
    return said | asked_by(_request.get()) | getattr(record, "told", {}) | _error(event.get("exc_info"))


def _event(event: MutableMapping[str, Any], record: logging.LogRecord) -> str:
    # Celery writes arguments and results of tasks into its lines, and what their exceptions say.
    task = getattr(record, "data", None)
    if record.name.startswith("celery.") and isinstance(task, dict) and "name" in task and "id" in task:
        return f"Task {task['name']}[{task['id']}] {task.get('description') or 'succeeded'}"
    return str(event["event"])


def asked_by(request: HttpRequest | None) -> dict[str, str]:
    """The name of the person, or of the token, behind a request, where it is known already."""
    principal = getattr(request, "user", None)
    if principal is None or isinstance(principal, LazyObject):
        return {}
    username = getattr(principal, "username", None)
    if username is None:
        return {"token": str(principal)}
    return {"person": str(username)} if username else {}


def path_of(request: HttpRequest) -> str:
    """The path, without those parts of it that let somebody in, and without the query."""
    path, match = request.path, request.resolver_match
    for name, value in (match.kwargs if match else {}).items():
        if SECRET_ARGUMENT.search(name) and str(value):
            path = path.replace(str(value), "…")
    return path


def _error(exc_info: Any) -> dict[str, Any]:
    error = exc_info[1] if isinstance(exc_info, tuple) else None
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    found = {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "message": said_by(error),
        "where": [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if error.__cause__ is not None:
        found["cause"] = f"{type(error.__cause__).__qualname__}: {said_by(error.__cause__)}"
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    return found | ({"sqlstate": state} if state else {})


def said_by(error: BaseException) -> str:
    """The first line of what an exception says, with names that it quotes and without anything else it does."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    first = (primary or str(error)).strip().partition("\n")[0]
    return _QUOTED.sub(_only_names, first)[:LONGEST_MESSAGE]


def _only_names(quoted: re.Match[str]) -> str:
    inner = next((group for group in quoted.groups() if group is not None), "")
    follows_a_colon = quoted.string[: quoted.start()].rstrip().endswith(":")  # as in: invalid input for type x: "value"
    return quoted[0] if _NAME.match(inner) and not follows_a_colon else f"{quoted[0][0]}…{quoted[0][-1]}"


def _short(filename: str) -> str:
    """The file as from its package on."""
    return "/".join(filename.replace("\\", "/").rpartition("site-packages/")[2].split("/")[-3:])


def masked(_: Any, __: str, said: MutableMapping[str, Any]) -> dict[str, Any]:
    """The same without anything that looks like a secret, and nothing without end."""
    return {
        name: _masked(value) if isinstance(value, str) and name not in OURS else value for name, value in said.items()
    }


def _masked(text: str) -> str:
    if not _MAY_HOLD_ONE.search(text) and len(text) <= LONGEST:
        return text
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def as_json(_: Any, __: str, said: MutableMapping[str, Any]) -> str:
    """Everything but plain ASCII is escaped: line breaks, and what turns the direction of reading."""
    return json.dumps(said, ensure_ascii=True, default=str)


def plain(_: Any, __: str, said: MutableMapping[str, Any]) -> str:
    """For a person at a terminal; only where an error happened takes lines of its own."""
    where = said.pop("where", [])
    head = f"{said.pop('time')[11:23]} {said.pop('level').upper():<8} {said.pop('logger')}: {said.pop('event')}"
    rest = " ".join(f"{name}={value}" for name, value in said.items())
    return "\n    ".join([printable(f"{head}  {rest}".rstrip()), *map(printable, where)])


def printable(text: str) -> str:
    """A text on one line, whatever is in it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
