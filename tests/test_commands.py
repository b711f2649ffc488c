"""Every command keeps the promise of the log: what it changes it records, in the words of the rows; unchanged or
refused, it leaves no trace (DESIGN 4.8). A command without scenario fails here."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import DataError, connection
from django.utils import timezone

from accounts import commands as accounts
from accounts.choices import Knock, Permission
from accounts.commands.outside import Outsider
from accounts.models import AccessToken, Invitation, PersonSession, ResetRequest, Role, Team, Untold, User
from accounts.providers.configuration import OpenIDConnect
from accounts.sessions import SessionStore
from activity.actors import SYSTEM, Actor
from activity.models import Entry
from alerts.changes import Judgement
from alerts.choices import AlertStatus, Classification, Determination, RemediationStatus, Severity, Verdict
from alerts.commands import assignee_value
from alerts.commands.evidence import as_logged
from alerts.models import Alert, Evidence
from common.command import COMMANDS
from common.errors import Refused
from common.file_store import Stored
from entities import commands as entities
from entities import identity
from entities.commands.classifications import FIELDS as CLASSIFICATION_FIELDS
from entities.models import AssetClassification, Entity
from entities.rules import ClassificationValues
from exports.choices import Format
from exports.commands import (
    MadeFile,
    claim,
    finish_export,
    record_data_export,
    record_download,
    record_export,
    record_log_export,
    record_queue_export,
    request_export,
)
from incidents import commands as incidents
from incidents.brought import BroughtLog
from incidents.changes import AlertChanges, Changes, Item, TaskChanges
from incidents.choices import Audience, IncidentStatus, TaskState
from incidents.commands.looking import see_restricted
from incidents.commands.restriction import words_of_members
from incidents.commands.saved_views import ViewValues
from incidents.commands.task_templates import items_of
from incidents.files import Upload
from incidents.models import (
    Attachment,
    BulkAct,
    Incident,
    Reassessment,
    RetentionRule,
    SavedView,
    Tag,
    Task,
    TaskTemplate,
)
from incidents.models.saved_view import shared_with
from ingest.choices import TuningAction
from ingest.commands import (
    TuningValues,
    change_correlation_rule,
    change_tuning_rule,
    create_tuning_rule,
    delete_tuning_rule,
    ingest_batch,
    reset_correlation_rule,
)
from ingest.commands.tuning_rules import told as told_of_tuning
from ingest.correlation import SHIPPED
from ingest.models import RuleBook, TuningRule
from ingest.rulebook import join_rules
from tests.conftest import NOON, PASSWORD, alert, device, opened, person
from webhooks.choices import DeliveryState
from webhooks.commands import (
    change_subscription,
    create_subscription,
    delete_subscription,
    replay,
    replay_failed,
    rotate_secret,
    send_test,
    show_secret,
    stop_subscription,
    switch_subscription,
)
from webhooks.commands.subscriptions import told as told_of_webhook
from webhooks.models import Delivery, Subscription
from webhooks.values import SubscriptionValues

OURS = (
    *("accounts", "activity", "alerts", "entities", "exports", "incidents", "ingest", "webhooks", "automation"),
    "metrics",
)


def import_every_command() -> None:
    """So that the register is full, whatever else has been imported."""
    for app in OURS:
        try:
            package = importlib.import_module(f"{app}.commands")
        except ModuleNotFoundError as missing:
            if missing.name not in (app, f"{app}.commands"):
                raise
            continue
        for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
            importlib.import_module(f"{app}.commands.{module.name}")


import_every_command()


@dataclass
class World:
    """What commands act on."""

    ana: User
    lee: User
    ada: User
    tier2: Team
    token: AccessToken
    incident: Incident
    other: Incident
    actor: Actor
    kept: dict[str, Any] = field(default_factory=dict)

    def alert_ids(self) -> list[int]:
        return list(self.incident.alerts.order_by("pk").values_list("pk", flat=True))

    def entity_ids(self) -> list[int]:
        return sorted(Evidence.objects.filter(incident_number=self.incident.pk).values_list("entity_id", flat=True))


@pytest.fixture
def world(ana: User, lee: User, ada: User, tier2: Team, sensor: tuple[AccessToken, str], incident: Incident) -> World:
    other = opened(alert("other", title="Password spray", entities=(device("dc-01"),)))
    return World(ana, lee, ada, tier2, sensor[0], incident, other, lee.as_actor())


Act = Callable[[World], object]


@dataclass(frozen=True)
class Scenario:
    """One use of a command that changes something."""

    act: Act
    refuse: Act | None = None
    """A use that a rule refuses."""
    before: Act = lambda world: None
    rows_change: bool = True
    """Whether it changes rows, rather than only telling of something done."""
    again: str = "unchanged"
    """What the same act, done again, is: "unchanged", "refused", or "anew" where it says something once more."""


def grown(world: World, **more: Any) -> object:
    """The source's newer word on the first alert, and an alert that joins."""
    return ingest_batch(
        [
            alert("1", title="Encoded command, again", severity=Severity.HIGH, entities=(device("fin-ws-17"),), **more),
            alert("3", title="Beacon", entities=(device("fin-ws-17"),), at=NOON + timedelta(hours=2)),
            alert("4", title="Lone alert", tags=("From the sender",)),
        ],
        actor=world.actor,
    )


def remember(name: str, act: Act) -> Act:
    def remembering(world: World) -> object:
        world.kept[name] = act(world)
        return world.kept[name]

    return remembering


def mine(name: str, query: str) -> ViewValues:
    return ViewValues(name, query)


keep_view = remember(
    "view", lambda w: incidents.save_view(mine("Phishing", "tag=phishing"), creator=w.lee, actor=w.actor)
)
say = remember("comment", lambda w: incidents.add_comment(w.incident, "First words", actor=w.actor))


FILE = Upload(UUID(int=7), "notes.txt", "text/plain", Stored(12, "ab" * 32))
"""Its bytes are nowhere; no command asks for them."""
HUGE_FILE = replace(FILE, id=UUID(int=8), stored=Stored(2**40, "cd" * 32))
attach = remember("file", lambda w: incidents.attach(w.incident, FILE, actor=w.actor))


def with_removed_file(world: World) -> object:
    attach(world)
    return incidents.remove_attachment(world.kept["file"], actor=world.actor)


def with_damaged_file(world: World) -> object:
    attach(world)
    return incidents.note_damage(world.kept["file"], "is missing", actor=world.actor)


def with_restricted_file(world: World) -> object:
    attach(world)
    return restricted(world)


def resolved(world: World) -> object:
    return incidents.resolve(world.incident, actor=world.actor, note="Reimaged.")


def long_resolved(world: World) -> object:
    resolved(world)
    return Incident.objects.filter(pk=world.incident.pk).update(resolved_at=NOON - timedelta(days=400))


def restricted(world: World) -> object:
    return incidents.restrict(world.incident, [world.lee], actor=world.actor)


def restricted_to_others(world: World) -> object:
    return incidents.restrict(world.incident, [world.ana], actor=world.actor)


def broken(world: World) -> object:
    restricted_to_others(world)
    return incidents.break_glass(world.incident.pk, "Nobody answers", actor=world.actor)


def assigned(world: World) -> object:
    return incidents.assign(world.incident, world.ana, actor=world.actor)


LATER = timezone.now().replace(second=0, microsecond=0) + timedelta(days=2)
IN_A_WEEK = timezone.now() + timedelta(days=7)


def snoozed(world: World) -> object:
    return incidents.snooze(world.incident, LATER, actor=world.ana.as_actor())


def bulk_act(world: World) -> BulkAct:
    """A draft over both incidents."""
    return incidents.prepare_act(Incident.objects.all(), world.lee)


def started(world: World) -> BulkAct:
    return incidents.start_act(bulk_act(world), Changes(severity=Severity.LOW, add_tags=["x"]), actor=world.actor)


def finished(world: World) -> BulkAct:
    world.kept["running"] = act = started(world)
    incidents.work_on(act.pk, actor=world.actor)
    world.kept["running"] = started(world)
    return act


PLANT = ClassificationValues("Plant", "high", ["device"], names=["fin-ws-*"])
classify_plant = remember("plant", lambda w: entities.save_classification(PLANT, actor=w.actor))


def assets_judged(world: World) -> None:
    """A classification has been added, and what remains of its job are the incidents."""
    classify_plant(world)
    world.kept["job"] = job = Reassessment.objects.get()
    while not job.are_judged:
        incidents.reassess(job.pk, actor=world.actor)
        job.refresh_from_db()


MADE = MadeFile(UUID(int=9), 1_000, "ef" * 32, 3)
"""A report whose bytes are nowhere; no command asks for them."""


def export_claimed(world: World) -> None:
    """A worker is at the archive that somebody asked for."""
    asked = request_export(world.incident, Format.ARCHIVE, principal=world.ada)
    world.kept["export"] = claim(asked.pk)


FIRST_SAVE = UUID(int=1)


def saved(world: World) -> object:
    changes = Changes(
        severity=Severity.LOW,
        assignee=world.tier2,
        status=IncidentStatus.RESOLVED,
        resolution_note="Reimaged.",
        classification=Classification.TRUE_POSITIVE,
        add_tags=["x"],
    )
    return incidents.apply_changes(world.incident, changes, actor=world.actor, batch=FIRST_SAVE)


def with_task(world: World) -> object:
    world.kept["task"] = incidents.add_task(
        world.incident, "Isolate the host", description="At once.", assignee=world.ana, actor=world.actor
    )
    world.kept["next"] = incidents.add_task(world.incident, "Call the owner", actor=world.actor)
    return world.kept["task"]


def overdue(world: World) -> object:
    """The incident is due, and so is a task of it."""
    Task.objects.filter(pk=with_task(world).pk).update(due_at=NOON)  # type: ignore[attr-defined]
    return Incident.objects.filter(pk=world.incident.pk).update(due_at=NOON)


STEPS = [Item("Isolate the host", "At once.", 4), Item("Call the owner")]
keep_template = remember("template", lambda w: incidents.save_task_template("Malware", STEPS, actor=w.actor))
TASKS_DONE = UUID(int=2)


def tasks_changed(world: World) -> None:
    """One act that adds, changes, completes and removes tasks."""
    with_task(world)
    keep_template(world)
    first, second = world.kept["task"], world.kept["next"]
    changes = TaskChanges(
        title="Isolate FIN-WS-17", description="", assignee=None, due=LATER, state=TaskState.COMPLETED, closing_note="y"
    )
    incidents.change_task(first, changes, actor=world.actor, batch=TASKS_DONE)
    incidents.remove_task(second, actor=world.actor, batch=TASKS_DONE)
    incidents.add_task(world.incident, "Reimage", actor=world.actor, batch=TASKS_DONE)
    incidents.set_due(world.incident, LATER, actor=world.actor, batch=TASKS_DONE)


MALICIOUS = Judgement(Verdict.MALICIOUS, RemediationStatus.BLOCKED)
BEACON = identity.domain("beacon.example")


def found_by_hand(world: World) -> object:
    return incidents.add_evidence(
        world.incident, [BEACON, device("fin-ws-99")], note="In the proxy's log.", actor=world.actor
    )


def tuning(world: World, **changes: Any) -> TuningValues:
    values: dict[str, Any] = {
        "name": "Scanner of the lab",
        "action": TuningAction.RESOLVE,
        "conditions": {"source": ["edr"], "entity": ["device:lab-*"]},
        "reason": "It scans every night.",
        "owner": world.lee,
        "expires_at": LATER,
    }
    return TuningValues(**values | changes)


make_tuning = remember("tuning", lambda w: create_tuning_rule(tuning(w), actor=w.actor))


def webhook(name: str = "SOAR", **said: Any) -> SubscriptionValues:
    return SubscriptionValues(**{"name": name, "address": "https://hooks.example/", "groups": ["merges"], **said})


make_webhook = remember("webhook", lambda w: create_subscription(webhook(), reader=w.ada, actor=w.actor))


def given_up(world: World) -> None:
    """A test that nobody took for a day."""
    make_webhook(world)
    world.kept["message"] = sent = send_test(world.kept["webhook"], actor=world.actor)
    Delivery.objects.filter(pk=sent.pk).update(state=DeliveryState.GIVEN_UP, ended_at=timezone.now())


WIDER = replace(SHIPPED["same_device"], window=timedelta(hours=48), excluded_sources=("scanner-*",))


def widened(world: World) -> object:
    return change_correlation_rule(WIDER, 6, based_on=1, actor=world.actor)


def merged(world: World) -> object:
    """The second incident into the first, each bringing something of its own."""
    return incidents.merge(world.incident, [world.other], actor=world.actor, reason="One attack.")


MERGE = UUID(int=3)


def work_on_both(world: World) -> None:
    incidents.assign(world.other, world.ana, actor=world.actor)
    incidents.classify(world.other, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=world.actor)
    incidents.change_tags(world.other, add=["spray"], actor=world.actor)
    incidents.rename(world.other, "Spray", actor=world.actor)
    incidents.set_severity(world.other, Severity.HIGH, actor=world.actor)
    incidents.snooze(world.incident, LATER, actor=world.ana.as_actor())


ADA = {"kind": "user", "name": "ada", "label": "Ada Lind"}
FINDING: dict[str, Any] = {"classification": "true_positive", "determination": "malware"}
TIMES = dict.fromkeys(
    ("first_activity", "last_activity", "received_at", "updated_at", "linked_at", "created_at"), NOON
) | dict.fromkeys(("source_created_at", "resolved_at", "last_repeat_at", "snoozed_until"))


@dataclass(frozen=True)
class Brought:
    """What an archive has of a small incident, as if it had been read."""

    external_id: str = "far away"
    incident = {
        "name": "From elsewhere",
        "name_is_manual": True,
        "automatic_name": "Beacon",
        "resolution_note": "",
        "severity": "low",
        "severity_is_manual": True,
        "automatic_severity": "high",
        "status": "in_progress",
        "assignee": ADA,
        "tags": [{"name": "Far", "kind": "custom"}],
        "resolved_by": "",
        "resolved_by_user": None,
        "snoozed_by": None,
        "due_at": LATER,
        "overdue_told": False,
        "restricted": True,
        "members": [ADA],
        "followers": [ADA],
        **FINDING,
        **TIMES,
    }

    def alerts(self) -> Iterator[dict[str, Any]]:
        texts = ("description", "service_source", "detection_source", "product_name", "detector_id", "source_url")
        yield {
            **dict.fromkeys((*texts, "recommended_actions", "source_incident", "link_reason", "tuned_by"), ""),
            "id": 900,
            "source": "edr",
            "external_id": self.external_id,
            "title": "Beacon",
            "severity": "high",
            "status": "new",
            "categories": ["execution"],
            "techniques": [],
            "payload_sha256": "ab" * 32,
            "link_rule": "opened",
            "repeats": 0,
            "assignee": ADA,
            "link_entity": 77,
            "raw": {"id": 1},
            **FINDING,
            **TIMES,
        }

    def entities(self) -> Iterator[dict[str, Any]]:
        names: dict[str, Any] = {"kind": "device", "key": "host:far-ws-1", "name": "far-ws-1", "attributes": {}}
        yield {**names, "id": 77, "identifiers": ["host:far-ws-1"], "first_seen": NOON, "last_seen": NOON}

    def evidence(self) -> Iterator[dict[str, Any]]:
        said = {"verdict": "malicious", "verdict_is_manual": True, "remediation_status": "none", "note": ""}
        more = {"remediation_is_manual": False, "details": {}, "roles": [], "added_by": ""}
        yield {"alert": 900, "entity": 77, "event_time": NOON, **said, **more}

    def tasks(self) -> Iterator[dict[str, Any]]:
        texts = {"title": "Isolate", "description": "", "closing_note": "", "closed_by": "", "state": "new"}
        yield {**texts, "assignee": ADA, "due_at": LATER, "closed_at": None, "created_at": NOON, "overdue_told": False}

    def comments(self) -> Iterator[dict[str, Any]]:
        yield {"text": "Seen.", "by": ADA, "at": NOON, "edited_by": None, "edited_at": None}

    def attachments(self) -> Iterator[dict[str, Any]]:
        yield from ()


BROUGHT, KNOWN = Brought(), Brought("1")
BROUGHT_LOG = BroughtLog(
    Path(), 0, "soc.example", 12, "From elsewhere", {}, "cd" * 32, NOON, 100, "ef" * 32, 3, "12" * 32
)
ACME = OpenIDConnect(
    kind="oidc",
    slug="acme",
    name="Acme",
    issuer="https://login.example",
    client_id="watchfloor",
    client_secret="x",
    creates_people=True,
    roles={"soc": "analyst"},
    teams={"hunt": "tier2"},
)
MANY_TAGS = [f"tag {number}" for number in range(51)]
SCENARIOS: dict[str, list[Scenario]] = {
    "accounts.commands.people.create_user": [
        Scenario(
            lambda w: accounts.create_user(
                "mia", actor=w.actor, display_name="Mia", role="analyst", password=None, email="mia@example.org"
            ),
            refuse=lambda w: accounts.create_user(
                "Bad name", actor=w.actor, display_name="Mia", role="analyst", password=None
            ),
            again="refused",
        )
    ],
    "accounts.commands.people.change_user": [
        Scenario(
            lambda w: accounts.change_user(
                w.ana,
                actor=w.actor,
                display_name="Ana Ruiz Vega",
                email="ana@example.org",
                role="lead",
                teams=["night"],
                was={"display_name": "Ana Ruiz", "role": "analyst", "teams": ["tier2"]},
            ),
            refuse=lambda w: accounts.change_user(
                w.ana, actor=w.actor, display_name="Ana Ruiz Vega", role="reader", teams=["none"]
            ),
            before=lambda w: accounts.create_team("night", actor=SYSTEM, name="Night watch"),
        ),
        Scenario(
            lambda w: accounts.change_user(w.ana, actor=w.actor, teams=[]),
            refuse=lambda w: accounts.change_user(w.ana, actor=w.actor, display_name="Ana R.", role="admin"),
        ),
    ],
    "accounts.commands.people.change_own_password": [
        Scenario(
            lambda w: accounts.change_own_password(
                w.lee, current=PASSWORD, password="another-horse-battery", actor=w.actor
            ),
            refuse=lambda w: accounts.change_own_password(
                w.lee, current="x", password="another-horse-battery", actor=w.actor
            ),
            again="refused",
        )
    ],
    "accounts.commands.roles.create_role": [
        Scenario(
            lambda w: accounts.create_role("Night shift", ["see_incidents", "export"], actor=w.actor),
            refuse=lambda w: accounts.create_role("Night shift", ["manage_people"], actor=w.actor),
            again="refused",
        )
    ],
    "accounts.commands.roles.redefine_role": [
        Scenario(
            lambda w: accounts.redefine_role(
                Role.objects.get(slug="analyst"), name="Hunter", permissions=["see_incidents"], actor=w.actor
            ),
            refuse=lambda w: accounts.redefine_role(
                Role.objects.get(slug="analyst"), permissions=["send_alerts"], actor=w.actor
            ),
        ),
        Scenario(
            lambda w: accounts.redefine_role(Role.objects.get(slug="reader"), permissions=[], actor=w.actor),
            refuse=lambda w: accounts.redefine_role(Role.objects.get(slug="admin"), permissions=[], actor=SYSTEM),
        ),
    ],
    "accounts.commands.roles.delete_role": [
        Scenario(
            lambda w: accounts.delete_role(w.kept["role"], actor=w.actor),
            refuse=lambda w: accounts.delete_role(Role.objects.get(slug="reader"), actor=w.actor),
            before=lambda w: w.kept.update(role=accounts.create_role("Temp", ["export"], actor=w.actor)),
            again="refused",
        )
    ],
    "accounts.commands.invitations.invite": [
        Scenario(
            lambda w: invited(w, email="mia@example.org"),
            refuse=lambda w: invited(w, email="mia@example.org", role="admin"),
            again="refused",
        ),
    ],
    "accounts.commands.invitations.withdraw_invitation": [
        Scenario(
            lambda w: accounts.withdraw_invitation(w.kept["invitation"], actor=w.actor),
            before=lambda w: invited(w, email="mia@example.org"),
        ),
    ],
    "accounts.commands.invitations.accept_invitation": [
        Scenario(
            lambda w: accounts.accept_invitation(
                w.kept["invitation"],
                username="mia",
                display_name="Mia",
                password="another-horse-battery",
                actor=w.actor,
            ),
            refuse=lambda w: accounts.accept_invitation(
                w.kept["invitation"], username="ana", display_name="M", password="another-horse-battery", actor=w.actor
            ),
            before=lambda w: invited(w, email="mia@example.org", actor=w.ada.as_actor()),
            again="refused",
        ),
    ],
    "accounts.commands.people.create_first_administrator": [
        Scenario(
            lambda w: accounts.create_first_administrator(actor=w.actor),
            before=lambda w: _without_people(),
        )
    ],
    "accounts.commands.people.change_role": [
        Scenario(
            lambda w: accounts.change_role(w.ana, "lead", actor=w.actor),
            refuse=lambda w: accounts.change_role(w.ana, "emperor", actor=w.actor),
        )
    ],
    "accounts.commands.people.deactivate": [Scenario(lambda w: accounts.deactivate(w.ana, actor=w.actor))],
    "accounts.commands.people.activate": [
        Scenario(
            lambda w: accounts.activate(w.ana, actor=w.actor),
            before=lambda w: accounts.deactivate(w.ana, actor=w.actor),
        )
    ],
    "accounts.commands.people.set_preferences": [
        Scenario(
            lambda w: accounts.set_preferences(
                w.ana, {"theme": "dark", "density": "compact", "time_zone": "Asia/Tokyo"}, actor=w.actor
            ),
            refuse=lambda w: accounts.set_preferences(w.ana, {"theme": "dark", "time_zone": "Mars"}, actor=w.actor),
        )
    ],
    "accounts.commands.teams.create_team": [
        Scenario(
            lambda w: accounts.create_team("hunters", actor=w.actor, name="Hunters", members=[w.lee, w.ana]),
            refuse=lambda w: accounts.create_team("tier2", actor=w.actor, name="Again"),
            again="refused",
        )
    ],
    "accounts.commands.teams.set_members": [
        Scenario(
            lambda w: accounts.set_members(w.tier2, [w.ada], actor=w.actor),
            refuse=lambda w: accounts.set_members(w.tier2, [w.ana, w.lee], actor=w.actor),
        ),
        Scenario(lambda w: accounts.set_members(w.tier2, [], actor=w.actor)),
    ],
    "accounts.commands.teams.rename_team": [
        Scenario(
            lambda w: accounts.rename_team(w.tier2, "Second line", actor=w.actor),
            refuse=lambda w: accounts.rename_team(w.tier2, " ", actor=w.actor),
        )
    ],
    "accounts.commands.teams.delete_team": [
        Scenario(lambda w: accounts.delete_team(w.tier2, actor=w.actor), before=lambda w: work_for_tier2(w)),
    ],
    "incidents.commands.leaving.leave_to_nobody": [
        Scenario(
            lambda w: incidents.leave_to_nobody(w.tier2, actor=w.actor), before=lambda w: work_for_tier2(w)
        ),
    ],
    "accounts.commands.tokens.create_own_token": [
        Scenario(
            lambda w: accounts.create_own_token(
                w.lee, "script", permissions=["see_incidents"], expires_at=IN_A_WEEK, actor=w.actor
            ),
            refuse=lambda w: accounts.create_own_token(
                w.lee, "script", permissions=["manage_people"], expires_at=IN_A_WEEK, actor=w.actor
            ),
            again="refused",
        )
    ],
    "accounts.commands.tokens.create_token": [
        Scenario(
            lambda w: accounts.create_token("zeek", actor=w.actor, source="zeek", expires_at=NOON),
            refuse=lambda w: accounts.create_token("zeek", actor=w.actor, source="zeek", role="reader"),
            before=lambda w: setattr(w, "actor", w.ada.as_actor()),
            again="refused",
        )
    ],
    "accounts.commands.tokens.revoke_token": [Scenario(lambda w: accounts.revoke_token(w.token, actor=w.actor))],
    "accounts.commands.people.set_password": [
        Scenario(
            lambda w: accounts.set_password(w.ana, "another-horse-battery", actor=w.actor),
            refuse=lambda w: accounts.set_password(w.ana, "password", actor=w.actor),
        )
    ],
    "accounts.commands.tokens.record_use": [
        Scenario(lambda w: accounts.record_use(w.token, actor=w.actor, address="192.0.2.7"))
    ],
    "accounts.commands.factors.add_authenticator_app": [
        Scenario(
            lambda w: accounts.add_authenticator_app(w.ana, "JBSWY3DPEHPK3PXP", actor=w.actor),
            again="refused",
        )
    ],
    "accounts.commands.factors.add_passkey": [
        Scenario(
            lambda w: accounts.add_passkey(w.ana, {"id": "made"}, name="Laptop", actor=w.actor),
            before=lambda w: many_passkeys(w, 19),
            refuse=lambda w: accounts.add_passkey(w.ana, {"id": "made"}, name=" ", actor=w.actor),
            again="refused",
        )
    ],
    "accounts.commands.factors.rename_passkey": [
        Scenario(
            lambda w: accounts.rename_passkey(w.kept["passkey"], "Phone", actor=w.actor),
            before=lambda w: with_passkey(w),
            refuse=lambda w: accounts.rename_passkey(w.kept["passkey"], "x" * 61, actor=w.actor),
        )
    ],
    "accounts.commands.factors.make_recovery_codes": [
        Scenario(
            lambda w: accounts.make_recovery_codes(w.ana, actor=w.actor),
            before=lambda w: with_passkey(w),
            refuse=lambda w: accounts.make_recovery_codes(w.lee, actor=w.actor),
            again="anew",
        )
    ],
    "accounts.commands.factors.remove_factor": [
        Scenario(
            lambda w: accounts.remove_factor(w.kept["passkey"], actor=w.actor),
            before=lambda w: with_passkey(w),
        ),
        Scenario(
            lambda w: accounts.remove_factor(w.kept["passkey"], actor=w.actor),
            before=lambda w: demanded_of_two(w),
            refuse=lambda w: accounts.remove_factor(w.kept["only"], actor=w.actor),
        ),
    ],
    "accounts.commands.factors.take_factors": [
        Scenario(lambda w: accounts.take_factors(w.ana, actor=w.actor), before=lambda w: with_passkey(w))
    ],
    "accounts.commands.factors.record_factor_use": [
        Scenario(
            lambda w: accounts.record_factor_use(w.kept["passkey"], actor=w.actor),
            before=lambda w: with_passkey(w),
            rows_change=False,
            again="anew",
        )
    ],
    "accounts.commands.factors.demand_second_factor": [
        Scenario(lambda w: accounts.demand_second_factor(w.ana.role, True, actor=w.actor))
    ],
    "accounts.commands.outside.let_in": [
        Scenario(
            lambda w: accounts.let_in(ACME, Outsider("1", "mia", groups=["soc"]), actor=w.actor),
            refuse=lambda w: accounts.let_in(ACME, Outsider("1", "mia", groups=["guests"]), actor=w.actor),
        ),
        Scenario(
            lambda w: accounts.let_in(ACME, Outsider("2", groups=["soc", "hunt"]), actor=w.actor),
            before=lambda w: (
                accounts.link_person(w.ana, ACME, "2", actor=w.actor),
                accounts.set_members(w.tier2, [], actor=w.actor),
            ),
            refuse=lambda w: accounts.let_in(ACME, Outsider("", groups=["soc"]), actor=w.actor),
        ),
    ],
    "accounts.commands.outside.link_person": [
        Scenario(
            lambda w: accounts.link_person(w.ana, ACME, "1", actor=w.actor),
            before=lambda w: accounts.link_person(w.lee, ACME, "2", actor=w.actor),
            refuse=lambda w: accounts.link_person(w.ana, ACME, "2", actor=w.actor),
        )
    ],
    "accounts.commands.people.reset_password": [
        Scenario(
            lambda w: accounts.reset_password(w.ana, "another-horse-battery", actor=w.actor),
            refuse=lambda w: accounts.reset_password(w.ana, "password", actor=w.actor),
            again="anew",
        )
    ],
    "accounts.commands.resets.record_reset_mail": [
        Scenario(
            lambda w: accounts.record_reset_mail(ResetRequest.objects.get(), w.ana, actor=w.actor),
            before=lambda w: accounts.ask_for_reset("ana@example.org", "https://soc.example"),
        )
    ],
    "accounts.commands.sessions.end_session": [
        Scenario(lambda w: accounts.end_session(w.kept["session"], actor=w.actor), before=lambda w: ana_is_in(w))
    ],
    "accounts.commands.sessions.end_sessions": [
        Scenario(lambda w: accounts.end_sessions(w.ana, actor=w.actor), before=lambda w: ana_is_in(w))
    ],
    "accounts.commands.door.record_sign_in": [
        Scenario(lambda w: accounts.record_sign_in(actor=w.actor), rows_change=False, again="anew")
    ],
    "accounts.commands.door.record_sign_out": [
        Scenario(lambda w: accounts.record_sign_out(actor=w.actor), rows_change=False, again="anew")
    ],
    "accounts.commands.door.tell_untold": [
        Scenario(lambda w: accounts.tell_untold(actor=w.actor), before=lambda w: refused_long_ago(w.ana))
    ],
    "incidents.commands.looking.see_restricted": [
        Scenario(lambda w: see_restricted(w.incident.pk, actor=w.actor), before=restricted)
    ],
    "entities.commands.classifications.save_classification": [
        Scenario(
            lambda w: entities.save_classification(PLANT, actor=w.actor),
            refuse=lambda w: entities.save_classification(replace(PLANT, names=["*"]), actor=w.actor),
            again="refused",
        ),
        Scenario(
            lambda w: entities.save_classification(
                replace(PLANT, level="low", is_on=False), classification=w.kept["plant"], actor=w.actor
            ),
            refuse=lambda w: entities.save_classification(
                replace(PLANT, level="low"), classification=w.kept["plant"], based_on=9, actor=w.actor
            ),
            before=classify_plant,
        ),
    ],
    "entities.commands.classifications.delete_classification": [
        Scenario(
            lambda w: entities.delete_classification(w.kept["plant"], actor=w.actor),
            refuse=lambda w: entities.delete_classification(
                AssetClassification.objects.get(slug="executives"), actor=w.actor
            ),
            before=classify_plant,
            again="refused",
        )
    ],
    "entities.commands.criticality.set_criticality": [
        Scenario(
            lambda w: entities.set_criticality(Entity.objects.get(name="dc-01"), "low", actor=w.actor),
            refuse=lambda w: entities.set_criticality(Entity.objects.get(name="dc-01"), "most", actor=w.actor),
        )
    ],
    "incidents.commands.critical_assets.reassess": [
        Scenario(lambda w: incidents.reassess(w.kept["job"].pk, actor=w.actor), before=assets_judged)
    ],
    "exports.commands.exports.finish_export": [
        Scenario(
            lambda w: finish_export(w.kept["export"], MADE, actor=w.actor),
            before=export_claimed,
        )
    ],
    "exports.commands.exports.record_export": [
        Scenario(
            lambda w: record_export(w.incident, Format.ARCHIVE, None, MADE, actor=w.actor),
            rows_change=False,
            again="anew",
        )
    ],
    "exports.commands.exports.record_download": [
        Scenario(
            lambda w: record_download(w.kept["export"], actor=w.actor),
            before=export_claimed,
            rows_change=False,
            again="anew",
        )
    ],
    "exports.commands.recording.record_queue_export": [
        Scenario(
            lambda w: record_queue_export(
                actor=w.actor, address="/incidents/", incidents=2, format="csv", columns=["number"]
            ),
            rows_change=False,
            again="anew",
        )
    ],
    "exports.commands.recording.record_log_export": [
        Scenario(
            lambda w: record_log_export(actor=w.actor, incident_id=w.incident.pk), rows_change=False, again="anew"
        )
    ],
    "incidents.commands.importing.import_incident": [
        Scenario(
            lambda w: incidents.import_incident(BROUGHT, {UUID(int=21): BROUGHT_LOG}, [], actor=w.actor),
            refuse=lambda w: incidents.import_incident(KNOWN, {UUID(int=22): BROUGHT_LOG}, [], actor=w.actor),
            again="refused",
        )
    ],
    "exports.commands.recording.record_data_export": [
        Scenario(
            lambda w: record_data_export(actor=w.actor, incident_id=w.incident.pk, what="the alerts of #1 as CSV"),
            rows_change=False,
            again="anew",
        )
    ],
    "incidents.commands.alerts.set_alert_status": [
        Scenario(
            lambda w: incidents.set_alert_status(
                w.incident, w.alert_ids()[:1], AlertStatus.IN_PROGRESS, actor=w.actor
            )
        ),
        Scenario(
            lambda w: incidents.set_alert_status(w.incident, w.alert_ids(), AlertStatus.RESOLVED, actor=w.actor)
        ),
        Scenario(
            lambda w: incidents.set_alert_status(w.incident, w.alert_ids(), AlertStatus.NEW, actor=w.actor),
            before=resolved,
        ),
    ],
    "incidents.commands.alerts.assign_alerts": [
        Scenario(
            lambda w: incidents.assign_alerts(w.incident, w.alert_ids()[:1], w.tier2, actor=w.actor),
            refuse=lambda w: incidents.assign_alerts(w.incident, w.alert_ids(), w.kept["vic"], actor=w.actor),
            before=remember("vic", lambda w: person("vic", "Vic Moreau", "reader")),
        ),
        Scenario(
            lambda w: incidents.assign_alerts(w.incident, w.alert_ids(), None, actor=w.actor), before=assigned
        ),
    ],
    "incidents.commands.alerts.classify_alerts": [
        Scenario(
            lambda w: incidents.classify_alerts(
                w.incident, w.alert_ids(), Classification.TRUE_POSITIVE, Determination.MALWARE, actor=w.actor
            ),
            refuse=lambda w: incidents.classify_alerts(
                w.incident, w.alert_ids(), Classification.FALSE_POSITIVE, Determination.MALWARE, actor=w.actor
            ),
        )
    ],
    "incidents.commands.alerts.manage_alerts": [
        Scenario(
            lambda w: incidents.manage_alerts(
                [*w.alert_ids(), *w.other.alerts.values_list("pk", flat=True)],
                AlertChanges(
                    status=AlertStatus.RESOLVED,
                    assignee=w.tier2,
                    classification=Classification.TRUE_POSITIVE,
                    determination=Determination.MALWARE,
                ),
                actor=w.actor,
            ),
            refuse=lambda w: incidents.manage_alerts(
                [*w.alert_ids(), *w.other.alerts.values_list("pk", flat=True)],
                AlertChanges(status=AlertStatus.IN_PROGRESS, comment="x" * 30_001),
                actor=w.actor,
            ),
        )
    ],
    "incidents.commands.assignment.assign": [
        Scenario(
            lambda w: incidents.assign(w.incident, w.ana, actor=w.actor),
            refuse=lambda w: incidents.assign(w.incident, w.kept["vic"], actor=w.actor),
            before=remember("vic", lambda w: person("vic", "Vic Moreau", "reader")),
        ),
        Scenario(lambda w: incidents.assign(w.incident, w.tier2, actor=w.actor), before=assigned),
    ],
    "incidents.commands.assignment.unassign": [
        Scenario(lambda w: incidents.unassign(w.incident, actor=w.actor), before=assigned)
    ],
    "incidents.commands.bulk.start_act": [
        Scenario(
            lambda w: incidents.start_act(w.kept["act"], Changes(severity=Severity.LOW), actor=w.actor),
            refuse=lambda w: incidents.start_act(w.kept["act"], Changes(), actor=w.actor),
            before=remember("act", bulk_act),
        )
    ],
    "incidents.commands.bulk.start_undo": [
        Scenario(
            lambda w: incidents.start_undo(w.kept["act"], actor=w.actor),
            refuse=lambda w: incidents.start_undo(w.kept["running"], actor=w.actor),
            before=remember("act", finished),
        )
    ],
    "incidents.commands.bulk.cancel_act": [
        Scenario(lambda w: incidents.cancel_act(w.kept["act"], actor=w.actor), before=remember("act", started))
    ],
    "incidents.commands.bulk.work_on": [
        Scenario(lambda w: incidents.work_on(w.kept["act"].pk, actor=w.actor), before=remember("act", started))
    ],
    "incidents.commands.undo.take_back": [
        Scenario(lambda w: incidents.take_back([w.incident.pk], FIRST_SAVE, actor=w.actor), before=saved),
        Scenario(lambda w: incidents.take_back([w.incident.pk], TASKS_DONE, actor=w.actor), before=tasks_changed),
    ],
    "incidents.commands.classification.classify": [
        Scenario(
            lambda w: incidents.classify(
                w.incident, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=w.actor
            ),
            refuse=lambda w: incidents.classify(
                w.incident, Classification.FALSE_POSITIVE, Determination.PHISHING, actor=w.actor
            ),
        )
    ],
    "incidents.commands.comments.add_comment": [
        Scenario(
            say, refuse=lambda w: incidents.add_comment(w.incident, " ", actor=w.actor), again="anew"
        )
    ],
    "incidents.commands.comments.edit_comment": [
        Scenario(
            lambda w: incidents.edit_comment(w.incident, w.kept["comment"], "Better words", actor=w.actor),
            refuse=lambda w: incidents.edit_comment(w.incident, w.kept["comment"], "Mine", actor=w.ana.as_actor()),
            before=say,
        )
    ],
    "incidents.commands.comments.remove_comment": [
        Scenario(
            lambda w: incidents.remove_comment(w.incident, w.kept["comment"], actor=w.actor),
            refuse=lambda w: incidents.remove_comment(w.incident, w.kept["comment"], actor=w.ana.as_actor()),
            before=say,
            again="refused",
        )
    ],
    "incidents.commands.attachments.attach": [
        Scenario(attach, refuse=lambda w: incidents.attach(w.incident, HUGE_FILE, actor=w.actor))
    ],
    "incidents.commands.attachments.remove_attachment": [
        Scenario(
            lambda w: incidents.remove_attachment(w.kept["file"], actor=w.actor),
            refuse=lambda w: incidents.remove_attachment(w.kept["file"], actor=w.ana.as_actor(), principal=w.ana),
            before=attach,
            again="refused",
        )
    ],
    "incidents.commands.attachments.erase_attachment": [
        Scenario(
            lambda w: incidents.erase_attachment(w.kept["file"], "Personal data", actor=w.actor),
            refuse=lambda w: incidents.erase_attachment(w.kept["file"], " ", actor=w.actor),
            before=with_removed_file,
            again="refused",
        )
    ],
    "incidents.commands.attachments.note_damage": [
        Scenario(lambda w: incidents.note_damage(w.kept["file"], "was changed", actor=w.actor), before=attach)
    ],
    "incidents.commands.attachments.note_whole": [
        Scenario(lambda w: incidents.note_whole(w.kept["file"], actor=w.actor), before=with_damaged_file)
    ],
    "incidents.commands.attachments.note_download": [
        Scenario(
            lambda w: incidents.note_download(w.kept["file"], actor=w.actor), before=with_restricted_file, again="anew"
        )
    ],
    "incidents.commands.evidence.judge_evidence": [
        Scenario(
            lambda w: incidents.judge_evidence(w.incident, w.entity_ids(), MALICIOUS, actor=w.actor),
            refuse=lambda w: incidents.judge_evidence(w.incident, [10**9], MALICIOUS, actor=w.actor),
        )
    ],
    "incidents.commands.evidence.add_evidence": [
        Scenario(
            found_by_hand,
            refuse=lambda w: incidents.add_evidence(w.incident, [BEACON], note="x" * 2_001, actor=w.actor),
        )
    ],
    "incidents.commands.evidence.remove_evidence": [
        Scenario(
            lambda w: incidents.remove_evidence(w.incident, w.entity_ids(), actor=w.actor), before=found_by_hand
        )
    ],
    "incidents.commands.lifecycle.resolve": [
        Scenario(resolved, refuse=lambda w: incidents.resolve(w.incident, actor=w.actor, note=" ")),
        Scenario(resolved, before=snoozed),
    ],
    "incidents.commands.lifecycle.set_status": [
        Scenario(
            lambda w: incidents.set_status(w.incident, IncidentStatus.IN_PROGRESS, actor=w.actor),
            refuse=lambda w: incidents.set_status(w.incident, IncidentStatus.RESOLVED, actor=w.actor),
        )
    ],
    "incidents.commands.lifecycle.reopen": [
        Scenario(
            lambda w: incidents.reopen(w.incident, actor=w.actor),
            refuse=lambda w: incidents.reopen(w.incident, actor=SYSTEM),
            before=resolved,
        )
    ],
    "incidents.commands.lifecycle.change_note": [
        Scenario(
            lambda w: incidents.change_note(w.incident, "It was the red team.", actor=w.actor),
            refuse=lambda w: incidents.change_note(w.incident, "x" * 30_001, actor=w.actor),
            before=resolved,
        )
    ],
    "incidents.commands.manage.apply_changes": [
        Scenario(
            lambda w: incidents.apply_changes(
                w.incident,
                Changes(
                    name="Intrusion at finance",
                    severity=Severity.LOW,
                    assignee=w.tier2,
                    status=IncidentStatus.RESOLVED,
                    resolution_note="Reimaged.",
                    classification=Classification.TRUE_POSITIVE,
                    determination=Determination.MALWARE,
                    tags=["Finance", "q4"],
                ),
                actor=w.actor,
            ),
            refuse=lambda w: incidents.apply_changes(
                w.incident, Changes(name="Another", status=IncidentStatus.RESOLVED), actor=w.actor
            ),
        )
    ],
    "incidents.commands.manage.apply_to_many": [
        Scenario(
            lambda w: incidents.apply_to_many(
                [w.incident.pk, w.other.pk], Changes(severity=Severity.LOW, add_tags=["x"]), actor=w.actor
            ),
            refuse=lambda w: incidents.apply_to_many(
                [w.incident.pk, w.other.pk], Changes(severity=Severity.LOW, add_tags=["x" * 101]), actor=w.actor
            ),
        )
    ],
    "incidents.commands.many_alerts.change_many_alerts": [
        Scenario(
            lambda w: incidents.change_many_alerts(
                [*w.alert_ids(), *w.other.alerts.values_list("pk", flat=True)],
                AlertChanges(status=AlertStatus.RESOLVED, assignee=w.tier2),
                actor=w.actor,
            ),
            refuse=lambda w: incidents.change_many_alerts(
                w.alert_ids(), AlertChanges(status=AlertStatus.IN_PROGRESS, comment="x" * 30_001), actor=w.actor
            ),
        )
    ],
    "incidents.commands.naming.rename": [
        Scenario(
            lambda w: incidents.rename(w.incident, "Intrusion at finance", actor=w.actor),
            refuse=lambda w: incidents.rename(w.incident, "x" * 501, actor=w.actor),
        )
    ],
    "incidents.commands.naming.use_automatic_name": [
        Scenario(
            lambda w: incidents.use_automatic_name(w.incident, actor=w.actor),
            before=lambda w: incidents.rename(w.incident, "By hand", actor=w.actor),
        )
    ],
    "incidents.commands.naming.set_severity": [
        Scenario(lambda w: incidents.set_severity(w.incident, Severity.LOW, actor=w.actor))
    ],
    "incidents.commands.naming.use_automatic_severity": [
        Scenario(
            lambda w: incidents.use_automatic_severity(w.incident, actor=w.actor),
            before=lambda w: incidents.set_severity(w.incident, Severity.LOW, actor=w.actor),
        )
    ],
    "incidents.commands.restriction.restrict": [
        Scenario(restricted, refuse=lambda w: incidents.restrict(w.incident, [], actor=w.actor)),
        Scenario(lambda w: incidents.restrict(w.incident, [w.lee, w.tier2], actor=w.actor, reason="Staff matter")),
    ],
    "incidents.commands.restriction.lift_restriction": [
        Scenario(
            lambda w: incidents.lift_restriction(w.incident, actor=w.actor, reason="It is public now"),
            before=restricted,
        )
    ],
    "incidents.commands.break_glass.break_glass": [
        Scenario(
            lambda w: incidents.break_glass(w.incident.pk, "Nobody answers", actor=w.actor),
            refuse=lambda w: incidents.break_glass(w.incident.pk, " ", actor=w.actor),
            before=restricted_to_others,
        ),
        Scenario(
            lambda w: incidents.break_glass(4711, "Nobody answers", actor=w.actor),
            refuse=lambda w: incidents.break_glass(w.incident.pk, "I see it already", actor=w.actor),
            again="anew",
        ),
    ],
    "incidents.commands.break_glass.end_break_glass": [
        Scenario(lambda w: incidents.end_break_glass(w.incident, actor=w.actor), before=broken)
    ],
    "incidents.commands.break_glass.look_through_glass": [
        Scenario(lambda w: incidents.look_through_glass(w.incident, actor=w.actor), before=broken)
    ],
    "incidents.commands.restriction.set_incident_members": [
        Scenario(
            lambda w: incidents.set_incident_members(w.incident, [w.lee, w.ana], actor=w.actor),
            refuse=lambda w: incidents.set_incident_members(w.incident, [], actor=w.actor),
            before=restricted,
        )
    ],
    "incidents.commands.restriction.name_to": [
        Scenario(lambda w: incidents.name_to(w.incident, w.ana, actor=w.actor), before=restricted)
    ],
    "incidents.commands.saved_views.save_view": [
        Scenario(
            lambda w: incidents.save_view(mine("Phishing", "tag=phishing"), creator=w.lee, actor=w.actor),
            refuse=lambda w: incidents.save_view(mine(" ", ""), creator=w.lee, actor=w.actor),
            again="anew",
        )
    ],
    "incidents.commands.saved_views.change_view": [
        Scenario(
            lambda w: incidents.change_view(w.kept["view"], mine("Waves", "tag=wave"), based_on=1, actor=w.actor),
            refuse=lambda w: incidents.change_view(w.kept["view"], mine("", ""), based_on=1, actor=w.actor),
            before=keep_view,
        )
    ],
    "incidents.commands.saved_views.delete_view": [
        Scenario(
            lambda w: incidents.delete_view(w.kept["view"], actor=w.actor), before=keep_view, again="refused"
        )
    ],
    "incidents.commands.emptying.set_retention": [
        Scenario(
            lambda w: incidents.set_retention(90, actor=w.actor),
            refuse=lambda w: incidents.set_retention(3, actor=w.actor),
        )
    ],
    "incidents.commands.emptying.empty_text": [
        Scenario(
            lambda w: incidents.empty_text(w.incident, w.kept["comment"], "A patient is named", actor=w.actor),
            refuse=lambda w: incidents.empty_text(w.incident, w.kept["comment"], " ", actor=w.actor),
            before=say,
            rows_change=False,
        )
    ],
    "incidents.commands.emptying.empty_old_comments": [
        Scenario(
            lambda w: incidents.empty_old_comments(w.incident, 30, actor=w.actor),
            before=lambda w: (say(w), long_resolved(w)),
            rows_change=False,
        )
    ],
    "incidents.commands.following.follow": [
        Scenario(
            lambda w: incidents.follow(w.incident, actor=w.actor),
            refuse=lambda w: incidents.follow(w.incident, actor=SYSTEM),
        )
    ],
    "incidents.commands.following.unfollow": [
        Scenario(
            lambda w: incidents.unfollow(w.incident, actor=w.actor),
            before=lambda w: incidents.follow(w.incident, actor=w.actor),
        )
    ],
    "incidents.commands.snoozing.snooze": [
        Scenario(
            lambda w: incidents.snooze(w.incident, LATER, actor=w.actor),
            refuse=lambda w: incidents.snooze(w.incident, NOON, actor=w.actor),
        )
    ],
    "incidents.commands.snoozing.wake": [Scenario(lambda w: incidents.wake(w.incident, actor=w.actor), before=snoozed)],
    "incidents.commands.merging.merge": [
        Scenario(
            merged,
            before=work_on_both,
            refuse=lambda w: incidents.merge(w.incident, [w.incident], actor=w.actor, reason="One attack."),
            again="refused",
        ),
    ],
    "incidents.commands.moving.move_alerts": [
        Scenario(
            lambda w: incidents.move_alerts(w.kept["moved"], w.other, actor=w.actor, comment="Another intruder."),
            before=remember("moved", lambda w: w.alert_ids()[:1]),
            refuse=lambda w: incidents.move_alerts(w.kept["moved"], w.other, actor=w.actor, comment=" "),
        ),
        Scenario(
            lambda w: incidents.move_alerts(w.kept["moved"], None, actor=w.actor, comment="Another intruder."),
            before=remember("moved", lambda w: w.alert_ids()[:1]),
            again="refused",
        ),
    ],
    "incidents.commands.moving_back.move_back": [
        Scenario(
            lambda w: incidents.move_back(w.other, MERGE, actor=w.actor),
            before=lambda w: incidents.move_alerts(
                w.alert_ids()[:1], w.other, actor=w.actor, comment="Another intruder.", batch=MERGE
            ),
            refuse=lambda w: incidents.move_back(w.incident, MERGE, actor=w.actor),
            again="refused",
        ),
    ],
    "incidents.commands.unmerging.unmerge": [
        Scenario(
            lambda w: incidents.unmerge(w.other, actor=w.actor, reason="Two after all."),
            before=lambda w: (work_on_both(w), merged(w)),
            refuse=lambda w: incidents.unmerge(w.incident, actor=w.actor),
            again="refused",
        ),
    ],
    "incidents.commands.unmerging.unmerge_all": [
        Scenario(
            lambda w: incidents.unmerge_all(w.incident, MERGE, actor=w.actor),
            before=lambda w: incidents.merge(
                w.incident, [w.other], actor=w.actor, reason="One attack.", batch=MERGE
            ),
        ),
    ],
    "incidents.commands.audience.follow_restriction": [
        Scenario(
            lambda w: incidents.restrict(w.incident, [w.lee, w.ana], actor=w.actor),
            before=merged,
        ),
    ],
    "incidents.commands.tagging.change_tags": [
        Scenario(
            lambda w: incidents.change_tags(w.incident, add=["Phishing", "q4"], remove=["gone"], actor=w.actor),
            refuse=lambda w: incidents.change_tags(w.incident, add=MANY_TAGS, actor=w.actor),
            before=lambda w: incidents.change_tags(w.incident, add=["Gone", "stays"], actor=w.actor),
        )
    ],
    "incidents.commands.due.set_due": [
        Scenario(
            lambda w: incidents.set_due(w.incident, LATER, actor=w.actor),
            refuse=lambda w: incidents.set_due(w.incident, NOON, actor=w.actor),
        ),
        Scenario(
            lambda w: incidents.set_due(w.incident, None, actor=w.actor),
            before=lambda w: incidents.set_due(w.incident, LATER, actor=w.actor),
        ),
    ],
    "incidents.commands.due.tell_overdue": [
        Scenario(lambda w: incidents.tell_overdue(w.incident, actor=w.actor), before=overdue)
    ],
    "incidents.commands.tasks.add_task": [
        Scenario(
            lambda w: incidents.add_task(
                w.incident, "Isolate the host", description="At once.", assignee=w.tier2, due=LATER, actor=w.actor
            ),
            refuse=lambda w: incidents.add_task(w.incident, " ", actor=w.actor),
            again="anew",
        ),
        Scenario(lambda w: incidents.add_task(w.incident, "Once", actor=w.actor, batch=FIRST_SAVE)),
    ],
    "incidents.commands.tasks.change_task": [
        Scenario(
            lambda w: incidents.change_task(
                w.kept["task"],
                TaskChanges(
                    title="Isolate FIN-WS-17",
                    description="",
                    assignee=w.tier2,
                    due=LATER,
                    state=TaskState.COMPLETED,
                    closing_note="Done by hand.",
                ),
                actor=w.actor,
            ),
            refuse=lambda w: incidents.change_task(w.kept["task"], TaskChanges(title="x" * 201), actor=w.actor),
            before=with_task,
        )
    ],
    "incidents.commands.tasks.move_task": [
        Scenario(
            lambda w: incidents.move_task(w.kept["next"], up=True, actor=w.actor),
            refuse=lambda w: incidents.move_task(w.kept["gone"], up=True, actor=w.actor),
            before=lambda w: (with_task(w), _removed(w)),
        )
    ],
    "incidents.commands.tasks.remove_task": [
        Scenario(lambda w: incidents.remove_task(w.kept["task"], actor=w.actor), before=with_task)
    ],
    "incidents.commands.task_templates.save_task_template": [
        Scenario(
            lambda w: incidents.save_task_template("Malware", STEPS, actor=w.actor),
            refuse=lambda w: incidents.save_task_template("Malware", [], actor=w.actor),
            again="refused",
        )
    ],
    "incidents.commands.task_templates.change_task_template": [
        Scenario(
            lambda w: incidents.change_task_template(
                w.kept["template"], "Ransomware", STEPS[:1], based_on=1, actor=w.actor
            ),
            refuse=lambda w: incidents.change_task_template(w.kept["template"], "", STEPS, actor=w.actor),
            before=keep_template,
        )
    ],
    "incidents.commands.task_templates.delete_task_template": [
        Scenario(lambda w: incidents.delete_task_template(w.kept["template"], actor=w.actor), before=keep_template)
    ],
    "incidents.commands.task_templates.apply_task_template": [
        Scenario(
            lambda w: incidents.apply_task_template(w.incident, w.kept["template"], actor=w.actor),
            before=keep_template,
        )
    ],
    "ingest.commands.correlation_rules.change_correlation_rule": [
        Scenario(
            widened,
            refuse=lambda w: change_correlation_rule(
                replace(WIDER, window=timedelta(0)), 3, based_on=1, actor=w.actor
            ),
        ),
        Scenario(lambda w: change_correlation_rule(SHIPPED["same_user"], 1, based_on=1, actor=w.actor)),
    ],
    "ingest.commands.correlation_rules.reset_correlation_rule": [
        Scenario(lambda w: reset_correlation_rule("same_device", actor=w.actor), before=widened)
    ],
    "webhooks.commands.subscriptions.create_subscription": [
        Scenario(
            lambda w: create_subscription(webhook("New"), reader=w.ada, actor=w.actor),
            refuse=lambda w: create_subscription(webhook(query="tags=vip"), reader=w.ada, actor=w.actor),
            again="anew",
        )
    ],
    "webhooks.commands.subscriptions.change_subscription": [
        Scenario(
            lambda w: change_subscription(
                w.kept["webhook"],
                webhook("Chat", query="severity=high", with_texts=True, with_restricted=True, is_on=False),
                reader=w.lee,
                based_on=1,
                actor=w.actor,
            ),
            refuse=lambda w: change_subscription(
                w.kept["webhook"],
                webhook(address="http://10.0.0.5/"),
                reader=w.lee,
                based_on=1,
                actor=w.actor,
            ),
            before=make_webhook,
        )
    ],
    "webhooks.commands.subscriptions.switch_subscription": [
        Scenario(
            lambda w: switch_subscription(w.kept["webhook"], is_on=False, actor=w.actor), before=make_webhook
        )
    ],
    "webhooks.commands.subscriptions.stop_subscription": [
        Scenario(lambda w: stop_subscription(w.kept["webhook"], "it is gone", actor=w.actor), before=make_webhook)
    ],
    "webhooks.commands.subscriptions.delete_subscription": [
        Scenario(
            lambda w: delete_subscription(w.kept["webhook"], actor=w.actor), before=make_webhook, again="refused"
        )
    ],
    "webhooks.commands.subscriptions.show_secret": [
        Scenario(
            lambda w: show_secret(w.kept["webhook"], actor=w.actor),
            before=make_webhook,
            rows_change=False,
            again="anew",
        )
    ],
    "webhooks.commands.subscriptions.rotate_secret": [
        Scenario(lambda w: rotate_secret(w.kept["webhook"], actor=w.actor), before=make_webhook, again="anew")
    ],
    "webhooks.commands.replaying.send_test": [
        Scenario(lambda w: send_test(w.kept["webhook"], actor=w.actor), before=make_webhook, again="anew")
    ],
    "webhooks.commands.replaying.replay": [
        Scenario(lambda w: replay(w.kept["message"], actor=w.actor), before=given_up)
    ],
    "webhooks.commands.replaying.replay_failed": [
        Scenario(
            lambda w: replay_failed(w.kept["webhook"], principal=w.ada, actor=w.actor),
            before=given_up,
        )
    ],
    "ingest.commands.tuning_rules.create_tuning_rule": [
        Scenario(
            lambda w: create_tuning_rule(tuning(w), actor=w.actor),
            refuse=lambda w: create_tuning_rule(tuning(w, reason=" "), actor=w.actor),
            again="anew",
        )
    ],
    "ingest.commands.tuning_rules.change_tuning_rule": [
        Scenario(
            lambda w: change_tuning_rule(
                w.kept["tuning"],
                tuning(w, name="Scanners", action=TuningAction.MARK, tags=("scan",), expires_at=None, is_on=False),
                based_on=1,
                actor=w.actor,
            ),
            refuse=lambda w: change_tuning_rule(
                w.kept["tuning"], tuning(w, conditions={}), based_on=1, actor=w.actor
            ),
            before=make_tuning,
        )
    ],
    "ingest.commands.tuning_rules.delete_tuning_rule": [
        Scenario(
            lambda w: delete_tuning_rule(w.kept["tuning"], actor=w.actor), before=make_tuning, again="refused"
        )
    ],
    "ingest.commands.taking_in.ingest_batch": [
        Scenario(grown),
        Scenario(grown, before=snoozed),
        Scenario(grown, before=assigned),
        Scenario(
            lambda w: ingest_batch([alert("9", title="Handled", status=AlertStatus.RESOLVED)], actor=w.actor)
        ),
    ],
}  # fmt: skip
EACH = [
    pytest.param(name, scenario, id=f"{name.rpartition('.')[2]}-{number}")
    for name, scenarios in SCENARIOS.items()
    for number, scenario in enumerate(scenarios, 1)
]


with_passkey = remember("passkey", lambda w: accounts.add_passkey(w.ana, {"id": "kept"}, name="Laptop", actor=w.actor))


def many_passkeys(world: World, number: int) -> None:
    for one in range(number):
        accounts.add_passkey(world.ana, {"id": str(one)}, name=f"Key {one}", actor=world.actor)


def demanded_of_two(world: World) -> None:
    """Two people whose role takes a second factor, one with two and one with one."""
    with_passkey(world)
    accounts.add_passkey(world.ana, {"id": "other"}, name="Phone", actor=world.actor)
    world.kept["only"] = accounts.add_passkey(world.lee, {"id": "lee"}, name="Key", actor=world.actor)
    for one in (world.ana, world.lee):
        accounts.demand_second_factor(one.role, True, actor=world.actor)


def invited(world: World, **more: Any) -> None:
    said = {"role": "analyst", "teams": ["tier2"], "expires_at": IN_A_WEEK, "actor": world.actor, **more}
    world.kept["invitation"], _ = accounts.invite(**said)


def work_for_tier2(world: World) -> None:
    """An incident, a task on another, and an alert of that."""
    incidents.assign(world.incident, world.tier2, actor=world.actor)
    incidents.add_task(world.other, "Call the owner", assignee=world.tier2, actor=world.actor)
    numbers = list(world.other.alerts.values_list("pk", flat=True))
    incidents.assign_alerts(world.other, numbers, world.tier2, actor=world.actor)


def ana_is_in(world: World) -> None:
    session = SessionStore()
    session.create()
    accounts.keep_session(session.session_key or "", world.ana, "192.0.2.7", "Firefox on Linux")
    world.kept["session"] = PersonSession.objects.get()


def refused_long_ago(user: User) -> None:
    """Somebody gave a wrong password for this person, six minutes ago."""
    accounts.count_refusal(Knock.SIGN_IN_REFUSED, user=user)
    then = timezone.now() - timedelta(minutes=6)
    Untold.objects.update(first_at=then, last_at=then)


def _removed(world: World) -> None:
    world.kept["gone"] = incidents.add_task(world.incident, "Not needed", actor=world.actor)
    incidents.remove_task(world.kept["gone"], actor=world.actor)


def _without_people() -> None:
    with connection.cursor() as cursor:
        for table in ("accounts_team_members", "accounts_user"):
            cursor.execute(f"DELETE FROM {table}")


# What the tables hold -----------------------------------------------------------------------------------------------

SEARCH = {"incidents_incidentsearch", "incidents_access"}
"""Made from the others, and no state of its own."""
LOG = {"activity_entry", "activity_body"}
COUNTERS = {"alerts_alert": {"repeats", "last_repeat_at"}}
"""Columns that count without being recorded, since nothing about an incident changes: alerts sent again unchanged."""

Rows = dict[tuple[str, str], dict[str, Any]]


def all_rows() -> Rows:
    """Every row of every table but the log's: (table, key) → values."""
    rows: Rows = {}
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - LOG - SEARCH
    known_tables = sorted(table for table in tables if table.startswith((*OURS, "mfa", "socialaccount")))
    each = " UNION ALL ".join(f"SELECT '{table}', to_jsonb({table})::text FROM {table}" for table in known_tables)
    with connection.cursor() as cursor:
        cursor.execute(each)
        for table, text in cursor.fetchall():
            counted, known = COUNTERS.get(table, set()), json.loads(text)
            rows[table, str(known.get("id") or known.get("alert_id") or known.get("slug"))] = {
                name: value for name, value in known.items() if name not in counted
            }
    return rows


ALERT_FIELDS = (
    *("title", "description", "classification", "determination", "categories", "techniques", "service_source"),
    *("detection_source", "product_name", "detector_id", "recommended_actions", "source_url", "source_incident"),
)
Shown = dict[tuple[str, str], dict[str, Any]]


def shown() -> Shown:
    """Everything that has entries, by subject, as the log shows its fields."""
    return dict(_shown())


def _shown() -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for incident in Incident.objects.select_related("assignee_user", "assignee_team"):
        names = Tag.objects.filter(incidents=incident).values_list("name", flat=True)
        yield (
            ("incident", str(incident.pk)),
            {
                "name": incident.name,
                "name_is_manual": incident.name_is_manual,
                "severity": Severity(incident.severity).slug,
                "severity_is_manual": incident.severity_is_manual,
                "status": IncidentStatus(incident.status).slug,
                "classification": incident.classification,
                "determination": incident.determination,
                "assignee": assignee_value(incident.assignee_user, incident.assignee_team),
                "tags": sorted(names, key=str.lower),
                "restricted": incident.restricted,
                "members": words_of_members(incident),
                "alerts_total": incident.alerts_total,
                "alerts_active": incident.alerts_active,
                "first_activity": incident.first_activity.isoformat(),
                "last_activity": incident.last_activity.isoformat(),
                "service_sources": incident.service_sources,
                "categories": incident.categories,
                "asset_counts": incident.asset_counts,
                "related_to": incident.related_to_id,
                "snoozed_until": incident.snoozed_until.isoformat() if incident.snoozed_until else None,
                "due_at": incident.due_at.isoformat() if incident.due_at else None,
            },
        )
    for task in Task.objects.select_related("assignee_user", "assignee_team"):
        yield (
            ("task", str(task.pk)),
            {
                "title": task.title,
                "assignee": assignee_value(task.assignee_user, task.assignee_team),
                "due_at": task.due_at.isoformat() if task.due_at else None,
                "state": task.state,
                "removed": task.removed_at is not None,
            },
        )
    for file in Attachment.objects.all():
        moments = {"removed": file.removed_at, "erased": file.erased_at, "damaged": file.damaged_at}
        yield ("attachment", str(file.pk)), {name: moment is not None for name, moment in moments.items()}
    for template in TaskTemplate.objects.all():
        is_there = template.deleted_at is None
        items = [asdict(item) | {"label": item.title} for item in items_of(template)]
        yield (
            ("task_template", str(template.pk)),
            {"name": template.name if is_there else None, "tasks": items if is_there else None},
        )
    for row in Alert.objects.select_related("assignee_user", "assignee_team"):
        yield (
            ("alert", str(row.pk)),
            {
                **{name: getattr(row, name) for name in ALERT_FIELDS},
                "severity": Severity(row.severity).slug,
                "status": AlertStatus(row.status).slug,
                "assignee": assignee_value(row.assignee_user, row.assignee_team),
                "last_activity": row.last_activity.isoformat(),
                "evidence_count": Evidence.objects.filter(alert=row).count(),
            },
        )
    for entity in Entity.objects.all():
        pieces = list(Evidence.objects.filter(entity=entity).order_by("pk"))
        notes = [piece.note for piece in pieces if piece.added_by]
        yield (
            ("entity", str(entity.pk)),
            {name: as_logged(pieces, name) for name in ("verdict", "remediation_status")} | {"note": "".join(notes)},
        )
    for user in User.objects.select_related("role"):
        names = ("username", "display_name", "email", "is_active", *accounts.PREFERENCES)
        yield ("user", str(user.pk)), {"role": user.role.slug, **{name: getattr(user, name) for name in names}}
    for passkey in Authenticator.objects.filter(type="webauthn"):
        yield ("passkey", str(passkey.pk)), {"name": passkey.data["name"]}
    for team in Team.objects.all():
        members = sorted(team.members.values_list("username", flat=True))
        deleted = team.deleted_at is not None
        yield ("team", str(team.pk)), {"name": team.name, "members": members, "deleted": deleted}
    for role in Role.objects.all():
        values = {"name": role.name, "permissions": ordered(role.permissions)}
        yield ("role", str(role.pk)), values | {"demands_second_factor": role.demands_second_factor}
    for gone in Entry.objects.filter(verb="role.deleted"):
        yield ("role", gone.subject_id), {"name": None, "permissions": None, "demands_second_factor": False}
    for invitation in Invitation.objects.select_related("role", "user"):
        yield (
            ("invitation", str(invitation.pk)),
            {
                "role": invitation.role.slug if invitation.role else None,
                "teams": sorted(invitation.teams.values_list("slug", flat=True)),
                "expires_at": invitation.expires_at.isoformat(),
                "withdrawn_at": invitation.withdrawn_at and invitation.withdrawn_at.isoformat(),
                "accepted_at": invitation.accepted_at and invitation.accepted_at.isoformat(),
                "user": invitation.user.username if invitation.user else None,
            },
        )
    for view in SavedView.objects.select_related("team"):
        is_there = view.deleted_at is None
        yield (
            ("saved_view", str(view.pk)),
            {
                "name": view.name if is_there else None,
                "query": view.query if is_there else None,
                "shared_with": shared_with(Audience(view.audience), view.team) if is_there else None,
            },
        )
    for retention in RetentionRule.objects.all():
        yield ("retention", str(retention.pk)), {"days": retention.days}
    for rule in join_rules().rules:
        yield ("correlation_rule", rule.slug), rule.as_values()
    yield ("correlation_order", "1"), {"order": RuleBook.objects.get().order}
    for tuning_rule in TuningRule.objects.select_related("owner"):
        values = told_of_tuning(tuning_rule)
        is_there = tuning_rule.deleted_at is None
        yield ("tuning_rule", str(tuning_rule.pk)), values if is_there else dict.fromkeys(values)
    for each in AssetClassification.objects.all():
        yield ("asset_classification", str(each.pk)), {name: getattr(each, name) for name in CLASSIFICATION_FIELDS}
    for gone in Entry.objects.filter(verb="asset_classification.deleted"):
        yield ("asset_classification", gone.subject_id), dict.fromkeys(CLASSIFICATION_FIELDS)
    for entity in Entity.objects.all():
        names = ("criticality", "criticality_by_hand")
        yield ("asset", str(entity.pk)), {name: getattr(entity, name) for name in names}
    for hook in Subscription.objects.with_reader():
        values = told_of_webhook(hook)
        yield ("webhook", str(hook.pk)), values if hook.deleted_at is None else dict.fromkeys(values)
    for token in AccessToken.objects.select_related("role", "owner"):
        yield (
            ("token", str(token.pk)),
            {
                "role": token.role.slug if token.role else None,
                "owner": token.owner.username if token.owner else None,
                "permissions": token.permissions,
                "source": token.source,
                "expires_at": token.expires_at.isoformat() if token.expires_at else None,
                "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
            },
        )


def ordered(permissions: list[str]) -> list[str]:
    return [str(each) for each in Permission if each in permissions]


def told(entries: list[Entry]) -> dict[tuple[str, str], dict[str, tuple[Any, Any]]]:
    """What entries say, subject by subject: field → first old and last new value."""
    said: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {}
    for entry in entries:
        subject = (entry.subject_kind or "incident", entry.subject_id or str(entry.incident_id))
        parts = [(subject, entry.changes)]
        parts.append((("incident", str(entry.incident_id)), entry.facts.get("incident_changes", [])))
        for about, changes in parts:
            fields = said.setdefault(about, {}) if changes else {}
            for change in changes:
                first_old = fields.get(change["field"], (change["old"], None))[0]
                fields[change["field"]] = (first_old, change["new"])
    return said


def same(one: Any, other: Any) -> bool:
    return one == other or (one in (None, "", []) and other in (None, "", []))


def entries_after(last: int) -> list[Entry]:
    return list(Entry.objects.filter(pk__gt=last).order_by("pk"))


def last_entry() -> int:
    return max(Entry.objects.values_list("pk", flat=True), default=0)


# The promises -------------------------------------------------------------------------------------------------------


def test_every_command_has_a_scenario() -> None:
    assert {name for name in COMMANDS if name.startswith(OURS)} == SCENARIOS.keys()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_its_actor_is_named_by_keyword(name: str) -> None:
    actor = inspect.signature(COMMANDS[name]).parameters["actor"]
    assert actor.kind is inspect.Parameter.KEYWORD_ONLY
    assert actor.default is inspect.Parameter.empty


@pytest.mark.parametrize(("name", "scenario"), EACH)
def test_what_it_changes_is_recorded_and_doing_it_again_leaves_no_trace(
    world: World, name: str, scenario: Scenario
) -> None:
    scenario.before(world)
    rows, before, last = all_rows(), shown(), last_entry()
    scenario.act(world)
    after, changed_rows, entries = shown(), all_rows(), entries_after(last)
    assert (changed_rows != rows) == scenario.rows_change
    is_told_as_it_changed(name, entries, before, after)
    system = {"Watchfloor", "Correlation"} if "ingest" in name or "alerts." in name else set()
    assert {entry.actor_label for entry in entries} <= {world.actor.label} | system
    leaves_no_trace_again(world, scenario, changed_rows)


def is_told_as_it_changed(name: str, entries: list[Entry], before: Shown, after: Shown) -> None:
    """Each entry's old and new value is what was and is there, and nothing changed without an entry."""
    assert entries
    said = told(entries)
    for subject, fields in said.items():
        for changed, (old, new) in fields.items():
            assert same(before.get(subject, {}).get(changed), old), f"{subject} {changed}: old value"
            assert same(after[subject][changed], new), f"{subject} {changed}: new value"
    derived = {"alerts_active"} if "alerts." in name else set()
    for subject in before.keys() & after.keys():
        for changed, old in before[subject].items():
            if old != after[subject][changed] and changed not in derived:
                assert changed in said.get(subject, {}), f"{subject} {changed} changed without an entry"


def leaves_no_trace_again(world: World, scenario: Scenario, rows: Rows) -> None:
    """The same once more, upon what it left."""
    last = last_entry()
    if scenario.again == "refused":
        with pytest.raises(Refused):
            scenario.act(world)
    else:
        scenario.act(world)
    if scenario.again == "anew":
        assert len(entries_after(last)) == 1
    else:
        assert entries_after(last) == []
        assert all_rows() == rows


@pytest.mark.parametrize(("name", "scenario"), [each for each in EACH if each.values[1].refuse])  # type: ignore[union-attr]
def test_refused_it_leaves_no_trace(world: World, name: str, scenario: Scenario) -> None:
    assert scenario.refuse is not None
    scenario.before(world)
    rows, last = all_rows(), last_entry()
    with pytest.raises(Refused) as refused:
        scenario.refuse(world)
    assert refused.value.problem
    assert entries_after(last) == []
    assert all_rows() == rows


@pytest.mark.parametrize(("name", "scenario"), EACH)
def test_what_cannot_be_recorded_is_not_done(world: World, name: str, scenario: Scenario) -> None:
    """An actor whose name the log cannot hold: the change and its entry stand or fall together."""
    scenario.before(world)
    rows, last = all_rows(), last_entry()
    world.actor = replace(world.actor, label="Lee\x00")
    with pytest.raises((ValueError, DataError), match=r"NUL|u0000"):
        scenario.act(world)
    assert entries_after(last) == []
    assert all_rows() == rows
