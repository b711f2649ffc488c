"""What one person has with an incident: following it, having looked at it, being told of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from incidents.choices import NoticeReason
from incidents.models.incident import Incident


class Follower(models.Model):
    """A person who is told of an incident's changes."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="followers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="follower_once")]


class Look(models.Model):
    """How far a person has read an incident: what its log tells after that is new to them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    sequence = models.PositiveIntegerField()
    """Of the last entry that was there to be seen. Not the incident's version, which comments leave as it is."""
    previous = models.PositiveIntegerField(null=True)
    """How far they had read when this visit began: where the line "new since you looked" stands, from tab to tab."""
    looked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "incident"], name="look_once")]


class Notice(models.Model):
    """Something a person is told by the bell: an entry of the log that concerns them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="+")
    """None where the entry is of the system's own stream, and tells only what everybody who is told may know."""
    entry = models.ForeignKey("activity.Entry", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=12, choices=NoticeReason.choices)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "entry"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index(fields=["user", "incident"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]
