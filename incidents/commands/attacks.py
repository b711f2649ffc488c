"""The system tags incidents with the type of attack that their alerts tell of."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence

from activity.actors import CORRELATION
from incidents.choices import TagKind
from incidents.commands.tagging import change_tags
from incidents.models import Incident, Tag
from incidents.rules import attack_types
from incidents.summary import Summary


def new_attacks(summarised: Summary) -> list[str]:
    """Types of attack that the alerts tell of and no tag says yet."""
    types = attack_types(summarised.categories, summarised.techniques)
    return [name for name in types if name not in summarised.weight.attacks]


def tag_attacks(incidents: MutableMapping[int, Incident], attacks: Mapping[int, Sequence[str]]) -> None:
    """Give each incident its new attack type tags; part of the command that brought its alerts.

    A name that people made a tag of their own before stays theirs.
    """
    wanted = {name for names in attacks.values() for name in names}
    taken = {name for name, tag in Tag.objects.named(wanted).items() if tag.kind != TagKind.ATTACK}
    for incident_id, names in attacks.items():
        if add := [name for name in names if name not in taken]:
            incidents[incident_id] = change_tags(
                incidents[incident_id], add=add, kind=TagKind.ATTACK, actor=CORRELATION
            )
