"""How critical assets are: judged when they are seen and when a classification changes, or said by a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from activity.actors import SYSTEM, Actor
from activity.record import Change, Draft, Subject, record, record_all
from common.command import command
from common.errors import Refused
from entities import verbs
from entities.choices import ASSET_KINDS, NOT_CRITICAL
from entities.models import Entity
from entities.queries import asset_rules
from entities.rules import RANK, Judgement, Rule, effective, judge


class Seen(NamedTuple):
    """What is stored of an asset, as much of it as a judgement needs."""

    number: int
    kind: str
    key: str
    name: str
    attributes: dict[str, Any]
    criticality: str
    by_hand: str
    classification: int | None


SEEN = "id, kind, key, name, attributes, criticality, criticality_by_hand, classification_id"


def seen(row: Sequence[Any]) -> Seen:
    """A row of these columns."""
    number, kind, key, name, attributes, *rest = row
    return Seen(number, kind, key, name, json.loads(attributes) if isinstance(attributes, str) else attributes, *rest)


def judge_seen(assets: Sequence[Seen], known_before: set[int]) -> None:
    """Judge assets that a source has just reported, whose rows are locked; part of `observe`.

    The rules are read after the rows were locked, so that whoever has a row last judges it by the newest rules. An
    entry tells of assets that were known before and are now something else; their incidents follow from it.
    """
    changed = _changed(assets, asset_rules()) if assets else []
    _store(changed)
    record_all(
        Draft(
            verbs.CRITICALITY_FOUND,
            SYSTEM,
            subject=_subject(asset.number, asset.name),
            changes=[Change("criticality", asset.criticality, fresh.level)],
        )
        for asset, fresh in changed
        if asset.number in known_before and asset.criticality != fresh.level
    )


@command
def set_criticality(entity: Entity, level: str, *, actor: Actor) -> Entity:
    """Say how critical an asset is, or that it is not, whatever the rules say; "" gives it back to the rules."""
    if level and level != NOT_CRITICAL and level not in RANK:
        raise Refused(f"“{level[:40]}” is no level; choose one of the list.", field="level")
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    if entity.kind not in ASSET_KINDS:
        raise Refused("Only devices, users, mailboxes, apps and cloud resources can be critical.", field="level")
    if entity.criticality_by_hand == level:
        return entity
    before = entity.criticality
    changes = [Change("criticality_by_hand", entity.criticality_by_hand, level)]
    judged = judge(asset_rules(), entity.kind, entity.name, entity.key, entity.attributes)
    fresh = effective(level, judged)
    entity.criticality_by_hand, entity.criticality = level, fresh.level
    entity.classification_id = fresh.number or None
    entity.save(update_fields=["criticality_by_hand", "criticality", "classification"])
    if before != fresh.level:
        changes.append(Change("criticality", before, fresh.level))
    record(Draft(verbs.CRITICALITY_SET, actor, subject=_subject(entity.pk, entity.name), changes=changes))
    return entity


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of judging some assets anew."""

    last: int
    number: int
    changed: list[int]
    """Those whose level is another one now."""


def judge_entities(after: int, most: int) -> Judged:
    """Judge the next stored assets by the rules as they are now; part of the command that goes through them all.

    Read without locks; only those that come out otherwise are locked, in the order in which `observe` locks them, and
    judged once more.
    """
    rules = asset_rules()
    kinds = [str(kind) for kind in ASSET_KINDS]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {SEEN} FROM entities_entity WHERE id > %s AND kind = ANY(%s) ORDER BY id LIMIT %s",
            [after, kinds, most],
        )
        assets = [seen(row) for row in cursor.fetchall()]
        found = [asset.number for asset, _ in _changed(assets, rules)]
        if found:
            cursor.execute(
                f"SELECT {SEEN} FROM entities_entity WHERE id = ANY(%s) ORDER BY kind, key FOR NO KEY UPDATE", [found]
            )
            changed = _changed([seen(row) for row in cursor.fetchall()], rules)
            _store(changed)
            found = [asset.number for asset, fresh in changed if asset.criticality != fresh.level]
    return Judged(assets[-1].number if assets else after, len(assets), found)


def _changed(assets: Sequence[Seen], rules: Sequence[Rule]) -> list[tuple[Seen, Judgement]]:
    """Those of which something else is true than what is stored, and what that is."""
    found = []
    for asset in assets:
        fresh = effective(asset.by_hand, judge(rules, asset.kind, asset.name, asset.key, asset.attributes))
        if (asset.criticality, asset.classification or 0) != (fresh.level, fresh.number):
            found.append((asset, fresh))
    return found


def _store(changed: Sequence[tuple[Seen, Judgement]]) -> None:
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE entities_entity AS entity SET criticality = fresh.level, classification_id = nullif(fresh.number, 0)
            FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS fresh (id, level, number)
            WHERE entity.id = fresh.id
            """,
            [
                [asset.number for asset, _ in changed],
                [fresh.level for _, fresh in changed],
                [fresh.number for _, fresh in changed],
            ],
        )


def _subject(number: int, name: str) -> Subject:
    return Subject("asset", str(number), name)
