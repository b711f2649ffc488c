"""The log in words: what an entry says, and its values as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from activity.models import Entry
from activity.verbs import VERBS
from common.marks import absolute_time


def sentence(entry: Entry) -> str:
    """What was done, in words that follow the actor's name; a word that the entry lacks reads “…”."""
    if entry.was_written_elsewhere:
        return _brought(entry.facts["written"])
    values = {"subject": entry.subject_label, **entry.facts}
    try:
        return entry.registered_verb.sentence.format_map(_Quoted(values))
    except (ValueError, KeyError, IndexError):
        return entry.registered_verb.label


def _brought(written: Mapping[str, Any]) -> str:
    """Of a comment that came with an imported incident: who wrote it, and when."""
    edited = f", edited by {written['edited_by']}" if written["edited_by"] else ""
    return f"brought in a comment by {written['by']['label']} of {_when(written['at'])}{edited}"


def _when(text: str) -> str:
    return absolute_time(datetime.fromisoformat(text))


class _Quoted(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


SENTENCE_FACTS = (
    *("alerts_in_words", "because", "direction", "into", "origin", "reason"),
    *("sha256", "sources", "tasks", "template", "what"),
)
"""Facts of an incident's entries that its sentences name (tests/incidents/test_activity.py keeps it complete)."""
SYSTEM_FACTS = ("address", "by", "counted", "log", "number", "reason", "remote_address", "what")
"""The same of the system's own stream, and from where."""


HIDDEN_CHANGES = {
    "name_is_manual",
    "severity_is_manual",
    "alerts_total",
    "alerts_active",
    "first_activity",
    "last_activity",
    "asset_counts",
    "service_sources",
    "related_to",
}
"""Fields that entries carry so that the state can be rebuilt, but that say nothing new to a reader of the page."""


def shown_changes(entry: Entry) -> list[dict[str, str]]:
    """Old and new values in words; what an opening entry sets to nothing is left out."""
    shown = []
    for change in entry.changes:
        field, old, new = change["field"], change["old"], change["new"]
        if field in HIDDEN_CHANGES or isinstance(new, bool):
            continue
        if isinstance(old, list) and isinstance(new, list):
            words = _difference(field, old, new)
        else:
            words = in_words(old, field), in_words(new, field)
        if words[0] == words[1] or (old is None and words[1] in ("", "Not set")):
            continue
        shown.append({"field": label_of(field), "old": words[0], "new": words[1] or "nothing"})
    return shown


LABELS = {"due_at": "due date"}


def label_of(field: str) -> str:
    """A field as sentences name it."""
    return LABELS.get(field, field.replace("_", " "))


MOST_FIELDS_NAMED = 6


def summed_up(entries: Sequence[Entry], counts: Mapping[str, int]) -> str:
    """What an act came to that has several entries, in words that follow the actor's name.

    `counts` says of each verb how many entries of it there are; `entries` are those that were read, in the order of
    writing, at least all that tell of the incident itself.
    """
    own = [entry for entry in entries if not entry.subject_kind]
    parts = [_changed_fields(own)] if len(own) > 1 else [sentence(entry) for entry in own]
    of_itself = {entry.verb for entry in own}
    covered = {name for entry in own for name in entry.registered_verb.covers}
    for name in counts:
        verb = VERBS.get(name)
        if name in of_itself or name in covered:
            continue
        single = [entry for entry in entries if entry.verb == name] if counts[name] == 1 else []
        if single:
            parts.append(sentence(single[0]))
        elif verb is not None:
            parts.append((verb.many or f"{{count}} × {verb.label.lower()}").format(count=f"{counts[name]:,}"))
    return listed([part for part in parts if part])


def _changed_fields(own: Sequence[Entry]) -> str:
    """“changed 4 fields: severity, status, assignee and tags”; whatever else was done stands as it is."""
    told = [(entry, [change["field"] for change in shown_changes(entry)]) for entry in own]
    fields = list(dict.fromkeys(field for _, names in told for field in names))
    others = list(dict.fromkeys(sentence(entry) for entry, names in told if not names))
    if len(fields) < 2:
        return listed(list(dict.fromkeys(sentence(entry) for entry in own)))
    shown = fields if len(fields) <= MOST_FIELDS_NAMED else [*fields[: MOST_FIELDS_NAMED - 1], "more"]
    return listed([f"changed {len(fields)} fields ({', '.join(shown)})", *others])


def listed(parts: Sequence[str]) -> str:
    """“a, b and c”."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _difference(field: str, old: list[Any], new: list[Any]) -> tuple[str, str]:
    """Of two lists, what was taken out and what was put in."""
    gone, come = [item for item in old if item not in new], [item for item in new if item not in old]
    return in_words(gone, field), in_words(come, field) or ("nothing more" if gone else "")


TERM_FIELDS = {
    *("severity", "status", "state", "classification", "determination", "categories", "verdict", "remediation_status"),
    *("role", "theme", "density"),
}
"""Fields whose values are terms: read as words, not as people typed them."""


def in_words(value: Any, field: str = "") -> str:
    """A logged value as people read it."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value.get("label", value))
    if isinstance(value, list):
        return ", ".join(in_words(item, field) for item in value)
    if field in TIME_FIELDS:
        return absolute_time(datetime.fromisoformat(value))
    if field in TERM_FIELDS:
        return str(value).replace("_", " ").capitalize()
    return str(value)


TIME_FIELDS = {"snoozed_until", "due_at", "expires_at"}
