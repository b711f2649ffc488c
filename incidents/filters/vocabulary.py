"""The words that senders use: service and detection sources, categories, techniques, device groups, OS platforms.

Nobody keeps a list of them, so a word is known when an incident the person may see has it. What recent incidents say is
kept for a minute; an older word is looked up by the index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from django.core.cache import cache
from django.db import connection
from django.db.models import CharField, Q, QuerySet, Value

from accounts.models import Principal, User
from incidents.facets import Facet, facet
from incidents.models import Incident

SOURCE = "source"
"""The service sources, which have a column of their own."""
RECENT = 3_000
"""Of open incidents, and of all, whose words are read."""
KEPT = 60
"""Seconds."""

Words = dict[str, list[str]]
"""Kind of word → the words, the commonest first."""

RECENT_WORDS = """
SELECT kind, word FROM (
    SELECT split_part(facet, ':', 1) AS kind, substr(facet, strpos(facet, ':') + 1) AS word, count(*) AS number
    FROM ({incidents}) AS recent, unnest(recent.facets) AS facet WHERE strpos(facet, ':') > 0 GROUP BY facet
    UNION ALL
    SELECT 'source', word, count(*) FROM ({incidents}) AS recent, unnest(recent.service_sources) AS word GROUP BY word
) AS counted ORDER BY number DESC, word
"""


def has(kind: str, words: Sequence[str]) -> Q:
    """Incidents with any of these words, by the index over the array."""
    if kind == SOURCE:
        return Q(service_sources__overlap=list(words))
    return Q(facets__overlap=[facet(Facet(kind), word) for word in words])


def recent_words(principal: Principal) -> Words:
    """What recent incidents say that this person may see: of the unrestricted ones, and of those they are named to."""
    ordinary = Incident.objects.filter(restricted=False)
    words = _kept("everybody", [ordinary.open(), ordinary])
    if isinstance(principal, User):
        theirs = _kept(f"user:{principal.pk}", [Incident.objects.filter(restricted=True, members__user=principal)])
        for kind, more in theirs.items():
            words[kind] = list(dict.fromkeys([*words.get(kind, ()), *more]))
    return words


def spelled(kind: str, words: Iterable[str], principal: Principal) -> dict[str, str]:
    """Each word that is known, as the incidents spell it; without the unknown ones."""
    known = {word: word for word in recent_words(principal).get(kind, ())}
    by_fold = {word.casefold(): word for word in known}
    found, rest = {}, []
    for word in words:
        same = known.get(word) or by_fold.get(word.casefold())
        if same:
            found[word] = same
        else:
            rest.append(word)
    return found | {word: word for word in _in_the_archive(kind, rest, principal)}


def _in_the_archive(kind: str, words: Sequence[str], principal: Principal) -> set[str]:
    """Those of the words that any incident of any age has; one statement, one look into the index per word."""
    if not words:
        return set()
    visible = Incident.objects.visible_to(principal)
    arms = [
        visible.filter(has(kind, [word])).annotate(word=Value(word, CharField())).values_list("word")[:1]
        for word in words
    ]
    return {word for (word,) in (arms[0].union(*arms[1:], all=True) if len(arms) > 1 else arms[0])}


def _kept(name: str, incidents: Sequence[QuerySet[Incident]]) -> Words:
    key = f"vocabulary:{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    words: Words | None = cache.get(key)
    if words is None:
        words = _read(incidents)
        cache.set(key, words, KEPT)
    return words


def _read(incidents: Sequence[QuerySet[Incident]]) -> Words:
    newest = [rows.order_by("-last_activity", "-pk").values("facets", "service_sources")[:RECENT] for rows in incidents]
    recent = newest[0].union(*newest[1:], all=True) if len(newest) > 1 else newest[0]
    sql, parameters = recent.query.sql_with_params()
    words: Words = {}
    with connection.cursor() as cursor:
        cursor.execute(RECENT_WORDS.format(incidents=sql), [*parameters, *parameters])
        for kind, word in cursor.fetchall():
            words.setdefault(kind, []).append(word)
    return words


def matching(words: Mapping[str, Sequence[str]], kind: str, text: str, most: int) -> list[str]:
    """Words of a kind that begin with the text, then those that contain it."""
    text = text.strip().casefold()
    of_kind = words.get(kind, ())
    starting = [word for word in of_kind if word.casefold().startswith(text)]
    containing = [word for word in of_kind if text in word.casefold() and not word.casefold().startswith(text)]
    return [*starting, *containing][:most]
