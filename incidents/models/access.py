"""Who sees a restricted incident: people and teams by name, and for a while who broke the glass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now

from accounts.models import Team, User

if TYPE_CHECKING:
    from incidents.models.incident import Incident


Member = User | Team


class IncidentMember(models.Model):
    """A person or a team named to see a restricted incident. Who is in the team is read at the moment of asking."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "user"], name="incident_member_once"),
            models.UniqueConstraint(fields=["incident", "team"], name="incident_member_team_once"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, team__isnull=True) | Q(user__isnull=True, team__isnull=False),
                name="incident_member_user_or_team",
            ),
        ]


def members_of(incident: Incident) -> list[Member]:
    """The people and teams that are named, in the order of their names."""
    rows = incident.members.select_related("user__role", "team")
    found = [row.user or row.team for row in rows]
    return sorted((each for each in found if each is not None), key=lambda each: (isinstance(each, Team), str(each)))


class BreakGlassQuerySet(models.QuerySet["BreakGlass"]):
    def running(self, incident: Incident) -> Self:
        """Those by which somebody may look at the incident at this moment."""
        return self.filter(incident=incident, ends_at__gt=Now())


class BreakGlass(models.Model):
    """One asking to open a restricted incident without being named: who, by which number, why, and what came of it.

    Kept for ever, also where nothing was to be opened: who goes through numbers leaves a trace of each.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.BigIntegerField()
    """As it was asked for."""
    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="broken_glass", db_index=False
    )
    """What was opened, where there was a restricted incident of that number."""
    reason = models.CharField(max_length=1000)
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    """By the database's clock, as is the end: the view behind IncidentAccess compares it with that."""
    ends_at = models.DateTimeField(null=True)
    viewed_at = models.DateTimeField(null=True)
    """When the person first looked at the incident; None while they have not."""

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(incident__isnull=True, ends_at__isnull=True)
                | Q(incident__isnull=False, ends_at__isnull=False),
                name="break_glass_ends_when_given",
            ),
            models.CheckConstraint(condition=Q(ends_at__gte=F("asked_at")), name="break_glass_in_order"),
        ]
        indexes = [
            models.Index(fields=["user", "asked_at"], name="break_glass_of_user"),
            models.Index(fields=["incident", "user", "ends_at"], name="break_glass_given"),
        ]


class RecordedLook(models.Model):
    """When it was last recorded that a person looked at a restricted incident: once an hour, not at each click."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="+", db_index=False)
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "incident"], name="recorded_look_once")]


class IncidentAccess(models.Model):
    """That a person sees a restricted incident at this moment, for whichever reason: the one place where this is
    decided. A view of the database (migration 0012), so that querysets and plain SQL ask the same.

    A person is named, or a team they are in; or their role sees every restricted incident; or they broke the glass,
    whose time is not over and whose right they still have. That the role sees incidents at all is asked beside it.
    """

    pk = models.CompositePrimaryKey("incident_id", "user_id")
    incident = models.ForeignKey("incidents.Incident", on_delete=models.DO_NOTHING, related_name="access")
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+")

    class Meta:
        managed = False
        db_table = "incidents_access"


class IsSeenBy(Func):
    """Whether a person sees this restricted incident: what IncidentAccess says, asked of single rows (migration 0017).

    A function, since the planner would otherwise go through all that the view is made of for each list and count of a
    page, which takes longer than finding the rows; few rows are restricted, and only these are asked for.
    """

    function = "incidents_is_seen_by"
    output_field = models.BooleanField()
