"""What the people of the demo do with its incidents: steps told in data/work/*.json, played with the real commands.

A step says how long ago (`ago`), who (`who`: a username, or `system`), on which case (`on`; a list of cases is a bulk
act) and what:

| key | what is done |
|---|---|
| `change` | a save of the Manage pane: any of `changes.Changes`, in the words of the API (`due`: a span from now) |
| `system_tags` | the system's own tags, by kind |
| `restrict` | hide the incident from all but these people |
| `template` | put the tasks of the template of this name on the incident |
| `tasks` | add tasks, or change those that are there |
| `evidence` | add by hand what a text names |
| `judge` | what named evidence was found to be, and what was done about it |
| `edit_comment` | write one's last comment anew |
| `resolve_alerts` | resolve so many of the alerts that are still active, one by one |
| `merge` | merge the incidents of other `cases` into it, and why; `assignee` says who keeps it |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Team, User
from activity.actors import SYSTEM, Actor, Channel
from activity.models import Entry
from activity.verbs import COMMENTED
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert
from incidents.changes import Changes
from incidents.choices import IncidentStatus, TagKind
from incidents.commands import (
    apply_changes,
    apply_to_many,
    change_tags,
    edit_comment,
    merge,
    restrict,
    set_alert_status,
)
from incidents.models import Incident
from incidents.rules.merging import Choice
from ingest.demo.evidence import add_found, judge_named
from ingest.demo.people import users_and_teams
from ingest.demo.scenario import DATA, read
from ingest.demo.tasks import apply_named, work_on_tasks
from ingest.demo.times import span


@dataclass(frozen=True, slots=True)
class Step:
    """One act of one person."""

    time: datetime
    who: str
    on: tuple[str, ...]
    act: Mapping[str, Any]


def steps(now: datetime) -> list[Step]:
    """All work in the order in which it was done."""
    return sorted(_read_steps(now), key=lambda step: step.time)


def _read_steps(now: datetime) -> Iterator[Step]:
    for path in sorted((DATA / "work").glob("*.json")):
        for step in read(f"work/{path.name}")["steps"]:
            act = {key: value for key, value in step.items() if key not in ("ago", "who", "on")}
            on = step["on"] if isinstance(step["on"], list) else [step["on"]]
            yield Step(now - span(step["ago"]), step["who"], tuple(on), act)


class Desk:
    """Plays steps, knowing the people, and which incident each case has become."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.users, self.teams = users_and_teams()
        self.incidents: dict[str, int] = {}
        """Case → number of the incident of its first alert."""

    def play(self, step: Step) -> None:
        """Raises ValueError for a case that has no alerts by then."""
        if missing := [case for case in step.on if case not in self.incidents]:
            raise ValueError(f"the demo's work is too early: no alerts yet of {', '.join(missing)}")
        actor, numbers = self._actor(step.who), [self.incidents[case] for case in step.on]
        if len(numbers) > 1:
            apply_to_many(numbers, self._changes(step.act["change"]), actor=actor)
            return
        incident = Incident.objects.get(pk=numbers[0])
        for key, value in step.act.items():
            self._act(key, value, incident, actor)

    def _act(self, key: str, value: Any, incident: Incident, actor: Actor) -> None:
        match key:
            case "change":
                apply_changes(incident, self._changes(value), actor=actor)
            case "system_tags":
                for kind, names in value.items():
                    change_tags(incident, add=names, kind=TagKind.from_slug(kind), actor=actor)
            case "restrict":
                restrict(incident, [self.users[username] for username in value], actor=actor)
            case "template":
                apply_named(value, incident, actor)
            case "tasks":
                work_on_tasks(value, incident, actor, self.now, self._assignee)
            case "evidence":
                add_found(value, incident, actor)
            case "judge":
                judge_named(value, incident, actor)
            case "merge":
                others = [Incident.objects.get(pk=self.incidents[case]) for case in value["cases"]]
                choice = Choice(assignee=value.get("assignee", ""))
                merge(incident, others, actor=actor, reason=value["reason"], choice=choice)
            case "edit_comment":
                edit_comment(incident, _last_comment(incident, actor), _text(value), actor=actor)
            case "resolve_alerts":
                active = Alert.objects.of_incident(incident.pk).active().order_by("first_activity", "pk")
                for alert_id in active.values_list("pk", flat=True)[:value]:
                    set_alert_status(incident, [alert_id], AlertStatus.RESOLVED, actor=actor)
            case _:
                raise ValueError(f"“{key}” is nothing that is done")

    def _actor(self, who: str) -> Actor:
        return SYSTEM if who == "system" else self.users[who].as_actor(Channel.COMMAND_LINE)

    def _changes(self, words: Mapping[str, Any]) -> Changes:
        """A save, its words turned into our terms."""
        turned = {key: _READERS.get(key, _as_it_is)(value) for key, value in words.items() if key != "assignee"}
        if "due" in words:
            turned["due"] = self.now + span(words["due"])
        if "assignee" in words:
            turned["assignee"] = self._assignee(words["assignee"])
        return Changes(**turned)

    def _assignee(self, word: str | None) -> User | Team | None:
        if word is None:
            return None
        return self.teams[word.removeprefix("team:")] if word.startswith("team:") else self.users[word]


def _text(lines: list[str]) -> str:
    """Markdown from its lines; one that ends in a space goes on in the next."""
    return "\n".join(lines).replace(" \n", " ")


def _as_it_is(value: Any) -> Any:
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "severity": Severity.from_slug,
    "status": IncidentStatus.from_slug,
    "classification": Classification.from_slug,
    "determination": Determination.from_slug,
    "comment": _text,
    "resolution_note": _text,
}


def _last_comment(incident: Incident, actor: Actor) -> Entry:
    own = Entry.objects.of_incident(incident.pk).filter(verb=COMMENTED.name, actor_kind=actor.kind, actor_id=actor.id)
    return own.order_by("-sequence")[0]
