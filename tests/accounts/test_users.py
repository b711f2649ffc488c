"""People: invited, given a role, shut out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.choices import Permission
from accounts.commands import activate, change_role, create_first_administrator, create_user, deactivate
from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.models import Entry
from common.errors import Refused


def made(username: str, **more: str) -> User:
    return create_user(
        username, actor=SYSTEM, **{"display_name": "Mia Chen", "role": "analyst", "password": None, **more}
    )


def test_a_username_is_kept_in_lower_case(db: None) -> None:
    assert made("Mia.Chen").username == "mia.chen"


@pytest.mark.parametrize("username", ["", "-mia", "mia chen", "mia@x", "é", "m" * 61, "mia\n", "team:tier2", "mia\x00"])
def test_a_username_fits_into_addresses_and_mentions(db: None, username: str) -> None:
    with pytest.raises(Refused) as refused:
        made(username)
    assert refused.value.field == "username"
    assert not User.objects.exists()


def test_names_and_addresses_are_taken_once_whatever_their_case(db: None) -> None:
    made("mia", email="mia@example.org")
    for again in ({"username": "MIA"}, {"username": "mia2", "email": "MIA@example.org"}):
        with pytest.raises(Refused):
            made(**again)
    made("noaddress1")
    made("noaddress2")


def test_the_database_itself_keeps_names_apart(db: None, ana: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="Ana2", display_name="x", role=ana.role)


@pytest.mark.parametrize(("field", "value"), [("email", "nobody"), ("display_name", ""), ("role", "emperor")])
def test_what_cannot_be_is_refused_at_its_field(db: None, field: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        made("mia", **{field: value})
    assert refused.value.field == field


def test_an_unknown_role_is_refused_with_those_that_are(db: None) -> None:
    with pytest.raises(Refused, match="admin, analyst, lead, reader"):
        made("mia", role="emperor")


def test_without_a_password_nobody_signs_in(db: None) -> None:
    assert not made("mia").has_usable_password()


def test_no_password_stands_in_the_log(db: None) -> None:
    user = made("mia", password="correct-horse-battery", email="mia@example.org")
    assert user.check_password("correct-horse-battery")
    entry = Entry.objects.of_system().get(verb="user.created")
    assert entry.changes == [
        {"field": "username", "old": None, "new": "mia"},
        {"field": "role", "old": None, "new": "analyst"},
        {"field": "email", "old": "", "new": "mia@example.org"},
    ]
    assert "correct-horse" not in str([*Entry.objects.values()])


def test_a_role_is_exchanged_and_recorded(ana: User) -> None:
    assert not ana.may(Permission.MERGE_INCIDENTS)
    assert change_role(ana, "lead", actor=SYSTEM).may(Permission.MERGE_INCIDENTS)
    entry = Entry.objects.of_system().get(verb="user.role_changed")
    assert (entry.subject_label, entry.changes) == ("Ana Ruiz", [{"field": "role", "old": "analyst", "new": "lead"}])


def test_deactivated_one_may_nothing_and_comes_back_as_one_was(ana: User) -> None:
    gone = deactivate(ana, actor=SYSTEM)
    assert not any(gone.may(permission) for permission in Permission)
    assert activate(gone, actor=SYSTEM).may(Permission.EDIT_INCIDENTS)
    assert [entry.verb for entry in Entry.objects.of_system().order_by("sequence")][-2:] == [
        "user.deactivated",
        "user.activated",
    ]


def test_a_session_ends_with_deactivation(ana: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    assert client.get(reverse("preferences")).status_code == 200
    deactivate(ana, actor=SYSTEM)
    assert client.get(reverse("preferences")).status_code == 302


def test_the_first_administrator_comes_once(db: None) -> None:
    first = create_first_administrator(actor=COMMAND_LINE)
    assert first is not None
    user, password = first
    assert user.check_password(password)
    assert user.may(Permission.MANAGE_PEOPLE)
    assert create_first_administrator(actor=COMMAND_LINE) is None
    assert User.objects.count() == 1


def test_the_first_start_prints_a_sign_in_once(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("first_start")
    assert '"username": "admin"' in capsys.readouterr().out
    call_command("first_start")
    assert capsys.readouterr().out == "{}\n"


@pytest.mark.parametrize(
    ("name", "initials"), [("Ana Ruiz", "AR"), ("Ana María Ruiz", "AR"), ("ana", "AN"), ("x", "X")]
)
def test_initials(name: str, initials: str) -> None:
    assert User(username="ana", display_name=name).initials == initials
