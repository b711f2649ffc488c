"""Rules and trials as plain values: what the API answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import User
from alerts.models import Alert
from common.counting import count_each
from common.jobs import JobState
from common.time_ranges import utc
from incidents.models import Incident
from ingest.choices import TrialOf
from ingest.correlation import SHIPPED, JoinRule
from ingest.models import CorrelationRule, Trial, TuningRule
from ingest.queries.rules import state_of
from ingest.rulebook import join_rules
from ingest.tuning import FIELDS


def plain_correlation_rules() -> list[dict[str, Any]]:
    """All rules by which alerts join, in the order in which they are tried; three statements."""
    stored = {row.slug: row for row in CorrelationRule.objects.all()}
    return [plain_correlation_rule(rule, place, stored.get(rule.slug)) for place, rule in enumerate(join_rules().rules)]


def plain_correlation_rule(rule: JoinRule, place: int, stored: CorrelationRule | None) -> dict[str, Any]:
    """A rule at its place, counted from 1. The first follows the senders' own grouping, and has no window."""
    return {
        "slug": rule.slug,
        "title": rule.title,
        "kind": str(rule.kind) if rule.kind else None,
        "place": place + 1,
        **rule.as_values(),
        "window_minutes": rule.as_values()["window_minutes"] if rule.kind else None,
        "is_shipped": rule == SHIPPED[rule.slug],
        "changed_by": (stored.changed_by or None) if stored else None,
        "updated": utc(stored.updated_at) if stored else None,
        "version": stored.version if stored else 1,
    }


def plain_tuning_rules(rules: Sequence[TuningRule], principal: Any) -> list[dict[str, Any]]:
    """Tuning rules, read with their owners, each with how many alerts it caught that one may see; one statement."""
    caught = Alert.objects.visible_to(principal)
    counts = count_each({str(rule.pk): caught.filter(tuned_by=rule.pk) for rule in rules}) if rules else {}
    return [_tuning_rule(rule) | {"caught": counts[str(rule.pk)].plain} for rule in rules]


def _tuning_rule(rule: TuningRule) -> dict[str, Any]:
    return {
        "number": rule.pk,
        "name": rule.name,
        "action": rule.action,
        "conditions": {name: rule.conditions[name] for name in FIELDS if rule.conditions.get(name)},
        "tags": rule.tags,
        "classification": rule.classification,
        "determination": rule.determination,
        "reason": rule.reason,
        "owner": {"key": rule.owner.username, "name": rule.owner.display_name},
        "expires": utc(rule.expires_at),
        "is_on": rule.is_on,
        "state": state_of(rule).lower(),
        "created": utc(rule.created_at),
        "updated": utc(rule.updated_at),
        "changed_by": rule.changed_by,
        "version": rule.version,
    }


def plain_trial(trial: Trial, user: User) -> dict[str, Any]:
    """How far a trial is, and what came of it, as far as its person may see it; three statements at most."""
    is_done = trial.state == JobState.DONE
    return {
        "id": str(trial.pk),
        "of": trial.of,
        "rule": trial.subject or None,
        "days": trial.days,
        "values": _values(trial),
        "state": trial.state,
        "problem": trial.problem or None,
        "done": trial.done,
        "total": trial.total,
        "created": utc(trial.created_at),
        "finished": utc(trial.finished_at),
        "result": (_caught if trial.of == TrialOf.TUNING else _regrouped)(trial.result, user) if is_done else None,
    }


def _values(trial: Trial) -> dict[str, Any]:
    """The rule that is tried; places are counted from 1."""
    told = {name: value for name, value in trial.values.items() if name != "form"}
    return told | {"place": told["place"] + 1} if "place" in told else told


def _caught(result: Mapping[str, Any], user: User) -> dict[str, Any]:
    seen = set(Alert.objects.visible_to(user).filter(pk__in=result["listed"]).values_list("pk", flat=True))
    figures = {name: result[name] for name in ("alerts", "caught", "incidents", "whole_incidents", "severities")}
    return figures | {"is_cut": result["is_cut"], "listed": [number for number in result["listed"] if number in seen]}


def _regrouped(result: Mapping[str, Any], user: User) -> dict[str, Any]:
    sides = [side for group in result["groups"] for name in ("before", "after") for side in group[name]]
    alerts = {number for side in sides for number in side["alerts"]}
    incidents = {number for side in sides for number in side["incidents"]}
    seen_alerts = set(Alert.objects.visible_to(user).filter(pk__in=alerts).values_list("pk", flat=True))
    seen_incidents = set(Incident.objects.visible_to(user).filter(pk__in=incidents).values_list("pk", flat=True))

    def told(side: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "size": side["size"],
            "alerts": [number for number in side["alerts"] if number in seen_alerts],
            "incidents": [number for number in side["incidents"] if number in seen_incidents],
        }

    figures = {name: result[name] for name in ("alerts", "before", "after", "joined", "split", "regrouped", "is_cut")}
    groups = [
        {"kind": group["kind"], **{side: [told(each) for each in group[side]] for side in ("before", "after")}}
        for group in result["groups"]
    ]
    return figures | {"groups": groups}
