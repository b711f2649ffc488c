"""A report becomes one file: pages in order and numbered, links, bookmarks, structure and metadata of one document."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from exports.printing import Printed
from exports.rendering import missing_for_pdf
from portal.environment import REPOSITORY
from tests.exports.printed import SmallReport, pages_of, printed, texts, whole

pytestmark = pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf() or "-")

TABLE = (
    "<table><thead><tr><th>Host<th>Seen</thead><tbody>"
    + "".join(f"<tr><td>ws-{number}<td><span>at {number}</span>" for number in range(60))
    + "</tbody></table>"
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"><title>Attack story</title>'
    '<rect width="20" height="10"/><text y="9" font-size="8">node</text></svg>'
)
PIECES = (
    pages_of(
        '<h1 id="overview">Overview</h1><p>First page Ω, Ж and é.</p><a href="page:late">to the last</a>',
        "<h2>Second</h2><p><a href='#overview'>up</a> <a href='page:nowhere'>astray</a></p>",
    ),
    whole(
        '<p style="position: running(name)">Incident 7, <a href="#hosts">running</a></p>'
        f'<h2 id="hosts">Hosts</h2>{TABLE}',
        head="<style>@page { @top-left { content: element(name) } @bottom-left { content: 'TLP:AMBER' } }</style>",
    ),
    whole(f'<h1 id="late">Story <i>told</i></h1>{SVG}<ul><li>one<li>two</ul><p><code>mono</code></p>'),
)


@pytest.fixture(scope="module")
def report() -> SmallReport:
    return SmallReport(PIECES, contents=("overview", "hosts", "late", "gone"))


@pytest.fixture(scope="module")
def file(report: SmallReport, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    return printed(report, tmp_path_factory.mktemp("job"))


@pytest.fixture
def pdf(file: Printed) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(file.path) as opened:
        yield opened


def test_it_is_one_file_and_nothing_else_is_left(file: Printed) -> None:
    content = file.path.read_bytes()
    assert [path.name for path in file.path.parent.iterdir()] == ["report.pdf"]
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert file.size < 60_000


def test_pages_are_in_order_and_each_says_its_number(file: Printed, pdf: pikepdf.Pdf) -> None:
    found = texts(file.path)
    assert len(pdf.pages) == len(found) == file.pages
    assert [text.splitlines()[0] for text in found[:4]] == ["Cover", "Contents", "Overview", "Second"]
    assert "First page Ω, Ж and é." in found[2]
    assert found[4].startswith("Hosts")
    assert found[-1].startswith("Story told")
    for number, text in enumerate(found, 1):
        assert f"Page {number} of {file.pages}" in text


def test_a_table_goes_on_with_its_head(file: Printed) -> None:
    hosts = [text for text in texts(file.path) if "ws-" in text]
    assert len(hosts) >= 2
    assert all("Host Seen" in text and "Incident 7" in text and "TLP:AMBER" in text for text in hosts)
    assert "ws-59" in hosts[-1]


def test_the_contents_tell_the_pages_and_lead_there(report: SmallReport, file: Printed, pdf: pikepdf.Pdf) -> None:
    (pages, total) = report.asked[-1]
    assert total == file.pages
    assert (pages["overview"], pages["hosts"], pages["late"]) == (3, 5, total)
    assert "gone stands on no page" in texts(file.path)[1]
    assert targets(pdf, 1) == [3, 5, total]


def test_links_within_pieces_and_between_them_lead_to_their_places(file: Printed, pdf: pikepdf.Pdf) -> None:
    assert targets(pdf, 2) == [file.pages]
    assert targets(pdf, 3) == [3]


def test_no_link_leads_outside(pdf: pikepdf.Pdf) -> None:
    for page in pdf.pages:
        for annotation in page.obj.get("/Annots", ()):
            assert "/A" not in annotation
            assert annotation.Subtype == pikepdf.Name.Link


def test_named_places_can_be_led_to_from_outside(pdf: pikepdf.Pdf) -> None:
    names = pdf.Root.Names.Dests.Names
    found = {str(names[place]): page_of(pdf, names[place + 1]) for place in range(0, len(names), 2)}
    assert found == {"hosts": 5, "late": len(pdf.pages), "overview": 3}


def test_bookmarks_of_all_pieces_are_one_outline(file: Printed, pdf: pikepdf.Pdf) -> None:
    def told(items: list[pikepdf.OutlineItem]) -> list[Any]:
        return [(item.title, page_of(pdf, item.destination), told(item.children)) for item in items]

    with pdf.open_outline() as outline:
        found = told(outline.root)
    assert found == [
        ("Cover", 1, []),
        ("Contents", 2, []),
        # A heading of the second level stands below the first, which another piece has brought.
        ("Overview", 3, [("Second", 4, []), ("Hosts", 5, [])]),
        ("Story told", file.pages, []),
    ]


def test_it_says_what_it_is(pdf: pikepdf.Pdf) -> None:
    assert str(pdf.docinfo["/Title"]) == "Incident 7: <b> & Öl"
    assert str(pdf.docinfo["/Author"]) == "Ana Ruiz"
    assert str(pdf.docinfo["/Keywords"]) == "TLP:AMBER, incident"
    assert str(pdf.Root.Lang) == "en"
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    with pdf.open_metadata() as metadata:
        assert metadata["dc:title"] == "Incident 7: <b> & Öl"
        assert metadata["dc:creator"] == ["Ana Ruiz"]
        assert metadata["dc:language"] == {"en"}
        assert metadata["pdfuaid:part"] == "1"


def test_all_content_is_in_one_structure_or_marked_as_no_content(pdf: pikepdf.Pdf) -> None:
    root = pdf.Root.StructTreeRoot
    assert bool(pdf.Root.MarkInfo.Marked)
    assert [str(element.S) for element in root.K] == ["/Document"]
    held = {page.obj.objgen: {} for page in pdf.pages}
    kinds: dict[str, int] = {}

    def walk(element: Any) -> None:
        kinds[str(element.S)] = kinds.get(str(element.S), 0) + 1
        for kid in element.K:
            if isinstance(kid, int):
                held[element.Pg.objgen][kid] = element.objgen
            elif kid.get("/Type") == pikepdf.Name.OBJR:
                assert kid.Obj.Subtype == pikepdf.Name.Link
                assert numbers[int(kid.Obj.StructParent)].objgen == element.objgen
            else:
                assert kid.P.objgen == element.objgen
                walk(kid)

    entries = root.ParentTree.Nums
    keys = [int(entries[place]) for place in range(0, len(entries), 2)]
    numbers = {key: entries[2 * place + 1] for place, key in enumerate(keys)}
    assert keys == sorted(set(keys))
    assert int(root.ParentTreeNextKey) > keys[-1]
    walk(root.K[0])
    assert {
        "/H1",
        "/H2",
        "/P",
        "/Table",
        "/THead",
        "/TBody",
        "/TR",
        "/TH",
        "/TD",
        "/L",
        "/LI",
        "/Figure",
        "/Link",
    } <= set(kinds)
    assert kinds["/TD"] == 120
    # An astray link is text.
    assert kinds["/Link"] == 5
    for page in pdf.pages:
        marks = marks_of(page)
        parents = numbers[int(page.obj.StructParents)]
        assert set(marks) == set(held[page.obj.objgen])
        for mark in marks:
            assert parents[mark].objgen == held[page.obj.objgen][mark]


def test_figures_say_what_they_show_and_heads_what_they_head(pdf: pikepdf.Pdf) -> None:
    elements = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/S" in item]
    (figure,) = (element for element in elements if pikepdf.Name.Figure == element.S)
    assert str(figure.Alt) == "Attack story"
    left, bottom, right, top = (float(edge) for edge in figure.A.BBox)
    assert (round(right - left), round(top - bottom)) == (75, 38)
    assert 0 < bottom < top < 842
    heads = [element for element in elements if pikepdf.Name.TH == element.S]
    assert heads and all(head.A.Scope == pikepdf.Name.Column for head in heads)


def test_each_font_stands_in_it_once(pdf: pikepdf.Pdf) -> None:
    names = [
        str(item.FontName).partition("+")[2]
        for item in pdf.objects
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == pikepdf.Name.FontDescriptor
    ]
    assert len(names) == len(set(names))
    assert {"DejaVu-Sans", "DejaVu-Sans-Bold", "DejaVu-Sans-Mono"} <= set(names)
    fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/DescendantFonts" in item]
    assert all("/FontFile2" in font.DescendantFonts[0].FontDescriptor for font in fonts)


def test_a_front_of_three_pages_is_counted_as_it_is(tmp_path: Path) -> None:
    report = SmallReport([whole('<h1 id="a">A</h1>')], front_html=pages_of("one", "two", "three"))
    file = printed(report, tmp_path / "job")
    assert file.pages == 4
    assert report.asked[-1] == ({"a": 4}, 4)
    assert "Page 4 of 4" in texts(file.path)[3]


def test_images_are_those_handed_over(tmp_path: Path) -> None:
    from PIL import Image

    picture = tmp_path / "a picture.png"
    Image.new("RGB", (40, 30), (200, 30, 30)).save(picture)
    html = whole('<img src="image:4-a" alt="A screen"><img src="image:5" alt="Not handed over">')
    file = printed(SmallReport([html], images={"4-a": picture}), tmp_path / "job")
    with pikepdf.open(file.path) as pdf:
        images = [item for item in pdf.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Image"]
        assert [(int(image.Width), int(image.Height)) for image in images] == [(40, 30)]


def test_letters_that_no_font_has_do_no_harm(tmp_path: Path) -> None:
    html = whole("<p>known \U0001f9ff \U000fff00 and known again</p>")
    assert "known again" in texts(printed(SmallReport([html, html]), tmp_path / "job").path)[2]


SCRIPT = """
import json, sys
from pathlib import Path
import psutil
from exports.printing import Limits, print_report
from tests.exports.printed import SmallReport, ignore, whole

secrets = []

class Report(SmallReport):
    def front(self, pages, total):
        secrets.extend(Path(f"/proc/{one.pid}/environ").read_text() for one in psutil.Process().children())
        return super().front(pages, total)

done = print_report(Report([whole("<p>A</p>")]), Path(sys.argv[1]), limits=Limits(), tell=ignore)
print(json.dumps({"modules": sorted(sys.modules), "environment": secrets, "pages": done.pages}))
"""


def test_the_caller_brings_in_no_weasyprint_and_the_printer_is_told_no_secret(tmp_path: Path) -> None:
    variables = os.environ | {"DATABASE_URL": "postgresql://canary-secret@nowhere/", "SECRET_KEY": "canary-secret"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=REPOSITORY, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["pages"] == 3
    assert not {"weasyprint", "pydyf", "pikepdf", "fontTools"} & set(told["modules"])
    if sys.platform == "linux":
        (environment,) = told["environment"]
        assert "canary-secret" not in environment
        assert {line.partition("=")[0] for line in environment.split("\0") if line} <= {
            *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "FONTCONFIG_SYSROOT", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR"),
            *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
        }


def targets(pdf: pikepdf.Pdf, page: int) -> list[int]:
    """Where the links of a page (from 0) lead: pages from 1."""
    return [page_of(pdf, annotation.Dest) for annotation in pdf.pages[page].obj.get("/Annots", ())]


def page_of(pdf: pikepdf.Pdf, destination: Any) -> int:
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    return numbers[destination[0].objgen]


def marks_of(page: pikepdf.Page) -> list[int]:
    """Numbers of the marked content of a page. All that is drawn stands within a mark."""
    found, depth = [], 0
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name in ("BDC", "BMC"):
            depth += 1
            if name == "BDC" and "/MCID" in operands[1]:
                found.append(int(operands[1].MCID))
        elif name == "EMC":
            depth -= 1
        elif name in ("Tj", "TJ", "f", "S", "Do", "sh"):
            assert depth > 0, (operands, operator)
    return found
