"""What can stand where somebody is typing: fields, and the values of a field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.html import format_html
from lark import Token
from lark.exceptions import UnexpectedInput

from accounts.models import User
from alerts.choices import Severity
from alerts.filters.fields import VocabularyField
from common.filter_fields import Field, Kind, TermsField
from common.filters import ANY
from common.marks import entity_icon, person_mark, severity_mark, status_mark, tag_mark
from common.time_ranges import range_in_words
from entities.choices import EntityKind
from entities.naming import word_of
from incidents.choices import IncidentStatus, TagKind
from incidents.filters.defaults import DEFAULTS
from incidents.filters.vocabulary import recent_words
from incidents.queries.entities import entities_like
from incidents.queries.people import MOST, assignable, tags_like
from incidents.query_text.parsing import parser, unquoted
from incidents.query_text.printing import print_value
from incidents.query_text.tree import Span

SHOWN = 60
"""Characters of an entity's name."""
SPANS = ("1h", "1d", "3d", "7d", "30d", "180d")
_REST_OF_VALUE = re.compile(r'[^\s()",]*')
_REST_OF_KEY = re.compile(r"[A-Za-z0-9_]*:?")


@dataclass(frozen=True, slots=True)
class Option:
    """Something to put in the place of what was typed."""

    insert: str
    label: str
    hint: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What fits at the cursor. `quiet`: nothing has been typed that asks for it, so it shows when called for only."""

    options: list[Option]
    replaced: Span
    title: str = ""
    quiet: bool = False
    goes_on: bool = False
    """Choosing one asks for what can follow it."""


@dataclass(slots=True)
class Place:
    """Where the cursor stands in a text."""

    key: str
    """The field whose value is being typed, or "" where a word or field begins."""
    typed: str
    """What has been typed of it."""
    replaced: Span
    siblings: list[str] = field(default_factory=list)
    """Values the field has already."""


def complete(text: str, at: int, fields: Mapping[str, Field], user: User) -> Completion:
    """What fits before the cursor at this character. Nobody is shown a name that they may not know of."""
    place = place_in(text, at)
    if place is None:
        return Completion([], Span(at, at))
    if not place.key:
        options = list(_fields(place.typed, fields))
        return Completion(options, place.replaced, "Fields", quiet=not place.typed, goes_on=True)
    known = fields.get(place.key)
    if known is None or known.kind is Kind.TEXT:
        return Completion([], place.replaced)
    found = _values(known, place.typed, user)
    options = [option for option in found if option.insert not in {print_value(value) for value in place.siblings}]
    return Completion(options[: 2 * MOST], place.replaced, known.label)


def place_in(text: str, at: int) -> Place | None:
    """What is being typed at the cursor; None behind something that is not understood."""
    before = text[:at]
    reading = parser().parse_interactive(before)
    tokens: list[Token] = []
    unclosed = None
    try:
        for token in reading.iter_parse():
            tokens.append(token)
    except UnexpectedInput as error:
        position = error.pos_in_stream
        if position is None or before[position : position + 1] != '"':
            return None
        unclosed = position
    is_adjacent = bool(tokens) and tokens[-1].end_pos == at
    if unclosed is not None:
        end = text.find('"', at)
        return _place(tokens, before[unclosed + 1 :], Span(unclosed, end + 1 if end >= 0 else at))
    if is_adjacent and tokens[-1].type in ("VALUE", "QUOTED", "WORD"):
        last = tokens.pop()
        assert last.start_pos is not None
        typed = unquoted(str(last)) if last.type == "QUOTED" else str(last)
        place = _place(tokens, typed, Span(last.start_pos, at))
        if last.type != "QUOTED":
            rest = (_REST_OF_VALUE if place.key else _REST_OF_KEY).match(text, at)
            assert rest is not None
            place.replaced = Span(last.start_pos, rest.end())
        return place
    return _place(tokens, "", Span(at, at))


def _place(tokens: list[Token], typed: str, replaced: Span) -> Place:
    """The place behind these tokens."""
    if not tokens or tokens[-1].type not in ("KEY", "_COMMA"):
        return Place("", typed, replaced)
    start = max(index for index, token in enumerate(tokens) if token.type == "KEY")
    values = [token for token in tokens[start + 1 :] if token.type != "_COMMA"]
    siblings = [unquoted(str(token)) if token.type == "QUOTED" else str(token) for token in values]
    return Place(str(tokens[start])[:-1].lower(), typed, replaced, siblings)


def _fields(typed: str, fields: Mapping[str, Field]) -> Iterator[Option]:
    """Fields whose name begins with what was typed, then those whose label has a word that does."""
    wanted = typed.casefold()
    shown = [each for each in fields.values() if each.kind is not Kind.TEXT]
    first = [each for each in shown if each.key.startswith(wanted)]
    then = [each for each in shown if each not in first and _begins(wanted, each.label)]
    for each in [*first, *then]:
        yield Option(f"{each.key}:", f"{each.key}:", each.help or each.label)


def _values(known: Field, typed: str, user: User) -> Iterable[Option]:
    wanted = typed.casefold()
    if known.kind is Kind.PEOPLE:
        return [*_fixed(known, wanted), *_people(known, typed, user)]
    if known.kind is Kind.TAGS:
        tags = tags_like(typed, user, tuple(TagKind.values))
        return [Option(print_value(tag.name), tag.name, mark=tag_mark(tag.name, tag.kind)) for tag in tags]
    if known.kind is Kind.ENTITY:
        return _entities(typed, user)
    if known.kind is Kind.TIME:
        return [each for each in _times() if each.insert.startswith(wanted) or _begins(wanted, each.hint)]
    if known.kind is Kind.RANGE and not typed:
        return [*_fixed(known, wanted), Option(">", ">", "more than, such as >5"), Option("<", "<", "less than")]
    if isinstance(known, VocabularyField):
        heard = [word for word in recent_words(user).get(known.of, ()) if word not in known.always_known()]
        words = [Option(print_value(word), word) for word in heard if _begins(wanted, word)]
        return [*words[:MOST], *_fixed(known, wanted)]
    return _fixed(known, wanted)


def _fixed(known: Field, wanted: str) -> Iterator[Option]:
    """Those of the field's own values that begin with what was typed, or whose label has a word that does."""
    for option in known.options():
        if option.value.casefold().startswith(wanted) or _begins(wanted, option.label):
            mark = _mark(known, option.value)
            yield Option(print_value(option.value), option.value, option.value if mark else option.label, mark)
    if known.key in DEFAULTS and ANY.startswith(wanted):
        yield Option(ANY, ANY, "Lifts this filter")


def _mark(known: Field, word: str) -> str:
    if isinstance(known, TermsField) and known.terms is Severity:
        return severity_mark(Severity.from_slug(word))
    if isinstance(known, TermsField) and known.terms is IncidentStatus:
        return status_mark(IncidentStatus.from_slug(word))
    return ""


def _people(known: Field, typed: str, user: User) -> Iterator[Option]:
    users, teams = assignable(typed.removeprefix("team:"), user)
    if not typed.startswith("team:"):
        for person in users:
            mark = person_mark(person.initials, person.display_name)
            yield Option(print_value(person.username), person.username, person.username, mark)
    if known.key == "assignee":
        for team in teams:
            word = f"team:{team.slug}"
            yield Option(print_value(word), word, word, person_mark(team.initials, team.name, "team"))


def _entities(typed: str, user: User) -> Iterator[Option]:
    for entity in entities_like(" ".join(typed.split())[:200], user):
        word = word_of(entity.kind, entity.key, entity.pk)
        name = entity.name if len(entity.name) <= SHOWN else f"{entity.name[: SHOWN - 1]}…"
        mark = format_html('{}<span class="one-line">{}</span>', entity_icon(entity.kind), name)
        yield Option(print_value(word), entity.name, str(EntityKind(entity.kind).label), mark)


def _times() -> Iterator[Option]:
    for span in SPANS:
        yield Option(f">-{span}", f">-{span}", range_in_words(span))
    for word in ("today", "yesterday"):
        yield Option(word, word, word)
    day = timezone.localdate().isoformat()
    yield Option(f">={day}", f">={day}", range_in_words(f">={day}"))
    yield Option(f"<{day}", f"<{day}", range_in_words(f"<{day}"))
    yield Option("<-7d", "<-7d", range_in_words("<-7d"))


def _begins(wanted: str, label: str) -> bool:
    """Whether a word of the label begins with what is wanted."""
    folded = label.casefold()
    return folded.startswith(wanted) or f" {wanted}" in folded
