"""Correlation rules for programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import Permission
from accounts.once import once
from alerts.choices import Severity
from common.bodies import Body
from common.endpoints import NOTHING, Endpoint
from common.preconditions import based_on, seen_of, with_tag
from common.shapes import (
    answer,
    changes,
    choice,
    flag,
    list_of,
    looked_up,
    number,
    tagged,
    text,
)
from common.wildcards import LONGEST_PATTERN, MOST_PATTERNS
from incidents.api.lookup import actor_of
from ingest.commands import change_correlation_rule, reset_correlation_rule
from ingest.correlation import SHIPPED, JoinRule
from ingest.correlation.join_rules import LONGEST_WINDOW
from ingest.models import CorrelationRule
from ingest.queries.plain import plain_correlation_rule, plain_correlation_rules
from ingest.rulebook import join_rules
from ingest.shapes import CORRELATION_RULE

MANAGE = Permission.MANAGE_RULES
EXCLUDED = ("excluded_sources", "excluded_detectors", "excluded_entities")
MOST_MINUTES = round(LONGEST_WINDOW.total_seconds() / 60)
WORDS = looked_up(list_of(text("* stands for anything", most=LONGEST_PATTERN), most=MOST_PATTERNS))
CHANGES = changes(
    place=looked_up(number("from 2 on; the senders' own grouping is the first", least=1, most=len(SHIPPED.rules))),
    is_on=flag(),
    window_minutes=looked_up(number(least=1, most=MOST_MINUTES)),
    minimum_severity=choice(Severity),
    **dict.fromkeys(EXCLUDED, WORDS),
)
FIELDS = CHANGES.names


class CorrelationRulesView(Endpoint):
    """All rules by which alerts join incidents, in the order in which they are tried."""

    needs = {"GET": MANAGE, "HEAD": MANAGE}
    gives = {"GET": answer("CorrelationRules", rules=list_of(CORRELATION_RULE))}

    def get(self, request: Request) -> Response:
        """List correlation rules."""
        return Response({"rules": plain_correlation_rules()})


class CorrelationRuleView(Endpoint):
    """One rule. PATCH changes what it names, with If-Match: `place` (from 2 on; the senders' own grouping is the
    first), `is_on`, `window_minutes`, `minimum_severity`, and patterns of what it leaves aside. It holds for alerts
    from then on."""

    needs = {"GET": MANAGE, "HEAD": MANAGE, "PATCH": MANAGE}
    takes = {"PATCH": CHANGES}
    gives = {"GET": tagged(CORRELATION_RULE), "PATCH": tagged(CORRELATION_RULE)}
    versioned = ("PATCH",)

    def get(self, request: Request, slug: str) -> Response:
        """Read a correlation rule."""
        return rule_answer(slug)

    def patch(self, request: Request, slug: str) -> Response:
        """Change a correlation rule."""
        present, place, stored = found_or_404(slug)
        base = based_on(seen_of(request), stored.version if stored else 1)
        with Body(request.data, fields_of(present), nulls=()) as body:
            wanted, wanted_place = read_rule(body, present, place)
        actor = actor_of(request)
        change_correlation_rule(wanted, wanted_place, based_on=base, actor=actor)
        return rule_answer(slug)


class ResetCorrelationRuleView(Endpoint):
    """Give a rule the values and the place that it was shipped with."""

    needs = {"POST": MANAGE}
    takes = {"POST": NOTHING}
    gives = {"POST": tagged(CORRELATION_RULE)}

    def post(self, request: Request, slug: str) -> HttpResponse:
        """Reset a correlation rule."""
        found_or_404(slug)
        with self.body(request):
            actor = actor_of(request)

        def act() -> Response:
            reset_correlation_rule(slug, actor=actor)
            return rule_answer(slug)

        return once(request, act)


def found_or_404(slug: str) -> tuple[JoinRule, int, CorrelationRule | None]:
    """A rule, its place counted from 0, and its row, which one that nobody has ever changed may not have."""
    if slug not in SHIPPED.slugs:
        raise Http404
    rules = join_rules()
    return rules[slug], rules.position_of(slug), CorrelationRule.objects.filter(slug=slug).first()


def rule_answer(slug: str) -> Response:
    told = plain_correlation_rule(*found_or_404(slug))
    return with_tag(Response(told), told["version"])


def fields_of(rule: JoinRule) -> tuple[str, ...]:
    """What can be said of it: the senders' own grouping goes by no entity."""
    return (
        FIELDS
        if rule.kind
        else tuple(name for name in FIELDS if name not in ("place", "window_minutes", "excluded_entities"))
    )


def read_rule(body: Body, present: JoinRule, place: int) -> tuple[JoinRule, int]:
    """The rule that a body describes upon what it is, and its place counted from 0."""
    minutes = body.integer("window_minutes", 1, MOST_MINUTES)
    wanted_place = body.integer("place", 1, len(SHIPPED.rules))
    is_on = body.flag("is_on")
    patterns = {name: body.texts(name, MOST_PATTERNS, LONGEST_PATTERN) for name in EXCLUDED if body.says(name)}
    wanted = replace(
        present,
        window=present.window if minutes is None else timedelta(minutes=minutes),
        is_on=present.is_on if is_on is None else is_on,
        minimum_severity=body.term("minimum_severity", Severity, present.minimum_severity),
        **patterns,  # type: ignore[arg-type]
    )
    return wanted, place if wanted_place is None else wanted_place - 1
