"""What others do meanwhile shows on an open page: new incidents are announced, and nothing moves under the hand."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from alerts.choices import Severity
from incidents.commands import rename
from incidents.models import Incident
from tests.browser.conftest import WindowOf
from tests.browser.pages import IN_THE_BROWSER, row_of, shown
from tests.conftest import NOON, alert, device, opened

pytestmark = IN_THE_BROWSER


def test_an_alert_that_arrives_is_offered_and_shown_on_demand(
    incident: Incident, ana: User, window_of: WindowOf
) -> None:
    page = window_of(ana)
    arrived = opened(
        alert("new", title="Beacon", severity=Severity.HIGH, at=NOON.replace(hour=18), entities=(device("web-02"),))
    )
    bar = page.locator("[data-new-bar]")
    expect(bar).to_have_text("1 new incident, show", use_inner_text=True)
    expect(page.locator("#live")).to_have_text("1 new incident, show")
    assert shown(page) == [incident.pk], "rows do not move before the person asks"
    bar.click()
    expect(row_of(page, arrived)).to_be_visible()
    assert shown(page) == [arrived.pk, incident.pk]
    expect(bar).to_be_hidden()
    expect(page.locator("#queue-count")).to_have_text("2")


def test_several_that_arrive_are_counted(incident: Incident, ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    bar = page.locator("[data-new-bar]")
    opened(alert("a", severity=Severity.HIGH, entities=(device("web-02"),)))
    expect(bar).to_have_text("1 new incident, show", use_inner_text=True)
    opened(alert("b", severity=Severity.HIGH, entities=(device("web-03"),)))
    expect(bar).to_have_text("2 new incidents, show", use_inner_text=True)


def test_what_is_not_in_the_filter_is_not_lost_on_show(incident: Incident, ana: User, window_of: WindowOf) -> None:
    """The bar leads to the list as it is filtered, not to the default one."""
    rename(incident, "Kept by the search", actor=ana.as_actor())
    page = window_of(ana)
    page.goto("/incidents/?severity=high&sort=-severity")
    address = page.url
    opened(alert("a", severity=Severity.HIGH, entities=(device("web-02"),)))
    page.locator("[data-new-bar]").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)
    assert page.url == address


def test_an_alert_that_joins_an_incident_is_no_new_incident(incident: Incident, ana: User, window_of: WindowOf) -> None:
    page = window_of(ana)
    with page.expect_response(lambda answer: "/changes/" in answer.url and answer.status == 200) as told:
        opened(alert("3", title="One more", at=NOON.replace(hour=14), entities=(device("fin-ws-17"),)))
    assert told.value.json()["new"] == 0
    expect(page.locator("[data-new-bar]")).to_be_hidden()


def test_a_reader_without_access_to_it_hears_nothing_of_a_restricted_incident(
    incident: Incident, ana: User, lee: User, window_of: WindowOf
) -> None:
    from incidents.commands import restrict

    restrict(incident, [lee], actor=lee.as_actor())
    page = window_of(ana)
    assert shown(page) == []
    with page.expect_response(lambda answer: "/changes/" in answer.url) as told:
        rename(incident, "Secret", actor=lee.as_actor())
    assert told.value.status == 204


def test_when_the_session_ends_the_page_says_so_and_stops_asking(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.update({401, 403})
    page = window_of(ana)
    page.context.clear_cookies()
    expect(page.locator("#toasts")).to_contain_text("You are signed out")


def test_what_the_page_asks_for_by_itself_takes_nobody_away_from_what_they_type(
    incident: Incident, ana: User, window_of: WindowOf, refusals: set[int]
) -> None:
    refusals.update({401, 403})
    page = window_of(ana)
    page.locator("[data-query-box] [name=q]").fill("half a thou")
    address = page.url
    page.context.clear_cookies()
    with page.expect_response(lambda answer: answer.status == 401):
        page.evaluate("document.body.dispatchEvent(new Event('watchfloor:changes'))")
    expect(page.locator("#toasts")).to_contain_text("You are signed out")
    expect(page.locator("[data-query-box] [name=q]")).to_have_value("half a thou")
    assert page.url == address
