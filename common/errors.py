"""What goes wrong in words: every error says whose fault, which field, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Refused(Exception):
    """A command that a rule of the domain does not allow. Nothing was written.

    `field` names the input it concerns, or is empty when it concerns the act as a whole.
    """

    def __init__(self, problem: str, *, field: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.field = field

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Every field that stands in the way, and why; usually there is one."""
        return [(self.field, self.problem)]


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """Two people changed the same field: what it has become, what was wanted, and who changed it."""

    field: str
    theirs: Any
    mine: Any
    changed_by: str


class Conflict(Exception):
    """A save based on an older version met newer changes, usually of the same fields; `version` is what it is by now.
    Nothing was written."""

    def __init__(self, version: int, conflicts: list[FieldConflict]) -> None:
        fields = ", ".join(conflict.field for conflict in conflicts)
        way_out = "other fields alone; read it again, and send your changes for what it is now."
        super().__init__(f"Changed by someone else meanwhile: {fields or way_out}")
        self.version = version
        self.conflicts = conflicts
