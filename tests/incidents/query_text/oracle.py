"""What a search text should find, said a second time in plain Python over a few dozen incidents in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from common.words import lexeme, words_of
from incidents.query_text import parse, print_query
from incidents.query_text.tree import And, Node, Not, Or, Term, Value, Word, all_of, leaves, negation

FAR_PAST, FAR_FUTURE = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
DEFAULTS = {"status": ["active", "in_progress"], "severity": ["low", "medium", "high"], "snoozed": ["no"]}


@dataclass(slots=True)
class Facts:
    """One incident, as the tests made it."""

    number: int
    name: str = ""
    titles: list[str] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    entities: list[str] = field(default_factory=list)
    """Folded keys and names."""
    one_of: dict[str, set[str]] = field(default_factory=dict)
    """Key → the values that ask for this incident, folded."""
    amounts: dict[str, int] = field(default_factory=dict)
    moments: dict[str, datetime] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)


def wants(keys: Mapping[str, list[str]], text: str, facts: Facts, now: datetime) -> bool:
    """Whether an address with these keys and this text lists the incident."""
    tree = parse(text)
    mentioned = {leaf.key for leaf in leaves(tree) if isinstance(leaf, Term)}
    said = {key: words for key, words in DEFAULTS.items() if key not in mentioned} | dict(keys)
    return all(_has(key, words, facts, now) for key, words in said.items()) and _holds(tree, facts, now)


def _holds(node: Node | None, facts: Facts, now: datetime) -> bool:
    if node is None:
        return True
    if isinstance(node, Not):
        return not _holds(node.operand, facts, now)
    if isinstance(node, And):
        return all(_holds(operand, facts, now) for operand in node.operands)
    if isinstance(node, Or):
        return any(_holds(operand, facts, now) for operand in node.operands)
    if isinstance(node, Term):
        return _has(node.key, node.words, facts, now)
    return _says(node.text, facts)


def _says(text: str, facts: Facts) -> bool:
    runs = [lexeme(run) for run in text.split()]
    runs = [run for run in runs if run]
    if not runs:
        return True
    digits = text.strip().removeprefix("#")
    if digits.isdigit() and int(digits) == facts.number:
        return True
    part = lexeme(" ".join(text.split()))
    if len(part) >= 3 and any(part in name for name in facts.entities):
        return True
    if not all(any(word.startswith(run) for word in facts.words) for run in runs):
        return False
    phrase = " ".join(text.split()).casefold()
    return len(text.split()) < 2 or any(phrase in title.casefold() for title in [facts.name, *facts.titles])


def _has(key: str, words: list[str], facts: Facts, now: datetime) -> bool:
    if "any" in words:
        return True
    if key in facts.amounts:
        return any(_amounts_to(word, facts.amounts[key]) for word in words)
    if key in facts.moments:
        return any(_falls_in(word, facts.moments[key], now) for word in words)
    tags = {word.casefold() for word in words}
    if key == "tag":
        return bool(tags & facts.tags)
    if key == "tag_all":
        return tags <= facts.tags
    if key == "tag_none":
        return not tags & facts.tags
    return any(word.casefold() in facts.one_of[key] for word in words)


def _amounts_to(word: str, amount: int) -> bool:
    if ".." in word:
        low, _, high = word.partition("..")
        return int(low or 0) <= amount <= int(high or 10**9)
    compare: dict[str, Callable[[int], bool]] = {
        ">=": lambda limit: amount >= limit,
        "<=": lambda limit: amount <= limit,
        ">": lambda limit: amount > limit,
        "<": lambda limit: amount < limit,
        "": lambda limit: amount == limit,
    }
    sign = next(sign for sign in compare if word.startswith(sign))
    return compare[sign](int(word.removeprefix(sign)))


def _falls_in(word: str, moment: datetime, now: datetime) -> bool:
    """The forms that `random_query` writes; days are days of UTC."""
    if word.startswith((">-", "<-")):
        days_ago = now - timedelta(days=int(word[2:-1]))
        return moment >= days_ago if word[0] == ">" else moment < days_ago
    if ".." in word:
        low, _, high = word.partition("..")
        return (
            (_midnight(low) if low else FAR_PAST)
            <= moment
            < (_midnight(high) + timedelta(days=1) if high else FAR_FUTURE)
        )
    if word.startswith(">="):
        return moment >= _midnight(word[2:])
    if word.startswith("<"):
        return moment < _midnight(word[1:])
    return _midnight(word) <= moment < _midnight(word) + timedelta(days=1)


def _midnight(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Queries:
    """Random queries over what there is: search texts, and keys beside them."""

    def __init__(self, seed: int, values: Mapping[str, list[str]], words: list[str]) -> None:
        self.random, self.values, self.words = Random(seed), values, words

    def next(self) -> tuple[dict[str, list[str]], str]:
        """Keys of an address, and its search text."""
        keys = self.random.sample(list(self.values), self.random.choice([0, 0, 1, 1, 2]))
        said = {key: self._some(key) for key in keys}
        if self.random.random() < 0.5:
            said |= {key: ["any"] for key in DEFAULTS}
        return said, print_query(self._tree(self.random.choice([0, 0, 1, 2, 3])))

    def _tree(self, depth: int) -> Node | None:
        if self.random.random() < 0.05:
            return None
        return self._node(depth)

    def _node(self, depth: int) -> Node:
        kind = self.random.choice(["leaf", "and", "and", "or", "not"]) if depth else "leaf"
        if kind == "leaf":
            return self._leaf()
        if kind == "not":
            return negation(self._node(depth - 1))
        nodes = [self._node(depth - 1) for _ in range(self.random.choice([2, 2, 3]))]
        if kind == "and":
            return all_of(nodes) or nodes[0]
        return Or(tuple(part for node in nodes for part in (node.operands if isinstance(node, Or) else (node,))))

    def _leaf(self) -> Node:
        if self.random.random() < 0.35:
            return Word(self._word())
        key = self.random.choice(list(self.values))
        return Term(key, tuple(Value(value) for value in self._some(key)))

    def _some(self, key: str) -> list[str]:
        return self.random.sample(self.values[key], min(len(self.values[key]), self.random.choice([1, 1, 2, 3])))

    def _word(self) -> str:
        """A word that is there, a part of one, two of them as a phrase, or one that is not there."""
        word = self.random.choice(self.words)
        kind = self.random.choice(["whole", "beginning", "part", "phrase", "nowhere"])
        if kind == "beginning":
            return word[: self.random.randint(min(2, len(word)), len(word))]
        if kind == "part":
            start = self.random.randint(0, max(0, len(word) - 3))
            return word[start : start + self.random.randint(3, 8)].strip() or word
        return {"whole": word, "phrase": self.random.choice(self.words), "nowhere": "zzqx"}[kind]


def folded_words(texts: list[str]) -> set[str]:
    return words_of(texts)
