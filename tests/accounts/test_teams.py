"""Teams: renamed, and deleted with what becomes of their work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.commands import create_team, delete_team, rename_team, set_members
from accounts.commands.teams import free_slug
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from incidents.commands import add_task, assign, assign_alerts, leaving, resolve, restrict
from incidents.models import Incident, Task
from tests.conftest import alert, opened


def test_its_work_is_nobodys_and_every_log_says_so(incident: Incident, tier2: Team, ada: User, lee: User) -> None:
    closed, hidden, other = (opened(alert(name, title=name)) for name in ("closed", "hidden", "other"))
    restrict(hidden, [lee, tier2], actor=lee.as_actor())
    for each in (incident, closed, hidden):
        assign(each, tier2, actor=SYSTEM)
    resolve(closed, actor=SYSTEM, note="Done.")
    task = add_task(other, "Call the owner", assignee=tier2, actor=SYSTEM)
    assign_alerts(other, list(other.alerts.values_list("pk", flat=True)), tier2, actor=SYSTEM)
    delete_team(tier2, actor=ada.as_actor())
    teams = dict(Incident.objects.values_list("pk", "assignee_team"))
    assert teams == {incident.pk: None, closed.pk: tier2.pk, hidden.pk: None, other.pk: None}
    assert Task.objects.get(pk=task.pk).assignee_team is None
    assert not other.alerts.exclude(assignee_team=None).exists()
    for each in (incident, hidden, other):
        last = Entry.objects.of_incident(each.pk).order_by("-sequence")[0]
        assert (last.actor_label, last.change_of("assignee")["new"]) == ("Ada Lind", None)  # type: ignore[index]


def test_it_is_said_before_as_far_as_one_sees(
    incident: Incident, tier2: Team, ada: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    hidden = opened(alert("hidden"))
    restrict(hidden, [lee, tier2], actor=lee.as_actor())
    for each in (incident, hidden):
        assign(each, tier2, actor=SYSTEM)
    client = sign_in(ada)
    page = client.get("/settings/teams/of/tier2/delete/").content.decode()
    assert "1 open incident, as far as you may see them, will be assigned to nobody" in page
    assert client.post("/settings/teams/of/tier2/delete/")["Location"] == "/settings/teams/"
    assert client.get("/settings/teams/of/tier2/").status_code == 404


def test_a_team_with_too_much_work_stays(incident: Incident, tier2: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "MOST_LEFT", 0)
    assign(incident, tier2, actor=SYSTEM)
    with pytest.raises(Refused, match="Give most of them to somebody else first"):
        delete_team(tier2, actor=SYSTEM)
    assert Team.objects.present().filter(pk=tier2.pk).exists()
    assert tier2.members.exists()


def test_a_deleted_one_is_offered_and_given_to_nobody(
    incident: Incident, tier2: Team, ana: User, sign_in: Callable[[User], Client]
) -> None:
    delete_team(tier2, actor=SYSTEM)
    for act in (
        lambda: assign(incident, tier2, actor=SYSTEM),
        lambda: rename_team(tier2, "Second line", actor=SYSTEM),
        lambda: set_members(tier2, [ana], actor=SYSTEM),
    ):
        with pytest.raises(Refused, match="was deleted"):
            act()
    client = sign_in(ana)
    assert "Tier 2" not in client.get("/incidents/suggest/assignees/?q=tier").content.decode()
    assert client.get("/incidents/?assignee=team:tier2").status_code == 200  # old links keep working
    assert client.get("/api/v1/teams/").json()["teams"] == []


def test_its_name_is_free_again_and_its_word_in_addresses_is_not(tier2: Team) -> None:
    delete_team(tier2, actor=SYSTEM)
    assert free_slug("tier2") == "tier2-2"
    assert create_team(free_slug("Tier 2"), actor=SYSTEM, name="Tier 2").slug == "tier-2"
    with pytest.raises(Refused) as refused:
        create_team("other", actor=SYSTEM, name="Tier 2")
    assert refused.value.field == "name"
