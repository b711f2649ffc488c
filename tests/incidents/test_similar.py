"""Similar incidents: what they share, how they were closed, and classifying one like them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.choices import Classification, Determination, Verdict
from entities import identity
from entities.choices import EntityKind
from incidents.changes import Changes
from incidents.choices import IncidentStatus
from incidents.commands import apply_changes, restrict
from incidents.models import Incident
from incidents.queries.similar import consensus, similar
from incidents.similarity import Finding, Likeness, SharedDetector, SharedEntity, likeness, majority, techniques_of
from tests.conftest import NOON, alert, device, opened

MALWARE = Finding(Classification.TRUE_POSITIVE, Determination.MALWARE)
TESTING = Finding(Classification.INFORMATIONAL_EXPECTED_ACTIVITY, Determination.SECURITY_TESTING)
LOADER = identity.file(name="loader.dll", hashes=["a" * 64])
numbers = iter(range(10**6))


def incident_of(title: str, *entities: Any, day: int = 0, **more: Any) -> Incident:
    """An incident of its own: alerts days apart are never joined."""
    at = NOON - timedelta(days=40 * (1 + day) + 40 * next(numbers))
    return opened(alert(f"s{next(numbers)}", title=title, entities=entities, at=at, **more))


def closed(incident: Incident, finding: Finding | None, actor: User, note: str = "Cleaned the device.") -> Incident:
    wanted: dict[str, Any] = {}
    if finding:
        wanted = {"classification": finding.classification, "determination": finding.determination}
    changes = Changes(status=IncidentStatus.RESOLVED, resolution_note=note, **wanted)
    return apply_changes(incident, changes, actor=actor.as_actor())


@pytest.fixture
def looked_at(db: None) -> Incident:
    return incident_of(
        "Loader ran", device("ws-1"), LOADER, verdict=Verdict.MALICIOUS, techniques=("T1059.001", "T1105")
    )


def found(incident: Incident, user: User) -> list[tuple[int, list[str], list[str], list[str]]]:
    return [
        (
            one.incident.pk,
            [each.name for each in one.likeness.entities],
            [each.title for each in one.likeness.detectors],
            list(one.likeness.techniques),
        )
        for one in similar(incident, user)
    ]


def test_it_says_what_is_shared_the_most_alike_first(looked_at: Incident, ana: User) -> None:
    same_detector = incident_of("Loader ran", device("ws-2"))
    same_file = incident_of("Other alert", LOADER, verdict=Verdict.MALICIOUS, techniques=("T1105",))
    incident_of("Nothing alike", device("ws-9"))
    assert found(looked_at, ana) == [
        (same_file.pk, ["loader.dll"], [], ["T1105"]),
        (same_detector.pk, [], ["Loader ran"], []),
    ]


def test_a_detector_is_told_by_its_id_where_it_has_one(ana: User) -> None:
    one = incident_of("Sign-in by Ana", device("a"), detector_id="rule-7")
    other = incident_of("Sign-in by Lee", device("b"), detector_id="rule-7")
    incident_of("Sign-in by Ana", device("c"), detector_id="rule-8")
    assert [number for number, *_ in found(one, ana)] == [other.pk]


def test_techniques_alone_need_several(ana: User) -> None:
    one = incident_of("A", device("a"), techniques=("T1486", "T1490"))
    both = incident_of("B", device("b"), techniques=("T1490", "T1486"))
    incident_of("C", device("c"), techniques=("T1486", "T1003"))
    assert found(one, ana) == [(both.pk, [], [], ["T1486", "T1490"])]


def test_noise_and_what_is_everywhere_ties_nothing(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incidents.queries.similar.MOST_COMMON", 2)
    local, proxy = identity.ip("127.0.0.1"), device("proxy")
    one = incident_of("A", local, proxy, verdict=Verdict.MALICIOUS)
    for number in range(3):
        incident_of(f"B{number}", local, proxy, verdict=Verdict.MALICIOUS)
    assert found(one, ana) == []


def test_a_program_every_machine_has_counts_only_where_it_is_suspected(ana: User) -> None:
    shell = identity.file(name="powershell.exe", hashes=["b" * 64])
    one = incident_of("A", shell)
    incident_of("B", shell)
    assert found(one, ana) == []


def test_at_most_twenty(ana: User) -> None:
    one = incident_of("Same", device("a"))
    for number in range(22):
        incident_of("Same", device(f"b{number}"), techniques=("T1003",))
    assert len(similar(one, ana)) <= 20


def test_what_was_merged_away_is_none(looked_at: Incident, ana: User) -> None:
    other = incident_of("Loader ran", device("ws-2"))
    Incident.objects.filter(pk=other.pk).update(status=IncidentStatus.REDIRECTED, redirected_to=looked_at.pk)
    assert found(looked_at, ana) == []


def test_two_worlds_that_differ_in_a_restricted_incident_look_the_same(
    looked_at: Incident, ana: User, lee: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither lists nor weights nor what counts as common tell of it."""
    monkeypatch.setattr("incidents.queries.similar.MOST_COMMON", 1)
    monkeypatch.setattr("incidents.queries.similar.SIGHTINGS", 1)
    monkeypatch.setattr("incidents.queries.similar.LATEST", 2)
    incident_of("Loader ran", device("ws-2"), LOADER, verdict=Verdict.MALICIOUS, techniques=("T1059.001", "T1105"))
    before = [(one.incident.pk, one.likeness) for one in similar(looked_at, ana)]
    assert before
    secret = opened(
        alert("secret", title="Loader ran", entities=(device("ws-1"), LOADER), verdict=Verdict.MALICIOUS,
              techniques=("T1059.001", "T1105"), at=NOON + timedelta(days=90))
    )  # fmt: skip
    closed(secret, TESTING, lee)
    restrict(secret, [lee], actor=lee.as_actor())
    assert [(one.incident.pk, one.likeness) for one in similar(looked_at, ana)] == before
    assert secret.pk in [one.incident.pk for one in similar(looked_at, lee)]
    for address in ("/", "/?part=few"):
        page = sign_in(ana).get(f"/incidents/{looked_at.pk}/similar{address}", headers={"HX-Request": "true"})
        assert f"#{secret.pk}" not in page.content.decode()
    assert sign_in(ana).get(f"/incidents/{secret.pk}/similar/").status_code == 404


# ------------------------------------------------------------------------------------------------------------ judgement


def shared(others: int = 1, suspected: bool = False) -> SharedEntity:
    return SharedEntity(1, EntityKind.DEVICE, "a", suspected, others)


def test_rarer_means_more() -> None:
    assert shared(1).points > shared(2).points > shared(25).points > 0
    assert shared(1, suspected=True).points > shared(1).points
    assert SharedDetector("a", "a", 1).points > SharedDetector("a", "a", 300).points


def test_points_end_at_a_hundred() -> None:
    everything = Likeness([shared(1)] * 9, [SharedDetector("a", "a", 1)] * 9, ["T1003"], 1)
    assert everything.points == 100
    assert everything.in_words == "Very alike"
    assert Likeness([], [], [], 0).points == 0


def test_a_technique_stands_for_nothing_where_its_sub_technique_is_there() -> None:
    assert techniques_of(["technique:T1059", "technique:T1059.001", "category:impact"]) == {"T1059.001"}
    assert likeness([], [], ["technique:T1059.001"], ["technique:T1059.003"]).techniques == []


@pytest.mark.parametrize(
    ("findings", "agreed"),
    [
        ([], None),
        ([MALWARE], (MALWARE, 1, 1)),
        ([MALWARE, TESTING], None),
        ([MALWARE, TESTING, MALWARE], (MALWARE, 2, 3)),
    ],
)
def test_a_majority_is_more_than_half(findings: list[Finding], agreed: tuple[Finding, int, int] | None) -> None:
    assert majority(findings) == agreed


def test_only_closed_ones_that_are_alike_are_asked(looked_at: Incident, ana: User) -> None:
    closed(incident_of("Loader ran", LOADER, verdict=Verdict.MALICIOUS), MALWARE, ana)
    closed(incident_of("Loader ran", LOADER, verdict=Verdict.MALICIOUS), None, ana)
    open_one = incident_of("Loader ran", LOADER, verdict=Verdict.MALICIOUS)
    apply_changes(open_one, Changes(classification=Classification.FALSE_POSITIVE), actor=ana.as_actor())
    assert consensus(similar(looked_at, ana)) == (MALWARE, 1, 1)


# ------------------------------------------------------------------------------------------------------------- the page


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


@pytest.fixture
def closed_one(looked_at: Incident, lee: User) -> Incident:
    other = incident_of("Loader ran", device("ws-2"), LOADER, verdict=Verdict.MALICIOUS)
    return closed(other, MALWARE, lee, note="Cleaned <b>the</b> device.")


def tab(client: Client, incident: Incident, query: str = "", **headers: str) -> str:
    answer = client.get(reverse("incidents:similar", args=[incident.pk]) + query, headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def classify(client: Client, incident: Incident, value: str, version: int, **headers: str) -> Any:
    url = reverse("incidents:classify_like_these", args=[incident.pk])
    return client.post(url, {"classification": value, "version": version}, headers=headers)


@pytest.mark.parametrize("query", ["", "?part=few"])
def test_it_shows_why_and_how_they_were_closed(
    client: Client, looked_at: Incident, closed_one: Incident, query: str
) -> None:
    page = tab(client, looked_at, query, **({"HX-Request": "true"} if query else {}))
    for text in (f"#{closed_one.pk}", "loader.dll", "Loader ran", "True positive, malware", "Lee Park"):
        assert text in page
    assert "Cleaned &lt;b&gt;the&lt;/b&gt; device." in page
    assert "Classify as true positive, malware" in page
    assert ("<html" in page) == (not query)


def test_without_any_it_says_so(client: Client, looked_at: Incident) -> None:
    assert "No similar incidents" in tab(client, looked_at)


def test_one_click_classifies_like_them_and_can_be_undone(
    client: Client, looked_at: Incident, closed_one: Incident
) -> None:
    answer = classify(client, looked_at, "true_positive/malware", looked_at.version, **{"HX-Request": "true"})
    assert answer.status_code == 200
    looked_at.refresh_from_db()
    assert (looked_at.classification, looked_at.determination) == ("true_positive", "malware")
    assert looked_at.status == IncidentStatus.ACTIVE
    assert Entry.objects.of_incident(looked_at.pk).filter(verb="incident.classified").count() == 1
    assert "classified as <b>true positive, malware</b>, as this one is." in tab(client, looked_at)
    undo = json.loads(answer["HX-Trigger"])["watchfloor:toast"]["undo_url"]
    client.post(undo)
    looked_at.refresh_from_db()
    assert looked_at.classification == "not_set"


def test_without_script_it_comes_back_to_the_tab(client: Client, looked_at: Incident, closed_one: Incident) -> None:
    answer = classify(client, looked_at, "true_positive/malware", looked_at.version)
    assert answer["Location"] == f"/incidents/{looked_at.pk}/similar/"
    again = classify(client, looked_at, "true_positive/malware", looked_at.version)
    assert again.status_code == 302
    assert Entry.objects.of_incident(looked_at.pk).filter(verb="incident.classified").count() == 1


def test_who_classified_meanwhile_is_not_overwritten(client: Client, looked_at: Incident, lee: User) -> None:
    changes = Changes(classification=Classification.FALSE_POSITIVE, determination=Determination.NOT_MALICIOUS)
    apply_changes(looked_at, changes, actor=lee.as_actor())
    answer = classify(client, looked_at, "true_positive/malware", looked_at.version, **{"HX-Request": "true"})
    assert answer.status_code == 409
    assert answer.content.decode() == "Lee Park has classified it meanwhile; look at it before you do."
    looked_at.refresh_from_db()
    assert looked_at.classification == "false_positive"


@pytest.mark.parametrize("value", ["", "nonsense", "false_positive/malware", "true_positive/malware/x", "x" * 10_000])
def test_what_is_no_classification_is_refused(client: Client, looked_at: Incident, value: str) -> None:
    answer = classify(client, looked_at, value, looked_at.version, **{"HX-Request": "true"})
    assert answer.status_code == 422
    looked_at.refresh_from_db()
    assert looked_at.classification == "not_set"


def test_a_reader_sees_them_without_the_button(
    looked_at: Incident, closed_one: Incident, vic: User, sign_in: Callable[[User], Client]
) -> None:
    page = tab(sign_in(vic), looked_at)
    assert "The one similar incident that was closed was classified as" in page
    assert "Classify as" not in page


def test_the_api_answers_the_same(looked_at: Incident, closed_one: Incident) -> None:
    _, key = create_token("script", actor=SYSTEM, role="reader")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    answer = client.get(f"/api/v1/incidents/{looked_at.pk}/similar/")
    assert answer.json()["similar"] == [
        {
            "number": closed_one.pk,
            "name": closed_one.name,
            "url": ANY,
            "status": "resolved",
            "severity": "medium",
            "likeness": ANY,
            "shared": {
                "entities": [{"id": ANY, "kind": "file", "name": "loader.dll"}],
                "detectors": ["Loader ran"],
                "techniques": [],
            },
            "classification": "true_positive",
            "determination": "malware",
            "resolution_note": "Cleaned <b>the</b> device.",
            "resolved_by": "Lee Park",
            "resolved": ANY,
        }
    ]
    assert client.get(f"/api/v1/incidents/{looked_at.pk}/similar/?x=1").status_code == 400
    assert client.get("/api/v1/incidents/999999/similar/").status_code == 404
    assert client.get(f"/api/v1/incidents/{10**30}/similar/").status_code == 404


def test_finding_them_reads_indexes_in_four_statements(looked_at: Incident, ana: User) -> None:
    incident_of("Loader ran", LOADER, verdict=Verdict.MALICIOUS)
    with CaptureQueriesContext(connection) as captured:
        similar(looked_at, ana)
    assert len(captured) == 4
    sharing = next(query["sql"] for query in captured if "WITH hidden (number)" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sharing}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    for table in ("alerts_evidence", "alerts_alert"):
        assert f"Seq Scan on {table}" not in plan, plan
    for index in ("evidence_entity_time", "alert_detector", "incident_last"):
        assert index in plan, plan
