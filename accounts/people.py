"""The users and teams that an address or a query names."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import AccessToken, Principal, Team, User
from common.filters import storable

UNASSIGNED = "unassigned"
ME = "me"


def by_name(words: Sequence[str], username: str) -> list[str]:
    """The people that a key names, with “me” replaced by the person's name."""
    return list(dict.fromkeys(username if word == ME else word for word in words))


class NamedPeople:
    """The users and teams that an `assignee` key names, read in two statements."""

    def __init__(self, words: Sequence[str], principal: Principal) -> None:
        self.users: dict[str, User] = {}
        self.teams: dict[str, Team] = {}
        self.missing: list[str] = []
        slugs = [word.removeprefix("team:") for word in words if word.startswith("team:")]
        names = [word for word in words if not word.startswith("team:") and word not in (ME, UNASSIGNED)]
        if names:
            self.users = {user.username: user for user in User.objects.filter(username__in=storable(names))}
        if slugs:
            self.teams = {team.slug: team for team in Team.objects.filter(slug__in=storable(slugs))}
        self.missing = [name for name in names if name not in self.users]
        self.missing += [f"team:{slug}" for slug in slugs if slug not in self.teams]
        self.user_ids = [user.pk for user in self.users.values()]
        if ME in words:
            if isinstance(principal, AccessToken):
                self.missing.append(ME)
            else:
                self.user_ids.append(principal.pk)
        self.team_ids = [team.pk for team in self.teams.values()]

    def suggestions(self) -> list[str]:
        if not self.missing:
            return []
        teams = [f"team:{slug}" for slug in Team.objects.order_by("slug").values_list("slug", flat=True)[:500]]
        users = User.objects.active().order_by("username").values_list("username", flat=True)[:500]
        return [UNASSIGNED, *([] if ME in self.missing else [ME]), *teams, *users]

    def label(self, word: str) -> str:
        """A value of the key as a chip shows it."""
        if word.startswith("team:"):
            team = self.teams.get(word.removeprefix("team:"))
            return team.name if team else word
        user = self.users.get(word)
        return user.display_name if user else {ME: "Me", UNASSIGNED: "Unassigned"}.get(word, word)
