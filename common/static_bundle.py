"""One style sheet and one script for the browser, many small files in the tree.

Each component keeps its own CSS file, each behaviour its own ES module; linking thirty of them costs thirty requests,
and `@import` costs them one after the other. This staticfiles finder joins them, in a fixed order, into
`css/watchfloor.css` and `js/watchfloor.js`. It is a finder, not a build step: the joined files exist for whoever asks
for static files (collectstatic, WhiteNoise, the test server) and are never in the tree. Paths inside the sheets would
break when joined, so they hold none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

from common import script_bundle

SHEET = "css/watchfloor.css"
SCRIPT = "js/watchfloor.js"
GROUND = ("css/tokens.css", "css/base.css", "css/shell.css")
ROOT = Path(__file__).resolve().parent.parent / "static"


def sheet_parts() -> list[str]:
    """The files that make the sheet, in order: the ground, then the components and the pages by name."""
    parts = [*sorted(ROOT.glob("css/components/*.css")), *sorted(ROOT.glob("css/pages/*.css"))]
    return [*GROUND, *(part.relative_to(ROOT).as_posix() for part in parts)]


def joined_sheet() -> str:
    """The whole sheet as text."""
    return "\n".join((ROOT / part).read_text(encoding="utf-8") for part in sheet_parts())


def joined_script() -> str:
    """The whole script as text."""
    return script_bundle.joined(ROOT / "js")


JOINED = {SHEET: joined_sheet, SCRIPT: joined_script}


@cache
def _place() -> TemporaryDirectory[str]:
    """Where this process keeps its joined files; goes away with the process."""
    return TemporaryDirectory(prefix="watchfloor-static-")


def _written(path: str) -> Path:
    target = Path(_place().name) / path
    text = JOINED[path]()
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return target


class JoinedFinder(BaseFinder):
    """Finds the joined files. Belongs into STATICFILES_FINDERS beside Django's own finders."""

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(  # type: ignore[override]  # stubs want two overloads; Django calls it with `all` as well
        self, path: str, find_all: bool = False, **kwargs: Any
    ) -> str | list[str]:
        if path not in JOINED:
            return []
        finders.searched_locations.append(str(ROOT))
        found = str(_written(path))
        return [found] if find_all or kwargs.get("all") else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in JOINED:
            _written(path)
            yield path, FileSystemStorage(location=_place().name)


def static_version(*packages: str) -> str:
    """A short word that changes when any file of ours, or the version of one of these packages, changes.

    It stands in the address of all static files, so that browsers may keep them for ever: no file needs a fingerprint
    of its own.
    """
    digest = hashlib.sha256(" ".join(version(package) for package in packages).encode())
    for path in sorted(ROOT.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]
