"""What people have taken apart, as correlation asks about it."""

from __future__ import annotations

from collections.abc import Sequence

from common.planned import planned_cursor

# Merged away, an incident stands for the one it leads to; two that were merged again are apart no more.
APART = """
SELECT separation.{what}, coalesce(kept.redirected_to_id, kept.id)
FROM {wanted}
JOIN incidents_separation AS separation {on}
JOIN incidents_incident AS kept ON kept.id = separation.incident_id
JOIN incidents_incident AS gone ON gone.id = separation.moved_to_id
WHERE coalesce(kept.redirected_to_id, kept.id) <> coalesce(gone.redirected_to_id, gone.id)
"""
BY_ENTITY = APART.format(
    what="entity_id", wanted="unnest(%s::bigint[]) AS wanted (entity)", on="ON separation.entity_id = wanted.entity"
)
BY_SOURCE_INCIDENT = APART.format(
    what="source, separation.source_incident",
    wanted="unnest(%s::text[], %s::text[]) AS wanted (source, source_incident)",
    on="ON separation.entity_id IS NULL AND (separation.source, separation.source_incident)"
    " = (wanted.source, wanted.source_incident)",
)


def apart_by_entity(entity_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Of these entities, each with the incidents to which it ties no new alert."""
    with planned_cursor() as cursor:
        cursor.execute(BY_ENTITY, [list(entity_ids)])
        return {(entity_id, number) for entity_id, number in cursor.fetchall()}


def apart_by_source_incident(groups: Sequence[tuple[str, str]]) -> set[tuple[str, str, int]]:
    """The same of incidents of the senders' own: source, name, incident."""
    with planned_cursor() as cursor:
        cursor.execute(BY_SOURCE_INCIDENT, [[source for source, _ in groups], [name for _, name in groups]])
        return {(source, name, number) for source, name, number in cursor.fetchall()}
