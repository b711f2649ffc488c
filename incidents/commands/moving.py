"""Alerts change their incident by a person's hand: into one that exists, or split off into a new one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Principal
from activity.actors import CORRELATION, Actor
from activity.models import Entry
from activity.record import Change, Draft, record_all
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from common.inserting import insert
from incidents import summary, verbs, weighing
from incidents.choices import IncidentStatus, TagKind
from incidents.commands.alerts import MOST_ALERTS
from incidents.commands.apart import Parting, take_apart
from incidents.commands.arrivals import joined
from incidents.commands.attacks import new_attacks, tag_attacks
from incidents.commands.audience import check_not_wider, give_members
from incidents.commands.change import lock_all
from incidents.commands.linking import MOST_ALERTS_NAMED, Opening, changes_between, open_incidents, state_of
from incidents.commands.manage import visible_among
from incidents.commands.snoozing import save_woken, woken_by_alert
from incidents.commands.tagging import change_tags
from incidents.facets import COMMENTED
from incidents.joining import joint_members, same_people
from incidents.models import Incident
from incidents.rules import NOT_SEEN, attack_types, check_text
from incidents.search import rewrite_words

READ = (
    *("title", "severity", "status", "incident", "first_activity", "last_activity"),
    *("link_rule", "link_reason", "link_entity"),
)
"""Of alerts that change their incident."""
MOVED = "moved"
"""In place of a correlation rule on an alert: a person has put it where it is."""


Link = tuple[str, int | None, str]
"""Rule, entity and reason by which an alert is where it is."""


@dataclass(frozen=True, slots=True)
class Move:
    """What moving alerts came to."""

    to: Incident
    alerts: int
    emptied: list[int] = field(default_factory=list)
    """Incidents that have no alert left."""


@command
def move_alerts(
    alert_ids: Iterable[int],
    to: Incident | None,
    *,
    actor: Actor,
    comment: str,
    principal: Principal | None = None,
    batch: UUID | None = None,
) -> Move:
    """Move alerts, of whatever incidents, into an open one; `to` None splits them off into a new one.

    They do not come back: what they share with those that stay ties no new alert to their former incident any more.
    Raises Refused where somebody would see what was kept from them.
    """
    comment = check_text(comment, "comment")
    wanted = sorted(set(alert_ids))
    if not wanted:
        raise Refused("Choose the alerts that are to be moved first.", field="alerts")
    if len(wanted) > MOST_ALERTS:
        raise Refused(f"At most {MOST_ALERTS} alerts at once; these are {len(wanted)}. Choose fewer.", field="alerts")
    numbers = set(Alert.objects.filter(pk__in=wanted).values_list("incident", flat=True))
    locked = lock_all(numbers | ({to.pk} if to else set()))
    if len(visible_among(locked, principal)) < len(locked) or (to and to.pk not in locked):
        raise Refused(NOT_SEEN, field="to")
    rows = Alert.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    chosen = list(rows.only(*READ))
    if len(chosen) < len(wanted) or any(alert.incident_id not in locked for alert in chosen):
        raise Refused("One of these alerts was moved elsewhere this moment; look again.", field="alerts")
    if to is not None:
        to = locked[to.pk]
        _check_takes(to)
    moving: dict[int, list[Alert]] = defaultdict(list)
    for alert in chosen:
        if to is None or alert.incident_id != to.pk:
            moving[alert.incident_id].append(alert)
    if not moving:
        assert to is not None
        return Move(to, 0)
    origins = [locked[number] for number in sorted(moving)]
    check_not_wider(origins, to)
    return Moving(origins, moving, to, actor, comment, batch or uuid4()).run()


def _check_takes(to: Incident) -> None:
    if to.status == IncidentStatus.REDIRECTED:
        raise Refused(f"#{to.pk} was merged into #{to.redirected_to_id}; choose that one.", field="to")
    if not to.is_open:
        raise Refused(f"#{to.pk} is resolved; reopen it first, or choose another one.", field="to")


class Moving:
    """One move of locked alerts between locked incidents."""

    def __init__(
        self,
        origins: Sequence[Incident],
        moving: Mapping[int, Sequence[Alert]],
        to: Incident | None,
        actor: Actor,
        comment: str,
        batch: UUID,
    ) -> None:
        self.origins, self.moving, self.actor, self.comment, self.batch = origins, moving, actor, comment, batch
        self.alerts = [alert for origin in origins for alert in moving[origin.pk]]
        self.is_new = to is None
        self.extra: list[Change] = []
        self.to = to or self._split_off()

    def _split_off(self) -> Incident:
        """A new incident for them, seen by nobody who did not see them before."""
        if len(self.origins) == 1 and self.origins[0].alerts_total == len(self.alerts):
            number = self.origins[0].pk
            raise Refused(
                f"These are all the alerts of #{number}; there is nothing to split off. Rename it instead.", field="to"
            )
        first = min(self.alerts, key=lambda alert: (alert.first_activity, alert.pk))
        opening = Opening(
            first.title,
            max(alert.severity for alert in self.alerts),
            first.first_activity,
            max(alert.last_activity for alert in self.alerts),
        )
        [incident] = insert(open_incidents([opening]))
        joint = joint_members(self.origins)
        if joint is not None:
            self.extra = give_members(incident, joint)
        return incident

    def run(self) -> Move:
        to, touched = self.to, [self.to, *self.origins]
        before = {incident.pk: state_of(incident) for incident in touched}
        attacks = _attacks(self.origins)
        links = {alert.pk: (alert.link_rule, alert.link_entity_id, alert.link_reason) for alert in self.alerts}
        partings = self.move()
        summaries = {each.incident_id: each for each in summary.summarise([each.pk for each in touched])}
        emptied = []
        for incident in touched:
            if incident.pk in summaries:
                summary.apply(incident, summaries[incident.pk])
            else:
                empty(incident)
                emptied.append(incident.pk)
            incident.updated_at = timezone.now()
            if not (self.is_new and incident is to):
                incident.version += 1
            fields = [*summary.FIELDS, *weighing.FIELDS, "name", "severity", "restricted", "updated_at", "version"]
            incident.save(update_fields=fields)
        drafts = [self._of_origin(origin, before[origin.pk], links, partings.get(origin.pk)) for origin in self.origins]
        drafts.append(self._of_target(before[to.pk]))
        if to.snoozed_until:
            drafts.append(woken_by_alert(to))
            save_woken([to])
        record_all(drafts)
        rewrite_words(names_of(touched))
        self._retag(attacks, summaries, {incident.pk: incident for incident in touched})
        return Move(to, len(self.alerts), emptied)

    def move(self) -> dict[int, Parting]:
        """Change the rows of the alerts; of each former incident, what it is kept apart by from now on."""
        now, partings = timezone.now(), {}
        for origin in self.origins:
            ids = [alert.pk for alert in self.moving[origin.pk]]
            Alert.objects.filter(pk__in=ids).update(
                incident=self.to,
                link_rule=MOVED,
                link_reason=f"{self.actor.label} moved it here from #{origin.pk}: {self.comment[:1000]}"[:1500],
                link_entity=None,
                linked_at=now,
                updated_at=now,
            )
            partings[origin.pk] = take_apart(origin.pk, self.to.pk, ids)
        return partings

    def _of_origin(
        self, origin: Incident, before: dict[str, Any], links: Mapping[int, Link], parting: Parting | None
    ) -> Draft:
        """What the former incident's log tells, with all that it takes to undo the move; of an incident that others
        see, neither number nor comment."""
        may_name = same_people(origin, self.to)
        alerts = self.moving[origin.pk]
        facts = self._facts(alerts, {number: reason for number, (_, _, reason) in links.items()}) | {
            "into": f"#{self.to.pk}" if may_name else "an incident with restricted access"
        }
        if may_name:
            facts["moved_to"] = self.to.pk
        if parting is not None:
            facts["links"] = [links[alert.pk] for alert in alerts]
            facts["parting"] = {"made": parting.made, "voided": parting.voided}
        return Draft(
            verbs.ALERTS_MOVED_OUT,
            self.actor,
            incident_id=origin.pk,
            incident_version=origin.version,
            changes=changes_between(before, state_of(origin)),
            facts=facts,
            text=self.comment if may_name else None,
            batch=self.batch,
        )

    def _of_target(self, before: dict[str, Any]) -> Draft:
        after = state_of(self.to)
        numbers = [origin.pk for origin in self.origins]
        facts = self._facts(self.alerts, {}) | {
            "origin": f"from {', '.join(f'#{number}' for number in numbers)}",
            "moved_from": numbers,
            "joined": joined(self.alerts),
        }
        return Draft(
            verbs.SPLIT_OFF if self.is_new else verbs.ALERTS_MOVED_IN,
            self.actor,
            incident_id=self.to.pk,
            incident_version=self.to.version,
            changes=[*changes_between(dict.fromkeys(after) if self.is_new else before, after), *self.extra],
            facts=facts,
            text=self.comment,
            batch=self.batch,
        )

    def _facts(self, alerts: Sequence[Alert], reasons: Mapping[int, str]) -> dict[str, Any]:
        named = [
            {"id": alert.pk, "title": alert.title, "reason": reasons.get(alert.pk, f"Was in #{alert.incident_id}.")}
            for alert in alerts[:MOST_ALERTS_NAMED]
        ]
        count = len(alerts)
        words = f"the alert “{alerts[0].title}”" if count == 1 else f"{count:,} alerts"
        return {
            "alerts": named,
            "alert_ids": [alert.pk for alert in alerts],
            "alert_count": count,
            "alerts_in_words": words,
        }

    def _retag(
        self,
        before: Mapping[int, set[str]],
        summaries: Mapping[int, summary.Summary],
        incidents: dict[int, Incident],
    ) -> None:
        """Types of attack that alerts tell of go with them."""
        for origin in self.origins:
            left = summaries.get(origin.pk)
            types = set(attack_types(left.categories, left.techniques)) if left else set()
            if gone := before[origin.pk] - types:
                change_tags(origin, remove=sorted(gone), kind=TagKind.ATTACK, actor=CORRELATION)
        tag_attacks(incidents, {self.to.pk: new_attacks(summaries[self.to.pk])})


def _attacks(origins: Sequence[Incident]) -> dict[int, set[str]]:
    """The types of attack that the alerts of each tell of."""
    found: dict[int, set[str]] = {origin.pk: set() for origin in origins}
    for each in summary.summarise(found):
        found[each.incident_id] = set(attack_types(each.categories, each.techniques))
    return found


def empty(incident: Incident) -> None:
    """The row in memory of an incident without alerts; name, severity and times stay as they were."""
    incident.alerts_total = incident.alerts_active = 0
    incident.service_sources, incident.categories, incident.asset_counts = [], [], {}
    incident.facets = [word for word in incident.facets if word == COMMENTED]
    weighing.weigh(incident, [])


def names_of(incidents: Sequence[Incident]) -> dict[int, list[str]]:
    """All names that each of these has or had by hand, so that it is found by them still."""
    names = {incident.pk: [incident.name, incident.automatic_name] for incident in incidents}
    renamed = Entry.objects.filter(
        incident__in=list(names), verb__in=[verbs.RENAMED.name, verbs.AUTOMATIC_NAME_USED.name]
    )
    for incident_id, changes in renamed.values_list("incident", "changes"):
        for change in changes:
            if change["field"] == "name" and incident_id:
                names[incident_id] += [change["old"], change["new"]]
    return names
