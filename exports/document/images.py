"""The images that a report shows: only those the reader may see, and only after their bytes were compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from accounts.models import Principal
from common.markdown import read
from incidents.files import SMALL, Damaged, opened, store
from incidents.models import Attachment

LARGE_BYTES = 300_000
"""An image whose file is smaller is printed whole, another one as texts show it."""
MARK = "/attachments/"


@dataclass(slots=True)
class Images:
    """What was found of the images that the texts of a report name."""

    reader: Principal
    paths: dict[str, Path] = field(default_factory=dict)
    """By their ids: where the file of each is that will be shown."""
    damaged: dict[str, str] = field(default_factory=dict)
    """Why others are not shown, as the end of a sentence."""

    def find(self, texts: Sequence[str]) -> None:
        """Look for the images that these texts name. One statement, or none."""
        named = {number for text in texts if MARK in text for number in read(text).files}
        wanted = named - self.paths.keys() - self.damaged.keys()
        if not wanted:
            return
        rows = Attachment.objects.present().visible_to(self.reader).filter(pk__in=wanted, small_width__isnull=False)
        for attachment in rows:
            self._look_at(attachment)

    def _look_at(self, attachment: Attachment) -> None:
        small = attachment.size > LARGE_BYTES
        try:
            opened(attachment, small=small).close()
        except Damaged as damage:
            self.damaged[str(attachment.pk)] = str(damage)
        else:
            self.paths[str(attachment.pk)] = store().path(attachment.pk, SMALL if small else "")
