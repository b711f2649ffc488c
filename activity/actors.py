"""Who acts: a person, a service token, a rule, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from common.terms import NamedTerms


class ActorKind(NamedTerms):
    USER = "user", "Person"
    TOKEN = "token", "Service token"
    RULE = "rule", "Rule"
    SYSTEM = "system", "System"


class Channel(NamedTerms):
    """Through what an act reached the system."""

    PAGE = "page", "Page"
    BULK = "bulk", "Bulk act"
    API = "api", "API"
    COMMAND_LINE = "command_line", "Command line"
    RULE = "rule", "Rule"
    SYSTEM = "system", "System"


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who made a change, as the log keeps it: the name stays readable when the account is gone."""

    kind: ActorKind
    label: str
    id: int | None = None
    channel: Channel = Channel.SYSTEM

    def through(self, channel: Channel) -> Actor:
        """The same actor, acting through another channel."""
        return replace(self, channel=channel)


CORRELATION = Actor(ActorKind.SYSTEM, "Correlation")
"""The part of the system that ties alerts to incidents."""

SYSTEM = Actor(ActorKind.SYSTEM, "Watchfloor")
COMMAND_LINE = Actor(ActorKind.SYSTEM, "Command line", channel=Channel.COMMAND_LINE)
