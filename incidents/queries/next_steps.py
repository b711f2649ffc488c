"""What the senders of an incident's alerts recommend to do next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from incidents.models import Incident
from incidents.what_happened.phrases import shortened

MOST_TEXTS = 200
"""Different texts of recommendations that are read, those of the gravest alerts first."""
ALERTS_OF_A_STEP = 3
"""Alerts that a step names; of the others it says how many they are."""
LONGEST_STEP = 500

# The first alerts of each text, so that a text a thousand alerts share is read once.
TEXTS = """
SELECT recommended_actions, max(severity), count(*),
       (array_agg(id ORDER BY first_activity, id))[1:%(named)s],
       (array_agg(title ORDER BY first_activity, id))[1:%(named)s]
FROM alerts_alert WHERE incident_id = %(incident)s AND recommended_actions <> ''
GROUP BY recommended_actions ORDER BY max(severity) DESC, min(first_activity), min(id) LIMIT %(most)s
"""

VERBS = {
    "Contain": "isolate block disable revoke reset quarantine contain suspend lock stop kill cut disconnect terminate"
    " expire force take deny shut treat",
    "Investigate": "check ask find search look collect review confirm verify determine identify inspect investigate"
    " examine compare see read call list trace hunt analyze analyse validate interview scope watch monitor",
    "Remediate": "remove delete change turn restore clean reimage rebuild patch update upgrade rotate replace allow"
    " enable require limit restrict close purge renew train report inform tell",
}
"""What a step does, told by the verb that begins it: first the damage is stopped, then understood, then mended."""
PHASE_OF = {verb: phase for phase, verbs in VERBS.items() for verb in verbs.split()}
OTHER = "Further steps"


@dataclass(slots=True)
class NextStep:
    """One recommendation, and the alerts that come with it."""

    text: str
    alerts: int = 0
    named: list[tuple[int, str]] = field(default_factory=list)
    """Id and title of the first few."""

    @property
    def more(self) -> int:
        return self.alerts - len(self.named)


def next_steps(incident: Incident) -> list[NextStep]:
    """Each recommendation once, however often and in whatever spelling alerts bring it, the gravest alert's first."""
    with connection.cursor() as cursor:
        cursor.execute(TEXTS, {"incident": incident.pk, "named": ALERTS_OF_A_STEP, "most": MOST_TEXTS})
        rows = cursor.fetchall()
    steps: dict[str, NextStep] = {}
    for text, _, count, ids, titles in rows:
        lines = {_sameness(line): line for line in reversed(lines_of(text))}
        for sameness, line in reversed(lines.items()):
            step = steps.setdefault(sameness, NextStep(shortened(line, LONGEST_STEP)))
            step.alerts += count
            step.named = [*step.named, *zip(ids, titles, strict=True)][:ALERTS_OF_A_STEP]
    return list(steps.values())


def lines_of(text: str) -> list[str]:
    """The recommendations in a text: one a line, without the marks that lists begin with."""
    lines = (re.sub(r"^\s*(?:[•\-*–]|\d{1,2}[.)])\s+", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def by_phase(steps: Iterable[NextStep]) -> list[tuple[str, list[NextStep]]]:
    """The steps in the order in which work goes on; a phase without steps is left out."""
    phases: dict[str, list[NextStep]] = {name: [] for name in (*VERBS, OTHER)}
    for step in steps:
        phases[phase_of(step.text)].append(step)
    return [(name, found) for name, found in phases.items() if found]


def phase_of(text: str) -> str:
    """The phase of a step by the verb that begins it."""
    words = re.findall(r"[a-z]+", text.lower()[:60])
    return PHASE_OF.get(words[0], OTHER) if words else OTHER


def _sameness(line: str) -> str:
    """What two lines have in common that say the same: letter case, spaces and the last stop do not count."""
    return " ".join(line.casefold().split()).rstrip(".!;")
