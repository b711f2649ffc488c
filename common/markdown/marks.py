"""What we put into a text that is rendered for a page. Every value is escaped; each stands within a line."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it.token import Token

from common.defang import defang
from common.marks import icon, indicator_mark

if TYPE_CHECKING:
    from common.markdown.document import Image

LONGEST_SHOWN = 200
"""Characters of an address that are shown; what is copied is whole."""


class OnAPage:
    """With links, buttons that copy, and images that lead to the whole ones."""

    has_links = True

    def box(self, *, is_done: bool) -> SafeString:
        """The box of a task in a list."""
        checked = SafeString(" checked") if is_done else ""
        return format_html(
            '<input class="task-mark" type="checkbox" disabled{} aria-label="{}"> ',
            *(checked, "Done" if is_done else "To do"),
        )

    def link(self, href: str, text: str, title: str = "") -> SafeString:
        return format_html('<a href="{}"{}>{}</a>', href, format_html(' title="{}"', title) if title else "", text)

    def indicator(self, raw: str, kind: str, *, copy: bool = True) -> SafeString:
        """Defanged, with a button that copies what it is."""
        shown = defang(raw, kind)
        shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
        return indicator_mark(shown, raw, copy=copy)

    def address(self, href: str) -> SafeString:
        """A bare address, which nobody opens by a click; one of a mailbox is text."""
        is_mailbox = href.startswith("mailto:")
        return format_html("{}", href.removeprefix("mailto:")) if is_mailbox else self.indicator(href, "url")

    def beside(self, href: str) -> SafeString | str:
        """Where a link leads, when that is out of the house."""
        host = host_of(href)
        return format_html(' <bdi class="link-host">({})</bdi>', host[:LONGEST_SHOWN]) if host else ""

    def image(self, token: Token, stored: Image | None) -> SafeString:
        """A stored image; of any other its words and the address that it had, which nothing is loaded from."""
        words = token.content.strip()
        if stored:
            return format_html(
                '<a class="stored-image" href="{}"><img src="{}" alt="{}" width="{}" height="{}" loading="lazy"></a>',
                *(stored.url, stored.small_url, words or "Image", stored.width, stored.height),
            )
        source = str(token.attrs.get("src", ""))
        if source.startswith("/"):
            return format_html(
                '<span class="no-image">{} {}</span>', icon("no_image"), words or "Image that is not here"
            )
        return format_html(
            '<span class="no-image">{} {} {}</span>',
            *(icon("no_image"), words or "Image", self.indicator(source, "url")),
        )


ON_A_PAGE = OnAPage()


def host_of(href: str) -> str:
    """Whom a link leads to; empty for our own pages."""
    if href[:7].lower() == "mailto:":
        return href[7:].partition("?")[0]
    try:
        return urlsplit(href).netloc.rpartition("@")[2]
    except ValueError:
        return href
