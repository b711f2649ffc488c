"""What roles allow: least privilege, denied by default."""

from __future__ import annotations

import pytest

from accounts.choices import BUILT_IN_ROLES, Permission
from accounts.models import Role, User

READ = {Permission.SEE_INCIDENTS, Permission.EXPORT}
ANALYST = READ | {Permission.EDIT_INCIDENTS, Permission.BULK_EDIT}
LEAD = ANALYST | {
    Permission.MODERATE_COMMENTS,
    Permission.MERGE_INCIDENTS,
    Permission.RESTRICT_INCIDENTS,
    Permission.BREAK_GLASS,
    Permission.MANAGE_RULES,
}
ADMIN = set(Permission) - {Permission.BREAK_GLASS, Permission.SEE_RESTRICTED}


@pytest.mark.parametrize(
    ("role", "allowed"), [("reader", READ), ("analyst", ANALYST), ("lead", LEAD), ("admin", ADMIN)]
)
def test_a_new_installation_has_the_four_roles(db: None, role: str, allowed: set[Permission]) -> None:
    stored = Role.objects.get(slug=role)
    assert {permission for permission in Permission if stored.allows(permission)} == allowed
    assert (stored.name, set(BUILT_IN_ROLES[role][1])) == (BUILT_IN_ROLES[role][0], allowed)


def test_a_role_without_permissions_allows_nothing(otto: User) -> None:
    assert not any(otto.may(permission) for permission in Permission)


def test_only_administrators_manage_people_and_read_the_system_log(vic: User, ana: User, lee: User, ada: User) -> None:
    for permission in (Permission.MANAGE_PEOPLE, Permission.SEE_SYSTEM_LOG):
        assert [person.may(permission) for person in (vic, ana, lee, ada)] == [False, False, False, True]


def test_a_dropped_permission_is_gone_at_the_next_question(ana: User) -> None:
    assert ana.may(Permission.EDIT_INCIDENTS)
    Role.objects.filter(slug="analyst").update(permissions=[])
    assert not User.objects.get(pk=ana.pk).may(Permission.EDIT_INCIDENTS)


def test_who_may_finds_active_people_whose_role_allows_it(vic: User, ana: User, lee: User, otto: User) -> None:
    lee.is_active = False
    lee.save()
    assert set(User.objects.who_may(Permission.EDIT_INCIDENTS)) == {ana}
    assert set(User.objects.who_may(Permission.SEE_INCIDENTS)) == {vic, ana}
