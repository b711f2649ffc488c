"""The tabs Assets and Evidence: types, verdicts, pages, where else something was seen, judging and adding by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from alerts.changes import Judgement
from alerts.choices import RemediationStatus, Verdict
from alerts.models import Evidence
from benchmarks.large_incident import large_incident
from entities import identity
from incidents.commands import add_evidence, judge_evidence, restrict
from incidents.models import Incident
from incidents.queries.evidence import OF_EACH_KIND, PAGE_SIZE
from tests.conftest import NOON, alert, device, opened

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


@pytest.fixture
def found(db: None) -> Incident:
    entities = (device("fin-ws-17"), identity.domain("evil.example"), identity.ip("203.0.113.7"))
    opened(alert("1", entities=entities, verdict=Verdict.SUSPICIOUS, roles=("attacker",)))
    return opened(alert("2", entities=(device("fin-ws-17"), identity.domain("evil.example"))))


def page(client: Client, incident: Incident, query: str = "", tab: str = "evidence", status: int = 200) -> str:
    answer = client.get(reverse(f"incidents:{tab}", args=[incident.pk]) + query)
    assert answer.status_code == status
    return answer.content.decode().partition('id="incident-facts"')[0]


def number(incident: Incident, name: str) -> int:
    return Evidence.objects.filter(incident_number=incident.pk, entity__name=name).values_list("entity", flat=True)[0]


def rows(text: str) -> list[int]:
    return [int(each) for each in re.findall(r'<tr data-id="(\d+)"', text)]


def test_types_have_counts_and_stand_in_the_address(client: Client, found: Incident) -> None:
    text = page(client, found)
    assert re.search(r"Domain <span[^>]+>1</span>", text)
    assert "fin-ws-17" not in text
    assert "fin-ws-17" in page(client, found, tab="assets")
    only = page(client, found, "?type=ip")
    assert "203.0.113[.]7" in only and "evil[.]example" not in only
    assert re.search(r'aria-current="true">.*?IP address', only)


def test_a_row_tells_verdict_roles_and_in_how_many_alerts(client: Client, found: Incident) -> None:
    row = page(client, found, "?type=domain").partition("<tbody>")[2]
    for part in ("Suspicious", "Attacker", '<td class="cell-number">2</td>', 'data-copy="evil.example"'):
        assert part in row


def test_verdict_and_search_narrow_the_list(client: Client, found: Incident, ana: User) -> None:
    judge_evidence(found, [number(found, "evil.example")], Judgement(Verdict.MALICIOUS), actor=ana.as_actor())
    assert rows(page(client, found, "?verdict=malicious")) == [number(found, "evil.example")]
    assert rows(page(client, found, "?q=evil[.]exam")) == [number(found, "evil.example")]
    nothing = page(client, found, "?q=nobody")
    assert "Nothing matches" in nothing and rows(nothing) == []


def test_where_else_it_was_seen_leads_to_the_queue(client: Client, found: Incident) -> None:
    opened(alert("3", at=NOON - timedelta(days=90), entities=(identity.domain("evil.example"),)))
    text = page(client, found)
    link = re.search(r'href="(/incidents/\?entity=[^"]+)"[^>]*>1</a>', text)
    assert link
    queue = client.get(link[1].replace("&amp;", "&")).content.decode()
    assert queue.count("<tr data-row") == 2


def test_where_else_counts_nothing_that_is_restricted(client: Client, found: Incident, lee: User) -> None:
    other = opened(alert("3", at=NOON - timedelta(days=90), entities=(identity.domain("evil.example"),)))
    before = page(client, found)
    restrict(other, [lee], actor=lee.as_actor())
    text = page(client, found)
    assert ">1</a>" in before
    assert ">1</a>" not in text and "/incidents/?entity=" not in text


def test_all_types_show_the_first_and_one_type_goes_on_page_by_page(client: Client, db: None) -> None:
    incident = large_incident(alerts=200, entities=700)
    assert len(rows(page(client, incident))) == OF_EACH_KIND * 5
    seen: list[int] = []
    query = "?type=domain"
    while query:
        text = page(client, incident, query)
        seen += rows(text)
        more = re.search(r'href="[^"?]+(\?[^"]*after=[^"]+)"', text)
        query = more[1].replace("&amp;", "&") if more else ""
    own = Evidence.objects.filter(incident_number=incident.pk, entity__kind="domain").values("entity").distinct()
    assert len(seen) == len(set(seen)) == own.count() > PAGE_SIZE


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?type=spaceship", "“spaceship” is no type here; known are ip"),
        ("?type=device", "“device” is no type here"),
        ("?verdict=evil", "“evil” is no verdict"),
        ("?after=x", "damaged"),
        ("?after=1." + "9" * 30, "damaged"),
        ("?q=" + "x" * 301, "at most 300 characters"),
        ("?verdit=malicious", "did you mean “verdict”?"),
    ],
    ids=range(7),
)
def test_an_address_that_means_nothing_says_so(client: Client, found: Incident, query: str, sentence: str) -> None:
    assert sentence in page(client, found, query, status=400)


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "\x00", "<script>", "(", "ﬀ"])
def test_any_search_is_taken_as_it_is(client: Client, found: Incident, text: str) -> None:
    answer = client.get(reverse("incidents:evidence", args=[found.pk]), {"q": text})
    assert answer.status_code == 200
    assert b"<script>" not in answer.content


def judging(client: Client, incident: Incident, names: list[str], **said: str) -> Any:
    url = reverse("incidents:judge_evidence", args=[incident.pk])
    numbers = ",".join(str(number(incident, name)) for name in names)
    data = {"entity": numbers, "version": incident.version, "verdict": "", "remediation_status": "", **said}
    return client.post(url, data, headers=HTMX)


def test_many_are_judged_at_once_and_it_can_be_taken_back(client: Client, found: Incident) -> None:
    names = ["evil.example", "203.0.113.7"]
    answer = judging(client, found, names, verdict="malicious", remediation_status="blocked")
    assert answer.status_code == 200
    assert "Judged 2 pieces of evidence" in answer["HX-Trigger"]
    assert page(client, found).count("by an analyst") == 2
    undo = re.search(r'"undo_url": "([^"]+)"', answer["HX-Trigger"])
    assert undo
    client.post(undo[1], headers=HTMX)
    assert set(Evidence.objects.filter(incident_number=found.pk).values_list("remediation_status", flat=True)) == {
        RemediationStatus.NONE
    }


def test_what_was_done_stays_told_when_a_later_alert_says_nothing_of_it(
    client: Client, found: Incident, ana: User
) -> None:
    blocked = Judgement(remediation_status=RemediationStatus.BLOCKED)
    judge_evidence(found, [number(found, "evil.example")], blocked, actor=ana.as_actor())
    opened(alert("3", at=NOON + timedelta(hours=1), entities=(device("fin-ws-17"), identity.domain("evil.example"))))
    assert "Blocked" in page(client, found, "?type=domain")


def test_a_conflict_shows_both_and_keeps_what_is_chosen(client: Client, found: Incident, lee: User) -> None:
    judge_evidence(found, [number(found, "evil.example")], Judgement(Verdict.NO_THREATS_FOUND), actor=lee.as_actor())
    names = ["evil.example", "203.0.113.7"]
    answer = judging(client, found, names, verdict="malicious")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Lee Park" in text and "No threats found" in text and "Verdict of 1 piece of evidence" in text
    found.refresh_from_db()
    theirs = re.search(r'name="theirs_verdict" value="([^"]+)"', text)
    assert theirs
    judging(client, found, names, verdict="malicious", theirs_verdict=theirs[1], keep_verdict="theirs")
    verdicts = dict(Evidence.objects.filter(incident_number=found.pk).values_list("entity__name", "verdict"))
    assert (verdicts["evil.example"], verdicts["203.0.113.7"]) == ("no_threats_found", "malicious")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 404),
        ({"entity": "x"}, 404),
        ({"entity": "9" * 30}, 404),
        ({"entity": "999999"}, 404),
        ({"entity": ",".join(map(str, range(1, 600)))}, 404),
    ],
)
def test_what_cannot_be_judged_is_not_there(client: Client, found: Incident, data: dict[str, str], status: int) -> None:
    assert client.get(reverse("incidents:judge_evidence", args=[found.pk]), data).status_code == status


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "Choose a verdict or a remediation status first."),
        ({"verdict": "evil"}, "evil is not one of the available choices"),
        ({"verdict": "malicious", "version": "x"}, "This form is damaged; open it again."),
    ],
)
def test_a_form_that_says_nothing_or_nonsense_says_why(
    client: Client, found: Incident, said: dict[str, str], sentence: str
) -> None:
    answer = judging(client, found, ["evil.example"], **said)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


PASTED = "From hxxps://drop[.]example/a.iso and 198[.]51[.]100[.]9; evil.example was there before. <b>x</b>"


def adding(client: Client, incident: Incident, **data: Any) -> Any:
    return client.post(reverse("incidents:add_evidence", args=[incident.pk]), data, headers=HTMX)


def test_what_is_recognised_is_shown_before_it_is_added(client: Client, found: Incident) -> None:
    answer = adding(client, found, text=PASTED)
    text = answer.content.decode()
    items = re.findall(r'name="item" value="([^"]+)"( disabled)?', text)
    assert items == [
        ("url:https://drop.example/a.iso", ""),
        ("ip:198.51.100.9", ""),
        ("domain:evil.example", " disabled"),
    ]
    assert "hxxps://drop[.]example/a.iso" in text
    assert not Evidence.objects.filter(alert=None).exists()
    answer = adding(
        client, found, text=PASTED, item=[items[1][0]], add="yes", note="In the mail.", verdict_word="malicious"
    )
    assert "Added 1 piece of evidence" in answer["HX-Trigger"]
    shown = page(client, found)
    assert (
        "198.51.100[.]9" in shown
        and "Added by Ana Ruiz" in shown
        and "<p>In the mail.</p>" in shown
        and "drop" not in shown
    )
    assert Entry.objects.get(verb="evidence.added").subject_label == "198.51.100[.]9"
    assert client.get(reverse("incidents:queue"), {"q": "198.51.100.9"}).content.decode().count("<tr data-row") == 1


def test_lines_of_a_type_name_one_thing_each(client: Client, found: Incident) -> None:
    items = ["device:lab-ws-01", "device:lab-ws-02"]
    answer = adding(client, found, text="lab-ws-01\n\nlab-ws-02\n", kind="device", item=items, add="yes")
    assert answer.status_code == 200
    found.refresh_from_db()
    assert found.asset_counts == {"device": 3}
    assert "lab-ws-02" in page(client, found, tab="assets")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"text": " \n "}, "Paste or type something first."),
        ({"text": "nothing to see"}, "No indicator was recognised."),
        ({"text": "x" * 50_001}, "The text has 50001 characters; 50,000 are allowed."),
        ({"text": " ".join(f"198.51.{a}.{b}" for a in range(2) for b in range(1, 111))}, "200 are allowed at once"),
        ({"text": "evil.example", "note": "x" * 2_001}, "The note has 2,001 characters; 2,000 are allowed."),
        ({"text": "999.1.1.1", "kind": "ip"}, "This is not an IP address"),
        ({"text": "evil.example", "kind": "container"}, "container is not one of the available choices"),
        ({"text": "new.example", "add": "yes"}, "Choose at least one of what was recognised."),
        ({"text": "a\x00b.example", "add": "yes"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_added_says_why(client: Client, found: Incident, data: dict[str, str], sentence: str) -> None:
    answer = adding(client, found, **data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_only_what_was_added_by_hand_is_taken_out(client: Client, found: Incident, ana: User) -> None:
    add_evidence(found, [identity.domain("wrong.example")], actor=ana.as_actor())
    url = reverse("incidents:remove_evidence", args=[found.pk])
    assert "Took 1 piece" in client.post(url, {"entity": number(found, "wrong.example")}, headers=HTMX)["HX-Trigger"]
    assert (
        "Only what was added" in client.post(url, {"entity": number(found, "evil.example")}, headers=HTMX)["HX-Trigger"]
    )
    assert "wrong" not in page(client, found)


def test_without_script_forms_are_pages_that_lead_back(client: Client, found: Incident) -> None:
    judge = reverse("incidents:judge_evidence", args=[found.pk])
    chosen = number(found, "fin-ws-17")
    assert "<html" in client.get(judge, {"entity": [chosen]}).content.decode()
    answer = client.post(judge, {"entity": chosen, "version": found.version, "verdict": "malicious"})
    assert answer["Location"] == reverse("incidents:assets", args=[found.pk])


def test_who_may_only_see_gets_no_boxes(found: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    text = page(sign_in(vic), found)
    assert "data-select-row" not in text and "Add evidence" not in text
