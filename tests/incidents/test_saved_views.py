"""Saved views: lists under a name, which is their address; mine, my team's or everyone's; arranged and counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.commands import create_team, deactivate
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.choices import Severity
from common.errors import Conflict, Refused
from incidents.choices import Audience
from incidents.commands import change_view, delete_view, restrict, save_view, set_default_view
from incidents.commands.saved_views import ViewValues
from incidents.models import Incident, SavedView, ViewPlace
from incidents.queries import saved_views as queries
from incidents.query_text.names import with_name
from incidents.starting_views import RESERVED_SLUGS, STARTING_VIEWS
from tests.incidents.rows import row, stored, tag

SignIn = Callable[[User], Client]
HIGH = "status=active&severity=high"


def saved(creator: User, name: str = "High ones", query: str = HIGH, shared: Team | str | None = None) -> SavedView:
    """A view of this person, as the save form makes it."""
    if isinstance(shared, Team):
        values = ViewValues(name, query, Audience.TEAM, shared)
    else:
        values = ViewValues(name, query, Audience.EVERYONE if shared else Audience.PRIVATE)
    return save_view(values, creator=creator, actor=creator.as_actor())


def shown(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content[:400]
    return [int(line.number) for line in answer.context["rows"]]


def side(client: Client) -> list[str]:
    """The names in the side list."""
    return [item["label"] for item in client.get("/incidents/?status=active").context["side_list"]()["items"]]


def side_counts(client: Client) -> dict[str, str]:
    items = client.get("/views/side/").context["side_list"]["items"]
    return {item["label"]: item["count"] for item in items}


@pytest.fixture
def queue(db: None) -> list[Incident]:
    """Low, medium, high, high."""
    return stored(
        [
            row(number, severity=severity)
            for number, severity in enumerate((Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.HIGH))
        ]
    )


# ------------------------------------------------------------------------------------------------ a view is its address


def test_a_view_shows_its_list_at_its_address(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    saved(ana)
    client = sign_in(ana)
    answer = client.get("/views/high-ones/")
    assert shown(answer) == shown(client.get(f"/incidents/?{HIGH}"))
    assert len(shown(answer)) == 2
    assert "<h1>High ones</h1>" in answer.content.decode()
    assert "view-changed" not in answer.content.decode()
    assert {chip["key"] for chip in answer.context["chips"]} >= {"status", "severity"}


def test_a_renamed_view_keeps_its_address(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    view = saved(ana)
    change_view(view, ViewValues("Urgent", HIGH), based_on=1, actor=ana.as_actor())
    answer = sign_in(ana).get("/views/high-ones/")
    assert "<h1>Urgent</h1>" in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("High ones", "high-ones"),
        ("Übung für Łódź", "übung-für-łódź"),
        ("高い", "高い"),
        ("🔥🔥", "view"),
        ("../../etc", "etc"),
        ("open", "open-2"),
        ("New", "new-2"),
        ("a" * 80, "a" * 70),
        ("<b>bold</b>", "bboldb"),
    ],
)
def test_an_address_is_made_of_the_name_in_any_script(
    queue: list[Incident], ana: User, sign_in: SignIn, name: str, slug: str
) -> None:
    assert saved(ana, name).slug == slug
    assert len(shown(sign_in(ana).get(f"/views/{quote(slug)}/"))) == 2


def test_views_of_one_name_get_addresses_of_their_own_even_after_one_is_deleted(ana: User, rio: User) -> None:
    first, second = saved(ana), saved(rio)
    delete_view(first, actor=ana.as_actor())
    third = saved(ana)
    assert [view.slug for view in (first, second, third)] == ["high-ones", "high-ones-2", "high-ones-3"]


@pytest.mark.parametrize("slug", sorted(STARTING_VIEWS))
def test_everybody_starts_with_views_that_work(queue: list[Incident], vic: User, sign_in: SignIn, slug: str) -> None:
    client = sign_in(vic)
    answer = client.get(f"/views/{slug}/")
    assert shown(answer) == shown(client.get(f"/incidents/?{STARTING_VIEWS[slug].query}"))
    assert not answer.context["view_changed"]
    for act in ("edit", "update", "delete"):
        assert client.post(f"/views/{slug}/{act}/").status_code == 404
    assert slug in RESERVED_SLUGS


def test_the_starting_view_open_is_what_the_queue_shows_by_itself(
    queue: list[Incident], ana: User, sign_in: SignIn
) -> None:
    client = sign_in(ana)
    assert shown(client.get("/views/open/")) == shown(client.get("/incidents/"))
    assert queries.same_list(QueryDict(STARTING_VIEWS["open"].query), QueryDict(""))


def test_me_in_a_shared_view_is_whoever_opens_it(queue: list[Incident], ana: User, rio: User, sign_in: SignIn) -> None:
    Incident.objects.filter(pk=queue[0].pk).update(assignee_user=rio)
    saved(ana, "Mine", "assignee=me", "everyone")
    assert shown(sign_in(ana).get("/views/mine-2/")) == []
    assert shown(sign_in(rio).get("/views/mine-2/")) == [queue[0].pk]


def test_paging_and_the_open_row_keep_the_view(ana: User, sign_in: SignIn) -> None:
    stored([row(number) for number in range(60)])
    saved(ana, "All", "status=any&severity=any")
    client = sign_in(ana)
    first = client.get("/views/all/")
    second = client.get(first.context["page"].next_url)
    assert not set(shown(first)) & set(shown(second))
    assert second.context["view"].slug == "all"
    assert not second.context["view_changed"]
    opened = client.get(f"/views/all/?open={shown(first)[0]}")
    assert opened.context["open_number"] == str(shown(first)[0])
    assert not opened.context["view_changed"]


# ------------------------------------------------------------------------------------------------- changed on top of it


def test_a_filter_on_top_of_a_view_is_said_to_change_it(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    saved(ana)
    client = sign_in(ana)
    answer = client.get("/views/high-ones/?severity=low", follow=True)
    assert answer.request["PATH_INFO"] == "/incidents/"
    assert shown(answer) == [queue[0].pk]
    assert answer.context["view_changed"]
    text = answer.content.decode()
    for words in ("Update view", "Save as new", "Back to the view"):
        assert words in text


def test_somebody_elses_view_is_not_offered_to_be_updated(
    queue: list[Incident], ana: User, rio: User, lee: User, sign_in: SignIn
) -> None:
    saved(ana, shared="everyone")
    for person, may in ((rio, False), (lee, True), (ana, True)):
        text = sign_in(person).get(f"/incidents/?{HIGH}&severity=low&view=high-ones").content.decode()
        assert ("Update view" in text) is may
        assert "Save as new" in text


def test_update_gives_the_view_the_list_that_is_shown(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    view = saved(ana)
    client = sign_in(ana)
    page = client.get("/incidents/?severity=low&sort=number&view=high-ones")
    sent = {"query": page.context["view_query"], "version": page.context["view"].version}
    answer = client.post("/views/high-ones/update/", sent, follow=True)
    assert shown(answer) == [queue[0].pk]
    assert not answer.context["view_changed"]
    view.refresh_from_db()
    assert (view.version, view.name) == (2, "High ones")
    assert "view=" not in view.query
    assert "sort=number" in view.query


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "status=active&status=in_progress", True),
        ("", "status=in_progress&status=active&q=", True),
        ("severity=high", "severity=high&open=4&after=x&view=v", True),
        ("", "severity=high", False),
        ("tag=a&tag=b", "tag=b&tag=a", True),
        ("tag=a", "tag=a&tag=b", False),
        ("", "sort=-last_activity", True),
        ("", "sort=number", False),
        ("q=a", "q=a ", True),
    ],
)
def test_what_is_the_same_list(one: str, other: str, same: bool) -> None:
    assert queries.same_list(QueryDict(one), QueryDict(other)) is same


# ------------------------------------------------------------------------------------------------------------ saving it


def test_the_present_list_is_saved_under_a_name(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    page = client.get("/incidents/?severity=high&sort=number")
    form = client.get(page.context["save_url"])
    query = form.context["form"].initial["query"]
    assert "sort=number" in query
    assert "status=active" in query  # what the address leaves unsaid is written out
    answer = client.post("/views/new/", {"name": "  High  ones ", "query": query, "audience": "private"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/views/high-ones/"
    assert shown(answer) == shown(page)
    assert [view.name for view in SavedView.objects.all()] == ["High ones"]
    assert "High ones" in side(client)


def test_it_may_become_what_ones_queue_opens_with(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    client.post("/views/new/", {"name": "High ones", "query": HIGH, "audience": "private", "is_default": "on"})
    answer = client.get("/incidents/", follow=True)
    assert answer.redirect_chain == [("/views/high-ones/", 302)]
    text = answer.content.decode()
    assert "This view opens your queue" in text
    assert 'href="/views/open/"' in text
    assert answer.context["reset_url"] == "/views/open/"
    assert len(shown(client.get("/views/open/"))) == 4
    assert len(shown(client.get("/incidents/?severity=low"))) == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": ""}, "required"),
        ({"name": "   "}, "required"),
        ({"name": "x" * 81}, "80"),
        ({"name": "a\x00b"}, "Null"),
        ({"name": "a", "query": "tag=%00"}, "NUL"),
        ({"name": "a", "query": "q=" + "x" * 4000}, "4000"),
        ({"name": "a", "audience": "team:tier9"}, "your own teams"),
        ({"name": "a", "audience": "nobody"}, "your own teams"),
    ],
)
def test_what_cannot_be_saved_comes_back_with_the_reason(
    ana: User, sign_in: SignIn, sent: dict[str, str], said: str
) -> None:
    answer = sign_in(ana).post("/views/new/", {"query": HIGH, "audience": "private", **sent})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not SavedView.objects.exists()


def test_the_form_is_a_fragment_to_the_dialog(ana: User, sign_in: SignIn) -> None:
    answer = sign_in(ana).get("/views/new/?severity=high", headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert 'name="name"' in answer.content.decode()


# ----------------------------------------------------------------------------------------------------- who sees and may


def test_a_private_view_exists_for_its_creator_alone(
    queue: list[Incident], ana: User, rio: User, lee: User, ada: User, sign_in: SignIn
) -> None:
    saved(ana)
    assert "High ones" in side(sign_in(ana))
    for person in (rio, lee, ada):
        client = sign_in(person)
        assert "High ones" not in side(client)
        assert "High ones" not in client.get("/views/").content.decode()
        for address in ("", "edit/"):
            answer = client.get(f"/views/high-ones/{address}")
            assert answer.status_code == 404
            assert "High ones" not in answer.content.decode()
        for act in ("edit", "update", "delete"):
            assert client.post(f"/views/high-ones/{act}/").status_code == 404
        assert client.get(f"/incidents/?{HIGH}&view=high-ones").context["view"] is None


def test_a_teams_view_is_404_to_another_team(
    queue: list[Incident], ana: User, rio: User, lee: User, vic: User, tier2: Team, sign_in: SignIn
) -> None:
    create_team("tier3", actor=SYSTEM, name="Tier 3", members=[lee, vic])
    saved(ana, shared=tier2)
    assert "High ones" in side(sign_in(rio))
    assert sign_in(rio).get("/views/high-ones/").status_code == 200
    for person in (lee, vic):
        assert "High ones" not in side(sign_in(person))
        assert sign_in(person).get("/views/high-ones/").status_code == 404
    tier2.members.remove(rio)
    queries.forget_side_lists()
    assert sign_in(rio).get("/views/high-ones/").status_code == 404
    assert "High ones" not in side(sign_in(rio))


def test_a_shared_view_is_changed_by_its_creator_and_by_leads(
    queue: list[Incident], ana: User, rio: User, lee: User, sign_in: SignIn
) -> None:
    saved(ana, shared="everyone")
    for act in ("edit", "update", "delete"):
        answer = sign_in(rio).post(f"/views/high-ones/{act}/", {"name": "Mine now"})
        assert answer.status_code == 403
        assert "Ana Ruiz" in answer.content.decode()
    sent = {"name": "Of the lead", "query": HIGH, "audience": "everyone", "version": 1}
    assert sign_in(lee).post("/views/high-ones/edit/", sent).status_code == 302
    assert SavedView.objects.get().name == "Of the lead"


def test_one_shares_with_ones_own_teams_and_a_reader_not_with_everyone(
    ana: User, vic: User, tier2: Team, sign_in: SignIn
) -> None:
    create_team("tier3", actor=SYSTEM, name="Tier 3", members=[vic])
    choices = {key for key, _ in sign_in(ana).get("/views/new/").context["form"].fields["audience"].choices}
    assert choices == {"private", "team:tier2", "everyone"}
    client = sign_in(vic)
    choices = {key for key, _ in client.get("/views/new/").context["form"].fields["audience"].choices}
    assert choices == {"private", "team:tier3"}
    for audience in ("everyone", "team:tier2"):
        assert client.post("/views/new/", {"name": "a", "query": "", "audience": audience}).status_code == 422
    assert client.post("/views/new/", {"name": "a", "query": "", "audience": "team:tier3"}).status_code == 302


def test_views_are_for_people_who_see_incidents(otto: User, sign_in: SignIn) -> None:
    for address in ("", "open/", "new/", "side/"):
        assert sign_in(otto).get(f"/views/{address}").status_code == 403
        assert Client().get(f"/views/{address}").status_code == 302
    assert "side-list" not in sign_in(otto).get("/preferences/").content.decode()


# --------------------------------------------------------------------------------------- two at once, and what is gone


def test_two_people_who_change_a_view_at_once_are_shown_both(ana: User, lee: User, sign_in: SignIn) -> None:
    saved(ana, shared="everyone")
    sent = {"name": "High ones", "query": "severity=low", "audience": "everyone", "version": 1}
    assert sign_in(lee).post("/views/high-ones/edit/", sent).status_code == 302
    client = sign_in(ana)
    mine = sent | {"query": "severity=medium"}
    answer = client.post("/views/high-ones/edit/", mine)
    assert answer.status_code == 409
    text = answer.content.decode()
    for words in ("Lee Park", "severity=low", "severity=medium"):
        assert words in text
    assert SavedView.objects.get().query == "severity=low"
    again = mine | {"version": answer.context["form"].data["version"]}
    assert client.post("/views/high-ones/edit/", again).status_code == 302
    assert SavedView.objects.get().query == "severity=medium"


def test_who_wants_what_it_became_already_meets_no_conflict(ana: User, lee: User) -> None:
    view = saved(ana, shared="everyone")
    values = ViewValues("New name", HIGH, Audience.EVERYONE)
    change_view(view, values, based_on=1, actor=lee.as_actor())
    assert change_view(view, values, based_on=1, actor=ana.as_actor()).version == 2
    with pytest.raises(Conflict) as conflict:
        change_view(view, ViewValues("Other", HIGH, Audience.EVERYONE), based_on=1, actor=ana.as_actor())
    assert [(each.field, each.theirs, each.changed_by) for each in conflict.value.conflicts] == [
        ("name", "New name", "Lee Park")
    ]


def test_an_old_link_to_a_deleted_view_says_so_and_opens_its_list(
    queue: list[Incident], ana: User, rio: User, lee: User, sign_in: SignIn
) -> None:
    saved(ana, shared="everyone")
    set_default_view(rio, "high-ones")
    assert sign_in(lee).post("/views/high-ones/delete/", follow=True).status_code == 200
    for person in (ana, rio):
        answer = sign_in(person).get("/views/high-ones/")
        assert answer.status_code == 404
        assert "Lee Park deleted “High ones”" in answer.content.decode()
        assert len(shown(sign_in(person).get(answer.context["list_url"]))) == 2
    assert sign_in(rio).get("/incidents/").status_code == 200
    assert "High ones" not in side(sign_in(rio))
    assert sign_in(ana).post("/views/high-ones/delete/").status_code == 404


def test_a_deleted_private_view_is_unknown_to_others(ana: User, rio: User, sign_in: SignIn) -> None:
    delete_view(saved(ana), actor=ana.as_actor())
    text = sign_in(rio).get("/views/high-ones/").content.decode()
    assert "There is no such view for you" in text
    assert "High ones" not in text


@pytest.mark.parametrize("slug", ["nothing", "a" * 80, "é", "%00", "a%00b", "a" * 81, "..", "a.b"])
def test_an_address_that_is_no_view_is_404(ana: User, sign_in: SignIn, slug: str) -> None:
    assert sign_in(ana).get(f"/views/{slug}/").status_code == 404
    assert sign_in(ana).get(f"/incidents/?severity=high&view={slug}").status_code == 200


def test_a_view_whose_query_means_nothing_any_more_opens_with_the_way_out(
    queue: list[Incident], ana: User, sign_in: SignIn
) -> None:
    saved(ana, "Gone tag", "tag=vanished&severity=high")
    client = sign_in(ana)
    answer = client.get("/views/gone-tag/")
    assert answer.status_code == 400
    assert "vanished" in answer.content.decode()
    assert side_counts(client)["Gone tag"] == ""
    assert client.get("/views/").status_code == 200


def test_a_command_refuses_what_no_form_sends(ana: User, tier2: Team) -> None:
    for values in (
        ViewValues("", ""),
        ViewValues("x" * 81, ""),
        ViewValues("a", "x" * 4001),
        ViewValues("a", "", Audience.TEAM),
        ViewValues("a", "", Audience.EVERYONE, tier2),
    ):
        with pytest.raises(Refused) as refused:
            save_view(values, creator=ana, actor=ana.as_actor())
        assert refused.value.field in ("name", "query", "audience")


# ---------------------------------------------------------------------------------------------------------- the log


def test_what_becomes_of_a_view_stands_in_the_systems_log(ana: User, lee: User, tier2: Team) -> None:
    view = saved(ana)
    change_view(view, ViewValues("Urgent", "severity=low", Audience.TEAM, tier2), based_on=1, actor=ana.as_actor())
    delete_view(view, actor=lee.as_actor())
    made, changed, gone = Entry.objects.of_system().filter(subject_kind="saved_view").order_by("pk")
    assert made.changes == [
        {"field": "name", "old": None, "new": "High ones"},
        {"field": "query", "old": None, "new": HIGH},
        {"field": "shared_with", "old": None, "new": "private"},
    ]
    assert changed.changes == [
        {"field": "name", "old": "High ones", "new": "Urgent"},
        {"field": "query", "old": HIGH, "new": "severity=low"},
        {"field": "shared_with", "old": "private", "new": "team:tier2"},
    ]
    assert (gone.verb, gone.actor_label) == ("view.deleted", "Lee Park")
    assert {change["new"] for change in gone.changes} == {None}


# ------------------------------------------------------------------------------------------------------- the side list


def arranged(client: Client, **sent: Any) -> list[str]:
    """The names in the side list after this was sent with the page's present order."""
    rows = client.get("/views/").context["rows"]
    present = {
        "slug": [line["view"].slug for line in rows],
        "hidden": [line["view"].slug for line in rows if line["view"].is_hidden],
    }
    assert client.post("/views/arrange/", {**present, **sent}).status_code == 302
    return side(client)


def test_views_are_moved_up_and_down_and_put_in_any_order(ana: User, sign_in: SignIn) -> None:
    saved(ana)
    client = sign_in(ana)
    usual = side(client)
    assert usual == [*(view.name for view in STARTING_VIEWS.values()), "High ones"]
    assert arranged(client, up="high-ones")[-2:] == ["High ones", usual[-2]]
    assert arranged(client, down="high-ones") == usual
    assert arranged(client, down="high-ones") == usual
    assert arranged(client, up="open") == usual
    slugs = [line["view"].slug for line in client.get("/views/").context["rows"]]
    assert arranged(client, slug=slugs[::-1]) == usual[::-1]


def test_a_hidden_view_leaves_the_side_list_and_still_opens(ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    assert "High severity" not in arranged(client, hide="high")
    assert "High severity" not in arranged(client, up="mine")
    assert client.get("/views/high/").status_code == 200
    assert "High severity" in arranged(client, show="high")


def test_the_order_is_ones_own(ana: User, rio: User, sign_in: SignIn) -> None:
    before = side(sign_in(rio))
    arranged(sign_in(ana), up="unassigned")
    assert side(sign_in(rio)) == before
    assert not Entry.objects.filter(subject_kind="saved_view").exists()


def test_a_view_that_is_new_to_me_stands_last_in_my_order(ana: User, rio: User, sign_in: SignIn) -> None:
    arranged(sign_in(ana), up="resolved")
    saved(rio, "Of Rio", shared="everyone")
    queries.forget_side_lists()
    assert side(sign_in(ana))[-1] == "Of Rio"


def test_one_view_at_most_opens_my_queue(ana: User, sign_in: SignIn) -> None:
    saved(ana)
    client = sign_in(ana)
    arranged(client, default="high-ones")
    arranged(client, default="mine")
    assert ViewPlace.objects.filter(user=ana, is_default=True).count() == 1
    assert client.get("/incidents/")["Location"] == "/views/mine/"
    arranged(client, up="unassigned")
    assert client.get("/incidents/")["Location"] == "/views/mine/"
    arranged(client, default="")
    assert client.get("/incidents/").status_code == 200
    arranged(client, default="no-such-view")
    assert client.get("/incidents/").status_code == 200


def test_what_is_sent_to_arrange_is_not_trusted(ana: User, rio: User, sign_in: SignIn) -> None:
    saved(rio)
    client = sign_in(ana)
    strange = ["high-ones", "open", "open", "a\x00b", "nothing", "x" * 500]
    assert "High ones" not in arranged(client, slug=strange, default="high-ones")
    assert client.get("/incidents/").status_code == 200
    assert client.post("/views/arrange/", {}).status_code == 302


def test_the_database_holds_one_place_per_view(ana: User) -> None:
    for fields in ({"starting": "open"}, {"view": saved(ana)}):
        ViewPlace.objects.create(user=ana, **fields)  # type: ignore[misc]
        with pytest.raises(IntegrityError), transaction.atomic():
            ViewPlace.objects.create(user=ana, **fields)  # type: ignore[misc]
    with pytest.raises(IntegrityError), transaction.atomic():
        ViewPlace.objects.create(user=ana)


# ------------------------------------------------------------------------------------------------------------- counts


def test_each_view_is_counted_as_its_reader_sees_it(
    queue: list[Incident], ana: User, lee: User, sign_in: SignIn
) -> None:
    tag(queue[0], "wave")
    Incident.objects.filter(pk=queue[1].pk).update(assignee_user=ana)
    restrict(queue[2], [lee], actor=lee.as_actor())
    saved(ana, "Waves", "tag=wave", "everyone")
    of_ana, of_lee = side_counts(sign_in(ana)), side_counts(sign_in(lee))
    assert of_ana["Open"] == "3"
    assert of_lee["Open"] == "4"
    assert (of_ana["High severity"], of_lee["High severity"]) == ("1", "2")
    assert (of_ana["Assigned to me"], of_lee["Assigned to me"]) == ("1", "0")
    assert (of_ana["Waves"], of_ana["Unassigned"]) == ("1", "2")


def test_counts_stop_at_a_thousand(ana: User, sign_in: SignIn) -> None:
    stored([row(number) for number in range(1_001)])
    assert side_counts(sign_in(ana))["Open"] == "1,000+"


def test_all_counts_take_one_statement_and_are_remembered(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    client.get("/views/side/")
    queries.forget_side_lists()
    with CaptureQueriesContext(
        connection,
    ) as cold:
        client.get("/views/side/")
    counting = [each["sql"] for each in cold if "count(" in each["sql"].lower()]
    assert len(counting) == 1, counting
    with CaptureQueriesContext(connection) as warm:
        client.get("/views/side/")
    assert len(warm) <= 3, [each["sql"] for each in warm]  # session, person, role


def test_a_page_with_its_side_list_remembered_reads_no_views(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    client.get("/incidents/")
    with CaptureQueriesContext(connection) as statements:
        client.get("/incidents/")
    assert not [each["sql"] for each in statements if "savedview" in each["sql"] or "viewplace" in each["sql"]]


def test_the_fragment_marks_the_view_that_the_page_shows(ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    for page in ("http://testserver/views/mine/", "http://testserver/incidents/?severity=low&view=mine"):
        answer = client.get("/views/side/", headers={"HX-Request": "true", "HX-Current-URL": page})
        items = answer.context["side_list"]["items"]
        assert [item["label"] for item in items if item["current"]] == ["Assigned to me"]


# ---------------------------------------------------------------------------------------------------- the copied link


def test_a_copied_link_writes_defaults_out_and_names_no_view(queue: list[Incident], ana: User, sign_in: SignIn) -> None:
    saved(ana, query=f"{HIGH}&sort=number")
    client = sign_in(ana)
    answer = client.get("/views/high-ones/")
    link = answer.context["copy_url"]
    assert "view=" not in link
    assert "sort=number" in link
    assert answer.context["copy_named_url"] == ""
    assert shown(client.get(link)) == shown(answer)


def test_me_stays_me_unless_my_name_is_asked_for(queue: list[Incident], ana: User, rio: User, sign_in: SignIn) -> None:
    Incident.objects.filter(pk=queue[0].pk).update(assignee_user=ana)
    answer = sign_in(ana).get("/incidents/?assignee=me")
    assert shown(answer) == [queue[0].pk]
    assert "assignee=me" in answer.context["copy_url"]
    assert "assignee=ana" in answer.context["copy_named_url"]
    assert shown(sign_in(rio).get(answer.context["copy_url"])) == []
    assert shown(sign_in(rio).get(answer.context["copy_named_url"])) == [queue[0].pk]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("assignee:me", "assignee:ana"),
        ("-assignee:me tag:x", "-assignee:ana tag:x"),
        ("(assignee:me OR assignee:rio)", "(assignee:ana OR assignee:rio)"),
        ("assignee:rio,me", "assignee:rio,ana"),
        ("assignee:me,rio", "assignee:ana,rio"),
        ('"assignee:me"', '"assignee:me"'),
        ('name:"a b" assignee:me', 'name:"a b" assignee:ana'),
        ("assignee:mel", "assignee:mel"),
        ("assignee:rio me", "assignee:rio me"),
        ("-(assignee:rio,me x)", "-(assignee:rio,ana x)"),
        ("assignee: me , rio", "assignee: ana , rio"),
        ("(assignee:me", "(assignee:me"),
        ("me", "me"),
        ("", ""),
    ],
)
def test_me_in_a_search_text_is_named_too(text: str, named: str) -> None:
    assert with_name(text, "ana") == named


def test_a_view_of_somebody_who_left_stays_with_those_it_is_shared_with(
    queue: list[Incident], ana: User, rio: User, sign_in: SignIn
) -> None:
    saved(ana, shared="everyone")
    deactivate(ana, actor=SYSTEM)
    assert len(shown(sign_in(rio).get("/views/high-ones/"))) == 2


def test_matching_of_a_query_that_means_nothing_is_none(ana: User) -> None:
    assert queries.matching("severity=hihg", ana) is None
    assert queries.matching("assignee=gone", ana) is None
