"""What a bulk act on alerts would do, counted by the database without doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, Func, Max, Q, QuerySet
from django.db.models.functions import Cast

from activity.snapshots import snapshot
from alerts.choices import AlertStatus, Classification
from alerts.models import Alert
from incidents.changes import KEEP, AlertChanges
from incidents.choices import OPEN_STATUSES
from incidents.queries.bulk import NONE, any_of, differs_in_assignee, kept_from, left_in_words


@dataclass(frozen=True, slots=True)
class AlertsPreview:
    """How many alerts an act would change as things are now, and why not the others."""

    total: int
    changed: int
    unchanged: int
    unseen: int
    """Of restricted incidents, and kept from who they are to be assigned to."""
    missing: int
    """Chosen, but not to be found any more."""
    fields: list[tuple[str, int]]
    """Label of each field that is to be changed, and on how many it changes."""
    resolved: int
    """Incidents of which no alert stays active, so that they are resolved along."""
    unclassified: int
    """Of those that are resolved."""
    seen: str
    """The snapshot that this was counted in."""

    @property
    def left(self) -> list[str]:
        """Why alerts are left as they are, one phrase for each reason."""
        return left_in_words(
            self.total + self.missing,
            (self.unchanged if self.fields else 0, "is already so", "are already so"),
            (self.unseen, "is not seen by the assignee", "are not seen by the assignee"),
            (self.missing, "cannot be found any more", "cannot be found any more"),
        )

    @property
    def along(self) -> str:
        """What changes along with them."""
        if not self.resolved:
            return ""
        if self.resolved == 1:
            return "and 1 incident is resolved with its last active alert"
        return f"and {self.resolved:,} incidents are resolved with their last active alerts"


def preview(rows: QuerySet[Alert], changes: AlertChanges, *, chosen: int) -> AlertsPreview:
    """Decide for every alert as the command would, in one statement, and in one for their incidents where alerts are
    resolved. `chosen` is how many were meant."""
    wishes = _wishes(changes)
    closed = kept_from(changes.assignee, "incident", Q(incident__restricted=True))
    refused = NONE if closed is None else closed
    changing = any_of(condition for _, condition in wishes)
    now = Cast(Func(function="pg_current_snapshot"), CharField())
    numbers: dict[str, Any] = {
        "total": Count("pk"),
        "refused": Count("pk", filter=refused),
        "seen": Max(now),
    }
    if changing is not None:
        numbers["changed"] = Count("pk", filter=changing & ~refused)
        for position, (_, condition) in enumerate(wishes):
            numbers[f"field_{position}"] = Count("pk", filter=condition & ~refused)
    if changes.status == AlertStatus.RESOLVED:
        unset = Q(classification=Classification.NOT_SET) & ~Q(status=AlertStatus.RESOLVED) & ~refused
        numbers["unclassified"] = Count("pk", filter=unset)
    found = rows.order_by().aggregate(**numbers)
    changed = found.get("changed", 0)
    return AlertsPreview(
        total=found["total"],
        changed=changed,
        unchanged=found["total"] - found["refused"] - changed,
        unseen=found["refused"],
        missing=max(chosen - found["total"], 0),
        fields=[(label, found[f"field_{position}"]) for position, (label, _) in enumerate(wishes)],
        resolved=_resolved_along(rows, refused) if changes.status == AlertStatus.RESOLVED else 0,
        unclassified=found.get("unclassified", 0),
        seen=found["seen"] or snapshot(),
    )


def _resolved_along(rows: QuerySet[Alert], refused: Q) -> int:
    """Open incidents all of whose active alerts are among these."""
    active = rows.exclude(refused).exclude(status=AlertStatus.RESOLVED).order_by()
    each = active.filter(incident__status__in=OPEN_STATUSES).values("incident")
    return each.annotate(chosen=Count("pk")).filter(incident__alerts_active__lte=F("chosen")).count()


def _wishes(changes: AlertChanges) -> list[tuple[str, Q]]:
    """Each field that is to be changed: its label, and of which alerts it differs from what is wanted."""
    wishes = []
    if changes.status is not None:
        wishes.append(("Status", ~Q(status=changes.status)))
    if changes.assignee is not KEEP:
        wishes.append(("Assigned to", differs_in_assignee(changes.assignee)))
    if changes.classification is not None:
        same = Q(classification=changes.classification, determination=changes.determination)
        wishes.append(("Classification", ~same))
    if changes.comment.strip():
        wishes.append(("Comment", Q(pk__isnull=False)))
    return wishes
