"""Who may give what to whom: nobody makes themselves more than they are (threats T5; TheHive, CVE-2017-18376)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.choices import PERMISSION_GROUPS, Permission
from accounts.commands import (
    activate,
    change_role,
    change_user,
    create_role,
    create_token,
    create_user,
    deactivate,
    delete_role,
    invite,
    redefine_role,
    set_members,
    set_password,
)
from accounts.models import Role, Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Conflict, Refused
from tests.conftest import person

IN_A_WEEK = timezone.now() + timedelta(days=7)


@pytest.fixture
def clerk(db: None) -> User:
    """Manages people, and may see incidents; nothing else."""
    create_role("Clerk", [Permission.SEE_INCIDENTS, Permission.MANAGE_PEOPLE], actor=SYSTEM)
    return person("cleo", "Cleo Marsh", "clerk")


def field_of(act: Callable[[], object]) -> str:
    before = Entry.objects.count()
    with pytest.raises(Refused) as refused:
        act()
    assert Entry.objects.count() == before
    return refused.value.field


def test_every_right_is_explained_and_shown_once() -> None:
    assert all(permission.explanation for permission in Permission)
    shown = [permission for _, permissions in PERMISSION_GROUPS for permission in permissions]
    assert sorted(shown) == sorted(Permission)


def test_nobody_gives_what_they_may_not(clerk: User, ana: User, vic: User) -> None:
    actor = clerk.as_actor()
    for act in (
        lambda: create_user("mia", actor=actor, display_name="Mia", role="admin", password=None),
        lambda: change_role(vic, "analyst", actor=actor),
        lambda: change_user(clerk, role="admin", actor=actor),
        lambda: invite(actor=actor, role="lead", note="x", expires_at=IN_A_WEEK),
        lambda: create_token("script", actor=actor, role="analyst"),
    ):
        assert field_of(act) == "role"
    assert field_of(lambda: create_token("zeek", actor=actor, source="zeek")) == "source"
    assert field_of(lambda: create_role("Mine", [Permission.EXPORT], actor=actor)) == "permissions"
    own = list(clerk.role.permissions)
    assert field_of(lambda: redefine_role(clerk.role, permissions=[*own, "export"], actor=actor)) == "permissions"
    assert field_of(lambda: redefine_role(ana.role, permissions=["see_incidents"], actor=actor)) == "permissions"


def test_rights_that_the_actor_has_just_lost_are_lost(clerk: User, ada: User) -> None:
    """The actor at hand was made before; what counts is what is stored."""
    actor = clerk.as_actor()
    deactivate(clerk, actor=SYSTEM)
    assert field_of(lambda: create_user("mia", actor=actor, display_name="Mia", role="clerk", password=None)) == "role"


def test_a_token_gives_no_more_than_it_may(db: None) -> None:
    token, _ = create_token("clerk's script", actor=SYSTEM, role="analyst")
    assert field_of(lambda: create_role("Mine", [Permission.EMPTY_TEXTS], actor=token.as_actor())) == "permissions"
    assert create_role("Eyes", [Permission.SEE_INCIDENTS], actor=token.as_actor()).slug == "eyes"


def test_nobody_becomes_somebody_who_may_more(clerk: User, ada: User) -> None:
    """By another address or another password for them."""
    actor = clerk.as_actor()
    assert field_of(lambda: change_user(ada, email="mine@example.org", actor=actor)) == "email"
    assert field_of(lambda: change_user(ada, role="clerk", actor=actor)) == "role"
    assert field_of(lambda: set_password(ada, "another-horse-battery", actor=actor)) == ""
    person("max", "Max Orta", "admin")
    assert not deactivate(ada, actor=actor).is_active  # that may have to be done at once
    assert field_of(lambda: activate(ada, actor=actor)) == ""


def test_break_glass_is_given_to_others_and_never_to_oneself(ada: User, ana: User) -> None:
    actor = ada.as_actor()
    assert change_role(ana, "lead", actor=actor).may(Permission.BREAK_GLASS)
    assert field_of(lambda: change_role(ada, "lead", actor=actor)) == "role"
    own = [*ada.role.permissions, Permission.SEE_RESTRICTED]
    assert field_of(lambda: redefine_role(ada.role, permissions=own, actor=actor)) == "permissions"
    head = create_role("Head", [Permission.SEE_INCIDENTS, Permission.SEE_RESTRICTED], actor=actor)
    assert field_of(lambda: change_user(ada, role=head.slug, actor=actor)) == "role"


def test_nobody_puts_themselves_into_a_team_that_is_there(ada: User, tier2: Team) -> None:
    everybody = [*tier2.members.all(), ada]
    assert field_of(lambda: set_members(tier2, everybody, actor=ada.as_actor())) == "members"
    assert field_of(lambda: change_user(ada, teams=["tier2"], actor=ada.as_actor())) == "members"
    other = person("max", "Max Orta", "admin")
    assert ada in set_members(tier2, everybody, actor=other.as_actor()).members.all()


def test_the_last_who_manages_people_stays(ada: User, ana: User) -> None:
    actor = ada.as_actor()
    assert field_of(lambda: deactivate(ada, actor=actor)) == ""
    assert field_of(lambda: deactivate(ada, actor=SYSTEM)) == ""
    assert field_of(lambda: change_user(ada, role="analyst", actor=actor)) == "role"
    assert field_of(lambda: redefine_role(ada.role, permissions=["see_incidents"], actor=actor)) == "permissions"
    other = person("max", "Max Orta", "admin")
    assert not deactivate(ada, actor=other.as_actor()).is_active
    assert field_of(lambda: deactivate(other, actor=SYSTEM)) == ""


@pytest.mark.django_db(transaction=True)
def test_two_who_shut_each_other_out_at_once_are_not_both_gone(ada: User) -> None:
    other = person("max", "Max Orta", "admin")
    refused = []

    def shut_out(who: User, by: User) -> None:
        try:
            deactivate(who, actor=by.as_actor())
        except Refused as problem:
            refused.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=shut_out, args=pair) for pair in ((ada, other), (other, ada))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert User.objects.who_may(Permission.MANAGE_PEOPLE).count() == 1
    assert len(refused) == 1


def test_a_role_that_came_along_stays_and_one_in_use_names_who_has_it(ada: User, clerk: User) -> None:
    actor = ada.as_actor()
    with pytest.raises(Refused, match="came with the installation"):
        delete_role(Role.objects.get(slug="reader"), actor=actor)
    create_token("desk", actor=SYSTEM, role="clerk")
    invite(actor=SYSTEM, role="clerk", note="The new clerk", expires_at=IN_A_WEEK)
    with pytest.raises(Refused, match="Cleo Marsh, the token “desk”, the invitation of The new clerk have it"):
        delete_role(clerk.role, actor=actor)


def test_what_others_changed_meanwhile_is_not_undone_unseen(ada: User, ana: User) -> None:
    actor, analyst = ada.as_actor(), ana.role
    seen = {"name": "Analyst", "permissions": [str(each) for each in Permission if analyst.allows(each)]}
    redefine_role(analyst, permissions=[*seen["permissions"], "merge_incidents"], actor=SYSTEM)
    redefine_role(analyst, name="Hunter", permissions=None, was=seen, actor=actor)  # another field
    with pytest.raises(Conflict) as conflict:
        redefine_role(analyst, permissions=["see_incidents"], was=seen, actor=actor)
    assert [(each.field, each.changed_by) for each in conflict.value.conflicts] == [("permissions", "Watchfloor")]
