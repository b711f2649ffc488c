"""Finding the alerts that an address names."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.models import Principal
from alerts.models import Alert


def visible_alerts(principal: Principal, alert_ids: Sequence[int]) -> QuerySet[Alert]:
    """Those of the alerts that this person or token may see, with what their form and their pane show."""
    rows = Alert.objects.visible_to(principal).filter(pk__in=[number for number in alert_ids if number < 2**63])
    return rows.select_related("incident", "assignee_user", "assignee_team", "tuned_by").order_by("pk")
