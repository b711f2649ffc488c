"""Pure decisions about tasks and due dates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from common.errors import Refused
from incidents.choices import TaskState
from incidents.rules.texts import check_length

LONGEST_TITLE = 200
LONGEST_TEXT = 10_000
"""Characters of a task's description or closing note."""
MOST_TASKS = 200
"""On one incident."""
MOST_ITEMS = 50
"""In one template."""
LONGEST_TEMPLATE_NAME = 80
MOST_HOURS = 24 * 365
LATEST_DUE = timedelta(days=5 * 366)
CLOSED = (TaskState.COMPLETED, TaskState.SKIPPED)


def check_title(title: str, field: str = "title") -> str:
    """A title on one line; Refused when it is empty or too long."""
    title = " ".join(title.split())
    if not title:
        raise Refused("A task needs a title: say what is to be done.", field=field)
    if "\x00" in title:
        raise Refused("A title cannot hold a NUL character; remove it.", field=field)
    if len(title) > LONGEST_TITLE:
        raise Refused(
            f"The title has {len(title)} characters; {LONGEST_TITLE} are allowed. Put the rest into the description.",
            field=field,
        )
    return title


def check_task_text(text: str, field: str) -> str:
    """A description or note without the space around it, or nothing; Refused when it is too long."""
    return check_length(text.replace("\r\n", "\n").strip(), LONGEST_TEXT, field)


def check_due(due: datetime, now: datetime, field: str = "due") -> datetime:
    """A due date to the minute, in UTC; Refused when it has passed already or is years away."""
    due = due.astimezone(UTC).replace(second=0, microsecond=0)
    if due <= now:
        raise Refused("This time has passed already; choose a later one.", field=field)
    if due > now + LATEST_DUE:
        raise Refused("A due date lies at most five years ahead; choose an earlier one.", field=field)
    return due


def check_room(present: int, coming: int) -> None:
    """Raises Refused where an incident would have too many tasks."""
    if present + coming > MOST_TASKS:
        raise Refused(f"An incident has at most {MOST_TASKS} tasks; remove some first.", field="title")


def not_there_yet(titles: Iterable[str], present: Iterable[str]) -> list[int]:
    """Which of these titles, by position, are not among the present ones; letter case and space tell none apart."""
    known = {_folded(title) for title in present}
    missing = []
    for position, title in enumerate(titles):
        if _folded(title) not in known:
            known.add(_folded(title))
            missing.append(position)
    return missing


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()
