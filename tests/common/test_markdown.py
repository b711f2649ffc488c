"""Comments: Markdown in, harmless HTML out."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.characters import count_characters, length_problem
from common.markdown import TAGS, Image, Known, mentioned, read, render
from entities.recognition import locate
from tests.ingest.hostile import KEPT_TEXTS

LINKED = re.compile(r"(https?://|mailto:|/(?![/\\])|#)", re.IGNORECASE)
"""Where links may lead: the web, a mailbox, a page of ours."""


OURS = {"span", "bdi", "button", "input", "img", "svg", "path", "line", "rect", "circle"}
"""Tags that we put into a text ourselves."""
ATTRIBUTES = {
    *("href", "rel", "title", "class", "type", "data-copy", "data-copied", "disabled", "checked", "aria-label"),
    *("src", "alt", "width", "height", "loading"),
}
DRAWING = {"viewbox", "aria-hidden", "focusable", "x", "y", "rx", "ry", "d", "x1", "x2", "y1", "y2", "cx", "cy", "r"}


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
        found.tags <= TAGS | OURS
        and {name for name, _ in found.attributes} <= ATTRIBUTES | DRAWING
        and all(LINKED.match(link) for link in links)
        and all(value.startswith("/attachments/") for name, value in found.attributes if name == "src")
        and all(value in ("button", "checkbox") for name, value in found.attributes if name == "type")
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


FILE = "0f3c1b52-7d0e-4c0a-9a52-0c5be3a8d7ef"
KNOWN = Known(
    pages={"ana": "/incidents/?assignee=ana"},
    incidents={12: 'Beacon "<b>"'},
    images={FILE: Image(f"/attachments/{FILE}/image/", f"/attachments/{FILE}/small/", 64, 48)},
    locate=locate,
)


def test_what_a_text_names_is_a_link_where_the_reader_may_know_of_it() -> None:
    text = "@ana and @nobody: #12, #13, #12a, a#12, `#12 @ana`, [#12](https://x.example)"
    assert (read(text).mentions, read(text).numbers) == (("ana", "nobody"), (12, 13))
    html = render(text, KNOWN)
    assert '<a href="/incidents/12/" title="Beacon &quot;&lt;b&gt;&quot;">#12</a>, #13, #12a, a#12' in html
    assert html.count('href="/incidents/12/"') == 1
    assert '<a href="/incidents/?assignee=ana">@ana</a> and @nobody' in html
    assert "<code>#12 @ana</code>" in html
    assert "/incidents/" not in render(text)
    assert mentioned("no name here") == []


@pytest.mark.parametrize(
    ("text", "shown", "copied"),
    [
        ("http://evil.example/a?b=1#c.", "hxxp://evil[.]example/a?b=1#c", "http://evil.example/a?b=1#c"),
        ("(hxxps[:]//evil[.]example/x)", "hxxps://evil[.]example/x", "https://evil.example/x"),
        ("[10.0.0.1]", "10.0.0[.]1", "10.0.0.1"),
        ("evil[.]com,", "evil[.]com", "evil.com"),
        ("<https://evil.example/x>", "hxxps://evil[.]example/x", "https://evil.example/x"),
        ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"),
    ],
)
def test_an_indicator_is_defanged_no_link_and_can_be_copied_as_it_is(text: str, shown: str, copied: str) -> None:
    html = render(text, KNOWN)
    assert f'<code class="indicator-text">{shown}</code>' in html
    assert f'data-copy="{copied}"' in html
    assert "href" not in html


def test_code_names_mail_and_files_stay_as_they_are_typed() -> None:
    text = "`http://evil.com` ana@corp.com invoice.pdf v1.2 and so on.Then\n\n```\ncurl http://evil.com\n```"
    html = render(text, KNOWN)
    assert "indicator" not in html
    assert "<code>http://evil.com</code>" in html
    assert "curl http://evil.com" in html


def test_a_link_says_where_it_leads() -> None:
    html = render(
        "[our bank](https://ana:x@evil.example:8443/x) [write](mailto:a@b.example?cc=c) [here](/incidents/3/)"
    )
    assert '</a> <bdi class="link-host">(evil.example:8443)</bdi>' in html
    assert '</a> <bdi class="link-host">(a@b.example)</bdi>' in html
    assert html.count("link-host") == 2


def test_a_task_list_has_boxes_that_nobody_can_tick() -> None:
    html = render("- [ ] isolate 10.0.0.1\n- [x] **call** Lee\n- [y] none\n\n[ ] none either", KNOWN)
    boxes = re.findall(r"<input[^>]*>", html)
    assert [("checked" in box, "disabled" in box) for box in boxes] == [(False, True), (True, True)]
    assert "10.0.0[.]1" in html and "<strong>call</strong>" in html


def test_only_stored_images_are_shown() -> None:
    html = render(
        f"![seen](/attachments/{FILE}/) ![gone](/attachments/{FILE[:-1]}0/) ![far](https://evil.example/p.png)", KNOWN
    )
    (image,) = re.findall(r"<img[^>]*>", html)
    assert f'src="/attachments/{FILE}/small/"' in image and 'alt="seen"' in image and 'width="64"' in image
    assert "gone" in html
    assert "hxxps://evil[.]example/p.png" in html
    assert read(f"![seen](/attachments/{FILE}/)").files == (FILE,)


def test_characters_are_counted_as_people_count_them() -> None:
    assert count_characters("\U0001f469\u200d\U0001f469\u200d\U0001f467e\u0301\U0001f1e6\U0001f1f9\r\n") == 4
    assert length_problem("e\u0301" * 30_000, 30_000) == ""
    assert length_problem("e\u0301" * 30_001, 30_000).startswith("The text has 30,001 characters; 30,000 are allowed")
    piled = length_problem("e" + "\u0301" * 150_000, 30_000)
    assert piled.startswith("The text has 1 characters, but is 300,001 bytes long; 240,000 are allowed")
    assert "bytes long" in length_problem("e" + "\u0301" * 1_000_000, 30_000)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1 " * 3_300,
        "*a **b _c " * 3_000,
        "|a|b|\n|-|-|\n" + "|x|y|\n" * 5_000,
        "[:]" * 10_000,
        "@ana #12 " * 3_300,
    ],
    ids=["addresses", "emphasis", "rows", "colons", "names"],
)
def test_the_longest_texts_are_rendered_in_bounded_time(text: str) -> None:
    begun = time.process_time()
    html = render(text[:30_000], KNOWN)
    assert time.process_time() - begun < 4
    assert is_harmless(html)


def test_bidirectional_marks_stay_text() -> None:
    html = render("invoice\u202egpj.exe \u2066x\u2069")
    assert "invoice\u202egpj.exe" in html
    assert is_harmless(html)


@given(st.text(st.sampled_from("<>[]()!*_`#|:/\\\"'=&;- \nabjscripthtpimgon."), max_size=200))
def test_any_text_is_harmless(text: str) -> None:
    assert is_harmless(render(text))
