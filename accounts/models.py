"""People and machines that act: users, teams, roles, tokens."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Collection
from datetime import datetime
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from accounts.choices import BUILT_IN_ROLES, KEPT_APART, Density, Knock, Permission, Theme
from activity.actors import Actor, ActorKind, Channel

username_validator = RegexValidator(
    r"\A[a-z0-9][a-z0-9._-]{0,59}\Z",
    "Use 1 to 60 lower-case letters, digits, dots, dashes or underscores, starting with a letter or digit.",
)


time_zones = functools.cache(zoneinfo.available_timezones)
"""Read once: finding them walks the file system."""


def validate_time_zone(value: str) -> None:
    if value not in time_zones():
        raise ValidationError(f"“{value}” is no IANA time zone; write one such as Europe/Berlin.")


class Role(models.Model):
    """A named set of permissions."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60, unique=True)
    permissions = ArrayField(models.CharField(max_length=40, choices=Permission.choices), default=list)
    demands_second_factor = models.BooleanField(default=False, db_default=False)
    """Whoever holds the role sets up an authenticator app or a passkey before anything else."""

    def __str__(self) -> str:
        return self.name

    def allows(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def is_built_in(self) -> bool:
        """Whether it came with the installation: such a role may be changed, never deleted."""
        return self.slug in BUILT_IN_ROLES


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def who_may(self, permission: Permission) -> Self:
        return self.active().filter(role__permissions__contains=[permission])


class UserManager(BaseUserManager["User"]):
    """Written out instead of made by `from_queryset`, which the type checker understands only in some orders of
    reading files."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def active(self) -> UserQuerySet:
        return self.get_queryset().active()

    def who_may(self, permission: Permission) -> UserQuerySet:
        return self.get_queryset().who_may(permission)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())


class User(AbstractBaseUser):
    """A person who signs in."""

    username = models.CharField(max_length=60, unique=True, validators=[username_validator])
    """In lower case; stands in addresses (`assignee=ana`) and mentions (@ana)."""
    email = models.EmailField(blank=True)
    display_name = models.CharField(max_length=120)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="users")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_time_zone])
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.AUTO)
    density = models.CharField(max_length=12, choices=Density.choices, default=Density.COMFORTABLE)
    has_shortcuts = models.BooleanField(default=True)
    """Whether single keys act as shortcuts (WCAG 2.1.4 asks that they can be switched off)."""

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_once"),
            models.CheckConstraint(condition=Q(username=Lower("username")), name="user_username_lower_case"),
        ]

    def __str__(self) -> str:
        return self.display_name

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Asks the database only about an address that is given: without one nothing is taken, and that names are in
        lower case their validator has seen to."""
        if self.email:
            super().validate_constraints(exclude)

    def get_full_name(self) -> str:
        return self.display_name

    @property
    def initials(self) -> str:
        words = self.display_name.split() or [self.username]
        return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()

    @property
    def lacks_second_factor(self) -> bool:
        """Whether the role demands a second factor that the person has not; read with the person at each request."""
        return bool(getattr(self, "is_without_second_factor", False))

    def may(self, permission: Permission) -> bool:
        """Whether this person's role allows it; asked anew at each request, so a dropped right is gone at once."""
        return self.is_active and self.role.allows(permission)

    @property
    def rights(self) -> frozenset[str]:
        """All that this person may at this moment."""
        return frozenset(self.role.permissions) if self.is_active else frozenset()

    @property
    def known_by(self) -> tuple[object, ...]:
        """Equal only for the same person with the same rights."""
        return ("user", self.pk, self.is_active, *self.role.permissions)

    def as_actor(self, channel: Channel = Channel.PAGE) -> Actor:
        return Actor(ActorKind.USER, self.display_name, self.pk, channel)


class ListSettings(models.Model):
    """How a person likes one of the lists: what it shows when an address does not say."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="list_settings")
    name = models.CharField(max_length=20)
    """Of the list: incidents or alerts."""
    columns = ArrayField(models.CharField(max_length=40), default=list)
    """Keys of the shown columns in their order; empty for the usual ones."""
    closed = ArrayField(models.CharField(max_length=120), default=list)
    """Parts of the page that the person closed, such as its strip or one of its groups."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="list_settings_once")]


class TeamQuerySet(models.QuerySet["Team"]):
    def present(self) -> Self:
        """Those that were not deleted."""
        return self.filter(deleted_at__isnull=True)


class Team(models.Model):
    """People who share a queue; an incident may be assigned to it.

    A deleted one keeps its row, for what it was assigned to while it was there: it has no members, and is offered to
    nobody.
    """

    slug = models.SlugField(unique=True)
    """Stands in addresses, `assignee=team:tier2`, and is nobody else's afterwards."""
    name = models.CharField(max_length=80)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(deleted_at__isnull=True),
                name="team_name_once",
                violation_error_message="There is a team of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        words = self.name.split()
        return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def usable(self, now: datetime) -> Self:
        """Those that open the door at this moment: neither revoked nor expired, nor of somebody who is shut out."""
        of_somebody_here = Q(owner__isnull=True) | Q(owner__is_active=True)
        return self.filter(of_somebody_here, revoked_at__isnull=True).filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        )

    def with_rights(self) -> Self:
        """With what decides what they may, in the same statement."""
        return self.select_related("role", "owner__role")


class AccessToken(models.Model):
    """A machine's key to the API: with a role, or bound to one ingest source and able to send alerts only, or a
    person's own, which may some of what that person may.

    The key itself is shown once and kept as its SHA-256; 256 random bits need no slow hash.
    """

    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    """The key's first characters, to recognise it by."""
    role = models.ForeignKey(Role, null=True, blank=True, on_delete=models.SET_NULL, related_name="tokens")
    """Of a service token; a revoked one loses it with the role."""
    source = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="tokens")
    permissions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    """What a person chose for their own token. It counts only as far as they may it themselves, whenever it is used."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = AccessTokenQuerySet.as_manager()

    is_authenticated = True
    """It stands where a signed-in user stands in the API."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__isnull=False, source="", owner__isnull=True)
                | (Q(role__isnull=True, owner__isnull=True) & ~Q(source=""))
                | Q(role__isnull=True, source="", owner__isnull=False)
                | Q(role__isnull=True, source="", owner__isnull=True, revoked_at__isnull=False),
                name="token_role_or_source_or_owner",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(owner__isnull=True),
                name="token_name_once",
                violation_error_message="There is a token of this name already; a revoked one keeps its name.",
            ),
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=Q(revoked_at__isnull=True),
                name="token_name_once_for_each",
                violation_error_message="You have a token of this name already; revoke it first, or name this one "
                "otherwise.",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What the log calls it: a person's own says whose it is."""
        return f"{self.owner.display_name}: {self.name}" if self.owner else self.name

    @property
    def rights(self) -> frozenset[str]:
        """All that it may at this moment: no more than its owner, and nothing by which restricted incidents open."""
        if self.source:
            return frozenset({Permission.SEND_ALERTS})
        if self.owner:
            return (self.owner.rights & frozenset(self.permissions)) - KEPT_APART
        return frozenset(self.role.permissions if self.role else ()) - KEPT_APART

    def is_usable(self, now: datetime) -> bool:
        """Whether it opens anything at that moment."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def may(self, permission: Permission) -> bool:
        return permission in self.rights

    @property
    def known_by(self) -> tuple[object, ...]:
        """Equal only for the same token with the same rights."""
        return ("token", self.pk, self.source, *sorted(self.rights))

    def as_actor(self, channel: Channel = Channel.API) -> Actor:
        return Actor(ActorKind.TOKEN, self.label, self.pk, channel)


class PersonSessionQuerySet(models.QuerySet["PersonSession"]):
    def living(self) -> Self:
        """Those that have neither run out nor been ended."""
        kept = Session.objects.filter(expire_date__gt=Now()).values("session_key")
        return self.filter(session_key__in=kept)


class PersonSession(models.Model):
    """A browser in which a person is signed in, beside the session itself: whose it is, where, since when."""

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions", db_index=False)
    address = models.CharField(max_length=45, blank=True)
    """From where it was last used; empty where that is not known."""
    device = models.CharField(max_length=80)
    """Browser and system in words, such as “Firefox on Windows”."""
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """When the person last did something, to the minute; what an open page asks by itself does not count."""

    objects = PersonSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "-seen_at"], name="session_of_user")]


class SignInPlace(models.Model):
    """From where, and with what, a person has signed in before: a sign-in from elsewhere is said so in the log."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    address = models.CharField(max_length=45)
    """An IPv4 address, or the network (/64) of an IPv6 address, which changes within it all the time."""
    device = models.CharField(max_length=80)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "address", "device"], name="sign_in_place_once")]


class ResetRequest(models.Model):
    """Somebody has asked for a link to a new password. Whose address that is nobody looks up while they wait: the
    answer comes from a worker, by mail or not at all."""

    email = models.CharField(max_length=254, blank=True)
    """As it was typed; emptied when it is answered."""
    origin = models.CharField(max_length=300)
    """Where the link leads to, such as `https://soc.example`."""
    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    """Since when a worker is at it."""
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    """Who was sent the link; kept for an hour, to count."""
    sent_at = models.DateTimeField(null=True)


class TokenUse(models.Model):
    """When a token's use from an address was last recorded: once an hour, not at each request."""

    token = models.ForeignKey(AccessToken, on_delete=models.CASCADE, related_name="uses", db_index=False)
    address = models.CharField(max_length=45, blank=True)
    used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "address"], name="token_use_once")]


class Untold(models.Model):
    """What happened at the door and the log is still to tell of: refusals, counted for some minutes, and what the log
    was too busy for."""

    kind = models.CharField(max_length=20, choices=Knock.choices)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.ForeignKey(AccessToken, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    address = models.CharField(max_length=45, blank=True)
    """From where; empty where that is not known."""
    times = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "address", "user", "token"], nulls_distinct=False, name="untold_once"
            ),
        ]


class KeptAnswer(models.Model):
    """What a POST with an Idempotency-Key was answered, kept for a day: who sends it again is told the same, and
    nothing is done twice."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.ForeignKey(AccessToken, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    """SHA-256 of method, address and body: what else is sent under the key is another request."""
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "token", "key"], nulls_distinct=False, name="kept_answer_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> Self:
        """Those that can still be accepted."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=now)


class Invitation(models.Model):
    """Somebody asked to become a user, with a role and teams. Whoever has its link gives themselves name and password,
    once, until it expires or is withdrawn.

    The link's key is shown once and kept as its SHA-256, as tokens are.
    """

    digest = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)
    """Whom it is for, where it is for one address; the user has it afterwards."""
    note = models.CharField(max_length=120, blank=True)
    """Whom it is for, in the words of who invited, where there is no address."""
    role = models.ForeignKey(Role, null=True, blank=True, on_delete=models.SET_NULL, related_name="invitations")
    """None once a role is gone that an invitation of the past named."""
    teams = models.ManyToManyField(Team, related_name="+", blank=True)
    invited_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    """None where it was the command line."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    user = models.OneToOneField(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="invitation", db_index=False
    )
    """Who accepted it."""

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, user__isnull=True)
                | Q(accepted_at__isnull=False, user__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.note or f"Invitation {self.pk}"


Principal = User | AccessToken
"""Whoever a request speaks for."""
