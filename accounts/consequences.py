"""What becomes of things on the floors above when a team goes, said before it does: they know, and say it here.

What is said then happens in `delete_team` itself, by a handler of its entry.
"""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Principal, Team

Telling = Callable[[Team, Principal], list[str]]

_tellers: list[Telling] = []


def when_a_team_goes(teller: Telling) -> Telling:
    """Have a function say, one sentence each, what would become of what the team has, as far as somebody may see it."""
    _tellers.append(teller)
    return teller


def consequences_of(team: Team, principal: Principal) -> list[str]:
    return [sentence for teller in _tellers for sentence in teller(team, principal)]
