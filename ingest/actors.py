"""Who acts when alerts come in."""

from activity.actors import Actor, ActorKind, Channel

TUNING = Actor(ActorKind.RULE, "Alert tuning", channel=Channel.RULE)
"""What administrators said shall become of alerts of some kind."""
