"""Roles as pages and API show them: who may what."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from accounts.choices import PERMISSION_GROUPS, Permission
from accounts.models import Role


def roles() -> list[Role]:
    """All of them, those that allow least first, with how many active people have each."""
    counted = Role.objects.annotate(people=Count("users", filter=Q(users__is_active=True)))
    return sorted(counted, key=lambda role: (len(role.permissions), role.name))


def table() -> dict[str, Any]:
    """Rights by roles: a column for each role, a row for each right, in groups."""
    found = roles()
    columns = [
        {
            "name": role.name,
            "url": reverse("roles:role", args=[role.slug]),
            "people": getattr(role, "people", 0),
            "people_url": f"{reverse('people:overview')}?role={role.slug}",
        }
        for role in found
    ]
    groups = [
        {"label": label, "rows": [_row(permission, found) for permission in permissions]}
        for label, permissions in PERMISSION_GROUPS
    ]
    return {"columns": columns, "groups": groups}


def _row(permission: Permission, found: list[Role]) -> dict[str, Any]:
    return {
        "label": permission.label,
        "explanation": permission.explanation,
        "cells": [{"role": role.name, "allows": role.allows(permission)} for role in found],
    }


def plain(found: list[Role]) -> list[dict[str, Any]]:
    """As the API gives them."""
    return [
        {
            "slug": role.slug,
            "name": role.name,
            "permissions": [str(each) for each in Permission if role.allows(each)],
            "is_built_in": role.is_built_in,
        }
        for role in found
    ]
