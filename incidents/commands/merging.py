"""Several incidents become one, the target that a person chose; the others keep number, address and log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone

from accounts.models import Principal
from activity.actors import Actor
from activity.record import Change, Draft, record_all
from activity.verbs import Verb
from alerts.commands import assignee_value
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from incidents import summary, verbs, weighing
from incidents.choices import IncidentStatus, TagKind
from incidents.commands.arrivals import brought, joined
from incidents.commands.attacks import new_attacks, tag_attacks
from incidents.commands.audience import give_members
from incidents.commands.belongings import bring_along
from incidents.commands.change import lock_all
from incidents.commands.linking import MOST_ALERTS_NAMED, changes_between, state_of
from incidents.commands.manage import visible_among
from incidents.commands.snoozing import as_logged
from incidents.commands.tagging import tag_names
from incidents.commands.tasks import recount
from incidents.facets import COMMENTED
from incidents.joining import assignee_word, blocks_of, joint_members, part_of
from incidents.models import Follower, Incident, IncidentTag, Merge, Tag
from incidents.rules import NOT_SEEN, check_text
from incidents.rules.merging import Block, Choice, Outcome, finding_word, outcome
from incidents.search import join_words

REDIRECTED_TAGS = ("Redirected", "Merged away")
"""Names of the one tag that a merged incident keeps; the second where people had made the first a tag of their own."""


class Blocked(Refused):
    """A merge that would lie: all that stands in its way."""

    def __init__(self, found: Sequence[Block]) -> None:
        super().__init__(found[0].problem, field=found[0].field)
        self.blocks = list(found)

    @property
    def problems(self) -> list[tuple[str, str]]:
        return [(block.field, block.problem) for block in self.blocks]


@dataclass
class _Given:
    """What the target has from one source alone, and how the target was before."""

    gave: dict[int, dict[str, Any]] = field(default_factory=dict)

    def note(self, source_id: int, name: str, value: Any) -> None:
        self.gave.setdefault(source_id, {})[name] = value


@command
def merge(
    target: Incident,
    sources: Iterable[Incident],
    *,
    actor: Actor,
    reason: str,
    choice: Choice | None = None,
    principal: Principal | None = None,
    batch: UUID | None = None,
) -> Incident:
    """Merge open incidents into one of them; returns the target.

    Alerts, tags, followers and all else that hangs on the sources goes over; what is written in their logs stays where
    it is and is shown in the target's. Raises Blocked where the result would lie about one of them (rules/merging.py),
    Refused for what `principal` may not see.
    """
    reason = check_text(reason, "reason")
    choice = choice or Choice()
    numbers = sorted({source.pk for source in sources} - {target.pk})
    earlier = merged_into(numbers)
    locked = lock_all([target.pk, *numbers, *earlier])
    wanted = [target.pk, *numbers]
    if len(visible_among(wanted, principal)) < len(wanted) or any(number not in locked for number in wanted):
        raise Refused(NOT_SEEN, field="incidents")
    target, parts = locked[target.pk], [locked[number] for number in numbers]
    prefetch_related_objects([target, *parts], "assignee_user", "assignee_team", "tags")
    result = _decided(target, parts, choice)
    if set(merged_into(numbers)) - locked.keys():
        raise Refused("Somebody merged another incident into one of these this moment; look again.", field="incidents")
    return _Merging(target, parts, result, actor, reason, batch or uuid4()).run()


def _decided(target: Incident, sources: Sequence[Incident], choice: Choice) -> Outcome:
    found = blocks_of(target, sources, choice)
    if found:
        raise Blocked(found)
    return outcome(part_of(target), [part_of(source) for source in sources], choice)


def merged_into(numbers: Iterable[int]) -> list[int]:
    """Incidents that lead to one of these."""
    return list(Incident.objects.filter(redirected_to__in=list(numbers)).values_list("pk", flat=True))


class _Merging:
    """One merge of locked incidents."""

    def __init__(
        self, target: Incident, sources: Sequence[Incident], result: Outcome, actor: Actor, reason: str, batch: UUID
    ) -> None:
        self.target, self.sources, self.result = target, sources, result
        self.actor, self.reason, self.batch = actor, reason, batch
        self.ids = [source.pk for source in sources]
        self.by_number = {incident.pk: incident for incident in (target, *sources)}
        self.given = _Given()
        self.drafts: dict[int, list[Change]] = {number: [] for number in self.by_number}
        self.fields: set[str] = set()

    def run(self) -> Incident:
        target, before = self.target, state_of(self.target)
        statuses = {source.pk: source.status for source in self.sources}
        joint = joint_members([target, *self.sources])
        for incident in (target, *self.sources):
            if joint is not None:
                self.drafts[incident.pk] += give_members(incident, joint)
            self._end_snooze(incident)
        alerts = self._move_alerts()
        tags = self._tags()
        self._followers()
        moved = bring_along(self.ids, target.pk)
        summarised = self._summarise()
        changes = changes_between(before, state_of(target)) + self.drafts[target.pk]
        came = brought(moved.values())
        entry = record_all([self._of_target(changes, alerts, came)])[0]
        record_all([self._of_source(source, alerts[source.pk]) for source in self.sources], tell=False)
        Merge.objects.bulk_create(
            Merge(
                source=source,
                target=target,
                entry=entry,
                batch=self.batch,
                merged_by=self.actor.label,
                status=statuses[source.pk],
                tag_ids=tags[source.pk],
                alert_ids=[alert.pk for alert in alerts[source.pk]],
                gave=self.given.gave.get(source.pk, {}),
                moved=moved.get(source.pk, {}),
            )
            for source in self.sources
        )
        join_words(target.pk, self.ids)
        merged = {target.pk: target}
        tag_attacks(merged, {target.pk: new_attacks(summarised)} if summarised else {})
        return merged[target.pk]

    def _end_snooze(self, incident: Incident) -> None:
        """New alerts wake a snoozed incident; those of a merge as well."""
        if incident.snoozed_until:
            self.drafts[incident.pk].append(Change("snoozed_until", as_logged(incident.snoozed_until), None))
            incident.snoozed_until, incident.snoozed_by = None, None

    def _move_alerts(self) -> dict[int, list[Alert]]:
        """All alerts of the sources go over; which had come with which."""
        found: dict[int, list[Alert]] = {number: [] for number in self.ids}
        rows = Alert.objects.filter(incident__in=self.ids).order_by("pk").select_for_update(of=("self",))
        for alert in rows.only("title", "severity", "status", "incident"):
            found[alert.incident_id].append(alert)
        Alert.objects.filter(incident__in=self.ids).update(incident=self.target)
        return found

    def _tags(self) -> dict[int, list[int]]:
        """The target has the tags of all; a source keeps the one that says that it was merged. Each source's former."""
        present = {tag.pk: tag for tag in self.target.tags.all()}
        joined = dict(present)
        former: dict[int, list[int]] = {}
        away = redirected_tag()
        for source in self.sources:
            own = list(source.tags.all())
            former[source.pk] = sorted(tag.pk for tag in own)
            fresh = [tag for tag in own if tag.pk not in joined]
            if fresh:
                self.given.note(source.pk, "tags", [tag.pk for tag in fresh])
            joined |= {tag.pk: tag for tag in fresh}
            source.tag_ids = [away.pk]
            self.drafts[source.pk].append(Change("tags", tag_names(own), tag_names([away])))
        IncidentTag.objects.filter(incident__in=self.ids).delete()
        rows = [IncidentTag(incident=source, tag=away) for source in self.sources]
        rows += [IncidentTag(incident=self.target, tag_id=pk) for pk in joined if pk not in present]
        IncidentTag.objects.bulk_create(rows)
        if len(joined) > len(present):
            self.drafts[self.target.pk].append(Change("tags", tag_names(present.values()), tag_names(joined.values())))
        return former

    def _followers(self) -> None:
        """Who followed a source follows the target; the sources' own followers stay, for the day they come back."""
        known = set(Follower.objects.filter(incident=self.target).values_list("user", flat=True))
        theirs = Follower.objects.filter(incident__in=self.ids).order_by("incident", "user")
        coming: list[int] = []
        by_source: dict[int, list[int]] = {}
        for incident_id, user_id in theirs.values_list("incident", "user"):
            if user_id not in known:
                known.add(user_id)
                coming.append(user_id)
                by_source.setdefault(incident_id, []).append(user_id)
        for incident_id, users in by_source.items():
            self.given.note(incident_id, "followers", users)
        Follower.objects.bulk_create(
            [Follower(incident=self.target, user_id=user_id) for user_id in coming], ignore_conflicts=True
        )

    def _summarise(self) -> summary.Summary | None:
        """Bring the rows of all up to date and save them."""
        target = self.target
        self._assignee()
        self._finding()
        self._name_and_severity()
        self._due()
        if COMMENTED not in target.facets and any(COMMENTED in source.facets for source in self.sources):
            target.facets = [*target.facets, COMMENTED]
        found = summary.summarise([target.pk])
        for summarised in found:
            summary.apply(target, summarised)
            self._highest_severity(summarised)
        recount(target)
        now = timezone.now()
        for source in self.sources:
            state = state_of(source)
            source.status, source.redirected_to = IncidentStatus.REDIRECTED, target
            source.alerts_total = source.alerts_active = source.tasks_total = source.tasks_open = 0
            self.drafts[source.pk] += changes_between(state, state_of(source))
        Incident.objects.filter(redirected_to__in=self.ids).update(redirected_to=target)
        for incident in (target, *self.sources):
            incident.version += 1
            incident.updated_at = now
        target.save(update_fields=[*summary.FIELDS, *weighing.FIELDS, *SINGLE, *ALIKE])
        Incident.objects.bulk_update(
            self.sources, ["redirected_to", "alerts_total", "alerts_active", "tag_ids", *ALIKE]
        )
        return found[0] if found else None

    def _assignee(self) -> None:
        target, word = self.target, self.result.assignee
        present = assignee_word(target.assignee)
        if word == present:
            return
        giver = next((each for each in self.sources if assignee_word(each.assignee) == word), None)
        before = {"user": target.assignee_user_id, "team": target.assignee_team_id}
        old = assignee_value(target.assignee_user, target.assignee_team)
        target.assignee_user = giver.assignee_user if giver else None
        target.assignee_team = giver.assignee_team if giver else None
        self.given.note(giver.pk if giver else self.ids[0], "assignee", before)
        new = assignee_value(target.assignee_user, target.assignee_team)
        self.drafts[target.pk].append(Change("assignee", old, new))

    def _finding(self) -> None:
        target, word = self.target, self.result.finding
        if word == finding_word(target.classification, target.determination):
            return
        giver = next(each for each in self.sources if finding_word(each.classification, each.determination) == word)
        before = {"classification": target.classification, "determination": target.determination}
        self.given.note(giver.pk, "finding", before)
        target.classification, target.determination = giver.classification, giver.determination

    def _name_and_severity(self) -> None:
        target, named_by = self.target, self.result.named_by
        if named_by != target.pk:
            self.given.note(named_by, "name", {"name": target.name, "name_is_manual": target.name_is_manual})
            target.name, target.name_is_manual = self.by_number[named_by].name, True
            self.drafts[target.pk].append(Change("name_is_manual", False, True))

    def _due(self) -> None:
        target, giver = self.target, self.by_number.get(self.result.due_by or 0)
        if giver is not None and giver.due_at != target.due_at:
            self.given.note(giver.pk, "due", {"due_at": as_logged(target.due_at)})
            self.drafts[target.pk].append(Change("due_at", as_logged(target.due_at), as_logged(giver.due_at)))
            target.due_at, target.overdue_told = giver.due_at, giver.overdue_told

    def _highest_severity(self, summarised: summary.Summary) -> None:
        """A severity set by hand on a source is kept where it is higher than that of the alerts."""
        target, giver = self.target, self.by_number.get(self.result.severity_by or 0)
        if giver is not None and giver.severity > summarised.automatic_severity:
            self.given.note(giver.pk, "severity", {"severity_is_manual": False})
            target.severity, target.severity_is_manual = giver.severity, True
            self.drafts[target.pk].append(Change("severity_is_manual", False, True))
            weighing.weigh(target)

    def _of_target(
        self, changes: Sequence[Change], alerts: Mapping[int, Sequence[Alert]], came: Mapping[str, Any]
    ) -> Draft:
        named = [(source, alert) for source in self.sources for alert in alerts[source.pk]]
        facts = {
            "sources": in_words(self.ids),
            "merged": [{"number": each.pk, "name": each.name, "alerts": len(alerts[each.pk])} for each in self.sources],
            "gave": {str(number): what for number, what in self.given.gave.items()},
            "alert_count": len(named),
            "alerts": [
                {"id": alert.pk, "title": alert.title, "reason": f"Came with #{source.pk}."}
                for source, alert in named[:MOST_ALERTS_NAMED]
            ],
            "joined": joined(alert for _, alert in named),
            **came,
        }
        return self._draft(verbs.MERGED, self.target, changes, facts)

    def _of_source(self, source: Incident, alerts: Sequence[Alert]) -> Draft:
        facts = {
            "into": f"#{self.target.pk}",
            "redirected_to": self.target.pk,
            "alert_ids": [alert.pk for alert in alerts],
            "alert_count": len(alerts),
        }
        return self._draft(verbs.MERGED_AWAY, source, self.drafts[source.pk], facts)

    def _draft(self, verb: Verb, incident: Incident, changes: Sequence[Change], facts: dict[str, Any]) -> Draft:
        return Draft(
            verb,
            self.actor,
            incident_id=incident.pk,
            incident_version=incident.version,
            changes=changes,
            facts=facts,
            text=self.reason,
            batch=self.batch,
        )


ALIKE = ("tasks_total", "tasks_open", "status", "snoozed_until", "snoozed_by", "restricted", "version", "updated_at")
"""What a merge saves of target and sources alike."""
SINGLE = (
    *("name", "name_is_manual", "severity", "severity_is_manual"),
    *("assignee_user", "assignee_team", "classification", "determination"),
    *("due_at", "overdue_told"),
)
"""Fields that can have one value only."""


def in_words(numbers: Sequence[int]) -> str:
    """“#3, #5 and 12 more”."""
    named = ", ".join(f"#{number}" for number in numbers[:8])
    return named if len(numbers) <= 8 else f"{named} and {len(numbers) - 8} more"


def redirected_tag() -> Tag:
    """The tag that says that an incident was merged away."""
    of_kind: QuerySet[Tag] = Tag.objects.filter(kind=TagKind.REDIRECTED)
    found = of_kind.first()
    if found is None:
        taken = Tag.objects.named(REDIRECTED_TAGS)
        name = next(name for name in REDIRECTED_TAGS if name not in taken)
        Tag.objects.bulk_create([Tag(name=name, kind=TagKind.REDIRECTED)], ignore_conflicts=True)
        found = of_kind.get()
    return found
