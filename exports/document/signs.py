"""Terms as paper has them: a sign of our own and the word, so that nothing is told by colour alone; and data as text
that can be seen.

Signs are characters, not drawings: a row of a list is then a single run of text, which is set in a third of the time.
"""

from __future__ import annotations

import unicodedata

from alerts.choices import AlertStatus, Severity, Verdict
from entities.choices import Criticality
from incidents.choices import IncidentStatus, TaskState
from incidents.story.shapes import visible

SEVERITIES = {
    Severity.HIGH: "▮▮▮",
    Severity.MEDIUM: "▮▮▯",
    Severity.LOW: "▮▯▯",
    Severity.INFORMATIONAL: "▯▯▯",
}
STATUSES = {
    "active": "○",
    "new": "○",
    "in_progress": "◐",
    "resolved": "✔",
    "completed": "✔",
    "redirected": "↳",
    "skipped": "⊘",
}
VERDICTS = {
    Verdict.UNKNOWN: "○",
    Verdict.NO_THREATS_FOUND: "✔",
    Verdict.SUSPICIOUS: "▲",
    Verdict.MALICIOUS: "✖",
}
RIGHT_TO_LEFT = frozenset({"R", "AL"})
FIRST_ISOLATED, LAST_ISOLATED = "\u2068", "\u2069"
EXACTLY = str.maketrans({"\t": "⇥", "\n": "↵", "\r": ""})


def severity_in_words(severity: Severity) -> str:
    return f"{SEVERITIES[severity]} {severity.label}"


def status_in_words(status: IncidentStatus | AlertStatus | TaskState) -> str:
    return f"{STATUSES[status.slug]} {status.label}"


def verdict_in_words(verdict: Verdict) -> str:
    return f"{VERDICTS[verdict]} {verdict.label}"


def criticality_in_words(level: str) -> str:
    """“♛ Very high”; nothing for what is not critical."""
    return f"♛ {Criticality(level).label}" if level in Criticality.values else ""


def line(text: str) -> str:
    """A value of somebody else's in one line: signs that nobody sees are made visible, and what runs from right to left
    does not turn what stands beside it."""
    return isolated(visible(" ".join(text.split())))


def exact(text: str) -> str:
    """A value in which every blank counts, such as a command line."""
    return isolated(visible(text.strip().translate(EXACTLY)))


def isolated(text: str) -> str:
    if text.isascii() or not any(unicodedata.bidirectional(sign) in RIGHT_TO_LEFT for sign in text):
        return text
    return f"{FIRST_ISOLATED}{text}{LAST_ISOLATED}"


def lines(text: str) -> str:
    """A text of several lines, each as `line` has it; empty ones are left out."""
    return "\n".join(filter(None, (line(each) for each in text.splitlines())))
