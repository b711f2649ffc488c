"""Tactics and techniques of MITRE ATT&CK in the spellings that senders use."""

from __future__ import annotations

import re
from collections.abc import Iterable

from alerts.choices import Tactic
from common.fields import fold_word
from ingest import limits

_TACTIC_IDS = {
    "ta0043": Tactic.RECONNAISSANCE,
    "ta0042": Tactic.RESOURCE_DEVELOPMENT,
    "ta0001": Tactic.INITIAL_ACCESS,
    "ta0002": Tactic.EXECUTION,
    "ta0003": Tactic.PERSISTENCE,
    "ta0004": Tactic.PRIVILEGE_ESCALATION,
    "ta0005": Tactic.DEFENSE_EVASION,
    "ta0006": Tactic.CREDENTIAL_ACCESS,
    "ta0007": Tactic.DISCOVERY,
    "ta0008": Tactic.LATERAL_MOVEMENT,
    "ta0009": Tactic.COLLECTION,
    "ta0011": Tactic.COMMAND_AND_CONTROL,
    "ta0010": Tactic.EXFILTRATION,
    "ta0040": Tactic.IMPACT,
}

_OTHER_WORDS = {
    "preattack": Tactic.RECONNAISSANCE,
    "probing": Tactic.RECONNAISSANCE,
    "commandcontrol": Tactic.COMMAND_AND_CONTROL,
    "c2": Tactic.COMMAND_AND_CONTROL,
    "defenceevasion": Tactic.DEFENSE_EVASION,
    "exploitation": Tactic.EXPLOIT,
}
"""Older and regional spellings; "Probing" and "Exploitation" are intents of Microsoft Defender for Cloud."""

TACTICS: dict[str, Tactic] = {fold_word(tactic.value): tactic for tactic in Tactic} | _TACTIC_IDS | _OTHER_WORDS

_SAYS_NOTHING = frozenset({"", "unknown", "none", "notset", "null", "unknownfuturevalue"})

_TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?", re.ASCII)


def category_slug(word: str) -> str:
    """A tactic's slug; any other category as the sender's words, slugified; empty for a word that says nothing."""
    folded = fold_word(word)
    if folded in _SAYS_NOTHING:
        return ""
    return TACTICS[folded].slug if folded in TACTICS else slugify(word)


def category_slugs(words: Iterable[str]) -> tuple[str, ...]:
    """Categories in the order given, each once, at most as many as an alert may have."""
    slugs = dict.fromkeys(slug for word in words if (slug := category_slug(word)))
    return tuple(slugs)[: limits.CATEGORIES_PER_ALERT]


def technique_ids(words: Iterable[str]) -> tuple[str, ...]:
    """Technique ids such as T1059.001, each once; what is none is left out."""
    ids = dict.fromkeys(word.strip().upper() for word in words if is_technique(word))
    return tuple(ids)[: limits.TECHNIQUES_PER_ALERT]


def is_technique(word: str) -> bool:
    return _TECHNIQUE.fullmatch(word.strip().upper()) is not None


def slugify(words: str) -> str:
    """Words in lower case joined by underscores; “SuspiciousActivity” becomes “suspicious_activity”."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words[: limits.CATEGORY])
    return re.sub(r"[\W_]+", "_", spaced.lower()).strip("_")[: limits.CATEGORY]
