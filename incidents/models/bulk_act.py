"""The same changes on many incidents: a job as rows, so that it survives its worker."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from incidents.choices import ActState, Outcome
from incidents.models.incident import Incident


class BulkAct(models.Model):
    """The same changes on many incidents, as a job that outlives browser and worker; its id is the log's batch."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    actor = models.JSONField()
    """Kind, label, id and channel of who asked for it, as the log names them."""
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    changes = models.JSONField()
    """incidents/changes.py as plain values; of an undo, empty."""
    undo_of = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    query = models.CharField(max_length=8000, blank=True)
    """The list that was chosen from, as its address had it; empty where incidents were ticked one by one."""
    state = models.CharField(max_length=10, choices=ActState.choices, default=ActState.QUEUED)
    problem = models.TextField(blank=True)
    """Why it failed, in words for the person who asked."""
    total = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    """A worker that holds it says until when; a later sweep takes it up again."""

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="bulk_act_of_user"),
            models.Index(
                fields=["created_at"], name="bulk_act_unfinished", condition=Q(state__in=["queued", "running"])
            ),
        ]


class BulkItem(models.Model):
    """One incident of a bulk act, and what became of it."""

    act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="items", db_index=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+", db_index=False)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    """Why it was refused, or which fields an undo left as others had set them."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["act", "incident"], name="bulk_item_once")]
        indexes = [
            models.Index(fields=["act", "incident"], name="bulk_item_waiting", condition=Q(outcome="waiting")),
        ]
