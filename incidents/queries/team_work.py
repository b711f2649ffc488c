"""What a team has to do: what becomes of it is said before the team is deleted."""

from __future__ import annotations

from accounts.models import Principal, Team
from alerts.models import Alert
from incidents.models import Incident, SavedView, Task


def sentences_of_work(team: Team, principal: Principal) -> list[str]:
    """What becomes of what the team has, one sentence each, counted among what somebody may see."""
    seen = Incident.objects.visible_to(principal)
    incidents = seen.open().filter(assignee_team=team).count()
    tasks = Task.objects.open().filter(assignee_team=team, incident__in=seen).count()
    alerts = Alert.objects.visible_to(principal).active().filter(assignee_team=team)
    others = alerts.exclude(incident__assignee_team=team).count()
    views = SavedView.objects.filter(team=team, deleted_at__isnull=True).count()
    counted = ((incidents, "open incident"), (tasks, "open task"), (others, "active alert"))
    said = [f"{number:,} {what}{'' if number == 1 else 's'}" for number, what in counted if number]
    told = (
        [f"{_joined(said)}, as far as you may see them, will be assigned to nobody; their logs say why."]
        if said
        else []
    )
    if views:
        told.append(
            f"{views:,} saved view{'' if views == 1 else 's'} that it shares will be seen by whoever made them alone."
        )
    return [
        *told,
        "What it worked on and is closed by now keeps its name.",
        "Restricted incidents that name it are no longer seen by its members, unless they are named otherwise.",
    ]


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
