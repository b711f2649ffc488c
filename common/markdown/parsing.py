"""The dialect of Markdown, and the list of what survives of it as HTML."""

from __future__ import annotations

import re
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
"""What survives cleaning. What else a comment shows (images, boxes of task lists, indicators) is made by ourselves and
put in afterwards; nothing of its HTML comes from the text."""

DEEPEST = 20
"""Quotes and lists inside each other."""
LINKED = re.compile(r"https?://|mailto:|/(?![/\\])|#", re.IGNORECASE)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Whether a link is made at all: to the web, to a mailbox, or to a page of ours. A network path
        (`//elsewhere/`) would leave the house while looking like one of our own."""
        return bool(LINKED.match(url))


_parser = _Parser("commonmark", {"html": False, "breaks": True, "maxNesting": DEEPEST}).enable(
    ["table", "strikethrough"]
)
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow ugc",
)


def parse(text: str) -> list[Token]:
    return _parser.parse(text)


def as_html(tokens: list[Token]) -> str:
    """The tokens as HTML, cleaned by the allow-list: scripts, styles, images and odd schemes are gone."""
    return _cleaner.clean(str(_parser.renderer.render(tokens, _parser.options, dict[str, Any]())))
