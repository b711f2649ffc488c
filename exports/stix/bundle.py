"""The bundle of one incident: what stands in it, object by object, as text that is sent while it is made.

The incident of STIX 2.1 is a stub; what it has no property for stands in an extension of ours, whose definition comes
along. An alert is observed data of the observables that it names, or a note where it names none. What an alert or a
person found malicious or suspicious is an indicator, and a sighting says in which observed data it was seen. A grouping
holds all of it together.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction

from accounts.models import Principal
from alerts.choices import AlertStatus, Classification, Determination, Severity, Verdict, finding_in_words
from alerts.models import Alert, Evidence
from alerts.techniques import technique_name
from common.portions import portions
from exports.choices import Marking
from exports.stix.identifiers import birth_of, own_id, stamp
from exports.stix.markings import IDS, marking_definition
from exports.stix.observables import Object, Shown, Thing, shown
from exports.stix.patterns import pattern_of
from incidents.choices import IncidentStatus
from incidents.models import Incident

AT_A_TIME = 500
ROWS_AT_ONCE = 5_000
CREATED = "2026-01-01T00:00:00.000Z"
"""Of the objects that say what this is and who makes it: the same in every bundle."""
MOST_OBSERVED = 999_999_999
"""Source: STIX 2.1, section 4.14."""
NOTED_AT_MOST = 2_000
"""Characters of a thing's facts in a note."""
BAD: dict[str, int] = {Verdict.SUSPICIOUS: 1, Verdict.MALICIOUS: 2}
INDICATOR_TYPES = {1: "anomalous-activity", 2: "malicious-activity"}
EXTENSION_SCHEMA = (
    "Properties of an incident: number, severity, status, classification, determination, priority, tags (texts), "
    "first_activity, last_activity, resolved, resolution_note. Properties of observed data, which is an alert: source, "
    "external_id, title, severity, status, classification, determination, categories, techniques (texts)."
)


@dataclass(slots=True)
class _Known:
    """What is kept of an entity while the bundle is made."""

    evidence: int
    """The number of the piece of evidence that tells of it."""
    first: datetime
    badness: int = 0
    reference: str = ""
    is_observable: bool = False
    indicator: str = ""
    observed: list[str] = field(default_factory=list)
    """Of an indicator, the observed data that it was seen in."""
    last: datetime | None = None


def bundle(incident: Incident, principal: Principal, marking: Marking) -> Iterator[str]:
    """The bundle's text, piece by piece; one that was cut off has no closing bracket."""
    return _Bundle(incident, principal, marking).text()


class _Bundle:
    def __init__(self, incident: Incident, principal: Principal, marking: Marking) -> None:
        self.incident, self.marking = incident, marking
        self.birth = birth_of(incident.pk)
        self.alerts = Alert.objects.visible_to(principal).of_incident(incident.pk)
        self.evidence = Evidence.objects.visible_to(principal).filter(incident_number=incident.pk)
        self.identity = own_id("identity", birth_of(None) or "a Watchfloor")
        self.extension = own_id("extension-definition", "incident", 1)
        self.number = own_id("incident", self.birth)
        self.references: list[str] = []
        """Of all that the grouping holds, in order; each once."""
        self.seen: set[str] = set()
        self.known: dict[int, _Known] = {}

    def text(self) -> Iterator[str]:
        mark = f'{{"type": "bundle", "id": "{own_id("bundle", self.birth, self.marking)}", "objects": [\n'
        for made in self.objects():
            yield mark + json.dumps(made, ensure_ascii=False, allow_nan=False)
            mark = ",\n"
        yield "\n]}\n"

    def objects(self) -> Iterator[Object]:
        """Every object, what others refer to first."""
        yield marking_definition(self.marking)
        yield self._identity()
        yield self._definition()
        yield from self._put([self._incident()])
        self._gather()
        for numbers in portions(sorted(self.known), AT_A_TIME):
            yield from self._put(self._things(numbers))
        yield from self._put(self._techniques())
        yield from self._alerts()
        yield from self._put(self._sightings())
        yield self._grouping()

    def _put(self, made: Iterable[Object]) -> Iterator[Object]:
        """Objects that the grouping holds; what is there already is not told twice."""
        for each in made:
            if each["id"] not in self.seen:
                self.seen.add(each["id"])
                self.references.append(each["id"])
                yield each

    # What describes the bundle

    def _identity(self) -> Object:
        return {
            "type": "identity",
            "spec_version": "2.1",
            "id": self.identity,
            "created": CREATED,
            "modified": CREATED,
            "name": "Watchfloor",
            "description": "A portal in which people manage security incidents.",
            "identity_class": "system",
        }

    def _definition(self) -> Object:
        return {
            "type": "extension-definition",
            "spec_version": "2.1",
            "id": self.extension,
            "created_by_ref": self.identity,
            "created": CREATED,
            "modified": CREATED,
            "name": "Watchfloor incident",
            "description": "What the incident of STIX 2.1, a stub, and observed data have no properties for.",
            "schema": EXTENSION_SCHEMA,
            "version": "1.0.0",
            "extension_types": ["property-extension"],
        }

    def _own(self, kind: str, *parts: object, **properties: Any) -> Object:
        """An object of ours, marked, with who made it and as of when."""
        return self._dated({"type": kind, "spec_version": "2.1", "id": own_id(kind, self.birth, *parts), **properties})

    def _dated(self, made: Object) -> Object:
        incident = self.incident
        return made | {
            "created_by_ref": self.identity,
            "created": stamp(incident.created_at),
            "modified": stamp(max(incident.created_at, incident.updated_at)),
            "object_marking_refs": [IDS[self.marking]],
        }

    def _extended(self, **values: Any) -> Object:
        told = {name: value for name, value in values.items() if value not in (None, "", [])}
        return {self.extension: {"extension_type": "property-extension", **told}}

    def _incident(self) -> Object:
        incident = self.incident
        finding = finding_in_words(Classification(incident.classification), Determination(incident.determination))
        severity, status = Severity(incident.severity), IncidentStatus(incident.status)
        description = f"Incident #{incident.pk}. Severity: {severity.label}. Status: {status.label}. {finding}."
        tags = sorted(tag.name for tag in incident.tags.all())
        return self._dated(
            {
                "type": "incident",
                "spec_version": "2.1",
                "id": self.number,
                "name": incident.name,
                "description": description,
                **({"labels": tags} if tags else {}),
                "extensions": self._extended(
                    number=incident.pk,
                    severity=severity.slug,
                    status=status.slug,
                    classification=incident.classification,
                    determination=incident.determination,
                    priority=incident.priority,
                    tags=tags,
                    first_activity=stamp(incident.first_activity),
                    last_activity=stamp(incident.last_activity),
                    resolved=stamp(incident.resolved_at) if incident.resolved_at else None,
                    resolution_note=incident.resolution_note,
                ),
            }
        )

    # Entities

    def _gather(self) -> None:
        """Which entities there are, since when, and what was found of each."""
        with transaction.atomic():
            rows = self.evidence.order_by("pk").values_list("pk", "entity_id", "event_time", "verdict")
            for number, entity, moment, verdict in rows.iterator(chunk_size=ROWS_AT_ONCE):
                known = self.known.setdefault(entity, _Known(number, moment))
                known.first = min(known.first, moment)
                known.badness = max(known.badness, BAD.get(verdict, 0))

    def _things(self, entities: Sequence[int]) -> Iterator[Object]:
        """The entities in STIX, what they refer to, and how the bad ones are looked for."""
        told = {self.known[entity].evidence: entity for entity in entities}
        rows = self.evidence.filter(pk__in=told).order_by("entity").select_related("entity")
        for row in rows:
            entity = row.entity
            thing = Thing(entity.pk, entity.kind, entity.key, entity.name, entity.attributes, row.details)
            found, known = shown(thing, self.birth), self.known[entity.pk]
            if found is None:
                yield self._note_of(thing)
                continue
            known.reference, known.is_observable = found.main["id"], found.is_observable
            for made in (*found.others, found.main):
                is_observable = found.is_observable or made is not found.main
                yield made | {"object_marking_refs": [IDS[self.marking]]} if is_observable else self._dated(made)
            yield from self._indicator(thing, found, known)
            if thing.kind == "malware":
                yield self._related(known.reference)

    def _note_of(self, thing: Thing) -> Object:
        facts = {**thing.attributes, **thing.details}
        content = f"{thing.kind}: {thing.name}\n{json.dumps(facts, ensure_ascii=False)[:NOTED_AT_MOST]}"
        return self._own("note", "entity", thing.kind, thing.key, abstract=thing.name, content=content,
                         object_refs=[self.number])  # fmt: skip

    def _indicator(self, thing: Thing, found: Shown, known: _Known) -> Iterator[Object]:
        pattern = pattern_of(found.main) if known.badness else ""
        if pattern:
            made = self._own(
                "indicator",
                found.main["id"],
                name=thing.name,
                indicator_types=[INDICATOR_TYPES[known.badness]],
                pattern=pattern,
                pattern_type="stix",
                pattern_version="2.1",
                valid_from=stamp(known.first),
            )
            known.indicator = made["id"]
            yield made

    def _related(self, reference: str) -> Object:
        return self._own(
            "relationship",
            "related-to",
            reference,
            relationship_type="related-to",
            source_ref=self.number,
            target_ref=reference,
        )

    def _techniques(self) -> Iterator[Object]:
        """Techniques of ATT&CK that the alerts name."""
        rows = self.alerts.exclude(techniques=[]).order_by().values_list("techniques", flat=True).distinct()
        for technique in sorted({each for techniques in rows for each in techniques}):
            address = f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}"
            reference = {"source_name": "mitre-attack", "external_id": technique}
            is_plain = technique.replace(".", "").isascii() and technique.replace(".", "").isalnum()
            made = self._own(
                "attack-pattern",
                technique,
                name=technique_name(technique) or technique,
                external_references=[reference | ({"url": address} if is_plain else {})],
            )
            yield made
            yield self._related(made["id"])

    # Alerts

    def _alerts(self) -> Iterator[Object]:
        with transaction.atomic():
            numbers = array("q", self.alerts.order_by("pk").values_list("pk", flat=True).iterator(ROWS_AT_ONCE))
        for portion in portions(numbers, AT_A_TIME):
            rows = self.alerts.filter(pk__in=portion).order_by("pk").values(*ALERT_FIELDS)
            named = self._entities_of(portion)
            yield from self._put(self._alert(row, named.get(row["pk"], ())) for row in rows)

    def _entities_of(self, alerts: Sequence[int]) -> dict[int, list[int]]:
        rows = self.evidence.filter(alert__in=alerts).order_by("alert", "pk").values_list("alert", "entity")
        return {alert: [entity for _, entity in pairs] for alert, pairs in groupby(rows, itemgetter(0))}

    def _alert(self, row: Mapping[str, Any], entities: Iterable[int]) -> Object:
        found = [known for entity in entities if (known := self.known.get(entity)) and known.reference]
        observables = list(dict.fromkeys(known.reference for known in found if known.is_observable))
        told = self._extended(
            severity=Severity(row["severity"]).slug,
            status=AlertStatus(row["status"]).slug,
            **{name: row[name] for name in ALERT_FIELDS[3:-4]},
        )
        if not observables:
            others = list(dict.fromkeys(known.reference for known in found))
            return self._own(
                "note",
                "alert",
                row["pk"],
                abstract=row["title"],
                content=row["description"] or row["title"],
                object_refs=[self.number, *others],
                extensions=told,
            )
        made = self._own(
            "observed-data",
            "alert",
            row["pk"],
            first_observed=stamp(row["first_activity"]),
            last_observed=stamp(row["last_activity"]),
            number_observed=min(row["repeats"] + 1, MOST_OBSERVED),
            object_refs=observables,
            extensions=told,
        )
        for known in found:
            if known.indicator:
                known.observed.append(made["id"])
                known.last = max(known.last or row["last_activity"], row["last_activity"])
        return made

    def _sightings(self) -> Iterator[Object]:
        """Where the indicators were seen."""
        for known in self.known.values():
            if known.indicator and known.observed:
                yield self._own(
                    "sighting",
                    known.indicator,
                    sighting_of_ref=known.indicator,
                    observed_data_refs=list(dict.fromkeys(known.observed)),
                    where_sighted_refs=[self.identity],
                    first_seen=stamp(known.first),
                    last_seen=stamp(max(known.first, known.last or known.first)),
                    count=len(set(known.observed)),
                )

    def _grouping(self) -> Object:
        return self._own(
            "grouping",
            "all",
            name=self.incident.name,
            context="suspicious-activity",
            object_refs=self.references,
        )


ALERT_FIELDS = (
    *("pk", "severity", "status", "source", "external_id", "title", "classification", "determination", "categories"),
    *("techniques", "description", "first_activity", "last_activity", "repeats"),
)
