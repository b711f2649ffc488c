"""Critical assets: what they mean for their incidents, and how a change of the rules is carried out."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from activity.chain import verify
from activity.models import Entry
from common.jobs import UNFINISHED
from entities import identity
from entities.choices import NOT_CRITICAL
from entities.commands import delete_classification, save_classification, set_criticality
from entities.models import AssetClassification, Entity
from entities.naming import page_of
from entities.rules import ClassificationValues
from incidents import rules, summary, tasks
from incidents.commands import change_tags, reassess, resolve, restrict
from incidents.commands import critical_assets as commands
from incidents.models import Incident, PendingIncident, Reassessment
from incidents.queries import critical_assets as queries
from tests.conftest import NOON, alert, device, opened

PLANT = ClassificationValues("Plant", "very_high", ["device"], names=["plc-*"])


def named(name: str) -> Entity:
    return Entity.objects.get(name=name)


def tags(incident: Incident) -> list[str]:
    return sorted(incident.tags.values_list("name", flat=True))


def share(incident: Incident) -> int:
    """What critical assets add to its priority."""
    incident.refresh_from_db()
    return next((points for name, points, _ in incident.priority_factors if name == "assets"), 0)


def carried_out() -> Reassessment:
    """The latest reassessment, once it is over: it waits while the database's own housekeeping goes on."""
    unfinished = Reassessment.objects.filter(state__in=UNFINISHED)
    for _ in range(100):
        for number in unfinished.values_list("pk", flat=True):
            tasks.run_reassessment(str(number))
        if not unfinished.exists():
            break
        time.sleep(0.1)
    job = Reassessment.objects.order_by("-created_at")[0]
    assert job.state == "done"
    return job


# --- at ingest -----------------------------------------------------------------------------------------------------


def test_a_critical_asset_marks_its_incident_and_weighs(db: None) -> None:
    found = opened(alert(entities=(device("dc-01"),)))
    assert tags(found) == ["Critical asset"]
    assert share(found) == rules.CRITICALITY_POINTS["very_high"]
    entry = Entry.objects.of_incident(found.pk).get(verb="incident.critical_marked")
    assert entry.facts == {"because": "dc-01 (very high: Domain controllers)"}
    assert entry.change_of("tags") == {"field": "tags", "old": [], "new": ["Critical asset"]}
    assert summary.differences([found]) == []
    opened(alert("2", entities=(device("dc-01"),)))
    assert Entry.objects.of_incident(found.pk).filter(verb="incident.critical_marked").count() == 1


def test_what_a_source_calls_critical_is(db: None) -> None:
    found = opened(alert(entities=(identity.device(hostname="srv-1", attributes={"critical": True}),)))
    assert (tags(found), share(found)) == (["Critical asset"], rules.CRITICALITY_POINTS["high"])
    assert named("srv-1").criticality == "high"


def test_what_is_learnt_of_a_known_asset_reaches_its_other_incidents(db: None) -> None:
    first = opened(alert("1", entities=(device("srv-1"),)))
    opened(
        alert(
            "2",
            entities=(identity.device(hostname="srv-1", attributes={"tags": ["Backup"]}),),
            at=NOON + timedelta(days=9),
        )
    )
    assert tags(first) == []
    assert carried_out().counts == {"incidents": 1}
    assert tags(first) == ["Critical asset"]
    assert Entry.objects.of_system().get(verb="entity.criticality_found").changes[0]["new"] == "high"


def test_judging_costs_ingest_one_statement(db: None) -> None:
    opened(alert("0", entities=(device("a"),)))
    with CaptureQueriesContext(connection) as made:
        opened(alert("1", entities=(device("b"), device("c"), device("dc-09"))))
    statements = [each["sql"] for each in made.captured_queries]
    assert sum("entities_assetclassification" in sql and "alerts_evidence" not in sql for sql in statements) == 1
    assert sum(sql.lstrip().startswith("UPDATE entities_entity") for sql in statements) == 1


# --- when a classification changes ---------------------------------------------------------------------------------


def test_a_new_classification_reaches_open_incidents_and_leaves_when_it_goes(ada: User, db: None) -> None:
    found, done = opened(alert("1", entities=(device("plc-1"),))), opened(alert("2", entities=(device("plc-2"),)))
    resolve(done, actor=ada.as_actor(), note="Done.")
    saved = save_classification(PLANT, actor=ada.as_actor())
    assert tags(found) == []
    job = carried_out()
    assert job.counts == {"assets": 2, "changed": 2, "incidents": 1}
    assert (tags(found), share(found)) == (["Critical asset"], rules.CRITICALITY_POINTS["very_high"])
    assert tags(done) == []
    assert named("plc-1").classification == saved
    entry = Entry.objects.of_incident(found.pk).get(verb="incident.critical_marked")
    assert (entry.actor_label, entry.facts["because"]) == ("Ada Lind", "plc-1 (very high: Plant)")
    delete_classification(saved, actor=ada.as_actor())
    carried_out()
    assert (tags(found), share(found)) == ([], 0)
    assert named("plc-1").criticality == ""
    assert Entry.objects.of_incident(found.pk).filter(verb="incident.critical_unmarked").count() == 1
    assert not PendingIncident.objects.exists()
    assert verify().breaks == ()


def test_another_level_weighs_anew_without_an_entry(ada: User, db: None) -> None:
    found = opened(alert(entities=(device("dc-01"),)))
    stored = AssetClassification.objects.get(slug="domain_controllers")
    entries = Entry.objects.of_incident(found.pk).count()
    values = ClassificationValues(stored.name, "low", stored.kinds, stored.names)
    save_classification(values, classification=stored, actor=ada.as_actor())
    carried_out()
    assert share(found) == rules.CRITICALITY_POINTS["low"]
    assert Entry.objects.of_incident(found.pk).count() == entries


def test_a_name_alone_moves_nothing(ada: User, db: None) -> None:
    saved = save_classification(PLANT, actor=ada.as_actor())
    carried_out()
    jobs = Reassessment.objects.count()
    save_classification(
        ClassificationValues("Machines", PLANT.level, PLANT.kinds, PLANT.names),
        classification=saved,
        actor=ada.as_actor(),
    )
    assert Reassessment.objects.count() == jobs


def test_a_later_change_takes_the_earlier_one_over(ada: User, db: None) -> None:
    found = opened(alert(entities=(device("plc-1"),)))
    saved = save_classification(PLANT, actor=ada.as_actor())
    first = Reassessment.objects.get()
    reassess(first.pk, actor=ada.as_actor())
    delete_classification(saved, actor=ada.as_actor())
    assert reassess(first.pk, actor=ada.as_actor()) is False
    first.refresh_from_db()
    assert first.state == "cancelled"
    carried_out()
    assert tags(found) == []


def test_a_custom_tag_of_this_name_stays_the_peoples(ada: User, db: None) -> None:
    other = opened(alert("1", entities=(device("a"),)))
    change_tags(other, add=["critical ASSET"], actor=ada.as_actor())
    found = opened(alert("2", entities=(device("dc-01"),)))
    assert tags(found) == []
    assert share(found) == rules.CRITICALITY_POINTS["very_high"]


# --- by hand -------------------------------------------------------------------------------------------------------


def test_what_a_person_says_beats_the_rules(ada: User, sign_in: Callable[[User], Client], db: None) -> None:
    found = opened(alert(entities=(device("dc-01"),)))
    controller, client = named("dc-01"), sign_in(ada)
    address = page_of("device", controller.pk)
    assert "<b>Very high</b>: Domain controllers" in client.get(address).content.decode()
    client.post(f"{address}criticality/", {"level": NOT_CRITICAL})
    carried_out()
    assert (tags(found), share(found)) == ([], 0)
    assert "<b>Not critical</b>: set by hand" in client.get(address).content.decode()
    opened(alert("2", entities=(device("dc-01"),)))
    assert (tags(found), named("dc-01").criticality) == ([], "")
    set_criticality(controller, "", actor=ada.as_actor())
    carried_out()
    assert tags(found) == ["Critical asset"]
    assert client.post(f"{address}criticality/", {"level": "highest"}).status_code == 422


def test_the_crown_stands_wherever_the_asset_does(ana: User, sign_in: Callable[[User], Client], db: None) -> None:
    found = opened(alert(entities=(device("dc-01"), device("fin-ws-17"))))
    client, crown = sign_in(ana), "Critical asset: very high"
    for address in (
        page_of("device", named("dc-01").pk),
        page_of("device", named("fin-ws-17").pk),
        "/entities/?criticality=very_high",
        f"/incidents/{found.pk}/",
        f"/incidents/{found.pk}/assets/",
        f"/alerts/{found.alerts.get().pk}/",
    ):
        assert crown in client.get(address).content.decode(), address
    page = client.get("/entities/?criticality=very_high").content.decode().partition("<tbody")[2]
    assert "dc-01" in page
    assert "fin-ws-17" not in page


# --- the pages of administrators -----------------------------------------------------------------------------------

FORM = {
    "name": "Plant",
    "level": "very_high",
    "kinds": ["device"],
    "names": "plc-*\n",
    "needs_all": "any",
    "is_on": "on",
}


def test_a_preview_tells_what_saving_would_change(
    ada: User, lee: User, sign_in: Callable[[User], Client], db: None
) -> None:
    opened(alert("1", entities=(device("plc-1"), device("plc-2"))))
    opened(alert("2", entities=(device("plc-3"), device("dc-01"))))
    restrict(opened(alert("3", entities=(device("plc-4"),))), [lee], actor=lee.as_actor())
    client = sign_in(ada)
    jobs, entries = Reassessment.objects.count(), Entry.objects.count()
    page = " ".join(client.post("/settings/critical-assets/new/", FORM | {"preview": "1"}).content.decode().split())
    assert "<b>3 devices match</b>; 1 open incident gets the tag; the priority of 2 is worked out anew." in page
    assert "plc-4" not in page
    part = client.post("/settings/critical-assets/preview/", FORM, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert (Reassessment.objects.count(), Entry.objects.count()) == (jobs, entries)
    client.post("/settings/critical-assets/new/", FORM)
    carried_out()
    assert Incident.objects.filter(restricted=False, tags__name="Critical asset").count() == 2
    stored = AssetClassification.objects.get(name="Plant")
    gone = queries.preview(ada, ClassificationValues("Plant", "low", ["device"], names=["nothing-*"]), stored.pk)
    assert (gone.total, str(gone.tagged), str(gone.untagged)) == (0, "0", "1")


def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(ada: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ada)
    for wrong, problem in (
        (("name", ""), "This field is required"),
        (("names", "*"), "A line of stars alone fits everything"),
        (("names", " "), "Say at least one condition"),
        (("attributes", "os"), "is no attribute; write one such as"),
        (("name", "domain CONTROLLERS"), "Another classification has this name"),
        (("kinds", "file"), "file is not one of the available choices"),
    ):
        answer = client.post("/settings/critical-assets/new/", FORM | {wrong[0]: wrong[1]})
        assert answer.status_code == 422
        assert problem in answer.content.decode(), wrong
    stored = AssetClassification.objects.get(slug="executives")
    client.post(f"/settings/critical-assets/{stored.pk}/", FORM | {"name": stored.name, "version": "1"})
    late = client.post(f"/settings/critical-assets/{stored.pk}/", FORM | {"name": "Chiefs", "version": "1"})
    assert late.status_code == 422
    assert "Somebody changed this classification since you opened it" in late.content.decode()


def test_the_list_shows_switches_and_how_far_it_is(ada: User, sign_in: Callable[[User], Client], db: None) -> None:
    opened(alert(entities=(device("dc-01"),)))
    client = sign_in(ada)
    page = client.get("/settings/critical-assets/").content.decode()
    for text in ("Domain controllers", "Executives and VIP users", "Identity systems", "Backup servers"):
        assert text in page
    stored = AssetClassification.objects.get(slug="domain_controllers")
    client.post(f"/settings/critical-assets/{stored.pk}/switch/", {"on": "no"})
    page = client.get("/settings/critical-assets/").content.decode()
    assert "Working out anew which assets are critical" in page
    assert "0 % of all assets judged" in page
    assert 'hx-trigger="every 1s"' in page
    carried_out()
    page = client.get("/settings/critical-assets/progress/", headers={"HX-Request": "true"}).content.decode()
    assert "after: Classification Domain controllers" in page
    assert "every 1s" not in page
    assert named("dc-01").criticality == ""


# --- a worker that dies --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_midway_leaves_nothing_undone_and_does_nothing_twice(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chunk is one transaction: what a worker had in hand when it died is as if it had never begun."""
    monkeypatch.setattr(commands, "ASSETS_AT_ONCE", 2)
    monkeypatch.setattr(commands, "INCIDENTS_AT_ONCE", 2)
    announced: list[Any] = []
    monkeypatch.setattr(tasks, "announce_reassessment", announced.append)
    found = [opened(alert(f"{number}", entities=(device(f"plc-{number}"),))) for number in range(5)]
    save_classification(PLANT, actor=ada.as_actor())
    job = Reassessment.objects.get()
    assert announced == [job.pk]
    steps, real = 0, commands._count

    def dies(job: Reassessment, **more: int) -> None:
        nonlocal steps
        steps += 1
        if steps in (2, 5):
            raise KeyboardInterrupt
        real(job, **more)

    monkeypatch.setattr(commands, "_count", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            tasks.run_reassessment(str(job.pk))
        job.refresh_from_db()
        assert job.state == "running"
        tasks.sweep_reassessments()
        assert announced == [job.pk], "the lease of the dead worker holds for a while"
        Reassessment.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        tasks.sweep_reassessments()
        assert announced.pop() == job.pk
    tasks.run_reassessment(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.counts) == ("done", {"assets": 5, "changed": 5, "incidents": 5})
    for each in found:
        assert Entry.objects.of_incident(each.pk).filter(verb="incident.critical_marked").count() == 1
    assert verify().breaks == ()
