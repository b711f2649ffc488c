"""Lists of incidents that people keep under a name."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccessToken, Principal, Team, User
from incidents.choices import Audience


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, principal: Principal) -> Self:
        """Views for everyone, those of one's teams, and one's own; tokens see those for everyone."""
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


class ViewPlace(models.Model):
    """Where a person keeps a saved view in their side list, and whether it is what their queue opens with."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="places")
    position = models.PositiveIntegerField(default=0)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "view"], name="view_place_once"),
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="view_one_default"),
        ]
