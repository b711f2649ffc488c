"""The report of an incident: which parts stand in it, and that they say what its pages say."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from alerts.choices import Classification, Determination, RemediationStatus, Severity, Verdict
from alerts.models import Evidence
from entities import identity
from exports.choices import Marking, Part
from exports.document import report_of
from exports.options import ReportOptions
from incidents.choices import TaskState
from incidents.commands import (
    add_comment,
    add_task,
    assign,
    change_tags,
    change_task,
    classify,
    judge_evidence,
    resolve,
    restrict,
)
from incidents.commands.evidence import Judgement
from incidents.commands.tasks import TaskChanges
from incidents.models import Incident
from incidents.queries.story_asked import Asked
from incidents.queries.story_page import story_picture
from incidents.queries.what_happened import facts_of
from incidents.what_happened import paragraphs, plain
from tests.conftest import NOON, alert, device, opened, user_entity
from tests.exports.reports import front, made, printed
from tests.incidents.rows import row, stored

STYLES = Path(__file__).resolve().parents[2] / "static" / "print"

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
COMMAND = "powershell.exe -NoProfile -EncodedCommand " + "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoA" * 12


@pytest.fixture
def attack(db: None) -> Incident:
    """Two alerts on a device, with a file, a process and an address."""
    process = identity.process(pid=4242, created=NOON, image="C:\\Windows\\powershell.exe", command_line=COMMAND)
    return opened(
        alert(
            "1",
            title="Encoded command",
            severity=Severity.HIGH,
            entities=(
                *(device("fin-ws-17"), user_entity("ana@corp.example")),
                *(identity.file(name="stage.dll", hashes=[HASH]), identity.url("https://bad.example/x?y=1")),
            ),
            verdict=Verdict.MALICIOUS,
            categories=("execution", "malware"),
            techniques=("T1059.001",),
            description="An encoded command ran.\nIt was started by an Office program.",
            recommended_actions="Isolate the device.\nCheck other devices.",
            detection_source="EDR",
        ),
        alert(
            "2",
            title="Shadow copies deleted",
            at=NOON + timedelta(hours=1),
            entities=(device("fin-ws-17"), process),
            categories=("impact",),
        ),
    )


def test_a_report_says_what_the_page_says(attack: Incident, ana: User) -> None:
    told = plain(paragraphs(facts_of(attack)))
    text = printed(attack, ana).text
    for sentence in told.splitlines():
        assert text.count(sentence) == 2, sentence  # in the overview, and among the texts
    assert attack.priority > 0
    assert f"Why it is {attack.priority} of 100" in text
    for words in (
        "1 Encoded command\n▮▮▮ High · ○ New · Endpoint sensor / EDR · 2026-11-02 12:00:00 UTC",
        "2 Shadow copies deleted\n▮▮▯ Medium",
        "An encoded command ran.\nIt was started by an Office program.",
        "T1059.001\nCommand and Scripting Interpreter: PowerShell\n1",
        "■ Execution",
        "Beside the kill chain: Malware",
        "□ Persistence",
        "Assets: fin-ws-17, ana@corp.example",
        f"SHA-256: {HASH}",
        "hxxps://bad[.]example/x?y=1",
        "✖ Malicious",
        "Isolate the device.\n“Encoded command”",
        "Why here: Same device fin-ws-17",
    ):
        assert words in text, words


def test_what_stands_in_a_row_is_never_cut(attack: Incident, ana: User) -> None:
    evidence = Evidence.objects.get(entity__kind="process")
    Evidence.objects.filter(pk=evidence.pk).update(details={"command_line": COMMAND, "empty": ""})
    text = printed(attack, ana).text
    assert f"powershell.exe (4242): {COMMAND}" in text
    assert f"Command line: {COMMAND}" in text
    assert "Empty" not in text


def test_the_table_twin_of_the_story_is_that_of_the_page(attack: Incident, ana: User) -> None:
    text = printed(attack, ana).text
    page = story_picture(attack, Asked(view="table"))
    assert page["things"] and page["ties"]
    for thing in page["things"]:
        assert thing["name"] in text
    for tie in page["ties"]:
        assert f"{tie.source} {tie.relation} {tie.target} · {tie.steps}" in text


@pytest.mark.parametrize("part", list(Part))
def test_each_part_can_be_left_out(attack: Incident, ana: User, part: Part) -> None:
    chosen = tuple(each for each in Part if each != part)
    report = printed(attack, ana, parts=chosen)
    assert [f"part-{each.slug}" for each in chosen] == [one for one in report.ids if one.startswith("part-")]
    links = {each.removeprefix("page:") for each in report.addresses if each.startswith("page:")}
    assert links <= set(report.ids)
    page = front(attack, ana, parts=chosen)
    assert f"\n{part.label}\nleft out" in page.text
    assert f"page:part-{part.slug}" not in page.addresses
    assert f"Left out: {part.label}." in page.text


def test_one_part_alone_makes_a_report(attack: Incident, ana: User) -> None:
    for part in Part:
        report = printed(attack, ana, parts=(part,))
        assert [one for one in report.ids if one.startswith("part-")] == [f"part-{part.slug}"]
        assert sum(piece.weight for piece in report.pieces) == report.report.weight


def test_contents_lead_to_what_is_there(attack: Incident, ana: User) -> None:
    report, page = printed(attack, ana), front(attack, ana)
    links = [each.removeprefix("page:") for each in page.addresses if each.startswith("page:")]
    assert len(links) > 9
    assert set(links) <= set(report.ids)
    assert len(report.ids) == len(set(report.ids))
    assert "5 Alerts\n7" in page.text
    assert "31 pages, with 2 alerts and" in page.text


def test_the_cover_names_people_and_times(attack: Incident, ana: User, lee: User) -> None:
    assign(attack, ana, actor=lee.as_actor())
    attack.refresh_from_db()
    classify(attack, Classification.TRUE_POSITIVE, Determination.MALWARE, actor=ana.as_actor())
    attack.refresh_from_db()
    change_tags(attack, add=["phishing"], actor=ana.as_actor())
    attack.refresh_from_db()
    resolve(attack, actor=ana.as_actor(), note="All was mended.")
    page = front(attack, lee, time_zone="America/New_York", marking=Marking.RED)
    for words in (
        attack.name,
        f"Incident {attack.pk}",
        "TLP:RED",
        "▮▮▮ High",
        "✔ Resolved",
        "True positive, malware",
        "Assignee\nAna Ruiz (assigned by Lee Park)",
        "Opened by\nCorrelation",
        "Resolved by\nAna Ruiz",
        "Report made by\nLee Park",
        "Tags\nphishing",
        "First activity\n2 November 2026, 07:00:00 -05:00 (EST)\n2 November 2026, 12:00:00 UTC",
        "Report made\n2 November 2026, 07:00:00 -05:00 (EST)\n2 November 2026, 12:00:00 UTC",
    ):
        assert words in page.text, words
    assert printed(attack, lee).text.count("All was mended.") == 3  # overview, log, texts
    assert page.report.description.title == f"Incident {attack.pk}: {attack.name}"
    assert page.report.description.author == "Lee Park"


def test_times_are_those_of_the_zone_and_say_so(attack: Incident, ana: User) -> None:
    text = printed(attack, ana, time_zone="Asia/Kolkata").text
    assert "2026-11-02 17:30:00 +05:30" in text
    assert "On 2 Nov at 17:30, Endpoint sensor raised" in text
    assert "12:00:00" not in text


def test_the_zone_of_a_report_does_not_outlast_it(attack: Incident, ana: User) -> None:
    before = timezone.get_current_timezone_name()
    pieces = made(attack, ana, time_zone="Asia/Kolkata").pieces()
    next(pieces)
    assert timezone.get_current_timezone_name() == before


def many_things(db: None) -> Incident:
    files = tuple(identity.file(name=f"file-{number}.dll", hashes=[f"{number:064x}"]) for number in range(1, 104))
    devices = tuple(device(f"ws-{number}") for number in range(12))
    return opened(alert("1", entities=(*devices, *files, user_entity("ana@corp.example"))))


def test_caps_leave_out_what_they_say(ana: User, db: None) -> None:
    incident = many_things(db)
    text = printed(incident, ana).text
    assert "11 of 13 are shown, those that most alerts name; 2 are left out by the cap of 10 of each type" in text
    assert "10 of 12 devices are shown; 2 are left out by the cap" in text
    assert "one user" in text
    assert "100 of 103 are shown, those that most alerts name; 3 are left out by the cap of 100 pieces" in text
    assert "100 of 103 files are shown; 3 are left out by the cap" in text
    shown = sum(f"SHA-256: {number:064x}" in text for number in range(1, 104))
    assert shown == 100
    assert "At most 10 assets of each type and 100 pieces of evidence" in front(incident, ana).text


def test_without_caps_all_are_there(ana: User, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = many_things(db)
    monkeypatch.setattr("exports.document.report.SMALLEST", 60)  # so that lists are cut
    monkeypatch.setattr("exports.document.report.LARGEST", 60)
    report = printed(incident, ana, is_capped=False)
    text = report.text
    assert all(f"SHA-256: {number:064x}" in text for number in range(1, 104))
    assert all(f"\nws-{number}\n" in text for number in range(12))
    assert "left out" not in text
    assert "Evidence, continued" in text
    assert sum(piece.weight for piece in report.pieces) == report.report.weight
    assert "No caps" in front(incident, ana, is_capped=False).text


def test_tasks_stand_there_with_their_state_and_notes(attack: Incident, ana: User) -> None:
    task = add_task(attack, "Isolate **it**", description="At *once*", assignee=ana, actor=ana.as_actor())
    add_task(attack, "Tell legal", actor=ana.as_actor())
    change_task(task, TaskChanges(state=TaskState.COMPLETED, closing_note="It was *off* already"), actor=ana.as_actor())
    text = printed(attack, ana).text
    assert "1 of 2 are done." in text
    assert "Isolate **it**" in text
    assert "✔ Completed" in text
    assert "○ New" in text
    assert text.count("It was off already") == 3  # tasks, log, texts


def test_relatives_are_named_as_far_as_the_reader_may_see_them(attack: Incident, ana: User, vic: User) -> None:
    before, after = stored([row(10, name="Before it"), row(11, name="After it", related_to=attack)])
    Incident.objects.filter(pk=attack.pk).update(related_to=before)
    text = printed(attack, vic).text
    assert f"Incident {before.pk}: Before it\nThis one follows it" in text
    assert f"Incident {after.pk}: After it\nFollows this one" in text
    restrict(before, [ana], actor=ana.as_actor())
    for reader, sees in ((vic, False), (ana, True)):
        whole = printed(attack, reader)
        assert ("Before it" in "".join(piece.html for piece in whole.pieces)) is sees


def test_whoever_may_not_see_the_incident_gets_no_report(attack: Incident, ana: User, vic: User, otto: User) -> None:
    with pytest.raises(Incident.DoesNotExist):
        made(attack, otto)
    restrict(attack, [ana], actor=ana.as_actor())
    with pytest.raises(Incident.DoesNotExist):
        made(attack, vic)
    assert made(attack, ana).weight


def test_a_text_names_no_incident_that_the_reader_may_not_see(attack: Incident, ana: User, vic: User) -> None:
    [other] = stored([row(10, name="Quiet affair")])
    restrict(other, [ana], actor=ana.as_actor())
    add_comment(attack, f"Like #{other.pk}", actor=ana.as_actor())
    assert "Quiet affair" in printed(attack, ana).text
    assert "Quiet affair" not in printed(attack, vic).text
    assert f"Like #{other.pk}" in printed(attack, vic).text


def test_a_manual_verdict_and_a_remedy_are_told(attack: Incident, ana: User) -> None:
    entity = Evidence.objects.get(entity__kind="file").entity_id
    judgement = Judgement(verdict=Verdict.SUSPICIOUS, remediation_status=RemediationStatus.BLOCKED)
    judge_evidence(attack, [entity], judgement, actor=ana.as_actor())
    assert "▲ Suspicious, by a person, blocked" in printed(attack, ana).text


def test_an_incident_without_alerts_or_words_is_told_as_such(ana: User, db: None) -> None:
    [bare] = stored([row(1, alerts_total=0, alerts_active=0)])
    text = printed(bare, ana).text
    for words in ("No alert names an asset.", "This incident has no alerts", "Nobody has written down tasks.",
                  "Nobody has commented.", "No alert names a category."):  # fmt: skip
        assert words in text, words


def many_alerts(number: int) -> Incident:
    return opened(*(alert(str(each), title=f"Alert {each}", at=NOON + timedelta(seconds=each // 3),
                          entities=(device("fin-ws-17"),)) for each in range(number)))  # fmt: skip


def test_all_alerts_are_there_however_they_are_cut(ana: User, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = many_alerts(60)
    whole = printed(incident, ana, parts=(Part.ALERTS,))
    ordered = incident.alerts.order_by("first_activity", "id").values_list("title", flat=True)
    assert len(whole.pieces) == 1
    for size in (400, 50, 13):
        monkeypatch.setattr("exports.document.report.SMALLEST", size)
        monkeypatch.setattr("exports.document.report.LARGEST", size)
        cut = printed(incident, ana, parts=(Part.ALERTS,))
        lines = cut.text.splitlines()
        titles = [line for line in lines if " Alert " in line and line[0].isdigit()]
        assert titles == [f"{number} {title}" for number, title in enumerate(ordered, 1)]
        assert sum(piece.weight for piece in cut.pieces) == cut.report.weight == whole.report.weight
    assert len(cut.pieces) > 15
    assert cut.text.count("Alerts, continued") == len(cut.pieces) - 1


def test_statements_do_not_grow_with_rows(ana: User, db: None) -> None:
    counts = []
    for number in (4, 30):
        on = device(f"ws-{number}")
        incident = opened(
            *(alert(f"{number}-{each}", entities=(on, identity.ip(f"203.0.113.{each}"))) for each in range(number))
        )
        for step in range(number // 2):
            add_comment(incident, f"Comment {step}", actor=ana.as_actor())
        with CaptureQueriesContext(connection) as statements:
            printed(incident, ana)
        counts.append(len(statements))
    assert counts[1] == counts[0] < 40


def test_pieces_are_read_when_they_are_asked_for(ana: User, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = many_alerts(60)
    monkeypatch.setattr("exports.document.report.SMALLEST", 40)
    monkeypatch.setattr("exports.document.report.LARGEST", 40)
    report = made(incident, ana, parts=(Part.ALERTS,))
    pieces = report.pieces()
    per_piece = []
    for _ in range(4):
        with CaptureQueriesContext(connection) as statements:
            piece = next(pieces)
        per_piece.append(len(statements))
        assert piece.html.count('class="alert"') <= 12
    assert max(per_piece) <= 8  # two for each stretch


def test_what_a_report_shows_lies_in_the_styles(attack: Incident, ana: User) -> None:
    report, page = printed(attack, ana), front(attack, ana)
    named = {each for each in (*report.addresses, *page.addresses) if each.startswith("asset:")}
    assert named == {"asset:report.css", "asset:brand.svg"}
    assert all((STYLES / each.removeprefix("asset:")).exists() for each in named)


def test_every_sheet_of_the_styles_is_joined_to_the_report() -> None:
    joined = re.findall(r'^@import "asset:([a-z]+\.css)";$', (STYLES / "report.css").read_text(), re.MULTILINE)
    assert sorted(joined) == sorted(sheet.name for sheet in STYLES.glob("*.css") if sheet.name != "report.css")


def test_a_report_is_made_for_a_token_as_well(attack: Incident, db: None) -> None:
    token: Any = create_token("script", actor=SYSTEM, role="reader")[0]
    report = report_of(attack, ReportOptions(), token, made_at=NOON, made_by=str(token))
    assert [piece.name for piece in report.pieces()]
