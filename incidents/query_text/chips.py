"""Two views of one filter: what of a search text can stand as keys of an address (as chips), and an address as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from common.filter_fields import Field, Kind, TermsField
from common.filters import ANY
from incidents.query_text.checking import words_of_term
from incidents.query_text.parsing import parse
from incidents.query_text.printing import print_query
from incidents.query_text.tree import Node, Not, Term, Value, all_of, conjuncts

TAG, TAG_ALL, TAG_NONE, TEXT = "tag", "tag_all", "tag_none", "q"


@dataclass(slots=True)
class Split:
    """A search text in two parts that must both hold."""

    keys: dict[str, list[str]] = field(default_factory=dict)
    """What an address can say by its keys."""
    text: str = ""
    """What it cannot."""


def split(text: str, fields: Mapping[str, Field]) -> Split:
    """Take the fields at the top of a text out of it; for a text that `refusals` accepts.

    A field that stands there twice asks for both. Of tags the key `tag_all` says that; what no key can say, the second
    of others, stays in the text.
    """
    found, rest = Split(), []
    for node in conjuncts(parse(text)):
        said = _as_key(node, fields)
        if said is None:
            rest.append(node)
        elif said[0] == TAG_NONE and TAG_NONE in found.keys:
            found.keys[TAG_NONE] = list(dict.fromkeys([*found.keys[TAG_NONE], *said[1]]))
        elif said[0] == TAG and len(said[1]) == 1 and len(found.keys.get(TAG, said[1])) == 1 and _asks_for_all(found):
            found.keys[TAG_ALL] = list(
                dict.fromkeys([*found.keys.pop(TAG, []), *found.keys.get(TAG_ALL, []), *said[1]])
            )
        elif said[0] in found.keys:
            rest.append(node)
        else:
            found.keys[said[0]] = said[1]
    found.text = print_query(all_of(rest))
    return found


def as_text(words: Mapping[str, Sequence[str]], fields: Mapping[str, Field]) -> str:
    """Everything that an address asks for as one text; `split` takes it apart again."""
    return print_query(all_of([*_as_nodes(words, fields)]))


def _asks_for_all(found: Split) -> bool:
    """Whether a tag has been asked for already, so that one more is asked for beside it."""
    return bool(found.keys.keys() & {TAG, TAG_ALL})


def _as_key(node: Node, fields: Mapping[str, Field]) -> tuple[str, list[str]] | None:
    if isinstance(node, Term):
        return node.key, words_of_term(node, fields[node.key])
    if isinstance(node, Not) and isinstance(node.operand, Term):
        term, known = node.operand, fields[node.operand.key]
        if term.key == TAG:
            return TAG_NONE, words_of_term(term, known)
        if type(known) is TermsField and ANY not in term.words:
            others = [slug for slug in known.terms.slugs() if slug not in term.words]
            return (term.key, others) if others else None
    return None


def _as_nodes(words: Mapping[str, Sequence[str]], fields: Mapping[str, Field]) -> Iterator[Node]:
    for key, said in words.items():
        known = fields.get(key)
        if known is None or not said:
            continue
        if known.kind is Kind.TEXT:
            for text in said:
                yield from conjuncts(parse(text))
            continue
        values = tuple(Value(word) for word in said)
        yield Not(Term(TAG, values)) if key == TAG_NONE else Term(key, values)
