"""Alerts and the evidence in them."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import Principal, Team, User
from alerts.choices import (
    DETERMINATIONS,
    AlertStatus,
    Classification,
    Determination,
    RemediationStatus,
    Severity,
    Verdict,
)
from entities.models import Entity


def determination_fits() -> Q:
    """The database's form of DETERMINATIONS: a determination fits its classification, or is not set."""
    condition = Q(determination=Determination.NOT_SET)
    for classification, determinations in DETERMINATIONS.items():
        if determinations:
            condition |= Q(classification=classification, determination__in=determinations)
    return condition


ACTIVE = Q(status__in=[1, 2])
"""New or in progress; as literals, so that PostgreSQL can prove that a query falls under the partial indexes."""


def hidden_incidents(principal: Principal, outer: str) -> models.QuerySet[Any]:
    """The incident of the outer row, if it is one of those that are kept from this person or token."""
    incidents: Any = Alert._meta.get_field("incident").related_model
    hidden: models.QuerySet[Any] = incidents.objects.kept_from(principal).filter(pk=OuterRef(outer))
    return hidden


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, principal: Principal) -> Self:
        """What this person or token may see: the alerts of the incidents they may see, by the same rule.

        Asked the other way round, whether the incident is one of the few that are kept from them: then most rows need
        no look at their incident at all.
        """
        if not principal.may(Permission.SEE_INCIDENTS):
            return self.none()
        return self.filter(~Exists(hidden_incidents(principal, "incident_id")))

    def active(self) -> Self:
        """Alerts that are new or in progress."""
        return self.filter(ACTIVE)

    def of_incident(self, incident_id: int) -> Self:
        return self.filter(incident_id=incident_id)


TITLE_WORDS = SearchVector("title", config="simple")
"""The words of a title, as an index holds them."""


class Alert(models.Model):
    """One finding of one detection tool. It belongs to exactly one incident, always."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.PROTECT, related_name="alerts", db_index=False)
    source = models.CharField(max_length=80)
    external_id = models.CharField(max_length=300)
    """The source's own id: with the source it is unique, so that a repeat is known as one."""

    title = models.CharField(max_length=500)
    description = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    status = models.PositiveSmallIntegerField(choices=AlertStatus.choices, default=AlertStatus.NEW)
    classification = models.CharField(max_length=40, choices=Classification.choices, default=Classification.NOT_SET)
    determination = models.CharField(max_length=40, choices=Determination.choices, default=Determination.NOT_SET)
    assignee_user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    assignee_team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    categories = ArrayField(models.CharField(max_length=60), default=list)
    techniques = ArrayField(models.CharField(max_length=20), default=list)
    service_source = models.CharField(max_length=100, blank=True)
    detection_source = models.CharField(max_length=100, blank=True)
    product_name = models.CharField(max_length=100, blank=True)
    detector_id = models.CharField(max_length=300, blank=True)
    recommended_actions = models.TextField(blank=True)
    source_url = models.CharField(max_length=2000, blank=True)
    source_incident = models.CharField(max_length=300, blank=True)

    first_activity = models.DateTimeField()
    last_activity = models.DateTimeField()
    source_created_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    resolved_at = models.DateTimeField(null=True)
    repeats = models.PositiveIntegerField(default=0)
    """How often the source sent it again."""
    last_repeat_at = models.DateTimeField(null=True)
    payload_sha256 = models.CharField(max_length=64)
    """Of the source's record: an equal one is a mere repeat, another is an update."""

    link_rule = models.CharField(max_length=40)
    """The correlation rule that put it in its incident (see ingest/correlation/)."""
    link_reason = models.CharField(max_length=1500)
    """The same in a sentence: rule, entity and window."""
    link_entity = models.ForeignKey(Entity, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    linked_at = models.DateTimeField(default=timezone.now)
    tuned_by = models.ForeignKey(
        "ingest.TuningRule", null=True, on_delete=models.PROTECT, related_name="alerts", db_index=False
    )
    """The tuning rule that caught it when it came in."""

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="alert_source_external_id"),
            models.UniqueConstraint(fields=["id", "incident"], name="alert_id_incident"),
            models.CheckConstraint(
                condition=Q(assignee_user__isnull=True) | Q(assignee_team__isnull=True), name="alert_one_assignee"
            ),
            models.CheckConstraint(condition=determination_fits(), name="alert_determination_fits"),
            models.CheckConstraint(condition=Q(first_activity__lte=F("last_activity")), name="alert_activity_in_order"),
            models.CheckConstraint(
                condition=Q(status=AlertStatus.RESOLVED, resolved_at__isnull=False)
                | (~Q(status=AlertStatus.RESOLVED) & Q(resolved_at__isnull=True)),
                name="alert_resolved_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["incident", "first_activity", "id"], name="alert_incident"),
            models.Index(fields=["-last_activity", "-id"], name="alert_last"),
            models.Index(fields=["-last_activity", "-id"], name="alert_active_last", condition=ACTIVE),
            models.Index(fields=["-severity", "-last_activity", "-id"], name="alert_severity"),
            models.Index(fields=["-severity", "-last_activity", "-id"], name="alert_active_severity", condition=ACTIVE),
            models.Index(fields=["-received_at", "-id"], name="alert_received"),
            models.Index(fields=["-received_at", "-id"], name="alert_active_received", condition=ACTIVE),
            models.Index(
                fields=["assignee_user", "-last_activity", "-id"],
                name="alert_user_last",
                condition=Q(assignee_user__isnull=False),
            ),
            models.Index(
                fields=["assignee_team", "-last_activity", "-id"],
                name="alert_team_last",
                condition=Q(assignee_team__isnull=False),
            ),
            models.Index(fields=["service_source", "-last_activity", "-id"], name="alert_service_last"),
            models.Index(fields=["detection_source", "-last_activity", "-id"], name="alert_detection_last"),
            GinIndex(fields=["categories", "techniques"], fastupdate=False, name="alert_attack"),
            # Who looks for incidents in which the same detector fired, the latest first.
            models.Index(
                Coalesce(NullIf("detector_id", Value("")), "title"),
                F("last_activity").desc(),
                include=["incident"],
                name="alert_detector",
            ),
            GinIndex(TITLE_WORDS, fastupdate=False, name="alert_title_words"),
            # Pasted whole from another tool; equality is all that is asked.
            HashIndex(fields=["external_id"], name="alert_external_id"),
            models.Index(
                fields=["source", "source_incident"], name="alert_source_incident", condition=~Q(source_incident="")
            ),
            models.Index(fields=["tuned_by", "-id"], name="alert_tuned_by", condition=Q(tuned_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title


class AlertKind(models.Model):
    """How often a kind of alert, told by its title, came in the last 30 days; counted anew every hour."""

    title = models.CharField(max_length=500, primary_key=True)
    seen = models.PositiveIntegerField()


class AlertPayload(models.Model):
    """The record as its source sent it, kept unchanged beside the alert."""

    alert = models.OneToOneField(Alert, primary_key=True, on_delete=models.CASCADE, related_name="payload")
    raw = models.JSONField()


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, principal: Principal) -> Self:
        """Evidence in alerts that this person or token may see."""
        if not principal.may(Permission.SEE_INCIDENTS):
            return self.none()
        return self.filter(~Exists(hidden_incidents(principal, "incident_number")))


class Evidence(models.Model):
    """An entity in an alert: the part it plays there and what was found about it; or an entity that somebody added to
    an incident by hand.

    What is added by hand is a row like any other, without an alert: whoever reads an incident's evidence by its number
    (the tabs, the story, asset counts, facets, filters by entity, correlation) has it without knowing of it. An alert
    made up to carry it would stand in every count of alerts, and a table of its own in no reader's query. A merge moves
    such rows by `alerts.commands.evidence.move_added`; those of alerts follow their alerts by themselves.
    """

    alert = models.ForeignKey(Alert, null=True, on_delete=models.CASCADE, related_name="evidence")
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="evidence", db_index=False)
    incident_number = models.BigIntegerField()
    """The alert's incident, repeated here for correlation and entity pages; the database keeps it equal by a foreign
    key over (alert, incident) that cascades."""
    event_time = models.DateTimeField()
    roles = ArrayField(models.CharField(max_length=30), default=list)
    verdict = models.CharField(max_length=20, choices=Verdict.choices, default=Verdict.UNKNOWN)
    remediation_status = models.CharField(
        max_length=24, choices=RemediationStatus.choices, default=RemediationStatus.NONE
    )
    details = models.JSONField(default=dict)
    verdict_is_manual = models.BooleanField(default=False, db_default=False)
    """Given by a person: the source's newer word does not overwrite it. The same of the remediation status."""
    remediation_is_manual = models.BooleanField(default=False, db_default=False)
    added_by = models.CharField(max_length=200, blank=True, default="", db_default="")
    """Who added it by hand."""
    note = models.CharField(max_length=2000, blank=True, default="", db_default="")
    """Why, or where it was found."""

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["alert", "entity"], name="evidence_once_per_alert"),
            models.CheckConstraint(
                condition=Q(alert__isnull=False, added_by="") | (Q(alert__isnull=True) & ~Q(added_by="")),
                name="evidence_of_an_alert_or_by_hand",
            ),
        ]
        indexes = [
            models.Index(fields=["entity", "-event_time"], include=["incident_number"], name="evidence_entity_time"),
            models.Index(fields=["incident_number", "entity"], name="evidence_incident"),
            models.Index(fields=["incident_number"], name="evidence_by_hand", condition=Q(alert__isnull=True)),
        ]
