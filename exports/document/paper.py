"""Comments, notes and descriptions on paper: no links, no buttons; what they name stands beside it in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it.token import Token

from common.defang import defang
from common.markdown import Image
from common.markdown.document import FILE
from exports.document.images import Images
from exports.document.signs import line
from incidents.queries.texts import rendered

MAILBOX = "mailto:"
TURNS_SEEN = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Signs that turn the direction of what follows, and with it a name into another: they are seen instead of obeyed."""


@dataclass(frozen=True, slots=True)
class OnPaper:
    """What we put into texts that are printed. Every value is escaped."""

    images: Images

    @property
    def has_links(self) -> bool:
        return False

    def box(self, *, is_done: bool) -> SafeString:
        return SafeString("☑ " if is_done else "☐ ")

    def link(self, href: str, text: str, title: str = "") -> SafeString:
        return format_html("{} ({})", text, line(title)) if title else format_html("{}", text)

    def indicator(self, raw: str, kind: str, *, copy: bool = True) -> SafeString:
        return format_html("<code>{}</code>", line(defang(raw, kind)))

    def address(self, href: str) -> SafeString:
        return (
            format_html("{}", href.removeprefix(MAILBOX)) if href.startswith(MAILBOX) else self.indicator(href, "url")
        )

    def beside(self, href: str) -> SafeString | str:
        """The whole address: nobody can follow a link on paper."""
        if href.startswith("#"):
            return ""
        shown = href.removeprefix(MAILBOX) if href.startswith(MAILBOX) else defang(href, "url")
        return format_html(" (<code>{}</code>)", line(shown))

    def image(self, token: Token, stored: Image | None) -> SafeString:
        words = line(token.content) or "Image"
        source = str(token.attrs.get("src", ""))
        match = FILE.fullmatch(source)
        number = match[1] if match and stored else ""
        if number in self.images.paths:
            return format_html('<img class="stored" src="image:{}" alt="{}">', number, words)
        if number in self.images.damaged:
            return format_html(
                "<em>[{}: this image is not shown, because its file {}.]</em>", words, self.images.damaged[number]
            )
        if source.startswith("/"):
            return format_html("<em>[{}: an image that is not here.]</em>", words)
        return format_html("<em>[{}: an image that is kept elsewhere,</em> {}<em>]</em>", words, self.address(source))


def on_paper(texts: Sequence[str], images: Images) -> list[SafeString]:
    """Texts as they are printed for the reader of the images; in a few statements for all."""
    images.find(texts)
    seen = [text.translate(TURNS_SEEN) for text in texts]
    return rendered(seen, images.reader, OnPaper(images)) if texts else []
