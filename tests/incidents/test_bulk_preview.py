"""What a bulk act would do is said exactly, in one statement, and is then what it does."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team, User
from activity.chain import verify
from activity.models import Entry
from alerts.choices import Classification, Determination, Severity
from incidents.changes import KEEP, Changes
from incidents.choices import OPEN_STATUSES, IncidentStatus
from incidents.commands import prepare_act, start_act, work_on
from incidents.models import BulkAct, Incident, IncidentMember, IncidentTag, Tag
from incidents.queries.bulk import Preview, preview
from tests.incidents.rows import row, stored

LATER = timezone.now().replace(second=0, microsecond=0) + timedelta(days=2)
LATEST = LATER + timedelta(hours=3)
NAMES = ["Red", "blue", "GREEN"]
MANY = [f"filler {number}" for number in range(49)]


class _Undo(Exception):
    """Ends an example, and takes back what it wrote."""


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    """An incident in any state, by plain values."""
    findings = [("not_set", "not_set"), ("true_positive", "malware"), ("true_positive", "not_set")]
    return {
        "status": draw(st.sampled_from(list(IncidentStatus))),
        "severity": draw(st.sampled_from(list(Severity))),
        "manual": draw(st.booleans()),
        "assignee": draw(st.sampled_from(["", "ana", "rio", "team"])),
        "note": draw(st.sampled_from(["Done.", "Another"])),
        "finding": draw(st.sampled_from(findings)),
        "tags": draw(st.sets(st.sampled_from(NAMES))),
        "crowded": draw(st.booleans()),
        "due": draw(st.sampled_from([None, LATER, LATEST])),
        "snoozed": draw(st.sampled_from([None, LATER, LATEST])),
        "named": draw(st.sampled_from(["", "", "ana", "team"])),
    }


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, Any]:
    """What the form for many can ask for; at least one thing."""
    wish: dict[str, Any] = {}
    if draw(st.booleans()):
        wish["severity"] = draw(st.sampled_from([None, *Severity]))
    if draw(st.booleans()):
        wish["assignee"] = draw(st.sampled_from([None, "ana", "team"]))
    if draw(st.booleans()):
        wish["status"] = draw(st.sampled_from([status for status in IncidentStatus if status < 4]))
        wish["resolution_note"] = draw(st.sampled_from(["Done.", " Done.\r\n", "Two\r\nlines"]))
    if draw(st.booleans()):
        wish["due"] = draw(st.sampled_from([None, LATER]))
    if wish.get("status") != IncidentStatus.RESOLVED and draw(st.booleans()):
        wish["snoozed_until"] = draw(st.sampled_from([None, LATER]))
    if draw(st.booleans()):
        wish["classification"] = Classification.TRUE_POSITIVE
        wish["determination"] = draw(st.sampled_from([Determination.NOT_SET, Determination.MALWARE]))
    wish["add_tags"] = draw(st.lists(st.sampled_from(["red", "RED ", "Blue", "new one", "New  One"]), max_size=3))
    wish["remove_tags"] = draw(st.lists(st.sampled_from(["green", "blue", "unknown", "filler 3"]), max_size=2))
    if draw(st.booleans()) or set(wish) == {"add_tags", "remove_tags"}:
        wish["comment"] = draw(st.sampled_from(["Seen.", "  "]))
    return wish


def put(state: dict[str, Any], people: dict[str, Any], target: Incident) -> Incident:
    status = state["status"]
    assignee = people.get(state["assignee"])
    incident = row(
        status=status,
        severity=state["severity"],
        severity_is_manual=state["manual"],
        automatic_severity=Severity.MEDIUM if state["manual"] else state["severity"],
        assignee_user=assignee if isinstance(assignee, User) else None,
        assignee_team=assignee if isinstance(assignee, Team) else None,
        resolution_note=state["note"] if status == IncidentStatus.RESOLVED else "",
        classification=state["finding"][0],
        determination=state["finding"][1],
        redirected_to=target if status == IncidentStatus.REDIRECTED else None,
        restricted=bool(state["named"]),
        alerts_active=0,
        due_at=state["due"],
        snoozed_until=state["snoozed"] if status in OPEN_STATUSES else None,
    )
    stored([incident])
    if named := people.get(state["named"]):
        IncidentMember.objects.create(incident=incident, **{"team" if named is people["team"] else "user": named})
    names = [*state["tags"], *(MANY if state["crowded"] else [])]
    tags = [people["tags"][name] for name in names]
    IncidentTag.objects.bulk_create([IncidentTag(incident=incident, tag=each) for each in tags])
    Incident.objects.filter(pk=incident.pk).update(tag_ids=sorted(each.pk for each in tags))
    return incident


def outcome_of(act: BulkAct) -> dict[str, int]:
    while work_on(act.pk, actor=act.as_actor()):
        pass
    act.refresh_from_db()
    return act.counts


def foretold(found: Preview) -> dict[str, int]:
    counts = {
        "changed": found.changed,
        "unchanged": found.unchanged,
        "refused": found.merged + found.crowded + found.closed + found.unseen,
    }
    return {outcome: number for outcome, number in counts.items() if number}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(several=st.lists(states(), min_size=1, max_size=8), wish=wishes())
def test_the_preview_is_what_happens(
    ana: User, rio: User, tier2: Team, several: list[dict[str, Any]], wish: dict[str, Any]
) -> None:
    people: dict[str, Any] = {"ana": ana, "rio": rio, "team": tier2}
    wish = dict(wish)
    wish["assignee"] = people.get(wish["assignee"]) if "assignee" in wish else KEEP
    changes = Changes(**wish)
    if changes.is_empty():
        return
    with pytest.raises(_Undo), transaction.atomic():
        people["tags"] = {tag.name: tag for tag in Tag.objects.bulk_create(Tag(name=name) for name in [*NAMES, *MANY])}
        target = row()
        stored([target])
        numbers = [put(state, people, target).pk for state in several]
        rows = Incident.objects.filter(pk__in=numbers)
        found = preview(rows, changes, chosen=len(numbers))
        act = start_act(prepare_act(rows, ana), changes, actor=ana.as_actor(), seen=found.seen)
        assert outcome_of(act) == foretold(found)
        assert found.total == len(numbers)
        items = dict(act.items.values_list("incident", "outcome"))
        touched = set(Entry.objects.filter(incident__in=numbers).values_list("incident", flat=True))
        assert touched == {number for number, outcome in items.items() if outcome == "changed"}
        for incident in rows.prefetch_related("tags"):
            assert incident.tag_ids == sorted(tag.pk for tag in incident.tags.all())
            assert verify(incident.pk).breaks == ()
        again = preview(rows, changes, chosen=len(numbers))
        assert again.changed == (len(touched) if changes.comment.strip() else 0)
        raise _Undo


def test_the_preview_changes_nothing_and_is_one_statement_for_any_number(ana: User) -> None:
    changes = Changes(severity=Severity.LOW, add_tags=["new"], status=IncidentStatus.RESOLVED, resolution_note="x")
    statements = []
    for number in (1, 300):
        stored(row(each) for each in range(number))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            preview(Incident.objects.visible_to(ana), changes, chosen=number)
        statements.append(len(captured))
    assert statements[0] == statements[1] <= 5
    assert not Tag.objects.exists()
    assert not Entry.objects.filter(incident__isnull=False).exists()


def test_the_page_shows_the_preview_as_the_form_changes(ana: User, sign_in: Any) -> None:
    client: Client = sign_in(ana)
    incidents = stored([row(severity=Severity.LOW), row(), row()])
    form = {"incident": [each.pk for each in incidents], "severity": "low", "status": "keep", "classification": "keep"}
    said = client.post(reverse("incidents:preview_many"), form, headers={"HX-Request": "true"}).content.decode()
    assert '<b class="number">2</b> of <span class="number">3</span> change; 1 is already so.' in said
    refused = client.post(reverse("incidents:preview_many"), {**form, "add_tags": "x" * 101}).content.decode()
    assert "A tag has at most 100 characters" in refused
    assert Counter(Incident.objects.values_list("version", flat=True)) == {1: 3}


def test_many_are_snoozed_and_woken_as_the_preview_says(ana: User, sign_in: Any) -> None:
    client: Client = sign_in(ana)
    incidents = stored([row(), row(), row(status=IncidentStatus.RESOLVED)])
    usual = {"severity": "keep", "status": "keep", "classification": "keep"}
    form = {"incident": [each.pk for each in incidents], **usual, "snooze": "tomorrow"}
    said = client.post(reverse("incidents:preview_many"), form).content.decode()
    assert '<b class="number">2</b> of <span class="number">3</span> change' in said
    assert "1 is resolved and cannot be snoozed" in said
    client.post(reverse("incidents:manage_many"), form)
    assert Incident.objects.filter(snoozed_until__isnull=False, snoozed_by=ana).count() == 2
    client.post(reverse("incidents:manage_many"), {**form, "snooze": "wake"})
    assert not Incident.objects.filter(snoozed_until__isnull=False).exists()


def test_a_snooze_that_cannot_be_is_told_at_its_field(ana: User, sign_in: Any) -> None:
    client: Client = sign_in(ana)
    form = {"incident": [stored([row()])[0].pk], "severity": "keep", "status": "keep", "classification": "keep"}
    page = reverse("incidents:manage_many")
    none = client.post(page, {**form, "snooze": "own"})
    assert (none.status_code, "Choose until when." in none.content.decode()) == (422, True)
    past = client.post(page, {**form, "snooze": "own", "snooze_until": "2020-01-01T00:00"})
    assert (past.status_code, "passed already" in past.content.decode()) == (422, True)
    both = {**form, "snooze": "1h", "status": "resolved", "resolution_note": "Done.", "unclassified_is_fine": "on"}
    assert "Only an open incident can be snoozed" in client.post(page, both).content.decode()
    assert not Incident.objects.filter(snoozed_until__isnull=False).exists()
