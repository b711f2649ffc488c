"""Every change to alerts (`alerts.py`) and what people do to evidence (`evidence.py`)."""

from alerts.commands.alerts import (
    EvidenceFacts,
    NewAlert,
    Updates,
    assign,
    assignee_value,
    classify,
    count_repeats,
    draft_of,
    locked,
    payload_sha256,
    set_status,
    store,
    update_from_source,
)

__all__ = [
    "EvidenceFacts",
    "NewAlert",
    "Updates",
    "assign",
    "assignee_value",
    "classify",
    "count_repeats",
    "draft_of",
    "locked",
    "payload_sha256",
    "set_status",
    "store",
    "update_from_source",
]
