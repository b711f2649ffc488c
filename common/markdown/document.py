"""A text of Markdown: whom and what it names, and how it looks to somebody who may know of some of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token

from common.markdown import marks
from common.markdown.parsing import as_html, parse

MOST_MENTIONS = 50
"""Names that one text may call; who writes more wants a channel."""
MOST_NUMBERS = 100
"""Incidents that one text may link."""
MOST_INDICATORS = 300
"""Of one text, that have a button to copy them; further ones are defanged like these."""

MENTION = re.compile(r"(?<![\w@/.-])@([a-z0-9](?:[a-z0-9._-]{0,58}[a-z0-9_-])?)(?![\w@])", re.IGNORECASE)
"""Not within a word, an address or a path; a dot or dash at the end is the sentence's."""
NUMBER = re.compile(r"(?<![\w#&/.-])#([1-9]\d{0,11})(?![\w-])")
"""An incident: #123."""
FILE = re.compile(r"/attachments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
"""Where a stored file is found; its image may be shown in a text."""
BOX = re.compile(r"\[([ xX])\]\s")
"""A task in a list: `- [ ] to do`, `- [x] done`."""

_SLOT = re.compile("\ue000([0-9]+)\ue001")
"""Stands in a text for something of our own until it is cleaned; nobody can write one, see `read`."""
_RESERVED = re.compile("[\ue000\ue001]")


@dataclass(frozen=True, slots=True)
class Located:
    """An indicator in a text: from where to where, its kind as terms call it, and what it is without defanging."""

    start: int
    end: int
    kind: str
    raw: str


@dataclass(frozen=True, slots=True)
class Image:
    """A stored image: the address of the whole and of a small one, the size of that in pixels."""

    url: str
    small_url: str
    width: int
    height: int


def _none(text: str) -> Sequence[Located]:
    return ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a reader may know of what texts name; the rest stays the text that was typed."""

    pages: Mapping[str, str] = field(default_factory=dict)
    """Of people and teams, by the name they are mentioned by."""
    incidents: Mapping[int, str] = field(default_factory=dict)
    """Names of incidents by their numbers."""
    images: Mapping[str, Image] = field(default_factory=dict)
    """Stored images by the ids of their files."""
    locate: Callable[[str], Sequence[Located]] = _none
    """Finds indicators."""


NOTHING = Known()


class Look(Protocol):
    """How what we put into a text ourselves is shown, on a page (common/markdown/marks.py) or not; all escaped."""

    @property
    def has_links(self) -> bool:
        """Whether the links of a text itself lead anywhere."""

    def box(self, *, is_done: bool) -> SafeString: ...
    def link(self, href: str, text: str, title: str = "") -> SafeString: ...
    def indicator(self, raw: str, kind: str, *, copy: bool = True) -> SafeString: ...
    def address(self, href: str) -> SafeString: ...
    def beside(self, href: str) -> SafeString | str:
        """What stands beside a link."""

    def image(self, token: Token, stored: Image | None) -> SafeString: ...


@dataclass(frozen=True, slots=True)
class Document:
    """A text that has been read."""

    tokens: tuple[Token, ...]
    mentions: tuple[str, ...]
    """Names that it calls, in lower case and in their order; in code and links nobody is called."""
    numbers: tuple[int, ...]
    """Of incidents that it names."""
    files: tuple[str, ...]
    """Ids of files whose images it shows."""

    def html(self, known: Known = NOTHING, look: Look = marks.ON_A_PAGE) -> SafeString:
        """The text as HTML, cleaned by an allow-list, with what the reader may know of put in."""
        page = _Page(known, look)
        return page.of([page.shown(token) for token in self.tokens])


LONGEST_KEPT, MOST_KEPT = 2_000, 500
"""Short texts that have been read are kept, as pages show the same ones again and again."""


def read(text: str) -> Document:
    """Parse a text; it takes time in proportion to its length, some milliseconds for a thousand characters."""
    return _kept(text) if len(text) <= LONGEST_KEPT else _read(text)


def _read(text: str) -> Document:
    tokens = parse(_RESERVED.sub("\ufffd", text))
    mentions: dict[str, None] = {}
    numbers: dict[int, None] = {}
    files: dict[str, None] = {}
    for token in tokens:
        for inner in token.children or ():
            if inner.type == "image" and (match := FILE.fullmatch(str(inner.attrs.get("src", "")))):
                files[match[1]] = None
        for inner in _plain(token.children or ()):
            mentions.update(dict.fromkeys(name.lower() for name in MENTION.findall(inner.content)))
            numbers.update(dict.fromkeys(int(digits) for digits in NUMBER.findall(inner.content)))
    return Document(
        tuple(tokens), tuple(mentions)[:MOST_MENTIONS], tuple(numbers)[:MOST_NUMBERS], tuple(files)[:MOST_NUMBERS]
    )


_kept = lru_cache(maxsize=MOST_KEPT)(_read)


def render(text: str, known: Known = NOTHING) -> SafeString:
    """The text as HTML; see Document.html."""
    return read(text).html(known)


def mentioned(text: str) -> list[str]:
    """The names that a text calls."""
    return list(read(text).mentions) if "@" in text else []


def _plain(tokens: Sequence[Token]) -> Iterator[Token]:
    """Text that stands in no link."""
    links = 0
    for token in tokens:
        links += (token.type == "link_open") - (token.type == "link_close")
        if token.type == "text" and not links:
            yield token


class _Page:
    """One text on its way to HTML: what is our own is kept aside until the rest has been cleaned."""

    def __init__(self, known: Known, look: Look) -> None:
        self.known, self.look = known, look
        self.made: list[SafeString] = []
        self.indicators = 0
        self.before: list[str] = []
        """Types of the tokens before the present one."""

    def of(self, tokens: list[Token]) -> SafeString:
        html = as_html(tokens)
        return mark_safe(_SLOT.sub(lambda match: self.made[int(match[1])], html))

    def shown(self, token: Token) -> Token:
        begins_item = self.before[-2:] == ["list_item_open", "paragraph_open"]
        self.before = [*self.before[-1:], token.type]
        if not token.children:
            return token
        shown = copy(token)
        shown.children = self.inline(token.children)
        first = shown.children[0].type if shown.children else ""
        if begins_item and first == "text" and (match := BOX.match(token.children[0].content)):
            rest = token.children[0].content[match.end() :]
            box = self.slot(self.look.box(is_done=match[1] != " "))
            shown.children = [box, *self.text(rest), *shown.children[self.length_of_first :]]
        return shown

    def inline(self, tokens: Sequence[Token]) -> list[Token]:
        """What stands in a paragraph, a cell or a heading."""
        shown: list[Token] = []
        links: list[str] = []
        self.length_of_first = 0
        for index, token in enumerate(tokens):
            if token.type == "link_open":
                links.append(str(token.attrs.get("href", "")))
                is_bare = token.markup == "autolink"
                shown += [self.slot(self.look.address(links[-1]))] if is_bare else [token] * self.look.has_links
            elif token.type == "link_close":
                href = links.pop()
                if token.markup != "autolink":
                    shown += [*[token] * self.look.has_links, *self.beside(href)]
            elif links and token.type == "text":
                shown += [] if tokens[index - 1].markup == "autolink" else [token]
            elif token.type == "image":
                shown.append(self.slot(self.look.image(token, self.image(token))))
            else:
                shown += self.text(token.content) if token.type == "text" else [token]
            if index == 0:
                self.length_of_first = len(shown)
        return shown

    def image(self, token: Token) -> Image | None:
        match = FILE.fullmatch(str(token.attrs.get("src", "")))
        return self.known.images.get(match[1]) if match else None

    def beside(self, href: str) -> list[Token]:
        """Where a link leads, in words beside it, when that is out of the house."""
        words = self.look.beside(href)
        return [self.slot(SafeString(words))] if words else []

    def text(self, content: str) -> list[Token]:
        """Plain text, with what it names made what the reader may know of it."""
        parts: list[Token] = []
        end = 0
        for start, stop, html in sorted(self.named(content), key=lambda span: span[0]):
            if start < end:
                continue
            parts += [_text(content[end:start]), self.slot(html)]
            end = stop
        return [*parts, _text(content[end:])] if parts else [_text(content)]

    def named(self, content: str) -> Iterator[tuple[int, int, SafeString]]:
        for one in self.known.locate(content):
            self.indicators += 1
            yield one.start, one.end, self.look.indicator(one.raw, one.kind, copy=self.indicators <= MOST_INDICATORS)
        for match in MENTION.finditer(content):
            page = self.known.pages.get(match[1].lower())
            if page:
                yield match.start(), match.end(), self.look.link(page, match[0])
        for match in NUMBER.finditer(content):
            name = self.known.incidents.get(int(match[1]))
            if name is not None:
                yield match.start(), match.end(), self.look.link(f"/incidents/{match[1]}/", match[0], title=name)

    def slot(self, html: SafeString) -> Token:
        self.made.append(html)
        return _text(f"\ue000{len(self.made) - 1}\ue001")


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
