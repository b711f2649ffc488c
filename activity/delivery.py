"""Telling those who asked of what was recorded, within the transaction of the change (docs/architecture.md).

A wing that reacts to changes names its verbs here, in its handlers.py; the floor below never calls it by name. What a
handler writes stands or falls with the change. What may take long, or may fail by itself, belongs into a row that a
task takes up later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from activity.models import Entry
from activity.verbs import Verb

Handler = Callable[[Sequence[Entry]], None]

_handlers: dict[str, list[Handler]] = defaultdict(list)


def on(verbs: Iterable[Verb]) -> Callable[[Handler], Handler]:
    """Have a function called with the entries of these verbs: once per act of recording, with all of them."""

    def register(handler: Handler) -> Handler:
        for verb in verbs:
            if handler not in _handlers[verb.name]:
                _handlers[verb.name].append(handler)
        return handler

    return register


def deliver(entries: Sequence[Entry]) -> None:
    """Hand each handler the entries it asked for, in their order."""
    wanted: dict[Handler, list[Entry]] = {}
    for entry in entries:
        for handler in _handlers.get(entry.verb, ()):
            wanted.setdefault(handler, []).append(entry)
    for handler, its_entries in wanted.items():
        handler(its_entries)
