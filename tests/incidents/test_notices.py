"""The bell: who is told of what, what nobody is told of, and how it is grouped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.commands import deactivate
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from activity.queries import stream
from alerts.choices import AlertStatus, Classification, Determination, Severity
from incidents.changes import Changes
from incidents.choices import IncidentStatus, NoticeReason, WakeReason
from incidents.commands import (
    add_comment,
    apply_changes,
    assign,
    change_tags,
    classify,
    edit_comment,
    follow,
    rename,
    resolve,
    restrict,
    set_alert_status,
    set_incident_members,
    set_severity,
    set_status,
    snooze,
    wake,
)
from incidents.commands.looking import read_notices
from incidents.models import Incident, Notice
from incidents.queries.notices import notices_page, unread_count
from incidents.queries.texts import renderer
from tests.conftest import NOON, alert, device, opened


def told(user: User) -> list[tuple[str, str]]:
    """Why and of what the person was told, oldest first."""
    rows = Notice.objects.filter(user=user).order_by("pk").select_related("entry")
    return [(str(row.reason), row.entry.verb) for row in rows]


def test_who_is_assigned_is_told(incident: Incident, ana: User, lee: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    assert told(ana) == [("assigned", "incident.assigned")]
    assert told(lee) == []


def test_a_team_is_told_but_not_who_assigned_it(incident: Incident, ana: User, rio: User, tier2: Team) -> None:
    assign(incident, tier2, actor=rio.as_actor())
    assert told(ana) == [("assigned", "incident.assigned")]
    assert told(rio) == []


def test_taking_it_on_oneself_is_no_news(incident: Incident, ana: User) -> None:
    assign(incident, ana, actor=ana.as_actor())
    assert told(ana) == []


@pytest.mark.parametrize(
    "text",
    ["@ana please look", "Please look, @ANA.", "(cc @ana)", "- one\n- @ana", "| a |\n|---|\n| @ana |", "**@ana**, see"],
)
def test_a_mention_tells(incident: Incident, ana: User, lee: User, text: str) -> None:
    add_comment(incident, text, actor=lee.as_actor())
    assert told(ana) == [("mentioned", "comment.added")]


@pytest.mark.parametrize(
    "text",
    ["`@ana`", "```\n@ana\n```", "[@ana](https://example.org)", "mail lee@ana or ana", "@anabel", "@ana-lee", "@@ana"],
)
def test_what_is_no_mention_tells_nobody(incident: Incident, ana: User, lee: User, text: str) -> None:
    add_comment(incident, text, actor=lee.as_actor())
    assert told(ana) == []


def test_a_team_is_mentioned_by_its_slug(incident: Incident, ana: User, rio: User, lee: User, tier2: Team) -> None:
    add_comment(incident, "@tier2 and @ana: take over", actor=lee.as_actor())
    assert told(ana) == told(rio) == [("mentioned", "comment.added")]


def test_an_edit_calls_only_whom_the_comment_has_not_called(
    incident: Incident, ana: User, rio: User, lee: User
) -> None:
    said = add_comment(incident, "@ana look", actor=lee.as_actor())
    edit_comment(incident, said, "@ana @rio look", actor=lee.as_actor())
    edit_comment(incident, said, "@ana @rio look here", actor=lee.as_actor())
    assert told(ana) == [("mentioned", "comment.added")]
    assert told(rio) == [("mentioned", "comment.edited")]


def test_a_mention_in_a_resolution_note_tells(incident: Incident, ana: User, lee: User) -> None:
    resolve(incident, actor=lee.as_actor(), note="Red team, as @ana said.")
    assert told(ana) == [("mentioned", "incident.resolved")]


def test_a_resolved_incident_is_one_piece_of_news_however_many_alerts(incident: Incident, ana: User, lee: User) -> None:
    follow(incident, actor=ana.as_actor())
    resolve(incident, actor=lee.as_actor(), note="Reimaged.")
    assert told(ana) == [("followed", "incident.resolved")]


def test_several_alerts_in_one_act_are_one_piece_of_news(incident: Incident, ana: User, lee: User) -> None:
    follow(incident, actor=ana.as_actor())
    numbers = list(incident.alerts.values_list("pk", flat=True))
    set_alert_status(incident, numbers, AlertStatus.IN_PROGRESS, actor=lee.as_actor())
    assert told(ana) == [("followed", "alert.status_set")]


def test_new_alerts_are_news_to_followers(incident: Incident, ana: User) -> None:
    follow(incident, actor=ana.as_actor())
    opened(alert("3", entities=(device("fin-ws-17"),)), alert("4", entities=(device("fin-ws-17"),)))
    assert told(ana) == [("followed", "incident.alerts_linked")]


def test_who_snoozed_it_is_told_when_it_wakes(incident: Incident, ana: User, lee: User) -> None:
    snooze(incident, timezone.now() + timedelta(hours=2), actor=ana.as_actor())
    opened(alert("3", entities=(device("fin-ws-17"),)))
    assert told(ana) == [("woken", "incident.woken")]
    snooze(incident, timezone.now() + timedelta(hours=2), actor=ana.as_actor())
    wake(incident, actor=ana.as_actor())
    assert len(told(ana)) == 1, "by one's own hand is no news"
    snooze(incident, timezone.now() + timedelta(hours=2), actor=ana.as_actor())
    wake(incident, actor=lee.as_actor())
    assert len(told(ana)) == 2


def test_the_strongest_reason_counts_once(incident: Incident, ana: User, lee: User) -> None:
    follow(incident, actor=ana.as_actor())
    assign(incident, ana, actor=lee.as_actor())
    add_comment(incident, "@ana", actor=lee.as_actor())
    assert told(ana) == [("assigned", "incident.assigned"), ("mentioned", "comment.added")]


def test_somebody_who_has_left_is_not_told(incident: Incident, ana: User, lee: User, ada: User) -> None:
    follow(incident, actor=ana.as_actor())
    deactivate(ana, actor=ada.as_actor())
    rename(incident, "Another", actor=lee.as_actor())
    assert told(ana) == []


def test_mentions_of_somebody_lead_to_their_queue(incident: Incident, ana: User, lee: User, tier2: Team) -> None:
    add_comment(incident, "@ana and @tier2, not @nobody, `@ana` or <b>@ana</b>", actor=lee.as_actor())
    body = stream(incident.pk, size=1, rendered=renderer(ana)).lines[0].body
    assert body.count('<a href="/incidents/?assignee=ana"') == 2
    assert body.count('<a href="/incidents/?assignee=team%3Atier2"') == 1
    assert "not @nobody, <code>@ana</code> or &lt;b&gt;" in body


# What one may not see ----------------------------------------------------------------------------------------------


def test_nobody_is_told_of_what_they_may_not_see(incident: Incident, ana: User, rio: User, lee: User) -> None:
    for each in (ana, rio):
        follow(incident, actor=each.as_actor())
    restrict(incident, [lee, rio], actor=lee.as_actor())
    add_comment(incident, "@ana @rio secret", actor=lee.as_actor())
    assert told(ana) == []
    assert told(rio) == [("followed", "incident.restricted"), ("mentioned", "comment.added")]


def test_with_access_goes_what_the_bell_knew_and_comes_back_with_it(incident: Incident, ana: User, lee: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    assert unread_count(ana) == 1
    assign(incident, lee, actor=lee.as_actor())
    restrict(incident, [lee], actor=lee.as_actor())
    assert unread_count(ana) == 0
    assert notices_page(ana).groups == []
    set_incident_members(incident, [lee, ana], actor=lee.as_actor())
    assert unread_count(ana) == 1


def test_a_role_that_sees_nothing_is_told_nothing(incident: Incident, otto: User, lee: User) -> None:
    add_comment(incident, "@otto", actor=lee.as_actor())
    assert told(otto) == []


# Grouping ----------------------------------------------------------------------------------------------------------


def forty_changes(incident: Incident, lee: User, rio: User, ana: User) -> None:
    """Forty acts by others, and four of ana's own between them."""
    numbers = list(incident.alerts.values_list("pk", flat=True))
    for turn in range(10):
        by = (lee if turn % 2 else rio).as_actor()
        rename(incident, f"Name {turn}", actor=by)
        add_comment(incident, f"Word {turn}", actor=by)
        change_tags(incident, add=[f"tag {turn}"], actor=by)
        if turn < 7:
            set_severity(incident, [Severity.LOW, Severity.HIGH][turn % 2], actor=by)
        if turn % 3 == 0:
            add_comment(incident, "My own words", actor=ana.as_actor())
    set_status(incident, IncidentStatus.IN_PROGRESS, actor=lee.as_actor())
    classify(incident, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=rio.as_actor())
    set_alert_status(incident, numbers[:1], AlertStatus.RESOLVED, actor=rio.as_actor())


def test_forty_changes_while_away_are_forty_in_one_group(incident: Incident, ana: User, lee: User, rio: User) -> None:
    follow(incident, actor=ana.as_actor())
    other = opened(alert("other", title="Password spray", entities=(device("dc-01"),)))
    forty_changes(incident, lee, rio, ana)
    assign(other, ana, actor=lee.as_actor())
    first, second = notices_page(ana).groups
    assert (first.number, first.title) == (other.pk, "Lee Park assigned it to you")
    assert (second.number, second.title) == (incident.pk, "40 changes by Rio Sato and Lee Park")
    assert second.unread
    assert unread_count(ana) == 2
    read_notices(ana, [incident.pk])
    assert unread_count(ana) == 1
    assert [group.unread for group in notices_page(ana).groups] == [True, False]
    assert notices_page(ana, only_unread=True).groups[0].number == other.pk


def test_one_change_is_told_in_its_own_words(incident: Incident, ana: User, lee: User) -> None:
    follow(incident, actor=ana.as_actor())
    change_tags(incident, add=["vip"], actor=lee.as_actor())
    (group,) = notices_page(ana).groups
    assert (group.title, group.last) == ("", "Lee Park changed the tags")


def test_the_bell_reads_in_a_handful_of_statements(incident: Incident, ana: User, lee: User, rio: User) -> None:
    follow(incident, actor=ana.as_actor())
    forty_changes(incident, lee, rio, ana)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        notices_page(ana)
        unread_count(ana)
    assert len(asked) <= 4


# Cost --------------------------------------------------------------------------------------------------------------


def notice_statements(asked: CaptureQueriesContext) -> int:
    return sum("incidents_notice" in each["sql"] for each in asked.captured_queries)


def test_many_new_alerts_cost_one_statement(incident: Incident, ana: User) -> None:
    follow(incident, actor=ana.as_actor())
    others = [opened(alert(f"o{n}", entities=(device(f"host-{n}"),))) for n in range(5)]
    for other in others:
        follow(other, actor=ana.as_actor())
    with CaptureQueriesContext(connection) as asked:
        opened(
            *(alert(f"n{n}", entities=(device(f"host-{n}"),), at=NOON) for n in range(5)),
            *(alert(f"x{n}", entities=(device(f"new-{n}"),)) for n in range(20)),
        )
    assert notice_statements(asked) == 1
    assert len(told(ana)) == 5


def test_opening_incidents_costs_nothing(ana: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        opened(*(alert(f"x{n}", entities=(device(f"new-{n}"),)) for n in range(20)))
    assert notice_statements(asked) == 0


def test_a_save_of_several_fields_tells_of_each(incident: Incident, ana: User, lee: User) -> None:
    follow(incident, actor=ana.as_actor())
    changes = Changes(name="Another", severity=Severity.LOW, comment="Why")
    apply_changes(incident, changes, actor=lee.as_actor())
    assert [verb for _, verb in told(ana)] == ["incident.renamed", "incident.severity_set", "comment.added"]


def test_a_refused_act_tells_nobody(incident: Incident, ana: User, lee: User) -> None:
    from common.errors import Refused

    follow(incident, actor=ana.as_actor())
    with pytest.raises(Refused):
        apply_changes(incident, Changes(name="Another", status=IncidentStatus.RESOLVED), actor=lee.as_actor())
    assert told(ana) == []


def test_the_system_wakes_and_its_entry_says_why(incident: Incident, ana: User) -> None:
    snooze(incident, timezone.now() + timedelta(hours=2), actor=ana.as_actor())
    Incident.objects.filter(pk=incident.pk).update(snoozed_until=timezone.now())
    wake(incident, actor=SYSTEM, reason=WakeReason.TIME)
    (group,) = notices_page(ana).groups
    assert group.title == "Woke up: its time had come"
    assert Notice.objects.get(user=ana).reason == NoticeReason.WOKEN
    assert Entry.objects.filter(verb="incident.woken").get().actor_label == "Watchfloor"
