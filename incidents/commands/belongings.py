"""What hangs on an incident beside its alerts and goes along when it is merged, such as its tasks.

A model says so itself: `goes_with_merge` names its foreign key to the incident. Then neither merging nor taking it
back needs to know of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from alerts.commands.evidence import move_added
from alerts.models import Evidence

EVIDENCE = Evidence._meta.label_lower
"""What was added by hand; evidence of alerts follows its alert by itself."""
Moved = dict[int, dict[str, list[Any]]]
"""Incident → table → rows."""


def bring_along(source_ids: Sequence[int], target_id: int) -> Moved:
    """Let all that hangs on the sources hang on the target; what came with which."""
    moved: Moved = defaultdict(dict)
    for model, field in _models():
        rows = model._default_manager.filter(**{f"{field}__in": source_ids}).order_by("pk").select_for_update()
        for key, source_id in rows.values_list("pk", field):
            moved[source_id].setdefault(model._meta.label_lower, []).append(_plain(key))
        model._default_manager.filter(**{f"{field}__in": source_ids}).update(**{field: target_id})
    for source_id in source_ids:
        if pieces := move_added(source_id, target_id):
            moved[source_id][EVIDENCE] = [*pieces]
    return moved


def bring_back(moved: Mapping[str, Iterable[int]], target_id: int, source_id: int) -> dict[str, list[Any]]:
    """Let rows that came with a source hang on it again, where they still hang on the target; which ones these are."""
    back: dict[str, list[Any]] = {}
    for model, field in _models():
        keys = list(moved.get(model._meta.label_lower, ()))
        if keys:
            rows = model._default_manager.filter(pk__in=keys, **{field: target_id})
            back[model._meta.label_lower] = sorted(_plain(key) for key in rows.values_list("pk", flat=True))
            rows.update(**{field: source_id})
    if pieces := moved.get(EVIDENCE):
        back[EVIDENCE] = move_added(target_id, source_id, set(pieces))
    return back


def _plain(key: int | UUID) -> int | str:
    """A row's key as JSON has it."""
    return key if isinstance(key, int) else str(key)


def _models() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        field = getattr(model, "goes_with_merge", "")
        if field:
            yield model, field
