"""Logs that came along with imported incidents."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone

from incidents.models.incident import Incident


class ImportedLog(models.Model):
    """The log of an incident of another Watchfloor, as its archive had it: kept to the byte, under its own id beside
    the attachments, so that it can be verified for ever. The first of an import is that of the incident itself; further
    ones are of incidents that were merged into it there, or that it had brought from elsewhere before."""

    goes_with_merge: ClassVar[str] = "incident"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="imported_logs")
    place = models.PositiveIntegerField()
    """Among the logs of its import: 0 is that of the incident itself."""
    system = models.CharField(max_length=200, blank=True)
    """The Watchfloor that it comes from, as it called itself."""
    number = models.BigIntegerField()
    """Of the incident whose log it is, there."""
    name = models.CharField(max_length=500)
    """What that incident was called."""
    history = models.JSONField(default=dict)
    """What the archive said of incidents there that are not here: merges, and what it followed."""
    archive_sha256 = models.CharField(max_length=64)
    """Of the archive that brought it here."""
    archived_at = models.DateTimeField()
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    entries = models.PositiveIntegerField()
    head = models.CharField(max_length=64)
    """The hash of its last entry."""
    imported_at = models.DateTimeField(default=timezone.now)
    imported_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["head"], condition=models.Q(place=0), name="imported_log_of_an_incident_once"
            ),
        ]

    def __str__(self) -> str:
        return f"log of #{self.number} of {self.system or 'another Watchfloor'}"
