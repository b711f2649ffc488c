"""Finding the alerts that an address names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import QuerySet

from accounts.models import Principal, User
from alerts.models import Alert


def visible_alerts(principal: Principal, alert_ids: Sequence[int]) -> QuerySet[Alert]:
    """Those of the alerts that this person or token may see, with what their form and their pane show."""
    rows = Alert.objects.visible_to(principal).filter(pk__in=[number for number in alert_ids if number < 2**63])
    return rows.select_related("incident", "assignee_user", "assignee_team", "tuned_by").order_by("pk")


_watchers: list[Callable[[Alert, User], None]] = []


def when_looked_at(watcher: Callable[[Alert, User], None]) -> Callable[[Alert, User], None]:
    """Have a function of a floor above called before a person is shown an alert by itself."""
    _watchers.append(watcher)
    return watcher


def looked_at(alert: Alert, user: User) -> Alert:
    """The alert, which the person is about to see."""
    for watcher in _watchers:
        watcher(alert, user)
    return alert
