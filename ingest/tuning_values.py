"""What people say of a tuning rule, between form and command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from alerts.choices import Classification, Determination
from ingest.choices import TuningAction

LONGEST_NAME = 100
LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class TuningValues:
    """What people set of a tuning rule."""

    name: str
    action: TuningAction
    conditions: Mapping[str, Sequence[str]]
    reason: str
    owner: User
    expires_at: datetime | None
    tags: tuple[str, ...] = ()
    classification: Classification = Classification.NOT_SET
    determination: Determination = Determination.NOT_SET
    is_on: bool = True
