"""The demo's tuning rules: in force before its alerts come in."""

from __future__ import annotations

from datetime import datetime, timedelta

from activity.actors import Actor
from ingest.choices import TuningAction
from ingest.commands import TuningValues, create_tuning_rule
from ingest.demo.people import users_and_teams
from ingest.demo.scenario import read


def create_tuning_rules(actor: Actor, now: datetime) -> None:
    """Add the rules, each with a person of the demo as its owner."""
    users, _ = users_and_teams()
    for rule in read("tuning.json"):
        create_tuning_rule(
            TuningValues(
                rule["name"],
                TuningAction(rule["action"]),
                rule["conditions"],
                rule["reason"],
                users[rule["owner"]],
                now + timedelta(days=rule["days"]),
                tuple(rule["tags"]),
            ),
            actor=actor,
        )
