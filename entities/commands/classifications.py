"""Administrators say which assets are critical. What follows for assets and incidents is worked out afterwards, by
whoever hears of the entry."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Refused
from entities import verbs
from entities.models import AssetClassification
from entities.rules import ClassificationValues, checked

FIELDS = ("name", "level", "kinds", "names", "groups", "attributes", "needs_all", "is_on")
GONE = "Somebody deleted this classification meanwhile."


@command
def save_classification(
    values: ClassificationValues, *, actor: Actor, classification: AssetClassification | None = None, based_on: int = 0
) -> AssetClassification:
    """Add a classification, or change the one given.

    Raises Refused for what says nothing, a name that is taken, or one that somebody changed since version `based_on`.
    """
    values = checked(values)
    stored = _lock(classification) if classification else AssetClassification()
    if _taken(values.name, stored):
        raise Refused("Another classification has this name; choose a different one.", field="name")
    before, after = _as_logged(stored) if stored.pk else {}, asdict(values)
    changes = [Change(name, before.get(name), after[name]) for name in FIELDS if before.get(name) != after[name]]
    if not changes:
        return stored
    if stored.pk and based_on and based_on != stored.version:
        raise Refused("Somebody changed this classification since you opened it. Look at it again, then save anew.")
    for name in FIELDS:
        setattr(stored, name, after[name])
    verb = verbs.CLASSIFICATION_CHANGED if stored.pk else verbs.CLASSIFICATION_ADDED
    stored.version, stored.updated_at = (stored.version + 1 if stored.pk else 1), timezone.now()
    stored.save()
    _record(stored, verb, changes, actor)
    return stored


@command
def delete_classification(classification: AssetClassification, *, actor: Actor) -> None:
    """Take a classification away. One that every installation starts with is switched off instead."""
    stored = _lock(classification)
    if stored.slug:
        raise Refused("This classification came with the installation; switch it off instead of deleting it.")
    changes = [Change(name, old, None) for name, old in _as_logged(stored).items()]
    _record(stored, verbs.CLASSIFICATION_DELETED, changes, actor)
    stored.delete()


def _lock(classification: AssetClassification) -> AssetClassification:
    found = AssetClassification.objects.select_for_update().filter(pk=classification.pk).first()
    if found is None:
        raise Refused(GONE)
    return found


def _taken(name: str, stored: AssetClassification) -> bool:
    others = AssetClassification.objects.filter(~Q(pk=stored.pk)) if stored.pk else AssetClassification.objects.all()
    return others.annotate(folded=Lower("name")).filter(folded=name.lower()).exists()


def _as_logged(stored: AssetClassification) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in FIELDS}


def _record(stored: AssetClassification, verb: Verb, changes: list[Change], actor: Actor) -> None:
    record(Draft(verb, actor, subject=Subject("asset_classification", str(stored.pk), stored.name), changes=changes))
