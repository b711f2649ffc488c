"""Critical assets as administrators see them: the classifications, what one would change, and how far a reassessment
is. Everything is counted among what the person may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import Principal
from alerts.models import Evidence
from common.counting import Count, count_each
from common.jobs import JobState
from common.marks import crown_mark, time_mark
from common.words import fold
from entities.choices import ASSET_KINDS, Criticality, EntityKind
from entities.models import AssetClassification, Entity
from entities.naming import page_of
from entities.queries import asset_rules
from entities.rules import ClassificationValues, effective, in_order, judge, matches, rule_of
from entities.trigrams import SHORTEST, trigrams
from incidents.choices import TagKind
from incidents.filters.names import Names
from incidents.models import Incident, Reassessment, Tag
from incidents.rules import CRITICAL_ASSET

MOST_COMPARED = 50_000
"""Assets that a preview judges; of more it says that there are more."""
MOST_NAMED = 12
NEW = -1
"""Number of a classification that is not stored yet."""
MOST_CHIPS = 4


def classifications() -> list[dict[str, Any]]:
    """All of them as rows, the most critical first."""
    rows = AssetClassification.objects.all()
    order = {level: rank for rank, level in enumerate(Criticality.values)}
    return [_row(each) for each in sorted(rows, key=lambda one: (order[one.level], one.name.lower()))]


def _row(one: AssetClassification) -> dict[str, Any]:
    level = Criticality(one.level)
    sorts = [("Name", one.names), ("Device group", one.groups), ("Attribute", one.attributes)]
    return {
        "number": one.pk,
        "name": one.name,
        "crown": crown_mark(level),
        "level": level.label,
        "kinds": ", ".join(str(EntityKind(kind).label) for kind in one.kinds),
        "conditions": [
            {"label": label, "texts": texts[:MOST_CHIPS], "more": max(len(texts) - MOST_CHIPS, 0)}
            for label, texts in sorts
            if texts
        ],
        "joined": "and" if one.needs_all else "or",
        "is_on": one.is_on,
        "is_built_in": bool(one.slug),
    }


# --- what a classification would change ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preview:
    """What saving a classification would mean."""

    matching: list[tuple[str, int]] = field(default_factory=list)
    """Kind in words → how many assets."""
    named: list[dict[str, Any]] = field(default_factory=list)
    """The first of them."""
    total: int = 0
    is_cut: bool = False
    overruled: int = 0
    """Assets of which a person has said something else."""
    tagged: Count = field(default_factory=lambda: Count(0))
    untagged: Count = field(default_factory=lambda: Count(0))
    weighed: Count = field(default_factory=lambda: Count(0))
    """Open incidents that get the tag, that lose it, and whose priority is worked out anew."""


def preview(principal: Principal, values: ClassificationValues, number: int = NEW) -> Preview:
    """The assets that would be the classification's, and what follows for open incidents. `values` are checked."""
    fresh = rule_of(number, values)
    others = [rule for rule in asset_rules() if rule.number != number]
    rules = in_order([*others, fresh] if values.is_on else others)
    columns = ("pk", "kind", "name", "key", "attributes", "criticality", "criticality_by_hand")
    found = list(_candidates(principal, values, number).values_list(*columns)[: MOST_COMPARED + 1])
    matching: Counter[str] = Counter()
    named: list[dict[str, Any]] = []
    gained: list[int] = []
    lost: list[int] = []
    changed: list[int] = []
    overruled = 0
    for pk, kind, name, key, attributes, now, by_hand in found[:MOST_COMPARED]:
        if matches(fresh, kind, name, key, attributes):
            matching[kind] += 1
            overruled += bool(by_hand)
            if len(named) < MOST_NAMED:
                label = EntityKind(kind).label
                named.append({"id": pk, "slug": kind, "name": name, "url": page_of(kind, pk), "kind": label})
        then = effective(by_hand, judge(rules, kind, name, key, attributes)).level
        if then != now:
            changed.append(pk)
            (gained if not now else lost if not then else []).append(pk)
    return Preview(
        matching=[(_several(EntityKind(kind), figure), figure) for kind, figure in matching.most_common()],
        named=named,
        total=matching.total(),
        is_cut=len(found) > MOST_COMPARED,
        overruled=overruled,
        **count_each(_touched(principal, gained, lost, changed)),
    )


def _candidates(principal: Principal, values: ClassificationValues, number: int) -> QuerySet[Entity]:
    """Assets that may be the classification's, and those that are now: by the index of names where names alone decide
    and each has a part long enough for it."""
    rows = Names(principal).known_entities().order_by("pk")
    asked = Q(kind__in=[str(kind) for kind in values.kinds])
    parts = [_longest_part(pattern) for pattern in values.names]
    by_names = bool(parts) and (values.needs_all or not (values.groups or values.attributes))
    if by_names and all(len(part) >= SHORTEST for part in parts):
        alike = Q()
        for part in parts:
            alike |= Q(trigrams__contains=trigrams(part))
        asked &= alike
    return rows.filter(asked | Q(classification=number) if number != NEW else asked)


def _longest_part(pattern: str) -> str:
    return max(fold(pattern).split("*"), key=len)


def _touched(
    principal: Principal, gained: Sequence[int], lost: Sequence[int], changed: Sequence[int]
) -> dict[str, QuerySet[Any]]:
    rows = Incident.objects.visible_to(principal).open()
    tag = Tag.objects.filter(name=CRITICAL_ASSET, kind=TagKind.CRITICAL).first()
    marked = rows.filter(tag_ids__contains=[tag.pk]) if tag else rows.none()
    unmarked = rows.exclude(tag_ids__contains=[tag.pk]) if tag else rows
    still = Evidence.objects.filter(incident_number=OuterRef("pk"), entity__kind__in=ASSET_KINDS)
    still = still.exclude(entity__criticality="").exclude(entity__in=_one_of(lost))
    return {
        "tagged": unmarked.filter(pk__in=_incidents_of(gained)),
        "untagged": marked.filter(pk__in=_incidents_of(lost))
        .exclude(Exists(still))
        .exclude(pk__in=_incidents_of(gained)),
        "weighed": rows.filter(pk__in=_incidents_of(changed)),
    }


def _incidents_of(entity_ids: Sequence[int]) -> QuerySet[Any, Any]:
    return Evidence.objects.filter(entity__in=_one_of(entity_ids)).order_by().values("incident_number")


def _one_of(numbers: Iterable[int]) -> RawSQL:
    """As an array: one value, however many they are."""
    return RawSQL("SELECT unnest(%s::bigint[])", [list(numbers)])


def _several(kind: EntityKind, number: int) -> str:
    """ "41 devices"."""
    label = str(kind.label) if kind.label.isupper() else str(kind.label).lower()
    if number == 1:
        return f"1 {label}"
    return f"{number:,} {label}{'es' if label.endswith('x') else 's'}"


# --- how far it is -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """A reassessment as the page shows it."""

    cause: str
    is_over: bool
    percent: int | None
    text: str
    when: Any


def latest_reassessment() -> Progress | None:
    """The one that runs, or the last that ran through."""
    jobs = Reassessment.objects.filter(is_whole=True).exclude(state=JobState.CANCELLED)
    job = jobs.order_by("-created_at").first()
    return _progress(job) if job else None


def _progress(job: Reassessment) -> Progress:
    """Shares alone: figures would count what only restricted incidents know."""
    done = job.counts.get("assets", 0)
    share = round(100 * done / max(job.total, done, 1))
    text = "the open incidents they are in follow" if job.are_judged else f"{share} % of all assets judged"
    return Progress(
        job.cause,
        job.is_over,
        None if job.are_judged else share,
        text,
        time_mark(job.finished_at or job.created_at),
    )
