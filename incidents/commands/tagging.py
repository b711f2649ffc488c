"""Tags on an incident. People set custom tags; system tags are set by the system only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

from activity.actors import Actor
from activity.record import Change
from common.command import command
from common.errors import Refused
from incidents import verbs, weighing
from incidents.choices import TagKind
from incidents.commands.change import lock, save_and_record
from incidents.models import Incident, IncidentTag, Tag
from incidents.rules import MOST_TAGS, attack_factor, tidied

Made = TypeVar("Made")

LONGEST_TAG = 100


@command
def change_tags(
    incident: Incident,
    *,
    actor: Actor,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    kind: TagKind = TagKind.CUSTOM,
    batch: UUID | None = None,
) -> Incident:
    """Add and remove tags by name, without regard to letter case; a name that is new comes into being.

    Raises Refused for an empty or too long name, a system tag's name, or too many tags.
    """
    incident = lock(incident)
    present = {tag.pk: tag for tag in incident.tags.all()}
    add, remove = tuple(add), tuple(remove)
    leaving = {tag.pk for tag in _once(incident, ("named", remove), lambda: Tag.objects.named(tidied(remove))).values()}
    wanted = _once(incident, ("tags", add, kind), lambda: find_or_create(add, kind))
    gone = {pk for pk, tag in present.items() if tag.kind == kind and pk in leaving}
    coming = {tag.pk: tag for tag in wanted if tag.pk not in present or tag.pk in gone}
    gone -= set(coming)
    coming = {pk: tag for pk, tag in coming.items() if pk not in present}
    if not gone and not coming:
        return incident
    after = {pk: tag for pk, tag in present.items() if pk not in gone} | coming
    if len(after) > MOST_TAGS and kind == TagKind.CUSTOM:
        raise Refused(f"An incident holds at most {MOST_TAGS} tags; remove some first.", field="tags")
    put_tags(incident, coming=coming.values(), gone=gone)
    if kind == TagKind.ATTACK:
        attacks = [tag.name for tag in after.values() if tag.kind == TagKind.ATTACK]
        others = [factor for factor in incident.priority_factors if factor[0] != "attack"]
        weighing.weigh(incident, [*others, *attack_factor(attacks)])
    save_and_record(
        incident,
        verbs.TAGS_CHANGED,
        [Change("tags", tag_names(present.values()), tag_names(after.values()))],
        fields=["tag_ids", *weighing.FIELDS],
        actor=actor,
        batch=batch,
    )
    return incident


def put_tags(incident: Incident, *, coming: Iterable[Tag], gone: Iterable[int]) -> None:
    """Link and unlink tags of a locked incident; its `tag_ids` are the caller's to save."""
    coming, gone = list(coming), set(gone)
    if incident.handful:
        incident.handful.retag(incident, coming=coming, gone=gone)
    else:
        IncidentTag.objects.filter(incident=incident, tag_id__in=gone).delete()
        IncidentTag.objects.bulk_create([IncidentTag(incident=incident, tag=tag) for tag in coming])
    incident.tag_ids = sorted({*incident.tag_ids, *(tag.pk for tag in coming)} - gone)


def _once(incident: Incident, key: object, make: Callable[[], Made]) -> Made:
    return incident.handful.once(key, make) if incident.handful else make()


def find_or_create(names: Iterable[str], kind: TagKind = TagKind.CUSTOM) -> list[Tag]:
    """The tags of these names; those that do not exist yet are created, spelled as given."""
    wanted = tidied(names)
    known = check_tags(wanted, kind)
    new = [name for name in wanted if name not in known]
    if new:
        # Two people may type the same new tag at once: the second one finds the first one's.
        Tag.objects.bulk_create([Tag(name=name, kind=kind) for name in new], ignore_conflicts=True)
        known |= check_tags(new, kind)
    return list({tag.pk: tag for tag in known.values()}.values())


def check_tags(names: Iterable[str], kind: TagKind = TagKind.CUSTOM) -> dict[str, Tag]:
    """The tags that exist of these names; Refused for a name that is too long or another kind's."""
    wanted = tidied(names)
    for name in wanted:
        if len(name) > LONGEST_TAG:
            raise Refused(f"A tag has at most {LONGEST_TAG} characters: “{name[:30]}…” has {len(name)}.", field="tags")
    known = Tag.objects.named(wanted)
    for tag in known.values():
        if tag.kind != kind:
            raise Refused(f"“{tag.name}” is a system tag and cannot be set by hand.", field="tags")
    return known


def tag_names(tags: Iterable[Tag]) -> list[str]:
    return sorted((tag.name for tag in tags), key=str.lower)
