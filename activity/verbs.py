"""The verbs of the log: one register that gives filters, sentences and icons alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that can be recorded.

    `sentence` follows the actor's name on screen: "Ana Ruiz *assigned the incident*". It may name `{subject}`,
    `{old}` and `{new}` (of the first change) and any fact by its key.
    """

    name: str
    label: str
    icon: str
    sentence: str
    is_comment: bool = False


VERBS: dict[str, Verb] = {}


def register(*verbs: Verb) -> None:
    """Make verbs known; each app does so in its own verbs.py. Raises ValueError for a name taken by another verb."""
    for verb in verbs:
        if VERBS.get(verb.name, verb) != verb:
            raise ValueError(f"the verb {verb.name} is registered twice")
        VERBS[verb.name] = verb


COMMENTED = Verb("comment.added", "Comment added", "comment", "commented", is_comment=True)
COMMENT_EDITED = Verb("comment.edited", "Comment edited", "comment", "edited a comment", is_comment=True)
COMMENT_REMOVED = Verb("comment.removed", "Comment removed", "remove", "removed a comment", is_comment=True)
BODY_EMPTIED = Verb("body.emptied", "Text emptied", "remove", "emptied the text of an entry: {reason}")

register(COMMENTED, COMMENT_EDITED, COMMENT_REMOVED, BODY_EMPTIED)
