"""Whatever senders and people write, a report refers to nothing outside of it and holds no markup of theirs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from accounts.models import User
from entities import identity
from exports.document.signs import exact, line
from incidents.commands import add_comment, add_task, change_tags, rename, resolve
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened
from tests.exports.reports import Printed, front, printed
from tests.ingest.hostile import KEPT_TEXTS

OURS = re.compile(r"(page:[a-z-]+|image:[0-9a-f-]{36}|asset:(report\.css|brand\.svg)|#story-[a-z_]+)")
TAGS = {
    *("html", "head", "meta", "title", "link", "body", "main", "section", "div", "p", "br", "span", "h1", "h2", "h3"),
    *(
        "table",
        "caption",
        "col",
        "thead",
        "tr",
        "th",
        "td",
        "ul",
        "ol",
        "li",
        "a",
        "img",
        "strong",
        "em",
        "code",
        "pre",
    ),
    *("svg", "defs", "symbol", "style", "g", "path", "polygon", "circle", "rect", "text", "tspan", "use", "line"),
    *("polyline", "ellipse", "tbody", "blockquote", "del", "s", "hr", "h4", "h5", "h6"),
}


@pytest.fixture
def hostile(ana: User) -> Incident:
    """Every hostile text in every field that people or senders fill."""
    texts = [each.text for each in KEPT_TEXTS]
    incident = opened(
        *(
            alert(
                str(number),
                title=text,
                description=f"{text}\n{text}",
                at=NOON + timedelta(minutes=number),
                entities=(device("fin-ws-17"), identity.file(name=text[:200], hashes=[f"{number:064x}"])),
                recommended_actions=text,
                categories=(),
            )
            for number, text in enumerate(texts)
        )
    )
    actor = ana.as_actor()
    for text in texts:
        add_comment(incident, text, actor=actor)
    rename(incident, actor=actor, name="<script>alert(1)</script> \u202e & 'x' \"y\"")
    incident.refresh_from_db()
    add_task(incident, "<img src=http://192.0.2.1/a.png>", description="[x](http://192.0.2.1/) <b>", actor=actor)
    change_tags(incident, add=["<i>tag</i>"], actor=actor)
    incident.refresh_from_db()
    resolve(incident, actor=actor, note="![x](http://192.0.2.1/b.png) {{ 7|add:7 }} <svg/onload=alert(1)>")
    return incident


def everything(incident: Incident, reader: User) -> list[Printed]:
    return [printed(incident, reader), front(incident, reader)]


def test_nothing_leads_or_loads_elsewhere(hostile: Incident, ana: User) -> None:
    for report in everything(hostile, ana):
        assert [each for each in report.addresses if not OURS.fullmatch(each)] == []
        assert not {name for name in report.attributes if name.startswith("on") or name in ("srcset", "action")}
        html = "".join(piece.html for piece in report.pieces)
        assert "url(" not in html and "@import" not in html


def test_texts_are_texts(hostile: Incident, ana: User) -> None:
    for report in everything(hostile, ana):
        assert set(report.tags) <= TAGS
        assert report.tags.count("meta") == len(report.pieces)
        assert report.tags.count("link") == len(report.pieces)
        assert report.tags.count("style") == sum("story-picture" in piece.html for piece in report.pieces)
        assert "SECRET_KEY" in report.text or report.pieces[0].name == "front"  # as it was typed
        assert "{{ 7|add:7 }}" in report.text or report.pieces[0].name == "front"
        assert "<script>alert(1)</script> � & 'x' \"y\"" in report.text


def test_what_nobody_sees_is_made_visible(hostile: Incident, ana: User) -> None:
    html = "".join(piece.html for report in everything(hostile, ana) for piece in report.pieces)
    text = re.sub(r'<div class="prose.*?</div>', "", html, flags=re.DOTALL)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b]", text)
    assert "invoice�gpj.exe" in text


def test_a_line_keeps_its_words_and_is_set_apart_where_it_runs_from_right_to_left() -> None:
    assert line(" a\n b\tc ") == "a b c"
    assert line("invoice\u202egpj.exe") == "invoice�gpj.exe"
    assert line("שלום") == "\u2068שלום\u2069"
    assert exact("a  b\tc\r\nd") == "a  b⇥c↵d"
