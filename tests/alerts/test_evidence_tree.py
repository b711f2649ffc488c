"""The process tree of an alert, from what senders say of parents, true or not."""

from __future__ import annotations

import time
from typing import Any

from alerts.models import Evidence
from alerts.queries.evidence_tree import DEEPEST, groups, process_tree
from alerts.techniques import names, technique_name
from entities.choices import EntityKind
from entities.models import Entity


def process(number: int, pid: Any, parent: Any = None, **details: Any) -> Evidence:
    entity = Entity(kind="process", key=f"process:{number}", name=f"p{number}.exe ({pid})", id=number)
    known = {"pid": pid, "image": f"C:\\p{number}.exe", "parent_pid": parent, **details}
    details = {key: value for key, value in known.items() if value is not None}
    return Evidence(id=number, entity=entity, details=details, roles=[])


def drawn(*items: Evidence) -> list[tuple[int, str]]:
    return [(row["level"], row["raw_name"]) for row in process_tree(items)]


def test_each_process_stands_beneath_the_one_that_started_it() -> None:
    child, parent, other = process(1, 20, 10), process(2, 10), process(3, 30, 10)
    assert drawn(child, parent, other) == [(0, "p2.exe (10)"), (1, "p1.exe (20)"), (1, "p3.exe (30)")]


def test_a_parent_that_is_no_evidence_stands_there_by_name_once() -> None:
    word = "C:\\Office\\WINWORD.EXE"
    tree = list(process_tree([process(1, 20, 7344, parent_image=word), process(2, 21, 7344, parent_image=word)]))
    assert [(row["level"], row["raw_name"]) for row in tree] == [
        (0, "WINWORD.EXE (7344)"),
        (1, "p1.exe (20)"),
        (1, "p2.exe (21)"),
    ]
    assert tree[0]["is_context"]


def test_a_process_id_used_again_is_told_apart_by_time_and_image() -> None:
    early, late = process(1, 10, created_at="2026-01-01T00:00:00"), process(2, 10, created_at="2026-01-02T00:00:00")
    child = process(3, 20, 10, parent_created_at="2026-01-02T00:00:00")
    assert drawn(early, late, child) == [(0, "p1.exe (10)"), (0, "p2.exe (10)"), (1, "p3.exe (20)")]
    other = process(4, 21, 10, parent_image="C:\\else.exe")
    assert drawn(early, other) == [(0, "else.exe (10)"), (1, "p4.exe (21)"), (0, "p1.exe (10)")]


def test_circles_and_nonsense_leave_each_process_there_once() -> None:
    circle = [process(1, 10, 20), process(2, 20, 10), process(3, 30, 30)]
    odd = [process(4, "x", ["y"], parent_image={"a": 1}), process(5, None, None, created_at=7)]
    tree = drawn(*circle, *odd)
    assert len(tree) == len({name for _, name in tree}) >= 5


def test_a_deep_chain_is_drawn_without_end_of_stack_or_page() -> None:
    started = time.process_time()
    tree = drawn(*(process(number, number, number - 1 or None) for number in range(1, 1_001)))
    assert [level for level, _ in tree][:10] == [0, 1, 2, 3, 4, 5, 6, 7, DEEPEST, DEEPEST]
    assert len(tree) == 1_000
    assert time.process_time() - started < 3


def test_evidence_stands_by_kind_assets_first() -> None:
    device = Evidence(id=9, entity=Entity(kind="device", key="host:a", name="fin-ws-17", id=9), details={}, roles=[])
    address = Evidence(id=8, entity=Entity(kind="ip", key="ip:1.2.3.4", name="1.2.3.4", id=8), details={}, roles=[])
    found = groups([address, process(1, 10), device])
    assert [group["label"] for group in found] == [
        EntityKind.DEVICE.label,
        EntityKind.IP.label,
        EntityKind.PROCESS.label,
    ]


def test_techniques_have_the_names_people_know() -> None:
    assert technique_name("T1486") == "Data Encrypted for Impact"
    assert technique_name("T1059.001") == "Command and Scripting Interpreter: PowerShell"
    assert technique_name("T1059.999") == "Command and Scripting Interpreter"
    assert technique_name("T9999") == technique_name("") == technique_name("TA0001") == ""
    assert len(names()) > 600
