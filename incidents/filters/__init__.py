"""The queue's filters: one truth for page, API, export and saved links."""

from incidents.filters.defaults import DEFAULTS, LIST_KEYS, with_defaults
from incidents.filters.incident_filter import IncidentFilter

__all__ = ["DEFAULTS", "LIST_KEYS", "IncidentFilter", "with_defaults"]
