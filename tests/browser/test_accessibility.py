"""Every page in its states, light and dark, wide and narrow: no finding of axe for WCAG 2.2 AA, nothing wider than the
window."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from activity.actors import SYSTEM
from alerts.choices import Classification, Determination, Severity, Verdict
from entities import identity
from entities.models import Entity
from exports.choices import Format
from exports.commands import claim, give_up, request_export
from incidents.commands import add_comment, assign, change_tags, classify, resolve, set_severity
from incidents.models import Incident
from tests.browser.conftest import NARROW, WIDE, OpenWindow, WindowOf
from tests.browser.pages import IN_THE_BROWSER
from tests.conftest import NOON, alert, device, opened, user_entity
from tests.exports.made import kept_export

pytestmark = IN_THE_BROWSER

EVERYTHING = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
ALL_LOOKS = [(theme, size) for theme in ("light", "dark") for size in (WIDE, NARROW)]
EVERY_LOOK = bool(os.environ.get("EVERY_LOOK"))
"""Else both themes and both widths, each once: colours do not hang on the width, nor the layout on the theme."""
LOOKS = [
    pytest.param(theme, size, id=f"{theme}-{size['width']}")
    for theme, size in (ALL_LOOKS if EVERY_LOOK else (ALL_LOOKS[0], ALL_LOOKS[-1]))
]


@pytest.fixture
def scene(ana: User, lee: User, tier2: Team) -> Incident:
    """A queue with all severities, statuses and kinds of tag; the first incident has everything a page can show."""
    main = opened(
        alert(
            "1",
            title="Encoded command started by a document",
            severity=Severity.HIGH,
            description="A document started a shell.\nThe shell read a remote script.",
            recommended_actions="Isolate the device.\nReset the password.",
            categories=("execution",),
            techniques=("T1059.001",),
            entities=(
                device("fin-ws-17"),
                user_entity("mia@corp.example"),
                identity.ip("192.0.2.7"),
                identity.url("http://evil.example/stage.ps1"),
                identity.file(name="stage.ps1", hashes=["a" * 64]),
            ),
            verdict=Verdict.MALICIOUS,
        ),
        alert("2", title="Shadow copies deleted", severity=Severity.MEDIUM, categories=("impact",),
              entities=(device("fin-ws-17"),), at=NOON.replace(hour=13)),
    )  # fmt: skip
    change_tags(main, add=["Night shift", "A custom tag of some length"], actor=ana.as_actor())
    add_comment(main, "Isolated **FIN-WS-17**; see [the notes](https://notes.example/1).\n\n- one\n- two\n\n`code`",
                actor=ana.as_actor())  # fmt: skip
    assign(main, ana, actor=lee.as_actor())
    set_severity(main, Severity.LOW, actor=ana.as_actor())
    classify(main, Classification.TRUE_POSITIVE, Determination.MALWARE, actor=ana.as_actor())
    for number, severity in enumerate(Severity):
        incident = opened(
            alert(f"more {number}", title=f"{severity.label} alert", severity=severity,
                  entities=(device(f"web-0{number}"),))
        )  # fmt: skip
        if severity == Severity.HIGH:
            resolve(incident, actor=ana.as_actor(), note="Blocked at the **gateway**.")
        if severity == Severity.MEDIUM:
            assign(incident, tier2, actor=SYSTEM)
    return main


def check(page: Page, findings: list[str], name: str) -> None:
    """Write down what axe finds and whether the page is wider than the window."""
    result = Axe().run(page, options={"runOnly": EVERYTHING, "resultTypes": ["violations"]})
    for violation in result.response["violations"]:
        for node in violation["nodes"]:
            findings.append(f"{name}: {violation['id']} at {node['target']}: {_why(node)}")
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if width > 0:
        findings.append(f"{name}: {width} px wider than the window")


def _why(node: dict[str, Any]) -> str:
    return "; ".join(each["message"] for kind in ("any", "all", "none") for each in node[kind])


def open_a_row(page: Page) -> None:
    page.locator("tr[data-row] .cell-time").last.click()
    expect(page.locator("#pane").get_by_role("heading", level=2)).to_be_visible()
    expect(page.locator("#pane")).not_to_have_attribute("aria-busy", "true")


def manage(page: Page) -> None:
    open_a_row(page)
    page.locator("#pane").get_by_role("link", name="Manage incident").click()
    expect(page.get_by_label("Incident name")).to_be_visible()
    page.get_by_label("Status", exact=True).select_option("resolved")
    page.get_by_role("combobox", name="Assign to").click()
    expect(page.locator(".combobox-option").first).to_be_visible()


def refused_save(page: Page) -> None:
    open_a_row(page)
    page.locator("#pane").get_by_role("link", name="Manage incident").click()
    page.get_by_label("Status", exact=True).select_option("resolved")
    page.locator("#pane").get_by_role("button", name="Save").click()
    expect(page.locator(".field-error")).to_be_visible()


def manage_several(page: Page) -> None:
    # narrow lists have no boxes to tick
    for box in page.locator("input[data-select-row]").all()[:2]:
        box.dispatch_event("click")
    page.get_by_role("region", name="Selected").get_by_text("Manage").click()
    expect(page.locator("#pane form.manage")).to_contain_text("Manage 2 incidents")


def open_alerts(page: Page) -> None:
    lines = page.locator(".alert-line").all()
    for line in lines:
        line.click()
    expect(page.locator(".alert-body[data-live]")).to_have_count(len(lines))


def open_filters(page: Page) -> None:
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.get_by_role("link", name="Add filter").click()
    expect(page.get_by_role("dialog", name="Filter")).to_be_visible()


def open_help(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


def as_it_is(_page: Page) -> None:
    pass


STATES: list[tuple[str, str, Callable[[Page], None]]] = [
    ("queue", "/incidents/", as_it_is),
    ("queue with a pane", "/incidents/", open_a_row),
    ("queue with filters open", "/incidents/", open_filters),
    ("keyboard help", "/incidents/", open_help),
    ("queue, everything", "/incidents/?status=any&severity=any&tag=Night%20shift&assignee=ana", as_it_is),
    ("queue, empty", "/incidents/?q=nothinglikethis", as_it_is),
    ("queue of a view", "/views/mine/", as_it_is),
    ("queue of a changed view", "/incidents/?severity=low&assignee=me&view=mine", as_it_is),
    ("views", "/views/", as_it_is),
    ("save view", "/views/new/?severity=high", as_it_is),
    ("view not found", "/views/nothing/", as_it_is),
    ("queue, refused", "/incidents/?stauts=active&severity=hihg", as_it_is),
    ("manage pane", "/incidents/", manage),
    ("manage pane, refused", "/incidents/", refused_save),
    ("manage pane of several", "/incidents/", manage_several),
    ("overview", "/incidents/{number}/", as_it_is),
    ("story", "/incidents/{number}/story/", as_it_is),
    ("alerts", "/incidents/{number}/alerts/", open_alerts),
    ("assets", "/incidents/{number}/assets/", as_it_is),
    ("evidence", "/incidents/{number}/evidence/", as_it_is),
    ("activity", "/incidents/{number}/activity/", as_it_is),
    ("as it was", "/incidents/{number}/as-of/", as_it_is),
    ("what changed", "/incidents/{number}/as-of/?from={first}", as_it_is),
    ("similar", "/incidents/{number}/similar/", as_it_is),
    ("manage page", "/incidents/{number}/manage/", as_it_is),
    ("entities", "/entities/", as_it_is),
    ("entity", "/entities/device/{asset}/", as_it_is),
    ("entity's timeline", "/entities/device/{asset}/timeline/?around={number}", as_it_is),
    ("critical assets", "/settings/critical-assets/", as_it_is),
    ("retention", "/settings/retention/", as_it_is),
    ("import", "/exports/import/", as_it_is),
    ("system log", "/settings/log/", as_it_is),
    ("classification", "/settings/critical-assets/new/", as_it_is),
    ("preferences", "/preferences/", as_it_is),
    ("status", "/status/", as_it_is),
    ("design", "/design/", as_it_is),
    ("not found", "/nowhere/", as_it_is),
]


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_no_page_has_a_finding(
    theme: str,
    size: dict[str, int],
    scene: Incident,
    ada: User,
    window_of: WindowOf,
    open_window: OpenWindow,
    refusals: set[int],
) -> None:
    refusals.update({400, 404, 422})
    findings: list[str] = []
    page = open_window(viewport=size, color_scheme=theme)
    page.goto("/sign-in/")
    check(page, findings, "sign-in")
    page = window_of(ada, viewport=size, color_scheme=theme)
    for name, path, reach in STATES:
        first = scene.entries.order_by("sequence")[0].pk
        page.goto(path.format(number=scene.pk, first=first, asset=Entity.objects.filter(kind="device")[0].pk))
        reach(page)
        check(page, findings, name)
    assert not findings, "\n".join(findings)


def test_an_empty_queue_has_no_finding(ada: User, window_of: WindowOf) -> None:
    findings: list[str] = []
    page = window_of(ada)
    expect(page.get_by_text("Nothing is open")).to_be_visible()
    check(page, findings, "nothing open")
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_unsaved_work_in_its_states_has_no_finding(
    theme: str, size: dict[str, int], scene: Incident, ada: User, window_of: WindowOf, refusals: set[int]
) -> None:
    """A form opened by a key, the notice of a draft, a draft that is back, a save that did not arrive, a conflict."""
    refusals.update({0, 409})
    findings: list[str] = []
    page = window_of(ada, viewport=size, color_scheme=theme)
    page.goto(f"/incidents/?open={scene.pk}&severity=any")
    page.keyboard.press("r")
    note = page.get_by_label("Resolution note")
    expect(note).to_be_focused()
    note.fill("Typed and not saved")
    page.get_by_label("Severity").select_option("high")
    check(page, findings, "form opened by a key")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    check(page, findings, "notice of a draft")
    page.locator("[data-draft-resume]").click()
    expect(page.get_by_text("Your changes are back")).to_be_visible()
    page.route("**/manage/", lambda route: route.abort())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    check(page, findings, "a save that did not arrive")
    page.unroute("**/manage/")
    page.locator("[name=version]").evaluate("(field) => { field.value = 1 }")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("radio", name="Use yours")).to_be_visible()
    check(page, findings, "conflict")
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_what_live_pages_show_has_no_finding(
    theme: str, size: dict[str, int], scene: Incident, ada: User, lee: User, window_of: WindowOf
) -> None:
    """The bell with its notices, snoozing, and a row that no longer matches."""
    findings: list[str] = []
    add_comment(scene, "@ada look", actor=lee.as_actor())
    page = window_of(ada, viewport=size, color_scheme=theme)
    resolve(scene, actor=lee.as_actor(), note="Done.")
    expect(page.locator(f'tr.row-gone[data-id="{scene.pk}"]')).to_be_visible()
    check(page, findings, "queue with a row that no longer matches")
    page.locator("[data-bell]").filter(visible=True).click()
    expect(page.locator("#bell-panel")).to_contain_text("mentions you")
    check(page, findings, "bell open")
    page.goto("/notices/")
    check(page, findings, "notices")
    page.goto("/incidents/")
    open_a_row(page)
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="1 hour")).to_be_visible()
    check(page, findings, "snooze menu")
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_exports_in_their_states_have_no_finding(
    theme: str,
    size: dict[str, int],
    scene: Incident,
    ada: User,
    window_of: WindowOf,
    settings: Any,
    tmp_path: Path,
) -> None:
    """The choices, what stands under the title of one that failed and one that is ready, and the person's list."""
    settings.EXPORTS_FOLDER = tmp_path / "exports"
    findings: list[str] = []
    failed = claim(request_export(scene, Format.ARCHIVE, principal=ada).pk)
    assert failed is not None
    give_up(failed, "The report needs more than 1,024 MB of memory; leave out parts or keep the caps.")
    kept_export(scene, ada, uuid4())
    page = window_of(ada, viewport=size, color_scheme=theme)
    page.goto(f"/incidents/{scene.pk}/")
    expect(page.locator("#export-state")).to_contain_text("is ready")
    check(page, findings, "states of exports")
    page.locator("details[data-menu] > summary", has_text="More").click()
    page.get_by_role("link", name="Export incident as PDF").click()
    expect(page.locator("form.export")).to_be_visible()
    check(page, findings, "choices of a report")
    page.goto("/exports/")
    check(page, findings, "list of exports")
    assert not findings, "\n".join(findings)
