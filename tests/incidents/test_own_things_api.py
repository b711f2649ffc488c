"""What a person has for themselves, and words that all share, for programs: saved views, notices, tags."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from activity.actors import SYSTEM
from incidents.choices import Audience
from incidents.commands import assign, change_tags, restrict, save_view
from incidents.commands.saved_views import ViewValues
from incidents.models import Incident, SavedView
from tests.calls import Program, script
from tests.conftest import alert, device, opened


def test_saved_views_are_kept_shared_and_arranged(
    tier2: Team, ana: User, lee: User, rio: User, sign_in: Callable[[User], Client]
) -> None:
    one, colleague, lead, token = Program(sign_in(ana)), Program(sign_in(rio)), Program(sign_in(lee)), script("analyst")
    new = {"name": "Phishing", "query": "q=phish&severity=any", "shared_with": "team:tier2", "is_default": True}
    refused = token.ask("POST", "views/", {"name": "x"})
    assert (refused.status, "belong to people" in refused.body["detail"]) == (403, True)
    saved = one.ask("POST", "views/", new)
    assert (saved.status, saved.body["slug"], saved.body["shared_with"]) == (201, "phishing", "team:tier2")
    assert (saved.body["is_default"], saved.body["creator"]["key"], saved.tag) == (True, "ana", '"1"')
    assert saved.body["incidents"].endswith("/api/v1/incidents/?q=phish&severity=any")
    for body, field, hint in (
        ({"name": ""}, "name", "empty"),
        ({"name": "x", "query": "severty=high"}, "query", "did you mean “severity”"),
        ({"name": "x", "query": "status=nwe"}, "query", "status"),
        ({"name": "x", "shared_with": "team:nobody"}, "shared_with", "your own teams"),
        ({"name": "x", "slug": "y"}, "slug", "no field"),
    ):
        assert hint in one.ask("POST", "views/", body).fields[field], body

    assert [each["slug"] for each in one.get("views/")["views"]][:3] == ["open", "mine", "unassigned"]
    assert {"phishing"} == {each["slug"] for each in colleague.get("views/")["views"] if not each["is_built_in"]}
    assert "phishing" not in {each["slug"] for each in token.get("views/")["views"]}
    path = "views/phishing/"
    assert (lead.ask("GET", path).status, token.ask("GET", path).status) == (404, 404)
    assert colleague.ask("PATCH", path, {"name": "Mine"}, tag="*").status == 403
    assert one.ask("PATCH", path, {"name": "Fishing"}).status == 428
    changed = one.ask("PATCH", path, {"name": "Fishing", "shared_with": "everyone", "is_default": False}, tag=saved.tag)
    assert (changed.body["name"], changed.body["slug"], changed.body["is_default"]) == ("Fishing", "phishing", False)
    assert (changed.body["query"], changed.body["shared_with"]) == (new["query"], "everyone")
    assert lead.ask("PATCH", path, {"name": "Theirs"}, tag=saved.tag).status == 412
    assert token.get(path)["may_change"] is False
    assert one.get("views/open/")["is_built_in"]
    assert one.ask("DELETE", "views/open/", tag="*").status == 403

    arranged = one.ask("PUT", "views/arrange/", {"order": ["phishing", "high"], "hidden": ["mine"]})
    assert [each["slug"] for each in arranged.body["views"]][:3] == ["phishing", "high", "mine"]
    assert [each["is_hidden"] for each in arranged.body["views"]][:3] == [False, False, True]
    assert "order" in one.ask("PUT", "views/arrange/", {"order": ["nowhere"]}).fields
    assert lead.ask("DELETE", path, tag=changed.tag).status == 204
    assert (one.ask("GET", path).status, SavedView.objects.get().deleted_at is None) == (404, False)


def test_the_list_of_views_costs_the_same_for_many(
    ana: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(9):
        save_view(ViewValues(f"View {number}", "tag=x", Audience.EVERYONE), creator=ana, actor=SYSTEM)
    client = Program(sign_in(ana))
    with django_assert_max_num_queries(6):
        assert len(client.get("views/")["views"]) == 15


def test_notices_are_read_by_the_person_they_are_for(
    incident: Incident,
    ana: User,
    lee: User,
    sign_in: Callable[[User], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    other = opened(alert("3", entities=(device("dc-01"),)))
    for each in (incident, other):
        assign(each, ana, actor=lee.as_actor())
    one = Program(sign_in(ana))
    with django_assert_max_num_queries(5):
        told = one.get("notices/?limit=1")
    assert (told["unread"], told["notices"][0]["reason"], told["notices"][0]["read"]) == (2, "assigned", None)
    assert (told["notices"][0]["incident"]["number"], told["notices"][0]["actor"]["name"]) == (other.pk, "Lee Park")
    (older,) = one.get(told["next"])["notices"]
    assert older["incident"] == {"number": incident.pk, "name": incident.name}
    assert one.ask("POST", "notices/read/", {"incident": other.pk}).body == {"unread": 1}
    assert [each["incident"]["number"] for each in one.get("notices/?unread=yes")["notices"]] == [incident.pk]
    assign(incident, lee, actor=lee.as_actor())
    restrict(incident, [lee], actor=lee.as_actor())
    assert one.get("notices/?unread=yes")["notices"] == []
    assert one.ask("POST", "notices/read/", {}).body == {"unread": 0}
    assert Program(sign_in(lee)).get("notices/")["notices"] == []
    assert script("analyst").ask("GET", "notices/").status == 403
    for key in ("unread", "after", "limit"):
        assert set(one.ask("GET", f"notices/?{key}=x").fields) == {key}
    assert "incident" in one.ask("POST", "notices/read/", {"incident": -1}).fields


@pytest.mark.parametrize("role", ["reader", "lead"])
def test_tags_are_counted_as_far_as_one_sees(
    incident: Incident, lee: User, role: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    other = opened(alert("3", entities=(device("dc-01"),)))
    secret = opened(alert("4", entities=(device("hidden-9"),)))
    change_tags(incident, add=["wave", "vip"], actor=lee.as_actor())
    change_tags(other, add=["wave"], actor=lee.as_actor())
    change_tags(secret, add=["wave", "heron"], actor=lee.as_actor())
    restrict(secret, [lee], actor=lee.as_actor())
    program = script(role)
    first = program.get("tags/?kind=custom&limit=1")
    with django_assert_max_num_queries(3):
        told = program.get("tags/?kind=custom")
    assert [(each["name"], each["incidents"]["count"]) for each in told["tags"]] == [("vip", 1), ("wave", 2)]
    assert [each["name"] for each in program.get(first["next"])["tags"]] == ["wave"]
    assert [each["name"] for each in program.get("tags/?q=AV")["tags"]] == ["wave"]
    assert "did you mean “custom”" in program.ask("GET", "tags/?kind=custm").fields["kind"]
    assert "after" in program.ask("GET", "tags/?after=x").fields
