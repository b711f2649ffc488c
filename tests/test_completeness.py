"""Nothing changes without an entry, and no entry tells of what did not change: every route that may write and every
task are carried out, and what the database itself counts as written is held to what the log has gained."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.choices import Permission
from accounts.commands import add_authenticator_app
from accounts.models import Role, User
from activity.actors import SYSTEM
from activity.models import Entry
from activity.verbs import VERBS
from alerts.choices import Severity
from alerts.models import Evidence
from incidents.changes import Changes
from incidents.commands import prepare_act, start_act
from incidents.commands.task_templates import Item, save_task_template
from incidents.models import Incident, TaskTemplate
from ingest.choices import TuningAction
from ingest.commands import TuningValues, create_tuning_rule
from portal.celery import app
from tests.access.addresses import ACT, SAVE, address, data
from tests.access.matrix import TABLE
from tests.access.things import make_things
from tests.conftest import PASSWORD, alert, device, freshly_in, opened, person, taken_back

NO_STATE = {
    **dict.fromkeys(("activity_entry", "activity_body", "activity_checkpointmark"), "the log itself"),
    "django_session": "who is signed in on which browser; coming and going are entries",
    "accounts_personsession": "the same, in words; that somebody ended one is an entry",
    "accounts_resetrequest": "who waits for a link to a new password; that one was sent is an entry",
    "accounts_signinplace": "from where one has signed in before; a new one is an entry",
    "accounts_listsettings": "how one likes one's lists",
    "accounts_untold": "counts that wait to be entries",
    "accounts_keptanswer": "what a request was answered, should it be sent again",
    "accounts_tokenuse": "when a use was last recorded",
    "incidents_recordedlook": "when a look was last recorded",
    "incidents_look": "how far one has read",
    "incidents_notice": "the bell: follows from entries",
    "incidents_viewplace": "where one keeps a view in one's own list",
    "incidents_bulkitem": "how far a job is; what it does to each incident is an entry there",
    "ingest_trial": "a job that only looks",
    "exports_incidentexport": "a job that makes a file; that it was made is an entry",
    **dict.fromkeys(("webhooks_delivery", "webhooks_try"), "messages that tell of entries, and how they fared"),
    "webhooks_receiver": "how a receiver has answered lately",
    "exports_exportrequest": "who waits for such a job",
    "incidents_reassessment": "a job; what it changes are entries",
    "incidents_pendingincident": "what a job has still to do",
    "incidents_incidentsearch": "made from incidents, for searching",
    "alerts_alertkind": "figures: how common alerts are",
}
"""Tables whose rows may change without an entry, and why."""
DRAFTS = {
    "incidents:manage_many", "incidents:choose_many", "incidents:preview_many", "alert_acts:choose_many",
    "alert_acts:preview_matching", "alert_acts:manage_matching",
}  # fmt: skip
"""Routes that put a draft of a bulk act together (incidents_bulkact), which changes nothing before it is started."""
ONLY_TELLS = {
    *(verb.name for verb in VERBS.values() if verb.is_comment),
    *(
        "queue.exported",
        "log.exported",
        "data.exported",
        "session.started",
        "session.ended",
        "body.emptied",
        "restricted.seen",
        "attachment.downloaded",
        "incident.exported",
        "export.downloaded",
        "webhook.secret_shown",
        "webhook.tested",
        "webhook.replayed",
    ),
}
"""Verbs that are themselves all there is: what was said, looked at or taken out, or a text of the log itself."""

COUNTED = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables WHERE schemaname = 'public'
"""


@dataclass
class Written:
    """What was written in the meantime."""

    tables: set[str] = field(default_factory=set)
    verbs: list[str] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)

    def changed_so_far(self) -> set[str]:
        """Tables in which something was written since."""
        return {name for name, number in counted().items() if number > self.before.get(name, 0)}

    @property
    def misfit(self) -> str:
        state = self.tables - NO_STATE.keys()
        if state and not self.verbs:
            return f"{sorted(state)} changed without an entry"
        surplus = set(self.verbs) - ONLY_TELLS
        return f"{sorted(surplus)} recorded, and nothing changed" if surplus and not state else ""


def counted() -> dict[str, int]:
    """Rows written in this transaction so far, as the database counts them."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTED)
        return dict(cursor.fetchall())


@contextmanager
def watched() -> Iterator[Written]:
    """What is written inside; taken back afterwards."""
    written = Written(before=counted())
    last = max(Entry.objects.values_list("pk", flat=True), default=0)
    with taken_back():
        try:
            yield written
            written.verbs = list(Entry.objects.filter(pk__gt=last).values_list("verb", flat=True))
        finally:
            written.tables = written.changed_so_far()


@pytest.fixture
def everybody(db: None) -> User:
    """Somebody with every right."""
    Role.objects.create(slug="everything", name="Everything", permissions=[str(each) for each in Permission])
    return person("olga", "Olga Kern", "everything")


LATER = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
JSON_SAID: dict[str, Callable[[Incident, Incident], Any]] = {
    "api:alerts": lambda incident, other: [
        {
            "source": "edr",
            "external_id": "new",
            "title": "Beacon",
            "severity": "high",
            "first_activity": "2026-11-02T12:00:00Z",
        }
    ],
    "api:merge": lambda incident, other: {"target": incident.pk, "sources": [other.pk], "reason": "One attack"},
    "api:move_alerts": lambda incident, other: {
        "alerts": [incident.alerts.order_by("pk")[0].pk],
        "to": other.pk,
        "comment": "Belongs there",
    },
    "api:empty_text": lambda incident, other: {"reason": "Asked for"},
    "PATCH api:alert": lambda incident, other: {"status": "in_progress", "comment": "Mine"},
    "api:bulk_alerts": lambda incident, other: {"target": {"query": "q=Enc"}, "changes": {"status": "in_progress"}},
    "api:undo_alerts": lambda incident, other: {"act": str(SAVE)},
    "api:evidence": lambda incident, other: {"items": [{"kind": "domain", "value": "beacon.example"}], "note": "Mail"},
    "PATCH api:evidence": lambda incident, other: {
        "entities": list(Evidence.objects.filter(incident_number=incident.pk).values_list("entity", flat=True)[:1]),
        "verdict": "malicious",
    },
    "PUT api:entity_criticality": lambda incident, other: {"level": "high"},
    "api:classifications": lambda incident, other: CLASSIFICATION,
    "api:preview_classification": lambda incident, other: CLASSIFICATION,
    "PATCH api:classification": lambda incident, other: {"level": "low"},
    "api:tasks": lambda incident, other: {"title": "Isolate the host", "assignee": "olga"},
    "PATCH api:task": lambda incident, other: {"state": "completed", "closing_note": "Done"},
    "api:task_templates": lambda incident, other: {"name": "Malware", "tasks": [{"title": "Isolate", "due_hours": 4}]},
    "PATCH api:task_template": lambda incident, other: {"tasks": [{"title": "Isolate"}]},
    "api:views": lambda incident, other: {"name": "Phishing", "query": "tag=kept", "is_default": True},
    "PATCH api:view": lambda incident, other: {"name": "Kept too"},
    "PUT api:arrange_views": lambda incident, other: {"order": ["mine", "open"], "hidden": ["high"]},
    "api:read_notices": lambda incident, other: {},
    "PATCH api:correlation_rule": lambda incident, other: {"window_minutes": 61, "place": 2},
    "api:tuning_rules": lambda incident, other: {
        "name": "Lab too",
        "action": "resolve",
        "conditions": {"title": ["Scan"]},
        "reason": "It scans",
        "owner": "olga",
        "expires": None,
    },
    "PATCH api:tuning_rule": lambda incident, other: {"is_on": False},
    "api:trials": lambda incident, other: {"of": "tuning", "values": {"conditions": {"title": ["Scan"]}}, "days": 1},
    "PATCH api:incident": lambda incident, other: {"severity": "low", "name": "Other", "comment": "So it is"},
    "api:comments": lambda incident, other: {"text": "Seen before."},
    "PATCH api:comment": lambda incident, other: {"text": "Other words"},
    "DELETE api:comment": lambda incident, other: {},
    "DELETE api:attachment": lambda incident, other: {},
    "api:snooze": lambda incident, other: {"preset": "4h"},
    "api:wake": lambda incident, other: {},
    "api:follow": lambda incident, other: {},
    "api:unfollow": lambda incident, other: {},
    "api:undo": lambda incident, other: {"act": str(SAVE)},
    "api:classify_like_these": lambda incident, other: {"classification": "true_positive"},
    "PUT api:restriction": lambda incident, other: {"members": ["olga"], "reason": "Staff matter"},
    "DELETE api:restriction": lambda incident, other: {"reason": "Solved"},
    "api:bulk": lambda incident, other: {"target": {"query": "severity=any"}, "changes": {"severity": "low"}},
    "api:bulk_preview": lambda incident, other: {"target": {"query": ""}, "changes": {"severity": "low"}},
    "api:cancel_act": lambda incident, other: {},
    "api:users": lambda incident, other: {"username": "mia", "name": "Mia Chen", "role": "reader"},
    "PATCH api:user": lambda incident, other: {"name": "Max O.", "role": "analyst", "is_active": False},
    "api:teams": lambda incident, other: {"name": "Night watch", "members": ["max"]},
    "PATCH api:team": lambda incident, other: {"name": "Day watch"},
    "api:roles": lambda incident, other: {"name": "Hunter", "permissions": ["see_incidents", "export"]},
    "PATCH api:role": lambda incident, other: {"permissions": ["export"]},
    "api:tokens": lambda incident, other: {"name": "script", "permissions": ["export"]},
    "api:bulk_alerts_preview": lambda incident, other: {
        "target": {"query": "q=Enc"},
        "changes": {"status": "in_progress"},
    },
    "PATCH api:webhook": lambda incident, other: {"name": "Chat too"},
    "api:webhooks": lambda incident, other: {
        "name": "Chat",
        "address": "https://chat.example/hook",
        "groups": ["status"],
    },
    "api:incident_exports": lambda incident, other: {},
    "api:unmerge": lambda incident, other: {},
}
"""What a program sends, by route; for another method than POST with that before it."""
REFUSED_HERE = ("api:unmerge",)
"""The incident was merged into none."""
CLASSIFICATION = {"name": "Plant", "level": "high", "kinds": ["device"], "names": ["plc-*"]}
SAID: dict[str, dict[str, Any]] = {
    "preferences": {"time_zone": "Asia/Tokyo", "theme": "dark", "density": "compact"},
    "close_part": {"part": "strip"},
    "account": {"display_name": "Olga K."},
    "account_password": {"current": PASSWORD, "password": "another-horse-battery", "again": "another-horse-battery"},
    "account_tokens": {"name": "script", "permissions": "export", "days": "7"},
    "people:invite": {"note": "Somebody", "role": "reader", "days": "7"},
    "people:person": {"display_name": "Max O.", "role": "analyst"},
    "teams:new": {"name": "Night watch", "members": "max"},
    "teams:team": {"name": "Day watch", "members": "max"},
    "roles:new": {"name": "Hunter", "permissions": "export"},
    "roles:role": {"name": "Keeper", "permissions": "export"},
    "tokens:new": {"name": "zeek", "source": "zeek", "days": "0"},
    "correlation:rule": {"window_value": "3", "window_amount": "3", "hours": "3", "window": "3"},
    "tuning:new": {"name": "Lab too", "action": "resolve", "title": "Scan", "reason": "It scans", "never": "on"},
    "tuning:edit": {"name": "Labs"},
    "views:new": {"name": "Phishing", "query": "tag=phishing"},
    "views:edit": {"name": "Kept too"},
    "views:update": {"query": "tag=other", "version": "1"},
    "incidents:manage": {"severity": "low", "name": "Other"},
    "incidents:manage_many": {"severity": "high", "status": "keep", "classification": "keep"},
    "alert_acts:manage_many": {"status": "in_progress", "classification": "not_set"},
    "alert_acts:manage_matching": {"status": "in_progress"},
    "incidents:columns": {"column": ["name", "severity"]},
    "alerts:columns": {"column": ["title", "severity"]},
    "alert_acts:manage": {"status": "in_progress"},
    "alert_acts:move": {"where": "new", "comment": "Another intruder"},
    "incidents:comment": {"text": "Seen before."},
    "incidents:edit_comment": {"text": "Other words"},
    "incidents:snooze": {"preset": "1d", "until": LATER},
    "incidents:restriction": {"members": "olga", "reason": "Staff matter"},
    "incidents:tasks": {"title": "Isolate the host"},
    "incidents:task": {"title": "Isolate FIN-WS-17"},
    "incidents:task_act": {"do": "complete"},
    "incidents:apply_tasks": {"template": "1"},
    "incidents:judge_evidence": {"verdict": "malicious"},
    "incidents:add_evidence": {"text": "beacon.example", "item": "domain:beacon.example", "add": "1"},
    "incidents:classify_like_these": {"classification": "true_positive/phishing", "version": "1"},
    "incidents:empty_text": {"reason": "Asked for by the person it names"},
    "retention:overview": {"days": "365", "version": "0"},
    "tasks:new_template": {"name": "Malware", "task-0-title": "Isolate"},
    "tasks:template": {"name": "Malware", "task-0-title": "Isolate"},
    "webhooks:new": {"name": "SOAR", "address": "https://soar.example/hook", "groups": ["status"], "query": "tag=kept"},
    "webhooks:edit": {"name": "Kept on"},
    "webhooks:switch": {"on": "no"},
    "critical_assets:new": {"name": "Plant", "level": "high", "kinds": "device", "names": "plc-*", "is_on": "on"},
    "critical_assets:edit": {"level": "low"},
    "critical_assets:switch": {"on": "no"},
    "entities:criticality": {"level": "high"},
    "security:factor": {"remove": "yes"},
    "sign_in_settings:demand": {"demanded": "1"},
    "break_glass": {"number": "999", "reason": "Nobody answers"},
}
"""What is sent beside what a page needs to be shown."""
SAID_OF: dict[str, Callable[[Incident, Incident], dict[str, Any]]] = {
    "tuning:new": lambda incident, other: {"owner": User.objects.get(username="olga").pk},
    "incidents:merge": lambda incident, other: {"incident": [incident.pk, other.pk], "reason": "One attack"},
    "incidents:seen": lambda incident, other: {"numbers": incident.pk},
    "incidents:attach": lambda incident, other: {"file": SimpleUploadedFile("seen.txt", b"Seen before.")},
    "api:attachments": lambda incident, other: {"file": SimpleUploadedFile("seen.txt", b"Seen before.")},
    "incidents:apply_tasks": lambda incident, other: {"template": TaskTemplate.objects.get(name="Phishing").pk},
}
"""The same, where it names what is there."""


BOXES = ("checkbox", "radio")


class Sent(HTMLParser):
    """What a page's form for this address holds: what a browser would send that changes nothing."""

    def __init__(self, page: str, path: str) -> None:
        super().__init__()
        self.path, self.name = path, ""
        self.is_in_form = False
        self.fields: dict[str, Any] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.is_in_form = given.get("method") == "post" and given.get("action", self.path) in ("", self.path)
        elif self.is_in_form and tag in ("select", "textarea"):
            self.name = given.get("name", "")
        elif self.is_in_form and tag == "option" and "selected" in given:
            self.fields[self.name] = given.get("value", "")
        elif self.is_in_form and tag == "input" and (given.get("type") not in BOXES or "checked" in given):
            self.fields.setdefault(given.get("name", ""), given.get("value") or ("on" if "checked" in given else ""))

    def handle_data(self, text: str) -> None:
        if self.is_in_form and self.name and self.lasttag == "textarea":
            self.fields[self.name] = text.removeprefix("\n")
            self.name = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_in_form = False


def make_ready(incident: Incident, one: User) -> Incident:
    """What the routes that may write act upon is there; the other incident."""
    other = opened(alert("other", title="Password spray", entities=(device("dc-01"),)))
    make_things(incident, one, owner_of_rule=one)
    add_authenticator_app(one, "JBSWY3DPEHPK3PXP", actor=SYSTEM)
    save_task_template("Phishing", [Item("Ask the sender")], actor=SYSTEM)
    return other


@dataclass
class Said:
    """What is sent to a route: as a form, or as JSON."""

    method: str
    path: str
    values: Any
    is_json: bool

    def send(self, client: Client, values: Any = None, path: str = "") -> Any:
        """The answer, read to its end; `values` and `path` take the place of its own."""
        values, path = self.values if values is None else values, path or self.path
        call = getattr(client, self.method.lower())
        if self.is_json:
            sent = json.dumps(values)
            answer = call(path, sent, content_type="application/json", headers={"If-Match": "*"})
        else:
            for file in [each for each in values.values() if isinstance(each, SimpleUploadedFile)]:
                file.seek(0)
            answer = call(path, values)
        if answer.streaming:
            b"".join(answer.streaming_content)
        return answer


def key_of(name: str, method: str) -> str:
    """Under which JSON_SAID has what a program sends."""
    return name if method == "POST" else f"{method} {name}"


def what_is_said(client: Client, name: str, method: str, incident: Incident, other: Incident) -> Said:
    """Enough for a route to do what it is there for."""
    path, sent = address(name, incident), data(name, incident)
    if (known := key_of(name, method)) in JSON_SAID:
        return Said(method, path, JSON_SAID[known](incident, other), is_json=True)
    if method != "POST":
        return Said(method, path, sent, is_json=method != "GET")
    page = client.get(path, sent).content.decode() if "GET" in TABLE[name] and ":" in name else ""
    sent = sent | Sent(page, path).fields | SAID.get(name, {})
    sent |= SAID_OF[name](incident, other) if name in SAID_OF else {}
    sent.pop("csrfmiddlewaretoken", None)
    return Said(method, path, sent, is_json=False)


def test_every_route_that_may_write_records_what_it_changes(
    incident: Incident, everybody: User, sign_in: Callable[[User], Client]
) -> None:
    other = make_ready(incident, everybody)
    client, misfits, changing = freshly_in(sign_in(everybody), everybody), {}, set()
    for name, methods in TABLE.items():
        for method in methods:
            if name == "account_login":
                continue
            said = what_is_said(client, name, method, incident, other)
            with watched() as written:
                answer = said.send(client)
            known = key_of(name, method)
            if known in JSON_SAID and known not in REFUSED_HERE and answer.status_code >= 300:
                misfits[f"{known} itself"] = answer.content.decode()
            if name in ("account_logout", "account_password"):
                client = freshly_in(sign_in(everybody), everybody)
            if name in DRAFTS and not written.verbs:
                written.tables -= {"incidents_bulkact"}
            if written.misfit:
                misfits[f"{method} {name}"] = f"{answer.status_code}: {written.misfit}"
            if written.verbs:
                changing.add(name)
    assert misfits == {}
    assert len(changing) >= 64, sorted(changing)
    through_api = {name.split()[-1] for name in JSON_SAID}
    # looked at only, awake already, followed already, merged into none, recorded once it is made
    unchanged = {
        "api:bulk_preview",
        "api:bulk_alerts_preview",
        "api:wake",
        "api:follow",
        "api:unmerge",
        "api:incident_exports",
    }
    # looked at only, or one's own convenience
    unchanged |= {"api:preview_classification", "api:trials", "api:read_notices", "api:arrange_views"}
    assert through_api - changing == unchanged, sorted(changing)


ARGUMENTS = {
    "incidents.tasks.run_bulk_act": [str(ACT)],
    "incidents.tasks.run_reassessment": [str(ACT)],
    "ingest.tasks.run_trial": [str(ACT)],
    "exports.tasks.make_export": [str(ACT)],
}


def test_every_task_records_what_it_changes(incident: Incident, everybody: User) -> None:
    app.loader.import_default_modules()
    prepared = prepare_act(Incident.objects.all(), everybody, number=ACT)
    start_act(prepared, Changes(severity=Severity.LOW), actor=everybody.as_actor())
    past = timezone.now() - timedelta(days=1)
    Incident.objects.filter(pk=incident.pk).update(due_at=past, snoozed_until=past, priority=1)
    misfits, verbs = {}, set()
    for name, task in app.tasks.items():
        if name.startswith("celery."):
            continue
        with watched() as written:
            task(*ARGUMENTS.get(name, ()))
        verbs |= set(written.verbs)
        if written.misfit:
            misfits[name] = written.misfit
    assert misfits == {}
    assert {"incident.woken", "incident.overdue", "incident.severity_set"} <= verbs


@pytest.mark.parametrize("action", list(TuningAction))
def test_every_rule_that_fires_records_what_it_does(action: TuningAction, incident: Incident, everybody: User) -> None:
    """A rule catches the alert, another has it join the incident of its device, a third calls that device critical."""
    more = {"tags": ("wave",)} if action == TuningAction.MARK else {}
    values = TuningValues("Lab", action, {"title": ["Scan"]}, "It scans.", everybody, None, **more)
    create_tuning_rule(values, actor=SYSTEM)
    with watched() as written:
        opened(alert("caught", title="Scan", entities=(device("fin-ws-17"), device("dc-01"))))
    assert written.misfit == ""
    verbs = set(written.verbs)
    expected = {
        TuningAction.HIDE: {"incident.opened", "incident.resolved"},  # one of its own, and no visible work is touched
        TuningAction.RESOLVE: {"incident.alerts_linked"},
        TuningAction.MARK: {"incident.alerts_linked", "incident.tags_changed"},
    }
    assert verbs == expected[action] | {"incident.critical_marked"}
