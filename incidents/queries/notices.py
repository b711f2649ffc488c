"""What the bell tells a person, grouped by incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet
from django.utils.safestring import SafeString

from accounts.models import User
from activity.wording import sentence
from common.marks import icon, time_mark
from incidents.choices import NoticeReason
from incidents.models import Incident, Notice

PAGE = 500
"""Notices read for one page, before they are grouped."""
MOST_COUNTED = 100


@dataclass(slots=True)
class Group:
    """What happened to one incident, unread or read, as a line behind the bell; or one thing that concerns the system,
    which has no page of its own."""

    number: int | None
    name: str
    url: str
    unread: bool
    icon: SafeString
    title: str = ""
    """ "4 changes by Ana and Lee"."""
    last: str = ""
    """The newest of them in words."""
    time: SafeString = field(default_factory=SafeString)
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Notices:
    """A page behind the bell, newest first, and where the older ones start."""

    groups: list[Group]
    older: int | None


def of_person(user: User) -> QuerySet[Notice]:
    """The person's notices of what they may see now: with access goes the knowledge."""
    visible = Q(incident__in=Incident.objects.visible_to(user))
    return Notice.objects.filter(visible | Q(incident__isnull=True), user=user)


def unread_count(user: User) -> int:
    """How many incidents the bell has something new of; counted up to a hundred."""
    unread = of_person(user).filter(read_at__isnull=True).order_by().values("incident").distinct()
    return unread[:MOST_COUNTED].aggregate(count=Count("*"))["count"]


def notices_page(user: User, *, before: int | None = None, only_unread: bool = False) -> Notices:
    """Groups of what was told, by incident, unread apart from read."""
    rows = of_person(user).select_related("entry", "incident").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if only_unread:
        rows = rows.filter(read_at__isnull=True)
    found = list(rows[: PAGE + 1])
    groups: dict[tuple[str, int, bool], Group] = {}
    for notice in found[:PAGE]:
        incident, unread = notice.incident, notice.read_at is None
        key = ("incident", incident.pk, unread) if incident else ("notice", notice.pk, unread)
        if key not in groups:
            groups[key] = _group(incident, unread)
        groups[key].notices.append(notice)
    for group in groups.values():
        _describe(group)
    return Notices(list(groups.values()), found[PAGE - 1].pk if len(found) > PAGE else None)


def _group(incident: Incident | None, unread: bool) -> Group:
    if incident is None:
        return Group(None, "", "", unread, SafeString())
    return Group(incident.pk, incident.name, f"/incidents/{incident.pk}/", unread, SafeString())


RANK = (
    NoticeReason.BREAK_GLASS,
    NoticeReason.OVERDUE,
    NoticeReason.MENTIONED,
    NoticeReason.ASSIGNED,
    NoticeReason.WOKEN,
    NoticeReason.FOLLOWED,
)
ICONS = {
    NoticeReason.BREAK_GLASS: "restricted",
    NoticeReason.MENTIONED: "comment",
    NoticeReason.ASSIGNED: "assign",
    NoticeReason.WOKEN: "wake",
    NoticeReason.OVERDUE: "date",
    NoticeReason.FOLLOWED: "activity",
}


def _describe(group: Group) -> None:
    """Put the group in words: what concerns the person most gives the sign, the newest entry the sentence."""
    newest, reasons = group.notices[0], {notice.reason for notice in group.notices}
    reason = next(each for each in RANK if each in reasons)
    by = people([notice.entry.actor_label for notice in group.notices])
    count = len(group.notices)
    group.icon = icon(ICONS[reason])
    group.title = f"{count} changes by {by}" if count > 1 else ""
    group.last = f"{newest.entry.actor_label} {sentence(newest.entry)}"
    special = next((notice for notice in group.notices if notice.reason == reason), newest)
    words = {
        NoticeReason.MENTIONED: f"{special.entry.actor_label} mentions you",
        NoticeReason.ASSIGNED: f"{special.entry.actor_label} {_assigned(special)}",
        NoticeReason.OVERDUE: _overdue(special),
        NoticeReason.WOKEN: f"Woke up: {special.entry.facts.get('reason', '')}",
        NoticeReason.BREAK_GLASS: f"{special.entry.actor_label} {sentence(special.entry)}",
    }.get(reason, "")
    group.title = ", ".join(filter(None, [words, group.title]))
    if count == 1 and words:
        group.last = ""
    group.time = time_mark(newest.entry.recorded_at or newest.created_at)


def _assigned(notice: Notice) -> str:
    new = (notice.entry.change_of("assignee") or {}).get("new") or {}
    what = f"the task “{notice.entry.subject_label}”" if notice.entry.subject_kind == "task" else "it"
    return f"assigned {what} to {new['label'] if new.get('kind') == 'team' else 'you'}"


def _overdue(notice: Notice) -> str:
    is_task = notice.entry.subject_kind == "task"
    return f"The task “{notice.entry.subject_label}” is overdue" if is_task else "It is overdue"


def people(names: Sequence[str]) -> str:
    """Ana, Lee and 2 others: each once, newest first."""
    distinct = list(dict.fromkeys(names))
    if len(distinct) <= 3:
        return " and ".join(filter(None, [", ".join(distinct[:-1]), distinct[-1]]))
    return f"{', '.join(distinct[:2])} and {len(distinct) - 2} others"
