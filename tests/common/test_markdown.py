"""Comments: Markdown in, harmless HTML out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.markdown import TAGS, render
from tests.ingest.hostile import KEPT_TEXTS

LINKED = re.compile(r"(https?://|mailto:|/(?![/\\])|#)", re.IGNORECASE)
"""Where links may lead: the web, a mailbox, a page of ours."""


class Found(HTMLParser):
    """Tags and attributes that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def is_harmless(html: str) -> bool:
    found = Found(html)
    links = [value for name, value in found.attributes if name == "href"]
    return (
        found.tags <= TAGS
        and {name for name, _ in found.attributes} <= {"href", "rel", "title"}
        and all(LINKED.match(link) for link in links)
    )


def test_the_usual_marks_work() -> None:
    html = render("**bold** *em* ~~gone~~ `code`\n\n- one\n- two\n\n> said\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    for piece in ("<strong>bold</strong>", "<em>em</em>", "<s>gone</s>", "<code>code</code>", "<li>one</li>",
                  "<blockquote>", "<td>2</td>"):  # fmt: skip
        assert piece in html


def test_a_line_break_is_one() -> None:
    assert "one<br>" in render("one\ntwo")


def test_links_open_nothing_of_ours() -> None:
    html = render("[report](https://example.org/a?b=1&c=2)")
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    assert 'rel="noopener noreferrer nofollow ugc"' in html


def test_links_to_our_own_pages_stay() -> None:
    assert 'href="/incidents/42/"' in render("[the other one](/incidents/42/)")
    assert 'href="#entry-5"' in render("[above](#entry-5)")


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script in a list": "- <script>alert(1)</script>",
    "style": "<style>*{display:none}</style>",
    "handler": "<b onclick=alert(1)>x</b>",
    "remote image": "![x](https://evil.example/pixel.png)",
    "remote image as HTML": "<img src='https://evil.example/pixel.png'>",
    "image with handler": "<img src=x onerror=alert(1)>",
    "reference image": "![x][1]\n\n[1]: https://evil.example/pixel.png",
    "SVG": "<svg/onload=alert(1)><animate onbegin=alert(1)></svg>",
    "MathML": "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "javascript link": "[x](javascript:alert(1))",
    "javascript with tab": "[x](java\tscript:alert(1))",
    "javascript in entities": "[x](&#106;avascript&colon;alert(1))",
    "javascript in capitals": "[x](JaVaScRiPt:alert(1))",
    "javascript autolink": "<javascript:alert(1)>",
    "javascript reference": "[x][1]\n\n[1]: javascript:alert(1)",
    "data link": "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "data image": "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "vbscript": "[x](vbscript:msgbox(1))",
    "file": "[x](file:///etc/passwd)",
    "network path": "[x](//evil.example/x)",
    "UNC path": "[x](\\\\evil\\share)",
    "relative path": "[x](evil.example/x)",
    "own path that is none": "[x](/\\\\evil.example)",
    "form": "<form action=//evil.example><input name=password></form>",
    "frame": "<iframe src=//evil.example></iframe>",
    "base": "<base href=//evil.example>",
    "meta": "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "object": "<object data=//evil.example></object>",
    "comment": "<!-- --><script>alert(1)</script>",
    "CDATA": "<![CDATA[<script>alert(1)</script>]]>",
    "code fence language": "```html\" onmouseover=\"alert(1)\nx\n```",
    "link title": "[x](https://example.org \"\\\" onmouseover=alert(1) \")",
    "table cell": "| <img src=x onerror=alert(1)> |\n|---|\n| <script>x</script> |",
    "heading": "# <script>alert(1)</script>",
    "template": "{{ settings.SECRET_KEY }} {% load log %}",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_comments_are_harmless(text: str) -> None:
    assert is_harmless(render(text))


@pytest.mark.parametrize("text", [hostile.text for hostile in KEPT_TEXTS], ids=[each.name for each in KEPT_TEXTS])
def test_hostile_alert_texts_are_harmless_when_quoted(text: str) -> None:
    for quoted in (text, f"> {text}", f"[{text}]({text})", f"`{text}`", f"![{text}]({text})"):
        assert is_harmless(render(quoted))


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{'  ' * depth}- x\n" for depth in range(50)),
        "> " * 500 + "x",
        "[" * 3_000 + "](" * 3_000,
        "*" * 20_000,
        "`" * 20_000,
        "<" * 20_000,
        "| a " * 3_000 + "|\n" + "|---" * 3_000 + "|",
    ],
    ids=["lists", "quotes", "brackets", "stars", "ticks", "angles", "columns"],
)
def test_nesting_without_end_comes_to_an_end(text: str) -> None:
    html = render(text)
    assert is_harmless(html)
    assert html.count("<ul>") <= 20
    assert html.count("<blockquote>") <= 20


def test_bidirectional_marks_stay_text() -> None:
    html = render("invoice\u202egpj.exe \u2066x\u2069")
    assert "invoice\u202egpj.exe" in html
    assert is_harmless(html)


@given(st.text(st.sampled_from("<>[]()!*_`#|:/\\\"'=&;- \nabjscripthtpimgon."), max_size=200))
def test_any_text_is_harmless(text: str) -> None:
    assert is_harmless(render(text))
