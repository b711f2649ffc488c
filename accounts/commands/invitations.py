"""Inviting people: made, withdrawn, accepted; all recorded in the system's own stream."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from accounts import verbs
from accounts.choices import Permission
from accounts.commands.checking import check
from accounts.commands.people import check_password_strength, new_user, role_of
from accounts.commands.rights import check_may_give, lock_rights, person_behind
from accounts.commands.teams import join_and_leave
from accounts.keys import key_digest, new_key
from accounts.models import Invitation, Team, User
from activity.actors import Actor, ActorKind, Channel
from activity.record import Change, Draft, Subject, record
from common.command import command
from common.errors import Refused

INVITED = Actor(ActorKind.SYSTEM, "Invitation", channel=Channel.PAGE)
"""Who accepts an invitation: nobody yet."""
LONGEST = timedelta(days=30)
NO_LONGER = (
    "This invitation holds no longer: it was used, withdrawn, or has expired. Ask whoever sent it for another one."
)


@command
def invite(
    *, actor: Actor, role: str, expires_at: datetime, email: str = "", note: str = "", teams: Sequence[str] = ()
) -> tuple[Invitation, str]:
    """Ask somebody in, with the role of that slug and the teams of these slugs. Returns the invitation and the key of
    its link, which is never shown again.

    Raises Refused, naming the field, for an address that somebody has or that is invited already, an end that is past
    or too far away, and rights that the actor cannot give.
    """
    email, now = email.strip().lower(), timezone.now()
    chosen = role_of(role)
    check_may_give(chosen.permissions, actor=actor)
    found = list(Team.objects.present().filter(slug__in=set(teams)).order_by("slug"))
    if len(found) < len(set(teams)):
        raise Refused("One of the teams is not there any more; choose among those that are.", field="teams")
    if not now < expires_at <= now + LONGEST:
        raise Refused(f"Let it end within {LONGEST.days} days from now.", field="expires_at")
    if not email and not note.strip():
        raise Refused("Say whom it is for: an address, or a name for yourself.", field="email")
    if email and User.objects.get_queryset().filter(email__iexact=email).exists():
        raise Refused("Somebody has this address already; look among the people.", field="email")
    if email and Invitation.objects.open(now).filter(email=email).exists():
        raise Refused("This address is invited already; withdraw that invitation to make another.", field="email")
    key = new_key()
    invitation = Invitation(
        digest=key_digest(key),
        email=email,
        note=note.strip(),
        role=chosen,
        invited_by_id=person_behind(actor),
        expires_at=expires_at,
    )
    check(invitation)
    invitation.save()
    invitation.teams.set(found)
    changes = [Change("role", None, chosen.slug), Change("expires_at", None, expires_at.isoformat())]
    if found:
        changes.append(Change("teams", [], [team.slug for team in found]))
    record(Draft(verbs.INVITED, actor, subject=of_invitation(invitation), changes=changes))
    return invitation, key


@command
def withdraw_invitation(invitation: Invitation, *, actor: Actor) -> Invitation:
    """Let an invitation's link open nothing from now on. Refused once it was accepted."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at:
        raise Refused("It was accepted meanwhile; deactivate the person instead.")
    if invitation.withdrawn_at:
        return invitation
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    change = Change("withdrawn_at", None, invitation.withdrawn_at.isoformat())
    record(Draft(verbs.INVITATION_WITHDRAWN, actor, subject=of_invitation(invitation), changes=[change]))
    return invitation


@command
def accept_invitation(invitation: Invitation, *, username: str, display_name: str, password: str, actor: Actor) -> User:
    """Become a user by an invitation, once. Raises Refused for one that holds no longer, and, naming the field, for a
    name that is taken or malformed and a password that is too easily guessed."""
    lock_rights()
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("invited_by", "role")
    found = rows.filter(pk=invitation.pk).first()
    if found is None or found.role is None or not holds(found):
        raise Refused(NO_LONGER)
    stands_for = User(username=username.lower(), display_name=display_name, email=found.email)
    check_password_strength(password, stands_for)
    facts = {"invited_by": found.invited_by.display_name} if found.invited_by else {}
    user = new_user(
        username,
        actor=actor,
        display_name=display_name,
        role=found.role.slug,
        password=password,
        email=found.email,
        facts=facts,
    )
    # a team may have been deleted since
    join_and_leave(user, list(found.teams.present().values_list("slug", flat=True)), actor=actor)
    found.accepted_at, found.user = timezone.now(), user
    found.save(update_fields=["accepted_at", "user"])
    changes = [Change("accepted_at", None, found.accepted_at.isoformat()), Change("user", None, user.username)]
    record(Draft(verbs.INVITATION_ACCEPTED, actor, subject=of_invitation(found), changes=changes))
    return user


def holds(invitation: Invitation) -> bool:
    """Whether an invitation can be accepted at this moment: it is open, and whoever invited could do so still. Who was
    shut out, or lost the right, leaves no door behind."""
    if invitation.role is None or not Invitation.objects.open(timezone.now()).filter(pk=invitation.pk).exists():
        return False
    inviter = invitation.invited_by
    if inviter is None:
        return True
    if not User.objects.who_may(Permission.MANAGE_PEOPLE).filter(pk=inviter.pk).exists():
        return False
    try:
        check_may_give(invitation.role.permissions, actor=inviter.as_actor())
    except Refused:
        return False
    return True


def of_invitation(invitation: Invitation) -> Subject:
    return Subject("invitation", str(invitation.pk), str(invitation))
