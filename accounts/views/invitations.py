"""Accepting an invitation: the only pages by which somebody who is nobody here becomes a user.

The link's key is looked up once and then forgotten: what the session keeps is its digest, so the key stands neither in
addresses of later pages nor in the database.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.commands import INVITED, accept_invitation
from accounts.commands.invitations import NO_LONGER, holds
from accounts.forms.people import AcceptForm
from accounts.keys import key_digest
from accounts.mail import mail_is_set_up, send_mail_now
from accounts.models import Invitation, User
from common.errors import Refused
from common.marks import absolute_time

DIGEST = "invitation"
"""Under which the session keeps it."""
LONGEST_KEY = 100


def whole_link(request: HttpRequest, key: str) -> str:
    """Where an invitation is accepted, as it is handed over."""
    path = reverse("invitation_link", args=[key])
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def mailed(invitation: Invitation, link: str, by: User) -> str:
    """Send an invitation to its address; "sent", "failed", or "" where there is none or mail is not set up."""
    if not invitation.email or not mail_is_set_up():
        return ""
    text = (
        f"{by.display_name} invites you to Watchfloor.\n\n"
        f"Choose your name and password here, once, by {absolute_time(invitation.expires_at)}:\n\n{link}\n\n"
        "Whoever has this link can use it: do not pass it on. If you do not expect it, leave it alone."
    )
    return "sent" if send_mail_now("Your invitation to Watchfloor", text, invitation.email) else "failed"


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD"])
def invitation_link(request: HttpRequest, key: str) -> HttpResponse:
    """Where the link leads: to the form, in an address without the key."""
    digest = key_digest(key) if len(key) <= LONGEST_KEY else ""
    if _invitation(digest) is None:
        return _gone(request)
    request.session[DIGEST] = digest
    return redirect("accept_invitation")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """Say who one is and choose a password; then sign in."""
    if isinstance(request.user, User):
        return render(request, "accounts/invitation_signed_in.html")
    invitation = _invitation(str(request.session.get(DIGEST, "")))
    if invitation is None:
        return _gone(request)
    form = AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            accept_invitation(
                invitation,
                username=said["username"],
                display_name=said["display_name"],
                password=said["password"],
                actor=INVITED,
            )
        except Refused as refused:
            if refused.problem == NO_LONGER:
                return _gone(request)
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            del request.session[DIGEST]
            messages.success(request, "Your account is made. Sign in with the name and password that you have chosen.")
            return redirect("account_login")
    context = {"form": form, "invitation": invitation, "ends": absolute_time(invitation.expires_at)}
    return render(request, "accounts/invitation.html", context, status=422 if form.errors else 200)


def _invitation(digest: str) -> Invitation | None:
    """The invitation of that digest, while it holds."""
    found = Invitation.objects.select_related("role", "invited_by").filter(digest=digest).first() if digest else None
    return found if found and holds(found) else None


def _gone(request: HttpRequest) -> HttpResponse:
    """One answer for what was used, withdrawn, has expired or never was: nobody learns which."""
    return render(request, "accounts/invitation_gone.html", {"problem": NO_LONGER}, status=410)
