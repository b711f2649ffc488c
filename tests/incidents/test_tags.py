"""Tags on incidents: custom ones by typing, system ones by the system alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from incidents.choices import TagKind
from incidents.commands import change_tags, restrict
from incidents.models import Incident, Tag
from tests.conftest import alert, device, opened


def names(incident: Incident) -> list[str]:
    return sorted(incident.tags.values_list("name", flat=True))


def test_a_name_that_is_new_comes_into_being(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["  Phishing   wave "], actor=ana.as_actor())
    assert names(incident) == ["Phishing wave"]
    assert Tag.objects.get().kind == TagKind.CUSTOM


def test_the_array_for_the_queue_follows(incident: Incident, ana: User) -> None:
    saved = change_tags(incident, add=["b", "a", "c"], remove=["nothing"], actor=ana.as_actor())
    assert saved.tag_ids == sorted(saved.tags.values_list("pk", flat=True))


@pytest.mark.parametrize("spelling", ["PHISHING", "phishing", " pHishing "])
def test_letter_case_does_not_tell_tags_apart(incident: Incident, ana: User, spelling: str) -> None:
    change_tags(incident, add=["Phishing"], actor=ana.as_actor())
    saved = change_tags(incident, add=[spelling], actor=ana.as_actor())
    assert names(saved) == ["Phishing"]
    assert Entry.objects.of_incident(incident.pk).filter(verb="incident.tags_changed").count() == 1
    change_tags(incident, remove=[spelling], actor=ana.as_actor())
    assert names(incident) == []


@pytest.mark.parametrize("pair", [("İstanbul", "istanbul"), ("Ärger", "ärger"), ("STRASSE", "straße"), ("ΣΊΣ", "σίς")])
def test_names_of_every_language_are_kept_and_found_again(incident: Incident, ana: User, pair: tuple[str, str]) -> None:
    for name in pair:
        change_tags(incident, add=[name], actor=ana.as_actor())
        change_tags(incident, add=[name], actor=ana.as_actor())
        assert Tag.objects.filter(incidents=incident, name__in=pair).exists()
    for name in pair:
        change_tags(incident, remove=[name], actor=ana.as_actor())
    assert names(incident) == []


def test_adding_wins_over_removing_the_same(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["keep"], actor=ana.as_actor())
    change_tags(incident, add=["KEEP"], remove=["keep"], actor=ana.as_actor())
    assert names(incident) == ["keep"]


def test_the_entry_lists_all_before_and_after(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["b", "A"], actor=ana.as_actor())
    change_tags(incident, add=["c"], remove=["b"], actor=ana.as_actor())
    entry = Entry.objects.of_incident(incident.pk).filter(verb="incident.tags_changed").latest("sequence")
    assert entry.changes == [{"field": "tags", "old": ["A", "b"], "new": ["A", "c"]}]


def test_a_system_tag_is_not_set_by_hand(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["Ransomware"], kind=TagKind.ATTACK, actor=SYSTEM)
    other = opened(alert("other", entities=(device("srv-01"),)))
    with pytest.raises(Refused, match="system tag") as refused:
        change_tags(other, add=["new one", "ransomware"], actor=ana.as_actor())
    assert refused.value.field == "tags"
    assert names(other) == []
    assert not Tag.objects.filter(name="new one").exists()


def test_a_system_tag_is_not_removed_by_hand(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["Ransomware"], kind=TagKind.ATTACK, actor=SYSTEM)
    change_tags(incident, remove=["Ransomware"], actor=ana.as_actor())
    assert names(incident) == ["Ransomware"]


def test_fifty_are_the_most(incident: Incident, ana: User) -> None:
    change_tags(incident, add=[f"tag {number}" for number in range(50)], actor=ana.as_actor())
    with pytest.raises(Refused, match="at most 50"):
        change_tags(incident, add=["one more"], actor=ana.as_actor())
    change_tags(incident, add=["one more"], remove=["tag 0"], actor=ana.as_actor())
    assert len(names(incident)) == 50


def test_100_characters_are_the_most(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["x" * 100], actor=ana.as_actor())
    with pytest.raises(Refused, match="101"):
        change_tags(incident, add=["y" * 101], actor=ana.as_actor())


def test_empty_names_are_no_tags(incident: Incident, ana: User) -> None:
    saved = change_tags(incident, add=["", "  "], actor=ana.as_actor())
    assert names(saved) == []
    assert saved.version == incident.version


def test_a_nul_character_is_refused(incident: Incident, ana: User) -> None:
    with pytest.raises(Refused) as refused:
        change_tags(incident, add=["a\x00b"], actor=ana.as_actor())
    assert refused.value.field == "tags"


@pytest.mark.django_db(transaction=True)
def test_two_people_who_type_the_same_new_tag_share_it(ana: User) -> None:
    one = opened(alert("1", entities=(device("a"),)))
    other = opened(alert("2", entities=(device("b"),)))
    barrier = threading.Barrier(2)

    def type_it(incident: Incident, name: str) -> None:
        try:
            barrier.wait(timeout=30)
            change_tags(incident, add=[name], actor=ana.as_actor())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=type_it, args=pair) for pair in ((one, "Wave"), (other, "WAVE"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Tag.objects.count() == 1
    assert names(one) == names(other)


def suggested(client: Client, **query: str) -> str:
    return client.get(reverse("incidents:suggest_tags"), query).content.decode()


def test_suggestions_offer_used_tags_and_the_text_itself(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    change_tags(incident, add=["Phishing wave", "Spear phishing"], actor=ana.as_actor())
    page = suggested(sign_in(ana), q="phish")
    assert page.index("Phishing wave") < page.index("Spear phishing") < page.index("(Create new)")


@pytest.mark.parametrize("text", ["Phishing", "phishing", "PHISHING "])
def test_what_exists_is_not_offered_anew(
    incident: Incident, ana: User, sign_in: Callable[[User], Client], text: str
) -> None:
    change_tags(incident, add=["Phishing"], actor=ana.as_actor())
    assert "(Create new)" not in suggested(sign_in(ana), q=text)


def test_filters_offer_no_new_tags_but_system_ones(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    change_tags(incident, add=["Ransomware"], kind=TagKind.ATTACK, actor=SYSTEM)
    client = sign_in(ana)
    assert "Ransomware" in suggested(client, q="ra", **{"for": "filter"})
    assert "(Create new)" not in suggested(client, q="ra", **{"for": "filter"})
    assert "Ransomware" not in suggested(client, q="rans").replace('value="rans"', "")


def test_tags_of_incidents_one_may_not_see_are_not_suggested(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    change_tags(incident, add=["Project Heron"], actor=lee.as_actor())
    restrict(incident, [lee], actor=lee.as_actor())
    assert "Project Heron" not in suggested(sign_in(ana), q="project")
    assert "Project Heron" in suggested(sign_in(lee), q="project")
