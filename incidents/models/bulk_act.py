"""The same changes on many incidents or alerts: a job as rows, so that it survives its worker."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from accounts.models import AccessToken, Principal, User
from activity.actors import Actor, ActorKind, Channel
from alerts.models import Alert
from common.jobs import Job
from incidents.choices import BulkSubject, Outcome
from incidents.models.incident import Incident


class BulkAct(Job):
    """The same changes on many incidents or alerts, as a job that outlives browser and worker; its id is the log's
    batch. An undo is always of incidents: what an act changed of alerts stands in their logs."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    actor = models.JSONField()
    """Kind, label, id and channel of who asked for it, as the log names them."""
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.ForeignKey(AccessToken, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    """Whose it is: a person's or a token's, with whose rights it is carried out."""
    subject = models.CharField(max_length=10, choices=BulkSubject.choices, default=BulkSubject.INCIDENT)
    changes = models.JSONField()
    """incidents/changes.py as plain values; of an undo, empty."""
    undo_of = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    query = models.CharField(max_length=8000, blank=True)
    """The list that was chosen from, as its address had it; empty where its rows were ticked one by one."""
    seen = models.TextField(blank=True)
    """The snapshot of the log that the person's last preview was made from (activity/snapshots.py): one of
    which somebody else has changed the same field since is left."""
    counts = models.JSONField(default=dict)
    """Outcome → how many incidents or alerts, of those that are done."""

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="bulk_act_of_user"),
            models.Index(fields=["token", "-created_at"], name="bulk_act_of_token", condition=Q(token__isnull=False)),
            models.Index(
                fields=["created_at"], name="bulk_act_unfinished", condition=Q(state__in=["queued", "running"])
            ),
        ]

    @property
    def principal(self) -> Principal | None:
        """Whose it is; None where the account is gone."""
        return self.user or self.token

    @property
    def done(self) -> int:
        """How many of its incidents or alerts have an outcome."""
        return sum(self.counts.values())

    def as_actor(self) -> Actor:
        """Who asked for it, acting through it."""
        kind, channel = ActorKind(self.actor["kind"]), Channel.BULK
        return Actor(kind, self.actor["label"], self.actor["id"], channel)


class BulkItem(models.Model):
    """One incident or alert of a bulk act, and what became of it."""

    act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="items", db_index=False)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    """Of an alert: where it was when it had its outcome; empty until then."""
    alert = models.ForeignKey(Alert, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    """Why it was refused, or which fields an undo left as others had set them."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["act", "incident"], name="bulk_item_once", condition=Q(alert__isnull=True)),
            models.UniqueConstraint(fields=["act", "alert"], name="bulk_item_alert_once"),
            models.CheckConstraint(
                condition=Q(incident__isnull=False) | Q(alert__isnull=False), name="bulk_item_of_something"
            ),
        ]
        indexes = [
            models.Index(fields=["act", "incident"], name="bulk_item_waiting", condition=Q(outcome="waiting")),
            models.Index(
                fields=["act", "alert"],
                name="bulk_item_alert_waiting",
                condition=Q(outcome="waiting", alert__isnull=False),
            ),
        ]
