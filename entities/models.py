"""Entities: the devices, users, files, addresses … that alerts are about, each stored once."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from common.wildcards import LONGEST_PATTERN
from entities.choices import ASSET_KINDS, Criticality, EntityKind
from entities.rules import ClassificationValues, Rule, rule_of


class EntityQuerySet(models.QuerySet["Entity"]):
    def assets(self) -> Self:
        return self.filter(kind__in=ASSET_KINDS)


class AssetClassification(models.Model):
    """A sort of critical assets, such as domain controllers: how critical they are, and how one is recognised."""

    slug = models.CharField(max_length=40, blank=True)
    """Of one that every installation starts with; it can be changed and switched off, but not deleted."""
    name = models.CharField(max_length=80)
    level = models.CharField(max_length=10, choices=Criticality.choices)
    kinds = ArrayField(models.CharField(max_length=20, choices=EntityKind.choices))
    names = ArrayField(models.CharField(max_length=LONGEST_PATTERN), default=list, blank=True)
    """Patterns of names; `*` stands for anything."""
    groups = ArrayField(models.CharField(max_length=LONGEST_PATTERN), default=list, blank=True)
    """Patterns of device groups."""
    attributes = ArrayField(models.CharField(max_length=LONGEST_PATTERN), default=list, blank=True)
    """`key=value` each, the value a pattern."""
    needs_all = models.BooleanField(default=False)
    """Whether names, groups and attributes must all hold, or one of them is enough."""
    is_on = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    """Grows with every change; a save names the version it was based on."""
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="asset_classification_name_once"),
            models.UniqueConstraint(fields=["slug"], condition=~Q(slug=""), name="asset_classification_slug_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def values(self) -> ClassificationValues:
        return ClassificationValues(
            self.name, self.level, self.kinds, self.names, self.groups, self.attributes, self.needs_all, self.is_on
        )

    def as_rule(self) -> Rule:
        return rule_of(self.pk, self.values)


class Entity(models.Model):
    """One thing in the world, whoever reported it and however they spelled it."""

    kind = models.CharField(max_length=20, choices=EntityKind.choices)
    key = models.CharField(max_length=1100)
    """Normalised, readable name; unique within its kind."""
    name = models.CharField(max_length=1100)
    attributes = models.JSONField(default=dict)
    """What is known about it, such as a device's operating system; the newest report wins field by field."""
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    trigrams = ArrayField(models.CharField(max_length=3), default=list, db_default=[])
    """Every three neighbouring characters of its key and name, folded: an index over them finds any part of a name
    without an extension of the database."""
    criticality = models.CharField(max_length=10, choices=Criticality.choices, default="", db_default="", blank=True)
    """How critical an asset is, whoever says so; empty for what is not."""
    criticality_by_hand = models.CharField(max_length=10, default="", db_default="", blank=True)
    """What a person has said: a level, or NOT_CRITICAL; it counts whatever the rules say."""
    classification = models.ForeignKey(
        AssetClassification, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    """Which classification gives it its level; none where a person or its source does."""

    objects = EntityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entities"
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="entity_kind_key")]
        indexes = [
            models.Index(OpClass(Lower("key"), name="text_pattern_ops"), name="entity_key_prefix"),
            GinIndex(fields=["trigrams"], fastupdate=False, name="entity_trigrams"),
            # So few are critical that the list of them would otherwise read all.
            models.Index(fields=["criticality", "-id"], name="entity_critical", condition=~Q(criticality="")),
            models.Index(
                fields=["classification"], name="entity_classified", condition=Q(classification__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EntityIdentifier(models.Model):
    """A name that leads to an entity: a user has a principal name, a DOMAIN\\user form, a SID …"""

    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=20, choices=EntityKind.choices)
    value = models.CharField(max_length=1100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="entity_identifier_once")]
