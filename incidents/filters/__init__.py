"""The queue's filters: one truth for page, API, export and saved links.

`registry.FIELDS` holds a field per key (common/filter_fields.py, fields.py); `IncidentFilter` reads addresses by them.
"""

from incidents.filters.defaults import DEFAULTS, LIST_KEYS, with_defaults
from incidents.filters.incident_filter import IncidentFilter
from incidents.filters.registry import FIELDS

__all__ = ["DEFAULTS", "FIELDS", "LIST_KEYS", "IncidentFilter", "with_defaults"]
