"""Trials as their page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from alerts.choices import Severity
from alerts.models import Alert
from common.jobs import JobState
from common.marks import severity_mark
from incidents.models import Incident
from ingest.choices import TrialOf
from ingest.models import Trial, TuningRule
from ingest.queries.history import MOST
from ingest.queries.rules import FIELD_LABELS, alert_row, value_in_words
from ingest.rulebook import join_rules
from ingest.trying import MOST_LISTED
from ingest.tuning import FIELDS

SHOWN_INCIDENTS = 5
"""Of a group so many incidents are named."""


def form_data(trial: Trial) -> QueryDict:
    """What the form said that the trial was started with."""
    data = QueryDict(mutable=True)
    for key, words in trial.values.get("form", {}).items():
        data.setlist(key, words)
    return data


def shown(trial: Trial, user: User) -> dict[str, Any]:
    """A trial: how far it is, what the rule would be, and once it is over what it would do."""
    form_url = _form_url(trial)
    context: dict[str, Any] = {
        "trial": trial,
        "state": JobState(trial.state).label,
        "is_tuning": trial.of == TrialOf.TUNING,
        "title": _title(trial),
        "percent": trial.done * 100 // trial.total if trial.total else 0,
        "progress_text": f"{trial.done:,} of {trial.total:,} alerts" if trial.total else "",
        "form_url": form_url,
        "again_url": f"{form_url}?trial={trial.pk}",
        "fields": [(key, word) for key, words in trial.values.get("form", {}).items() for word in words],
        "changes": _changes(trial),
        "most": f"{MOST:,}",
        "listed": MOST_LISTED,
    }
    if trial.state == JobState.DONE:
        result = trial.result
        context["result"] = result
        if trial.of == TrialOf.TUNING:
            context |= _caught(result, user)
        else:
            context["groups"] = _groups(result["groups"], user)
    return context


def _title(trial: Trial) -> str:
    if trial.of == TrialOf.CORRELATION:
        return join_rules()[trial.subject].title
    name = trial.values.get("form", {}).get("name", [""])[0]
    return name or TuningRule.objects.filter(pk=int(trial.subject or 0)).values_list("name", flat=True).first() or ""


def _form_url(trial: Trial) -> str:
    if trial.of == TrialOf.CORRELATION:
        return reverse("correlation:rule", args=[trial.subject])
    return reverse("tuning:edit", args=[int(trial.subject)]) if trial.subject else reverse("tuning:new")


def _changes(trial: Trial) -> list[dict[str, str]]:
    """What the rule would be: where it differs from what holds, or a tuning rule's conditions."""
    if trial.of == TrialOf.TUNING:
        conditions = trial.values["conditions"]
        return [
            {"label": FIELD_LABELS[name], "old": "", "new": ", ".join(conditions[name])}
            for name in FIELDS
            if conditions.get(name)
        ]
    rules = join_rules()
    present = rules[trial.subject].as_values() | {"place": rules.position_of(trial.subject)}
    return [
        {
            "label": FIELD_LABELS.get(name, name.replace("_", " ").capitalize()),
            "old": value_in_words(name, old),
            "new": value_in_words(name, trial.values[name]),
        }
        for name, old in present.items()
        if old != trial.values[name]
    ]


def _caught(result: Mapping[str, Any], user: User) -> dict[str, Any]:
    rows = Alert.objects.visible_to(user).filter(pk__in=result["listed"])
    found = rows.only("title", "severity", "status", "received_at", "incident_id").order_by("-pk")
    return {
        "caught": [alert_row(alert) for alert in found],
        "severities": [
            (severity_mark(Severity.from_slug(slug)), number) for slug, number in result["severities"].items()
        ],
    }


def _groups(groups: Sequence[Mapping[str, Any]], user: User) -> list[dict[str, Any]]:
    """Splits and joins, each side as incidents with names; three statements for all."""
    sides = [incident for group in groups for side in ("before", "after") for incident in group[side]]
    numbers = {number for each in sides for number in each["incidents"][:SHOWN_INCIDENTS]}
    names = dict(Incident.objects.visible_to(user).filter(pk__in=numbers).values_list("pk", "name"))
    firsts = {each["alerts"][0] for each in sides}
    titles = dict(Alert.objects.visible_to(user).filter(pk__in=firsts).values_list("pk", "title"))
    labels = {"join": "Joined", "split": "Split", "regroup": "Regrouped"}
    return [
        {
            "kind": labels[group["kind"]],
            "before": [_side(each, names, titles) for each in group["before"]],
            "after": [_side(each, names, titles) for each in group["after"]],
        }
        for group in groups
    ]


def _side(each: Mapping[str, Any], names: Mapping[int, str], titles: Mapping[int, str]) -> dict[str, Any]:
    seen = [number for number in each["incidents"][:SHOWN_INCIDENTS] if number in names]
    return {
        "size": each["size"],
        "title": titles.get(each["alerts"][0], "Not to be seen any more"),
        "incidents": [{"number": number, "name": names[number]} for number in seen],
        "more": max(len(each["incidents"]) - SHOWN_INCIDENTS, 0),
    }
