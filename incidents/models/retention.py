"""How long texts are kept."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class RetentionRule(models.Model):
    """The one rule by which texts of comments are emptied; without a row nothing is."""

    ONLY = 1
    """The key of the only row."""

    days = models.PositiveIntegerField(null=True)
    """Comments are emptied so many days after their incident was resolved; None: they are kept."""
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_retention_rule")]

    def __str__(self) -> str:
        return f"comments are kept for {self.days} days" if self.days else "comments are kept"
