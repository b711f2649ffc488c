"""Templates as text: what Django takes literally and people would see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.relative_to(TEMPLATES).as_posix()
)
def test_a_comment_that_is_shown_to_nobody_ends_on_its_line(template: Path) -> None:
    """Django knows `{# … #}` within one line only; longer ones are printed, but for those above the first block of a
    template that extends another."""
    text = template.read_text()
    if text.startswith("{% extends"):
        text = text[text.find("{% block") :]
    assert re.findall(r"{#(?:(?!#}).)*$", text, re.MULTILINE) == []
