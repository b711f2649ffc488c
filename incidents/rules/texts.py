"""What people may write: comments, notes, reasons; and what they are told where nothing may be said."""

from __future__ import annotations

from common.characters import length_problem
from common.errors import Refused

NOT_SEEN = "It does not exist, or you may not see it any more."
LONGEST_NOTE = 30_000
"""Characters of a comment or a resolution note."""


def check_text(text: str, field: str) -> str:
    """A comment or note without the space around it; Refused when nothing is left or it is too long."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Refused("Write something first.", field=field)
    return check_length(text, LONGEST_NOTE, field, way_out="Shorten or split it.")


def check_length(text: str, most: int, field: str, *, what: str = "The text", way_out: str = "Shorten it.") -> str:
    """A text that can be stored and has no more than `most` characters as people count them; Refused otherwise."""
    if problem := length_problem(text, most, what, way_out):
        raise Refused(problem, field=field)
    if "\x00" in text:
        raise Refused(f"{what} holds a NUL character, which cannot be stored; remove it.", field=field)
    return text


MOST_JUDGED = 500
"""Pieces of evidence in one act: it is one transaction, and the incident stays locked until it ends."""
MOST_ADDED = 200
"""Entities that are added to the evidence by hand at once."""
LONGEST_EVIDENCE_NOTE = 2_000


def check_note(text: str) -> str:
    """A note beside evidence added by hand, which may be empty; Refused when it is too long."""
    text = text.replace("\r\n", "\n").strip()
    return check_length(text, LONGEST_EVIDENCE_NOTE, "note", what="The note", way_out="Shorten it, or write a comment.")


LONGEST_REASON = 1_000


def check_reason(reason: str, *, required: bool = False) -> str:
    """Why something is done, without the space around it; Refused when it is too long, or is asked for and missing."""
    if not reason.strip() and not required:
        return ""
    reason = check_text(reason, "reason")
    return check_length(reason, LONGEST_REASON, "reason", what="The reason")
