"""What an address of the tabs Assets and Evidence asks for, and the links that lead from it to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from alerts.choices import Verdict
from common.marks import entity_icon
from common.pagination import BadCursor
from common.query_strings import address, check_keys
from entities.choices import EntityKind

KEYS = ("type", "verdict", "q", "after")
LONGEST_SEARCH = 300
RANKED = (Verdict.UNKNOWN, Verdict.NO_THREATS_FOUND, Verdict.SUSPICIOUS, Verdict.MALICIOUS)
"""What alerts of one incident find of the same entity may differ: the worst stands for all."""


class BadQuestion(ValueError):
    """The address asks for something that the tab does not know, in a sentence, and under which key."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    kind: EntityKind | None = None
    verdict: Verdict | None = None
    text: str = ""
    after: tuple[int, int] | None = None
    """Alerts and id of the last entity of the page before."""

    @classmethod
    def of(cls, query: QueryDict, kinds: Sequence[EntityKind]) -> Asked:
        """Raises UnknownKeys or BadQuestion for an address that means nothing."""
        check_keys(query, KEYS)
        kind, verdict = query.get("type", ""), query.get("verdict", "")
        if kind and kind not in kinds:
            raise BadQuestion("type", f"“{kind[:40]}” is no type here; known are {', '.join(map(str, kinds))}.")
        if verdict and verdict not in Verdict.values:
            raise BadQuestion("verdict", f"“{verdict[:40]}” is no verdict; known are {', '.join(Verdict.values)}.")
        text = query.get("q", "").replace("\x00", "").strip()
        if len(text) > LONGEST_SEARCH:
            raise BadQuestion("q", f"The search text is too long; use at most {LONGEST_SEARCH} characters.")
        return cls(
            EntityKind(kind) if kind else None, Verdict(verdict) if verdict else None, text, _cursor(query.get("after"))
        )


def _cursor(word: str | None) -> tuple[int, int] | None:
    if not word:
        return None
    alerts, dot, entity = word.partition(".")
    if not dot or not all(each.isascii() and each.isdigit() and len(each) < 19 for each in (alerts, entity)):
        raise BadCursor("The link to this page is damaged; start from the first.")
    return int(alerts), int(entity)


def kind_links(
    path: str,
    state: Mapping[str, list[str]],
    counts: Mapping[EntityKind, int],
    asked: Asked,
    kinds: Sequence[EntityKind],
) -> list[dict[str, Any]]:
    links = [{"label": "All", "count": sum(counts.values()), "kind": None}]
    links += [
        {"label": kind.label, "count": counts.get(kind, 0), "kind": kind, "icon": entity_icon(kind)}
        for kind in kinds
        if kind in counts or kind == asked.kind
    ]
    plain = {key: values for key, values in state.items() if key != "type"}
    for link in links:
        kind = link.pop("kind")
        link["url"] = address(path, plain | ({"type": [str(kind)]} if kind else {}))
        link["current"] = kind == asked.kind
    return links


def verdict_links(path: str, state: Mapping[str, list[str]], asked: Asked) -> list[dict[str, Any]]:
    plain = {key: values for key, values in state.items() if key != "verdict"}
    links = [{"label": "Any verdict", "url": address(path, plain), "current": asked.verdict is None}]
    for verdict in reversed(RANKED):
        url = address(path, plain | {"verdict": [str(verdict)]})
        links.append({"label": verdict.label, "url": url, "current": verdict == asked.verdict})
    return links
