"""An incident told in sentences: right, grammatical, and nothing that the facts do not hold."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.choices import EvidenceRole, RemediationStatus, Tactic, Verdict
from common.defang import defang
from entities.choices import EntityKind
from incidents.choices import IncidentStatus
from incidents.what_happened import Alike, Facts, Step, Thing, paragraphs, plain
from tests.conftest import NOON

WORKSTATION = Thing(1, EntityKind.DEVICE, "FIN-WS-17")
MARTA = Thing(2, EntityKind.USER, "marta", frozenset({EvidenceRole.COMPROMISED}))
MACRO = Thing(3, EntityKind.FILE, "invoice.docm", verdict=Verdict.MALICIOUS)
SENDER = Thing(4, EntityKind.IP, "198.51.100.61", frozenset({EvidenceRole.SOURCE}))


def step(number: int = 1, title: str = "Macro started a shell", things: tuple[Thing, ...] = (), **more: Any) -> Step:
    return Step(number, title, "Endpoint sensor", NOON, things=things, **more)


def facts(**more: Any) -> Facts:
    values: dict[str, Any] = {
        "status": IncidentStatus.ACTIVE,
        "alerts_total": 1,
        "alerts_active": 1,
        "sources": 1,
        "began": NOON,
        "ended": NOON,
        "first": step(),
    }
    return Facts(**values | more)


def alike(kind: EntityKind, count: int, names: tuple[str, ...] = (), **more: Any) -> Alike:
    values: dict[str, Any] = {"verdict": Verdict.UNKNOWN, "remediation": RemediationStatus.NONE, "criticality": ""}
    things = tuple(Thing(100 + number, kind, name) for number, name in enumerate(names))
    return Alike(kind=kind, count=count, things=things, **{**values, "in_first": False, **more})


def test_one_alert_without_evidence() -> None:
    assert plain(paragraphs(facts())) == (
        "On 2 Nov at 12:00, Endpoint sensor raised “Macro started a shell”.\n"
        "The alert is still active; the incident is not assigned to anybody."
    )


def test_the_beginning_says_where_with_whom_from_where_and_by_what_means() -> None:
    first = step(things=(WORKSTATION, MARTA, MACRO, SENDER))
    assert plain(paragraphs(facts(first=first))).startswith(
        "On 2 Nov at 12:00, Endpoint sensor raised “Macro started a shell” on FIN-WS-17, with the account marta,"
        " from 198.51.100[.]61, with the malicious file invoice.docm."
    )


def test_an_account_that_is_only_concerned_is_no_culprit() -> None:
    said = plain(paragraphs(facts(first=step(things=(Thing(2, EntityKind.USER, "marta"),)))))
    assert "concerning the user marta" in said


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a",), "on a."),
        (("a", "b"), "on a and b."),
        (("a", "b", "c"), "on a and 2 more devices."),
    ],
)
def test_several_are_named_or_counted(names: tuple[str, ...], words: str) -> None:
    things = tuple(Thing(number, EntityKind.DEVICE, name) for number, name in enumerate(names))
    assert words in plain(paragraphs(facts(first=step(things=things))))


def test_a_thousand_alerts_that_spread() -> None:
    said = plain(
        paragraphs(
            facts(
                alerts_total=1_000,
                alerts_active=940,
                sources=6,
                ended=NOON + timedelta(hours=33),
                first=step(things=(WORKSTATION,)),
                gravest=step(9, "Files encrypted", (Thing(7, EntityKind.DEVICE, "DC-02"),), categories=("impact",)),
                alike=(
                    alike(EntityKind.DEVICE, 1, ("FIN-WS-17",), in_first=True),
                    alike(EntityKind.DEVICE, 5, ("web-1", "web-2")),
                    alike(EntityKind.DEVICE, 1, ("DC-02",), criticality="very_high"),
                    alike(EntityKind.USER, 2, ("a", "b")),
                ),
            )
        )
    )
    assert (
        "999 more alerts followed within 33 hours, from 6 sources in all; they concern 6 more devices and 2 users,"
        " among them DC-02, a critical asset (very high). The gravest step came on 2 Nov at 12:00:"
        " “Files encrypted” on DC-02 (Impact)." in said
    )
    assert said.endswith("940 of the 1,000 alerts are still active; the incident is not assigned to anybody.")


def test_two_alerts_on_the_same_assets() -> None:
    said = plain(
        paragraphs(
            facts(
                alerts_total=2,
                alerts_active=2,
                ended=NOON + timedelta(minutes=1),
                first=step(things=(WORKSTATION,)),
                alike=(alike(EntityKind.DEVICE, 1, ("FIN-WS-17",), in_first=True),),
            )
        )
    )
    assert "One more alert followed within one minute; it names no other assets." in said
    assert "Both alerts are still active" in said


def test_what_was_added_by_hand_is_not_said_of_the_alerts() -> None:
    said = plain(
        paragraphs(
            facts(
                alerts_total=2,
                alerts_active=2,
                first=step(things=(WORKSTATION,)),
                alike=(
                    alike(EntityKind.DEVICE, 1, ("FIN-WS-17",), in_first=True),
                    alike(EntityKind.DEVICE, 1, ("NAS-2",), by_hand=True, criticality="high"),
                ),
            )
        )
    )
    assert "it names no other assets." in said
    assert "One piece of evidence was added by hand. Nothing was found malicious." in said


MALICIOUS, SUSPICIOUS = {"verdict": Verdict.MALICIOUS}, {"verdict": Verdict.SUSPICIOUS}
FOUND = [
    ((alike(EntityKind.FILE, 2, ("a", "b")),), "Nothing was found malicious."),
    (
        (alike(EntityKind.FILE, 1, ("a",), **SUSPICIOUS),),
        "Nothing was found malicious; one piece of evidence is suspicious. It is not reported as contained.",
    ),
    (
        (alike(EntityKind.FILE, 1, ("a.exe",), remediation="remediated", **MALICIOUS),),
        "The file a.exe was found malicious. It is contained (remediated).",
    ),
    (
        (
            alike(EntityKind.FILE, 1, ("a.exe",), remediation="remediated", **MALICIOUS),
            alike(EntityKind.IP, 1, ("192.0.2.1",), remediation="blocked", **MALICIOUS),
        ),
        "The file a.exe and the IP address 192.0.2[.]1 were found malicious."
        " All of this is contained (one remediated, one blocked).",
    ),
    (
        (
            alike(EntityKind.FILE, 4, ("a.exe", "b.exe"), remediation="blocked", **MALICIOUS),
            alike(EntityKind.URL, 1, ("http://c.example/x",), remediation="running", **MALICIOUS),
            alike(EntityKind.DEVICE, 2, ("ws", "db"), **SUSPICIOUS),
        ),
        "4 files and one URL were found malicious, such as a.exe and b.exe; 2 more pieces of evidence are suspicious."
        " Of these 7, 4 are contained (blocked); remediation for one is under way or waits for approval.",
    ),
    (
        tuple(
            alike(kind, 6 - place, (kind.slug,), **MALICIOUS)
            for place, kind in enumerate(
                (EntityKind.PROCESS, EntityKind.FILE, EntityKind.DEVICE, EntityKind.USER, EntityKind.IP)
            )
        ),
        "6 processes, 5 files, 4 devices and 5 others were found malicious, such as file and process."
        " None of this is reported as contained.",
    ),
]


@pytest.mark.parametrize(("groups", "said"), FOUND)
def test_what_was_found_and_what_is_contained(groups: tuple[Alike, ...], said: str) -> None:
    assert plain(paragraphs(facts(alike=groups))).splitlines()[1] == said


@pytest.mark.parametrize(
    ("total", "active", "said"),
    [
        (1, 0, "The alert is resolved; "),
        (2, 0, "Neither alert is still active; "),
        (3, 0, "None of the 3 alerts is still active; "),
        (3, 1, "One of the 3 alerts is still active; "),
        (3, 2, "2 of the 3 alerts are still active; "),
        (3, 3, "All 3 alerts are still active; "),
        (0, 0, "The incident is "),
    ],
)
def test_how_many_are_active(total: int, active: int, said: str) -> None:
    told = facts(alerts_total=total, alerts_active=active, assignee="Ana Ruiz", status=IncidentStatus.IN_PROGRESS)
    last = plain(paragraphs(told)).splitlines()[-1]
    assert last.startswith(said)
    assert last.endswith("he incident is assigned to Ana Ruiz and in progress.")


def test_a_resolved_one_says_who_when_and_as_what() -> None:
    resolved = facts(
        status=IncidentStatus.RESOLVED, resolved_by="Lee Park", resolved_at=NOON, finding="True positive, phishing"
    )
    assert plain(paragraphs(resolved)).endswith(
        "It was resolved by Lee Park on 2 Nov at 12:00 as true positive, phishing."
    )
    bare = facts(status=IncidentStatus.RESOLVED)
    assert plain(paragraphs(bare)).endswith("It was resolved, without a classification.")


def test_without_alerts_it_says_where_they_went() -> None:
    gone = facts(first=None, alerts_total=0, alerts_active=0, status=IncidentStatus.REDIRECTED)
    assert plain(paragraphs(gone)) == (
        "All alerts of this incident were moved away. It was merged into another incident."
    )


names = st.text(max_size=120)
things = st.builds(
    Thing,
    st.integers(1, 9),
    st.sampled_from(EntityKind),
    names,
    st.frozensets(st.sampled_from(EvidenceRole), max_size=3),
    st.sampled_from(Verdict),
)
steps = st.builds(
    Step,
    st.integers(1, 5),
    names,
    names,
    st.just(NOON),
    st.lists(st.sampled_from(Tactic.slugs()), max_size=3),
    st.lists(things, max_size=4),
)


@st.composite
def groups(draw: st.DrawFn) -> Alike:
    kind = draw(st.sampled_from(EntityKind))
    count = draw(st.integers(1, 12))
    of_kind = [Thing(number, kind, draw(names)) for number in range(min(count, 6))]
    verdict, remediation = draw(st.sampled_from(Verdict)), draw(st.sampled_from(RemediationStatus))
    criticality, in_first, by_hand = draw(st.sampled_from(["", "high"])), draw(st.booleans()), draw(st.booleans())
    return Alike(kind, verdict, remediation, criticality, in_first, count, of_kind, by_hand)


WRONG_NUMBER = re.compile(
    r"\b(?:1|one) (?:more )?(?:\w+ ){0,2}(?:alerts|devices|users|files|pieces)\b|\b(?:[2-9]|\d\d) (?:more )?alert\b"
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    first=st.none() | steps,
    gravest=st.none() | steps,
    leak=st.none() | steps,
    total=st.integers(0, 12),
    active=st.integers(0, 12),
    alike=st.lists(groups(), max_size=6),
    status=st.sampled_from(IncidentStatus),
    assignee=names,
    minutes=st.integers(0, 10_000),
)
def test_whatever_the_facts_it_tells_whole_sentences_of_nothing_else(
    first: Step | None,
    gravest: Step | None,
    leak: Step | None,
    total: int,
    active: int,
    alike: list[Alike],
    status: IncidentStatus,
    assignee: str,
    minutes: int,
) -> None:
    found = Facts(
        status, total, min(active, total), 2, NOON, NOON + timedelta(minutes=minutes), first, gravest, leak, alike,
        assignee,
    )  # fmt: skip
    known = {(thing.id, defang(thing.name, thing.kind)) for one in alike for thing in one.things}
    alerts = set()
    for each in filter(None, (first, gravest, leak)):
        known |= {(thing.id, defang(thing.name, thing.kind)) for thing in each.things}
        alerts.add(each.id)
    shown = {(number, " ".join(name.split())) for number, name in known}
    for paragraph in paragraphs(found):
        for sentence in paragraph:
            text = "".join(piece.text for piece in sentence)
            own = "".join("x" if piece.is_foreign else piece.text for piece in sentence)
            assert own.endswith("."), own
            assert "\n" not in text
            assert "  " not in own
            assert not WRONG_NUMBER.search(own), own
            assert len(text) < 3_000
            for piece in sentence:
                if piece.target and piece.target.sort == "alert":
                    assert piece.target.id in alerts
                elif piece.target and piece.target.id and piece.text != "one without a name":
                    assert (piece.target.id, piece.whole or piece.text) in shown
