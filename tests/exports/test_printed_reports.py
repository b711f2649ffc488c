"""The report as its reader has it, printed and read back: it says what the page says and leads where its contents say;
and whatever stands in an incident, it is printed."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from accounts.models import User
from activity.models import Entry
from entities import identity
from exports.choices import Format, Marking, Part
from exports.making import write
from exports.options import ReportOptions
from exports.rendering import missing_for_pdf
from incidents.commands import add_comment, add_task, change_tags, rename, resolve
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened, user_entity
from tests.exports.printed import texts
from tests.ingest.hostile import KEPT_TEXTS

pytestmark = pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf() or "-")

ALERTS = 104


def report(incident: Incident, reader: User, folder: Path, **options: Any) -> Path:
    path = folder / "report.pdf"
    pages = write(incident.pk, Format.PDF, ReportOptions(**options), reader, path, lambda percent: None)
    assert pages == len(texts(path))
    return path


def one_text(path: Path) -> str:
    """All of it without spaces: where a line ends is the page's affair."""
    return re.sub(r"\s", "", "".join(texts(path)))


def squeezed(text: object) -> str:
    return re.sub(r"\s", "", str(text))


@pytest.fixture
def told(ana: User, lee: User) -> Incident:
    """An incident of several pages, worked on by two, in several scripts."""
    incident = opened(
        *(
            alert(
                str(number),
                title=f"Encoded command {number}",
                at=NOON + timedelta(minutes=number),
                entities=(
                    device("fin-ws-17"),
                    identity.file(name=f"stage-{number}.ps1", hashes=[f"{number + 1:064x}"]),
                ),
                categories=("execution",),
                techniques=("T1059.001",),
            )
            for number in range(ALERTS)
        ),
        alert("greek", title="Ύποπτη εντολή", entities=(device("fin-ws-17"), user_entity("mia@corp.example"))),
        alert("cyrillic", title="Подозрительная команда", entities=(device("fin-ws-17"),)),
    )
    rename(incident, actor=ana.as_actor(), name="Ransomware in finance")
    change_tags(incident, add=["phishing"], actor=ana.as_actor())
    add_comment(incident, "The first host was **isolated** at noon.", actor=lee.as_actor())
    add_task(incident, "Rebuild the host", actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="Reimaged and watched for a week.")
    incident.refresh_from_db()
    return incident


def test_the_paper_says_what_the_page_says(told: Incident, ana: User, tmp_path: Path) -> None:
    path = report(told, ana, tmp_path, is_capped=False, marking=Marking.RED)
    text = one_text(path)
    for words in told.alerts.values_list("title", flat=True):
        assert squeezed(words) in text
    for number in range(ALERTS):
        assert f"stage-{number}.ps1" in text and f"{number + 1:064x}" in text
    for words in (
        "Ransomware in finance", "phishing", "mia@corp.example", "FIN-WS-17", "The first host was isolated at noon.",
        "Rebuild the host", "Reimaged and watched for a week.", "Resolved", "T1059.001", "Execution",
    ):  # fmt: skip
        assert squeezed(words).casefold() in text.casefold(), words
    head = Entry.objects.of_incident(told.pk).order_by("sequence").last()
    assert head is not None and bytes(head.hash).hex() in text
    pages = texts(path)
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "TLP:RED" in page


def test_contents_and_bookmarks_lead_to_the_pages_they_name(told: Incident, ana: User, tmp_path: Path) -> None:
    path = report(told, ana, tmp_path)
    pages = texts(path)
    with pikepdf.open(path) as pdf:
        named = {
            re.sub(r"^\d+\s*", "", str(item.title)).strip(): pikepdf.Page(item.destination[0]).index + 1
            for item in pdf.open_outline().root
        }
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
    for part in Part:
        page = named[part.label]
        assert part.label in pages[page - 1]
        assert re.search(rf"{re.escape(part.label)}\s+{page}\b", pages[1]), part


def test_what_was_cut_is_said_with_its_number(told: Incident, ana: User, tmp_path: Path) -> None:
    text = one_text(report(told, ana, tmp_path, parts=(Part.EVIDENCE,)))
    assert squeezed(f"{ALERTS - 100}") in text
    shown = [number for number in range(ALERTS) if f"{number + 1:064x}" in text]
    assert len(shown) == 100


def test_other_parts_are_not_in_it(told: Incident, ana: User, tmp_path: Path) -> None:
    text = one_text(report(told, ana, tmp_path, parts=(Part.TASKS,)))
    assert squeezed("Rebuild the host") in text
    assert "stage-7.ps1" not in text and squeezed("was isolated at noon") not in text


def test_whatever_stands_in_every_field_it_is_printed(ana: User, tmp_path: Path) -> None:
    incident = opened(
        *(
            alert(
                str(number),
                title=each.text,
                description=each.text,
                recommended_actions=each.text,
                at=NOON + timedelta(minutes=number),
                entities=(device("fin-ws-17"), identity.file(name=each.text[:200], hashes=[f"{number + 1:064x}"])),
            )
            for number, each in enumerate(KEPT_TEXTS)
        )
    )
    for each in KEPT_TEXTS:
        add_comment(incident, each.text, actor=ana.as_actor())
        add_task(incident, each.text[:100].strip() or "x", description=each.text, actor=ana.as_actor())
    incident.refresh_from_db()
    path = report(incident, ana, tmp_path, is_capped=False)
    text = one_text(path)
    assert "{{7*7}}" in text and "<script>" in text
    assert "invoice\ufffdgpj.exe" in text and "invoiceexe.jpg" not in text
    with pikepdf.open(path) as pdf:
        actions = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/URI" in item]
        assert not actions
        assert "/EmbeddedFiles" not in pdf.Root.get("/Names", {})
