"""Emptying texts of the log: by the rule of retention, and one of them lawfully. The entries stay, their hashes fit,
and each emptied text has an entry that says who emptied it and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from activity.actors import Actor
from activity.models import Entry
from activity.record import Change, Draft, Subject, record, record_all
from activity.verbs import BODY_EMPTIED, COMMENT_EDITED
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.choices import IncidentStatus
from incidents.models import Incident, RetentionRule
from incidents.rules import check_reason
from incidents.rules.retention import check_days, reason_of

INCIDENTS_AT_A_TIME = 1_000


@command
def set_retention(days: int | None, *, actor: Actor, based_on: int | None = None) -> RetentionRule:
    """Say after how many days texts of comments are emptied, or None to keep them.

    Raises Refused for a number that makes no sense, or when somebody else changed the rule since version `based_on`.
    """
    days = check_days(days)
    RetentionRule.objects.get_or_create(pk=RetentionRule.ONLY, defaults={"version": 0})
    rule = RetentionRule.objects.select_for_update().get(pk=RetentionRule.ONLY)
    if based_on is not None and based_on != rule.version:
        raise Refused("Somebody else has changed this meanwhile; look at it as it is now.", field="days")
    if days == rule.days:
        return rule
    change = Change("days", rule.days, days)
    rule.days, rule.version, rule.updated_at = days, rule.version + 1, timezone.now()
    rule.save()
    subject = Subject("retention", str(rule.pk), "Texts of comments")
    record(Draft(verbs.RETENTION_SET, actor, subject=subject, changes=[change]))
    return rule


@command
def empty_text(incident: Incident, entry: Entry, reason: str, *, actor: Actor) -> int:
    """Empty the text of an entry for good, of a comment with all its versions; how many texts that were.

    Raises Refused without a reason, or when the entry has no text.
    """
    reason = check_reason(reason, required=True)
    incident = _locked(incident)
    if entry.incident_id != incident.pk or entry.body_id is None:
        raise Refused("This entry has no text that could be emptied.", field="entry")
    first = entry.about_id if entry.verb == COMMENT_EDITED.name else entry.pk
    versions = Entry.objects.of_incident(incident.pk).filter(
        Q(pk=entry.pk) | Q(pk=first) | Q(about=first, verb=COMMENT_EDITED.name)
    )
    return _empty(incident, versions, reason, actor)


@command
def empty_old_comments(incident: Incident, days: int, *, actor: Actor) -> int:
    """Empty the texts of an incident's comments, as the rule wants it; how many there were."""
    incident = _locked(incident)
    if not Incident.objects.filter(_over(timezone.now() - timedelta(days=days)), pk=incident.pk).exists():
        return 0
    rows = Entry.objects.of_incident(incident.pk).comments()
    return _empty(incident, rows, reason_of(days), actor)


def incidents_with_old_comments(days: int) -> Iterator[int]:
    """Numbers of incidents that hold what the rule empties, by number, a batch of short statements at a time."""
    over = _over(timezone.now() - timedelta(days=days))
    last = 0
    while batch := list(
        Incident.objects.filter(over, pk__gt=last).order_by("pk").values_list("pk", flat=True)[:INCIDENTS_AT_A_TIME]
    ):
        rows = Entry.objects.comments().filter(incident__in=batch, body__text__isnull=False)
        yield from sorted(rows.order_by().values_list("incident_id", flat=True).distinct())
        last = batch[-1]


def _over(before: datetime) -> Q:
    """Incidents that were resolved before then, or merged into such a one."""
    resolved = IncidentStatus.RESOLVED
    return Q(status=resolved, resolved_at__lt=before) | Q(
        status=IncidentStatus.REDIRECTED, redirected_to__status=resolved, redirected_to__resolved_at__lt=before
    )


def _locked(incident: Incident) -> Incident:
    """Held until the transaction ends; one that was merged away as well, since its log stays its own."""
    return Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)


def _empty(incident: Incident, entries: QuerySet[Entry], reason: str, actor: Actor) -> int:
    found = list(entries.filter(body__text__isnull=False).order_by("sequence"))
    with connection.cursor() as cursor:
        for entry in found:
            cursor.execute("SELECT activity_empty_body(%s)", [entry.body_id])
    record_all(
        Draft(
            BODY_EMPTIED,
            actor,
            incident_id=incident.pk,
            incident_version=incident.version,
            about=entry,
            facts={"reason": reason, "sequence": entry.sequence},
        )
        for entry in found
    )
    return len(found)
