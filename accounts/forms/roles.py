"""Shape and wording of what a role allows."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.choices import KEPT_APART, Permission
from accounts.forms.people import Seen
from accounts.models import Role


class RoleForm(Seen):
    """A name and a box for each right. What is not the person's to give or take is shown as it is, and stays so."""

    REMEMBERED = ("name", "permissions")

    name = forms.CharField(max_length=60, label="Name")
    permissions = forms.MultipleChoiceField(
        required=False, choices=[(each.value, each.label) for each in Permission], label="Rights"
    )

    def __init__(
        self, *args: Any, rights: frozenset[str], has_it: bool = False, role: Role | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kept = frozenset(role.permissions if role else ())
        self.locked = frozenset(Permission) - rights
        if not has_it:
            self.locked -= KEPT_APART

    def clean_permissions(self) -> list[str]:
        """What is ticked, and of what is locked that which the role has."""
        ticked = set(self.cleaned_data["permissions"])
        return [str(each) for each in Permission if each in (ticked - self.locked) | (self.kept & self.locked)]

    def is_ticked(self, permission: Permission) -> bool:
        value: Any = self["permissions"].value()
        return permission in self.kept if permission in self.locked else permission in (value or ())
