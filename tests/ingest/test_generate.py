"""The synthetic load: as true as what the commands store."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from activity.chain import verify
from activity.models import Entry
from alerts.choices import AlertStatus
from alerts.models import Alert, Evidence
from entities.models import Entity
from incidents.filters import with_defaults
from incidents.models import Incident, IncidentSearch, IncidentTag
from incidents.queries.queue import queue_page
from incidents.summary import differences

INCIDENTS = 200


@pytest.fixture
def generated(db: None) -> list[Incident]:
    call_command("generate", incidents=INCIDENTS, seed=7)
    return list(Incident.objects.order_by("pk"))


def test_the_load_is_as_true_as_what_commands_store(generated: list[Incident]) -> None:
    assert len(generated) == INCIDENTS
    assert differences(generated) == []
    merged = [incident for incident in generated if not incident.alerts_total]
    assert all(incident.redirected_to_id for incident in merged)
    tagged: dict[int, list[int]] = {incident.pk: [] for incident in generated}
    for incident_id, tag_id in IncidentTag.objects.order_by("tag_id").values_list("incident_id", "tag_id"):
        tagged[incident_id].append(tag_id)
    assert {incident.pk: incident.tag_ids for incident in generated} == tagged


def test_open_incidents_have_active_alerts_and_others_none(generated: list[Incident]) -> None:
    assert all(bool(incident.alerts_active) == incident.is_open for incident in generated)
    mixed = Alert.objects.exclude(status=AlertStatus.RESOLVED).exclude(incident__status__in=[1, 2])
    assert not mixed.exists()
    apart = Alert.objects.exclude(assignee_user=F("incident__assignee_user"), assignee_user__isnull=False)
    assert not apart.filter(incident__assignee_user__isnull=False).exists()


def test_every_incident_opens_with_one_entry_and_the_chains_verify(generated: list[Incident]) -> None:
    verification = verify()
    assert not verification.breaks
    entries = Entry.objects.filter(incident__isnull=False)
    assert entries.count() == INCIDENTS
    assert set(entries.values_list("sequence", "verb")) == {(1, "incident.opened")}
    assert all(entry.change_of("severity") for entry in entries)


def test_entities_carry_the_times_of_their_evidence(generated: list[Incident]) -> None:
    for evidence in Evidence.objects.select_related("entity")[:200]:
        assert evidence.entity.first_seen <= evidence.event_time <= evidence.entity.last_seen
    assert Entity.objects.count() == round(0.6 * INCIDENTS)


def test_what_was_generated_is_found_in_the_queue(generated: list[Incident], ana: object) -> None:
    from django.http import QueryDict

    assert IncidentSearch.objects.count() == INCIDENTS
    evidence = Evidence.objects.select_related("entity").filter(entity__kind="device").order_by("pk").first()
    assert evidence is not None
    query = with_defaults(QueryDict(f"q={evidence.entity.name}&status=any&severity=any"))
    page = queue_page(query, ana, "/incidents/")  # type: ignore[arg-type]
    assert evidence.incident_number in [row.number for row in page.rows]


def test_it_refuses_where_incidents_are_stored_unless_told_to_add(generated: list[Incident]) -> None:
    with pytest.raises(CommandError, match="--add"):
        call_command("generate", incidents=1)
    assert Incident.objects.count() == INCIDENTS
    call_command("generate", incidents=3, add=True)
    assert Incident.objects.count() == INCIDENTS + 3
    assert differences(list(Incident.objects.order_by("-pk")[:3])) == []


def test_it_refuses_a_number_that_is_none(db: None) -> None:
    with pytest.raises(CommandError, match="1 or more"):
        call_command("generate", incidents=0)
