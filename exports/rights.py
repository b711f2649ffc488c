"""With what rights a file is made, and what it is made of, each as a digest: equal where the file would be the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from accounts.models import Principal, User
from activity.models import Entry
from exports.choices import Format
from exports.options import ReportOptions
from incidents import verbs
from incidents.models import Incident


def rights_of(principal: Principal) -> str:
    """What decides which rows a person or token sees: what they may at this moment, and the restricted incidents that
    are open to them. Equal for people who see the same."""
    restricted = sorted(Incident.objects.named_to(principal).values_list("pk", flat=True))
    kind = "person" if isinstance(principal, User) else "token"
    return _digest([kind, sorted(principal.rights), restricted])


def key_of(incident: Incident, sequence: int, format: Format, options: ReportOptions | None, rights: str) -> str:
    """What a file is made of."""
    told = options.as_json() if options else {}
    return _digest([incident.pk, incident.version, sequence, format, told, rights])


def last_sequence(incident: Incident) -> int:
    """The incident's last entry. That it was taken out changes nothing of what a file says of it."""
    rows = Entry.objects.of_incident(incident.pk).exclude(verb=verbs.EXPORTED.name).order_by("-sequence")
    return rows.values_list("sequence", flat=True).first() or 0


def _digest(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
