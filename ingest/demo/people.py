"""The people of the demo: five who work, in two teams."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from accounts.commands import create_team, create_user, set_preferences
from accounts.models import Team, User
from activity.actors import Actor
from ingest.demo.scenario import DOMAIN, read


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person's name and password, which is shown once and kept nowhere."""

    username: str
    password: str
    role: str
    display_name: str


def names() -> tuple[list[str], list[str]]:
    """Sign-in names and teams that the demo brings."""
    people = read("people.json")
    return [user["username"] for user in people["users"]], [team["slug"] for team in people["teams"]]


def create_people(actor: Actor) -> list[SignIn]:
    """Add users with random passwords, and their teams."""
    people, users, sign_ins = read("people.json"), {}, []
    for user in people["users"]:
        username, role, display_name = user["username"], user["role"], user["display_name"]
        password = secrets.token_urlsafe(12)
        users[username] = create_user(
            username,
            actor=actor,
            display_name=display_name,
            role=role,
            password=password,
            email=f"{username}@{DOMAIN}",
        )
        set_preferences(users[username], {"time_zone": user["time_zone"]}, actor=actor)
        sign_ins.append(SignIn(username, password, role, display_name))
    for team in people["teams"]:
        members = [users[username] for username in team["members"]]
        create_team(team["slug"], actor=actor, name=team["name"], members=members)
    return sign_ins


def users_and_teams() -> tuple[dict[str, User], dict[str, Team]]:
    """By the names that the work is told with."""
    usernames, slugs = names()
    users = User.objects.filter(username__in=usernames).select_related("role")
    teams = Team.objects.filter(slug__in=slugs)
    return {user.username: user for user in users}, {team.slug: team for team in teams}
