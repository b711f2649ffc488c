"""Small ready-made pieces of HTML about entities, for rows (see common/marks.py)."""

from __future__ import annotations

from django.utils.safestring import SafeString

from common.marks import crown_mark
from entities.choices import Criticality


def crown(level: str) -> SafeString:
    """The crown of an asset of this level, as its row has it; nothing where it is not critical."""
    return crown_mark(Criticality(level) if level in Criticality.values else None)
