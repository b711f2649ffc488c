"""Where an imported incident came from, as its page shows it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.choices import Permission
from accounts.models import User
from common.marks import time_mark
from incidents.models import ImportedLog, Incident

MOST_SHOWN = 20


def origins_shown(incident: Incident, reader: User) -> list[dict[str, Any]]:
    """The logs that it brought along, each verified when it came; who may take logs out gets them."""
    may_take = reader.may(Permission.SEE_SYSTEM_LOG)
    rows = ImportedLog.objects.filter(incident=incident).order_by("-imported_at", "place")[:MOST_SHOWN]
    return [
        {
            "number": log.number,
            "system": log.system or "another Watchfloor",
            "entries": f"{log.entries:,} {'entry' if log.entries == 1 else 'entries'}",
            "imported_by": log.imported_by,
            "imported_at": time_mark(log.imported_at),
            "sha256": log.sha256,
            "url": reverse("exports:origin_log", args=[incident.pk, log.pk]) if may_take else "",
        }
        for log in rows
    ]
