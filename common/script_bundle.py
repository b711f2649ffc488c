"""One script for the browser, many small ES modules in the tree.

Joins `main.js` and what it imports, each module in a scope of its own, in the order in which they need each other. It
understands the plain forms this house writes: named imports from "./name.js" and exported functions, classes and
constants, each at the beginning of a line; whatever else it meets it refuses, so that nothing is joined wrongly.
"""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w/]+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
LEFT_OVER = re.compile(r"^(import|export)\b.*$", re.MULTILINE)


class CannotJoin(ValueError):
    """A module that says something this does not understand, or modules that need each other in a circle."""


def joined(folder: Path, entry: str = "main") -> str:
    """The whole script as text. Raises CannotJoin, naming the module."""
    done: dict[str, str] = {}
    _add(folder, entry, done, ())
    return "\n".join(done.values())


def _add(folder: Path, name: str, done: dict[str, str], above: tuple[str, ...]) -> None:
    if name in above:
        raise CannotJoin(f"{' → '.join((*above, name))}: modules that import each other cannot be joined")
    if name in done:
        return
    source = (folder / f"{name}.js").read_text(encoding="utf-8")
    for _, needed in IMPORT.findall(source):
        _add(folder, needed, done, (*above, name))
    done[name] = _scope(name, source)


def _scope(name: str, source: str) -> str:
    """The module as one constant that holds what it exports."""
    exported = [each for _, each in EXPORT.findall(source)]
    body = IMPORT.sub(lambda found: f"const {{{_destructured(found[1])}}} = {_constant(found[2])};\n", source)
    body = EXPORT.sub(r"\1 \2", body)
    if strange := LEFT_OVER.search(body):
        raise CannotJoin(f"{name}.js: cannot join “{strange[0]}”")
    return f"const {_constant(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _destructured(names: str) -> str:
    return re.sub(r"\s+as\s+", ": ", names)


def _constant(name: str) -> str:
    return "module_" + name.replace("/", "_")
