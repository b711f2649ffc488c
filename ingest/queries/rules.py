"""Rules as their pages show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activity.wording import in_words as logged_in_words
from alerts.choices import AlertStatus, Classification, Determination, Severity, finding_in_words
from alerts.models import Alert
from common.counting import count_each
from common.errors import Conflict
from common.marks import dated, severity_mark, status_mark, time_mark
from ingest.choices import TuningAction
from ingest.correlation import SHIPPED, JoinRule, in_words
from ingest.models import CorrelationRule, TuningRule
from ingest.rulebook import join_rules
from ingest.tuning import FIELDS

FIELD_LABELS = {
    "source": "Source",
    "detector": "Detector",
    "title": "Title",
    "severity": "Severity",
    "category": "Category",
    "technique": "Technique",
    "entity": "Entity",
    "window_minutes": "Window",
    "is_on": "On",
}


def correlation_rows() -> list[dict[str, Any]]:
    """The table of correlation rules, two statements."""
    stored = {row.slug: row for row in CorrelationRule.objects.all()}
    return [
        {
            "place": place + 1,
            "title": rule.title,
            "url": reverse("correlation:rule", args=[rule.slug]),
            "window": in_words(rule.window) if rule.kind else "",
            "conditions": conditions_in_words(rule),
            "is_on": rule.is_on,
            "is_shipped": rule == SHIPPED[rule.slug],
            "changed_by": stored[rule.slug].changed_by if rule.slug in stored else "",
            "changed_at": time_mark(stored[rule.slug].updated_at) if rule.slug in stored else "",
        }
        for place, rule in enumerate(join_rules().rules)
    ]


def conditions_in_words(rule: JoinRule) -> str:
    """What a rule leaves aside: "not below medium; without 2 sources"."""
    parts = []
    if rule.minimum_severity > Severity.INFORMATIONAL:
        parts.append(f"{str(rule.minimum_severity.label).lower()} and above")
    for words, noun in (
        (rule.excluded_sources, "source"),
        (rule.excluded_detectors, "detector"),
        (rule.excluded_entities, "entity"),
    ):
        if words:
            rest = f" and {len(words) - 2} more" if len(words) > 2 else ""
            parts.append(f"without {noun} {', '.join(words[:2])}{rest}")
    return "; ".join(parts)


def told_conflicts(conflict: Conflict | None) -> list[dict[str, str]]:
    """Fields that somebody else changed, with both values as people read them."""
    return [
        {
            "label": FIELD_LABELS.get(each.field, each.field.replace("_", " ").capitalize()),
            "theirs": value_in_words(each.field, each.theirs),
            "mine": value_in_words(each.field, each.mine),
            "by": each.changed_by,
        }
        for each in (conflict.conflicts if conflict else ())
    ]


def value_in_words(field: str, value: Any) -> str:
    """A field of a rule as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field == "window_minutes":
        return in_words(timedelta(minutes=value))
    return str(value + 1) if field == "place" else logged_in_words(value, field) or "nothing"


def tuning_rows(user: User) -> list[dict[str, Any]]:
    """The table of tuning rules: those in force first. Two statements, however many there are."""
    rules = list(TuningRule.objects.kept().select_related("owner").order_by("name", "pk"))
    caught = Alert.objects.visible_to(user)
    counts = count_each({str(rule.pk): caught.filter(tuned_by=rule.pk) for rule in rules}) if rules else {}
    rows = [
        {
            "name": rule.name,
            "url": reverse("tuning:rule", args=[rule.pk]),
            "action": TuningAction(rule.action).label,
            "conditions": conditions(rule),
            "owner": rule.owner.display_name,
            "expires": dated(rule.expires_at) if rule.expires_at else "Never",
            "state": state_of(rule),
            "caught": str(counts[str(rule.pk)]),
        }
        for rule in rules
    ]
    return sorted(rows, key=lambda row: row["state"] != "On")


def state_of(rule: TuningRule) -> str:
    """Whether it catches anything now."""
    if rule.deleted_at:
        return "Deleted"
    if rule.is_expired:
        return "Expired"
    return "On" if rule.is_on else "Off"


def conditions(rule: TuningRule) -> list[dict[str, Any]]:
    """When it fits, field by field."""
    return [{"label": FIELD_LABELS[name], "words": words} for name in FIELDS if (words := rule.conditions.get(name))]


CAUGHT_PER_PAGE = 50


def tuning_rule(rule: TuningRule, user: User, before: int | None) -> dict[str, Any]:
    """One rule and the alerts it caught that the person may see, the latest first."""
    rows = Alert.objects.visible_to(user).filter(tuned_by=rule.pk)
    page = rows.filter(pk__lt=before) if before else rows
    found = list(
        page.order_by("-pk").only("title", "severity", "status", "received_at", "incident_id")[: CAUGHT_PER_PAGE + 1]
    )
    finding = finding_in_words(Classification(rule.classification), Determination(rule.determination))
    return {
        "rule": rule,
        "state": state_of(rule),
        "action": TuningAction(rule.action),
        "conditions": conditions(rule),
        "finding": finding if rule.classification != Classification.NOT_SET else "",
        "expires": dated(rule.expires_at) if rule.expires_at else "Never",
        "changed": time_mark(rule.updated_at, timezone.now()),
        "count": count_each({"caught": rows})["caught"],
        "caught": [alert_row(alert) for alert in found[:CAUGHT_PER_PAGE]],
        "next_url": f"?before={found[CAUGHT_PER_PAGE - 1].pk}" if len(found) > CAUGHT_PER_PAGE else "",
    }


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert in a short list."""
    return {
        "title": alert.title,
        "url": reverse("alerts:alert", args=[alert.pk]),
        "severity": severity_mark(Severity(alert.severity)),
        "status": status_mark(AlertStatus(alert.status)),
        "incident": alert.incident_id,
        "received": time_mark(alert.received_at),
    }
