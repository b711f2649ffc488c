"""The Activity tab: the log by acts, with filters in the address, searched, and for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM, Actor, Channel
from activity.acts import HEADS, page_of_acts
from activity.models import Entry
from activity.record import Change, Draft, Subject, record_all
from activity.verbs import GROUPS, VERBS, Group
from activity.wording import SENTENCE_FACTS, sentence
from alerts.changes import Judgement
from alerts.choices import Classification, Severity, Verdict
from alerts.models import Evidence
from alerts.verbs import ALERT_RESOLVED
from incidents import verbs
from incidents.changes import Changes, TaskChanges
from incidents.choices import IncidentStatus, TaskState
from incidents.commands import (
    add_comment,
    add_task,
    apply_changes,
    change_task,
    edit_comment,
    follow,
    judge_evidence,
    merge,
    move_alerts,
    remove_comment,
    resolve,
    restrict,
    set_due,
    snooze,
    take_back,
    unmerge,
)
from incidents.models import BulkAct, Incident
from incidents.queries.activity import Asked, Page, asked, page
from incidents.queries.merging import merged_into
from tests.conftest import NOON, alert, device, opened

SAVE = Changes(
    severity=Severity.LOW, name="Loader on FIN-WS-17", add_tags=("phish",), status=IncidentStatus.IN_PROGRESS
)


def wanted(incident: Incident, reader: User, address: str = "") -> Asked:
    return asked(QueryDict(address), reader, incident, merged_into(incident, reader))


def shown(incident: Incident, reader: User, address: str = "") -> Page:
    return page(wanted(incident, reader, address), reader)


def said(incident: Incident, reader: User, address: str = "") -> list[str]:
    """Each act in a sentence, as the page says it."""
    return [f"{act.line.name} {act.summary or act.line.sentence}" for act in shown(incident, reader, address).acts]


def long_act(incident: Incident, actor: Actor, many: int) -> None:
    """One act with an entry for the incident and one for each of many alerts, as resolving records them."""
    batch = uuid4()
    drafts = [Draft(verbs.NOTE_CHANGED, actor, incident.pk, incident.version, text="Done.", batch=batch)]
    drafts += [
        Draft(
            ALERT_RESOLVED,
            actor,
            incident.pk,
            incident.version,
            Subject("alert", str(10**6 + number), f"Alert {number}"),
            [Change("status", "new", "resolved")],
            batch=batch,
        )
        for number in range(many)
    ]
    with transaction.atomic():
        record_all(drafts, tell=False)


def test_what_one_save_did_stands_together(incident: Incident, ana: User) -> None:
    apply_changes(incident, SAVE, actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="Cleaned.")
    resolved, saved, tagged, *_ = shown(incident, ana).acts
    assert resolved.summary == "resolved the incident and resolved 2 alerts"
    assert [line.sentence for line in resolved.folded] == [
        "resolved the incident",
        "resolved the alert “Encoded command”",
        "resolved the alert “Shadow copies deleted”",
    ]
    assert saved.summary == "changed 4 fields (name, severity, tags, status)"
    assert (saved.line.by_reader, tagged.is_folded) == (True, False)


def test_an_act_of_very_many_is_one_line_and_the_rest_comes_on_demand(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    add_comment(incident, "Before.", actor=ana.as_actor())
    long_act(incident, ana.as_actor(), 70)
    add_comment(incident, "After.", actor=ana.as_actor())
    for address in ("", "sort=oldest"):
        acts = shown(incident, ana, address).acts
        [act] = [each for each in acts if each.is_folded]
        assert act.summary == "changed the resolution note and resolved 70 alerts"
        assert (len(act.folded), act.more, act.more_in_words) == (6, 65, "and 65 more alerts")
    client, seen, url = sign_in(ana), 6, act.more_url
    while url:
        rest = client.get(url, headers={"HX-Request": "true"}).context["page"]
        seen, url = seen + len(rest.acts), rest.next_url
    assert seen == 71


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("with_merged", [False, True])
def test_pages_give_each_act_once_and_whole(
    incident: Incident, ana: User, lee: User, order: str, with_merged: bool
) -> None:
    other = opened(alert("o", entities=(device("dc-01"),), at=NOON.replace(month=9)))
    for number in range(3):
        long_act(incident, ana.as_actor(), 15 + number)
        add_comment(incident if number % 2 else other, f"Comment {number}", actor=ana.as_actor())
        apply_changes(other, Changes(name=f"Number {number}", severity=Severity(1 + number)), actor=ana.as_actor())
    if with_merged:
        merge(incident, [other], actor=lee.as_actor(), reason="One wave.")
    log, counted, place, pages = wanted(incident, ana, f"sort={order}").log, 0, None, 0
    acts: list[Any] = []
    while pages == 0 or place:
        found = page_of_acts(log, after=place, size=2)
        acts += found.acts
        counted += sum(sum(act.counts.values()) for act in found.acts)
        place, pages = found.next, pages + 1
    assert counted == log.rows.count()
    batches = [act.lead.batch for act in acts if act.lead.batch and not act.lead.registered_verb.is_comment]
    assert len(batches) == len(set(batches)) + (1 if with_merged else 0)  # a merge is told in both logs
    assert [act.lead.pk for act in acts] == [
        act.lead.pk for act in page_of_acts(wanted(incident, ana, f"sort={order}").log).acts
    ]


def test_a_link_to_an_entry_opens_the_page_that_begins_with_its_act(incident: Incident, ana: User) -> None:
    long_act(incident, ana.as_actor(), 15)
    for number in range(3):
        add_comment(incident, f"Comment {number}", actor=ana.as_actor())
    within = Entry.objects.filter(incident=incident, verb=ALERT_RESOLVED.name).order_by("sequence")[9]
    for order in ("newest", "oldest"):
        found = shown(incident, ana, f"entry={within.pk}&sort={order}")
        assert found.acts[0].summary == "changed the resolution note and resolved 15 alerts"
        assert found.first_url.endswith(f"?sort={order}")
    newest = Entry.objects.filter(incident=incident).order_by("-sequence")[0]
    assert shown(incident, ana, f"entry={newest.pk}").lines == shown(incident, ana).lines


@pytest.fixture
def busy(incident: Incident, ana: User, lee: User) -> Incident:
    """An incident to which nearly everything has happened."""
    actor = ana.as_actor()
    other = opened(alert("o1", entities=(device("dc-01"),), at=NOON.replace(month=9)))
    apply_changes(incident, SAVE, actor=actor)
    apply_changes(incident, Changes(classification=Classification.TRUE_POSITIVE, assignee=lee), actor=lee.as_actor())
    comment = add_comment(incident, "Looks like *Heron* again", actor=actor)
    edit_comment(incident, comment, "Looks like an *Osprey*", actor=actor)
    remove_comment(incident, add_comment(incident, "Wrong Kingfisher", actor=actor), actor=actor)
    task = add_task(incident, "Image the disk", actor=actor)
    done = TaskChanges(state=TaskState.COMPLETED, closing_note="Imaged.")
    change_task(task, done, actor=lee.as_actor())
    entity = Evidence.objects.filter(incident_number=incident.pk)[0].entity_id
    judge_evidence(incident, [entity], Judgement(verdict=Verdict.MALICIOUS), actor=actor)
    set_due(incident, timezone.now() + timedelta(days=3), actor=actor)
    follow(incident, actor=lee.as_actor())
    act = uuid4()
    apply_changes(incident, Changes(severity=Severity.HIGH), actor=actor.through(Channel.BULK), batch=act)
    take_back([incident.pk], act, actor=actor)
    merge(incident, [other], actor=lee.as_actor(), reason="One wave.")
    incident.refresh_from_db()
    return incident


def test_every_entry_reads_as_a_sentence(busy: Incident, ana: User, lee: User) -> None:
    first = busy.alerts.order_by("pk")[0]
    move_alerts([first.pk], None, actor=lee.as_actor(), comment="Another intruder")
    other = Incident.objects.get(redirected_to=busy)
    unmerge(other, actor=lee.as_actor())
    snooze(busy, timezone.now() + timedelta(days=1), actor=ana.as_actor())
    restrict(busy, [ana, lee], actor=lee.as_actor())
    resolve(busy, actor=ana.as_actor(), note="Cleaned.")
    entries = list(Entry.objects.filter(incident__isnull=False))
    assert len({entry.verb for entry in entries}) > 25
    for entry in entries:
        words = sentence(entry)
        assert "…" not in words, (entry.verb, words)
        assert "{" not in words, (entry.verb, words)


def test_the_facts_that_sentences_name_are_searched() -> None:
    of_incidents = [name for name, group in GROUPS.items() if isinstance(group, Group) and group != Group.OTHER]
    named = {
        part.split("}")[0] for name in of_incidents for part in VERBS[name].sentence.split("{")[1:]
    } - {"subject", "minutes"}  # fmt: skip
    assert named == set(SENTENCE_FACTS)


SHOWN = [
    ("content=comments", "Ana Ruiz commented", "assigned"),
    ("content=audits", "took a change back", "commented"),
    ("actor=lee", "Lee Park completed the task", "Ana Ruiz"),
    ("actor=me", "Ana Ruiz judged", "Lee Park"),
    ("actor=system:correlation", "Correlation opened", "Ana Ruiz"),
    ("kind=tasks", "added the task “Image the disk”", "severity"),
    ("kind=tasks&kind=evidence", "judged the evidence", "merged"),
    ("kind=incident.merged", "merged #", "task"),
    ("field=severity", "set the severity", "task"),
    ("field=closing_note", "completed the task", "added"),
    ("through=bulk", "set the severity", "task"),
    ("entity=FIN-WS-17", "judged the evidence", "severity"),
    ("origin={other}", "opened the incident", "task"),
    ("time=30d", "commented", "nothing"),
    ("q=osprey", "Ana Ruiz commented", "judged"),
    ("q=lee+completed", "Lee Park completed the task", "Ana Ruiz"),
    ("alert={alert}", "opened the incident", "task"),
]


def test_the_address_says_what_is_shown(busy: Incident, ana: User) -> None:
    numbers = {"other": Incident.objects.get(redirected_to=busy).pk, "alert": busy.alerts.order_by("pk")[0].pk}
    for address, some, other in SHOWN:
        sentences = said(busy, ana, address.format(**numbers))
        assert any(some in each for each in sentences), (address, sentences)
        assert not any(other in each for each in sentences), (address, sentences)
    # what is not shown any more is not found either
    for text in ("heron", "kingfisher", "nothing-of-the-sort", "100%"):
        assert said(busy, ana, f"q={text}") == [], text


REFUSED = [
    ("knd=tasks", "did you mean “kind”"),
    ("kind=tasky", "did you mean “tasks”"),
    ("actor=aan", "did you mean “ana”"),
    ("field=sevrity", "did you mean “severity”"),
    ("content=secrets", "“secrets” is unknown"),
    ("alert=77777777", "no alert that this log tells of"),
    ("entity=fin-ws-71", "did you mean"),
    ("origin=99", "“99” is unknown"),
    ("sort=latest", "did you mean “oldest”"),
    ("after=x", "damaged"),
    ("entry=999999999", "no entry of this log"),
    ("before=999999999", "damaged"),
    ("act=me", "the mark of no act"),
    ("time=week", "did you mean “7d”"),
    ("q=" + "x" * 300, "at most 200"),
]


def test_what_means_nothing_is_refused_with_the_nearest(
    busy: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client, path = sign_in(ana), reverse("incidents:activity", args=[busy.pk])
    for address, problem in REFUSED:
        answer = client.get(f"{path}?{address}")
        assert answer.status_code == 400, address
        assert problem.lower() in answer.content.decode().lower(), address


def test_who_and_what_the_log_names_is_suggested(busy: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    for key, text, value in [("actor", "par", "lee"), ("alert", "shadow", ""), ("entity", "fin", "fin-ws-17")]:
        answer = client.get(reverse("incidents:suggest_activity", args=[busy.pk, key]), {"q": text})
        assert f'data-value="{value}' in answer.content.decode(), key
    editor = client.get(reverse("incidents:filter_activity", args=[busy.pk]), {"key": "origin"}).content.decode()
    assert f'value="{Incident.objects.get(redirected_to=busy).pk}"' in editor
    there = client.get(
        reverse("incidents:apply_activity_filter", args=[busy.pk]),
        {"key": "kind", "value": "tasks", "in": "sort=oldest"},
    )
    assert there["Location"] == f"/incidents/{busy.pk}/activity/?sort=oldest&kind=tasks"


def test_a_bulk_act_leads_to_its_page_for_who_did_it_alone(
    incident: Incident, lee: User, ana: User, sign_in: Callable[[User], Client]
) -> None:
    act = BulkAct.objects.create(user=lee, changes={}, total=1, actor={})
    apply_changes(incident, Changes(severity=Severity.LOW), actor=lee.as_actor().through(Channel.BULK), batch=act.pk)
    for reader, way in ((lee, reverse("incidents:act", args=[act.pk])), (ana, "")):
        line = shown(incident, reader).acts[0].line
        assert (line.through, line.way) == ("bulk act", way)


def test_programs_read_the_same_log(busy: Incident, ana: User, client: Client) -> None:
    _, key = create_token("script", actor=SYSTEM, role="reader")
    path, found, url = f"/api/v1/incidents/{busy.pk}/activity/", [], ""
    url = f"{path}?sort=oldest&limit=7"
    while url:
        answer = client.get(url, headers={"Authorization": f"Bearer {key}"}).json()
        found += answer["entries"]
        url = answer["next"] or ""
    numbers = [busy.pk, Incident.objects.get(redirected_to=busy).pk]
    log = Entry.objects.filter(incident__in=numbers).order_by("recorded_at", "pk")
    assert [each["id"] for each in found] == [entry.pk for entry in log]
    texts = [each["text"] for each in found if each["is_comment"]]
    assert texts == [None, "Looks like an *Osprey*", None, None]
    assert all(each["time"].endswith("Z") and each["sentence"] for each in found)
    refused = client.get(f"{path}?kind=tasky", headers={"Authorization": f"Bearer {key}"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "kind"


def test_a_long_log_opens_by_its_index_in_a_bounded_number_of_statements(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client, path = sign_in(ana), reverse("incidents:activity", args=[incident.pk])
    client.get(path)
    counts = []
    for many in (3, 200):
        long_act(incident, ana.as_actor(), many)
        with CaptureQueriesContext(connection) as asked_of:
            client.get(path)
        counts.append(len(asked_of))
    assert counts[1] <= counts[0] + 1
    text, values = wanted(incident, ana).log.statement(HEADS)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {text}", [*values, 51])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "entry_one_sequence_per_incident" in plan
    assert "Sort" not in plan


def test_nothing_of_the_log_is_given_to_who_may_not_see_it(incident: Incident, ana: User, lee: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    assert merged_into(incident, ana) == []
    with pytest.raises(ValidationError):
        wanted(incident, ana, "origin=999")
