"""No sequence of merges, moves and un-merges shows anybody what was kept from them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team, User
from activity.models import Entry
from alerts.models import Alert
from common.errors import Refused
from incidents.commands import merge, move_alerts, restrict, set_incident_members, unmerge
from incidents.models import Incident
from tests.conftest import alert, device, opened
from tests.incidents.test_unmerge import examples

PLACE = st.integers(0, 3)
WHO = st.sets(st.sampled_from(["ana", "rio", "vic", "tier2"]), max_size=3)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("restrict"), PLACE, WHO),
        st.tuples(st.just("narrow"), PLACE, WHO),
        st.tuples(st.just("merge"), PLACE, st.sets(PLACE, min_size=1, max_size=2)),
        st.tuples(st.just("unmerge"), PLACE, st.none()),
        st.tuples(st.just("move"), PLACE, PLACE),
        st.tuples(st.just("split"), PLACE, st.none()),
    ),
    min_size=2,
    max_size=9,
)


KINDS: dict[str, Any] = {"alert": Alert.objects.all(), "incident": Incident.objects.all(), "entry": Entry.objects.all()}


class _Undo(Exception):
    """Ends an example: nothing of it is kept."""


@pytest.mark.django_db
@settings(
    max_examples=examples(),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=ACTS)
def test_nobody_comes_to_see_more(
    ana: User, lee: User, rio: User, vic: User, tier2: Team, acts: list[tuple[str, int, Any]]
) -> None:
    known: dict[str, User | Team] = {"ana": ana, "rio": rio, "vic": vic, "tier2": tier2}
    people = (ana, lee, rio, vic)
    with pytest.raises(_Undo), transaction.atomic():
        incidents = [
            opened(*(alert(f"{number}{letter}", entities=(device(f"d{number}"),)) for letter in "ab"))
            for number in range(4)
        ]
        seen = all_seen(people)
        for act, place, value in acts:
            before = newest()
            with suppress(Refused):
                play(act, Incident.objects.get(pk=incidents[place].pk), value, incidents, known, lee)
            now = all_seen(people)
            for each in people:
                new = {(kind, pk) for kind, pk in now[each] - seen[each] if pk <= before[kind]}
                assert new == set(), (act, each)
            seen = now
        raise _Undo


def play(
    act: str, incident: Incident, value: Any, incidents: list[Incident], known: dict[str, User | Team], lee: User
) -> None:
    actor = lee.as_actor()
    if act in ("restrict", "narrow"):
        chosen = [lee, *(known[name] for name in sorted(value))]
        if act == "restrict":
            restrict(incident, chosen, actor=actor)
        else:
            present = {member.user or member.team for member in incident.members.all()}
            set_incident_members(incident, [each for each in chosen if each in present], actor=actor)
    elif act == "merge":
        merge(incident, [incidents[number] for number in value], actor=actor, reason="One attack.", principal=lee)
    elif act == "unmerge":
        unmerge(incident, actor=actor, principal=lee)
    else:
        to = Incident.objects.get(pk=incidents[value].pk) if act == "move" else None
        first = incident.alerts.order_by("pk").values_list("pk", flat=True)[:1]
        move_alerts(list(first), to, actor=actor, comment="It belongs there.", principal=lee)


def all_seen(people: tuple[User, ...]) -> dict[User, set[tuple[str, int]]]:
    """What each may see: alerts, incidents and what was recorded of them."""
    found = {}
    for each in people:
        visible = Incident.objects.visible_to(each)
        entries = Entry.objects.filter(incident__in=visible.values("pk"))
        found[each] = {
            *(("alert", pk) for pk in Alert.objects.visible_to(each).values_list("pk", flat=True)),
            *(("incident", pk) for pk in visible.values_list("pk", flat=True)),
            *(("entry", pk) for pk in entries.values_list("pk", flat=True)),
        }
    return found


def newest() -> dict[str, int]:
    """The highest numbers there are: what comes later is new to the world, and so to everybody."""
    return {kind: max(rows.values_list("pk", flat=True)) for kind, rows in KINDS.items()}
