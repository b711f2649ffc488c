"""The same changes on many incidents: a job as rows, so that it survives its worker."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from accounts.models import User
from activity.actors import Actor, ActorKind, Channel
from common.jobs import Job
from incidents.choices import Outcome
from incidents.models.incident import Incident


class BulkAct(Job):
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
    seen = models.TextField(blank=True)
    """The snapshot of the log that the person's last preview was made from (activity/snapshots.py): an incident of
    which somebody else has changed the same field since is left."""
    counts = models.JSONField(default=dict)
    """Outcome → how many incidents, of those that are done."""

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="bulk_act_of_user"),
            models.Index(
                fields=["created_at"], name="bulk_act_unfinished", condition=Q(state__in=["queued", "running"])
            ),
        ]

    @property
    def done(self) -> int:
        """How many of its incidents have an outcome."""
        return sum(self.counts.values())

    def as_actor(self) -> Actor:
        """Who asked for it, acting through it."""
        kind, channel = ActorKind(self.actor["kind"]), Channel.BULK
        return Actor(kind, self.actor["label"], self.actor["id"], channel)


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
