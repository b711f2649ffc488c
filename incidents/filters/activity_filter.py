"""From an address to entries of an incident's log."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from accounts.models import Principal
from activity.models import Entry
from common.address_filter import AddressFilter
from common.filter_fields import Field
from incidents.filters.activity_fields import FIELDS
from incidents.filters.activity_names import ActivityNames

PAGES = {"queue": "activity", "filter": "filter_activity", "apply_filter": "apply_activity_filter"}


class ActivityFilter(AddressFilter[Entry, ActivityNames]):
    """The filters of an address over the logs of an incident, which the principal may see, and of those that were
    merged into it, as far as they may see these."""

    FIELDS, DEFAULTS = FIELDS, {}
    LIST_KEYS = ("sort", "after", "before", "entry")
    NAMESPACE = "activity"

    def __init__(self, data: QueryDict, *, principal: Principal, incident: int, merged: Sequence[int] = ()) -> None:
        self.incident, self.numbers = incident, [incident, *merged]
        super().__init__(data, principal=principal)

    def visible(self) -> QuerySet[Entry]:
        return Entry.objects.filter(incident__in=self.numbers)

    def new_names(self, principal: Principal) -> ActivityNames:
        return ActivityNames(self.numbers, principal)

    def address_of(self, page: str) -> str:
        return reverse(f"incidents:{PAGES[page]}", args=[self.incident])

    def suggest_url(self, field: Field) -> str:
        return reverse("incidents:suggest_activity", args=[self.incident, field.key])

    @property
    def noun(self) -> str:
        return f"the activity of #{self.incident}"
