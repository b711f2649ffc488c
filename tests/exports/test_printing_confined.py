"""A hostile report reaches nothing: no server, no file, no process, whatever it is made of."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pikepdf
import pytest

from exports.printing import PrintingFailed, caller
from exports.rendering import missing_for_pdf
from portal.environment import REPOSITORY
from tests.exports.printed import SmallReport, printed, texts, whole

pytestmark = pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf() or "-")

CANARY = "canary-4b1d"
HTTP = "http://127.0.0.1:{port}/{name}"
FILE = "file://{path}"
SVG = 'xmlns="http://www.w3.org/2000/svg" width="9" height="9"'

CONSTRUCTS = {
    "img": '<img src="{url}" alt="-">',
    "img with srcset": '<img srcset="{url} 1x, {url} 2x" src="{url}" alt="-">',
    "picture": '<picture><source srcset="{url}"><img src="{url}" alt="-"></picture>',
    "object": '<object data="{url}" type="image/png">-</object>',
    "object as text": '<object data="{url}" type="text/html">-</object>',
    "embed": '<embed src="{url}" type="image/svg+xml">',
    "iframe": '<iframe src="{url}"></iframe>',
    "iframe with its document": '<iframe srcdoc="&lt;img src={url}&gt;"></iframe>',
    "frame": '<frameset><frame src="{url}"></frameset>',
    "video": '<video src="{url}" poster="{url}"></video>',
    "audio": '<audio src="{url}" controls></audio>',
    "input": '<input type="image" src="{url}">',
    "form": '<form action="{url}" method="get"><input type="submit"></form>',
    "link to a style": '<link rel="stylesheet" href="{url}">',
    "link to an icon": '<link rel="icon" href="{url}">',
    "link to an attachment": '<link rel="attachment" href="{url}" title="a">',
    "link in a page to an attachment": '<a rel="attachment" href="{url}">attached</a>',
    "link": '<a href="{url}">led outside</a>',
    "area": '<img src="{url}" usemap="#m" alt="-"><map name="m"><area href="{url}" coords="0,0,9,9"></map>',
    "import": '<style>@import url("{url}");</style>',
    "import as text": '<style>@import "{url}" print;</style>',
    "font": '<style>@font-face {{ font-family: x; src: url("{url}"), local("{url}") }} p {{ font-family: x }}</style>'
    "<p>a</p>",
    "background": '<p style="background: url({url})">a</p>',
    "several backgrounds": '<p style="background-image: url({url}), image-set(url({url}) 1x)">a</p>',
    "background of the page": "<style>@page {{ background: url('{url}') }}</style>",
    "margin of the page": "<style>@page {{ @top-center {{ content: url('{url}') }} }}</style>",
    "bullet": '<ul style="list-style-image: url({url})"><li>a</ul>',
    "counter style": "<style>@counter-style z {{ system: cyclic; symbols: url('{url}') }} "
    "li {{ list-style: z }}</style><li>a",
    "content": '<style>p::before {{ content: url("{url}") }}</style><p>a</p>',
    "content as attribute": '<style>p::before {{ content: attr(title url) }}</style><p title="{url}">a</p>',
    "cursor": '<p style="cursor: url({url}), auto">a</p>',
    "mask": '<p style="mask: url({url}); mask-image: url({url}); clip-path: url({url}#a)">a</p>',
    "border": '<p style="border: 9px solid; border-image: url({url}) 30">a</p>',
    "mask of a border": '<p style="border: 9px solid; mask-border-source: url({url})">a</p>',
    "filter": '<p style="filter: url({url}#a)">a</p>',
    "shape": '<p style="float: left; shape-outside: url({url})">a</p>',
    "variable": '<p style="--x: url({url}); background: var(--x)">a</p>',
    "base": '<base href="{url}/"><img src="below" alt="-"><link rel="stylesheet" href="below.css">',
    "refresh": '<meta http-equiv="refresh" content="0; url={url}">',
    "svg image": '<svg {ns}><image href="{url}" width="9" height="9"/></svg>',
    "svg image by xlink": '<svg {ns} xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<image xlink:href="{url}" width="9" height="9"/></svg>',
    "svg use": '<svg {ns}><use href="{url}#a"/></svg>',
    "svg style": '<svg {ns}><style>@import url("{url}");</style>'
    '<rect width="9" height="9" fill="url({url}#g)" style="marker: url({url}#m)"/></svg>',
    "svg with html within": '<svg {ns}><foreignObject width="9" height="9">'
    '<img xmlns="http://www.w3.org/1999/xhtml" src="{url}"/></foreignObject></svg>',
    "svg gradient": '<svg {ns}><linearGradient id="g" href="{url}#g"/>'
    '<rect width="9" height="9" fill="url(#g)"/></svg>',
    "svg within data": '<img alt="-" src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 '
    'width=%229%22 height=%229%22%3E%3Cimage href=%22{url}%22 width=%229%22 height=%229%22/%3E%3C/svg%3E">',
    "style within data": '<link rel="stylesheet" href="data:text/css,@import url({url});">',
    "without its scheme": '<img src="{bare}" alt="-"><p style="background: url({bare})">a</p>',
    "as one of ours": '<img src="asset:../../../../../../..{path}" alt="-"><img src="image:{path}" alt="-">'
    '<link rel="stylesheet" href="asset:{path}"><img src="asset:%2e%2e/{path}" alt="-">',
    "script": "<script>fetch('{url}')</script>",
    "external entity": '<!DOCTYPE a [<!ENTITY e SYSTEM "{url}">]><p>&e;</p>',
}


class Canary(BaseHTTPRequestHandler):
    """A server that remembers who called, and sends them on to the file."""

    calls: ClassVar[list[str]] = []
    file = ""

    def do_GET(self) -> None:
        self.calls.append(self.path)
        self.send_response(302)
        self.send_header("Location", f"file://{self.file}")
        self.end_headers()

    do_HEAD = do_POST = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A server on this machine and a file that everybody may read."""
    file = tmp_path_factory.mktemp("canary") / "canary.svg"
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><text y="10">{CANARY}</text></svg>'
    )
    Canary.calls.clear()
    Canary.file = str(file)
    server = HTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server.server_port, file
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_fetched_by_any_construct(canaries: tuple[int, Path], tmp_path: Path) -> None:
    """Each alone in its piece would take a process each; those of a kind of address share one. What one construct keeps
    another from (a base, a frameset) stands in a piece of its own."""
    port, file = canaries
    apart = ("base", "frame", "external entity", "refresh", "iframe with its document")
    addresses = [
        (HTTP.format(port=port, name="a.png"), f"//127.0.0.1:{port}/bare.png"),
        (FILE.format(path=file), str(file)),
    ]
    htmls = []
    for url, bare in addresses:
        filled = {name: text.format(url=url, bare=bare, path=file, ns=SVG) for name, text in CONSTRUCTS.items()}
        htmls.append(whole("".join(f"<div>{text}</div>" for name, text in filled.items() if name not in apart)))
        htmls += [whole(filled[name], head=filled[name]) for name in apart]
        # The same once more in the head, where links and styles are usual.
        htmls.append(whole("<p>a</p>", head="".join(text for name, text in filled.items() if "<link" in text)))
    assert len(CONSTRUCTS) > 25
    report = SmallReport(htmls)
    done = printed(report, tmp_path / "job")
    assert Canary.calls == []
    content = unpacked(done.path)
    assert CANARY.encode() not in content
    assert b"EmbeddedFile" not in content
    assert b"/URI" not in content
    assert b"127.0.0.1" not in content
    assert CANARY not in "".join(texts(done.path))


def test_a_colour_profile_is_not_fetched_either(canaries: tuple[int, Path], tmp_path: Path) -> None:
    """The only thing that WeasyPrint cannot do without once it is named."""
    port, file = canaries
    for url in (HTTP.format(port=port, name="a.icc"), FILE.format(path=file)):
        style = f"<style>@color-profile --p {{ src: url('{url}') }} p {{ color: color(--p 1 0 0) }}</style>"
        with pytest.raises(PrintingFailed, match="could not be drawn"):
            printed(SmallReport([whole("<p>a</p>", head=style)]), tmp_path / "job")
    assert Canary.calls == []
    assert list((tmp_path / "job").iterdir()) == []


def test_the_canaries_would_be_heard(canaries: tuple[int, Path]) -> None:
    """That nobody called means something only where a call is noticed."""
    from urllib.request import Request, build_opener

    port, file = canaries
    with pytest.raises(OSError):
        build_opener().open(Request(HTTP.format(port=port, name="heard")), timeout=5)
    assert Canary.calls == ["/heard"]
    Canary.calls.clear()
    assert CANARY in file.read_text()


def test_assets_are_styles_and_fonts_of_our_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "report.css").write_text("p::before { content: 'styled ' } @import 'asset:more.css';")
    (assets / "more.css").write_text("b { visibility: hidden }")
    (assets / "secret.txt").write_text("p::after { content: 'no style' }")
    monkeypatch.setattr(caller, "ASSETS", assets)
    links = "".join(
        f'<link rel="stylesheet" href="asset:{name}">'
        for name in ("report.css", "more.css", "secret.txt", "./report.css")
    )
    done = printed(SmallReport([whole("<p>text <b>hidden</b></p>", head=links)]), tmp_path / "job")
    text = texts(done.path)[2]
    assert "styled text" in text
    assert "hidden" not in text
    assert "no style" not in text


ATTEMPTS = {
    "a connection": "import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
    "a socket": "import socket; socket.socket()",
    "a name of a host": "import socket; socket.getaddrinfo('localhost', 80)",
    "a file": "open({file!r}).read()",
    "a file by its number": "import os; os.open({file!r}, os.O_RDONLY)",
    "a file by a link": "import os; os.symlink({file!r}, os.path.join(job, 'l')); open(os.path.join(job, 'l')).read()",
    "the accounts": "open('/etc/passwd').read()",
    "its environment": "open('/proc/self/environ').read()",
    "writing beside": "open({file!r} + '.new', 'w')",
    "writing over": "import os; os.rename(os.path.join(job, 'a'), {file!r})",
    "taking away": "import os; os.remove({file!r})",
    "a program": "import subprocess; subprocess.run(['true'])",
    "a shell": "import os; os.system('true')",
    "another program": "import os; os.execv('/bin/true', ['true'])",
    "a child": "import os; os.fork()",
    "ending others": "import os; os.kill(os.getppid(), 0)",
}
INSIDE = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from exports.printing.confinement import Confinement
from exports.printing.limits import Limits
job = {job!r}
open(os.path.join(job, "a"), "w").close()
confinement = Confinement(Path(job), Path(job))
confinement.hold()
confinement.in_child()
found = {{}}
for name, attempt in {attempts!r}.items():
    try:
        exec(attempt)
        found[name] = "done"
    except OSError as problem:
        found[name] = type(problem).__name__
open(os.path.join(job, "b"), "w").write("may be written")
assert open(os.path.join(job, "b")).read() == "may be written"
assert open(os.__file__).read()
print(json.dumps(found))
"""


def test_the_second_wall_refuses_what_gets_past_the_first(canaries: tuple[int, Path], tmp_path: Path) -> None:
    """What code that has been led astray might try is tried from within."""
    import json

    port, file = canaries
    attempts = {name: text.format(port=port, file=str(file)) for name, text in ATTEMPTS.items()}
    script = INSIDE.format(root=str(REPOSITORY), job=str(tmp_path), attempts=attempts)
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == dict.fromkeys(ATTEMPTS, "Refused")
    assert Canary.calls == []


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_there_is_no_network_where_the_kernel_lets_us_leave_it() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from exports.printing.confinement import leave_network\n"
        "left = leave_network()\nimport socket\n"
        "print(left, [name for _, name in socket.if_nameindex()], open('/proc/self/smaps_rollup').read(4) != '')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("True ['lo'] True", "False"))


def unpacked(path: Path) -> bytes:
    """All that stands in a file, without its compression."""
    plain = path.with_suffix(".plain")
    with pikepdf.open(path) as pdf:
        pdf.save(
            plain,
            stream_decode_level=pikepdf.StreamDecodeLevel.all,
            compress_streams=False,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    return plain.read_bytes()
