"""A merge taken back for one source: it is what it was before, and what was done since stays where it was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Principal, User
from activity.actors import Actor, ActorKind
from activity.models import Entry
from activity.record import Change, Draft, record_all
from activity.verbs import COMMENT_REMOVED, COMMENTED, Verb
from alerts.choices import Classification
from alerts.commands import assignee_value
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from incidents import facets, summary, verbs, weighing
from incidents.choices import IncidentStatus
from incidents.commands.arrivals import brought, joined, left
from incidents.commands.attacks import new_attacks, tag_attacks
from incidents.commands.belongings import bring_back
from incidents.commands.change import lock_all
from incidents.commands.linking import changes_between, state_of
from incidents.commands.manage import visible_among
from incidents.commands.merging import SINGLE, in_words, merged_into
from incidents.commands.moving import MOVED, empty, names_of
from incidents.commands.sight import kept_out
from incidents.commands.snoozing import as_logged
from incidents.commands.tagging import tag_names
from incidents.commands.tasks import recount
from incidents.models import Follower, Incident, IncidentTag, Merge, Tag
from incidents.rules import NOT_SEEN, check_text
from incidents.rules.merging import finding_word
from incidents.search import rewrite_words

MERGING = (verbs.MERGED.name, verbs.UNMERGED.name, verbs.MERGED_AWAY.name, verbs.RESTORED.name)
"""Entries of the target whose changes are not somebody's later work: merged on and back, it has its tags again."""
FOLLOWING = (COMMENTED.name, verbs.FOLLOWED.name, verbs.ATTACHED.name)
"""Entries of somebody who follows the target from then on."""

OF_SOURCE = ("status", "redirected_to", "name", "severity", "assignee_user", "assignee_team")
"""Fields of the source that may be others than while it was merged."""


@command
def unmerge(
    source: Incident,
    *,
    actor: Actor,
    reason: str = "",
    principal: Principal | None = None,
    batch: UUID | None = None,
) -> Incident:
    """Bring back an incident that was merged away; returns it.

    Its alerts, tags, tasks and evidence go back, but for what was moved on since. The target loses what it had from
    this source alone and nobody has touched. Restrictions stay as they are: nothing becomes less restricted, and who
    would not see one of them does not have it again. Raises Refused for one that is not merged, and for one whose
    target was merged on: that has to come back first.
    """
    reason = check_text(reason, "reason") if reason.strip() else ""
    merge = Merge.objects.filter(source=source, unmerged_at__isnull=True).first()
    if merge is None:
        raise Refused(f"#{source.pk} is not merged into another incident any more.", field="source")
    inner = merged_into([source.pk, merge.target_id])
    locked = lock_all({source.pk, merge.target_id, *inner})
    source, target = locked[source.pk], locked[merge.target_id]
    merge.refresh_from_db()
    if merge.unmerged_at is not None:
        raise Refused(f"#{source.pk} is not merged into another incident any more.", field="source")
    if len(visible_among([source.pk, target.pk], principal)) < 2:
        raise Refused(NOT_SEEN, field="source")
    if target.redirected_to_id:
        raise Refused(
            f"#{source.pk} was merged into #{target.pk}, which was merged into #{target.redirected_to_id} later. "
            f"Un-merge #{target.pk} first.",
            field="source",
        )
    prefetch_related_objects([source, target], "assignee_user", "assignee_team", "tags")
    return _Unmerging(merge, source, target, actor, reason, batch or uuid4()).run()


class _Unmerging:
    """One source of a merge brought back; both are locked."""

    def __init__(
        self, merge: Merge, source: Incident, target: Incident, actor: Actor, reason: str, batch: UUID
    ) -> None:
        self.merge, self.source, self.target = merge, source, target
        self.actor, self.reason, self.batch = actor, reason, batch
        self.changes: dict[int, list[Change]] = {source.pk: [], target.pk: []}
        open_ones = Merge.objects.filter(target=target, unmerged_at__isnull=True).exclude(pk=merge.pk)
        self.others = list(open_ones.select_related("source__assignee_user", "source__assignee_team").order_by("pk"))
        # one that came earlier gives nothing anew: what the target had from it was taken away before this one gave it
        self.heirs = [other for other in self.others if other.entry_id >= merge.entry_id]
        log = Entry.objects.of_incident(target.pk).filter(sequence__gt=merge.entry.sequence)
        work = log.exclude(verb__in=MERGING).exclude(subject_kind__in=("alert", "entity"))
        self.since = list(work.order_by("sequence"))

    def run(self) -> Incident:
        source, target = self.source, self.target
        before = {incident.pk: state_of(incident) for incident in (source, target)}
        alerts = self._alerts()
        back = bring_back(self.merge.moved, target.pk, source.pk)
        self._tags()
        self._followers()
        source.status, source.redirected_to = IncidentStatus(self.merge.status), None
        self._assigned(source, assignee_value(source.assignee_user, source.assignee_team))
        self._single_values()
        attacks = self._summarise()
        self._inner_ones()
        for incident in (source, target):
            self.changes[incident.pk] += changes_between(before[incident.pk], state_of(incident))
        self._record(alerts, brought([back]))
        Merge.objects.bulk_update(self.heirs, ["gave"])
        self.merge.unmerged_at = timezone.now()
        self.merge.save(update_fields=["unmerged_at"])
        rewrite_words(names_of([source, target]))
        both = {source.pk: source, target.pk: target}
        tag_attacks(both, attacks)
        return both[source.pk]

    def _alerts(self) -> list[Alert]:
        """The alerts that came with it go back, unless somebody has moved them since, away or to where they are."""
        rows = Alert.objects.filter(pk__in=self.merge.alert_ids, incident=self.target).order_by("pk")
        rows = rows.exclude(link_rule=MOVED, linked_at__gt=self.merge.merged_at)
        found = list(rows.only("title", "severity", "status").select_for_update(of=("self",)))
        Alert.objects.filter(pk__in=[alert.pk for alert in found]).update(incident=self.source)
        return found

    def _tags(self) -> None:
        """The source has its own again; the target loses those that it has from this source alone."""
        touched = self._touched_tags()
        present = {tag.pk: tag for tag in self.target.tags.all()}
        gone = set()
        for tag_id in self.merge.gave.get("tags", ()):
            if tag_id not in present or present[tag_id].name.lower() in touched:
                continue
            heir = next((other for other in self.heirs if tag_id in other.tag_ids), None)
            if heir:
                heir.gave["tags"] = sorted({*heir.gave.get("tags", ()), tag_id})
            else:
                gone.add(tag_id)
        if gone:
            left = [tag for tag in present.values() if tag.pk not in gone]
            self._changed(self.target, "tags", tag_names(present.values()), tag_names(left))
            IncidentTag.objects.filter(incident=self.target, tag__in=gone).delete()
            self.target.tag_ids = sorted(tag.pk for tag in left)
        own = list(Tag.objects.filter(pk__in=self.merge.tag_ids))
        self._changed(self.source, "tags", tag_names(self.source.tags.all()), tag_names(own))
        IncidentTag.objects.filter(incident=self.source).delete()
        IncidentTag.objects.bulk_create([IncidentTag(incident=self.source, tag=tag) for tag in own])
        self.source.tag_ids = sorted(tag.pk for tag in own)

    def _touched_tags(self) -> set[str]:
        """Tags that somebody has put on the target or taken from it since."""
        touched: set[str] = set()
        for entry in self.since:
            if change := entry.change_of("tags"):
                touched |= set(change["old"] or ()) ^ set(change["new"] or ())
        return {name.lower() for name in touched}

    def _followers(self) -> None:
        """Who came to follow by the merge follows no more, but for those who would follow by what they did since."""
        by_themselves = {
            entry.actor_id for entry in self.since if entry.actor_kind == ActorKind.USER and entry.verb in FOLLOWING
        }
        given = [change["new"] for entry in self.since if (change := entry.change_of("assignee")) and change["new"]]
        names = [each["name"] for each in given if each["kind"] == "user"]
        assigned = set(User.objects.filter(username__in=names).values_list("pk", flat=True)) if names else set()
        leaving = {*self.merge.gave.get("followers", ())} - by_themselves - assigned
        for other in self.heirs:
            kept = leaving & set(Follower.objects.filter(incident=other.source_id).values_list("user", flat=True))
            other.gave["followers"] = sorted({*other.gave.get("followers", ()), *kept})
            leaving -= kept
        Follower.objects.filter(incident=self.target, user__in=leaving).delete()

    def _single_values(self) -> None:
        """Fields with one value: what the target has from this source goes, unless somebody has touched it since. Then
        another source may give its own, as it would have done alone."""
        target, gave = self.target, self.merge.gave
        if self._goes("assignee", "assignee"):
            old = assignee_value(target.assignee_user, target.assignee_team)
            had_none = gave["assignee"] == {"user": None, "team": None}
            heir = self._heir("assignee", [other for other in self.heirs if had_none and other.source.assignee])
            ids = _assignee_ids(heir) if heir else gave["assignee"]
            target.assignee_user_id, target.assignee_team_id = ids["user"], ids["team"]
            self._assigned(target, old)
        if self._goes("finding", "classification", "determination"):
            own = gave["finding"]
            if own["classification"] == Classification.NOT_SET:
                heir = self._heir("finding", [other for other in self.heirs if _finding(other.source)])
                own = own if heir is None else {name: getattr(heir, name) for name in own}
            target.classification, target.determination = own["classification"], own["determination"]
        if self._goes("due", "due_at"):
            self._due(parse_datetime(gave["due"]["due_at"] or ""))
        if self._goes("name", "name", "name_is_manual"):
            heir = self._heir("name", [other for other in self.heirs if other.source.name_is_manual])
            if heir is not None:
                target.name = heir.name
            else:
                target.name_is_manual = False
                self._changed(target, "name_is_manual", True, False)

    def _assigned(self, incident: Incident, old: dict[str, Any] | None) -> None:
        """Whoever has an incident again has it, unless it stays restricted and they would not see it; and the log tells
        what that changed."""
        if kept_out([incident.assignee], incident):
            incident.assignee_user, incident.assignee_team = None, None
        self._changed(incident, "assignee", old, assignee_value(incident.assignee_user, incident.assignee_team))

    def _due(self, own: datetime | None) -> None:
        target = self.target
        dated = [(other.source.due_at, other.pk, other) for other in self.heirs if other.source.due_at]
        earlier = [other for due, _, other in sorted(dated, key=lambda one: one[:2]) if own is None or due < own]
        heir = self._heir("due", earlier)
        old, target.due_at = target.due_at, heir.due_at if heir else own
        target.overdue_told = False
        self._changed(target, "due_at", as_logged(old), as_logged(target.due_at))

    def _severity(self) -> None:
        """The same of a severity set by hand, once it is known what the alerts say."""
        target = self.target
        if not self._goes("severity", "severity", "severity_is_manual"):
            return
        by_hand = [other for other in self.heirs if other.source.severity_is_manual]
        higher = [other for other in by_hand if other.source.severity > target.automatic_severity]
        heir = self._heir("severity", sorted(higher, key=lambda one: -one.source.severity))
        target.severity = heir.severity if heir else target.automatic_severity
        if heir is None:
            target.severity_is_manual = False
            self._changed(target, "severity_is_manual", True, False)
        weighing.weigh(target)

    def _goes(self, what: str, *fields: str) -> bool:
        """Whether the target has this from the source: nobody has changed it since, and no later merge, which takes
        over what stood there before instead."""
        itself = [entry for entry in self.since if not entry.subject_kind]
        if what not in self.merge.gave or any(entry.change_of(name) for entry in itself for name in fields):
            return False
        later = next((other for other in self.heirs if what in other.gave), None)
        if later is not None:
            later.gave[what] = self.merge.gave[what]
        return later is None

    def _heir(self, what: str, others: Sequence[Merge]) -> Incident | None:
        """The source that gives it instead, from now on."""
        if not others:
            return None
        others[0].gave[what] = self.merge.gave[what]
        return others[0].source

    def _summarise(self) -> dict[int, list[str]]:
        """Bring both rows up to date and save them; types of attack that no tag says yet."""
        self._commented()
        found = {each.incident_id: each for each in summary.summarise([self.source.pk, self.target.pk])}
        for incident in (self.source, self.target):
            if incident.pk in found:
                summary.apply(incident, found[incident.pk])
            else:
                empty(incident)
            if incident is self.target:
                self._severity()
            recount(incident)
            incident.version += 1
            incident.updated_at = timezone.now()
            own = SINGLE if incident is self.target else OF_SOURCE
            shared = ("tasks_total", "tasks_open", "tag_ids", "version", "updated_at")
            incident.save(update_fields={*summary.FIELDS, *weighing.FIELDS, *own, *shared})
        return {number: new_attacks(each) for number, each in found.items()}

    def _commented(self) -> None:
        """Whether anybody has commented on the target itself, or on what is still merged into it."""
        numbers = [self.target.pk, *(other.source_id for other in self.others)]
        log = Entry.objects.filter(incident__in=numbers)
        removed = log.filter(verb=COMMENT_REMOVED.name).values("about")
        if not log.filter(verb=COMMENTED.name).exclude(pk__in=removed).exists():
            self.target.facets = [word for word in self.target.facets if word != facets.COMMENTED]

    def _inner_ones(self) -> None:
        """What was merged into the source before leads to it again."""
        found: set[int] = set()
        layer = {self.source.pk}
        while layer:
            rows = Merge.objects.filter(target__in=layer, unmerged_at__isnull=True)
            layer = set(rows.values_list("source", flat=True)) - found
            found |= layer
        Incident.objects.filter(pk__in=found).update(redirected_to=self.source)

    def _changed(self, incident: Incident, name: str, old: Any, new: Any) -> None:
        if old != new:
            self.changes[incident.pk].append(Change(name, old, new))

    def _record(self, alerts: Sequence[Alert], back: Mapping[str, Any]) -> None:
        source, target, count = self.source, self.target, len(alerts)
        self_facts: Mapping[str, Any] = {"unmerged_from": target.pk, "into": f"#{target.pk}", "alert_count": count}
        self_facts = {**self_facts, "joined": joined(alerts), **back}
        facts = {"unmerged": source.pk, "sources": in_words([source.pk]), "alert_count": count}
        facts |= left((alert.pk for alert in alerts), back)
        record_all([self._draft(verbs.UNMERGED, target, facts)])
        record_all([self._draft(verbs.RESTORED, source, self_facts)], tell=False)

    def _draft(self, verb: Verb, incident: Incident, facts: Mapping[str, Any]) -> Draft:
        return Draft(
            verb,
            self.actor,
            incident_id=incident.pk,
            incident_version=incident.version,
            changes=self.changes[incident.pk],
            facts={**facts, "merge": str(self.merge.batch)},
            text=self.reason or None,
            batch=self.batch,
        )


def _finding(incident: Incident) -> str:
    return finding_word(incident.classification, incident.determination)


def _assignee_ids(incident: Incident) -> dict[str, int | None]:
    return {"user": incident.assignee_user_id, "team": incident.assignee_team_id}


@command
def unmerge_all(target: Incident, batch: UUID, *, actor: Actor, principal: Principal | None = None) -> list[Incident]:
    """Take back a whole merge: every source of it that is still merged into the target. Returns them."""
    rows = Merge.objects.filter(target=target, batch=batch, unmerged_at__isnull=True).select_related("source")
    sources: Iterable[Incident] = [each.source for each in rows.order_by("-source")]
    return [unmerge(source, actor=actor, principal=principal) for source in sources]
