"""Every key that alerts can be filtered by, in the order people meet them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Q

from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.filters.fields import AssigneeField, CategoryField, EntityField, TechniqueField, VocabularyField
from alerts.filters.words import AlertSearchField
from alerts.models import Alert
from common.composed import ThereIs
from common.filter_fields import Field, RangeField, TermsField, TimeField, UnknownWord, YesNoField

LARGEST_NUMBER = 2**63 - 1
DEFAULTS = {"status": ["new", "in_progress"], "severity": ["low", "medium", "high"]}
"""What the list shows when an address does not say: active alerts of any age, above informational."""
LIST_KEYS = ("sort", "columns", "after", "before", "open")
"""Keys of the list itself beside the filters."""


class AlertStatusField(TermsField):
    """The status, where “active” means new: so that a link of incidents, its path changed, means what it says."""

    def refusals(self, words: Sequence[str], names: Any) -> list[UnknownWord]:
        return super().refusals(self._meant(words), names)

    def condition(self, words: Sequence[str], names: Any) -> Q:
        return super().condition(self._meant(words), names)

    def word_label(self, word: str, names: Any) -> str:
        return super().word_label(self._meant([word])[0], names)

    @staticmethod
    def _meant(words: Sequence[str]) -> list[str]:
        return [AlertStatus.NEW.slug if word == "active" else word for word in words]


def is_restricted() -> Q:
    return Q(ThereIs(Alert.objects.filter(pk=OuterRef("pk"), incident__restricted=True), "restricted"))


_ALL: tuple[Field, ...] = (
    AlertStatusField("status", "Status", AlertStatus, icon="state"),
    TermsField("severity", "Severity", Severity, backwards=True, icon="severity"),
    AssigneeField("assignee", "Assigned to", icon="person", suggest="incidents:suggest_assignees"),
    EntityField(
        "entity", "Entity", icon="entity", suggest="incidents:suggest_entities", help="A device, user, address, file …"
    ),
    TimeField("last_activity", "Last activity", icon="time"),
    TimeField("first_activity", "First activity", icon="time"),
    TimeField("received", "Received", column="received_at", icon="date"),
    CategoryField("category", "Category", icon="tactic", help="ATT&CK tactic, or the sender's own"),
    TechniqueField("technique", "Technique", icon="technique", help="Such as T1059 or T1059.001"),
    VocabularyField("source", "Service source", icon="source"),
    VocabularyField("detection_source", "Detection source", icon="detection"),
    TermsField("classification", "Classification", Classification, icon="approval"),
    TermsField("determination", "Determination", Determination, icon="approval"),
    RangeField(
        "incident",
        "Incident",
        column="incident_id",
        largest=LARGEST_NUMBER,
        icon="incident",
        help="Its number, such as 1042",
    ),
    YesNoField("restricted", "Restricted", is_restricted, icon="restricted", help="Its incident is its members' only"),
    AlertSearchField("q", "Search", icon="search"),
)

FIELDS: dict[str, Field] = {field.key: field for field in _ALL}
"""Key → field."""
