"""Writing comments as people do, and reading what somebody wrote to do harm."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from accounts.models import Team, User
from activity.models import Entry
from incidents.commands import add_comment
from incidents.models import Attachment, Incident
from tests.browser.conftest import NARROW, WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.incidents.uploads import HTML, image

pytestmark = IN_THE_BROWSER

RUN = "window.owned = true"
CORPUS = (
    f"<script>{RUN}</script>\n\n- <script>{RUN}</script>\n\n> <script>{RUN}</script>",
    "<style>* { display: none !important }</style><b style='position:fixed;inset:0;z-index:99'>over all</b>",
    "![beacon](http://192.0.2.1/b.png) ![b][1] <img src=//192.0.2.1/b.png> ![](//192.0.2.1/c.png)\n\n"
    "[1]: http://192.0.2.1/d.png",
    f"![x](data:image/svg+xml,<svg/onload={RUN}>) [x](data:text/html,<script>{RUN}</script>)",
    f"[x](javascript:{RUN}) [x](JaVa\tScRiPt:{RUN}) <javascript:{RUN}> [x](&#106;avascript:{RUN}) [x](vbscript:x)",
    f"<svg onload='{RUN}'><animate onbegin='{RUN}'/></svg> <math><mtext><img src=x onerror='{RUN}'></mtext></math>",
    "".join(f"{'  ' * depth}- level {depth}\n" for depth in range(50)) + "\n\n" + "> " * 50 + "quoted",
    "invoice\u202efdp.exe \u2066left open \u202b and on",
    "| " + " | ".join(f"column {number}" for number in range(80)) + " |\n" + "|---" * 80 + "|\n" + "| x " * 80 + "|",
    "**never *closed `ticks [link](http:// ![image]( ~~~ <div <p </p></div> --> ]]> </textarea></form>",
    "half of a sign \ufffd, our own \ue0001\ue001 and \ue000999\ue001",
    f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;img src=x onerror={RUN}&#62; &quot; onmouseover={RUN} x=&quot;",
    "H\u0335\u0321\u0322\u0327" * 200 + "e" + "\u0301" * 2_000 + " piled up",
    "W" * 5_000 + " " + "http://192.0.2.1/" + "a" * 1_500,
    f'```html" onmouseover="{RUN}\n</code></pre><script>{RUN}</script>\n```\n\n`</code><img src=x onerror={RUN}>`',
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe><form action=//192.0.2.1><input name=password></form>",
    "<meta http-equiv=refresh content='0;url=//192.0.2.1/'><base href=//192.0.2.1/><object data=//192.0.2.1></object>",
    f"<div hx-get='//192.0.2.1/' hx-trigger='load' hx-on:load='{RUN}' data-copy='x'>x</div> @{'a' * 60} #99999999999",
    "[our page](https://192.0.2.1/) [ours](//192.0.2.1/x) [mail](mailto:a@192.0.2.1) <http://192.0.2.1/auto>",
)
"""Script, style, remote images, data and javascript addresses, SVG, deep nesting, marks of direction, a huge table,
what is left open, private signs, entities, piled-up accents, words without end, and elements that fetch
by themselves."""


def test_hostile_comments_run_nothing_load_nothing_and_break_nothing(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    """With the policy switched off: what is safe is so by itself. That no request left, the window watches."""
    for text in CORPUS:
        add_comment(incident, text, actor=ana.as_actor())
    add_comment(incident, "The last word", actor=ana.as_actor())
    page = window_of(ana, bypass_csp=True)
    page.goto(f"/incidents/{incident.pk}/activity/?content=comments")
    comments = page.locator("#stream .comment")
    expect(comments).to_have_count(len(CORPUS) + 1)
    found: Any = page.evaluate(
        """() => {
            const all = [...document.querySelectorAll("#stream .comment *")];
            const boxes = [...document.querySelectorAll("#stream .comment")].map((one) => one.getBoundingClientRect());
            return {
                owned: window.owned === true,
                odd: all.filter((one) => one.matches(
                    "script, style, iframe, object, embed, base, meta, img, math, animate, textarea, [style], " +
                        "[hx-trigger], [name=password]"
                )).length,
                handlers: all.flatMap((one) => one.getAttributeNames()).filter((name) => /^(on|hx-on)/.test(name)),
                links: all.filter((one) => one.matches(".comment > :not(.comment-foot) a, .comment > a"))
                    .map((one) => [one.getAttribute("href"), one.rel, one.nextElementSibling?.textContent]),
                lists: Math.max(...all.map((one) => {
                    let depth = 0;
                    for (let at = one; at; at = at.parentElement) depth += at.matches("ul");
                    return depth;
                })),
                overlaps: boxes.slice(1).filter((box, at) => box.top < boxes[at].bottom).length,
                width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            };
        }"""
    )
    assert found["links"] == [
        ["https://192.0.2.1/", "noopener noreferrer nofollow ugc", "(192.0.2.1)"],
        ["mailto:a@192.0.2.1", "noopener noreferrer nofollow ugc", "(a@192.0.2.1)"],
    ]
    assert found["lists"] <= 20
    assert {name: found[name] for name in ("owned", "odd", "handlers", "overlaps", "width")} == {
        "owned": False, "odd": 0, "handlers": [], "overlaps": 0, "width": 0,
    }  # fmt: skip
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    expect(comments.first).to_contain_text("The last word")


def test_a_comment_is_written_with_tools_names_pictures_and_a_look_beforehand(
    incident: Incident, ana: User, tier2: Team, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.add(422)  # a page that is called an image
    page = window_of(ana)
    page.goto(f"/incidents/{incident.pk}/activity/")
    box = page.get_by_label("Comment", exact=True)
    box.click()
    page.keyboard.type("Ask @tie")
    expect(page.get_by_role("option", name="Tier 2")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+b")
    page.keyboard.type("now")
    page.keyboard.press("End")
    page.keyboard.type("\n- [ ] one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(box).to_have_value("Ask @tier2 **now**\n- [ ] one\n- [ ] two")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    paste = """(field, [bytes, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }"""
    box.evaluate(paste, [list(image()), "shot.png"])
    expect(box).to_have_value(re.compile(r"\]\(/attachments/[0-9a-f-]{36}/\) $"))
    box.evaluate(paste, [list(HTML), "invoice.png"])
    expect(page.get_by_text("“invoice.png” is called an image, but it is none")).to_be_visible()
    stored = Attachment.objects.get()

    page.reload()
    expect(box).to_have_value(re.compile(f"two\n!.shot.png.*{stored.pk}"))
    box.focus()
    page.keyboard.press("Alt+F10")
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    preview = page.get_by_role("region", name="Preview")
    expect(preview.locator("img")).to_have_js_property("naturalWidth", 40)
    expect(preview.get_by_role("checkbox")).to_have_count(2)
    expect(preview.get_by_role("link", name="@tier2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_be_focused()
    box.press("Control+Enter")
    expect(box).to_have_value("")
    comment = page.locator("#stream .comment").first
    expect(comment.locator("img")).to_be_visible()
    expect(page.locator("#attachments")).to_contain_text("shot.png")
    comment.get_by_text("Edit").click()
    page.locator("#stream textarea").fill("Never mind")
    page.reload()
    comment.get_by_text("Edit").click()
    expect(page.locator("#stream textarea")).to_have_value("Never mind")
    page.get_by_role("button", name="Save comment").click()
    expect(comment).to_contain_text("Never mind")
    comment.get_by_role("link", name=re.compile("edited")).click()
    expect(page.locator(".difference ins")).to_have_text("Never mind")
    assert [entry.verb for entry in Entry.objects.comments().order_by("pk")] == ["comment.added", "comment.edited"]
