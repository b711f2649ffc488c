"""Files made of incidents in the background, and who asked for them."""

from __future__ import annotations

from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccessToken, Principal, User
from activity.actors import Actor
from common.jobs import UNFINISHED, Job, JobState
from exports.choices import Format
from exports.options import ReportOptions
from incidents.models import Incident


class IncidentExport(Job):
    """One file made of one incident, for everybody who would be given the same.

    The row is the job: a message only wakes a worker, and whoever takes it up says so by the number of its attempt, so
    that a worker which was thought dead cannot finish what another one has begun anew.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+", db_index=False)
    format = models.CharField(max_length=10, choices=Format.choices)
    options = models.JSONField(default=dict)
    """Of a report: exports/options.py as plain values."""
    key = models.CharField(max_length=64)
    """SHA-256 of all that the file is made of: incident, state of its log, format, options and the reader's rights."""
    rights = models.CharField(max_length=64)
    """SHA-256 of the rights with whose eyes it was made; who has others is not given the file."""
    sequence = models.PositiveIntegerField()
    """The last entry of the incident's log when it was asked for."""
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.ForeignKey(AccessToken, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    """With whose eyes it is made: who asked first, a person or a token."""
    percent = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    file = models.UUIDField(null=True)
    """Of the file store; empty before it is made and after it has expired."""
    size = models.PositiveBigIntegerField(default=0)
    """Bytes."""
    sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="export_made_once", condition=Q(state__in=UNFINISHED)),
            models.CheckConstraint(
                condition=Q(user__isnull=False) ^ Q(token__isnull=False), name="export_with_somebodys_eyes"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="export_unfinished", condition=Q(state__in=UNFINISHED)),
            models.Index(fields=["key", "-created_at"], name="export_of_key"),
            models.Index(fields=["expires_at"], name="export_with_file", condition=Q(file__isnull=False)),
            models.Index(fields=["created_at"], name="export_by_age"),
        ]

    @property
    def reader(self) -> Principal:
        """With whose eyes it is made."""
        reader = self.user or self.token
        assert reader is not None
        return reader

    @property
    def report_options(self) -> ReportOptions:
        return ReportOptions.from_json(self.options)

    @property
    def is_expired(self) -> bool:
        """Whether it was ready once, and its file is gone."""
        return self.state == JobState.DONE and (
            self.file is None or self.expires_at is None or self.expires_at <= timezone.now()
        )

    @property
    def is_ready(self) -> bool:
        return self.state == JobState.DONE and not self.is_expired

    @property
    def file_name(self) -> str:
        """What the file is called when it is saved."""
        ending = {Format.PDF: "pdf", Format.ARCHIVE: "zip"}[Format(self.format)]
        made = self.finished_at or self.created_at
        return f"incident-{self.incident_id}-{made:%Y%m%d-%H%M}Z.{ending}"

    def as_actor(self) -> Actor:
        """Who asked for it first."""
        return self.reader.as_actor()


def asker(principal: Principal) -> dict[str, Any]:
    """Who asks, by the column that a person or a token stands in."""
    return {"user": principal} if isinstance(principal, User) else {"token": principal}


class ExportRequestQuerySet(models.QuerySet["ExportRequest"]):
    def asked_for_by(self, principal: Principal) -> Self:
        """What this person or token asked for, of incidents that they may see now: with access goes the file."""
        return self.filter(**asker(principal), export__incident__in=Incident.objects.visible_to(principal))


class ExportRequest(models.Model):
    """That a person or a token asked for a file: it stands among their exports, and they are told when it is ready."""

    export = models.ForeignKey(IncidentExport, on_delete=models.CASCADE, related_name="requests", db_index=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.ForeignKey(AccessToken, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    asked_at = models.DateTimeField(default=timezone.now)
    hidden_at = models.DateTimeField(null=True)
    """When it was put away from the incident's page."""

    objects = ExportRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["export", "user", "token"], nulls_distinct=False, name="export_asked_for_once"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-asked_at"], name="export_of_user"),
            models.Index(fields=["token", "-asked_at"], name="export_of_token"),
        ]
