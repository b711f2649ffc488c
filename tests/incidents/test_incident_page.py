"""The incident page with its tabs, and the details pane."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from entities import identity
from incidents.commands import add_comment, assign, change_tags, resolve
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened
from tests.incidents.rows import row, stored
from tests.ingest.hostile import KEPT_TEXTS

TABS = ("overview", "story", "alerts", "assets", "evidence", "activity")
MOST_STATEMENTS = 12
"""Of a page somebody has looked at before, the session and the person included."""


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def shown(client: Client, name: str, number: int, query: str = "", **headers: str) -> str:
    answer = client.get(reverse(f"incidents:{name}", args=[number]) + query, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_header_shows_what_it_is_and_who_works_on_it(client: Client, incident: Incident, ana: User) -> None:
    change_tags(incident, add=["Wave 2"], actor=ana.as_actor())
    assign(incident, ana, actor=ana.as_actor())
    for tab in TABS:
        page = shown(client, tab, incident.pk)
        for text in ("Multi-stage incident involving Execution &amp; Impact", "Wave 2", "Ana Ruiz", "High"):
            assert text in page


def test_every_alert_says_why_it_is_here(client: Client, incident: Incident) -> None:
    page = shown(client, "alerts", incident.pk)
    assert "It opened this incident." in page
    assert "Same device fin-ws-17 as another alert of the incident, 1 h apart (within 24 h)." in page


def test_evidence_stands_by_kind_and_is_disarmed(client: Client, db: None) -> None:
    opened_one = opened(
        alert("1", entities=(device("fin-ws-17"), identity.ip("203.0.113.7"), identity.domain("evil.example")))
    )
    assert "fin-ws-17" in shown(client, "assets", opened_one.pk)
    page = shown(client, "evidence", opened_one.pk)
    assert "203.0.113[.]7" in page
    assert "evil[.]example" in page
    assert 'href="http://evil' not in page


def test_the_log_tells_what_happened_newest_first(client: Client, incident: Incident, ana: User) -> None:
    add_comment(incident, "First words", actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="Reimaged the *workstation*.")
    page = shown(client, "activity", incident.pk)
    assert page.index("resolved the incident") < page.index("First words") < page.index("opened the incident from")
    assert "Reimaged the <em>workstation</em>." in page


@pytest.mark.parametrize(
    ("content", "has_comment", "has_audit"), [("all", True, True), ("audits", False, True), ("comments", True, False)]
)
def test_the_log_shows_comments_audits_or_both(
    client: Client, incident: Incident, ana: User, content: str, has_comment: bool, has_audit: bool
) -> None:
    add_comment(incident, "First words", actor=ana.as_actor())
    part = shown(client, "activity", incident.pk, f"?content={content}", **{"HX-Request": "true"})
    assert ("First words" in part) == has_comment
    assert ("opened the incident from" in part) == has_audit


def test_a_long_log_goes_on_on_the_next_page(client: Client, incident: Incident, ana: User) -> None:
    for number in range(60):
        add_comment(incident, f"Comment number {number}.", actor=ana.as_actor())
    page = shown(client, "activity", incident.pk)
    assert "Comment number 59." in page
    assert "Comment number 5." not in page
    answer = client.get(reverse("incidents:activity", args=[incident.pk]))
    older = client.get(answer.context["page"].next_url).content.decode()
    assert "Comment number 5." in older
    assert "opened the incident from" in older


@pytest.mark.parametrize("number", [0, 10**9, 2**63, 10**30])
def test_a_number_of_nothing_is_a_404(client: Client, number: int) -> None:
    assert client.get(f"/incidents/{number}/").status_code == 404


def test_the_raw_record_is_shown_as_it_came(client: Client, incident: Incident) -> None:
    first = incident.alerts.get(external_id="1")
    page = client.get(reverse("incidents:raw", args=[incident.pk, first.pk])).content.decode()
    assert "&quot;title&quot;: &quot;Encoded command&quot;" in page


def test_a_raw_record_of_another_incident_is_a_404(client: Client, incident: Incident) -> None:
    other = opened(alert("other", entities=(device("dc-01"),)))
    alert_id = other.alerts.get().pk
    for wrong in (alert_id, 0, 2**63):
        assert client.get(reverse("incidents:raw", args=[incident.pk, wrong])).status_code == 404


def test_merged_away_it_leads_on(client: Client, incident: Incident) -> None:
    (gone,) = stored([row(status=4, redirected_to=incident)])
    answer = client.get(reverse("incidents:overview", args=[gone.pk]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("incidents:overview", args=[incident.pk]))


def test_the_pane_is_a_part_of_the_queue_and_by_itself_the_page(client: Client, incident: Incident) -> None:
    part = shown(client, "details", incident.pk, **{"HX-Request": "true"})
    assert "Latest activity" in part
    assert "<html" not in part
    assert client.get(reverse("incidents:details", args=[incident.pk])).status_code == 302


def test_a_reader_sees_no_buttons_that_change(incident: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    page = shown(sign_in(vic), "alerts", incident.pk)
    assert "Manage incident" not in page
    assert "Assign to me" not in page


@pytest.mark.parametrize("tab", TABS)
def test_statements_do_not_grow_with_the_alerts(client: Client, incident: Incident, tab: str) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(client, tab, incident.pk)
        return len(captured)

    statements()  # the first look is noted
    few = statements()
    opened(*(alert(f"more {number}", at=NOON, entities=(device("fin-ws-17"),)) for number in range(40)))
    statements()
    assert statements() <= few
    assert few <= MOST_STATEMENTS


def test_hostile_alerts_show_as_text(client: Client, db: None) -> None:
    texts = [each.text for each in KEPT_TEXTS]
    incident = opened(
        *(
            alert(
                str(number),
                title=text[:500],
                description=text,
                recommended_actions=text,
                service_source=text[:100],
                entities=(device("fin-ws-17"), identity.user(account=f"u{number}", display_name=text)),
            )
            for number, text in enumerate(texts)
        )
    )
    pages = [shown(client, tab, incident.pk) for tab in TABS]
    pages.append(shown(client, "details", incident.pk, **{"HX-Request": "true"}))
    for alert_id in incident.alerts.values_list("pk", flat=True):
        url = reverse("incidents:alert", args=[incident.pk, alert_id])
        pages.append(client.get(url, headers={"HX-Request": "true"}).content.decode())
    for page in pages:
        for live in (
            "<script>document",
            "<img src=x",
            "<svg/onload",
            "<base href=http",
            "<style>*{",
            "<meta http-equiv=r",
        ):
            assert live not in page
