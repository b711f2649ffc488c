"""Whatever people without the right do, and whatever alerts come in: an outsider sees nothing of a restricted one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from activity.actors import COMMAND_LINE
from activity.models import Entry
from alerts.models import Alert, Evidence
from incidents.commands import add_comment, change_tags, restrict
from incidents.models import Incident, Notice, Tag
from ingest.commands import ingest
from tests.conftest import NOON, alert, device, opened

HERON = "Heron"


@dataclass
class Scene:
    """Ana is named to the secret; Rio, an analyst, and Lee, a lead, are not."""

    secret: Incident
    other: Incident
    ana: Client
    rio: Client
    lee: Client
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def alert(self) -> int:
        return self.secret.alerts.earliest("pk").pk


Act = Callable[[Scene], object]


def post(name: str, who: str, *, of: str = "secret", **sent: Any) -> Act:
    """Send a form of one of the two incidents."""

    def act(scene: Scene) -> object:
        incident: Incident = getattr(scene, of)
        return getattr(scene, who).post(reverse(f"incidents:{name}", args=[incident.pk]), sent)

    return act


def manage(who: str, **changed: Any) -> Act:
    """Save the Manage pane as the person has it, with some fields changed."""

    def act(scene: Scene) -> object:
        client: Client = getattr(scene, who)
        address = reverse("incidents:manage", args=[scene.secret.pk])
        shown = client.get(address)
        start = dict(shown.context["form"].initial) if shown.status_code == 200 else {"version": 1}
        return client.post(address, {key: value for key, value in start.items() if value is not None} | changed)

    return act


def many(who: str, **changed: Any) -> Act:
    def act(scene: Scene) -> object:
        form = {"severity": "keep", "status": "keep", "classification": "keep", **changed}
        numbers = {"incident": [scene.secret.pk, scene.other.pk], "act": "", "once": UUID(int=7)}
        return getattr(scene, who).post(reverse("incidents:manage_many"), numbers | form)

    return act


def take_back(scene: Scene) -> object:
    """Ana undoes whatever of hers was last done."""
    last = Entry.objects.of_incident(scene.secret.pk).filter(batch__isnull=False).order_by("-sequence").first()
    return last and scene.ana.post(reverse("incidents:undo_save", args=[scene.secret.pk, last.batch]))


def merge(who: str, target: str) -> Act:
    def act(scene: Scene) -> object:
        numbers = [scene.secret.pk, scene.other.pk]
        sent = {"incident": numbers, "target": getattr(scene, target).pk, "reason": "One intruder"}
        return getattr(scene, who).post(reverse("incidents:merge"), sent)

    return act


def comes_in(external_id: str) -> Act:
    """An alert of the same device: known, and then an update of the secret's own; or new."""
    return lambda scene: ingest(
        [alert(external_id, title=f"{HERON} again", entities=(device("fin-ws-17"), device("dc-99")))],
        actor=COMMAND_LINE,
    )


ACTS: dict[str, Act] = {
    "ana gives it to rio": manage("ana", assignee="rio"),
    "ana gives it to rio and names him": manage("ana", assignee="rio", names_assignee="on"),
    "ana gives it to his team": manage("ana", assignee="team:tier2"),
    "ana tells rio": manage("ana", comment="@rio @team:tier2 look"),
    "ana resolves it": manage("ana", status="resolved", resolution_note="Done.", unclassified_is_fine="on"),
    "ana reopens it": manage("ana", status="active"),
    "ana gives many to rio": many("ana", assignee="rio"),
    "ana lifts": post("lift_restriction", "ana", reason="x"),
    "ana names rio": post("restriction", "ana", members=["ana", "rio"], reason="x"),
    "ana takes back": take_back,
    "ana puts it off": post("snooze", "ana", preset="1h"),
    "ana merges": merge("ana", "other"),
    "rio follows": post("follow", "rio"),
    "rio takes it": post("assign_to_me", "rio"),
    "rio saves": manage("rio", assignee="rio"),
    "rio gives many to himself": many("rio", assignee="rio"),
    "rio comments": post("comment", "rio", text="@rio"),
    "rio names himself": post("restriction", "rio", members=["rio"], reason="x"),
    "rio breaks the glass": lambda s: s.rio.post(reverse("break_glass"), {"number": s.secret.pk, "reason": "x"}),
    "lee lifts": post("lift_restriction", "lee", reason="x"),
    "lee names rio": post("restriction", "lee", members=["rio"], reason="x"),
    "lee merges it away": merge("lee", "other"),
    "lee merges into it": merge("lee", "secret"),
    "its own alert comes again": comes_in("1"),
    "an alert like it comes": comes_in("like it"),
}  # fmt: skip


class _TakeBack(Exception):
    """Ends an example, and takes back what it wrote."""


def seen_by(rio: User, scene: Scene) -> list[str]:
    """What the outsider sees of it, by every way that leads to incidents."""
    ways = {
        "incident": Incident.objects.visible_to(rio).filter(pk=scene.secret.pk),
        "alerts": Alert.objects.visible_to(rio).filter(incident=scene.secret),
        "evidence": Evidence.objects.visible_to(rio).filter(incident_number=scene.secret.pk),
        "tag": Tag.objects.known_to(rio).filter(name=HERON),
        "notices": Notice.objects.filter(user=rio, incident=scene.secret),
    }
    found = [name for name, rows in ways.items() if rows.exists()]
    listed = scene.rio.get("/api/v1/incidents/?status=any&severity=any&snoozed=any").json()["incidents"]
    return found + ["api"] * (scene.secret.pk in {each["number"] for each in listed})


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(st.sampled_from(sorted(ACTS)), min_size=3, max_size=8))
def test_no_sequence_of_acts_without_the_right_shows_it(
    names: list[str], incident: Incident, ana: User, rio: User, lee: User, tier2: object, sign_in: Any
) -> None:
    with pytest.raises(_TakeBack), transaction.atomic():
        other = opened(alert("other", entities=(device("dc-01"),), at=NOON))
        change_tags(incident, add=[HERON], actor=ana.as_actor())
        restrict(incident, [ana], actor=ana.as_actor())
        add_comment(incident, HERON, actor=ana.as_actor())
        scene = Scene(incident, other, sign_in(ana), sign_in(rio), sign_in(lee))
        for name in names:
            ACTS[name](scene)
            assert seen_by(rio, scene) == [], name
        raise _TakeBack
