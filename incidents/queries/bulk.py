"""What a bulk act would do, counted by the database without doing it; and what became of acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    Expression,
    F,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from accounts.choices import Permission
from accounts.models import Principal, Team, User
from activity.snapshots import snapshot
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert
from common.jobs import JobState
from common.marks import day_and_time, time_mark
from incidents.changes import KEEP, Changes
from incidents.choices import BulkSubject, IncidentStatus, Outcome, TagKind
from incidents.models import BulkAct, BulkItem, Incident, IncidentMember, Tag
from incidents.rules import MOST_TAGS, NOT_SEEN, tidied

MERGED = Q(status=IncidentStatus.REDIRECTED)
RESOLVED = Q(status=IncidentStatus.RESOLVED)
NONE = Q(pk__lt=0)


@dataclass(frozen=True, slots=True)
class Preview:
    """How many incidents an act would change as things are now, and why not the others."""

    total: int
    changed: int
    unchanged: int
    merged: int
    crowded: int
    """They would have too many tags."""
    closed: int
    """They are to be snoozed, and are not open."""
    unseen: int
    """Restricted, and kept from who they are to be assigned to."""
    missing: int
    """Chosen, but not to be found any more."""
    fields: list[tuple[str, int]]
    """Label of each field that is to be changed, and on how many it changes."""
    alerts: int
    """Active alerts that are resolved along."""
    unclassified: int
    """Of those that are resolved."""
    seen: str
    """The snapshot that this was counted in."""

    @property
    def left(self) -> list[str]:
        """Why incidents are left as they are, one phrase for each reason."""
        return left_in_words(
            self.total + self.missing,
            (self.unchanged if self.fields else 0, "is already so", "are already so"),
            (self.merged, "is merged into another", "are merged into others"),
            (self.crowded, f"would have more than {MOST_TAGS} tags", f"would have more than {MOST_TAGS} tags"),
            (self.closed, "is resolved and cannot be snoozed", "are resolved and cannot be snoozed"),
            (self.unseen, "is not seen by the assignee", "are not seen by the assignee"),
            (self.missing, "cannot be found any more", "cannot be found any more"),
        )

    @property
    def along(self) -> str:
        """What changes along with them."""
        return f"with {self.alerts:,} active alert{'' if self.alerts == 1 else 's'}" if self.alerts else ""


def left_in_words(chosen: int, *reasons: tuple[int, str, str]) -> list[str]:
    """How many of the chosen ones are left as they are, one phrase for each reason that there is."""
    return [
        single.capitalize() if chosen == 1 else f"{number:,} {single if number == 1 else several}"
        for number, single, several in reasons
        if number
    ]


def preview(rows: QuerySet[Incident], changes: Changes, *, chosen: int) -> Preview:
    """Decide for every incident as the commands would, in one statement. `chosen` is how many were meant."""
    wishes = _wishes(changes)
    crowded = _crowded(changes)
    if crowded is not None:
        rows = rows.annotate(tags_after=crowded)
    wants_tags = next((condition for label, condition in wishes if label == "Tags"), None)
    too_many = NONE if wants_tags is None else wants_tags & Q(tags_after__gt=MOST_TAGS)
    closed = RESOLVED if isinstance(changes.snoozed_until, datetime) and changes.status is None else NONE
    unseen = _unseen_by(changes.assignee)
    refused = MERGED | too_many | closed | unseen
    changing = any_of(condition for _, condition in wishes)
    resolving = ~RESOLVED & ~refused if changes.status == IncidentStatus.RESOLVED else None
    now = Cast(Func(function="pg_current_snapshot"), CharField())
    numbers: dict[str, Any] = {
        "total": Count("pk"),
        "merged": Count("pk", filter=MERGED),
        "refused": Count("pk", filter=refused),
        "crowded": Count("pk", filter=too_many & ~MERGED),
        "unseen": Count("pk", filter=unseen & ~MERGED & ~too_many),
        "seen": Max(now),
    }
    if changing is not None:
        numbers["changed"] = Count("pk", filter=changing & ~refused)
        for position, (_, condition) in enumerate(wishes):
            numbers[f"field_{position}"] = Count("pk", filter=condition & ~refused)
    if resolving is not None:
        numbers["alerts"] = Sum("alerts_active", filter=resolving)
        numbers["unclassified"] = Count("pk", filter=resolving & Q(classification=Classification.NOT_SET))
    found = rows.order_by().aggregate(**numbers)
    changed = found.get("changed", 0)
    return Preview(
        total=found["total"],
        changed=changed,
        unchanged=found["total"] - found["refused"] - changed,
        merged=found["merged"],
        crowded=found["crowded"],
        closed=found["refused"] - found["merged"] - found["crowded"] - found["unseen"],
        unseen=found["unseen"],
        missing=max(chosen - found["total"], 0),
        fields=[(label, found[f"field_{position}"]) for position, (label, _) in enumerate(wishes)],
        alerts=found.get("alerts") or 0,
        unclassified=found.get("unclassified", 0),
        seen=found["seen"] or snapshot(),
    )


def _wishes(changes: Changes) -> list[tuple[str, Q]]:
    """Each field that is to be changed: its label, and of which incidents it differs from what is wanted."""
    wishes = []
    if changes.severity is not KEEP:
        manual = Q(severity_is_manual=True)
        wishes.append(("Severity", manual if changes.severity is None else ~Q(severity=changes.severity)))
    if changes.add_tags or changes.remove_tags:
        wishes.append(("Tags", _differs_in_tags(changes)))
    if changes.assignee is not KEEP:
        wishes.append(("Assigned to", differs_in_assignee(changes.assignee)))
    if changes.due is None:
        wishes.append(("Due", Q(due_at__isnull=False)))
    elif isinstance(changes.due, datetime):
        wishes.append(("Due", Q(due_at__isnull=True) | ~Q(due_at=changes.due.replace(second=0, microsecond=0))))
    if changes.snoozed_until is None:
        wishes.append(("Snoozed", Q(snoozed_until__isnull=False)))
    elif isinstance(changes.snoozed_until, datetime):
        until = changes.snoozed_until.replace(second=0, microsecond=0)
        wishes.append(("Snoozed", Q(snoozed_until__isnull=True) | ~Q(snoozed_until=until)))
    if changes.classification is not None:
        same = Q(classification=changes.classification, determination=changes.determination)
        wishes.append(("Classification", ~same))
    if changes.status is not None:
        wishes.append(("Status", ~Q(status=changes.status)))
    if changes.status == IncidentStatus.RESOLVED:
        note = changes.resolution_note.replace("\r\n", "\n").strip()
        wishes.append(("Resolution note", ~RESOLVED | ~Q(resolution_note=note)))
    if changes.comment.strip():
        wishes.append(("Comment", Q(pk__isnull=False)))
    return wishes


def any_of(conditions: Iterable[Q]) -> Q | None:
    joined = None
    for condition in conditions:
        joined = condition if joined is None else joined | condition
    return joined


def differs_in_assignee(assignee: Any) -> Q:
    if isinstance(assignee, User):
        return ~Q(assignee_user=assignee)
    if isinstance(assignee, Team):
        return ~Q(assignee_team=assignee)
    return Q(assignee_user__isnull=False) | Q(assignee_team__isnull=False)


def _unseen_by(assignee: Any) -> Q:
    """Restricted incidents that are to be assigned to somebody who would not see them (commands/restriction.py)."""
    closed = kept_from(assignee, "pk", Q(restricted=True))
    return NONE if closed is None else closed & differs_in_assignee(assignee)


def kept_from(assignee: Any, incident: str, restricted: Q) -> Q | None:
    """Rows whose restricted incident, its number being in the column `incident`, an assignee does not see; None where
    there can be none."""
    sees_all = isinstance(assignee, User) and assignee.may(Permission.SEE_RESTRICTED)
    if sees_all or not isinstance(assignee, User | Team):
        return None
    named = Q(team=assignee) if isinstance(assignee, Team) else Q(user=assignee) | Q(team__members=assignee)
    return restricted & ~Q(Exists(IncidentMember.objects.filter(named, incident=OuterRef(incident))))


def _differs_in_tags(changes: Changes) -> Q:
    coming, new, leaving = _tags(changes)
    differs = ~Q(tag_ids__contains=coming) | Q(tag_ids__overlap=leaving)
    return Q(pk__isnull=False) if new else differs


def _crowded(changes: Changes) -> Expression | None:
    """How many tags an incident would have; None where no tag is added."""
    if not (changes.add_tags or changes.remove_tags):
        return None
    coming, new, leaving = _tags(changes)
    after: Any = F("tag_ids__len") + Value(new)
    for tag_id in coming:
        after += Case(When(tag_ids__contains=[tag_id], then=0), default=1, output_field=IntegerField())
    for tag_id in leaving:
        after -= Case(When(tag_ids__contains=[tag_id], then=1), default=0, output_field=IntegerField())
    counted: Expression = after
    return counted


def _tags(changes: Changes) -> tuple[list[int], int, list[int]]:
    """Existing tags to add, how many are new, and the custom tags to remove; one that is in both stays."""
    adding = tidied(changes.add_tags)
    known = Tag.objects.named([*adding, *tidied(changes.remove_tags)])
    coming = {known[name].pk for name in adding if name in known}
    new = {name.lower() for name in adding if name not in known}
    removing = (known[name] for name in tidied(changes.remove_tags) if name in known)
    leaving = {tag.pk for tag in removing if tag.kind == TagKind.CUSTOM} - coming
    return sorted(coming), len(new), sorted(leaving)


def incidents_of(act: BulkAct) -> QuerySet[Incident]:
    """The incidents that an act is about."""
    return Incident.objects.filter(pk__in=BulkItem.objects.filter(act=act).values("incident"))


def alerts_of(act: BulkAct) -> QuerySet[Alert]:
    """The alerts that an act is about."""
    return Alert.objects.filter(pk__in=BulkItem.objects.filter(act=act).values("alert"))


def chosen_ones(principal: Principal, numbers: Iterable[int]) -> QuerySet[Incident]:
    """Incidents named one by one, as far as this person or token sees them."""
    return Incident.objects.visible_to(principal).filter(pk__in=list(numbers))


def acts_of(principal: Principal) -> QuerySet[BulkAct]:
    """The acts of a person or token; those of others do not exist for them."""
    own = Q(user=principal) if isinstance(principal, User) else Q(token=principal)
    return BulkAct.objects.filter(own).exclude(state=JobState.DRAFT).select_related("undone_by", "undo_of")


def in_words(act: BulkAct) -> list[str]:
    """What an act changes, one phrase for each field."""
    changes: dict[str, Any] = act.changes
    phrases = []
    if "severity" in changes:
        word = changes["severity"]
        phrases.append(f"severity: {Severity.from_slug(word).label.lower() if word else 'automatic'}")
    if "assignee" in changes:
        assignee = changes["assignee"]
        phrases.append(f"assigned to: {assignee.get('label', 'somebody') if assignee else 'nobody'}")
    if "due" in changes:
        due = parse_datetime(changes["due"]) if changes["due"] else None
        phrases.append(f"due: {day_and_time(due)}" if due else "no due date")
    if "snoozed_until" in changes:
        until = parse_datetime(changes["snoozed_until"]) if changes["snoozed_until"] else None
        phrases.append(f"snoozed until {day_and_time(until)}" if until else "woken")
    if "status" in changes:
        statuses = AlertStatus if act.subject == BulkSubject.ALERT else IncidentStatus
        phrases.append(f"status: {statuses.from_slug(changes['status']).label.lower()}")
    if "classification" in changes:
        finding = Classification(changes["classification"]).label
        determination = Determination(changes.get("determination", Determination.NOT_SET))
        shown = f", {determination.label.lower()}" if determination != Determination.NOT_SET else ""
        phrases.append(f"classification: {finding.lower()}{shown}")
    phrases += [f"tag added: {name}" for name in changes.get("add_tags", ())]
    phrases += [f"tag removed: {name}" for name in changes.get("remove_tags", ())]
    if "comment" in changes:
        phrases.append("a comment")
    return phrases


def counts_in_words(act: BulkAct) -> str:
    """“412 changed, 18 already so, 3 refused”."""
    words = {
        Outcome.CHANGED: "taken back" if act.undo_of_id else "changed",
        Outcome.UNCHANGED: "left as they are" if act.undo_of_id else "already so",
        Outcome.REFUSED: "refused",
        Outcome.CONFLICT: "changed meanwhile by others",
    }
    parts = [f"{act.counts[outcome]:,} {word}" for outcome, word in words.items() if act.counts.get(outcome)]
    rest = act.total - act.done
    if act.is_over and rest:
        parts.append(f"{rest:,} not reached")
    return ", ".join(parts) or "None changed"


@dataclass(frozen=True, slots=True)
class ActShown:
    """An act as lists, toasts and its own page show it."""

    act: BulkAct
    title: str
    state: str
    counts: str
    percent: int
    time: SafeString
    may_undo: bool
    url: str

    @property
    def number(self) -> str:
        return str(self.act.pk)


def shown(act: BulkAct) -> ActShown:
    undone = getattr(act, "undone_by", None)
    what = f"{act.total:,} {act.subject}{'' if act.total == 1 else 's'}"
    return ActShown(
        act=act,
        title=f"Undo on {what}" if act.undo_of_id else f"Change of {what}",
        state=JobState(act.state).label,
        counts=counts_in_words(act),
        percent=100 * act.done // act.total if act.total else 100,
        time=time_mark(act.created_at),
        may_undo=act.is_over and undone is None and bool(act.counts.get(Outcome.CHANGED)),
        url=f"/incidents/acts/{act.pk}/",
    )


RESULTS = 100


@dataclass(frozen=True, slots=True)
class Results:
    """A page of what became of each incident or alert, in the order of their numbers."""

    rows: list[dict[str, Any]]
    next: int | None


def results(act: BulkAct, principal: Principal, *, outcome: str = "", after: int = 0) -> Results:
    """What the person may not see any more keeps its number and its outcome; the reason may tell of what others did
    there, and is not told."""
    rows = BulkItem.objects.filter(act=act, **{f"{act.subject}__gt": after}).order_by(act.subject)
    if outcome:
        rows = rows.filter(outcome=outcome)
    found = list(rows.values_list(act.subject, "outcome", "reason")[: RESULTS + 1])
    page = found[:RESULTS]
    numbers = [number for number, _, _ in page]
    if act.subject == BulkSubject.ALERT:
        names = dict(Alert.objects.visible_to(principal).filter(pk__in=numbers).values_list("pk", "title"))
    else:
        names = dict(Incident.objects.visible_to(principal).filter(pk__in=numbers).values_list("pk", "name"))
    return Results(
        [
            {
                "number": number,
                "name": names.get(number),
                "url": f"/{act.subject}s/{number}/",
                "outcome": "Not reached" if kind == Outcome.WAITING and act.is_over else Outcome(kind).label,
                "kind": kind,
                "reason": reason if number in names else NOT_SEEN,
            }
            for number, kind, reason in page
        ],
        page[-1][0] if len(found) > RESULTS else None,
    )
