"""What the printer's children work with: WeasyPrint, warmed up. Imported by the printer and by nothing else."""

from __future__ import annotations

import ctypes.util
import importlib
import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from exports.printing import messages


class _Later(ModuleType):
    """Stands for a module that takes long to bring in and of which hardly ever anything is called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*arguments: Any, **named: Any) -> Any:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            return getattr(importlib.import_module(self.__name__), name)(*arguments, **named)

        return call


# Both cut fonts where HarfBuzz cannot: a third of the time that WeasyPrint takes to bring in.
for _name in ("fontTools.subset", "fontTools.varLib.instancer"):
    sys.modules[_name] = _Later(_name)


if sys.platform == "linux":
    # The libraries are opened by their own names; for each name of other systems a compiler would be asked.
    ctypes.util.find_library = lambda name: None

from weasyprint.text.fonts import FontConfiguration  # noqa: E402

from exports.printing import drawing, tuning  # noqa: E402
from exports.printing.fetching import Fetcher  # noqa: E402

WARM_UP = (
    '<html lang="en"><title>-</title><link rel="stylesheet" href="asset:report.css">'
    "<p>A<b>B</b><code>C</code><table><tr><th>D<td>E</table></html>"
)


class Studio:
    """What was brought in and found out once, for all children."""

    def __init__(self, assets: Path) -> None:
        self._assets = assets
        self._fonts = FontConfiguration()
        tuning.tune()
        logging.getLogger("weasyprint").addHandler(logging.NullHandler())
        logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
        # Finds fonts and fills caches that each child would fill for itself.
        drawing.lay_out(WARM_UP, Fetcher(assets, {}), self._fonts)

    def prepare_joining(self) -> None:
        """Brings in what joins, while others draw."""
        import exports.printing.joining  # noqa: F401

    def draw(self, job: Path, number: int, images: Mapping[str, str]) -> None:
        html = (job / f"{number}.html").read_text(encoding="utf-8")
        drawing.draw(html, job / str(number), Fetcher(self._assets, images), self._fonts)

    def join(self, job: Path, asked: Mapping[str, Any]) -> None:
        from exports.printing.joining import join
        from exports.printing.report import Description

        description = Description(**{**asked["description"], "keywords": tuple(asked["description"]["keywords"])})
        notes = {number: json.loads((job / f"{number}.json").read_text()) for number in asked["pieces"]}
        numbers = json.loads((job / f"{messages.NUMBERS}.json").read_text())
        join(job, notes, numbers, description)
