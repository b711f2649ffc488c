"""Who acted in a log: all of it is read from the log itself, so nobody is named who does not stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import connection
from django.utils.text import slugify

from accounts.models import Principal, User
from accounts.people import ME
from activity.actors import ActorKind

MOST_SUGGESTED = 12
ACTORS = """
SELECT actor_kind, actor_id, actor_label FROM activity_entry WHERE {which}
GROUP BY 1, 2, 3 ORDER BY max(id) DESC
"""


@dataclass(frozen=True, slots=True)
class KnownActor:
    """Somebody or something that acted."""

    word: str
    """In addresses: `ana`, `token:sensor`, `system:correlation`."""
    kind: str
    number: int | None
    label: str


class Actors:
    """Those who acted on these incidents; without any, in the system's own stream."""

    def __init__(self, numbers: Sequence[int], principal: Principal) -> None:
        self.numbers, self.principal = list(numbers), principal

    @cached_property
    def actors(self) -> list[KnownActor]:
        """Everybody who acted, the last one first."""
        with connection.cursor() as cursor:
            which = "incident_id = ANY(%s)" if self.numbers else "incident_id IS NULL"
            cursor.execute(ACTORS.format(which=which), [self.numbers] if self.numbers else [])
            rows = cursor.fetchall()
        people = {number for kind, number, _ in rows if kind == ActorKind.USER}
        usernames = dict(User.objects.filter(pk__in=people).values_list("pk", "username")) if people else {}
        found: dict[str, KnownActor] = {}
        for kind, number, label in rows:
            is_user = kind == ActorKind.USER
            other = f"{kind}:{number if is_user else slugify(label, allow_unicode=True)}"
            word = usernames.get(number, other) if is_user else other
            found.setdefault(word, KnownActor(word, kind, number, label))
        return list(found.values())

    def actor(self, word: str) -> KnownActor | None:
        """Who that is; None for somebody who did nothing here. Oneself is always known."""
        folded = word.casefold()
        if folded == ME and isinstance(self.principal, User):
            return KnownActor(ME, ActorKind.USER, self.principal.pk, self.principal.display_name)
        return next((each for each in self.actors if each.word.casefold() == folded), None)

    def actors_like(self, text: str) -> list[KnownActor]:
        """Those whose name or word has the text in it."""
        text = text.strip().casefold()
        return [each for each in self.actors if text in each.label.casefold() or text in each.word][:MOST_SUGGESTED]


def contains(text: str) -> str:
    """A pattern of ILIKE for what has the text in it."""
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return f"%{text}%"
