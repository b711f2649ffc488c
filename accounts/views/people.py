"""People: their list, one of them, and whom to invite. For whoever manages people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.commands import activate, change_user, deactivate, withdraw_invitation
from accounts.commands import invite as make_invitation
from accounts.forms.people import InvitationForm, PersonForm, joined
from accounts.mail import mail_is_set_up
from accounts.models import Invitation, Role, Team, User
from accounts.queries import conflicts, people, tokens
from accounts.views.invitations import mailed, whole_link
from common.bodies import LARGEST_ID
from common.corrections import corrected
from common.errors import Conflict, Refused
from common.marks import absolute_time
from common.query_strings import UnknownKeys, address, with_values

MANAGE = Permission.MANAGE_PEOPLE


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """The people that an address asks for, and who is invited."""
    try:
        wanted = people.asked(request.GET, request.user)
        page = wanted.page()
    except (UnknownKeys, ValidationError) as error:
        return _refused(request, error)
    path = reverse("people:overview")
    state = with_values(request.GET)
    context: dict[str, Any] = {
        "rows": people.rows_of(people.read(page.ids)),
        "wanted": wanted,
        "roles": Role.objects.order_by("name"),
        "teams": Team.objects.present().order_by("name"),
        "states": people.STATES.items(),
        "count": wanted.matching.count(),
        "is_filtered": bool(state),
        "previous_url": address(path, state | {"before": [page.previous]}) if page.previous else "",
        "next_url": address(path, state | {"after": [page.next]}) if page.next else "",
        "invitations": people.open_invitations(),
    }
    return render(request, "settings/people.html", context)


def _refused(request: PersonRequest, error: UnknownKeys | ValidationError) -> HttpResponse:
    """The page that says why the list cannot be shown as its address asks, with the link that was probably meant."""
    keys = (*people.KEYS, *people.MANAGERS_KEYS)
    better = corrected(request.GET, error, keys)
    if isinstance(error, UnknownKeys):
        problems = [f"There is no filter “{key[:60]}”{hint}" for key, hint in error.suggestions.items()]
    else:
        problems = [message for found in error.message_dict.values() for message in found]
    path = reverse("people:overview")
    corrected_url = address(path, {key: better.getlist(key) for key in better}) if better else ""
    context = {"problems": problems, "corrected_url": corrected_url, "reset_url": path}
    return render(request, "settings/people_refused.html", context, status=400)


@needs(get=MANAGE, post=MANAGE)
def person(request: PersonRequest, username: str) -> HttpResponse:
    """One person: what can be changed of them, whether they are let in, and their tokens."""
    found = _found(username)
    if request.method != "POST":
        return _page(request, found, _form(request, found, None))
    form = _form(request, found, request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    said = form.cleaned_data
    try:
        saved = change_user(
            found,
            display_name=said["display_name"],
            email=said["email"],
            role=said["role"],
            teams=said["teams"],
            was=form.was(),
            actor=request.user.as_actor(),
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _page(request, found, form, status=422)
    except Conflict as conflict:
        form.show_anew(_present(_found(username)))
        return _page(request, found, form, status=409, conflict=conflict)
    messages.success(request, f"{saved.display_name} is saved.")
    return redirect("people:person", saved.username)


@needs(post=MANAGE)
def shut_out(request: PersonRequest, username: str) -> HttpResponse:
    """Deactivate a person: they and their tokens are out at once."""
    found = _found(username)
    try:
        deactivate(found, actor=request.user.as_actor())
    except Refused as refused:
        messages.error(request, refused.problem)
    else:
        messages.success(request, f"{found.display_name} is shut out.")
    return redirect("people:person", found.username)


@needs(post=MANAGE)
def let_in(request: PersonRequest, username: str) -> HttpResponse:
    """Activate a person again."""
    found = _found(username)
    try:
        activate(found, actor=request.user.as_actor())
    except Refused as refused:
        messages.error(request, refused.problem)
    else:
        messages.success(request, f"{found.display_name} may sign in again.")
    return redirect("people:person", found.username)


@needs(get=MANAGE)
def suggest(request: PersonRequest) -> HttpResponse:
    """People whose name begins with what is typed, for the members of a team."""
    options = people.people_like(request.GET.get("q", ""))
    groups = [{"label": "", "options": options}]
    empty = "" if options else "Nobody is called so"
    return render(request, "components/combobox_options.html", {"groups": groups, "empty": empty})


@needs(get=MANAGE, post=MANAGE)
def invite(request: PersonRequest) -> HttpResponse:
    """Invite somebody. The answer to the form shows the link, this once; where an address is given and mail is set up,
    it is sent there as well."""
    form = InvitationForm(request.POST or None, roles=people.givable_roles(request.user), initial={"role": "analyst"})
    context: dict[str, Any] = {"form": form, "mail_is_set_up": mail_is_set_up()}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            invitation, key = make_invitation(
                email=said["email"],
                note=said["note"],
                role=said["role"],
                teams=said["teams"],
                expires_at=form.expires_at,
                actor=request.user.as_actor(),
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            link = whole_link(request, key)
            context |= {
                "made": invitation,
                "link": link,
                "ends": absolute_time(invitation.expires_at),
                "mailed": mailed(invitation, link, request.user),
            }
    response = render(request, "settings/invite.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@needs(post=MANAGE)
def withdraw(request: PersonRequest, number: int) -> HttpResponse:
    """Let an invitation's link open nothing any more."""
    found = Invitation.objects.filter(pk=min(number, LARGEST_ID)).first()
    if found is None:
        raise Http404("There is no such invitation.")
    try:
        withdraw_invitation(found, actor=request.user.as_actor())
    except Refused as refused:
        messages.error(request, refused.problem)
    else:
        messages.success(request, f"The invitation of {found} is withdrawn.")
    return redirect("people:overview")


def _found(username: str) -> User:
    found = people.person_named(username)
    if found is None:
        raise Http404("There is nobody of that name.")
    return found


def _present(found: User) -> dict[str, Any]:
    return {
        "display_name": found.display_name,
        "email": found.email,
        "role": found.role.slug,
        "teams": sorted(found.teams.values_list("slug", flat=True)),
    }


def _form(request: PersonRequest, found: User, data: QueryDict | None) -> PersonForm:
    roles = people.givable_roles(request.user)
    if found.role not in roles:
        roles.append(found.role)
    present = _present(found)
    remembered = {f"was_{name}": joined(value) if isinstance(value, list) else value for name, value in present.items()}
    return PersonForm(data, roles=roles, initial=present | remembered)


def _page(
    request: PersonRequest, found: User, form: PersonForm, *, status: int = 200, conflict: Conflict | None = None
) -> HttpResponse:
    invitation = Invitation.objects.filter(user=found).select_related("invited_by").first()
    inviter = invitation.invited_by if invitation else None
    facts = [
        ("Sign-in name", found.username),
        ("Here since", absolute_time(found.created_at)),
        ("Last sign-in", absolute_time(found.last_login) if found.last_login else "never"),
        *([("Invited by", inviter.display_name)] if inviter else []),
    ]
    context: dict[str, Any] = {
        "person": found,
        "form": form,
        "facts": facts,
        "is_oneself": found.pk == request.user.pk,
        "conflicts": conflicts.told(conflict),
        "tokens": tokens.rows_of(tokens.tokens_of(found)),
        "log_url": address(reverse("system_log:overview"), {"subject": [f"user:{found.pk}"]})
        if request.user.may(Permission.SEE_SYSTEM_LOG)
        else "",
    }
    return render(request, "settings/person.html", context, status=status)
