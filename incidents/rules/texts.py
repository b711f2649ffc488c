"""What people may write: comments, notes, reasons; and what they are told where nothing may be said."""

from __future__ import annotations

from common.errors import Refused

NOT_SEEN = "It does not exist, or you may not see it any more."
LONGEST_NOTE = 30_000
"""Characters of a comment or a resolution note."""


def check_text(text: str, field: str) -> str:
    """A comment or note without the space around it; Refused when nothing is left or it is too long."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Refused("Write something first.", field=field)
    if len(text) > LONGEST_NOTE:
        raise Refused(
            f"The text has {len(text):,} characters; {LONGEST_NOTE:,} are allowed. Shorten or split it.", field=field
        )
    if "\x00" in text:
        raise Refused("The text holds a NUL character, which cannot be stored; remove it.", field=field)
    return text


MOST_JUDGED = 500
"""Pieces of evidence in one act: it is one transaction, and the incident stays locked until it ends."""
MOST_ADDED = 200
"""Entities that are added to the evidence by hand at once."""
LONGEST_EVIDENCE_NOTE = 2_000


def check_note(text: str) -> str:
    """A note beside evidence added by hand, which may be empty; Refused when it is too long."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_EVIDENCE_NOTE:
        raise Refused(
            f"The note has {len(text):,} characters; {LONGEST_EVIDENCE_NOTE:,} are allowed. Shorten it, or write a "
            "comment.",
            field="note",
        )
    return text


LONGEST_REASON = 1_000


def check_reason(reason: str, *, required: bool = False) -> str:
    """Why something is done, without the space around it; Refused when it is too long, or is asked for and missing."""
    if not reason.strip() and not required:
        return ""
    reason = check_text(reason, "reason")
    if len(reason) > LONGEST_REASON:
        raise Refused(
            f"The reason has {len(reason):,} characters; {LONGEST_REASON:,} are allowed. Shorten it.", field="reason"
        )
    return reason
