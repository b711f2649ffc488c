"""Working out anew which assets are critical, and what follows for open incidents."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from activity.actors import Actor, ActorKind, Channel
from common.jobs import Job
from incidents.models.incident import Incident


class Reassessment(Job):
    """A job that judges every asset by the classifications as they are now, then brings open incidents up to date.

    Its total is how many assets there were; its id is the batch in the logs of incidents.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    actor = models.JSONField()
    """Kind, label, id and channel of who changed something, as the log names them."""
    counts = models.JSONField(default=dict)
    """Assets, those of them that changed, incidents → how many."""
    cause = models.CharField(max_length=300)
    """What was changed, in words."""
    is_whole = models.BooleanField(default=True)
    """Whether all assets are judged; otherwise it is about incidents that wait already."""
    since = models.BigIntegerField(null=True)
    """Number of a transaction that began after the change: once all lower ones have ended, nobody judges by the rules
    of before."""
    last_entity = models.BigIntegerField(default=0)
    """Up to which asset, by number, it has come."""
    are_judged = models.BooleanField(default=False)
    """Whether the assets are done, and incidents remain."""

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], name="reassessment_unfinished", condition=Q(state__in=["queued", "running"])
            ),
        ]

    def as_actor(self) -> Actor:
        """Who asked for it, acting through it."""
        return Actor(ActorKind(self.actor["kind"]), self.actor["label"], self.actor["id"], Channel.BULK)


class PendingIncident(models.Model):
    """An open incident with an asset whose criticality has changed, and whose tag and priority do not say so yet.

    A queue that all reassessments share: what one leaves, the next one finds.
    """

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="+")
