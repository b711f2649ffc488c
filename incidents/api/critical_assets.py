"""Critical assets for programs: what a person says of one asset, and the classifications."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from common.bodies import LARGEST_ID, Body, checked_as_sent
from common.endpoints import Endpoint
from common.preconditions import based_on, seen_of, with_tag
from common.shapes import (
    Shape,
    answer,
    changes,
    choice,
    flag,
    ident,
    list_of,
    looked_up,
    needed,
    number,
    of,
    or_null,
    sent,
    tagged,
    text,
    word_of,
)
from common.wildcards import LONGEST_PATTERN, MOST_PATTERNS
from entities.choices import ASSET_KINDS, NOT_CRITICAL, Criticality, EntityKind
from entities.commands import delete_classification, save_classification, set_criticality
from entities.models import AssetClassification
from entities.rules import LONGEST_NAME_OF_CLASSIFICATION, ClassificationValues, checked
from incidents.api.entities import OfEntity
from incidents.api.lookup import actor_of
from incidents.queries.critical_assets import NEW, preview
from incidents.queries.plain_entities import plain_criticality
from incidents.queries.plain_rules import (
    plain_classification,
    plain_classifications,
    plain_preview,
    plain_reassessment,
)
from incidents.shapes import CLASSIFICATION, CLASSIFICATION_PREVIEW, CRITICALITY

MANAGE = Permission.MANAGE_RULES
LEVELS = (*Criticality.values, NOT_CRITICAL)
CONDITIONS = ("names", "groups", "attributes")
WORDS = list_of(text(most=LONGEST_PATTERN), most=MOST_PATTERNS)
VALUES = {
    "name": text(most=LONGEST_NAME_OF_CLASSIFICATION),
    "level": choice(Criticality),
    "kinds": list_of(word_of(map(str, ASSET_KINDS)), most=len(EntityKind)),
    "names": of(WORDS, "* stands for anything"),
    "groups": WORDS,
    "attributes": of(WORDS, "key=value"),
    "needs_all": flag("whether all of names, groups and attributes must fit"),
    "is_on": flag(),
}
FIELDS = tuple(VALUES)
# what has to be said of a new one, the command knows
CHANGES = looked_up(changes(**VALUES))
PREVIEWED = looked_up(changes(number=or_null(ident("the one that would be changed")), **VALUES))


class CriticalityView(OfEntity):
    """How critical one asset is. PUT says it, whatever the classifications say: `{"level": "high"}`, or `none` for not
    at all; DELETE gives it back to them. Answers how critical it is then; its open incidents follow in a moment."""

    needs = OfEntity.needs | {"PUT": MANAGE, "DELETE": MANAGE}
    takes = {"PUT": sent(level=needed(word_of(LEVELS)))}
    gives = dict.fromkeys(("GET", "PUT", "DELETE"), CRITICALITY)

    def get(self, request: Request, kind: str, word: str) -> Response:
        """Read how critical an asset is."""
        return Response(plain_criticality(self.entity(request)))

    def put(self, request: Request, kind: str, word: str) -> Response:
        """Say how critical an asset is."""
        entity = self.entity(request)
        with self.body(request) as body:
            level = body.text("level", required=True)
            if level and level not in LEVELS:
                body.fail("level", f"“{level[:60]}” is no level; known are {', '.join(LEVELS)}.")
        return Response(plain_criticality(set_criticality(entity, level, actor=actor_of(request))))

    def delete(self, request: Request, kind: str, word: str) -> Response:
        """Leave it to the classifications how critical an asset is."""
        return Response(plain_criticality(set_criticality(self.entity(request), "", actor=actor_of(request))))


class ClassificationsView(Endpoint):
    """All classifications of critical assets, the most critical first, and how far the last change has been carried out
    (`reassessment`). POST adds one: `{"name": "Plant", "level": "high", "kinds": ["device"], "names": ["plc-*"]}`, with
    `groups`, `attributes` (`key=value`), `needs_all` and `is_on` where they differ from the usual."""

    needs = {"GET": MANAGE, "HEAD": MANAGE, "POST": MANAGE}
    takes = {"POST": CHANGES}
    gives = {
        "GET": answer(
            "AssetClassifications",
            classifications=list_of(CLASSIFICATION),
            reassessment=or_null(answer(cause=text(), is_over=flag(), percent=number())),
        ),
        "POST": {201: tagged(CLASSIFICATION)},
    }

    def get(self, request: Request) -> Response:
        """List classifications of critical assets."""
        return Response({"classifications": plain_classifications(), "reassessment": plain_reassessment()})

    def post(self, request: Request) -> HttpResponse:
        """Add a classification of critical assets."""
        values = _values(request, None)

        def act() -> Response:
            return classification_answer(save_classification(values, actor=actor_of(request)), status=201)

        return once(request, act)


class PreviewView(Endpoint):
    """What a classification would mean, changing nothing: the same body, and `number` where one that is there would be
    changed. Counts what one may see."""

    needs = {"POST": MANAGE}
    takes = {"POST": PREVIEWED}
    gives = {"POST": CLASSIFICATION_PREVIEW}
    keyed = ()

    def post(self, request: Request) -> Response:
        """Count what a classification would mean."""
        with Body(request.data, PREVIEWED) as body:
            number = body.id("number")
        stored = classification_or_404(number) if number else None
        values = _values(request, stored, PREVIEWED)
        return Response(plain_preview(preview(principal_of(request), values, stored.pk if stored else NEW)))


class ClassificationView(Endpoint):
    """One classification. PATCH changes what it names, `{"is_on": false}` among it; DELETE takes it away, unless it
    came with the installation. Both take If-Match."""

    needs = {"GET": MANAGE, "HEAD": MANAGE, "PATCH": MANAGE, "DELETE": MANAGE}
    takes = {"PATCH": CHANGES}
    gives = {"GET": tagged(CLASSIFICATION), "PATCH": tagged(CLASSIFICATION), "DELETE": {204: None}}
    versioned = ("PATCH", "DELETE")

    def get(self, request: Request, number: int) -> Response:
        """Read a classification of critical assets."""
        return classification_answer(classification_or_404(number))

    def patch(self, request: Request, number: int) -> Response:
        """Change a classification of critical assets."""
        found = classification_or_404(number)
        base = based_on(seen_of(request), found.version)
        values = _values(request, found)
        saved = save_classification(values, classification=found, based_on=base, actor=actor_of(request))
        return classification_answer(saved)

    def delete(self, request: Request, number: int) -> Response:
        """Delete a classification of critical assets."""
        found = classification_or_404(number)
        based_on(seen_of(request), found.version)
        delete_classification(found, actor=actor_of(request))
        return Response(status=204)


def classification_or_404(number: int) -> AssetClassification:
    found = AssetClassification.objects.filter(pk=min(number, LARGEST_ID)).first()
    if found is None:
        raise Http404
    return found


def classification_answer(found: AssetClassification, *, status: int = 200) -> Response:
    return with_tag(Response(plain_classification(found), status=status), found.version)


def _values(request: Request, present: AssetClassification | None, taken: Shape = CHANGES) -> ClassificationValues:
    """What the body says of a classification, upon what it is."""
    was = present.values if present else ClassificationValues("", Criticality.HIGH, ())
    with Body(request.data, taken) as body:
        is_new = present is None
        kinds = body.terms("kinds", EntityKind, len(EntityKind))
        values: dict[str, Any] = {
            "name": body.text("name", LONGEST_NAME_OF_CLASSIFICATION, required=is_new or body.says("name")),
            "level": body.term("level", Criticality, None if is_new or body.says("level") else Criticality(was.level)),
            "kinds": [str(kind) for kind in kinds],
            **{name: list(body.texts(name, MOST_PATTERNS, LONGEST_PATTERN)) for name in CONDITIONS},
            "needs_all": body.flag("needs_all"),
            "is_on": body.flag("is_on"),
        }
        if any(kind not in ASSET_KINDS for kind in kinds):
            body.fail("kinds", f"Only assets can be critical: {', '.join(ASSET_KINDS)}.")
    said = {name: value for name, value in values.items() if body.says(name)}
    wanted = ClassificationValues(**{name: said.get(name, getattr(was, name)) for name in FIELDS})
    return checked_as_sent(lambda: checked(wanted))
