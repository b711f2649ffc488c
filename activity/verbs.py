"""The verbs of the log: one register that gives filters, sentences and icons alike."""

from __future__ import annotations

from dataclasses import dataclass

from common.terms import NamedTerms


class Group(NamedTerms):
    """What verbs are about, as filters offer it."""

    COMMENTS = "comments", "Comments"
    ATTACHMENTS = "attachments", "Attachments"
    STATUS = "status", "Status and resolution"
    ASSIGNMENT = "assignment", "Assignment"
    CLASSIFICATION = "classification", "Classification"
    NAMING = "naming", "Name and severity"
    TAGS = "tags", "Tags"
    ALERTS = "alerts", "Alerts"
    EVIDENCE = "evidence", "Assets and evidence"
    TASKS = "tasks", "Tasks"
    DATES = "dates", "Due dates and snoozing"
    MERGES = "merges", "Merges and moves"
    ACCESS = "access", "Who may see it"
    FOLLOWING = "following", "Following"
    UNDOING = "undoing", "Taken back"
    EXPORTS = "exports", "Taken out"
    OTHER = "other", "Other"


class SystemGroup(NamedTerms):
    """The same of what concerns no incident, or not its work."""

    SIGN_IN = "sign_in", "Signing in and out"
    PEOPLE = "people", "People and rights"
    TOKENS = "tokens", "Tokens and their use"
    SIGHT = "sight", "Looks at restricted incidents"
    EXPORTS = "exports", "Taken out"
    SETTINGS = "settings", "Rules and settings"
    CRITICAL = "critical_assets", "Critical assets"
    BULK = "bulk", "Bulk acts"
    VIEWS = "views", "Saved views"


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
    many: str = ""
    """The same of `{count}` subjects in one act, such as "resolved {count} alerts"."""
    covers: tuple[str, ...] = ()
    """Verbs of which its own sentence tells already, where one act recorded both."""


VERBS: dict[str, Verb] = {}
GROUPS: dict[str, Group | SystemGroup] = {}
"""Name of a verb → what it is about."""


def comment_verbs() -> list[str]:
    """Names of what concerns the text of a comment: writing, editing and removing it."""
    return [verb.name for verb in VERBS.values() if verb.is_comment]


def register(*verbs: Verb, group: Group | SystemGroup = Group.OTHER) -> None:
    """Make verbs known; each app does so in its own verbs.py. Raises ValueError for a name taken by another verb."""
    for verb in verbs:
        if VERBS.get(verb.name, verb) != verb:
            raise ValueError(f"the verb {verb.name} is registered twice")
        VERBS[verb.name], GROUPS[verb.name] = verb, group


def verbs_of(group: str) -> list[str]:
    """Names of the verbs that are about it, by the group's word."""
    return [name for name, each in GROUPS.items() if each == group]


COMMENTED = Verb("comment.added", "Comment added", "comment", "commented", is_comment=True)
COMMENT_EDITED = Verb("comment.edited", "Comment edited", "comment", "edited a comment", is_comment=True)
COMMENT_REMOVED = Verb("comment.removed", "Comment removed", "remove", "removed a comment", is_comment=True)
BODY_EMPTIED = Verb("body.emptied", "Text emptied", "remove", "emptied the text of an entry: {reason}")

register(COMMENTED, COMMENT_EDITED, COMMENT_REMOVED, group=Group.COMMENTS)
register(BODY_EMPTIED)
