"""Exporting an incident in the browser: the dialog, the place under the title, the person's own list."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from exports import tasks
from exports.choices import Format, Marking, Part
from exports.commands import claim, give_up, hold_on
from exports.models import ExportRequest, IncidentExport
from exports.options import ReportOptions
from incidents.models import Incident
from tests.exports.made import asked, finished

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def announced(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The exports that a worker would be woken for."""
    settings.EXPORTS_FOLDER = tmp_path / "exports"
    found: list[UUID] = []
    monkeypatch.setattr("exports.views.exports.announce", found.append)
    return found


@pytest.fixture
def page_of(sign_in: SignIn, incident: Incident) -> Callable[[User, str], str]:
    def page(user: User, path: str) -> str:
        answer = sign_in(user).get(path.format(incident.pk), headers=HTMX)
        assert answer.status_code == 200
        return answer.content.decode()

    return page


EVERYTHING = {"parts": [str(part) for part in Part], "marking": "amber", "time_zone": "UTC"}


def test_the_dialog_has_every_part_chosen(incident: Incident, ana: User, sign_in: SignIn) -> None:
    page = sign_in(ana).get(f"/exports/incidents/{incident.pk}/pdf/").content.decode()
    for part in Part:
        assert f'value="{part}"' in page
    assert page.count('name="parts"') == page.count(" checked") == len(Part)


def test_page_and_pane_lead_to_the_dialog_for_who_may_export(
    incident: Incident, ana: User, otto: User, sign_in: SignIn
) -> None:
    for path in (f"/incidents/{incident.pk}/", f"/incidents/{incident.pk}/details/"):
        page = sign_in(ana).get(path, headers=HTMX if "details" in path else {}).content.decode()
        assert f'href="/exports/incidents/{incident.pk}/pdf/"' in page
    ana.role.permissions.remove("export")
    ana.role.save()
    page = sign_in(ana).get(f"/incidents/{incident.pk}/").content.decode()
    assert "/exports/incidents/" not in page


def test_what_was_chosen_is_what_is_made(
    incident: Incident, ana: User, sign_in: SignIn, announced: list[UUID], django_capture_on_commit_callbacks: Any
) -> None:
    chosen = {"parts": ["overview", "alerts"], "no_caps": "on", "marking": "red", "time_zone": "UTC"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = sign_in(ana).post(f"/exports/incidents/{incident.pk}/pdf/", chosen, headers=HTMX)
    export = IncidentExport.objects.get()
    assert export.report_options == ReportOptions(
        parts=(Part.OVERVIEW, Part.ALERTS), is_capped=False, marking=Marking.RED
    )
    assert announced == [export.pk]
    events = json.loads(answer["HX-Trigger"])
    assert events["watchfloor:job"] == {"url": f"/exports/{export.pk}/notice/"}
    assert "watchfloor:export" in events


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"parts": []}, "Choose at least one part"),
        ({"parts": ["gossip"]}, "gossip"),
        ({"marking": "purple"}, "purple"),
        ({"time_zone": "Mars/Olympus"}, "Mars"),
    ],
)
def test_a_wrong_choice_is_said_at_its_field(
    incident: Incident, ana: User, sign_in: SignIn, wrong: dict[str, Any], words: str
) -> None:
    answer = sign_in(ana).post(f"/exports/incidents/{incident.pk}/pdf/", EVERYTHING | wrong, headers=HTMX)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not IncidentExport.objects.exists()


def test_what_is_at_hand_is_given_at_once_and_a_new_one_where_asked(
    incident: Incident, ana: User, rio: User, sign_in: SignIn, announced: list[UUID]
) -> None:
    made = finished(asked(incident, ana))
    client = sign_in(rio)
    path = f"/exports/incidents/{incident.pk}/pdf/"
    assert "made a moment ago" in client.get(path).content.decode()
    assert "made a moment ago" not in client.get(f"{path}at-hand/", EVERYTHING | {"marking": "red"}).content.decode()
    assert "made a moment ago" in client.get(f"{path}at-hand/", EVERYTHING).content.decode()
    events = json.loads(client.post(path, EVERYTHING, headers=HTMX)["HX-Trigger"])
    assert events["watchfloor:toast"]["more_url"] == f"/exports/{made.pk}/"
    assert announced == []
    client.post(path, EVERYTHING | {"anew": "1"}, headers=HTMX)
    assert IncidentExport.objects.count() == 2


def test_each_state_stands_under_the_title(incident: Incident, ana: User, page_of: Callable[[User, str], str]) -> None:
    state = "/exports/incidents/{}/state/"
    assert page_of(ana, state).strip() == ""
    export = asked(incident, ana)
    assert "queued" in page_of(ana, state)
    taken = claim(export.pk)
    assert taken is not None
    hold_on(taken, 42)
    page = page_of(ana, state)
    assert "preparing" in page and "42 %" in page and "every 1s" in page
    give_up(taken, "It needs more memory than is allowed.")
    page = page_of(ana, state)
    assert "It needs more memory than is allowed." in page and "Retry" in page and "every 1s" not in page
    made = finished(asked(incident, ana, anew=True))
    page = page_of(ana, state)
    assert f'href="/exports/{made.pk}/"' in page and "3 pages" in page
    assert "Retry" not in page, "the newer one stands in its place"
    IncidentExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = page_of(ana, state)
    assert "has expired" in page and "Make a new one" in page


def test_an_export_can_be_put_away_and_stays_in_the_list(
    incident: Incident, ana: User, sign_in: SignIn, page_of: Callable[[User, str], str]
) -> None:
    made = finished(asked(incident, ana))
    answer = sign_in(ana).post(f"/exports/{made.pk}/dismiss/", headers=HTMX)
    assert answer.content.decode().strip() == "" == page_of(ana, "/exports/incidents/{}/state/").strip()
    assert f"/exports/{made.pk}/" in page_of(ana, "/exports/")
    asked(incident, ana)
    assert "is ready" in page_of(ana, "/exports/incidents/{}/state/"), "asked for again, it is shown again"


def test_what_one_puts_away_stays_for_the_other_who_asked_for_the_same(
    incident: Incident, ana: User, rio: User, sign_in: SignIn, page_of: Callable[[User, str], str]
) -> None:
    made = finished(asked(incident, ana))
    assert asked(incident, rio).pk == made.pk
    sign_in(ana).post(f"/exports/{made.pk}/dismiss/", headers=HTMX)
    assert page_of(ana, "/exports/incidents/{}/state/").strip() == ""
    assert page_of(rio, "/exports/incidents/{}/state/").count("is ready") == 1
    for person in (ana, rio):
        assert page_of(person, "/exports/").count("<tr hx-get") + page_of(person, "/exports/").count("<tr><td") == 1


def test_a_failed_one_is_asked_for_again_with_the_same_choices(incident: Incident, ana: User, sign_in: SignIn) -> None:
    export = asked(incident, ana, ReportOptions(marking=Marking.RED, is_capped=False))
    taken = claim(export.pk)
    assert taken is not None
    give_up(taken, "It took too long.")
    sign_in(ana).post(f"/exports/{export.pk}/again/")
    again = IncidentExport.objects.exclude(pk=export.pk).get()
    assert (again.options, again.state) == (export.options, "queued")


def test_the_notice_is_hidden_until_there_is_something_to_say(
    incident: Incident, ana: User, page_of: Callable[[User, str], str]
) -> None:
    export = asked(incident, ana)
    path = f"/exports/{export.pk}/notice/"
    assert "hidden" in page_of(ana, path) and "data-job-over" not in page_of(ana, path)
    finished(export)
    assert "data-job-over" in page_of(ana, path) and "Download" in page_of(ana, path)


def test_the_list_says_what_each_file_is(incident: Incident, ana: User, page_of: Callable[[User, str], str]) -> None:
    made = finished(asked(incident, ana, ReportOptions(parts=(Part.TASKS,), is_capped=False)))
    page = page_of(ana, "/exports/")
    for words in ("only Tasks", "no caps", "TLP:AMBER", made.sha256, "Ready"):
        assert words in page


def test_the_list_asks_a_bounded_number_of_statements(
    incident: Incident, ana: User, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    for marking in Marking:
        finished(asked(incident, ana, ReportOptions(marking=marking)))
    client = sign_in(ana)
    client.get("/exports/")
    with django_assert_max_num_queries(6):
        client.get("/exports/")


def test_an_archive_is_asked_for_beside_by_who_may_take_logs_out(
    incident: Incident, ana: User, ada: User, sign_in: SignIn, announced: list[UUID]
) -> None:
    path = f"/exports/incidents/{incident.pk}/archive/"
    assert path not in sign_in(ana).get(f"/exports/incidents/{incident.pk}/pdf/").content.decode()
    assert sign_in(ana).post(path, headers=HTMX).status_code == 403
    assert path in sign_in(ada).get(f"/exports/incidents/{incident.pk}/pdf/").content.decode()
    sign_in(ada).post(path, headers=HTMX)
    assert IncidentExport.objects.get().format == Format.ARCHIVE


def test_without_script_everything_is_there(
    incident: Incident, ana: User, sign_in: SignIn, django_capture_on_commit_callbacks: Any, announced: list[UUID]
) -> None:
    client = sign_in(ana)
    with django_capture_on_commit_callbacks(execute=True):
        answer: Any = client.post(f"/exports/incidents/{incident.pk}/pdf/", EVERYTHING, follow=True)
    assert answer.redirect_chain == [("/exports/", 302)]
    assert "It is being made" in answer.content.decode()
    assert announced == [ExportRequest.objects.get().export_id]


def test_the_sweep_announces_what_nobody_works_on(
    incident: Incident, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[UUID] = []
    monkeypatch.setattr(tasks, "announce", woken.append)
    export = asked(incident, ana)
    tasks.sweep_exports()
    claim(export.pk)
    tasks.sweep_exports()
    assert woken == [export.pk]
    IncidentExport.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep_exports()
    assert woken == [export.pk, export.pk]
