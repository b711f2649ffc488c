"""What senders told of an incident that is brought: entities as they are known here, its alerts, and what these name.

An entity there is the one here that has one of its names, or a new one.
"""

from __future__ import annotations

from alerts.choices import AlertStatus, Severity
from alerts.models import Alert, AlertPayload, Evidence
from common.inserting import insert, insert_values
from common.portions import portions
from entities.choices import EntityKind
from entities.commands import Observation, observe
from entities.identity import EntityIdentity
from entities.models import EntityIdentifier
from incidents.brought import ALERT_TIMES, ALERT_VALUES, EVIDENCE_VALUES, Brought, People, Row
from incidents.commands.arrivals import joined_rows

AT_A_TIME = 500
WEAK = ("host:", "account:")
"""How names begin that lead to an entity only where nothing better is known (entities/identity.py)."""


class Seen:
    """Entities, alerts and evidence of one import: first the entities, which alerts and evidence name."""

    def __init__(self, found: Brought, number: int, people: People) -> None:
        self.found, self.number, self.people = found, number, people
        self.entities: dict[int, int] = {}
        """Number there → number here."""
        self.alerts: dict[int, int] = {}
        self.notes: list[str] = []

    def observe(self) -> None:
        """Every entity as the senders' words about it would have it; what is known of it here counts."""
        for rows in portions(self.found.entities(), AT_A_TIME):
            known = _attributes_here(rows)
            observations = []
            for row in rows:
                identity = _identity(row, known.get((row["kind"], row["key"]), {}))
                observations += [Observation(identity, row["first_seen"]), Observation(identity, row["last_seen"])]
            ids = observe(observations)
            self.entities |= {row["id"]: ids[2 * place] for place, row in enumerate(rows)}

    def add_alerts(self) -> list[Row]:
        """The alerts as the first entry of the log tells them."""
        groups: dict[tuple[str, int, int], list[int]] = {}
        for rows in portions(self.found.alerts(), AT_A_TIME):
            alerts = insert([self._alert(row) for row in rows])
            payloads = [
                {"alert_id": alert.pk, "raw": row["raw"]}
                for alert, row in zip(alerts, rows, strict=True)
                if row["raw"] is not None
            ]
            insert_values({AlertPayload: payloads})
            self.alerts |= {row["id"]: alert.pk for alert, row in zip(alerts, rows, strict=True)}
            for alert in alerts:
                groups.setdefault((alert.title, alert.severity, alert.status), []).append(alert.pk)
        return joined_rows(groups)

    def _alert(self, row: Row) -> Alert:
        user, team = self.people.assignee(row["assignee"], "assignee of alerts")
        if row["tuned_by"]:
            self.people.missing.add(f"the tuning rule “{row['tuned_by']}”")
        return Alert(
            incident_id=self.number,
            **{name: row[name] for name in (*ALERT_VALUES, *ALERT_TIMES)},
            severity=Severity.from_slug(row["severity"]),
            status=AlertStatus.from_slug(row["status"]),
            assignee_user=user,
            assignee_team=team,
            link_entity_id=self.entities[row["link_entity"]] if row["link_entity"] is not None else None,
        )

    def add_evidence(self) -> list[int]:
        """Every piece; the entities of which people have said something. Two entities may be known as one here: then
        what was said first of it counts."""
        seen: set[tuple[int, int]] = set()
        judged: dict[int, None] = {}
        left = 0
        for rows in portions(self.found.evidence(), AT_A_TIME):
            pieces = []
            for row in rows:
                entity, alert = self.entities[row["entity"]], self.alerts.get(row["alert"])
                if alert is not None and (alert, entity) in seen:
                    left += 1
                    continue
                if alert is not None:
                    seen.add((alert, entity))
                pieces.append(
                    {
                        **{name: row[name] for name in ("event_time", *EVIDENCE_VALUES)},
                        "alert_id": alert,
                        "entity_id": entity,
                        "incident_number": self.number,
                    }
                )
                if row["verdict_is_manual"] or row["remediation_is_manual"] or alert is None:
                    judged[entity] = None
            insert_values({Evidence: pieces})
        if left:
            self.notes.append(f"{left:,} pieces of evidence name what is known as the same thing here.")
        return list(judged)


def _identity(row: Row, known: Row) -> EntityIdentity:
    """The entity as senders name it: by its sure names first, its key above all."""
    names = [row["key"], *(name for name in row["identifiers"] if name != row["key"])]
    weak = [name for name in names if name.startswith(WEAK)]
    sure = [name for name in names if name not in weak]
    new = {name: value for name, value in row["attributes"].items() if name not in known}
    match, aliases = (sure, weak) if sure else (weak, [])
    return EntityIdentity(EntityKind(row["kind"]), row["key"], row["name"], tuple(match), tuple(aliases), new)


def _attributes_here(rows: list[Row]) -> dict[tuple[str, str], Row]:
    """Kind and key there → what is known here of the same thing already: an archive is older than that."""
    wanted = {(row["kind"], name): (row["kind"], row["key"]) for row in rows for name in row["identifiers"]}
    wanted |= {(row["kind"], row["key"]): (row["kind"], row["key"]) for row in rows}
    found = EntityIdentifier.objects.filter(value__in={name for _, name in wanted}).select_related("entity")
    known: dict[tuple[str, str], Row] = {}
    for each in found:
        if key := wanted.get((each.kind, each.value)):
            known.setdefault(key, {}).update(each.entity.attributes)
    return known
