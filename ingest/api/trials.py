"""Trials for programs that speak for a person: a rule tried on stored alerts, before it holds for new ones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import person_of
from accounts.choices import Permission
from accounts.models import User
from accounts.once import once
from common.bodies import Body, checked_as_sent
from common.endpoints import NOTHING, Endpoint
from common.shapes import (
    anything,
    choice,
    looked_up,
    needed,
    number,
    placed,
    sent,
    table_of,
    under_way,
)
from ingest.api.correlation import fields_of, found_or_404, read_rule
from ingest.api.tuning import PATHS, read_conditions, rule_or_404
from ingest.choices import TrialOf
from ingest.commands import cancel_trial
from ingest.commands.correlation_rules import checked
from ingest.commands.trials import SPANS
from ingest.commands.tuning_rules import checked_conditions
from ingest.models import Trial
from ingest.queries.plain import plain_trial
from ingest.shapes import TRIAL
from ingest.views.trials import started

MANAGE = Permission.MANAGE_RULES
WHOSE = "Trials"
POLL_AFTER = "2"
"""Seconds after which asking again makes sense."""

TRIED = looked_up(
    sent(
        of=needed(choice(TrialOf)),
        rule=anything("a correlation rule by its slug, a tuning rule by its number, or none that is there"),
        values=needed(table_of(anything(), "those of a PATCH of the rule")),
        days=number("1, 7 or 30", least=min(SPANS), most=max(SPANS)),
    )
)


class TrialsView(Endpoint):
    """Try a rule on the alerts of the last `days` (1, 7 or 30):

        {"of": "correlation", "rule": "same_device", "values": {"window_minutes": 60}, "days": 7}
        {"of": "tuning", "rule": 3, "values": {"conditions": {"title": ["Port scan*"]}}, "days": 30}

    `values` are those of a PATCH of the rule; a tuning rule that is not there yet has no `rule`. 202 with Location and
    Retry-After while it goes on, 200 where it is over already.
    """

    needs = {"POST": MANAGE}
    takes = {"POST": TRIED}
    gives = {"POST": {200: placed(TRIAL), 202: under_way(placed(TRIAL))}}

    def post(self, request: Request) -> HttpResponse:
        """Try a rule."""
        user = person_of(request, WHOSE)
        of, subject, values, days = _read(request.data)
        return once(request, lambda: trial_answer(request, started(of, subject, values, days=days, user=user), user))


class TrialView(Endpoint):
    """How far one's own trial is; once it is over, what the rule would do, as far as one may see it."""

    needs = {"GET": MANAGE, "HEAD": MANAGE}
    gives = {"GET": TRIAL}

    def get(self, request: Request, number: UUID) -> Response:
        """See how far a trial is."""
        user = person_of(request, WHOSE)
        return Response(plain_trial(own_or_404(user, number), user))


class CancelTrialView(Endpoint):
    """Let a trial end. Answers it as it is then."""

    needs = {"POST": MANAGE}
    takes = {"POST": NOTHING}
    gives = {"POST": TRIAL}

    def post(self, request: Request, number: UUID) -> HttpResponse:
        """Cancel a trial."""
        user = person_of(request, WHOSE)
        found = own_or_404(user, number)
        self.body(request).check()

        def act() -> Response:
            cancel_trial(found)
            return Response(plain_trial(own_or_404(user, number), user))

        return once(request, act)


def own_or_404(user: User, number: UUID) -> Trial:
    found = Trial.objects.filter(pk=number, user=user).first()
    if found is None:
        raise Http404
    return found


def trial_answer(request: Request, trial: Trial, user: User) -> Response:
    answer = Response(plain_trial(trial, user), status=200 if trial.is_over else 202)
    answer["Location"] = request.build_absolute_uri(reverse("api:trial", args=[trial.pk]))
    if not trial.is_over:
        answer["Retry-After"] = POLL_AFTER
    return answer


def _read(data: Any) -> tuple[TrialOf, str, dict[str, Any], int]:
    """What is tried, of which rule, as what, and on how many days."""
    with Body(data, TRIED) as body:
        of = body.term("of", TrialOf)
        days = body.integer("days", min(SPANS), max(SPANS)) if body.has("days") else 7
        if days is not None and days not in SPANS:
            body.fail("days", f"Choose one of {', '.join(map(str, SPANS))} days.")
        slug = body.text("rule", required=True) if of == TrialOf.CORRELATION else ""
        number = body.id("rule") if of == TrialOf.TUNING else None
        if not body.has("values"):
            body.fail("values", "Say what the rule would be, as in a PATCH of it.")
    assert days is not None  # a number that does not fit has been refused
    if of == TrialOf.CORRELATION:
        present, place, _ = found_or_404(slug)
        with Body(data["values"], fields_of(present), nulls=(), path="values") as body:
            rule, wanted_place = read_rule(body, present, place)
        paths = {name: f"values.{name}" for name in fields_of(present)}
        rule = checked_as_sent(lambda: checked(rule, wanted_place), paths)
        return of, slug, rule.as_values() | {"place": wanted_place}, days
    if number is not None:
        rule_or_404(number)
    with Body(data["values"], ("conditions",), nulls=(), path="values") as body:
        conditions = read_conditions(body, required=True)
    paths = {name: f"values.{path}" for name, path in PATHS.items()}
    kept = checked_as_sent(lambda: checked_conditions(conditions), paths)
    return of, str(number) if number else "", {"conditions": kept}, days
