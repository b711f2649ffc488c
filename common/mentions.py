"""Mentions in comments and notes: `@ana` for a person, `@tier2` for a team."""

from __future__ import annotations

import re
from collections.abc import Mapping

from markdown_it import MarkdownIt
from markdown_it.token import Token

MOST = 50
"""Names that one text may call; who writes more wants a channel."""
MENTION = re.compile(r"(?<![\w@/.-])@([a-z0-9](?:[a-z0-9._-]{0,58}[a-z0-9_-])?)(?![\w@])", re.IGNORECASE)
"""Not within a word, an address or a path; a dot or dash at the end is the sentence's."""

_parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])


def mentioned(text: str) -> list[str]:
    """The names that a Markdown text calls, in lower case and in their order; in code and links nobody is called."""
    if "@" not in text:
        return []
    names: dict[str, None] = {}
    for token in _parser.parse(text):
        for inner in _plain(token.children or ()):
            names.update(dict.fromkeys(name.lower() for name in MENTION.findall(inner.content)))
    return list(names)[:MOST]


def link_mentions(tokens: list[Token], addresses: Mapping[str, str]) -> list[Token]:
    """The same inline tokens, with each name that has an address made a link."""
    plain = {id(token) for token in _plain(tokens)}
    made: list[Token] = []
    for token in tokens:
        made += _linked(token, addresses) if id(token) in plain else [token]
    return made


def _linked(token: Token, addresses: Mapping[str, str]) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for match in MENTION.finditer(token.content):
        address = addresses.get(match[1].lower())
        if address is None:
            continue
        parts += [_text(token.content[end : match.start()]), Token("link_open", "a", 1, attrs={"href": address})]
        parts += [_text(match[0]), Token("link_close", "a", -1)]
        end = match.end()
    return [*parts, _text(token.content[end:])] if parts else [token]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _plain(tokens: list[Token] | tuple[()]) -> list[Token]:
    """Text that stands in no link."""
    found, links = [], 0
    for token in tokens:
        links += (token.type == "link_open") - (token.type == "link_close")
        if token.type == "text" and not links:
            found.append(token)
    return found
