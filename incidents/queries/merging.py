"""What a merge would come to, what was merged into an incident, and incidents to choose from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.html import format_html_join

from accounts.models import Principal
from alerts.choices import Severity
from common.errors import Refused
from common.marks import initials, person_mark, severity_mark, status_mark, tag_mark, time_mark
from common.words import prefix_query
from incidents.choices import IncidentStatus, TagKind
from incidents.joining import blocks_of, joint_members, part_of
from incidents.models import Follower, Incident, IncidentSearch, Merge
from incidents.queries.columns import TAG_ORDER, UNASSIGNED_MARK
from incidents.rules.merging import NOBODY, Block, Choice, assignees, finding_label, findings, names, outcome

MOST_SUGGESTED = 12
LONGEST_NUMBER = 2**63 - 1


def numbers_merged_into(principal: Principal) -> ArraySubquery:
    """Numbers of the incidents that lead to the row's, as an annotation of it named `merged_numbers`."""
    rows = Incident.objects.visible_to(principal).filter(redirected_to=OuterRef("pk"))
    return ArraySubquery(rows.order_by("pk").values("pk"))


def merged_into(incident: Incident, principal: Principal) -> list[int]:
    """The same of one incident; asked only where it was not read with the row."""
    read: list[int] | None = incident.__dict__.get("merged_numbers")
    if read is not None:
        return read
    rows = Incident.objects.visible_to(principal).filter(redirected_to=incident)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def merged_rows(numbers: Sequence[int], incident: Incident) -> list[dict[str, Any]]:
    """What the page tells of each incident that was merged into this one: by whom, when, with how many alerts."""
    if not numbers:
        return []
    rows = Merge.objects.filter(source__in=numbers, unmerged_at__isnull=True).select_related("source")
    return [
        {
            "number": merge.source_id,
            "name": merge.source.name,
            "by": merge.merged_by,
            "time": time_mark(merge.merged_at),
            "alerts": len(merge.alert_ids),
            "by_way_of": merge.target_id if merge.target_id != incident.pk else None,
        }
        for merge in rows.order_by("-merged_at", "source")
    ]


def chosen(numbers: Collection[int], principal: Principal) -> list[Incident]:
    """Those of these incidents that the person may see, with all that a merge looks at."""
    rows = Incident.objects.visible_to(principal).filter(pk__in=list(numbers)).order_by("pk")
    return list(rows.select_related("assignee_user", "assignee_team").prefetch_related("tags"))


def suggested(text: str, principal: Principal, without: Collection[int]) -> list[Incident]:
    """Open incidents by number, or by words of their names and alerts; the last active first."""
    text = text.strip().replace("\x00", "")[:200]
    rows = Incident.objects.visible_to(principal).open().exclude(pk__in=list(without))
    digits = text.removeprefix("#")
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        by_number = list(rows.filter(pk=int(digits)))
        return by_number + _by_words(rows.exclude(pk=int(digits)), digits)
    return _by_words(rows, text)


def _by_words(rows: QuerySet[Incident], text: str) -> list[Incident]:
    queries = [query for word in text.split() if (query := prefix_query(word))]
    if queries:
        found = RawSQL("words @@ %s::tsquery", [" & ".join(queries)], BooleanField())
        rows = rows.filter(pk__in=IncidentSearch.objects.filter(found).values("incident"))
    elif text:
        return []
    return list(rows.order_by("-last_activity", "-pk")[:MOST_SUGGESTED])


@dataclass(frozen=True, slots=True)
class Preview:
    """What merging these would come to."""

    target: Incident | None
    parts: list[dict[str, Any]]
    blocks: list[Block]
    choices: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Field → label, options and the one that is chosen, where there is something to choose."""
    changes: list[tuple[str, str]] = field(default_factory=list)
    """What becomes of the target, label and words."""


def preview(incidents: Sequence[Incident], target: Incident | None, choice: Choice) -> Preview:
    """What merging these into the target would come to; in a handful of statements however many they are."""
    parts = [_shown(each) for each in incidents]
    if target is None or len(incidents) < 2:
        return Preview(target, parts, [Block("incidents", "Choose at least two incidents to merge.")])
    sources = [each for each in incidents if each.pk != target.pk]
    found = blocks_of(target, sources, choice)
    return Preview(
        target,
        parts,
        found,
        choices=_choices(target, sources, choice),
        changes=_changes(target, sources, choice, undecided={block.field for block in found}),
    )


def _shown(incident: Incident) -> dict[str, Any]:
    assignee = incident.assignee
    kind = "person" if incident.assignee_user else "team"
    return {
        "number": incident.pk,
        "name": incident.name,
        "severity": severity_mark(Severity(incident.severity), compact=True),
        "status": status_mark(IncidentStatus(incident.status)),
        "assignee": person_mark(initials(str(assignee)), str(assignee), kind)
        if assignee
        else person_mark(*UNASSIGNED_MARK),
        "alerts": incident.alerts_total,
        "restricted": incident.restricted,
    }


def _choices(target: Incident, sources: Sequence[Incident], choice: Choice) -> dict[str, dict[str, Any]]:
    first, others = part_of(target), [part_of(source) for source in sources]
    people, found, named = assignees([first, *others]), findings([first, *others]), names(first, others)
    choices: dict[str, dict[str, Any]] = {}
    if len(people) > 1 or choice.assignee:
        options = [*people.items(), (NOBODY, "Nobody")]
        choices["assignee"] = {"label": "Assigned to", "options": options, "chosen": choice.assignee, "asks": True}
    if len(found) > 1:
        options = [(word, finding_label(word)) for word in found]
        choices["finding"] = {"label": "Classification", "options": options, "chosen": choice.finding, "asks": True}
    if len(named) > 1:
        options = [(str(part.number), f"{part.name} (#{part.number})") for part in named]
        kept = str(choice.name or named[0].number)
        choices["name"] = {"label": "Name", "options": options, "chosen": kept, "asks": False}
    return choices


def _changes(
    target: Incident, sources: Sequence[Incident], choice: Choice, undecided: Collection[str]
) -> list[tuple[str, str]]:
    """The preview's lines: what comes to the target, and who would see it; nothing of a field still to be chosen."""
    alerts = sum(source.alerts_total for source in sources)
    lines = [("Alerts", f"{alerts:,} come to the {target.alerts_total:,} of #{target.pk}")]
    decided = outcome(part_of(target), [part_of(source) for source in sources], choice)
    people = assignees(part_of(each) for each in (target, *sources))
    if "assignee" not in undecided:
        lines.append(("Assigned to", people.get(decided.assignee, "Nobody")))
    if decided.finding and "classification" not in undecided:
        lines.append(("Classification", finding_label(decided.finding)))
    if decided.named_by != target.pk:
        lines.append(("Name", f"That of #{decided.named_by}, given by hand"))
    elif target.name_is_manual:
        lines.append(("Name", "Stays, as it was given by hand"))
    else:
        lines.append(("Name", "Automatic, from all alerts"))
    own = {tag.pk for tag in target.tags.all()}
    tags = {tag.pk: tag for source in sources for tag in source.tags.all() if tag.pk not in own}
    if tags:
        ordered = sorted(tags.values(), key=lambda tag: (TAG_ORDER[tag.kind], tag.name.lower()))
        marks = format_html_join("", "{}", ((tag_mark(tag.name, TagKind(tag.kind)),) for tag in ordered))
        lines.append(("Tags added", marks))
    numbers = [source.pk for source in sources]
    following = Follower.objects.filter(incident__in=numbers).exclude(
        user__in=Follower.objects.filter(incident=target).values("user")
    )
    followers = following.values("user").distinct().count()
    if followers:
        lines.append(("Followers added", f"{followers:,}"))
    if decided.due_by not in (None, target.pk):
        lines.append(("Due", f"As #{decided.due_by}, the earliest of them"))
    lines += _audience([target, *sources])
    return lines


def _audience(incidents: Sequence[Incident]) -> list[tuple[str, str]]:
    """Who would see the result, where one of them is restricted."""
    try:
        joint = joint_members(incidents)
    except Refused:
        return []
    if joint is None:
        return []
    named = ", ".join(sorted(str(member) for member in joint))
    return [("Seen by", f"{named} alone; restricted, as one of them is")]


def to_incident(number: int, principal: Principal) -> Incident | None:
    """An open or resolved incident by its number, or the one it leads to."""
    rows = Incident.objects.visible_to(principal)
    found = rows.filter(pk=number).first() if number <= LONGEST_NUMBER else None
    return rows.filter(Q(pk=found.redirected_to_id)).first() if found and found.redirected_to_id else found
