"""Tuning rules: what shall become of alerts that are known to be noise, or known to be something."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from alerts.choices import Classification, Determination
from ingest.choices import TuningAction
from ingest.tuning import Conditions, Tuning


class TuningRuleQuerySet(models.QuerySet["TuningRule"]):
    def kept(self) -> Self:
        """Rules that nobody has deleted."""
        return self.filter(deleted_at__isnull=True)

    def in_force(self, now: datetime) -> Self:
        """Rules that catch alerts now."""
        return self.kept().filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), is_on=True)


class TuningRule(models.Model):
    """Alerts that fit its conditions are hidden, resolved or marked as they come in. Somebody answers for it, says why,
    and until when; a deleted one is kept, so that the alerts it caught can still name it."""

    name = models.CharField(max_length=100)
    action = models.CharField(max_length=10, choices=TuningAction.choices)
    conditions = models.JSONField()
    """Field → patterns (ingest/tuning.py)."""
    tags = ArrayField(models.CharField(max_length=100), default=list)
    classification = models.CharField(max_length=40, choices=Classification.choices, default=Classification.NOT_SET)
    determination = models.CharField(max_length=40, choices=Determination.choices, default=Determination.NOT_SET)
    reason = models.CharField(max_length=2000)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    expires_at = models.DateTimeField(null=True)
    """None: it holds until somebody ends it, which had to be chosen."""
    is_on = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=200)
    deleted_at = models.DateTimeField(null=True)

    objects = TuningRuleQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def as_tuning(self) -> Tuning:
        """The rule as ingest uses it."""
        return Tuning(
            self.pk,
            self.name,
            TuningAction(self.action),
            Conditions.from_values(self.conditions),
            tuple(self.tags),
            Classification(self.classification),
            Determination(self.determination),
            self.expires_at,
        )
