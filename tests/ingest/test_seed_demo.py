"""The demo: what it promises to show, loaded once by the real ingest and the real commands."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import Team, User
from activity.actors import COMMAND_LINE
from activity.chain import verify
from activity.models import Entry
from activity.queries import stream
from alerts.choices import Classification, Determination, Severity, Tactic
from alerts.models import Alert
from common.portions import portions
from incidents.choices import OPEN_STATUSES, IncidentStatus, TagKind
from incidents.models import Incident
from incidents.queries.story import story_of
from incidents.story.drawing import tie_in_words
from incidents.summary import differences
from ingest.commands import ingest
from ingest.correlation import OPENED, SAME_SOURCE_INCIDENT, SHIPPED
from ingest.demo.scenario import DATA, arrivals, cases
from ingest.demo.times import span
from ingest.formats.registry import parse_records
from ingest.parsed import ParsedAlert

pytestmark = pytest.mark.xdist_group("demo")

QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""Making real hashes would take longer than all the rest."""


def seed(*options: str) -> str:
    """What the command prints."""
    printed = io.StringIO()
    call_command("seed_demo", *options, stdout=printed, stderr=io.StringIO())
    return printed.getvalue()


def parsed_alerts() -> list[ParsedAlert]:
    now = datetime.now(UTC)
    parsed = list(parse_records(((1, arrival.record) for arrival in arrivals(now)), now=now))
    assert all(isinstance(alert, ParsedAlert) for alert in parsed), parsed
    return [alert for alert in parsed if isinstance(alert, ParsedAlert)]


# --------------------------------------------------------------------------------------------- before it is loaded


@pytest.mark.django_db
def test_correlation_groups_alike_however_the_alerts_are_cut_into_batches() -> None:
    alerts = parsed_alerts()

    def grouping(size: int) -> set[frozenset[str]]:
        with transaction.atomic():
            for portion in portions(alerts, size):
                ingest(portion, actor=COMMAND_LINE)
            grouped: dict[int, set[str]] = {}
            for incident_id, external_id in Alert.objects.values_list("incident_id", "external_id"):
                grouped.setdefault(incident_id, set()).add(external_id)
            transaction.set_rollback(True)
        return {frozenset(members) for members in grouped.values()}

    assert grouping(1) == grouping(500)


@pytest.mark.django_db
def test_refuses_where_people_of_the_same_names_are(ana: User) -> None:
    with pytest.raises(CommandError, match="ana"):
        seed()
    assert seed("--first-start") == ""
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_interrupted_it_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = QUICK_HASHERS

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ingest.demo.work.Desk.play", interrupted)
    with pytest.raises(KeyboardInterrupt):
        seed("--first-start")
    assert not Incident.objects.exists()
    assert not User.objects.exists()


def test_every_record_is_read_without_a_notice() -> None:
    assert [alert.notices for alert in parsed_alerts() if alert.notices] == []


def test_nothing_points_outside_what_is_reserved_for_examples() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DATA.rglob("*.json"))
    addresses = set(re.findall(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", text))
    assert addresses
    assert [one for one in addresses if not one.startswith(("10.", "192.0.2.", "198.51.100.", "203.0.113."))] == []
    hosts = {match.split(":")[0] for match in re.findall(r'https?://([^/"\s]+)', text)}
    assert [host for host in hosts if not host.endswith(".example") and host not in addresses] == []


def test_a_span_of_time_is_read_or_refused() -> None:
    assert span("2d4h12m30s") == timedelta(days=2, hours=4, minutes=12, seconds=30)
    for text in ("", "5", "4h2d", "-1d", "1w"):
        with pytest.raises(ValueError):
            span(text)


# ------------------------------------------------------------------------------------------------------ once loaded


@pytest.fixture(scope="module")
def sign_ins(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[dict[str, str]]]:
    """The demo loaded, for all tests below; gone after the last of them."""
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=QUICK_HASHERS), transaction.atomic():
        yield [json.loads(line) for line in seed("--first-start").splitlines()]
        transaction.set_rollback(True)


@pytest.fixture
def incidents(sign_ins: list[dict[str, str]]) -> list[Incident]:
    return list(Incident.objects.order_by("pk"))


@pytest.fixture
def ransomware(sign_ins: list[dict[str, str]]) -> Incident:
    return Incident.objects.get(alerts__title="Ransom note written to many folders")


def test_people_can_sign_in_with_what_is_printed(sign_ins: list[dict[str, str]]) -> None:
    assert [(one["username"], one["role"]) for one in sign_ins] == [
        ("ana", "analyst"),
        ("lee", "lead"),
        ("rio", "analyst"),
        ("jo", "analyst"),
        ("vic", "reader"),
    ]
    for one in sign_ins:
        assert User.objects.get(username=one["username"]).check_password(one["password"])
    assert len({one["password"] for one in sign_ins}) == 5
    assert User.objects.values("time_zone").distinct().count() == 5
    assert set(Team.objects.values_list("slug", flat=True)) == {"tier1", "tier2"}


def test_the_ransomware_case_is_one_incident_named_by_the_rule(ransomware: Incident) -> None:
    case = next(case for case in cases() if case["case"] == "ransomware")
    assert ransomware.alerts_total == len(case["alerts"]) >= 34
    assert ransomware.name == ransomware.automatic_name
    assert ransomware.name == (
        "Multi-stage incident involving Initial access & Ransomware on 6 endpoints and 4 users"
        " reported by multiple sources"
    )
    assert ransomware.asset_counts == {"device": 6, "user": 4, "mailbox": 1, "cloud_resource": 1}
    assert {Tactic.INITIAL_ACCESS, Tactic.LATERAL_MOVEMENT, Tactic.EXFILTRATION, Tactic.IMPACT} <= set(
        ransomware.categories
    )
    assert len(ransomware.categories) >= 12
    tags = set(ransomware.tags.values_list("name", "kind"))
    assert {("Ransomware", TagKind.ATTACK), ("Critical asset", TagKind.CRITICAL)} <= tags


def test_the_story_of_the_ransomware_case_reads_as_its_alerts_tell(ransomware: Incident) -> None:
    """Checked against the descriptions of the alerts by hand: from the mail to the encryption of the file server."""
    graph = story_of(ransomware).picture.graph
    lines = {tie_in_words(graph, edge): edge.steps for edge in graph.edges.values()}
    for told in (
        "freight-portal[.]example sent Freight invoice 88231 – correction",
        "Freight invoice 88231 – correction carried Freight_invoice_88231.docm",
        "marta.lindqvist@northwharf.example is the mailbox of Marta Lindqvist",
        "Marta Lindqvist acted on FIN-WS-17",
        "Freight_invoice_88231.docm was opened by WINWORD.EXE (7344)",
        "WINWORD.EXE (7344) started powershell.exe (9128)",
        "powershell.exe (9128) created msdtcvtr.dll",
        "msdtcvtr.dll was opened by rundll32.exe (9204)",
        "FIN-WS-17 connected to 203.0.113[.]77",
        "FIN-WS-17 attacked the account and used the account NORTHWHARF\\svc-backup",
        "198.51.100[.]23 signed in as Marta Lindqvist",
        "NORTHWHARF\\svc-backup acted on JMP-01",
        "msdtcvtr.dll was opened by cmd.exe (3312)",
        "JMP-01 reached LOG-WS-08",
        "JMP-01 reached DC-02",
        "NORTHWHARF\\svc-backup was added to Domain Admins",
        "JMP-01 reached FS-01",
        "svhost.exe (7012) connected to 198.51.100[.]23",
        "198.51.100[.]23 signed in as NORTHWHARF\\adm-tokafor",
        "NORTHWHARF\\adm-tokafor acted on nw-backup-vault",
        "BKP-01 ran vssadmin.exe (4512)",
        "hcrate.exe was identified as Ransom:Win64/Hollowcrate",
        "FS-01 created README-RESTORE.txt",
    ):
        assert told in lines, told
    assert {node.name for node in graph.nodes.values() if node.is_critical} == {
        "NORTHWHARF\\svc-backup",
        "NORTHWHARF\\adm-tokafor",
        "DC-02",
        "FS-01",
        "BKP-01",
        "nw-backup-vault",
    }
    assert sorted(label for edge in graph.edges.values() for label in edge.labels) == list(
        range(1, ransomware.alerts_total + 1)
    )


def test_every_case_is_one_incident_and_none_mixes_with_another(incidents: list[Incident]) -> None:
    assert len(incidents) == len(list(cases()))


def test_every_alert_belongs_to_an_incident_with_a_reason(incidents: list[Incident]) -> None:
    known = {OPENED, *(rule.slug for rule in SHIPPED.rules)}
    alerts = Alert.objects.values_list("link_rule", "link_reason", "link_entity_id")
    assert len(alerts) > 200
    for rule, reason, entity_id in alerts:
        assert rule in known
        assert reason.endswith(".")
        assert entity_id or rule in (OPENED, SAME_SOURCE_INCIDENT)


def test_there_are_incidents_of_every_sort(incidents: list[Incident]) -> None:
    assert len(incidents) >= 40
    assert {incident.severity for incident in incidents} == set(Severity)
    resolved = [incident for incident in incidents if incident.status == IncidentStatus.RESOLVED]
    assert len(resolved) >= 12
    assert all(incident.resolution_note and incident.classification != Classification.NOT_SET for incident in resolved)
    assert {incident.classification for incident in resolved} == set(Classification) - {Classification.NOT_SET}
    openly = [incident for incident in incidents if incident.status in OPEN_STATUSES]
    assert {type(incident.assignee) for incident in openly} == {User, Team, type(None)}
    sources = {source for incident in incidents for source in incident.service_sources}
    assert {"Microsoft Defender for Endpoint", "Suricata", "Okta", "Northwharf mail gateway"} <= sources
    assert {alert.source for alert in Alert.objects.all()} >= {"microsoft_graph", "suricata", "endpoint-sensor"}


def test_the_rarer_turns_are_there(incidents: list[Incident]) -> None:
    verbs = set(Entry.objects.values_list("verb", flat=True))
    assert {"incident.reopened", "incident.set_back", "comment.edited", "alert.updated"} <= verbs
    (restricted,) = [incident for incident in incidents if incident.restricted]
    assert set(restricted.members.values_list("user__username", flat=True)) == {"ana", "lee"}
    (follow_up,) = [incident for incident in incidents if incident.related_to_id]
    assert follow_up.related_to.status == IncidentStatus.RESOLVED
    (merged,) = [incident for incident in incidents if incident.status == IncidentStatus.REDIRECTED]
    assert merged.redirected_to.alerts.filter(title__contains="Database command").count() == 4
    [said] = [line for line in stream(merged.redirected_to_id, merged=[merged.pk]).lines if "All four" in line.body]
    assert str(merged.pk) in str(said.origin)
    by_system = [incident for incident in incidents if incident.resolved_by == "Watchfloor"]
    assert [incident.determination for incident in by_system] == [Determination.UNWANTED_SOFTWARE]


def test_it_is_fresh(ransomware: Incident, incidents: list[Incident]) -> None:
    now = timezone.now()
    assert now - ransomware.last_activity < timedelta(minutes=15)
    assert max(incident.last_activity for incident in incidents) < now
    oldest = min(incident.first_activity for incident in incidents)
    assert timedelta(days=18) < now - oldest < timedelta(days=23)


def test_log_and_rows_are_true(incidents: list[Incident]) -> None:
    assert not verify().breaks
    assert differences([one for one in incidents if one.status != IncidentStatus.REDIRECTED]) == []


def test_a_second_first_start_changes_nothing(incidents: list[Incident]) -> None:
    before = Incident.objects.count(), Alert.objects.count(), Entry.objects.count(), User.objects.count()
    assert seed("--first-start") == ""
    with pytest.raises(CommandError, match="incidents already"):
        seed()
    assert before == (Incident.objects.count(), Alert.objects.count(), Entry.objects.count(), User.objects.count())
