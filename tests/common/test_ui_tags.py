"""Component tags: each renders with the least it needs, escapes hostile text, and has its template and style sheet."""

import re
from pathlib import Path

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.template import Context, Engine, Template
from django.test import RequestFactory
from django.utils import timezone
from django.utils.safestring import mark_safe

from alerts.choices import Severity
from common import static_bundle
from common.components import component
from common.design_page import design
from common.static_bundle import SCRIPT, SHEET, JoinedFinder, joined_script, joined_sheet, sheet_parts
from common.templatetags import ui

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "static/js").glob("*.js"))
HOSTILE = '"><script>alert(1)</script>'

MINIMAL: dict[str, str] = {
    "icon": '{% icon "device" %}',
    "severity": "{% severity term %}",
    "status": "{% status term %}",
    "score": "{% score 50 %}",
    "counts": "{% counts counts %}",
    "moment": "{% moment now %}",
    "due": "{% due now %}",
    "restricted": "{% restricted %}",
    "crown": "{% crown term %}",
    "tag": "{% tag text %}",
    "person": "{% person text %}",
    "key": "{% key text %}",
    "indicator": "{% indicator text %}",
    "editor": "{% editor text text text text %}{{ text }}{% endeditor %}",
    "button": "{% button text %}",
    "segmented": "{% segmented text items %}",
    "menu": "{% menu text %}{{ text }}{% endmenu %}",
    "menu_item": "{% menu_item text %}",
    "dialog": '{% dialog "id" text %}{{ text }}{% enddialog %}',
    "bulk_bar": "{% bulk_bar %}{{ text }}{% endbulk_bar %}",
    "chip": "{% chip text text text %}",
    "search": '{% search "search" text label=text placeholder=text %}',
    "filter_menu": "{% filter_menu groups %}",
    "table": "{% table items text %}<tbody></tbody>{% endtable %}",
    "pagination": "{% pagination text text text %}",
    "new_bar": "{% new_bar text %}",
    "pane": "{% pane %}{{ text }}{% endpane %}",
    "pane_bar": "{% pane_bar %}{{ text }}{% endpane_bar %}",
    "pane_section": "{% pane_section text %}{{ text }}{% endpane_section %}",
    "page_header": "{% page_header text text %}{{ text }}{% endpage_header %}",
    "bell": "{% bell %}",
    "breadcrumb": "{% breadcrumb items %}",
    "tabs": "{% tabs items %}",
    "card": "{% card text %}{{ text }}{% endcard %}",
    "facts": "{% facts pairs %}",
    "entry": "{% entry text text text changes=changes %}{{ text }}{% endentry %}",
    "empty": "{% empty text %}{{ text }}{% endempty %}",
    "skeleton": "{% skeleton %}",
    "kill_chain": "{% kill_chain items %}",
    "meter": "{% meter text 1 2 text %}",
    "progress": "{% progress text text=text %}",
    "strip": "{% strip text numbers %}",
    "severity_strip": "{% severity_strip text bars items %}",
    "toast": "{% toast text undo_url=text %}",
    "toast_templates": "{% toast_templates %}",
    "notice": "{% notice title=text %}{{ text }}{% endnotice %}",
    "conflict": "{% conflict text changes %}",
    "field": "{% field form.name %}",
    "labelled": '{% labelled text "id" help=text error=text %}{{ text }}{% endlabelled %}',
    "form_section": "{% form_section text text %}{{ text }}{% endform_section %}",
    "combobox": '{% combobox "id" "name" text text chosen=items help=text error=text %}',
    "tag_input": '{% tag_input "id" "name" text chosen=items help=text %}',
    "combobox_options": "{% combobox_options groups create=text empty=text %}",
    "stylesheets": "{% stylesheets %}",
    "script": "{% script %}",
}


class OneField(forms.Form):
    name = forms.CharField(label=HOSTILE, help_text="", initial=HOSTILE)


def rendered(source: str) -> str:
    item = {
        "label": HOSTILE, "url": HOSTILE, "value": HOSTILE, "hint": HOSTILE, "field": HOSTILE, "old": HOSTILE,
        "new": HOSTILE, "name": HOSTILE, "yours": HOSTILE, "theirs": HOSTILE, "count": HOSTILE,
    }  # fmt: skip
    values = {
        "text": HOSTILE,
        "term": Severity.HIGH,
        "items": [item, item],
        "changes": [item],
        "groups": [{"label": HOSTILE, "name": HOSTILE, "options": [item]}],
        "pairs": [(HOSTILE, HOSTILE)],
        "numbers": [1, 2, 0],
        "bars": [{"label": HOSTILE, "title": HOSTILE, "url": HOSTILE, "values": [("high", 2), ("low", 0)]}],
        "counts": {"device": 1},
        "now": timezone.now(),
        "form": OneField(),
    }
    return Template("{% load ui %}" + source).render(Context(values))


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_it_renders_and_escapes(name: str) -> None:
    html = rendered(MINIMAL[name])
    assert html.strip()
    assert "<script>" not in html
    assert "style=" not in html and "onclick=" not in html
    assert "{#" not in html and "{%" not in html


def test_every_tag_is_tried() -> None:
    assert set(ui.register.tags) == set(MINIMAL)


def test_every_component_has_its_style_sheet() -> None:
    parts = {"menu_item": "menu", "pane_bar": "pane", "pane_section": "pane", "combobox_options": "combobox"}
    for template in (ROOT / "templates/components").glob("*.html"):
        name = parts.get(template.stem, template.stem)
        assert (ROOT / f"static/css/components/{name}.css").is_file(), template.name


def test_attributes_are_spelled_and_escaped() -> None:
    text = ui.attributes_text({"hx_get": "/a?b=1&c=2", "class_": "x", "hidden": True, "title": None, "data_x": HOSTILE})
    assert ' hx-get="/a?b=1&amp;c=2"' in text and ' class="x"' in text and " hidden" in text
    assert "title" not in text and "<script" not in text


def test_an_attribute_that_is_safe_is_not_taken_for_one_that_is_not() -> None:
    for title, text in ((mark_safe("&amp;"), "&amp;"), ("&amp;", "&amp;amp;"), (1, "1")):
        assert ui.attributes_text({"title": title}) == f' title="{text}"'
    assert ui.attributes_text({"title": True}) == " title"


def test_an_icon_button_has_a_name() -> None:
    html = rendered('{% button "Close" icon="close" icon_only=True %}')
    assert "visually-hidden" in html and ">Close<" in html and 'type="button"' in html


def test_a_multiple_combobox_without_script_is_boxes_and_a_text_field_of_one_name() -> None:
    html = rendered('{% combobox "id" "assignee" "Assign to" "/people/" chosen=items multiple=True %}')
    assert html.count(' name="assignee"') == 3


def test_the_joined_sheet_holds_every_part_and_no_address() -> None:
    sheet = joined_sheet()
    assert len(sheet_parts()) > 35
    assert sheet.index("@layer tokens, reset") < sheet.index(".button-primary")
    assert "url(" not in sheet and "@import" not in sheet


def test_the_finder_finds_what_it_joins_and_nothing_else() -> None:
    finder = JoinedFinder()
    for path, text in ((SHEET, joined_sheet()), (SCRIPT, joined_script())):
        found = finder.find(path)
        assert isinstance(found, str) and Path(found).read_text() == text
    assert finder.find("css/tokens.css") == []
    assert [name for name, _ in finder.list(None)] == [SHEET, SCRIPT]


def test_without_the_finder_the_parts_are_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "find", lambda path: None)
    monkeypatch.setattr(ui, "_sheets", ui._sheets.__wrapped__)  # as found by a process that has not looked yet
    assert ui.stylesheets().count("<link") == len(sheet_parts())


def test_the_address_of_static_files_changes_with_any_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_bundle, "ROOT", tmp_path)
    (tmp_path / "a.css").write_text("a {}")
    before = static_bundle.static_version("django-htmx")
    assert before == static_bundle.static_version("django-htmx")
    (tmp_path / "a.css").write_text("b {}")
    assert static_bundle.static_version("django-htmx") != before


def test_every_module_is_part_of_the_script() -> None:
    script = joined_script()
    assert set(re.findall(r"^const module_(\w+) = \(\(\) => {$", script, re.MULTILINE)) == {
        module.relative_to(ROOT / "static/js").with_suffix("").as_posix().replace("/", "_") for module in MODULES
    } - {"passkeys"}  # stands alone, on the pages at the door


def test_every_colour_is_a_token() -> None:
    """Hex colours and colour functions stand in tokens.css only."""
    for part in sheet_parts():
        if part != "css/tokens.css":
            text = (ROOT / "static" / part).read_text()
            assert not any(word in text for word in ("rgb(", "hsl(", "oklch(", ": #", " #f", " #0")), part


@pytest.mark.parametrize("query", ["", "?theme=dark&density=compact", f"?theme={HOSTILE}"])
def test_the_design_page_renders(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.design_page.render", _render_without_processors)
    response = design(RequestFactory().get(f"/design/{query}"))
    assert "<script>alert" not in response


def _render_without_processors(request: object, name: str, context: dict[str, object]) -> str:
    return Engine.get_default().get_template(name).render(Context(context))


def test_safe_text_and_plain_text_are_not_taken_for_each_other() -> None:
    for _ in range(2):
        assert "<b>x</b>" in component("notice", content=mark_safe("<b>x</b>"), kind="info")
        assert "&lt;b&gt;x" in component("notice", content="<b>x</b>", kind="info")
        assert "<b>y</b>" in component("notice", content="z", kind="info", title=mark_safe("<b>y</b>"))
        assert "&lt;b&gt;y" in component("notice", content="z", kind="info", title="<b>y</b>")
