"""Settings pages: correlation rules and tuning rules are tried, then saved; without script, and with odd input."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from alerts.models import Alert
from incidents.commands import restrict
from incidents.models import Incident
from ingest import rulebook
from ingest.choices import TuningAction
from ingest.commands import TuningValues, create_tuning_rule, ingest
from ingest.correlation import SHIPPED
from ingest.models import CorrelationRule, Trial, TuningRule
from tests.conftest import alert, device
from tests.ingest.test_correlation import HOUR, naming, place_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(lee: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(lee)


def correlation(**changes: Any) -> dict[str, Any]:
    """What the form of "same device" sends."""
    return {
        "version": 1,
        "is_on": "on",
        "place": 3,
        "window": 24,
        "unit": "hours",
        "minimum_severity": "informational",
        "excluded_sources": "",
        "excluded_detectors": "",
        "excluded_entities": "",
        "days": 7,
        **changes,
    }


def tuning(lee: User, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Scanner of the lab",
        "action": "hide",
        "is_on": "on",
        "title": "Encoded*\r\n",
        "entity": "device:lab-*",
        "classification": "false_positive/not_malicious",
        "reason": "It scans every night.",
        "owner": lee.pk,
        "never": "on",
        "days": 7,
        **changes,
    }


RULE = "/settings/correlation/same_device/"


def text_of(answer: Any) -> str:
    return unescape(answer.content.decode())


def test_settings_lead_to_their_first_page(client: Client) -> None:
    assert client.get("/settings/")["Location"] == "/settings/critical-assets/"
    assert 'href="/settings/"' in text_of(client.get("/settings/tuning/"))


def test_the_table_shows_the_rules_in_their_order(client: Client) -> None:
    page = text_of(client.get("/settings/correlation/"))
    assert page.index("Same mail message") < page.index("Same device") < page.index("Same attacking address")


def test_a_rule_is_tried_then_saved_from_what_was_tried(client: Client) -> None:
    ingest([naming("1", device("ws-1"), title="Beacon"), naming("2", device("ws-1"), after=30 * HOUR)],
           actor=COMMAND_LINE)  # fmt: skip
    tried = client.post(RULE, correlation(window=2, unit="days", act="try"))
    trial = Trial.objects.get()
    assert tried["Location"] == f"/settings/trials/{trial.pk}/"
    page = text_of(client.get(tried["Location"]))
    assert "<b>2</b> alerts would make <b>1</b> incident instead of <b>2</b>: 1 joined, 0 split" in page
    assert "first “Beacon”" in page
    assert "24 h" in page and "2 d" in page
    assert rulebook.join_rules() == SHIPPED
    fields = {key: words[0] for key, words in trial.values["form"].items()}
    assert client.post(RULE, fields | {"act": "save"})["Location"] == "/settings/correlation/"
    assert rulebook.join_rules()["same_device"].window == timedelta(days=2)
    again = text_of(client.get(f"{RULE}?trial={trial.pk}"))
    assert 'value="2"' in again
    assert "Reset to the shipped rule" in again
    client.post(f"{RULE}reset/")
    assert rulebook.join_rules() == SHIPPED


WRONG: dict[str, dict[str, Any]] = {
    "no window": {"window": ""},
    "an endless window": {"window": 60, "unit": "days"},
    "no number": {"window": "x"},
    "an unknown place": {"place": 99},
    "everything": {"excluded_sources": "*"},
    "a NUL character": {"excluded_entities": "a\x00b"},
    "another span": {"days": 400},
    "no severity": {"minimum_severity": "terrible"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=[name.replace(" ", "-") for name in WRONG])
@pytest.mark.parametrize("act", ["try", "save"])
def test_bad_input_is_told_at_its_field(client: Client, changes: dict[str, Any], act: str) -> None:
    answer = client.post(RULE, correlation(act=act, **changes))
    assert answer.status_code == 422
    assert "field-error" in text_of(answer)
    assert rulebook.join_rules() == SHIPPED


def test_a_rule_that_is_none_does_not_exist(client: Client) -> None:
    assert client.get("/settings/correlation/same_other/").status_code == 404
    assert client.get(f"{RULE}?trial=x").status_code == 200


def test_a_rule_that_somebody_else_changed_shows_both_values(client: Client, ada: User) -> None:
    client.post(RULE, correlation(window=3))
    answer = client.post(RULE, correlation(window=5))
    assert answer.status_code == 409
    assert "Lee Park made it “3 h”; yours is “5 h”" in text_of(answer)
    assert 'name="version" value="2"' in text_of(answer)
    assert client.post(RULE, correlation(window=5, version=2)).status_code == 302
    assert CorrelationRule.objects.get(slug="same_device").window == 5 * HOUR


def test_a_long_trial_is_a_job_whose_page_survives_a_reload(
    client: Client, monkeypatch: pytest.MonkeyPatch, lee: User, incident: Incident
) -> None:
    monkeypatch.setattr("ingest.views.trials.AT_ONCE", 1)
    woken: list[Any] = []
    monkeypatch.setattr("ingest.views.trials.wake_worker", lambda task, number: woken.append(number))
    address = client.post(RULE, correlation(is_on="", act="try"))["Location"]
    Trial.objects.update(state="running", total=10, done=4)
    for _ in range(2):
        page = text_of(client.get(address))
        assert "4 of 10 alerts" in page
        assert 'hx-trigger="every 1s"' in page
    client.post(f"{address}cancel/")
    assert "Cancelled" in text_of(client.get(address))


def test_a_trial_is_nobody_elses(client: Client, ada: User, sign_in: Callable[[User], Client]) -> None:
    address = client.post(RULE, correlation(act="try"))["Location"]
    assert sign_in(ada).get(address).status_code == 404


def test_a_trial_names_nothing_that_was_restricted_since(client: Client, ana: User, incident: Incident) -> None:
    address = client.post(RULE, correlation(is_on="", act="try"))["Location"]
    assert incident.name in text_of(client.get(address))
    restrict(incident, [ana], actor=ana.as_actor())
    page = text_of(client.get(address))
    assert incident.name not in page and "Shadow copies" not in page
    assert "Not to be seen any more" in page


# ------------------------------------------------------------------------------------------------------------- tuning


def test_a_tuning_rule_is_tried_then_saved_and_lists_what_it_caught(
    client: Client, lee: User, ana: User, sign_in: Callable[[User], Client]
) -> None:
    place_of(alert("1", entities=(device("lab-1"),)))
    address = client.post("/settings/tuning/new/", tuning(lee, act="try"))["Location"]
    page = text_of(client.get(address))
    assert "Of <b>1</b> alert it would have caught <b>1</b>, in 1 incident; 1 of these held nothing else." in page
    fields = Trial.objects.get().values["form"]
    saved = client.post("/settings/tuning/new/", fields | {"act": "save"})["Location"]
    caught = place_of(alert("2", entities=(device("lab-2"),), title="Encoded <b>command"))
    page = text_of(client.get(saved))
    assert b"Encoded &lt;b&gt;command" in client.get(saved).content
    assert f'href="/alerts/{caught.pk}/"' in page
    assert "It scans every night." in page
    overview = text_of(client.get("/settings/tuning/"))
    assert "Scanner of the lab" in overview and '<td class="cell-number">1</td>' in overview
    shown = text_of(client.get(f"/alerts/{caught.pk}/"))
    assert f'<a href="{saved}">Scanner of the lab</a>' in shown
    assert "Tune alerts like this" in shown
    others = text_of(sign_in(ana).get(f"/alerts/{caught.pk}/"))
    assert "Scanner of the lab" in others and "Tune alerts like this" not in others and saved not in others


def test_what_one_may_not_see_is_not_counted_as_caught(
    client: Client, lee: User, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/settings/tuning/new/", tuning(lee, action="mark", tags="lab"))
    placed = place_of(alert("1", entities=(device("lab-1"),)))
    restrict(placed.incident, [ana], actor=ana.as_actor())
    assert '<td class="cell-number">0</td>' in text_of(client.get("/settings/tuning/"))
    assert "no alert that you may see" in text_of(client.get(f"/settings/tuning/{TuningRule.objects.get().pk}/"))


def test_a_rule_like_an_alert_fits_that_alert(client: Client, lee: User) -> None:
    like = place_of(
        alert("1", title="Scan * of  the lab", entities=(device("lab-1"),), detector_id="et-1", source="suricata")
    )
    form = text_of(client.get(f"/settings/tuning/new/?alert={like.pk}"))
    for part in ("suricata", "et-1", "Scan * of the lab", "device:lab-1"):
        assert part in form
    conditions = {"source": "suricata", "detector": "et-1", "title": "Scan * of the lab", "entity": "device:lab-1"}
    address = client.post("/settings/tuning/new/", tuning(lee, act="try", **conditions))["Location"]
    assert "caught <b>1</b>" in text_of(client.get(address))
    assert client.get("/settings/tuning/new/?alert=999999999").status_code == 404
    assert client.get("/settings/tuning/new/?alert=x").status_code == 404


BAD_TUNING: dict[str, dict[str, Any]] = {
    "no reason": {"reason": ""},
    "neither day nor never": {"never": ""},
    "both day and never": {"expires_on": "2099-01-01"},
    "a day that is past": {"never": "", "expires_on": "2020-01-01"},
    "no day": {"never": "", "expires_on": "soon"},
    "no condition": {"title": "", "entity": ""},
    "no kind": {"entity": "lab-*"},
    "nobody": {"owner": 0},
    "nothing to mark with": {"action": "mark", "classification": "not_set"},
    "an action that is none": {"action": "explode"},
    "a wrong finding": {"classification": "false_positive/phishing"},
    "too many lines": {"title": "\n".join(f"line {number}" for number in range(300))},
    "a NUL character": {"name": "a\x00"},
}


@pytest.mark.parametrize("changes", BAD_TUNING.values(), ids=[name.replace(" ", "-") for name in BAD_TUNING])
@pytest.mark.parametrize("act", ["try", "save"])
def test_a_bad_tuning_rule_is_told_at_its_field(client: Client, lee: User, changes: dict[str, Any], act: str) -> None:
    answer = client.post("/settings/tuning/new/", tuning(lee, act=act, **changes))
    assert answer.status_code == 422
    assert "field-error" in text_of(answer)
    assert not TuningRule.objects.exists()


def test_a_rule_is_changed_and_deleted(client: Client, lee: User) -> None:
    client.post("/settings/tuning/new/", tuning(lee))
    rule = TuningRule.objects.get()
    until = (timezone.now() + timedelta(days=3)).date().isoformat()
    changed = tuning(lee, version=1, never="", expires_on=until, is_on="")
    assert client.post(f"/settings/tuning/{rule.pk}/edit/", changed).status_code == 302
    rule.refresh_from_db()
    assert rule.expires_at and timezone.localtime(rule.expires_at).date().isoformat() == until
    assert f'value="{until}"' in text_of(client.get(f"/settings/tuning/{rule.pk}/edit/"))
    assert "Off" in text_of(client.get("/settings/tuning/"))
    # Saved as it is shown, nothing changes.
    client.post(f"/settings/tuning/{rule.pk}/edit/", changed | {"version": 2})
    rule.refresh_from_db()
    assert rule.version == 2
    stale = client.post(f"/settings/tuning/{rule.pk}/edit/", changed | {"version": 1, "name": "Mine"})
    assert stale.status_code == 409 and "yours is “Mine”" in text_of(stale)
    client.post(f"/settings/tuning/{rule.pk}/delete/")
    assert client.get(f"/settings/tuning/{rule.pk}/edit/").status_code == 404
    assert "Deleted" in text_of(client.get(f"/settings/tuning/{rule.pk}/"))


def test_pages_take_few_statements_however_many_rules_there_are(
    client: Client, lee: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    values = TuningValues("Rule", TuningAction.HIDE, {"title": ["Encoded*"]}, "Noise.", lee, None)
    rule = create_tuning_rule(values, actor=SYSTEM)
    ingest([alert(str(number)) for number in range(30)], actor=COMMAND_LINE)
    for number in range(20):
        create_tuning_rule(TuningValues(f"Rule {number}", TuningAction.HIDE, {"title": ["x"]}, "Noise.", lee, None),
                           actor=SYSTEM)  # fmt: skip
    assert Alert.objects.filter(tuned_by=rule).count() == 30
    for address in ("/settings/tuning/", f"/settings/tuning/{rule.pk}/", "/settings/correlation/", RULE):
        client.get(address)
        with django_assert_max_num_queries(9):
            assert client.get(address).status_code == 200
