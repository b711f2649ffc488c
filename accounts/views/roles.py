"""Roles: who may what, and one role with a box for each right. For whoever manages people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import KEPT_APART, PERMISSION_GROUPS, Permission
from accounts.commands import create_role, delete_role, redefine_role
from accounts.commands.roles import holders_in_words, holders_of
from accounts.forms.people import joined
from accounts.forms.roles import RoleForm
from accounts.models import Role
from accounts.queries import conflicts
from accounts.queries import roles as queries
from common.errors import Conflict, Refused

MANAGE = Permission.MANAGE_PEOPLE


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All rights, and which role has them."""
    return render(request, "settings/roles.html", queries.table())


@needs(get=MANAGE, post=MANAGE)
def new(request: PersonRequest) -> HttpResponse:
    """Make a role."""
    form = RoleForm(request.POST or None, rights=request.user.rights)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            role = create_role(said["name"], said["permissions"], actor=request.user.as_actor())
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            messages.success(request, f"The role “{role.name}” is made; give it to people on their pages.")
            return redirect("roles:overview")
    return _page(request, form, None)


@needs(get=MANAGE, post=MANAGE)
def role(request: PersonRequest, slug: str) -> HttpResponse:
    """Change what a role is called and allows, for all who have it."""
    found = _found(slug)
    if request.method != "POST":
        return _page(request, _form(request, found), found)
    form = _form(request, found)
    if not form.is_valid():
        return _page(request, form, found)
    said = form.cleaned_data
    try:
        saved = redefine_role(
            found,
            name=said["name"],
            permissions=said["permissions"],
            was=form.was(),
            actor=request.user.as_actor(),
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _page(request, form, found)
    except Conflict as conflict:
        form.show_anew(_present(_found(slug)))
        return _page(request, form, found, conflict=conflict)
    messages.success(request, f"The role “{saved.name}” is saved; it holds from everybody’s next request on.")
    return redirect("roles:overview")


@needs(post=MANAGE)
def delete(request: PersonRequest, slug: str) -> HttpResponse:
    """Take a role away that nobody has."""
    found = _found(slug)
    try:
        delete_role(found, actor=request.user.as_actor())
    except Refused as refused:
        messages.error(request, refused.problem)
        return redirect("roles:role", slug)
    messages.success(request, f"The role “{found.name}” is deleted.")
    return redirect("roles:overview")


def _found(slug: str) -> Role:
    found = Role.objects.filter(slug=slug).first()
    if found is None:
        raise Http404("There is no such role, or it was deleted.")
    return found


def _present(found: Role) -> dict[str, Any]:
    return {"name": found.name, "permissions": [str(each) for each in Permission if found.allows(each)]}


def _form(request: PersonRequest, found: Role) -> RoleForm:
    present = _present(found)
    initial = present | {"was_name": found.name, "was_permissions": joined(present["permissions"])}
    has_it = request.user.role_id == found.pk
    return RoleForm(request.POST or None, rights=request.user.rights, has_it=has_it, role=found, initial=initial)


def _page(
    request: PersonRequest, form: RoleForm, found: Role | None, *, conflict: Conflict | None = None
) -> HttpResponse:
    holders = holders_of(found) if found else []
    groups = [
        {
            "label": label,
            "rights": [
                {
                    "value": each.value,
                    "label": each.label,
                    "explanation": each.explanation,
                    "is_ticked": form.is_ticked(each),
                    "is_locked": each in form.locked,
                    "why_locked": "Nobody gives it to themselves"
                    if each in KEPT_APART
                    else "You may not do it yourself",
                }
                for each in permissions
            ],
        }
        for label, permissions in PERMISSION_GROUPS
    ]
    context: dict[str, Any] = {
        "form": form,
        "role": found,
        "groups": groups,
        "problems": form.errors.get("permissions", ()),
        "holders": holders_in_words(holders) if holders else "",
        "conflicts": conflicts.told(conflict),
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "settings/role.html", context, status=status)
