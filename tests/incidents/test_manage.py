"""One save of the Manage pane: several fields, one act, nobody's work lost (DESIGN 4.9)."""

from __future__ import annotations

import pytest

from accounts.models import Team, User
from activity.models import Entry
from alerts.choices import Classification, Determination, Severity
from common.errors import Conflict, Refused
from incidents.changes import Changes
from incidents.choices import IncidentStatus
from incidents.commands import add_comment, apply_changes, apply_to_many, change_tags, resolve
from incidents.models import Incident
from tests.conftest import alert, device, opened


def test_changes_to_different_fields_both_land(incident: Incident, ana: User, lee: User) -> None:
    seen = incident.version
    apply_changes(incident, Changes(severity=Severity.LOW), actor=ana.as_actor(), based_on=seen)
    saved = apply_changes(incident, Changes(name="Intrusion"), actor=lee.as_actor(), based_on=seen)
    assert (saved.severity, saved.name) == (Severity.LOW, "Intrusion")


THEIRS_AND_MINE = {
    "name": (Changes(name="Theirs"), Changes(name="Mine"), "Theirs", "Mine"),
    "severity": (Changes(severity=Severity.LOW), Changes(severity=Severity.MEDIUM), "low", "medium"),
    "status": (
        Changes(status=IncidentStatus.IN_PROGRESS),
        Changes(status=IncidentStatus.RESOLVED, resolution_note="Mine"),
        "in_progress",
        "resolved",
    ),
    "tags": (Changes(tags=["theirs"]), Changes(tags=["Mine"]), ["theirs"], ["Mine"]),
    "classification": (
        Changes(classification=Classification.FALSE_POSITIVE),
        Changes(classification=Classification.TRUE_POSITIVE),
        "false_positive",
        "true_positive",
    ),
}


@pytest.mark.parametrize("field", THEIRS_AND_MINE)
def test_the_same_field_is_a_conflict_that_shows_both_values(
    incident: Incident, ana: User, lee: User, field: str
) -> None:
    first, second, theirs, mine = THEIRS_AND_MINE[field]
    seen = incident.version
    saved = apply_changes(incident, first, actor=ana.as_actor(), based_on=seen)
    entries = Entry.objects.count()
    with pytest.raises(Conflict) as conflict:
        apply_changes(incident, second, actor=lee.as_actor(), based_on=seen)
    (found,) = conflict.value.conflicts
    assert (found.field, found.theirs, found.mine, found.changed_by) == (field, theirs, mine, "Ana Ruiz")
    assert conflict.value.version == saved.version
    assert Entry.objects.count() == entries


@pytest.fixture
def resolved(incident: Incident, ana: User) -> Incident:
    return resolve(incident, actor=ana.as_actor(), note="Reimaged.")


def test_two_notes_on_a_resolved_incident_are_a_conflict(resolved: Incident, ana: User, lee: User) -> None:
    seen = resolved.version
    apply_changes(resolved, Changes(resolution_note="Theirs"), actor=ana.as_actor(), based_on=seen)
    with pytest.raises(Conflict) as conflict:
        apply_changes(resolved, Changes(resolution_note="Mine"), actor=lee.as_actor(), based_on=seen)
    assert [(each.field, each.theirs, each.mine) for each in conflict.value.conflicts] == [
        ("resolution_note", "Theirs", "Mine")
    ]
    resolved.refresh_from_db()
    assert resolved.resolution_note == "Theirs"


def test_two_people_resolving_with_different_notes_are_a_conflict(incident: Incident, ana: User, lee: User) -> None:
    seen = incident.version
    theirs = Changes(status=IncidentStatus.RESOLVED, resolution_note="Theirs")
    apply_changes(incident, theirs, actor=ana.as_actor(), based_on=seen)
    with pytest.raises(Conflict) as conflict:
        mine = Changes(status=IncidentStatus.RESOLVED, resolution_note="Mine")
        apply_changes(incident, mine, actor=lee.as_actor(), based_on=seen)
    assert [each.field for each in conflict.value.conflicts] == ["resolution_note"]
    same = Changes(status=IncidentStatus.RESOLVED, resolution_note=" Theirs ")
    apply_changes(incident, same, actor=lee.as_actor(), based_on=seen)


def test_a_note_on_what_was_reopened_meanwhile_is_a_conflict_of_the_status(
    resolved: Incident, ana: User, lee: User
) -> None:
    seen = resolved.version
    apply_changes(resolved, Changes(status=IncidentStatus.ACTIVE), actor=ana.as_actor(), based_on=seen)
    with pytest.raises(Conflict) as conflict:
        apply_changes(resolved, Changes(resolution_note="Mine"), actor=lee.as_actor(), based_on=seen)
    assert [(each.field, each.theirs) for each in conflict.value.conflicts] == [("status", "active")]


def test_an_open_incident_has_no_note(incident: Incident, ana: User) -> None:
    with pytest.raises(Refused) as refused:
        apply_changes(incident, Changes(resolution_note="Mine"), actor=ana.as_actor())
    assert refused.value.field == "status"


def test_two_assignees_are_a_conflict(incident: Incident, ana: User, lee: User, tier2: Team) -> None:
    seen = incident.version
    apply_changes(incident, Changes(assignee=tier2), actor=ana.as_actor(), based_on=seen)
    with pytest.raises(Conflict) as conflict:
        apply_changes(incident, Changes(assignee=lee), actor=lee.as_actor(), based_on=seen)
    (found,) = conflict.value.conflicts
    assert (found.theirs["label"], found.mine["label"]) == ("Tier 2", "Lee Park")


def test_wanting_the_same_is_no_conflict(incident: Incident, ana: User, lee: User) -> None:
    seen = incident.version
    saved = apply_changes(incident, Changes(severity=Severity.LOW), actor=ana.as_actor(), based_on=seen)
    again = apply_changes(incident, Changes(severity=Severity.LOW), actor=lee.as_actor(), based_on=seen)
    assert again.version == saved.version


def test_having_seen_their_change_one_may_overwrite_it(incident: Incident, ana: User, lee: User) -> None:
    saved = apply_changes(incident, Changes(name="Theirs"), actor=ana.as_actor(), based_on=incident.version)
    mine = apply_changes(incident, Changes(name="Mine"), actor=lee.as_actor(), based_on=saved.version)
    assert mine.name == "Mine"


def test_a_comment_never_conflicts(incident: Incident, ana: User, lee: User) -> None:
    seen = incident.version
    apply_changes(incident, Changes(name="Theirs", comment="One"), actor=ana.as_actor(), based_on=seen)
    apply_changes(incident, Changes(comment="Two"), actor=lee.as_actor(), based_on=seen)
    add_comment(incident, "Three", actor=lee.as_actor())
    apply_changes(incident, Changes(severity=Severity.LOW), actor=lee.as_actor(), based_on=seen)
    assert Entry.objects.comments().count() == 3


def test_the_system_changing_the_field_meanwhile_is_a_conflict(incident: Incident, ana: User) -> None:
    """A new alert renames the incident while Ana types a name of her own."""
    seen = incident.version
    grown = opened(alert("3", title="Phishing", categories=("initial_access",), entities=(device("fin-ws-17"),)))
    with pytest.raises(Conflict) as conflict:
        apply_changes(incident, Changes(name="Mine"), actor=ana.as_actor(), based_on=seen)
    (found,) = conflict.value.conflicts
    assert (found.theirs, found.changed_by) == (grown.name, "Correlation")


def test_a_source_changing_the_field_meanwhile_is_a_conflict(db: None, ana: User) -> None:
    incident = opened(alert("1", severity=Severity.LOW))
    opened(alert("1", severity=Severity.HIGH))
    with pytest.raises(Conflict) as conflict:
        apply_changes(incident, Changes(severity=Severity.MEDIUM), actor=ana.as_actor(), based_on=incident.version)
    assert [(each.field, each.theirs) for each in conflict.value.conflicts] == [("severity", "high")]


def test_alerts_assigned_meanwhile_do_not_stand_for_the_incident(incident: Incident, ana: User, lee: User) -> None:
    """Entries of alerts carry fields of the same name; they are the alerts' own."""
    seen = incident.version
    apply_changes(
        incident, Changes(status=IncidentStatus.RESOLVED, resolution_note="Done"), actor=ana.as_actor(), based_on=seen
    )
    saved = apply_changes(incident, Changes(assignee=lee), actor=lee.as_actor(), based_on=seen)
    assert saved.assignee == lee


def test_all_entries_of_a_save_share_a_batch_but_the_comment(incident: Incident, ana: User) -> None:
    last = Entry.objects.latest("pk").pk
    apply_changes(
        incident,
        Changes(
            name="Intrusion",
            severity=Severity.LOW,
            assignee=ana,
            status=IncidentStatus.IN_PROGRESS,
            classification=Classification.TRUE_POSITIVE,
            determination=Determination.MALWARE,
            tags=["a"],
            comment="Mine now",
        ),
        actor=ana.as_actor(),
    )
    entries = Entry.objects.filter(pk__gt=last)
    assert {entry.verb for entry in entries} == {
        "incident.renamed",
        "incident.severity_set",
        "incident.tags_changed",
        "incident.assigned",
        "alert.assigned",
        "incident.classified",
        "incident.started",
        "comment.added",
    }
    assert len({entry.batch for entry in entries if entry.verb != "comment.added"}) == 1


def test_a_refused_field_keeps_all_others_out(incident: Incident, ana: User) -> None:
    before = Entry.objects.count()
    with pytest.raises(Refused) as refused:
        apply_changes(
            incident,
            Changes(name="Intrusion", tags=["a"], status=IncidentStatus.RESOLVED, resolution_note=""),
            actor=ana.as_actor(),
        )
    assert refused.value.field == "resolution_note"
    incident.refresh_from_db()
    assert (incident.name_is_manual, incident.tag_ids, incident.version) == (False, [], 1)
    assert Entry.objects.count() == before


def test_all_tags_given_are_all_tags_kept(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["old", "Stays"], actor=ana.as_actor())
    apply_changes(incident, Changes(tags=["stays", "new"]), actor=ana.as_actor())
    assert sorted(incident.tags.values_list("name", flat=True)) == ["Stays", "new"]


def test_a_note_on_a_resolved_incident_is_written_anew(incident: Incident, ana: User) -> None:
    for note in ("First", "Second"):
        apply_changes(incident, Changes(status=IncidentStatus.RESOLVED, resolution_note=note), actor=ana.as_actor())
    incident.refresh_from_db()
    assert incident.resolution_note == "Second"
    notes = Entry.objects.of_incident(incident.pk).filter(body__isnull=False).order_by("sequence")
    assert [(entry.verb, entry.body.text) for entry in notes] == [
        ("incident.resolved", "First"),
        ("incident.note_changed", "Second"),
    ]


@pytest.fixture
def several(db: None) -> list[int]:
    return [opened(alert(name, entities=(device(name),))).pk for name in ("one", "two", "three")]


def test_a_bulk_act_is_one_batch_through_one_channel(several: list[int], ana: User) -> None:
    apply_to_many(several, Changes(severity=Severity.HIGH, add_tags=["wave"]), actor=ana.as_actor())
    entries = Entry.objects.filter(actor_kind="user")
    assert entries.count() == 6
    assert {(entry.batch, entry.channel) for entry in entries} == {(entries[0].batch, "bulk")}


def test_of_many_each_is_changed_wholly_or_not_at_all(several: list[int], ana: User) -> None:
    change_tags(Incident(pk=several[2]), add=[f"tag {n}" for n in range(50)], actor=ana.as_actor())
    changes = Changes(severity=Severity.HIGH, add_tags=["one more"])
    results = apply_to_many(several, changes, actor=ana.as_actor())
    assert [results[number].outcome for number in several] == ["changed", "changed", "refused"]
    assert "at most 50 tags" in results[several[2]].reason
    left = Incident.objects.get(pk=several[2])
    assert not left.severity_is_manual
    assert left.tags.count() == len(left.tag_ids) == 50


def test_what_no_incident_could_be_given_is_refused_for_all(several: list[int], ana: User) -> None:
    before = Entry.objects.count()
    with pytest.raises(Refused):
        apply_to_many(several, Changes(severity=Severity.HIGH, add_tags=["x" * 101]), actor=ana.as_actor())
    assert Entry.objects.count() == before


def test_a_bulk_act_skips_what_is_so_already(several: list[int], ana: User) -> None:
    apply_to_many(several[:1], Changes(severity=Severity.HIGH), actor=ana.as_actor())
    apply_to_many(several, Changes(severity=Severity.HIGH), actor=ana.as_actor())
    entries = Entry.objects.filter(verb="incident.severity_set").order_by("pk")
    assert [entry.incident_id for entry in entries] == several


def test_nothing_chosen_is_empty() -> None:
    assert Changes().is_empty()
    assert not Changes(assignee=None).is_empty()
    assert not Changes(comment="x").is_empty()
