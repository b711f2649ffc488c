"""Tuning rules for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import User
from accounts.once import once
from alerts.api import with_address
from alerts.choices import Classification, Determination, Severity
from alerts.models import Alert
from alerts.queries.plain import plain_alerts
from alerts.shapes import ALERT
from common.api_lists import ABOUT_KEYS, NEXT_SHAPE, following, limit_of, one_of
from common.bodies import LARGEST_ID, Body, checked_as_sent
from common.endpoints import Endpoint
from common.fields import SHORT_TEXT
from common.preconditions import based_on, seen_of, with_tag
from common.shapes import (
    answer,
    changes,
    choice,
    flag,
    link,
    list_of,
    looked_up,
    moment,
    needed,
    or_null,
    tagged,
    text,
)
from common.wildcards import LONGEST_PATTERN, MOST_PATTERNS
from incidents.api.lookup import actor_of
from ingest.choices import TuningAction
from ingest.commands import TuningValues, change_tuning_rule, create_tuning_rule, delete_tuning_rule
from ingest.commands.tuning_rules import LONGEST_TAG, MOST_TAGS, checked
from ingest.models import TuningRule
from ingest.queries.plain import plain_tuning_rules
from ingest.shapes import CONDITIONS as CONDITIONS_SENT
from ingest.shapes import TUNING_RULE
from ingest.tuning import FIELDS as CONDITIONS
from ingest.tuning_values import LONGEST_NAME, LONGEST_REASON

MANAGE = Permission.MANAGE_RULES
VALUES = looked_up(
    changes(
        name=needed(text(most=LONGEST_NAME)).shape,
        action=choice(TuningAction),
        conditions=CONDITIONS_SENT,
        tags=list_of(text(most=LONGEST_TAG), most=MOST_TAGS),
        classification=choice(Classification),
        determination=choice(Determination, "one that fits the classification"),
        reason=needed(text(most=LONGEST_REASON)).shape,
        owner=needed(text("a username", most=SHORT_TEXT)).shape,
        expires=or_null(moment("null: never")),
        is_on=flag(),
    )
)
"""What has to be said of a new one is told by name; here nothing is needed, since a change says what it changes."""
FIELDS = VALUES.names
PATHS = {"expires_on": "expires", **{name: f"conditions.{name}" for name in CONDITIONS}}
"""What the command calls a field → where the body has it."""


class TuningRulesView(Endpoint):
    """All tuning rules by name, each with how many alerts it caught that one may see. POST makes one that holds for
    alerts from then on:

        {"name": "Lab scans", "action": "resolve", "conditions": {"title": ["Port scan*"], "entity": ["device:lab-*"]},
         "reason": "The lab scans itself.", "owner": "ana", "expires": "2027-01-31T00:00:00Z"}

    `expires` null says that it never does, which has to be said.
    """

    needs = {"GET": MANAGE, "HEAD": MANAGE, "POST": MANAGE}
    takes = {"POST": VALUES}
    gives = {"GET": answer("TuningRules", rules=list_of(TUNING_RULE)), "POST": {201: tagged(TUNING_RULE)}}

    def get(self, request: Request) -> Response:
        """List tuning rules."""
        rules = list(kept().order_by("name", "pk"))
        return Response({"rules": plain_tuning_rules(rules, principal_of(request))})

    def post(self, request: Request) -> HttpResponse:
        """Make a tuning rule."""
        with self.body(request) as body:
            values = read_tuning(body, None)
        values = checked_as_sent(lambda: checked(values), PATHS)

        def act() -> Response:
            return rule_answer(request, create_tuning_rule(values, actor=actor_of(request)), status=201)

        return once(request, act)


class TuningRuleView(Endpoint):
    """One tuning rule. PATCH changes what it names, `{"is_on": false}` among it; DELETE ends it for good, and what it
    caught stays as it is. Both take If-Match."""

    needs = {"GET": MANAGE, "HEAD": MANAGE, "PATCH": MANAGE, "DELETE": MANAGE}
    takes = {"PATCH": VALUES}
    gives = {"GET": tagged(TUNING_RULE), "PATCH": tagged(TUNING_RULE), "DELETE": {204: None}}
    versioned = ("PATCH", "DELETE")

    def get(self, request: Request, number: int) -> Response:
        """Read a tuning rule."""
        return rule_answer(request, rule_or_404(number))

    def patch(self, request: Request, number: int) -> Response:
        """Change a tuning rule."""
        found = rule_or_404(number)
        base = based_on(seen_of(request), found.version)
        with self.body(request) as body:
            values = read_tuning(body, found)
        has_new_end = values.expires_at != found.expires_at
        values = checked_as_sent(lambda: checked(values, is_new=has_new_end), PATHS)
        return rule_answer(request, change_tuning_rule(found, values, based_on=base, actor=actor_of(request)))

    def delete(self, request: Request, number: int) -> Response:
        """Delete a tuning rule."""
        found = rule_or_404(number)
        based_on(seen_of(request), found.version)
        delete_tuning_rule(found, actor=actor_of(request))
        return Response(status=204)


class CaughtAlertsView(Endpoint):
    """The alerts that a rule caught, as far as one may see them, the latest first."""

    needs = {"GET": MANAGE, "HEAD": MANAGE}
    keys = {"GET": {"after": looked_up(ABOUT_KEYS["after"]), "limit": ABOUT_KEYS["limit"]}}
    gives = {"GET": answer("CaughtAlerts", alerts=list_of(ALERT), next=NEXT_SHAPE, page=link())}

    def get(self, request: Request, number: int) -> Response:
        """List the alerts that a tuning rule caught."""
        rule, limit, after = rule_or_404(number), limit_of(request.query_params), one_of(request.query_params, "after")
        if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
            raise ValidationError({"after": ["The link to this page is damaged; start from the first."]})
        principal = principal_of(request)
        rows = Alert.objects.visible_to(principal).filter(tuned_by=rule.pk)
        rows = rows.filter(pk__lt=int(after)) if after else rows
        ids: Sequence[int] = list(rows.order_by("-pk").values_list("pk", flat=True)[: limit + 1])
        alerts = [with_address(alert, request) for alert in plain_alerts(ids[:limit], principal)]
        rest = following(request, str(ids[limit - 1]) if len(ids) > limit else "")
        page = request.build_absolute_uri(reverse("tuning:rule", args=[rule.pk]))
        return Response({"alerts": alerts, "next": rest, "page": page})


def kept() -> QuerySet[TuningRule]:
    return TuningRule.objects.kept().select_related("owner__role")


def rule_or_404(number: int) -> TuningRule:
    found = kept().filter(pk=min(number, LARGEST_ID)).first()
    if found is None:
        raise Http404
    return found


def rule_answer(request: Request, rule: TuningRule, *, status: int = 200) -> Response:
    (told,) = plain_tuning_rules([rule], principal_of(request))
    return with_tag(Response(told, status=status), rule.version)


def read_tuning(body: Body, present: TuningRule | None) -> TuningValues:
    """What a body says of a rule, upon what it is; of a new one it has to say what it does, why, who answers for it and
    until when."""
    is_new = present is None
    was = _values_of(present) if present else None
    owner = _owner(body, was)
    conditions = read_conditions(body, required=is_new)
    if is_new and not body.says("expires"):
        body.fail("expires", "Say until when it holds: a time, or null for never.")
    is_on = body.flag("is_on")
    read = TuningValues(
        name=body.text("name", LONGEST_NAME, required=is_new or body.says("name")),
        action=body.term("action", TuningAction, None if was is None or body.says("action") else was.action),
        conditions=conditions,
        reason=body.text("reason", LONGEST_REASON, required=is_new or body.says("reason")),
        owner=owner,  # type: ignore[arg-type]
        expires_at=body.time("expires"),
        tags=body.texts("tags", MOST_TAGS, LONGEST_TAG),
        classification=body.term("classification", Classification, Classification.NOT_SET),
        determination=body.term("determination", Determination, Determination.NOT_SET),
        is_on=True if is_on is None else is_on,
    )
    if was is None:
        return read
    said = {name: getattr(read, name) for name in FIELDS if name != "expires" and body.says(name)}
    if body.says("classification") and not body.says("determination"):
        said["determination"] = Determination.NOT_SET
    return replace(was, **said, expires_at=read.expires_at if body.says("expires") else was.expires_at)


def read_conditions(body: Body, *, required: bool) -> dict[str, list[str]]:
    """Field → patterns, as a body has them."""
    fields = body.inside("conditions", CONDITIONS_SENT, "conditions")
    if fields is None:
        if required:
            body.fail(body.at("conditions"), 'Say which alerts it catches, such as {"title": ["Port scan*"]}.')
        return {}
    severities = list(fields.terms("severity", Severity, len(Severity)))
    texts = [name for name in CONDITIONS if name != "severity"]
    return {name: list(fields.texts(name, MOST_PATTERNS, LONGEST_PATTERN)) for name in texts} | {"severity": severities}


def _owner(body: Body, was: TuningValues | None) -> User | None:
    if was is not None and not body.says("owner"):
        return was.owner
    word = body.text("owner", required=True)
    found = User.objects.filter(is_active=True, username=word.lower()).select_related("role").first() if word else None
    if word and found is None:
        body.fail("owner", f"There is nobody called “{word[:60]}”; give a username.")
    return found


def _values_of(rule: TuningRule) -> TuningValues:
    return TuningValues(
        rule.name,
        TuningAction(rule.action),
        rule.conditions,
        rule.reason,
        rule.owner,
        rule.expires_at,
        tuple(rule.tags),
        Classification(rule.classification),
        Determination(rule.determination),
        rule.is_on,
    )
