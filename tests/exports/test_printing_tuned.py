"""What is kept between texts changes no page: drawn with it and without it, a piece is the same to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from exports.rendering import missing_for_pdf
from portal.environment import REPOSITORY
from tests.exports.printed import whole

pytestmark = pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf() or "-")

HEAD = '<link rel="stylesheet" href="asset:report.css"><style>pre { color: #333 } @page { margin: 9mm }</style>'
JOINED = "@page { size: a5; @bottom-left { content: 'foot' } } p { color: #123 } @layer base { p { margin: 3px } }"
STYLE = """@import "asset:more.css";
.justified { text-align: justify; hyphens: auto; width: 200px }
.cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; width: 50px }
.clamped { width: 120px; max-lines: 2; block-ellipsis: auto }
.first::first-line { font-weight: bold } .first::first-letter { font-size: 3em }
pre { white-space: pre-wrap; tab-size: 4 } .narrow { width: 20px } .any { overflow-wrap: anywhere; width: 60px }
"""
WORDS = "Some extraordinarily long words of incomprehensibilities, soft\u00adhyphen\u00adated and "
TEXTS = (
    f'<p class="justified">{WORDS * 5}</p><p class="cut">overflowing text that ends</p>'
    f'<p class="clamped">{WORDS * 3}</p>'
    f'<p class="first">{WORDS}</p><p><u>under</u> <s>through</s> <b>bold <i>both</i></b> <code>mono</code></p>'
    "<p>\u05e9\u05dc\u05d5\u05dd and \u0645\u0631\u062d\u0628\u0627, \u65e5\u672c\u8a9e, \U0001f9ff</p>"
    '<p dir="rtl">\u05e9\u05dc\u05d5\u05dd 12</p><pre>a\tb\n  c\n\nd\u2028e\rf</pre><p class="narrow">unbreakable</p>'
    f'<p class="any">{"0123456789abcdef" * 4}</p><p style="letter-spacing: 2px; word-spacing: 4px">spaced out words</p>'
    '<p style="font-variant: small-caps">Small Caps</p><p style="line-height: 3">tall</p><p lang="ja">\u76f4</p>'
    '<p style="font-size: 0">nothing</p><p>a<br>b</p><ol><li>one<li>two</ol>'
    '<p style="transform: rotate(9deg)">turned</p>'
)
TABLE = (
    '<table style="table-layout: fixed; width: 100%; border-collapse: collapse"><thead><tr><th>A<th>B</thead>'
    + "".join(
        f'<tr><td style="overflow-wrap: anywhere">{number * 7919}<td><span>{WORDS}</span>' for number in range(40)
    )
    + "</table>"
)
SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from exports.printing import tuning
job = Path(sys.argv[1])
if sys.argv[2] == "plain":
    tuning.tune = lambda: None
from exports.printing.studio import Studio
studio = Studio(job)
Path(job / "1.html").write_text(json.loads(sys.stdin.read()))
studio.draw(job, 1, {})
studio.draw(job, 1, {})  # what was kept for the first is used for the second
print([hashlib.sha256((job / name).read_bytes()).hexdigest() for name in ("1.pdf", "1.json")])
"""


def drawn(job: Path, how: str) -> str:
    job.mkdir()
    (job / "report.css").write_text(STYLE)
    (job / "more.css").write_text(JOINED)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(job), how],
        input=json.dumps(whole(TEXTS + TABLE, head=HEAD)),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pages_are_the_same_to_the_byte(tmp_path: Path) -> None:
    assert drawn(tmp_path / "tuned", "tuned") == drawn(tmp_path / "plain", "plain")
