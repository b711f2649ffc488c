"""Break-glass: a restricted incident is opened in need, for a while, and everybody concerned knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts.choices import Permission
from accounts.commands import change_role, create_token
from accounts.models import Role, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.models import Alert
from common.errors import Refused
from incidents.commands import (
    add_comment,
    assign,
    break_glass,
    end_break_glass,
    lift_restriction,
    look_through_glass,
    restrict,
    set_incident_members,
)
from incidents.commands.break_glass import MOST_ASKED, AskedTooOften
from incidents.models import BreakGlass, Incident, Notice
from incidents.queries.notices import notices_page, unread_count
from tests.conftest import person

WHY = "Nobody of the team answers, and it spreads"


@pytest.fixture
def secret(incident: Incident, ana: User) -> Incident:
    """An incident that Ana alone is named to."""
    return restrict(incident, [ana], actor=ana.as_actor())


def sees(one: User, incident: Incident) -> bool:
    by_alerts = Alert.objects.visible_to(one).filter(incident=incident).exists()
    assert by_alerts == Incident.objects.visible_to(one).filter(pk=incident.pk).exists()
    return by_alerts


def an_hour_later(incident: Incident) -> None:
    """Everything that was opened was opened an hour earlier."""
    hour = timedelta(hours=1)
    BreakGlass.objects.update(asked_at=F("asked_at") - hour, ends_at=F("ends_at") - hour)


def verbs_of(incident: Incident) -> list[str]:
    return list(Entry.objects.of_incident(incident.pk).order_by("sequence").values_list("verb", flat=True))[-3:]


def test_it_opens_the_incident_until_its_time_is_over(secret: Incident, lee: User) -> None:
    assert not sees(lee, secret)
    glass = break_glass(secret.pk, WHY, actor=lee.as_actor())
    assert sees(lee, secret)
    assert glass.ends_at is not None
    assert round((glass.ends_at - glass.asked_at).total_seconds()) == 3600
    an_hour_later(secret)
    assert not sees(lee, secret)


def test_it_is_ended_at_once_by_hand(secret: Incident, lee: User) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    end_break_glass(secret, actor=lee.as_actor())
    assert not sees(lee, secret)
    assert verbs_of(secret)[-2:] == ["incident.glass_broken", "incident.glass_closed"]


def test_it_goes_with_the_right_to_it(secret: Incident, lee: User) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    change_role(lee, "analyst", actor=SYSTEM)
    assert not sees(User.objects.get(pk=lee.pk), secret)


def test_only_a_person_with_the_right_may(secret: Incident, vic: User, rio: User, ada: User) -> None:
    token, _ = create_token("script", actor=SYSTEM, role="lead")
    for actor in (rio.as_actor(), vic.as_actor(), ada.as_actor(), token.as_actor(), SYSTEM):
        with pytest.raises(Refused, match="Only a person"):
            break_glass(secret.pk, WHY, actor=actor)
    assert not BreakGlass.objects.exists()


def test_it_stands_in_both_logs_with_its_reason(secret: Incident, lee: User) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    own = Entry.objects.of_incident(secret.pk).get(verb="incident.glass_broken")
    assert own.body is not None
    assert (own.body.text, own.facts) == (WHY, {"minutes": 60})
    system = Entry.objects.of_system().get(verb="break_glass.opened")
    assert system.facts == {"number": secret.pk, "reason": WHY, "minutes": 60}


def test_members_and_other_leads_are_told_and_leads_learn_no_name(secret: Incident, ana: User, lee: User) -> None:
    lou = person("lou", "Lou Weber", "lead")
    before = unread_count(ana)
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    assert unread_count(ana) == before + 1
    assert notices_page(ana).groups[0].title == "Lee Park opened it by break-glass for 60 minutes"
    (told,) = notices_page(lou).groups
    assert told.title == f"Lee Park opened #{secret.pk} by break-glass for 60 minutes: {WHY}"
    assert (told.name, told.url, unread_count(lou)) == ("", "", 1)
    assert not Notice.objects.filter(user=lee, reason="break_glass").exists()


def test_without_a_second_lead_administrators_are_told(secret: Incident, lee: User, ada: User) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    assert unread_count(ada) == 1


def test_a_number_without_incident_is_recorded_and_counted_as_well(secret: Incident, lee: User) -> None:
    glass = break_glass(4711, WHY, actor=lee.as_actor())
    assert (glass.incident, glass.number) == (None, 4711)
    assert Entry.objects.of_system().get(verb="break_glass.in_vain").facts == {"number": 4711, "reason": WHY}


def test_nobody_goes_through_the_numbers(secret: Incident, lee: User) -> None:
    for number in range(4_000, 4_000 + MOST_ASKED):
        break_glass(number, WHY, actor=lee.as_actor())
    with pytest.raises(AskedTooOften):
        break_glass(secret.pk, WHY, actor=lee.as_actor())
    assert not sees(lee, secret)
    BreakGlass.objects.update(asked_at=F("asked_at") - timedelta(hours=1))
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    assert sees(lee, secret)


def test_who_broke_in_does_not_change_who_sees_it(secret: Incident, ana: User, lee: User) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    with pytest.raises(Refused, match="break-glass"):
        set_incident_members(secret, [ana, lee], actor=lee.as_actor())
    with pytest.raises(Refused, match="break-glass"):
        lift_restriction(secret, actor=lee.as_actor())
    with pytest.raises(Refused, match="name them"):
        assign(secret, lee, actor=lee.as_actor())


def test_where_nobody_is_left_they_may_name_somebody(secret: Incident, ana: User, rio: User, lee: User) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    set_incident_members(secret, [rio], actor=lee.as_actor())
    assert sees(rio, secret)


def test_lifting_ends_it_for_the_case_of_another_restriction(secret: Incident, ana: User, lee: User) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    lift_restriction(secret, actor=ana.as_actor())
    restrict(secret, [ana], actor=ana.as_actor())
    assert not sees(lee, secret)


def test_the_first_look_is_recorded_once(secret: Incident, lee: User) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    for _ in range(2):
        look_through_glass(secret, actor=lee.as_actor())
    assert verbs_of(secret).count("incident.glass_looked_through") == 1


@pytest.mark.parametrize("part", ["", "activity/", "as-of/", "attachments/", "similar/"])
def test_a_look_by_the_api_is_recorded_as_well(
    secret: Incident, lee: User, sign_in: Callable[[User], Client], part: str
) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    assert sign_in(lee).get(f"/api/v1/incidents/{secret.pk}/{part}").status_code == 200
    assert verbs_of(secret)[-1] == "incident.glass_looked_through"


def test_emptying_a_text_by_the_api_is_a_look_as_well(
    secret: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    lee.role.permissions = [*lee.role.permissions, Permission.EMPTY_TEXTS]
    lee.role.save()
    said = add_comment(secret, "Who it was", actor=SYSTEM)
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    path = f"/api/v1/incidents/{secret.pk}/entries/{Entry.objects.get(pk=said.pk).sequence}/empty/"
    answer = sign_in(lee).post(path, {"reason": "Asked for by the person it names"}, content_type="application/json")
    assert answer.status_code in (200, 204), answer.content
    assert verbs_of(secret)[-2:] == ["incident.glass_looked_through", "body.emptied"]


def test_a_role_may_see_every_restricted_incident_but_no_token_does(secret: Incident, rio: User) -> None:
    role = Role.objects.get(slug="analyst")
    role.permissions = [*role.permissions, Permission.SEE_RESTRICTED]
    role.save()
    token, _ = create_token("script", actor=SYSTEM, role="analyst")
    assert sees(User.objects.get(pk=rio.pk), secret)
    assert not Incident.objects.visible_to(token).exists()
    assert not Alert.objects.visible_to(token).exists()


# Pages -------------------------------------------------------------------------------------------------------------


def test_the_page_opens_it_shows_how_long_and_ends_it(
    secret: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    client, page = sign_in(lee), reverse("incidents:overview", args=[secret.pk])
    missing = client.get(page)
    assert missing.status_code == 404
    assert reverse("break_glass") in missing.content.decode()
    answer = client.post(reverse("break_glass"), {"number": secret.pk, "reason": WHY}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    for address in (page, reverse("incidents:activity", args=[secret.pk])):
        assert "You see this by break-glass" in client.get(address).content.decode()
    assert verbs_of(secret).count("incident.glass_looked_through") == 1
    client.post(reverse("end_break_glass", args=[secret.pk]))
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("number", ["", "-1", "0", "x", "1.5", "9" * 30, "4\x00", "٣"])
def test_what_is_no_number_is_said_at_the_field(lee: User, sign_in: Callable[[User], Client], number: str) -> None:
    answer = sign_in(lee).post(reverse("break_glass"), {"number": number, "reason": WHY})
    assert answer.status_code in (422, 302)
    assert not BreakGlass.objects.exclude(number=3).exists()


@pytest.mark.parametrize(("reason", "said"), [(" ", "Say why"), ("x" * 1001, "1,000 are allowed"), ("a\x00b", "")])
def test_a_bad_reason_opens_nothing(
    secret: Incident, lee: User, sign_in: Callable[[User], Client], reason: str, said: str
) -> None:
    answer = sign_in(lee).post(reverse("break_glass"), {"number": secret.pk, "reason": reason})
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not sees(lee, secret)


def test_asked_too_often_it_is_a_429(lee: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(lee)
    answers = [client.post(reverse("break_glass"), {"number": 9_000, "reason": WHY}) for _ in range(MOST_ASKED + 1)]
    assert [each.status_code for each in answers] == [422] * MOST_ASKED + [429]


def test_administrators_read_who_when_and_why_but_no_name(
    secret: Incident, lee: User, ada: User, sign_in: Callable[[User], Client]
) -> None:
    break_glass(secret.pk, WHY, actor=lee.as_actor())
    break_glass(4711, WHY, actor=lee.as_actor())
    client = sign_in(ada)
    page = client.get(reverse("break_glass_uses")).content.decode()
    assert [part in page for part in ("Lee Park", f"#{secret.pk}", "#4711", "60 min, still open", WHY)] == [True] * 5
    assert secret.name not in page
    assert "2</span> requests" in client.get(reverse("status")).content.decode()
