"""Django's cache in a Redis that may be away: then a read finds nothing, and a write is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from common.redis_away import CONNECTING, standing

Answer = TypeVar("Answer")

COUNTED = ("allauth:", "limit:")
"""How keys begin that hold who tried how often. These the process keeps as well, and goes on with while Redis is away:
a limit holds within each process."""
MOST_COUNTED = 10_000
_ABSENT: Any = object()
_AWAY: Any = object()


class TolerantCache(RedisCache):
    """What is in it can be lost at any time, and nothing stale comes back.

    Redis may return with what it kept. So keys whose change it has missed are removed before it is asked for anything
    else: what is not found is made anew. Only counts stay, since an older count is better than none.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._options: dict[str, Any] = CONNECTING | params.get("OPTIONS", {})
        address = server if isinstance(server, str) else ";".join(server)
        self._standing = standing(address)
        self._own = LocMemCache(f"counts beside {address}", params | {"OPTIONS": {"MAX_ENTRIES": MOST_COUNTED}})

    def _ask(self, question: Callable[[], Answer], otherwise: Answer, changed: Sequence[str] = ()) -> Answer:
        """`changed` are the keys, as Redis has them, that are wrong there if it cannot be asked."""
        if self._standing.is_left_alone:
            self._standing.remember_untold(changed)
            return otherwise
        untold = self._standing.take_untold()
        try:
            if untold:
                self._cache.delete_many(untold)
            untold = []
            return question()
        except (RedisError, OSError) as error:
            self._standing.remember_untold([*untold, *changed])
            self._standing.failed(error)
            return otherwise

    def _made(self, keys: Iterable[str], version: int | None) -> list[str]:
        return [self.make_key(key, version=version) for key in keys]

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Whether it was stored; False where it cannot be known."""
        own = key.startswith(COUNTED) and self._own.add(key, value, timeout, version)
        return self._ask(lambda: bool(super(TolerantCache, self).add(key, value, timeout, version)), own)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._ask(lambda: super(TolerantCache, self).get(key, _ABSENT, version), _AWAY)
        if found is _AWAY and key.startswith(COUNTED):
            return self._own.get(key, default, version)
        return default if found is _AWAY or found is _ABSENT else found

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        if counted := key.startswith(COUNTED):
            self._own.set(key, value, timeout, version)
        changed = [] if counted else self._made([key], version)
        self._ask(lambda: super(TolerantCache, self).set(key, value, timeout, version), None, changed)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._ask(lambda: bool(super(TolerantCache, self).touch(key, timeout, version)), False)

    def delete(self, key: str, version: int | None = None) -> bool:
        own = key.startswith(COUNTED) and self._own.delete(key, version)
        return self._ask(lambda: bool(super(TolerantCache, self).delete(key, version)), own, self._made([key], version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return self._ask(lambda: dict(super(TolerantCache, self).get_many(keys, version)), {})

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._ask(lambda: bool(super(TolerantCache, self).has_key(key, version)), False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError for a key that is not there, or of which that cannot be known."""
        counted = key.startswith(COUNTED)
        own = self._own.incr(key, delta, version) if counted and self._own.has_key(key, version) else None
        changed = [] if counted else self._made([key], version)
        grown = self._ask(lambda: super(TolerantCache, self).incr(key, delta, version), own, changed)
        if grown is None:
            raise ValueError(f"Key '{key}' not found.")
        return int(grown)

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[Any]:
        """The keys that could not be stored."""
        for key in data:
            if key.startswith(COUNTED):
                self._own.set(key, data[key], timeout, version)
        changed = self._made((key for key in data if not key.startswith(COUNTED)), version)
        missed = list(data)
        return self._ask(lambda: list(super(TolerantCache, self).set_many(data, timeout, version)), missed, changed)

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        keys = list(keys)
        for key in keys:
            if key.startswith(COUNTED):
                self._own.delete(key, version)
        self._ask(lambda: super(TolerantCache, self).delete_many(keys, version), None, self._made(keys, version))

    def clear(self) -> None:
        self._own.clear()
        self._ask(super().clear, None)
