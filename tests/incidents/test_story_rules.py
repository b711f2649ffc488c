"""What alerts tie together, how the story is kept readable, and how it is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.choices import EvidenceRole, Severity, Verdict
from entities.choices import EntityKind
from entities.identity import device, place_of, process
from incidents.story.drawing import Picture, svg, wires_of
from incidents.story.grouping import readable
from incidents.story.layout import Wire, layout
from incidents.story.parts import Graph, Piece, Step
from incidents.story.shapes import LINE_LENGTH, lines_of
from incidents.story.telling import graph_of
from tests.conftest import NOON

SOURCE, DESTINATION, ATTACKED, COMPROMISED, CREATED, LOADED = (
    EvidenceRole.SOURCE,
    EvidenceRole.DESTINATION,
    EvidenceRole.ATTACKED,
    EvidenceRole.COMPROMISED,
    EvidenceRole.CREATED,
    EvidenceRole.LOADED,
)
IDS: dict[tuple[EntityKind, str], int] = {}


def piece(kind: EntityKind, name: str, *roles: EvidenceRole, **more: Any) -> Piece:
    number = IDS.setdefault((kind, name), len(IDS) + 1)
    key = more.pop("key", f"x:{name.casefold()}")
    return Piece(number, kind, key, name, frozenset(str(role) for role in roles), **more)


def host(name: str, *roles: EvidenceRole, **more: Any) -> Piece:
    return piece(EntityKind.DEVICE, name, *roles, **more)


def person(name: str, *roles: EvidenceRole, **more: Any) -> Piece:
    return piece(EntityKind.USER, name, *roles, **more)


def address(name: str, *roles: EvidenceRole, **more: Any) -> Piece:
    return piece(EntityKind.IP, name, *roles, **more)


def running(name: str, place: str, pid: int, parent: int | None = None, line: str = "", **more: Any) -> Piece:
    details = {"pid": pid, "parent_pid": parent, "image": f"C:\\{name}", "command_line": line, **more}
    return piece(EntityKind.PROCESS, f"{name} ({pid})", key=f"process@host:{place}|{pid}|", details=details)


def told(*alerts: Iterable[Piece], hidden: Iterable[EntityKind] = ()) -> Graph:
    """The graph of alerts with this evidence, one after the other."""
    steps = [
        Step(number, number, f"Alert {number}", Severity.HIGH, NOON + timedelta(minutes=number), list(pieces))
        for number, pieces in enumerate(alerts, 1)
    ]
    devices = {f"host:{p.name.casefold()}": p.entity for s in steps for p in s.pieces if p.kind == EntityKind.DEVICE}
    return graph_of(steps, devices, hidden)


def lines(graph: Graph) -> set[str]:
    """Each tie as a sentence; "and" where it has no direction."""
    return {
        f"{graph.nodes[e.source].name} {'and' if e.is_loose else e.words} {graph.nodes[e.target].name}"
        for e in graph.edges.values()
    }


# ------------------------------------------------------------------------------------------------ what one alert ties


def test_a_stolen_account_stands_between_where_it_was_taken_and_where_it_was_used() -> None:
    graph = told(
        [host("FIN", ATTACKED), person("ana", COMPROMISED), person("svc", ATTACKED)],
        [host("FIN", SOURCE), host("JMP", DESTINATION), person("svc", COMPROMISED)],
        [host("JMP", SOURCE), host("DC", DESTINATION), person("svc", COMPROMISED)],
    )
    assert lines(graph) == {
        "ana acted on FIN",
        "FIN attacked the account and used the account svc",
        "svc acted on JMP",
        "JMP reached DC",
    }
    numbers = {(graph.nodes[e.source].name, graph.nodes[e.target].name): e.labels for e in graph.edges.values()}
    assert numbers["FIN", "svc"] == () and numbers["svc", "JMP"] == (2,) and numbers["JMP", "DC"] == (3,)


def test_mail_goes_from_its_sender_to_mailbox_and_person_with_what_it_carries() -> None:
    message = piece(
        EntityKind.MAIL_MESSAGE, "Invoice", details={"sender": "a@bad.example", "recipient": "jo@corp.example"}
    )
    graph = told(
        [
            message,
            piece(EntityKind.DOMAIN, "bad.example"),
            address("198.51.100.1", SOURCE),
            piece(EntityKind.MAILBOX, "jo@corp.example", ATTACKED, key="mailbox:jo@corp.example"),
            person("jo@corp.example", ATTACKED, key="upn:jo@corp.example", attributes={"display_name": "Jo Meyer"}),
            piece(EntityKind.FILE, "invoice.docm"),
        ]
    )
    assert lines(graph) == {
        "bad[.]example sent Invoice",
        "198.51.100[.]1 sent Invoice",
        "Invoice was delivered to jo@corp.example",
        "jo@corp.example is the mailbox of Jo Meyer",
        "Invoice carried invoice.docm",
    }


def test_processes_hang_on_those_that_started_them_on_the_same_device() -> None:
    graph = told(
        [host("FIN"), running("word.exe", "fin", 7, line="word.exe plan.docm"), piece(EntityKind.FILE, "plan.docm")],
        [host("FIN"), host("WEB"), running("cmd.exe", "fin", 8, 7), running("sh.exe", "web", 9, 7)],
        [host("FIN"), running("net.exe", "fin", 10, 8, parent_image="C:\\other.exe")],
    )  # fmt: skip
    assert lines(graph) >= {
        "FIN ran word.exe (7)",
        "plan.docm was opened by word.exe (7)",
        "word.exe (7) started cmd.exe (8)",
        "WEB ran sh.exe (9)",
        "FIN ran net.exe (10)",
    }


def test_a_younger_process_has_not_started_an_older_one() -> None:
    young = running("new.exe", "fin", 7, created_at="2026-11-02T12:30:00+00:00")
    old = running("old.exe", "fin", 8, 7, created_at="2026-11-02T12:00:00+00:00")
    assert "new.exe (7) started old.exe (8)" not in lines(told([host("FIN"), young, old]))


def test_what_a_command_line_names_belongs_to_that_process() -> None:
    shell, loader = (
        running("ps.exe", "fin", 7),
        running("rundll32.exe", "fin", 8, 7, "rundll32.exe C:\\x\\evil.dll,Start"),
    )
    graph = told([host("FIN", ATTACKED), shell, loader, piece(EntityKind.FILE, "evil.dll", CREATED, LOADED)])
    assert {"ps.exe (7) created evil.dll", "evil.dll was opened by rundll32.exe (8)"} <= lines(graph)


def test_the_program_of_a_process_is_told_with_it_unless_something_was_found_about_it() -> None:
    plain = told([host("FIN"), running("cmd.exe", "fin", 7), piece(EntityKind.FILE, "cmd.exe")])
    found = told(
        [host("FIN"), running("bad.exe", "fin", 7), piece(EntityKind.FILE, "bad.exe", verdict=Verdict.MALICIOUS)]
    )
    assert {node.name for node in plain.nodes.values()} == {"FIN", "cmd.exe (7)"}
    assert "bad.exe ran as bad.exe (7)" in lines(found)


def test_an_address_that_one_device_says_is_its_own_is_that_device() -> None:
    attributes = {"ip_addresses": ["10.0.0.7"]}
    beacon = [address("10.0.0.7", SOURCE, ATTACKED), address("203.0.113.9", DESTINATION)]
    graph = told([host("FIN", ATTACKED, attributes=attributes)], beacon)
    assert lines(graph) == {"FIN connected to 203.0.113[.]9"}
    twice = told([host("FIN", attributes=attributes), host("WEB", attributes=attributes)], beacon)
    assert "10.0.0[.]7 connected to 203.0.113[.]9" in lines(twice)


def test_a_sign_in_comes_from_its_address() -> None:
    assert lines(told([person("jo"), address("203.0.113.9")])) == {"203.0.113[.]9 signed in as jo"}


def test_who_a_device_says_was_signed_in_is_tied_to_it() -> None:
    graph = told([host("FIN", details={"logged_on_users": ["CORP\\jo"]}), person("CORP\\jo", EvidenceRole.CONTEXTUAL)])
    assert lines(graph) == {"CORP\\jo was signed in to FIN"}


def test_what_nothing_else_ties_hangs_loosely_on_what_the_alert_is_about() -> None:
    graph = told([host("FIN"), piece(EntityKind.OTHER, "token"), piece(EntityKind.CONTAINER, "pod")])
    assert lines(graph) == {"FIN and token", "FIN and pod"}
    assert all(e.labels for e in list(graph.edges.values())[:1])


def test_hidden_kinds_are_left_away_as_if_no_alert_had_named_them() -> None:
    evidence = [host("FIN"), running("cmd.exe", "fin", 7), piece(EntityKind.REGISTRY_VALUE, "Run", CREATED)]
    assert "cmd.exe (7) created Run" in lines(told(evidence))
    assert lines(told(evidence, hidden=[EntityKind.PROCESS])) == {"FIN created Run"}
    assert {n.kind for n in told(evidence, hidden=[EntityKind.DEVICE]).nodes.values()} == {
        EntityKind.PROCESS,
        EntityKind.REGISTRY_VALUE,
    }


def test_the_device_in_a_key_is_found_again() -> None:
    for name in ("fin", "a|b%7c", "x@y"):
        identity = process(pid=7, scope=device(hostname=name))
        assert place_of(identity.key) == device(hostname=name).key
    assert place_of("path:C:\\a@b|c") == ""


# ------------------------------------------------------------------------------------------------------- property test


@st.composite
def stories(draw: st.DrawFn) -> list[list[Piece]]:
    kinds = st.sampled_from(list(EntityKind))
    roles = st.lists(st.sampled_from(list(EvidenceRole)), max_size=2)
    alerts = []
    for _ in range(draw(st.integers(1, 5))):
        evidence: dict[int, Piece] = {}
        for _ in range(draw(st.integers(0, 6))):
            kind, number = draw(kinds), draw(st.integers(1, 4))
            details = {"pid": number, "parent_pid": draw(st.integers(1, 4)), "command_line": "run thing-1"}
            one = piece(
                kind,
                f"thing-{number}",
                *draw(roles),
                key=f"process@host:thing-{number}|{number}",
                details=details,
                attributes={"ip_addresses": ["thing-1"]},
                verdict=draw(st.sampled_from(list(Verdict))),
            )
            evidence[one.entity] = one
        alerts.append(list(evidence.values()))
    return alerts


@settings(max_examples=60, deadline=None)
@given(stories())
def test_all_that_is_drawn_comes_from_an_alert_and_what_an_alert_names_hangs_together(
    alerts: list[list[Piece]],
) -> None:
    graph = told(*alerts)
    named = [{piece.entity for piece in evidence} for evidence in alerts]
    for node in graph.nodes.values():
        assert node.steps and all(1 <= step <= len(alerts) for step in node.steps)
        assert node.is_group or node.also or all(node.members[0] in named[step - 1] for step in node.steps)
    for (source, target), edge in graph.edges.items():
        assert source != target and {source, target} <= graph.nodes.keys()
        assert edge.steps and set(edge.labels) <= set(edge.steps)
        assert all(step in graph.nodes[target].steps or step in graph.nodes[source].steps for step in edge.steps)
    assert len({label for edge in graph.edges.values() for label in edge.labels}) == sum(
        len(edge.labels) for edge in graph.edges.values()
    )


# ------------------------------------------------------------------------------------------------------ kept readable


def test_a_crowd_is_one_node_that_names_its_first() -> None:
    graph = readable(told([address("203.0.113.9", SOURCE), *(person(f"user{n}", ATTACKED) for n in range(40))]))
    crowd = next(node for node in graph.nodes.values() if node.is_group)
    assert (crowd.name, len(crowd.members), len(graph.nodes), len(graph.edges)) == ("40 users", 40, 2, 1)
    assert crowd.also[0] == "user0"


def test_few_things_are_drawn_by_themselves() -> None:
    graph = readable(told([address("203.0.113.9", SOURCE), *(person(f"user{n}", ATTACKED) for n in range(5))]))
    assert len(graph.nodes) == 6


def test_beyond_the_limit_like_things_become_one_and_critical_ones_stand_alone() -> None:
    def evidence(n: int) -> list[Piece]:
        found = [piece(EntityKind.FILE, f"f{n}-{m}", verdict=list(Verdict)[m % 4]) for m in range(5)]
        return [host(f"H{n}", criticality="high" if n == 3 else ""), *found]

    graph = told(*(evidence(n) for n in range(20)))
    assert len(graph.nodes) == 120
    small = readable(graph, beyond=60)
    assert len(small.nodes) <= 60
    assert {node.name for node in small.nodes.values()} >= {"H3", "5 files"}
    assert sum(len(node.members) for node in small.nodes.values()) == 120


def test_what_is_kept_of_too_much_hangs_together() -> None:
    chains = [[host(f"A{n}", SOURCE), host(f"B{n}", ATTACKED), address(f"192.0.2.{n}")] for n in range(30)]
    graph = readable(told(*chains), beyond=1_000, most=9)
    assert len(graph.edges) == 6, "three alerts whole, rather than nine things without a line"


def test_what_is_too_much_is_left_out_and_named() -> None:
    evidence = [[host(f"H{n}", ATTACKED), address(f"198.51.100.{n}", SOURCE)] for n in range(30)]
    graph = readable(told(*evidence, [host("DC", criticality="high")]), beyond=1_000, most=20, most_edges=4)
    assert len(graph.nodes) == 20 and "DC" in {node.name for node in graph.nodes.values()}
    assert sum(graph.left_out.values()) == 41
    assert len(graph.edges) <= 4


# -------------------------------------------------------------------------------------------------------------- drawn


def drawn(graph: Graph, until: int | None = None) -> str:
    return svg(Picture(graph, layout(len(graph.nodes), wires_of(graph)), until), lambda node: f"/x/{node.key}")


def test_the_same_graph_has_the_same_places() -> None:
    wires = [Wire(0, 1, 16), Wire(1, 2, 0), Wire(2, 0, 0), Wire(0, 3, 16)]
    assert layout(5, wires) == layout(5, wires)
    assert len(set(layout(5, wires).nodes)) == 5
    assert layout(0, []).nodes == ()


def test_the_picture_is_dimmed_after_the_moment_shown() -> None:
    graph = told([host("FIN"), person("jo")], [host("FIN"), person("ana")])
    picture = drawn(graph, until=1)
    assert picture.count("is-later") == 3  # ana, her line and its number
    assert "is-later" not in drawn(graph) and "is-now" not in drawn(graph)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=x>', "a\u202efdp.exe", "\x01\x7f", "]]>&lt;"]
)
def test_hostile_names_are_text(text: str) -> None:
    picture = drawn(told([host(text), person(f"{text}2", COMPROMISED), piece(EntityKind.URL, f"http://{text}")]))
    ElementTree.fromstring(picture)
    assert "<script" not in picture and "<img" not in picture and "\u202e" not in picture


@given(st.text(max_size=300))
@settings(max_examples=80, deadline=None)
def test_names_stand_in_two_short_lines(name: str) -> None:
    found = lines_of(name)
    assert 1 <= len(found) <= 2 and all(0 < len(line) <= LINE_LENGTH for line in found)
