"""From an address to incidents."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import QueryDict

from accounts.models import Principal
from common.address_filter import AddressFilter
from incidents.filters.defaults import DEFAULTS, LIST_KEYS, with_defaults
from incidents.filters.names import Names
from incidents.filters.registry import FIELDS
from incidents.models import Incident


class IncidentFilter(AddressFilter[Incident, Names]):
    """The filters of an address over incidents; build it with `IncidentFilter(query, principal=…)`."""

    FIELDS, LIST_KEYS, DEFAULTS = FIELDS, LIST_KEYS, DEFAULTS
    UNSAID = ("snoozed",)
    NAMESPACE = "incidents"

    def visible(self) -> QuerySet[Incident]:
        return Incident.objects.visible_to(self.principal)

    def new_names(self, principal: Principal) -> Names:
        return Names(principal)

    @classmethod
    def with_defaults(cls, query: QueryDict) -> QueryDict:
        return with_defaults(query)
