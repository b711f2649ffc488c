"""What people set for themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.commands import set_preferences
from accounts.models import User
from activity.models import Entry
from common.errors import Refused
from incidents.models import Incident

PAGE = reverse("preferences")
DARK = {"time_zone": "Asia/Tokyo", "theme": "dark", "density": "compact", "has_shortcuts": "on"}


def test_they_are_saved_and_recorded(ana: User, sign_in: Callable[[User], Client]) -> None:
    assert sign_in(ana).post(PAGE, DARK)["Location"] == PAGE
    ana.refresh_from_db()
    assert (ana.time_zone, ana.theme, ana.density, ana.has_shortcuts) == ("Asia/Tokyo", "dark", "compact", True)
    entry = Entry.objects.of_system().get(verb="user.preferences_changed")
    assert [change["field"] for change in entry.changes] == ["time_zone", "theme", "density"]
    assert (entry.actor_label, entry.subject_label) == ("Ana Ruiz", "Ana Ruiz")


def test_everybody_has_them_whatever_the_role(otto: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(otto)
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE, DARK).status_code == 302


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Mars/Olympus"}, {"time_zone": ""}, {"theme": "pink"}, {"density": "\x00"}]
)
def test_what_cannot_be_is_a_422(ana: User, sign_in: Callable[[User], Client], wrong: dict[str, str]) -> None:
    assert sign_in(ana).post(PAGE, DARK | wrong).status_code == 422
    ana.refresh_from_db()
    assert ana.theme == "auto"


def test_no_other_field_is_written(ana: User, ada: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    before = User.objects.values().get(pk=ana.pk)
    sent = DARK | {"username": "root", "role": ada.role_id, "role_id": ada.role_id, "is_active": "", "email": "x@y.z"}
    client.post(PAGE, sent)
    after = User.objects.values().get(pk=ana.pk)
    assert {name for name in before if before[name] != after[name]} <= {"time_zone", "theme", "density"}


@pytest.mark.parametrize(
    ("preferences", "field"),
    [({"role": "admin"}, "role"), ({"theme": "pink"}, "theme"), ({"time_zone": "../etc/passwd"}, "time_zone")],
)
def test_the_command_refuses_what_is_none(ana: User, preferences: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        set_preferences(ana, preferences, actor=ana.as_actor())
    assert refused.value.field == field


def test_times_stand_in_ones_own_zone(ana: User, incident: Incident, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    assert "2 Nov 2026, 12:00:00 UTC" in client.get(f"/incidents/{incident.pk}/").content.decode()
    set_preferences(ana, {"time_zone": "Asia/Tokyo"}, actor=ana.as_actor())
    assert "2 Nov 2026, 21:00:00 JST" in client.get(f"/incidents/{incident.pk}/").content.decode()


def test_theme_and_density_stand_on_every_page(ana: User, sign_in: Callable[[User], Client]) -> None:
    set_preferences(ana, {"theme": "dark", "density": "compact"}, actor=ana.as_actor())
    page = sign_in(ana).get("/incidents/").content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-density="compact"' in page
