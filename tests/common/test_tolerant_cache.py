"""Pages, sign-in and saving with a real Redis that is stopped, that hangs, that is full and that comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from redis import Redis

from accounts.models import User
from activity.models import Entry
from common import redis_away
from common.redis_away import LEFT_ALONE, asked, is_reachable, standing
from incidents import presence
from incidents.choices import Audience
from incidents.commands import delete_view, save_view
from incidents.commands.saved_views import ViewValues
from incidents.models import Incident
from incidents.queries import saved_views
from tests.conftest import PASSWORD
from tests.portal.own_redis import OwnRedis


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    folder = tmp_path_factory.mktemp("redis") / "data"
    server = OwnRedis(folder)
    yield server
    server.stop()


@pytest.fixture
def redis(server: OwnRedis, settings: Any) -> OwnRedis:
    """A Redis that runs and that the cache is in; nobody has found it away yet."""
    if server.process is None:
        server.start()
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
    forgive(server)
    return server


def forgive(server: OwnRedis) -> None:
    """As if the moment for which it is left alone were over."""
    here = standing(server.url)
    here.alone_until = here.told_at = float("-inf")


def test_pages_sign_in_saving_and_commenting_do_without(
    redis: OwnRedis, incident: Incident, ana: User, caplog: pytest.LogCaptureFixture
) -> None:
    redis.stop()
    client = Client()
    answer = client.post("/sign-in/", {"login": "ana", "password": PASSWORD})
    assert answer.status_code == 302
    number = incident.pk
    for path in ("/incidents/", f"/incidents/{number}/", f"/incidents/{number}/story/", "/alerts/", "/views/"):
        assert client.get(path).status_code == 200, path
    poll = client.get("/incidents/changes/", {"since": "now", "open": number})
    assert poll.status_code in (200, 204)
    assert client.post(f"/incidents/{number}/comments/", {"text": "Isolated."}).status_code == 302
    assert Entry.objects.comments().count() == 1
    new = {"name": "Mine", "query": "severity=high", "audience": "private"}
    assert client.post("/views/new/", new).status_code == 302
    assert "Mine" in client.get("/incidents/").content.decode()
    warnings = [record for record in caplog.records if record.name == redis_away.__name__]
    assert len(warnings) == 1, "once, however many pages there were"
    redis.start()
    forgive(redis)
    cache.set("found", "again")
    assert cache.get("found") == "again"
    assert presence.others_here(number, 1, "Lee") == []
    assert [one.name for one in presence.others_here(number, 2, "Rio")] == ["Lee"]


def test_one_that_hangs_is_waited_for_now_and_then(redis: OwnRedis) -> None:
    cache.set("known", 1)
    redis.hold()
    try:
        started = time.monotonic()
        assert [cache.get("known", "nothing") for _ in range(200)] == ["nothing"] * 200
        assert [presence.others_here(1, 1, "Ana") for _ in range(50)] == [[]] * 50
        assert not is_reachable()
        assert time.monotonic() - started < LEFT_ALONE
    finally:
        redis.let_go()
    forgive(redis)
    assert cache.get("known") == 1


def test_a_restart_is_not_noticed(redis: OwnRedis) -> None:
    cache.set("kept", "on disk")
    redis.stop()
    redis.start()
    assert cache.get("kept") == "on disk"
    assert not standing(redis.url).is_left_alone


def test_nothing_that_changed_meanwhile_comes_back(redis: OwnRedis) -> None:
    cache.set_many({"set": "old", "deleted": "old", "added": "old", "untouched": "old"})
    redis.stop()
    cache.set("set", "new")
    cache.delete("deleted")
    assert cache.set_many({"added": "new"}) == ["added"]
    assert not cache.add("lock", 1)
    with pytest.raises(ValueError, match="not found"):
        cache.incr("set")
    assert (cache.has_key("set"), cache.touch("set"), cache.get_many(["set"])) == (False, False, {})
    redis.start()
    forgive(redis)
    assert cache.get_many(["set", "deleted", "added", "untouched"]) == {"untouched": "old"}


def test_a_full_one_keeps_nothing_stale(redis: OwnRedis) -> None:
    cache.set("figure", 1)
    connection = Redis.from_url(redis.url)
    connection.config_set("maxmemory", 1)
    try:
        cache.set("figure", "x" * 1_000)
        assert cache.get("figure") is None
        assert not standing(redis.url).is_left_alone, "it answers"
    finally:
        connection.config_set("maxmemory", 0)
        connection.close()


def test_a_side_list_forgets_a_view_that_was_deleted_while_redis_was_away(
    redis: OwnRedis, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    view = save_view(ViewValues("Night shift", "severity=high", Audience.EVERYONE), creator=lee, actor=lee.as_actor())
    other = sign_in(ana)
    assert all("Night shift" in other.get("/incidents/").content.decode() for _ in range(2))
    redis.stop()
    delete_view(view, actor=lee.as_actor())
    saved_views.forget_side_lists()
    redis.start()
    forgive(redis)
    assert "Night shift" not in other.get("/incidents/").content.decode()


def test_guessing_is_slowed_down_without_redis_and_who_was_slowed_down_before_stays_so(
    redis: OwnRedis, ana: User
) -> None:
    def tries(password: str) -> Any:
        return Client(REMOTE_ADDR="198.51.100.7").post("/sign-in/", {"login": "ana", "password": password})

    for _ in range(4):
        tries("wrong")
    redis.stop()
    for _ in range(30):
        tries("wrong")
    assert "Location" not in tries(PASSWORD)
    assert asked(lambda known: known.ping(), None) is None
