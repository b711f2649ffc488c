"""`manage.py ingest`: files and standard input, what is printed and what it says of refused records."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from activity.models import Entry
from alerts.models import Alert, Evidence
from entities.models import Entity
from incidents.models import Incident
from incidents.summary import differences
from ingest.parsed import ParsedAlert, RefusedRecord
from tests.ingest.real_data import parsed_file, real_file


def record(external_id: str, **more: Any) -> dict[str, Any]:
    return {
        "source": "door",
        "external_id": external_id,
        "title": "Door forced",
        "severity": "low",
        "first_activity": "2026-03-01T09:30:00Z",
        **more,
    }


def take_in(*paths: Path | str, **options: str) -> tuple[str, str, CommandError | None]:
    """What the command prints, what it complains of, and how it ends."""
    printed, complaints = io.StringIO(), io.StringIO()
    try:
        call_command("ingest", *map(str, paths), stdout=printed, stderr=complaints, **options)
    except CommandError as error:
        return printed.getvalue(), complaints.getvalue(), error
    return printed.getvalue(), complaints.getvalue(), None


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes records as JSON lines; the file's path."""

    def write(*records: Any, name: str = "alerts.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{json.dumps(each)}\n" for each in records))
        return path

    return write


@pytest.mark.django_db
def test_it_prints_how_many_were_created_updated_and_repeated(written: Any) -> None:
    assert take_in(written(record("1"), record("2"))) == ("2 created, 0 updated, 0 repeated, 0 refused\n", "", None)
    again = written(record("1"), record("2", title="Door broken"), record("3"))
    assert take_in(again) == ("1 created, 1 updated, 1 repeated, 0 refused\n", "", None)


@pytest.mark.django_db
def test_counts_of_several_files_are_added_up(written: Any) -> None:
    printed, _, error = take_in(written(record("1"), name="a.json"), written(record("1"), record("2"), name="b.json"))
    assert (printed, error) == ("2 created, 0 updated, 1 repeated, 0 refused\n", None)


@pytest.mark.django_db
def test_a_refused_record_is_named_by_position_and_reason_and_the_others_stay(written: Any) -> None:
    path = written(record("1"), record("2", severity="dreadful"), record("3"))
    printed, complaints, error = take_in(path)
    assert printed == "2 created, 0 updated, 0 repeated, 1 refused\n"
    assert complaints.startswith(f"{path}: record 2, severity: ")
    assert "dreadful" in complaints
    assert error is not None
    assert (error.returncode, str(error)) == (1, "1 of 3 records were refused; the others stay.")
    assert sorted(Alert.objects.values_list("external_id", flat=True)) == ["1", "3"]


@pytest.mark.django_db
def test_what_is_broken_within_a_file_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text(f'{json.dumps(record("1"))}\n{{"source": \n{json.dumps(record("3"))}\n')
    printed, complaints, error = take_in(path)
    assert printed == "2 created, 0 updated, 0 repeated, 1 refused\n"
    assert f"{path}: record 2: " in complaints
    assert error is not None


@pytest.mark.django_db
def test_more_than_one_transactions_worth_is_taken(written: Any) -> None:
    printed, _, error = take_in(written(*(record(str(number)) for number in range(501))))
    assert (printed, error) == ("501 created, 0 updated, 0 repeated, 0 refused\n", None)
    assert Alert.objects.count() == 501


@pytest.mark.django_db
def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "alerts.json.gz"
    path.write_bytes(gzip.compress(json.dumps([record("1"), record("2")]).encode()))
    assert take_in(path) == ("2 created, 0 updated, 0 repeated, 0 refused\n", "", None)


@pytest.mark.django_db
def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = io.TextIOWrapper(io.BytesIO(json.dumps([record("1"), record("2")]).encode()))
    monkeypatch.setattr("sys.stdin", sent)
    assert take_in("-") == ("2 created, 0 updated, 0 repeated, 0 refused\n", "", None)
    assert Entry.objects.filter(verb="incident.opened", channel="command_line").count() == Incident.objects.count()


@pytest.mark.django_db
def test_an_empty_file_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_bytes(b"")
    assert take_in(path) == ("0 created, 0 updated, 0 repeated, 0 refused\n", "", None)


@pytest.mark.django_db
def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    _, _, error = take_in(tmp_path / "nowhere.json")
    assert str(error) == f"{tmp_path}/nowhere.json cannot be read: No such file or directory."


@pytest.mark.django_db
def test_a_folder_is_no_file(tmp_path: Path) -> None:
    _, _, error = take_in(tmp_path)
    assert str(error) == f"{tmp_path} cannot be read: Is a directory."


@pytest.mark.django_db
def test_the_format_may_be_named(written: Any) -> None:
    printed, complaints, error = take_in(written(record("1")), format="eve")
    assert printed == "0 created, 0 updated, 0 repeated, 1 refused\n"
    assert "record 1" in complaints
    assert error is not None


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--format", "leef", "alerts.json"], "native"), ([], "PATH")], ids=["format", "no path"]
)
def test_what_it_cannot_make_sense_of_it_refuses_before_it_starts(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("ingest", *arguments)


REAL_FILES = (
    "suricata/wrccdc-2018.json",
    "suricata/first-org-conf-2015.json",
    "graph/incidents_expand_alerts.json",
    "sentinel/alertlist.csv",
)


@pytest.mark.parametrize("name", REAL_FILES)
@pytest.mark.django_db
def test_real_alerts_are_taken_twice_without_loss_or_duplicate(name: str) -> None:
    path = real_file(name)
    read = parsed_file(name)
    refused = [each for each in read if isinstance(each, RefusedRecord)]
    sent = Counter((each.source, each.external_id) for each in read if isinstance(each, ParsedAlert))

    printed, complaints, _ = take_in(path)
    assert printed.startswith(f"{len(sent):,} created, ")
    assert printed.endswith(f"{len(refused):,} refused\n")
    assert len(complaints.splitlines()) == len(refused)
    assert set(Alert.objects.values_list("source", "external_id")) == set(sent)
    before = Incident.objects.count(), Entity.objects.count(), Evidence.objects.count()

    printed, complaints, _ = take_in(path)
    assert printed.startswith("0 created, ")
    assert len(complaints.splitlines()) == len(refused)
    assert Alert.objects.count() == len(sent)
    assert (Incident.objects.count(), Entity.objects.count(), Evidence.objects.count()) == before
    assert differences(list(Incident.objects.all())) == []
    call_command("verify_activity", stdout=io.StringIO(), stderr=io.StringIO())


@pytest.mark.django_db
def test_a_table_of_no_known_format_is_refused_row_by_row() -> None:
    path = real_file("guide/guide_8000.csv")
    printed, complaints, error = take_in(path)
    assert printed == "0 created, 0 updated, 0 repeated, 8,000 refused\n"
    assert complaints.startswith(f"{path}: record 1: This looks like none of the formats known: ")
    assert error is not None
    assert not Alert.objects.exists()
