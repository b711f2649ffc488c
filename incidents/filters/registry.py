"""Every key that incidents can be filtered by, in the order people meet them."""

from __future__ import annotations

from alerts.choices import Classification, Determination, Severity
from alerts.filters.fields import AssigneeField, CategoryField, TechniqueField, VocabularyField
from common.filter_fields import Field, RangeField, TermsField, TimeField, YesNoField
from incidents.choices import DueWhen, IncidentStatus, TaskProgress
from incidents.facets import Facet
from incidents.filters.fields import (
    AllTagsField,
    DueField,
    EntityField,
    FacetTermsField,
    NoTagsField,
    PersonalField,
    ResolverField,
    TagField,
    TaskAssigneeField,
    TasksField,
    is_awake,
    is_commented,
    is_followed,
    is_restricted,
    is_snoozed,
    is_unread,
)
from incidents.filters.text import TextField

LARGEST_NUMBER = 2**63 - 1
BANDS = {
    "high": ("86..100", "High, above 85"),
    "medium": ("15..85", "Medium, 15 to 85"),
    "low": ("0..14", "Low, below 15"),
}

_ALL: tuple[Field, ...] = (
    TermsField("status", "Status", IncidentStatus, icon="state"),
    TermsField("severity", "Severity", Severity, backwards=True, icon="severity"),
    AssigneeField("assignee", "Assigned to", icon="person", suggest="incidents:suggest_assignees"),
    TagField("tag", "Tags", icon="tag", suggest="incidents:suggest_tags", help="Any of these"),
    AllTagsField("tag_all", "All tags", icon="tag", suggest="incidents:suggest_tags", help="Every one of these"),
    NoTagsField("tag_none", "Without tags", icon="tag", suggest="incidents:suggest_tags", help="None of these"),
    RangeField("priority", "Priority", largest=100, bands=BANDS, icon="priority", help="0 to 100, such as 50..90"),
    EntityField(
        "entity", "Entity", icon="entity", suggest="incidents:suggest_entities", help="A device, user, address, file …"
    ),
    TimeField("last_activity", "Last activity", icon="time"),
    TimeField("first_activity", "First activity", icon="time"),
    TimeField("created", "Created", column="created_at", icon="date"),
    TimeField("updated", "Updated", column="updated_at", icon="date"),
    CategoryField("category", "Category", icon="tactic", of=Facet.CATEGORY, help="ATT&CK tactic, or the sender's own"),
    TechniqueField("technique", "Technique", icon="technique", of=Facet.TECHNIQUE, help="Such as T1059 or T1059.001"),
    FacetTermsField(
        "alert_severity",
        "Alert severity",
        Severity,
        Facet.ALERT_SEVERITY,
        backwards=True,
        icon="alert",
        help="Of any of its alerts",
    ),
    VocabularyField("source", "Service source", icon="source"),
    VocabularyField("detection_source", "Detection source", icon="detection", of=Facet.DETECTION_SOURCE),
    TermsField("classification", "Classification", Classification, icon="approval"),
    TermsField("determination", "Determination", Determination, icon="approval"),
    RangeField("alerts", "Alerts", column="alerts_total", icon="alert", help="How many, such as 5..20 or 5.."),
    DueField("due", "Due", DueWhen, icon="date", help="When it shall be dealt with"),
    TasksField("tasks", "Tasks", TaskProgress, icon="task", help="How far its tasks are"),
    TaskAssigneeField(
        "task_assignee",
        "Task assigned to",
        icon="task",
        suggest="incidents:suggest_assignees",
        help="Of any open task of it",
    ),
    YesNoField("commented", "Commented", is_commented, icon="comment", help="Somebody commented on it"),
    ResolverField("resolved_by", "Resolved by", icon="resolve", suggest="incidents:suggest_assignees"),
    VocabularyField("device_group", "Device group", icon="device", of=Facet.DEVICE_GROUP),
    VocabularyField("os_platform", "OS platform", icon="process", of=Facet.OS_PLATFORM),
    YesNoField("snoozed", "Snoozed", is_snoozed, is_awake, icon="snooze", help="Asleep until a time or a new alert"),
    PersonalField("unread", "Unread", is_unread, icon="unread", help="Changed by others since you looked, or new"),
    PersonalField("followed", "Followed", is_followed, icon="follow", help="You are told of its changes"),
    YesNoField("restricted", "Restricted", is_restricted, icon="restricted", help="Seen by its members only"),
    RangeField("number", "Number", column="id", largest=LARGEST_NUMBER, icon="number", help="Such as 1042"),
    TextField("q", "Search", icon="search"),
)

FIELDS: dict[str, Field] = {field.key: field for field in _ALL}
"""Key → field."""
TextField.fields = FIELDS
