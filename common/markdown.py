"""Comments and notes: Markdown in, harmless HTML out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from common.mentions import link_mentions

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
"""What survives cleaning. No images yet: only stored ones may ever load, never remote ones (threats T7)."""


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Whether a link is made at all: to the web, to a mailbox, or to a page of ours. A network path
        (`//elsewhere/`) would leave the house while looking like one of our own."""
        return bool(_LINKED.match(url))


_LINKED = re.compile(r"https?://|mailto:|/(?![/\\])|#", re.IGNORECASE)
_parser = _Parser("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable(["table", "strikethrough"])
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow ugc",
)


def render(text: str, addresses: Mapping[str, str] | None = None) -> SafeString:
    """The text as HTML, cleaned by an allow-list; scripts, styles, images and odd schemes are gone.

    `addresses` has the pages of people and teams by the name they are mentioned by.
    """
    tokens, environment = _parser.parse(text), dict[str, Any]()
    for token in tokens:
        if addresses and token.children:
            token.children = link_mentions(token.children, addresses)
    return mark_safe(_cleaner.clean(str(_parser.renderer.render(tokens, _parser.options, environment))))
