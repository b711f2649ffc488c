"""Pure decisions about entities: which assets are critical, and why.

Patterns are those of common/wildcards.py: `*` for any run of characters, letter case aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from common.errors import Refused
from common.wildcards import Wildcards, checked_patterns
from common.words import fold
from entities.choices import ASSET_KINDS, NOT_CRITICAL, Criticality, EntityKind
from entities.trigrams import LONGEST_NAME

LEVELS = tuple(Criticality.values)
"""The highest first."""
RANK = {level: rank for rank, level in enumerate(LEVELS)}
LONGEST_NAME_OF_CLASSIFICATION = 80
MOST_REMEMBERED = 20_000
"""Assets of which a rule remembers whether they are called as it says."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A classification of critical assets, as it decides."""

    number: int
    name: str
    level: str
    kinds: frozenset[str]
    names: Wildcards
    groups: Wildcards
    attributes: tuple[tuple[str, Wildcards], ...]
    """Pairs of an attribute's name and a pattern of its value."""
    needs_all: bool
    """Whether each sort of condition must hold, or one is enough."""
    called: dict[tuple[str, str, str], bool] = field(default_factory=dict, compare=False, repr=False)
    """Kind, name and key of assets → whether they are called so: the same ones are reported time and again."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How critical an asset is, and the classification that says so; 0 where a person or its source does."""

    level: str = ""
    number: int = 0


def matches(rule: Rule, kind: str, name: str, key: str, attributes: Mapping[str, Any]) -> bool:
    """Whether an asset is one of the rule's."""
    if kind not in rule.kinds:
        return False
    asked = []
    if rule.names:
        asked.append(_is_called_so(rule, kind, name, key))
    if rule.groups:
        asked.append(any(rule.groups.fit(text) for text in texts_of(attributes.get("device_group"))))
    if rule.attributes:
        said = (any(wanted.fit(text) for text in texts_of(attributes.get(one))) for one, wanted in rule.attributes)
        asked.append(all(said) if rule.needs_all else any(said))
    return bool(asked) and (all(asked) if rule.needs_all else any(asked))


def _is_called_so(rule: Rule, kind: str, name: str, key: str) -> bool:
    known = rule.called.get((kind, name, key))
    if known is None:
        if len(rule.called) >= MOST_REMEMBERED:
            rule.called.clear()
        known = rule.called[kind, name, key] = any(rule.names.fit(text) for text in names_of(kind, name, key))
    return known


def names_of(kind: str, name: str, key: str) -> set[str]:
    """What an asset is called, folded: its name and key, a device by its host name alone as well, an account without
    its domain before it."""
    called = {fold(name[:LONGEST_NAME]), fold(key.partition(":")[2][:LONGEST_NAME])}
    if kind == EntityKind.DEVICE:
        called |= {text.partition(".")[0] for text in called}
    called |= {text.rpartition("\\")[2] for text in called}
    return called - {""}


def texts_of(value: Any) -> list[str]:
    """An attribute's value as texts to compare, each of a list by itself."""
    if value in (None, "", [], {}):
        return []
    values = value if isinstance(value, list) else [value]
    return [fold(("true" if one else "false") if isinstance(one, bool) else str(one)[:LONGEST_NAME]) for one in values]


def judge(rules: Sequence[Rule], kind: str, name: str, key: str, attributes: Mapping[str, Any]) -> Judgement:
    """The highest of what the rules and the asset's source say. `rules` in the order of `in_order`."""
    if kind not in ASSET_KINDS:
        return Judgement()
    said = said_by_source(attributes)
    for rule in rules:
        if said and RANK[said] < RANK[rule.level]:
            break
        if matches(rule, kind, name, key, attributes):
            return Judgement(rule.level, rule.number)
    return Judgement(said)


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The highest level first, then by name: the first that matches tells level and reason."""
    return tuple(sorted(rules, key=lambda rule: (RANK[rule.level], fold(rule.name), rule.number)))


def said_by_source(attributes: Mapping[str, Any]) -> str:
    """The level that the reports of an asset give it themselves; a mere "critical" is high."""
    level = attributes.get("criticality")
    if isinstance(level, str) and level in RANK:
        return level
    return str(Criticality.HIGH) if attributes.get("critical") is True else ""


def effective(by_hand: str, judged: Judgement) -> Judgement:
    """What a person has said counts, whatever the rules say."""
    return Judgement("" if by_hand == NOT_CRITICAL else by_hand) if by_hand else judged


def highest(levels: Iterable[str]) -> str:
    """The most critical of these levels; nothing where none is one."""
    return min((level for level in levels if level in RANK), key=RANK.__getitem__, default="")


# --- what a classification may say ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClassificationValues:
    """A classification as a form gives it, its texts as people typed them."""

    name: str
    level: str
    kinds: Sequence[str]
    names: Sequence[str] = ()
    groups: Sequence[str] = ()
    attributes: Sequence[str] = ()
    """`key=value` each."""
    needs_all: bool = False
    is_on: bool = True


def checked(values: ClassificationValues) -> ClassificationValues:
    """The same with tidy texts; Refused for what says nothing or too much."""
    name = " ".join(values.name.split())
    if not name or len(name) > LONGEST_NAME_OF_CLASSIFICATION or "\x00" in name:
        raise Refused(f"Give it a name of 1 to {LONGEST_NAME_OF_CLASSIFICATION} characters.", field="name")
    if values.level not in RANK:
        raise Refused(f"Choose one of {', '.join(LEVELS)}.", field="level")
    kinds = [str(kind) for kind in ASSET_KINDS if kind in values.kinds]
    if not kinds or len(kinds) < len(set(values.kinds)):
        raise Refused("Choose the types of assets it is about.", field="kinds")
    names, groups = checked_patterns(values.names, "names"), checked_patterns(values.groups, "groups")
    attributes = [_attribute(text) for text in checked_patterns(values.attributes, "attributes")]
    if not (names or groups or attributes):
        raise Refused("Say at least one condition: a name, a device group or an attribute.", field="names")
    return ClassificationValues(
        name, values.level, kinds, list(names), list(groups), attributes, values.needs_all, values.is_on
    )


def _attribute(text: str) -> str:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key or not equals or not value:
        raise Refused(f"“{text[:60]}” is no attribute; write one such as os=Windows Server*.", field="attributes")
    return f"{key}={value}"


def rule_of(number: int, values: ClassificationValues) -> Rule:
    """A classification as it decides; the same one as long as it says the same."""
    texts = (values.kinds, values.names, values.groups, values.attributes)
    return _rule(number, values.name, values.level, values.needs_all, *map(tuple, texts))


@lru_cache(maxsize=256)
def _rule(number: int, name: str, level: str, needs_all: bool, *texts: tuple[str, ...]) -> Rule:
    kinds, names, groups, attributes = texts
    pairs = (text.partition("=") for text in attributes)
    return Rule(
        number,
        name,
        level,
        frozenset(kinds),
        Wildcards.of(map(fold, names)),
        Wildcards.of(map(fold, groups)),
        tuple((key, Wildcards.of([fold(value)])) for key, _, value in pairs),
        needs_all,
    )
