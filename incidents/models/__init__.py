"""Rows of the incidents app, by what they hold."""

from incidents.models.access import BreakGlass, IncidentAccess, IncidentMember, RecordedLook
from incidents.models.attachment import Attachment
from incidents.models.bulk_act import BulkAct, BulkItem
from incidents.models.imported_log import ImportedLog
from incidents.models.incident import (
    OPEN,
    Incident,
    IncidentQuerySet,
    IncidentSearch,
    IncidentTag,
    Tag,
    TagQuerySet,
    fold_names,
)
from incidents.models.merge import Merge, Separation
from incidents.models.personal import Follower, Look, Notice
from incidents.models.reassessment import PendingIncident, Reassessment
from incidents.models.retention import RetentionRule
from incidents.models.saved_view import SavedView, ViewPlace
from incidents.models.task import Task, TaskTemplate, TaskTemplateItem

__all__ = [
    "OPEN",
    "Attachment",
    "BreakGlass",
    "BulkAct",
    "BulkItem",
    "Follower",
    "ImportedLog",
    "Incident",
    "IncidentAccess",
    "IncidentMember",
    "IncidentQuerySet",
    "IncidentSearch",
    "IncidentTag",
    "Look",
    "Merge",
    "Notice",
    "PendingIncident",
    "Reassessment",
    "RecordedLook",
    "RetentionRule",
    "SavedView",
    "Separation",
    "Tag",
    "TagQuerySet",
    "Task",
    "TaskTemplate",
    "TaskTemplateItem",
    "ViewPlace",
    "fold_names",
]
