"""Entities: the devices, users, files, addresses … that alerts are about, each stored once."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower

from entities.choices import ASSET_KINDS, EntityKind


class EntityQuerySet(models.QuerySet["Entity"]):
    def assets(self) -> Self:
        return self.filter(kind__in=ASSET_KINDS)


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

    objects = EntityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entities"
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="entity_kind_key")]
        indexes = [
            models.Index(OpClass(Lower("key"), name="text_pattern_ops"), name="entity_key_prefix"),
            GinIndex(fields=["trigrams"], fastupdate=False, name="entity_trigrams"),
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
