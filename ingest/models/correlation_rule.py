"""The rules by which alerts join incidents, as administrators have set them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from alerts.choices import Severity
from entities.choices import EntityKind
from ingest.correlation.join_rules import JoinRule


class RuleBook(models.Model):
    """The one row that says which rules hold: every change of a correlation or tuning rule gives it a new revision, by
    which each process knows whether the rules that it remembers are still the rules."""

    revision = models.UUIDField(default=uuid4)
    order = ArrayField(models.CharField(max_length=40), default=list)
    """Slugs of the correlation rules, the strongest first."""


class CorrelationRule(models.Model):
    """One rule by which alerts join: those that share an entity of a kind within a window tell of one attack."""

    slug = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=20, choices=EntityKind.choices, blank=True)
    """Empty for the rule that follows the senders' own grouping."""
    window = models.DurationField()
    is_on = models.BooleanField(default=True)
    minimum_severity = models.PositiveSmallIntegerField(choices=Severity.choices, default=Severity.INFORMATIONAL)
    excluded_sources = ArrayField(models.CharField(max_length=300), default=list)
    excluded_detectors = ArrayField(models.CharField(max_length=300), default=list)
    excluded_entities = ArrayField(models.CharField(max_length=300), default=list)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=200, blank=True)
    """Empty while it is as it was shipped."""
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.slug

    def as_rule(self) -> JoinRule:
        """The rule as correlation uses it."""
        return JoinRule(
            self.slug,
            EntityKind(self.kind) if self.kind else None,
            self.window or timedelta(0),
            self.is_on,
            Severity(self.minimum_severity),
            tuple(self.excluded_sources),
            tuple(self.excluded_detectors),
            tuple(self.excluded_entities),
        )
