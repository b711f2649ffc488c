"""Lists of incidents that people keep under a name."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import AccessToken, Principal, Team, User
from incidents.choices import Audience


def shared_with(audience: Audience, team: Team | None) -> str:
    """Who sees a view, in a word: "private", "team:tier2", "everyone"."""
    return f"team:{team.slug}" if team else str(audience)


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, principal: Principal) -> Self:
        """Views for everyone, those of one's teams, and one's own; tokens see those for everyone."""
        return self.filter(deleted_at__isnull=True).once_shown_to(principal)

    def once_shown_to(self, principal: Principal) -> Self:
        """The same with those that were deleted: whoever follows an old link may learn what became of it."""
        if isinstance(principal, AccessToken):
            return self.filter(audience=Audience.EVERYONE)
        teams = Team.members.through.objects.filter(user=principal).values("team_id")
        return self.filter(Q(audience=Audience.EVERYONE) | Q(team_id__in=teams) | Q(creator=principal))


class SavedView(models.Model):
    """A named list of incidents: its filters, columns and order as an address has them."""

    slug = models.SlugField(max_length=80, unique=True, allow_unicode=True)
    """Made from the first name and never changed, so that links to /views/<slug> outlive a renaming."""
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=4000, blank=True)
    """The address's query string."""
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.PRIVATE)
    creator = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=200, blank=True)
    """Who changed it last, as they were called then."""
    deleted_at = models.DateTimeField(null=True)
    """A deleted view keeps its slug, so that old links never lead to another list."""

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(audience=Audience.TEAM, team__isnull=False)
                | (~Q(audience=Audience.TEAM) & Q(team__isnull=True)),
                name="view_team_when_for_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.audience != Audience.PRIVATE

    def may_be_changed_by(self, user: User) -> bool:
        """Its creator may; of a shared one also those who manage rules, since people rely on it when the creator is
        gone."""
        return user.pk == self.creator_id or (self.is_shared and user.may(Permission.MANAGE_RULES))


class ViewPlace(models.Model):
    """Where a person keeps a view in their side list, and whether it is what their queue opens with."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    view = models.ForeignKey(SavedView, null=True, on_delete=models.CASCADE, related_name="places")
    starting = models.CharField(max_length=20, blank=True)
    """Slug of a starting view (incidents/starting_views.py) in place of a saved one."""
    position = models.PositiveIntegerField(default=0)
    is_default = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False)
    """Kept out of the side list."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "view"], name="view_place_once"),
            models.UniqueConstraint(
                fields=["user", "starting"], condition=~Q(starting=""), name="view_place_of_starting_once"
            ),
            models.CheckConstraint(
                condition=Q(view__isnull=False, starting="") | (Q(view__isnull=True) & ~Q(starting="")),
                name="view_place_of_one",
            ),
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="view_one_default"),
        ]
