"""Incidents that were merged, and alerts that a person has taken apart."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activity.models import Entry
from entities.models import Entity
from incidents.choices import IncidentStatus
from incidents.models.incident import Incident


class Merge(models.Model):
    """That one incident went into another, with all it takes to bring it back."""

    source = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="merges")
    target = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="merged_in")
    """As it was chosen. A later merge may have taken it further; `source.redirected_to` says where to."""
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+", db_index=False)
    """The target's entry that tells of it. What later entries have changed is not taken back."""
    batch = models.UUIDField()
    merged_at = models.DateTimeField(default=timezone.now)
    merged_by = models.CharField(max_length=200)
    """Who it was, as they were called then."""
    unmerged_at = models.DateTimeField(null=True)

    status = models.PositiveSmallIntegerField(choices=IncidentStatus.choices)
    """The source's own until then."""
    tag_ids = ArrayField(models.IntegerField(), default=list)
    """The source's tags."""
    alert_ids = ArrayField(models.BigIntegerField(), default=list)
    """The alerts that came with it."""
    gave = models.JSONField(default=dict)
    """What the target has from it alone: tags and followers by their ids, and for assignee, finding, name and severity
    what stood there before."""
    moved = models.JSONField(default=dict)
    """Table → rows that point to an incident and came with it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(unmerged_at__isnull=True), name="merge_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.source_id} into #{self.target_id}"


class Separation(models.Model):
    """A person has taken alerts out of an incident: what tied them to it ties no new alert to it any more."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="separations")
    moved_to = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    """Where the alerts went. The two merged again, the decision is void."""
    entity = models.ForeignKey(Entity, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    """Something that both the alerts taken out and those that stayed have."""
    source = models.CharField(max_length=80, blank=True)
    source_incident = models.CharField(max_length=300, blank=True)
    """Or that their source has them in one incident of its own."""
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "incident", "moved_to"], condition=Q(entity__isnull=False), name="separation_entity"
            ),
            models.UniqueConstraint(
                fields=["source", "source_incident", "incident", "moved_to"],
                condition=Q(entity__isnull=True),
                name="separation_source_incident",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.incident_id} apart from #{self.moved_to_id}"
