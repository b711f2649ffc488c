"""What happened and where the work stands, on a page or two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from alerts.choices import ATTACK_TACTICS, Severity
from alerts.models import Alert
from alerts.rules import in_order_of_attack
from entities.choices import ASSET_KINDS, EntityKind
from exports.choices import Part
from exports.document.brief import Brief, Chunk
from exports.document.paper import on_paper
from exports.document.signs import criticality_in_words, line, severity_in_words, status_in_words
from incidents.choices import IncidentStatus
from incidents.models import Incident
from incidents.queries import detail
from incidents.queries.merging import merged_rows
from incidents.queries.overview import how_related, related_incidents
from incidents.queries.what_happened import facts_of
from incidents.rules import counted
from incidents.what_happened import Facts, Sentence, Target, paragraphs
from incidents.what_happened.phrases import KIND_WORDS

WEIGHT = 90
MOST_CONCERNED = 6
CHAIN_ROW = 7
"""Tactics beside each other."""


class Overview:
    """Sentences, facts and figures."""

    weight = WEIGHT

    def __init__(self, brief: Brief) -> None:
        self.brief = brief

    def chunks(self, most: int) -> Iterator[Chunk]:
        incident = self.brief.incident
        facts = facts_of(incident)
        evidence = detail.evidence_total(incident, sum(alike.count for alike in facts.alike))
        values = {
            "heading": self.brief.heading(Part.OVERVIEW),
            "told": Telling(self.brief, facts).paragraphs(),
            "figures": _figures(incident, evidence),
            "facts": _facts(self.brief),
            "chain": _kill_chain(incident),
            "other_categories": _other_categories(incident),
            "shares": detail.priority_shares(incident),
            "priority": incident.priority,
            "concerned": _most_concerned(facts),
            "related": [_related(self.brief, one) for one in related_incidents(incident, self.brief.reader)],
            "merged": [
                {**row, "name": line(row["name"]), "by": line(row["by"])}
                for row in merged_rows(self.brief.merged, incident)
            ],
            "note": on_paper([incident.resolution_note] if incident.resolution_note else [], self.brief.images),
            "resolved_by": line(incident.resolved_by),
            "resolved_at": self.brief.clock.stamp(incident.resolved_at) if incident.resolved_at else "",
        }
        yield Chunk(render_to_string("exports/report/overview.html", values), self.weight)


class Telling:
    """The sentences of what happened, each paragraph with the places in the report where its evidence stands."""

    def __init__(self, brief: Brief, facts: Facts) -> None:
        self.brief, self.facts = brief, facts
        self.positions = self._positions()

    def paragraphs(self) -> list[SafeString]:
        return [self._paragraph(paragraph) for paragraph in paragraphs(self.facts)]

    def _positions(self) -> dict[int, int]:
        """Of the alerts that sentences name: which number each has among all."""
        named = {step.id: step for step in (self.facts.first, self.facts.gravest, self.facts.leak) if step}
        own = Alert.objects.of_incident(self.brief.incident.pk)
        found = {}
        for number, step in named.items():
            same = own.filter(first_activity=step.began, pk__lte=number)
            found[number] = own.filter(first_activity__lt=step.began).count() + same.count()
        return found

    def _paragraph(self, sentences: list[Sentence]) -> SafeString:
        said = format_html_join(" ", "{}", ((self._sentence(sentence),) for sentence in sentences))
        targets = dict.fromkeys(piece.target for sentence in sentences for piece in sentence if piece.target)
        places = format_html_join(
            " · ", "{}", ((place,) for place in dict.fromkeys(map(self._place, targets)) if place)
        )
        return format_html(
            "<p>{}</p>{}", said, format_html('<p class="places">Evidence: {}</p>', places) if places else ""
        )

    def _sentence(self, sentence: Sentence) -> SafeString:
        return format_html_join(
            "", "{}", ((line(piece.whole or piece.text) if piece.is_foreign else piece.text,) for piece in sentence)
        )

    def _place(self, target: Target) -> SafeString | str:
        """“alert 3”, or the part that lists a thing; nothing where that part was left out."""
        if target.sort == "alert":
            words = f"alert {self.positions[target.id]}" if target.id in self.positions else "alerts"
            return self._link(Part.ALERTS, words)
        if target.sort == "alerts":
            return self._link(Part.ALERTS, "alerts")
        is_asset = target.sort == "assets" or target.sort in ASSET_KINDS
        return self._link(Part.ASSETS, "impacted assets") if is_asset else self._link(Part.EVIDENCE, "evidence")

    def _link(self, part: Part, words: str) -> SafeString | str:
        return format_html('<a href="page:part-{}">{}</a>', part.slug, words) if self.brief.has(part) else ""


def _figures(incident: Incident, evidence: int) -> list[dict[str, str]]:
    done = incident.tasks_total - incident.tasks_open
    return [
        {"number": f"{incident.alerts_total:,}", "label": "alerts", "more": f"{incident.alerts_active:,} active"},
        {"number": f"{sum(incident.asset_counts.values()):,}", "label": "assets", "more": _kinds(incident)},
        {"number": f"{evidence:,}", "label": "pieces of evidence", "more": ""},
        {
            "number": f"{incident.tasks_total:,}",
            "label": "tasks",
            "more": f"{done:,} done" if incident.tasks_total else "",
        },
        {"number": str(incident.priority), "label": "priority", "more": "of 100"},
    ]


def _kinds(incident: Incident) -> str:
    counts = {kind: incident.asset_counts.get(kind, 0) for kind in ASSET_KINDS}
    return ", ".join(counted(number, *KIND_WORDS[kind]) for kind, number in counts.items() if number)


def _facts(brief: Brief) -> list[list[tuple[str, str]]]:
    """Two beside each other."""
    incident, clock = brief.incident, brief.clock
    told = [
        ("Severity", severity_in_words(Severity(incident.severity))),
        ("First activity", clock.stamp(incident.first_activity)),
        ("Status", status_in_words(IncidentStatus(incident.status))),
        ("Last activity", clock.stamp(incident.last_activity)),
        ("Classification", detail.finding(incident)),
        ("Created", clock.stamp(incident.created_at)),
        ("Assignee", line(str(incident.assignee or "Unassigned"))),
        ("Resolved", clock.stamp(incident.resolved_at) if incident.resolved_at else "not yet"),
        ("Sources", ", ".join(map(line, incident.service_sources))),
        ("Tags", ", ".join(line(tag.name) for tag in incident.tags.all())),
        ("Due", clock.stamp(incident.due_at) if incident.due_at else ""),
        ("Snoozed until", clock.stamp(incident.snoozed_until) if incident.snoozed_until else ""),
        ("Merged into", f"incident {incident.redirected_to_id}" if incident.redirected_to_id else ""),
        ("Access", "restricted: seen only by those named" if incident.restricted else ""),
    ]
    known = [(label, value) for label, value in told if value]
    return [known[start : start + 2] for start in range(0, len(known), 2)]


def _kill_chain(incident: Incident) -> list[list[dict[str, Any]]]:
    tactics = [{"label": tactic.label, "is_covered": tactic in incident.categories} for tactic in ATTACK_TACTICS]
    return [tactics[start : start + CHAIN_ROW] for start in range(0, len(tactics), CHAIN_ROW)]


def _other_categories(incident: Incident) -> str:
    others = [slug for slug in incident.categories if slug not in ATTACK_TACTICS]
    return ", ".join(map(line, in_order_of_attack(others)))


def _most_concerned(facts: Facts) -> list[dict[str, Any]]:
    """The assets that most alerts are about."""
    known = [(one, thing) for one in facts.alike if one.kind in ASSET_KINDS for thing in one.things]
    known.sort(key=lambda pair: (-pair[1].alerts, pair[1].id))
    return [
        {
            "name": line(thing.name),
            "kind": EntityKind(one.kind).label,
            "criticality": criticality_in_words(one.criticality),
            "alerts": thing.alerts,
        }
        for one, thing in known[:MOST_CONCERNED]
    ]


def _related(brief: Brief, other: Incident) -> dict[str, Any]:
    return {
        "number": other.pk,
        "name": line(other.name),
        "how": how_related(brief.incident, other),
        "severity": severity_in_words(Severity(other.severity)),
        "status": status_in_words(IncidentStatus(other.status)),
        "finding": detail.finding(other),
        "last": brief.clock.stamp(other.last_activity),
    }
