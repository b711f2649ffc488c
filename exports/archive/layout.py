"""What the members of an archive are called; shared by who writes and who reads one (docs/archive-format.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

FORMAT, VERSION = "watchfloor-archive", 1
MANIFEST = "manifest.json"
INCIDENT = "incident.json"
ALERTS, ENTITIES, EVIDENCE = "alerts.jsonl", "entities.jsonl", "evidence.jsonl"
TASKS, COMMENTS, ATTACHMENTS = "tasks.jsonl", "comments.jsonl", "attachments.jsonl"
LOG = "log.jsonl"
FILES, MERGED, ORIGINS = "attachments/", "merged/", "origins/"
"""Folders: files by their ids; logs of incidents that were merged into it, by their numbers; logs that it brought along
when it was imported, by ids of their own."""
ALWAYS = (INCIDENT, ALERTS, ENTITIES, EVIDENCE, TASKS, COMMENTS, ATTACHMENTS, LOG)
"""Members that every archive has, in their order."""


def list_digest(members: Sequence[dict[str, Any]]) -> str:
    """The hash of the manifest's list: of the whole archive, as far as what it holds is concerned."""
    text = json.dumps(list(members), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
