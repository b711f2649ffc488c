"""Trials: what a rule would do, found out on stored alerts."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from accounts.models import User
from common.jobs import Job
from ingest.choices import TrialOf


class Trial(Job):
    """A rule as somebody would like to have it, tried on the alerts of the last days; nothing but this row is written.

    A trial that is taken up by another worker starts over.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    of = models.CharField(max_length=20, choices=TrialOf.choices)
    subject = models.CharField(max_length=40, blank=True)
    """Slug of the correlation rule, or number of the tuning rule; empty for one that is new."""
    values = models.JSONField()
    """The rule as the form has it."""
    days = models.PositiveSmallIntegerField()
    done = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="trial_of_user"),
            models.Index(fields=["created_at"], name="trial_unfinished", condition=Q(state__in=["queued", "running"])),
        ]
