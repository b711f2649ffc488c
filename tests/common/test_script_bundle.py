"""ES modules joined into one script: each in a scope of its own, in the order in which they need each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.script_bundle import CannotJoin, joined


def write(folder: Path, **modules: str) -> Path:
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source)
    return folder


def test_what_a_module_needs_comes_before_it_and_once(tmp_path: Path) -> None:
    script = joined(
        write(
            tmp_path,
            main='import { go as start } from "./a.js";\nimport { STEP } from "./b.js";\nstart(STEP);\n',
            a='import { STEP } from "./b.js";\nexport async function go(n) {}\nconst own = STEP;\n',
            b="export const STEP = 2;\n",
        )
    )
    assert script.index("const module_b") < script.index("const module_a") < script.index("const module_main")
    assert script.count("const STEP = 2;") == 1
    assert "const { go: start } = module_a;" in script
    assert "return { go };" in script and "export" not in script and "import" not in script


@pytest.mark.parametrize(
    "source",
    [
        'import * as all from "./b.js";',
        'import b from "./b.js";',
        "export default 1;",
        "export let n = 1;",
        'export { a } from "./b.js";',
    ],
)
def test_a_form_it_does_not_know_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(CannotJoin, match=r"main\.js: cannot join"):
        joined(write(tmp_path, main=f"{source}\n", b=""))


def test_modules_that_need_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    modules = {"main": 'import { a } from "./b.js";\n', "b": 'import { c } from "./main.js";\n'}
    with pytest.raises(CannotJoin, match="main → b → main"):
        joined(write(tmp_path, **modules))
