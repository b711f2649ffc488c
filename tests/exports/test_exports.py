"""Exports as jobs: who asks for the same has the same, what was made is recorded once, and whoever loses the right to
see loses the file."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import User
from activity.models import Entry
from common.errors import Refused
from common.jobs import JobState
from exports import files, tasks
from exports.choices import Format, Marking, Part
from exports.commands import claim, finish_export, give_up, hold_on, let_go, request_export
from exports.commands.exports import MOST_ATTEMPTS, MOST_WAITING, MadeFile
from exports.files import NotMade
from exports.models import ExportRequest, IncidentExport
from exports.options import ReportOptions
from incidents.commands import add_comment, restrict, set_incident_members
from incidents.models import Incident
from tests.conftest import alert, opened
from tests.exports.made import CONTENT, asked, finished

SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS_FOLDER = tmp_path / "exports"
    return settings.EXPORTS_FOLDER


# ------------------------------------------------------------------------------------------------- the same again


def test_two_who_ask_for_the_same_at_once_make_one_job(incident: Incident, ana: User, rio: User) -> None:
    assert asked(incident, ana) == asked(incident, rio)
    assert ExportRequest.objects.count() == 2


def test_asking_twice_is_one_request(incident: Incident, ana: User) -> None:
    assert asked(incident, ana) == asked(incident, ana)
    assert ExportRequest.objects.count() == 1


def test_within_the_window_the_very_same_file_is_given(incident: Incident, ana: User, rio: User) -> None:
    made = finished(asked(incident, ana))
    assert asked(incident, rio) == made


def test_that_it_was_taken_out_is_no_change_of_it(incident: Incident, ana: User) -> None:
    made = finished(asked(incident, ana))
    assert Entry.objects.of_incident(incident.pk).last().verb == "incident.exported"
    assert asked(incident, ana) == made


def test_after_the_window_it_is_made_anew(incident: Incident, ana: User) -> None:
    made = finished(asked(incident, ana))
    IncidentExport.objects.filter(pk=made.pk).update(finished_at=timezone.now() - timedelta(minutes=5, seconds=1))
    assert asked(incident, ana) != made


def test_a_new_one_is_made_where_it_is_asked_for(incident: Incident, ana: User) -> None:
    made = finished(asked(incident, ana))
    assert asked(incident, ana, anew=True) != made


@pytest.mark.parametrize(
    "options",
    [
        ReportOptions(parts=(Part.OVERVIEW,)),
        ReportOptions(is_capped=False),
        ReportOptions(marking=Marking.RED),
        ReportOptions(time_zone="Europe/Vienna"),
        ReportOptions(language="de"),
    ],
    ids=["parts", "caps", "marking", "time zone", "language"],
)
def test_other_choices_are_another_file(incident: Incident, ana: User, options: ReportOptions) -> None:
    made = finished(asked(incident, ana))
    assert asked(incident, ana, options) != made


def test_after_a_change_of_the_incident_it_is_another_file(incident: Incident, ana: User) -> None:
    made = finished(asked(incident, ana))
    add_comment(incident, "Seen in the proxy's log", actor=ana.as_actor())
    assert asked(incident, ana) != made


def test_whoever_has_other_rights_is_not_given_the_same(incident: Incident, ana: User, lee: User) -> None:
    made = finished(asked(incident, ana))
    assert asked(incident, lee) != made


def test_whoever_sees_other_restricted_incidents_is_not_given_the_same(
    incident: Incident, ana: User, rio: User, lee: User
) -> None:
    restrict(opened(alert("apart")), [rio], actor=lee.as_actor(), reason="Inside")
    made = finished(asked(incident, ana))
    assert asked(incident, rio) != made


def test_a_report_needs_a_part(incident: Incident, ana: User) -> None:
    with pytest.raises(Refused) as refused:
        asked(incident, ana, ReportOptions(parts=()))
    assert refused.value.field == "parts"


def test_nobody_fills_the_queue(incident: Incident, ana: User) -> None:
    for number in range(MOST_WAITING):
        asked(opened(alert(f"more-{number}")), ana)
    with pytest.raises(Refused, match="still being made"):
        asked(incident, ana)


# ------------------------------------------------------------------------------------------------- attempts


def test_an_export_has_one_worker_at_a_time(incident: Incident, ana: User) -> None:
    export = asked(incident, ana)
    assert claim(export.pk) is not None
    assert claim(export.pk) is None


def test_enough_are_made_at_once_and_the_others_wait(incident: Incident, ana: User) -> None:
    first, second = asked(incident, ana), asked(opened(alert("second")), ana)
    taken = claim(first.pk)
    assert claim(second.pk) is None
    assert taken is not None
    give_up(taken, "It was too large.")
    assert claim(second.pk) is not None


def test_a_worker_that_was_thought_dead_finishes_nothing(incident: Incident, ana: User) -> None:
    export = asked(incident, ana)
    first = claim(export.pk)
    assert first is not None
    IncidentExport.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    second = claim(export.pk)
    assert second is not None and second.attempts == 2

    assert not hold_on(first, 50)
    assert finish_export(first, MadeFile(uuid4(), 1, "a" * 64), actor=ana.as_actor()) is None
    give_up(first, "Late")
    let_go(first)
    export.refresh_from_db()
    assert (export.state, export.problem) == (JobState.RUNNING, "")
    assert hold_on(second, 50)
    assert not Entry.objects.filter(verb="incident.exported").exists()


def test_one_whose_worker_dies_each_time_is_given_up(incident: Incident, ana: User) -> None:
    export = asked(incident, ana)
    for _ in range(MOST_ATTEMPTS):
        assert claim(export.pk) is not None
        IncidentExport.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert claim(export.pk) is None
    export.refresh_from_db()
    assert export.state == JobState.FAILED
    assert f"ended {MOST_ATTEMPTS} times" in export.problem


# ------------------------------------------------------------------------------------------------- recorded


def test_what_was_made_stands_in_the_incidents_log_by_its_hash(incident: Incident, ana: User) -> None:
    options = ReportOptions(parts=tuple(part for part in Part if part != Part.TASKS), marking=Marking.GREEN)
    made = finished(asked(incident, ana, options))
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.exported")
    assert entry.actor_label == "Ana Ruiz"
    assert entry.facts["sha256"] == made.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert entry.facts | {"pages": 3, "marking": "TLP:GREEN", "left_out": ["tasks"]} == entry.facts


def test_each_download_stands_in_the_systems_log_before_a_byte_leaves(
    incident: Incident, ana: User, rio: User, sign_in: SignIn
) -> None:
    made = finished(asked(incident, ana))
    asked(incident, rio)
    answer: Any = sign_in(rio).get(f"/exports/{made.pk}/")
    told = Entry.objects.get(verb="export.downloaded")
    assert (told.incident_id, told.actor_label, told.subject_label) == (None, "Rio Sato", f"#{incident.pk}")
    assert told.facts["sha256"] == made.sha256
    assert b"".join(answer.streaming_content) == CONTENT
    assert answer["Repr-Digest"] == f"sha-256=:{b64encode(hashlib.sha256(CONTENT).digest()).decode()}:"
    assert answer["Content-Disposition"].startswith(f'attachment; filename="incident-{incident.pk}-')


def test_looking_whether_a_file_is_there_takes_nothing_out(incident: Incident, ana: User, sign_in: SignIn) -> None:
    made = finished(asked(incident, ana))
    answer = sign_in(ana).head(f"/exports/{made.pk}/")
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(CONTENT)))
    assert not Entry.objects.filter(verb="export.downloaded").exists()


# ------------------------------------------------------------------------------------------------- rights


def test_others_exports_do_not_exist(incident: Incident, ana: User, rio: User, sign_in: SignIn) -> None:
    made = finished(asked(incident, ana))
    assert sign_in(rio).get(f"/exports/{made.pk}/").status_code == 404


def test_with_sight_of_the_incident_goes_its_file(incident: Incident, ana: User, lee: User, sign_in: SignIn) -> None:
    made = finished(asked(incident, ana))
    restrict(incident, [lee], actor=lee.as_actor(), reason="Inside")
    assert sign_in(ana).get(f"/exports/{made.pk}/").status_code == 404
    assert b"FIN-WS" not in sign_in(ana).get("/exports/").content
    set_incident_members(incident, [lee, ana], actor=lee.as_actor(), reason="She helps")
    assert sign_in(ana).get(f"/exports/{made.pk}/").status_code in (200, 302)


def test_with_other_rights_the_file_is_no_longer_given(incident: Incident, ana: User, sign_in: SignIn) -> None:
    made = finished(asked(incident, ana))
    ana.role.permissions.remove(Permission.BULK_EDIT)
    ana.role.save()
    answer: Any = sign_in(ana).get(f"/exports/{made.pk}/", follow=True)
    assert "Your rights have changed" in answer.content.decode()
    assert not Entry.objects.filter(verb="export.downloaded").exists()


def test_without_the_right_to_export_there_is_nothing(incident: Incident, ana: User, sign_in: SignIn) -> None:
    made = finished(asked(incident, ana))
    ana.role.permissions.remove(Permission.EXPORT)
    ana.role.save()
    for path in (f"/exports/{made.pk}/", "/exports/", f"/exports/incidents/{incident.pk}/pdf/"):
        assert sign_in(ana).get(path).status_code == 403


def test_a_file_that_was_touched_is_given_to_nobody(
    incident: Incident, ana: User, sign_in: SignIn, folder: Path
) -> None:
    made = finished(asked(incident, ana))
    assert made.file is not None
    files.store().path(made.file).write_bytes(CONTENT[:-1] + b"!")
    answer: Any = sign_in(ana).get(f"/exports/{made.pk}/", follow=True)
    assert "not what was made" in answer.content.decode()
    with pytest.raises(NotMade):
        files.opened(made)


# ------------------------------------------------------------------------------------------------- time


def test_when_its_time_is_over_a_file_goes_and_its_row_says_so(incident: Incident, ana: User, sign_in: SignIn) -> None:
    made = finished(asked(incident, ana))
    IncidentExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep_exports()
    made.refresh_from_db()
    assert made.is_expired and made.file is None
    assert not list(files.store().older_than(-10))
    page = sign_in(ana).get("/exports/").content.decode()
    assert "Expired" in page and made.sha256 in page


def test_files_without_a_row_go_and_others_stay(incident: Incident, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = finished(asked(incident, ana))
    lost = uuid4()
    files.store().write(lost, [b"lost"])
    monkeypatch.setattr(tasks, "HALF_DONE", -10.0)
    tasks.sweep_export_files()
    assert list(files.store().older_than(-10)) == [made.file]


def test_what_a_killed_worker_left_goes_and_what_one_is_at_stays(incident: Incident, ana: User) -> None:
    taken = claim(asked(incident, ana).pk)
    assert taken is not None
    with files.work_folder(taken) as folder:
        (folder / "1.html").write_text("what stood in it")
        tasks.sweep_exports()
        assert (folder / "1.html").exists()
        IncidentExport.objects.update(attempts=2)
        tasks.sweep_exports()
        assert not folder.exists()


def test_rows_of_long_ago_go(incident: Incident, ana: User) -> None:
    made = finished(asked(incident, ana))
    IncidentExport.objects.filter(pk=made.pk).update(
        expires_at=timezone.now(), created_at=timezone.now() - timedelta(days=31)
    )
    tasks.sweep_exports()
    tasks.sweep_exports()
    assert not IncidentExport.objects.exists()


def test_a_file_that_the_disk_does_not_take_leaves_nothing(settings: Any, tmp_path: Path) -> None:
    settings.EXPORT_BYTES = 3
    (tmp_path / "large").write_bytes(b"1234")
    with pytest.raises(NotMade, match="larger"):
        files.keep(tmp_path / "large")
    assert not list(files.store().older_than(-10))


def test_a_refused_export_leaves_nothing(incident: Incident, ana: User) -> None:
    with pytest.raises(Refused), transaction.atomic():
        request_export(incident, Format.PDF, ReportOptions(parts=()), principal=ana)
    assert not IncidentExport.objects.exists()
