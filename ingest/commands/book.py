"""What every change of a rule does alike: one at a time, and each process learns of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from activity.record import Change
from common.errors import Conflict, FieldConflict
from ingest.models import RuleBook


def locked_book() -> RuleBook:
    """The book of rules, held until the transaction ends: rules change one after the other."""
    RuleBook.objects.get_or_create(pk=1)
    return RuleBook.objects.select_for_update().get(pk=1)


def renew(book: RuleBook) -> None:
    """Let every process read the rules anew."""
    book.revision = uuid4()
    book.save()


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """What the log says of a change from one set of values to another."""
    return [Change(name, old.get(name), value) for name, value in new.items() if old.get(name) != value]


def check_base(version: int, based_on: int, theirs: Mapping[str, Any], mine: Mapping[str, Any], by: str) -> None:
    """Raises Conflict when somebody changed the rule since the version that a form was based on, to other values."""
    if version != based_on:
        conflicts = [
            FieldConflict(name, theirs.get(name), value, by)
            for name, value in mine.items()
            if theirs.get(name) != value
        ]
        if conflicts:
            raise Conflict(version, conflicts)
