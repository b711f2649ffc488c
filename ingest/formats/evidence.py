"""Gathering the evidence of one alert: each entity once, whatever the number of times and spellings it is named by."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from alerts.choices import RemediationStatus, Verdict
from entities import identity
from entities.choices import EntityKind
from entities.identity import EntityIdentity, IdentityError, Scope
from ingest import limits
from ingest.parsed import ParsedEvidence

_WEIGHT = {Verdict.UNKNOWN: 0, Verdict.NO_THREATS_FOUND: 1, Verdict.SUSPICIOUS: 2, Verdict.MALICIOUS: 3}

_SEVERAL = -1
"""In place of a place: a weak name that several entities of the alert share leads to none of them."""

KEPT_REPEATS = 20
"""How many further descriptions of the same entity are kept in its details, under “also”."""


class EvidenceGatherer:
    """The evidence of one alert so far. An entity named again adds its roles, its worse verdict and its details."""

    def __init__(self, alert: str, notices: list[str]) -> None:
        self.alert = alert
        """The alert's own id: where things exist whose device the alert does not name."""
        self.notices = notices
        self._gathered: list[ParsedEvidence] = []
        self._sure: dict[tuple[EntityKind, str], int] = {}
        self._weak: dict[tuple[EntityKind, str], int] = {}
        self._devices: list[int] = []
        self._left_out = 0

    def add(
        self,
        entity: EntityIdentity,
        *,
        roles: Iterable[str] = (),
        verdict: Verdict = Verdict.UNKNOWN,
        remediation_status: RemediationStatus = RemediationStatus.NONE,
        event_time: datetime | None = None,
        details: dict[str, Any] | None = None,
    ) -> EntityIdentity:
        """Adds one entity and returns its identity with all that the alert has said of it so far."""
        new = ParsedEvidence(entity, tuple(roles), verdict, remediation_status, event_time, dict(details or {}))
        place = self._place_of(entity)
        if place is None and len(self._gathered) >= limits.EVIDENCE_PER_ALERT:
            self._left_out += 1
            return entity
        if place is None:
            place = len(self._gathered)
            self._gathered.append(new)
            self._devices += [place] if entity.kind is EntityKind.DEVICE else []
        else:
            self._gathered[place] = united(self._gathered[place], new)
        self._remember(place)
        return self._gathered[place].entity

    def try_to_add(
        self, build: Callable[[], EntityIdentity], label: str, content: Any, path: str, **said: Any
    ) -> EntityIdentity:
        """As `add`; what nothing identifies is kept as a thing of another kind, with a notice, and never lost."""
        try:
            entity = build()
        except IdentityError as error:
            self.notices.append(f"{path}: {error} Kept as “{label}”.")
            entity = identity.other(label, content=content, scope=self.alert)
        return self.add(entity, **said)

    def _place_of(self, entity: EntityIdentity) -> int | None:
        """Where the entity was named before. A weak name leads to a sure one and back, but never from sure to sure:
        CONTOSO\\jo and FABRIKAM\\jo are both “jo” and yet two people."""
        for name in entity.match:
            place = self._sure.get((entity.kind, name), self._weak.get((entity.kind, name), _SEVERAL))
            if place != _SEVERAL:
                return place
        weak_names = ((entity.kind, name) for name in entity.aliases)
        return next((self._sure[name] for name in weak_names if name in self._sure), None)

    def _remember(self, place: int) -> None:
        entity = self._gathered[place].entity
        for name in entity.match:
            self._sure[entity.kind, name] = place
        for name in entity.aliases:
            self._sure.pop((entity.kind, name), None)
            if self._weak.setdefault((entity.kind, name), place) != place:
                self._weak[entity.kind, name] = _SEVERAL

    def scope(self) -> Scope:
        """Where things exist that name no device: on the alert's only device, else within the alert."""
        return self._gathered[self._devices[0]].entity if len(self._devices) == 1 else f"alert:{self.alert}"

    def evidence(self) -> tuple[ParsedEvidence, ...]:
        if self._left_out:
            self.notices.append(
                f"evidence: {self._left_out:,} entities beyond the first {limits.EVIDENCE_PER_ALERT:,} were left out."
            )
            self._left_out = 0
        return tuple(self._gathered)


def united(known: ParsedEvidence, new: ParsedEvidence) -> ParsedEvidence:
    """Two mentions of one entity as one."""
    earlier = known.remediation_status
    return ParsedEvidence(
        entity=_united_identity(known.entity, new.entity),
        roles=tuple(dict.fromkeys((*known.roles, *new.roles))),
        verdict=max(known.verdict, new.verdict, key=_WEIGHT.__getitem__),
        remediation_status=new.remediation_status if earlier is RemediationStatus.NONE else earlier,
        event_time=known.event_time or new.event_time,
        details=_united_details(known.details, new.details),
    )


def _united_identity(known: EntityIdentity, new: EntityIdentity) -> EntityIdentity:
    """One identity of two that name the same thing; a name that is weak for one of them is weak."""
    if known == new:
        return known
    weak = set(known.aliases) | set(new.aliases)
    match = tuple(dict.fromkeys(name for name in (*known.match, *new.match) if name not in weak))
    aliases = tuple(dict.fromkeys((*known.aliases, *new.aliases)))
    better = known if known.key in match else new
    return dataclasses.replace(better, match=match, aliases=aliases, attributes={**new.attributes, **known.attributes})


def _united_details(known: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The first mention's details; where a further one says otherwise, it stands whole under “also”."""
    if not new or all(known.get(name) == value for name, value in new.items()):
        return known
    if all(known.get(name, value) == value for name, value in new.items()):
        return {**known, **new}
    also = known.get("also", [])
    return {**known, "also": [*also, new]} if new not in also and len(also) < KEPT_REPEATS else known
