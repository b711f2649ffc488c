"""Attachments: files that people put to an incident, whose bytes lie on disk under the attachment's own id."""

from __future__ import annotations

from typing import ClassVar, Self
from uuid import uuid4

from django.db import models
from django.utils import timezone

from accounts.models import Principal
from activity.actors import ActorKind
from incidents.models.incident import Incident


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, principal: Principal) -> Self:
        """Those of incidents that the person or token may see."""
        return self.filter(incident__in=Incident.objects.visible_to(principal).values("pk"))

    def present(self) -> Self:
        """Not removed."""
        return self.filter(removed_at__isnull=True)

    def stored(self) -> Self:
        """Whose bytes are kept; removed ones are, until somebody erases them."""
        return self.filter(erased_at__isnull=True)


class Attachment(models.Model):
    """A file of an incident: what it is called, what it was when it came, and who brought it.

    The row is written after the file is on the disk, and the file goes after the row says so: no row is without its
    file. What is stored of an image is what was made anew of it.
    """

    goes_with_merge: ClassVar[str] = "incident"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=200)
    """As who sent it called it, without what is not seen."""
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=80)
    """By its first bytes, whatever its name says."""
    width = models.PositiveIntegerField(null=True)
    """Pixels, of an image; then there is a small one as well."""
    height = models.PositiveIntegerField(null=True)
    small_size = models.PositiveIntegerField(null=True)
    small_sha256 = models.CharField(max_length=64, blank=True)
    small_width = models.PositiveIntegerField(null=True)
    small_height = models.PositiveIntegerField(null=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.BigIntegerField(null=True)
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=200, blank=True)
    erased_at = models.DateTimeField(null=True)
    """When its bytes were destroyed; name, size and hash stay."""
    damaged_at = models.DateTimeField(null=True)
    """Since when its bytes are known to be missing or not those that came; nobody is given them."""

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["incident", "added_at"], name="attachment_of_incident")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(removed_at__isnull=False),
                name="attachment_erased_after_removal",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.width is not None
