"""Shape and wording of the rules that administrators set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from alerts.choices import Severity
from alerts.models import Alert, Evidence
from common.wildcards import LONGEST_PATTERN, MOST_PATTERNS
from entities.choices import ASSET_KINDS
from incidents.forms.manage import FindingMixin, findings
from ingest.choices import ACTION_HELP, TuningAction
from ingest.correlation import JoinRule
from ingest.models import TuningRule
from ingest.tuning import ANY_KIND, TEXT_FIELDS, kinds
from ingest.tuning_values import LONGEST_NAME, LONGEST_REASON, TuningValues

UNITS = {"minutes": 1, "hours": 60, "days": 1_440}
LONGEST_LINES = (LONGEST_PATTERN + 2) * MOST_PATTERNS
DAYS = ((1, "1 day"), (7, "7 days"), (30, "30 days"))


class LinesField(forms.CharField):
    """One pattern a line."""

    def __init__(self, label: str, help_text: str = "", rows: int = 2) -> None:
        widget = forms.Textarea({"rows": rows, "class": "lines", "spellcheck": "false", "autocomplete": "off"})
        super().__init__(label=label, help_text=help_text, required=False, max_length=LONGEST_LINES, widget=widget)

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in str(super().clean(value)).splitlines() if line.strip()]


class TrialForm(forms.Form):
    """What every form of a rule says of trying it."""

    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    days = forms.TypedChoiceField(
        choices=DAYS,
        coerce=int,
        initial=7,
        label="Try it on the alerts of the last",
        help_text="Nothing is changed by trying; you see what the rule would do, and save it then.",
    )


class CorrelationForm(TrialForm):
    """One rule by which alerts join."""

    is_on = forms.BooleanField(required=False, label="The rule is on")
    place = forms.TypedChoiceField(
        coerce=int,
        label="Order",
        help_text="The first that finds an incident wins; this rule goes before the one named.",
    )
    window = forms.IntegerField(min_value=1, max_value=43_200, label="Window", help_text="At most 30 days.")
    unit = forms.ChoiceField(choices=[(unit, unit) for unit in UNITS], label="Unit of the window")
    minimum_severity = forms.TypedChoiceField(
        choices=[(severity.slug, severity.label) for severity in Severity],
        coerce=Severity.from_slug,
        label="Minimum severity",
        help_text="Alerts below it neither join by this rule nor are joined.",
    )
    excluded_sources = LinesField("Leave out sources", "One a line; * stands for anything. Such as suricata or scan-*.")
    excluded_detectors = LinesField("Leave out detectors", "Ids of detection rules as their source names them.")
    excluded_entities = LinesField("Leave out entities", "By name: jump hosts, shared accounts, proxies.")

    def __init__(self, *args: Any, rule: JoinRule, titles: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        place = self.fields["place"]
        assert isinstance(place, forms.TypedChoiceField)
        if rule.kind is None:
            for name in ("place", "window", "unit", "excluded_entities"):
                del self.fields[name]
        else:
            place.choices = [(number, f"{number + 1}: {titles[number]}") for number in range(1, len(titles))]

    @staticmethod
    def initial_of(rule: JoinRule, place: int, version: int) -> dict[str, Any]:
        minutes = round(rule.window.total_seconds() / 60)
        unit = next(unit for unit in ("days", "hours", "minutes") if minutes % UNITS[unit] == 0)
        return {
            "version": version,
            "is_on": rule.is_on,
            "place": place,
            "window": minutes // UNITS[unit],
            "unit": "hours" if minutes == UNITS["days"] else unit,
            "minimum_severity": rule.minimum_severity.slug,
            "excluded_sources": "\n".join(rule.excluded_sources),
            "excluded_detectors": "\n".join(rule.excluded_detectors),
            "excluded_entities": "\n".join(rule.excluded_entities),
        } | ({"window": 24} if minutes == UNITS["days"] else {})

    def wanted(self) -> tuple[JoinRule, int]:
        """The rule and its place, once the form is valid."""
        cleaned = self.cleaned_data
        minutes = cleaned["window"] * UNITS[cleaned["unit"]] if "window" in cleaned else 0
        rule = JoinRule(
            self.rule.slug,
            self.rule.kind,
            timedelta(minutes=minutes),
            cleaned["is_on"],
            cleaned["minimum_severity"],
            tuple(cleaned["excluded_sources"]),
            tuple(cleaned["excluded_detectors"]),
            tuple(cleaned.get("excluded_entities", ())),
        )
        return rule, cleaned.get("place", 0)


class TuningForm(FindingMixin, TrialForm):
    """One tuning rule."""

    name = forms.CharField(max_length=LONGEST_NAME, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    action = forms.ChoiceField(
        choices=[(action, f"{action.label}: {ACTION_HELP[action]}") for action in TuningAction],
        widget=forms.RadioSelect,
        label="What becomes of the alerts",
    )
    is_on = forms.BooleanField(required=False, initial=True, label="The rule is on")
    source = LinesField("Source", "The source's name, or its product's. One a line; * stands for anything.")
    detector = LinesField("Detector", "Id of the detection rule.")
    title = LinesField("Title", "The whole title, or parts with *.")
    severity = forms.MultipleChoiceField(
        choices=[(severity.slug, severity.label) for severity in Severity],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Severity",
    )
    category = LinesField("Category", "Such as discovery or credential_access.")
    technique = LinesField("Technique", "Such as T1046 or T1059.*.")
    entity = LinesField(
        "Entity", f"kind:name, such as device:lab-* or ip:10.0.0.7; {ANY_KIND}: stands for every kind.", rows=3
    )
    classification = forms.ChoiceField(
        choices=findings, initial="not_set", label="Classify as", help_text="Given to each alert that it catches."
    )
    tags = LinesField("Tags", "Put on the incidents of what it catches. One a line.")
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label="Reason",
        help_text="Why these alerts need nobody's eye, or need marking.",
        widget=forms.Textarea({"rows": 3}),
    )
    owner = forms.ModelChoiceField(User.objects.none(), label="Owner", help_text="Who answers for it.")
    expires_on = forms.DateField(
        required=False,
        label="Expires on",
        help_text="At the end of that day.",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    never = forms.BooleanField(required=False, label="Never expires")

    def __init__(self, *args: Any, present: TuningRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = User.objects.filter(is_active=True).order_by("display_name", "pk")
        self.present = present

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "expires_on" not in self.errors and bool(cleaned.get("expires_on")) == bool(cleaned.get("never")):
            raise ValidationError({"expires_on": "Say until when it holds: a day, or that it never expires."})
        return cleaned

    def conditions(self) -> dict[str, list[str]]:
        return {name: list(self.cleaned_data[name]) for name in (*TEXT_FIELDS, "severity", "entity")}

    def values(self) -> TuningValues:
        """What was set, once the form is valid."""
        cleaned = self.cleaned_data
        classification, determination = self.split_finding(cleaned["classification"])
        return TuningValues(
            cleaned["name"],
            TuningAction(cleaned["action"]),
            self.conditions(),
            cleaned["reason"],
            cleaned["owner"],
            self._expires_at(cleaned["expires_on"]) if not cleaned["never"] else None,
            tuple(cleaned["tags"]),
            classification,
            determination,
            cleaned["is_on"],
        )

    def _expires_at(self, day: date) -> datetime:
        """The end of the day, in the person's zone; as it was, where the day is the one that was shown."""
        before = self.present.expires_at if self.present else None
        if before is not None and timezone.localtime(before).date() == day:
            return before
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def initial_of(rule: TuningRule) -> dict[str, Any]:
    """A stored rule as the form shows it."""
    return {
        **_lines(rule.conditions),
        "version": rule.version,
        "name": rule.name,
        "action": rule.action,
        "is_on": rule.is_on,
        "severity": rule.conditions.get("severity", []),
        "classification": rule.classification
        if rule.classification == "not_set"
        else f"{rule.classification}/{rule.determination}",
        "tags": "\n".join(rule.tags),
        "reason": rule.reason,
        "owner": rule.owner_id,
        "expires_on": timezone.localtime(rule.expires_at).date() if rule.expires_at else None,
        "never": rule.expires_at is None,
    }


MOST_ENTITIES = 5


def initial_like(alert: Alert) -> dict[str, Any]:
    """A rule that catches alerts like this one: of its source and detector, with its title, about its assets."""
    assets = Evidence.objects.filter(alert=alert, entity__kind__in=ASSET_KINDS).order_by("pk")
    names = assets.values_list("entity__kind", "entity__name")[:MOST_ENTITIES]
    conditions = {
        "source": [alert.source],
        "detector": [alert.detector_id] if alert.detector_id else [],
        "title": [_literal(alert.title)],
        "entity": [f"{kind}:{_literal(name)}" for kind, name in names],
    }
    return {**_lines(conditions), "name": alert.title[:LONGEST_NAME], "action": TuningAction.RESOLVE}


def _literal(text: str) -> str:
    """A sender's text as a pattern that it fits: cut where it is too long to be kept."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_PATTERN else f"{text[: LONGEST_PATTERN - 1]}*"


def _lines(conditions: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: "\n".join(conditions.get(name, ())) for name in (*TEXT_FIELDS, "entity")}


def kinds_in_words() -> str:
    """The words that may stand before an entity's name."""
    return ", ".join(kinds())
