"""The Activity tab: the log of an incident by acts, as its address asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts.choices import Permission
from accounts.models import Principal, User
from activity.actors import ActorKind, Channel
from activity.acts import Act, ActsPage, Log, NoSuchPlace, page_of_acts, page_of_entries
from activity.models import Entry
from activity.queries import Line, lines_of
from activity.verbs import COMMENT_EDITED
from activity.wording import summed_up
from common.components import component
from common.composed import Listed
from common.icons import icon
from common.pagination import Order
from common.query_strings import address, nearest, with_values
from incidents.filters.activity_filter import ActivityFilter
from incidents.models import BulkAct, Incident
from incidents.queries.texts import renderer

ORDERS = {"newest": "Newest first", "oldest": "Oldest first"}
LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act as the page shows it: one line; or a line that sums up, with the others folded beneath."""

    line: Line
    summary: str
    folded: list[Line]
    more: int
    more_url: str
    more_in_words: str

    @property
    def is_folded(self) -> bool:
        return bool(self.folded)

    @property
    def anchor(self) -> str:
        """Its name in addresses, beside those of its entries."""
        return self.line.anchor.replace("entry", "act")

    @property
    def count_in_words(self) -> str:
        return f"{len(self.folded) + self.more:,} entries"


@dataclass(frozen=True)
class Asked:
    """What an address asks of the log of an incident."""

    filter: ActivityFilter
    newest_first: bool

    @property
    def query(self) -> QueryDict:
        return self.filter.data

    @property
    def matching(self) -> QuerySet[Entry]:
        """Every entry that fits, edits of comments among them."""
        return self.filter.qs

    @property
    def listed(self) -> Listed:
        return Listed(None, lambda: self.matching)

    @property
    def order(self) -> Order:
        """Of single entries, for lists that page by key."""
        fields = self.log.fields
        sign = fields[0].removesuffix(fields[0].lstrip("-"))
        return Order("newest" if self.newest_first else "oldest", (fields[0], f"{sign}id"))

    @property
    def is_one_act(self) -> bool:
        return "act" in self.filter.words

    @cached_property
    def log(self) -> Log:
        # An edit is shown at its comment, with the text that is right now.
        rows = self.matching.exclude(verb=COMMENT_EDITED.name)
        return Log(rows, self.filter.numbers, self.newest_first)


def asked(query: QueryDict, principal: Principal, incident: Incident, merged: Sequence[int]) -> Asked:
    """Raises UnknownKeys or ValidationError for an address that means nothing."""
    found = ActivityFilter(query, principal=principal, incident=incident.pk, merged=merged)
    found.check()
    sort = query.get("sort", "newest")
    if sort not in ORDERS:
        raise ValidationError({"sort": [f"“{sort[:60]}” is no order{nearest(sort, ORDERS)}"]})
    return Asked(found, sort == "newest")


def _place(query: QueryDict) -> tuple[str, int | None]:
    """The entry after which the page starts; or, as `entry`, with which. `before` is what it was called once."""
    for key in ("after", "before", "entry"):
        word = query.get(key, "")
        if word:
            if not (word.isascii() and word.isdigit() and len(word) < 19):
                raise ValidationError({key: ["The link to this page is damaged; start from the first."]})
            return key, min(int(word), LARGEST)
    return "after", None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the log."""

    acts: list[ShownAct]
    next_url: str
    first_url: str
    """Back to where the log starts, when this page is another one."""

    @property
    def lines(self) -> list[Line]:
        return [act.line for act in self.acts]


def page(wanted: Asked, user: User) -> Page:
    """The page that an address asks for, in a bounded number of statements. Raises ValidationError for a place that is
    none."""
    read, (key, place) = page_of_entries if wanted.is_one_act else page_of_acts, _place(wanted.query)
    try:
        after = wanted.log.before(place) if key == "entry" and place else place
        found = read(wanted.log, after=after)
    except NoSuchPlace as error:
        raise ValidationError({key: [str(error)]}) from None
    return _shown(found, wanted, user, is_first=after is None)


def _shown(found: ActsPage, wanted: Asked, user: User, *, is_first: bool) -> Page:
    entries = [entry for act in found.acts for entry in act.entries]
    lines = lines_of(
        entries,
        incident_id=wanted.filter.incident,
        actor_id=user.pk,
        rendered=renderer(user),
        ways=lambda rows: ways_of(rows, user),
        menu=partial(menu_of, may_empty=user.may(Permission.EMPTY_TEXTS)),
    )
    by_entry = dict(zip([entry.pk for entry in entries], lines, strict=True))
    path, query = wanted.filter.address_of("queue"), wanted.filter.data
    return Page(
        [_shown_act(act, by_entry, path, query) for act in found.acts],
        address(path, with_values(query) | {"after": [str(found.next)]}) if found.next else "",
        "" if is_first else address(path, with_values(query)),
    )


def _shown_act(act: Act, lines: dict[int, Line], path: str, query: QueryDict) -> ShownAct:
    lead, total = act.lead, sum(act.counts.values())
    if total == 1:
        return ShownAct(lines[lead.pk], "", [], 0, "", "")
    more_url = ""
    if act.more:
        rest = with_values(query, act=[str(lead.batch)], sort=["oldest"]) | {"after": [str(act.entries[-1].pk)]}
        more_url = address(path, rest)
    return ShownAct(
        lines[lead.pk],
        summed_up(act.entries, act.counts),
        [lines[entry.pk] for entry in act.entries],
        act.more,
        more_url,
        f"and {act.more:,} more {_subjects(act)}",
    )


def _subjects(act: Act) -> str:
    """What the entries that were not read are about: the last ones were written of the same things as those before."""
    kind = act.entries[-1].subject_kind
    one, many = {"alert": ("alert", "alerts"), "entity": ("piece of evidence", "pieces of evidence"),
                 "task": ("task", "tasks")}.get(kind, ("entry", "entries"))  # fmt: skip
    return one if act.more == 1 else many


def ways_of(entries: Sequence[Entry], user: User) -> dict[int, str]:
    """Where what entries came through is shown, as far as the person may see it: their own bulk acts, and rules."""
    batches = {entry.batch for entry in entries if entry.channel == Channel.BULK and entry.batch}
    acts = BulkAct.objects.filter(Q(pk__in=batches), user=user) if batches and user.may(Permission.BULK_EDIT) else None
    own = set(acts.values_list("pk", flat=True)) if acts is not None else set()
    rules = reverse("tuning:overview") if user.may(Permission.MANAGE_RULES) else ""
    found: dict[int, str] = {}
    for entry in entries:
        if entry.batch in own:
            found[entry.pk] = reverse("incidents:act", args=[entry.batch])
        elif rules and entry.actor_kind == ActorKind.RULE:
            found[entry.pk] = rules
    return found


def menu_of(entry: Entry, *, may_empty: bool = False) -> SafeString:
    """What can be asked of the moment of an entry, and done to its text. Made of numbers alone, so nothing in it needs
    escaping."""
    path, icons = f"/incidents/{entry.incident_id}", _menu_icons()
    here = f"{path}/activity/?entry={entry.pk}#entry-{entry.sequence}"
    items = (
        f'<a class="menu-item" href="{path}/as-of/?entry={entry.pk}">{icons[0]}<span>As of this moment</span></a>'
        f'<a class="menu-item" href="{path}/as-of/?from={entry.pk}">{icons[1]}<span>What changed since</span></a>'
        f'<button class="menu-item" type="button" data-copy-link="{here}">{icons[2]}<span>Copy link</span></button>'
    )
    if may_empty and entry.body is not None and entry.body.text is not None:
        empty = f"{path}/activity/{entry.sequence}/empty/"
        items += f'<a class="menu-item" href="{empty}">{icons[4]}<span>Empty the text …</span></a>'
    more = {"label": "More", "icon": icons[3], "icon_only": True, "kind": "quiet", "size": "s", "align": "end"}
    return component("menu", content=mark_safe(items), shortcut="", **more)


@cache
def _menu_icons() -> tuple[SafeString, ...]:
    return icon("time"), icon("activity"), icon("copy_link"), icon("more"), icon("delete")
