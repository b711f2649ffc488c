"""`manage.py export_incident`: a report or an archive as a file, with somebody's eyes, recorded."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from activity.models import Entry
from exports.rendering import missing_for_pdf
from incidents.commands import restrict
from incidents.models import Incident

pytestmark = pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf())


def test_the_report_is_written_and_recorded_by_its_hash(incident: Incident, tmp_path: Path) -> None:
    path, said = tmp_path / "out.pdf", io.StringIO()
    call_command("export_incident", str(incident.pk), "--pdf", str(path), "--parts", "overview,alerts", stdout=said)
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert path.stat().st_mode & 0o777 == 0o600
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.exported")
    assert entry.facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry.facts["sha256"] in said.getvalue()
    assert (entry.actor_label, entry.channel) == ("Command line", "command_line")
    assert "activity" in entry.facts["left_out"]


def test_a_restricted_one_takes_the_eyes_of_somebody_who_sees_it(
    incident: Incident, lee: User, ana: User, tmp_path: Path
) -> None:
    restrict(incident, [lee], actor=lee.as_actor(), reason="Inside")
    path = tmp_path / "out.pdf"
    for eyes in ([], ["--as", "ana"]):
        with pytest.raises(CommandError, match="There is no incident"):
            call_command("export_incident", str(incident.pk), "--pdf", str(path), *eyes)
    call_command("export_incident", str(incident.pk), "--pdf", str(path), "--as", "lee", "--parts", "tasks")
    assert path.exists()
    assert Entry.objects.filter(verb="restricted.seen", actor_id=lee.pk).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--parts", "gossip"],
        ["--parts", ""],
        ["--marking", "purple"],
        ["--time-zone", "Mars/Olympus"],
        ["--as", "nobody"],
    ],
)
def test_what_means_nothing_is_said(incident: Incident, tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("export_incident", str(incident.pk), "--pdf", str(tmp_path / "out.pdf"), *wrong)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over_a_file_that_stands_there(incident: Incident, tmp_path: Path) -> None:
    path = tmp_path / "out.pdf"
    path.write_bytes(b"kept")
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_incident", str(incident.pk), "--pdf", str(path))
    assert path.read_bytes() == b"kept"
    assert not Entry.objects.filter(verb="incident.exported").exists()
