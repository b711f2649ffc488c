"""From an address to alerts."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Principal
from alerts.filters.names import Names
from alerts.filters.registry import DEFAULTS, FIELDS, LIST_KEYS
from alerts.models import Alert
from common.address_filter import AddressFilter


class AlertFilter(AddressFilter[Alert, Names]):
    """The filters of an address over alerts; build it with `AlertFilter(query, principal=…)`."""

    FIELDS, LIST_KEYS, DEFAULTS = FIELDS, LIST_KEYS, DEFAULTS
    NAMESPACE = "alerts"

    def visible(self) -> QuerySet[Alert]:
        return Alert.objects.visible_to(self.principal)

    def new_names(self, principal: Principal) -> Names:
        return Names(principal)
