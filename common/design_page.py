"""The page that shows every component in its states, for whoever builds or changes a page."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from common import marks
from common.icons import ROLES

SEVERITIES = ("Informational", "Low", "Medium", "High")
STATUSES = ("Active", "In progress", "Resolved", "Redirected", "Pending approval", "Failed")
THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "compact")
ROWS = (
    (98, "High", "In progress", "Ransomware precursor on 6 endpoints and 3 users", ("AR", "Ana Ruiz", "person"), 2),
    (74, "Medium", "Active", "Lateral movement with remote service on 3 endpoints", ("T2", "Tier 2", "team"), 18),
    (9, "Low", "Active", "Phishing mail reported by 2 users, removed", ("", "Unassigned", "unassigned"), 260),
)


class SampleForm(forms.Form):
    """One of each kind of control."""

    name = forms.CharField(label="Incident name", help_text="Leave as it is to keep the automatic name.")
    severity = forms.ChoiceField(choices=[(word.lower(), word) for word in SEVERITIES])
    note = forms.CharField(label="Resolution note", widget=forms.Textarea, required=False)
    due = forms.DateTimeField(required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    follow = forms.BooleanField(label="Tell me about changes", required=False, help_text="By e-mail, at most hourly.")
    density = forms.ChoiceField(
        choices=[(word, word.capitalize()) for word in DENSITIES], widget=forms.RadioSelect, initial="comfortable"
    )


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """Every component; `?theme=` and `?density=` choose how."""
    theme = request.GET.get("theme", "auto")
    density = request.GET.get("density", "comfortable")
    context = {
        "theme": theme if theme in THEMES else "auto",
        "density": density if density in DENSITIES else "comfortable",
        "themes": _choices("theme", THEMES, theme, f"density={density}"),
        "densities": _choices("density", DENSITIES, density, f"theme={theme}"),
        "form": SampleForm(initial={"name": "Ransomware precursor on 6 endpoints"}),
        "refused": _refused_form(),
        "icons": [(role, marks.icon(role)) for role in sorted(ROLES)],
        **_samples(),
    }
    return render(request, "design.html", context)


def _choices(key: str, values: tuple[str, ...], current: str, rest: str) -> list[dict[str, Any]]:
    return [
        {"label": value.capitalize(), "url": f"?{key}={value}&{rest}", "current": value == current} for value in values
    ]


def _refused_form() -> SampleForm:
    form = SampleForm({"name": "", "severity": "high"}, prefix="refused")
    form.is_valid()
    return form


def _term(label: str) -> SimpleNamespace:
    return SimpleNamespace(slug=label.lower().replace(" ", "_"), label=label)


def _samples() -> dict[str, Any]:
    now = timezone.now()
    ana = marks.person_mark("AR", "Ana Ruiz")
    return {
        "severities": [_term(label) for label in SEVERITIES],
        "statuses": [_term(label) for label in STATUSES],
        "moment_now": now - timedelta(minutes=2),
        "counts_sample": {"device": 6, "user": 3, "mailbox": 1},
        "columns": [
            {"label": "Priority", "width": "score", "hint": "Priority, 0 to 100", "hide_label": True},
            {"label": "Severity", "width": "icon", "hide_label": True},
            {"label": "Name", "sort_url": "?sort=name"},
            {"label": "Status", "width": "medium", "give": 3},
            {"label": "Assigned to", "width": "long", "give": 2},
            {"label": "Updated", "width": "time", "sort_url": "?sort=updated", "direction": "descending"},
        ],
        "rows": [
            {
                "id": number,
                "score": marks.score_mark(score),
                "severity": marks.severity_mark(_term(severity), compact=True),
                "status": marks.status_mark(_term(status)),
                "name": name,
                "person": marks.person_mark(*who),
                "time": marks.time_mark(now - timedelta(minutes=minutes)),
            }
            for number, (score, severity, status, name, who, minutes) in enumerate(ROWS, start=1)
        ],
        "ana": ana,
        "system": marks.person_mark("", "Correlation", "system", compact=True),
        "ana_compact": marks.person_mark("AR", "Ana Ruiz", compact=True),
        "time": marks.time_mark(now - timedelta(minutes=9)),
        "comment": mark_safe("<p>DC-02 confirmed, asking for the <strong>image</strong> now.</p>"),
        "changes": [{"field": "Status", "old": "Active", "new": "In progress"}],
        "fact_rows": [
            ("Status", marks.status_mark(_term("In progress"))),
            ("Assigned to", ana),
            ("Alerts", "21 of 34"),
        ],
        "tab_items": [
            {"label": "Overview", "url": "#tabs", "current": True},
            {"label": "Alerts", "url": "#tabs", "count": 34},
            {"label": "Activity", "url": "#tabs", "count": 118},
        ],
        "ranges": [
            {"label": label, "url": "#segmented", "value": label, "current": label == "1 w"}
            for label in ("1 d", "1 w", "30 d", "6 m")
        ],
        "crumbs": [{"label": "Incidents", "url": "/"}, {"label": "#1042"}],
        "chosen": [{"value": "ana", "label": "Ana Ruiz"}],
        "chosen_tags": [
            {"value": tag, "label": tag, "mark": marks.tag_mark(tag)} for tag in ("phishing", "vip", "q4-campaign")
        ],
        "option_groups": [
            {"label": "Suggested", "options": [{"value": "ana", "label": "Ana Ruiz", "mark": ana, "hint": "ana"}]},
            {"label": "Teams", "options": [{"value": "team:tier2", "label": "Tier 2"}]},
        ],
        "filter_groups": [
            {
                "label": "Severity",
                "name": "severity",
                "open": True,
                "options": [
                    {
                        "value": label.lower(),
                        "label": label,
                        "mark": marks.severity_mark(_term(label)),
                        "count": 9,
                        "checked": label == "High",
                    }
                    for label in SEVERITIES
                ],
            },
            {"label": "Status", "name": "status", "options": [{"value": "active", "label": "Active", "count": 128}]},
        ],
        "tactics": [
            {"label": "Initial access", "url": "#facts"},
            {"label": "Execution", "url": "#facts"},
            {"label": "Persistence", "url": ""},
            {"label": "Impact", "url": "#facts"},
        ],
        "strip_values": [6, 7, 4, 14, 9, 10, 5, 4, 4, 3, 9, 11, 7, 3, 6, 11, 11, 8, 7, 5, 17, 22, 19, 12],
        "conflict_fields": [{"name": "severity", "label": "Severity", "yours": "High", "theirs": "Medium"}],
        "key_hints": [(("j", "k"), "move"), (("x",), "select"), (("?",), "keys")],
    }
