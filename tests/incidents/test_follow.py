"""Following an incident."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from incidents.commands import add_comment, assign, follow, rename, unfollow
from incidents.models import Follower, Incident, Notice


def followers(incident: Incident) -> list[str]:
    return sorted(Follower.objects.filter(incident=incident).values_list("user__username", flat=True))


def test_it_is_recorded_without_a_new_version(incident: Incident, ana: User) -> None:
    follow(incident, actor=ana.as_actor())
    unfollow(incident, actor=ana.as_actor())
    verbs = Entry.objects.of_incident(incident.pk).order_by("sequence").values_list("verb", flat=True)
    assert list(verbs)[-2:] == ["incident.followed", "incident.unfollowed"]
    assert Incident.objects.get(pk=incident.pk).version == incident.version


def test_who_follows_is_told_and_who_left_is_not(incident: Incident, ana: User, lee: User) -> None:
    follow(incident, actor=ana.as_actor())
    rename(incident, "One", actor=lee.as_actor())
    unfollow(incident, actor=ana.as_actor())
    rename(incident, "Two", actor=lee.as_actor())
    assert Notice.objects.filter(user=ana).count() == 1


def test_that_somebody_follows_is_news_to_nobody(incident: Incident, ana: User, lee: User) -> None:
    follow(incident, actor=ana.as_actor())
    follow(incident, actor=lee.as_actor())
    unfollow(incident, actor=lee.as_actor())
    assert not Notice.objects.exists()


def test_who_takes_it_on_and_who_comments_follows(incident: Incident, ana: User, lee: User, rio: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    add_comment(incident, "Looking", actor=rio.as_actor())
    assert followers(incident) == ["ana", "rio"]


def test_a_team_is_told_of_its_assignment_but_follows_by_its_people(incident: Incident, lee: User, tier2: Team) -> None:
    assign(incident, tier2, actor=lee.as_actor())
    assert followers(incident) == []


def test_one_may_stop_following_what_one_is_assigned(incident: Incident, ana: User, lee: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    unfollow(incident, actor=ana.as_actor())
    rename(incident, "Another", actor=lee.as_actor())
    assert followers(incident) == []
    assert [notice.reason for notice in Notice.objects.filter(user=ana)] == ["assigned"]


def test_only_a_person_follows(incident: Incident) -> None:
    with pytest.raises(Refused):
        follow(incident, actor=SYSTEM)


def test_the_button_follows_and_then_offers_to_stop(
    incident: Incident, vic: User, sign_in: Callable[[User], Client]
) -> None:
    """Readers follow, too: it changes nothing for anybody else."""
    client = sign_in(vic)
    details = reverse("incidents:details", args=[incident.pk])
    path = reverse("incidents:follow", args=[incident.pk])
    assert path in client.get(details, headers={"HX-Request": "true"}).content.decode()
    assert client.post(path, headers={"HX-Request": "true"}).status_code == 204
    assert followers(incident) == ["vic"]
    shown = client.get(details, headers={"HX-Request": "true"}).content.decode()
    assert reverse("incidents:unfollow", args=[incident.pk]) in shown
    assert path not in shown


def test_without_script_the_form_leads_back_to_where_it_stood(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    path = reverse("incidents:follow", args=[incident.pk])
    ours = f"http://testserver/incidents/{incident.pk}/activity/"
    assert client.post(path, headers={"referer": ours})["Location"] == ours
    elsewhere = client.post(path, headers={"referer": "https://elsewhere.example/"})
    assert elsewhere["Location"] == f"/incidents/{incident.pk}/"
