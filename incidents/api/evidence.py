"""Evidence and assets of an incident, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from alerts.changes import Judgement
from alerts.choices import RemediationStatus, Verdict
from common.api_lists import ABOUT_KEYS, following, limit_of, one_of, without
from common.bodies import LARGEST_ID, LONG, Body
from common.endpoints import Endpoint
from common.errors import Refused
from common.pagination import BadCursor
from common.preconditions import based_on, seen_of, with_tag
from common.query_strings import address, with_values
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
    or_null,
    sent,
    tagged,
    text,
    uuid,
    word_of,
)
from entities.choices import EntityKind
from entities.identity import EntityIdentity, IdentityError
from entities.queries import entities_named
from entities.recognition import ADDABLE, LONGEST_TEXT, Recognised, recognise, refanged
from incidents.api.entities import absolute
from incidents.api.lookup import actor_of, visible_or_404
from incidents.commands import add_evidence, judge_evidence, remove_evidence
from incidents.forms.evidence import LONGEST_LINE
from incidents.models import Incident
from incidents.queries.evidence import chosen_entities
from incidents.queries.evidence_asked import KEYS, LONGEST_SEARCH, Asked, BadQuestion
from incidents.queries.plain import version_of
from incidents.queries.plain_evidence import entities_among, kinds_of, plain_evidence
from incidents.rules import MOST_ADDED, MOST_JUDGED
from incidents.shapes import EVIDENCE_ITEM, found_list

READ = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
EDIT = Permission.EDIT_INCIDENTS
ITEM_FIELDS = ("kind", "value")

ADDED = answer("Added", items=list_of(EVIDENCE_ITEM), added=number(), act=or_null(uuid()), version=number())


def tab_keys(*, assets: bool) -> dict[str, Shape]:
    """The keys of the tab Assets or Evidence."""
    return {
        "type": word_of([*map(str, kinds_of(assets=assets)), ""], "Those of one type."),
        "verdict": word_of([*Verdict.values, ""], "Those with one verdict."),
        "q": text("A part of a name.", most=LONGEST_SEARCH),
        "after": looked_up(ABOUT_KEYS["after"]),
        "limit": ABOUT_KEYS["limit"],
    }


class AssetsView(Endpoint):
    """The devices, users, mailboxes, apps and cloud resources that an incident's alerts are about, those in most alerts
    first. Takes the keys of the tab, `type`, `verdict` and `q`, with `limit` and `next` as every list."""

    needs = READ
    keys = {"GET": tab_keys(assets=True)}
    resource = "Evidence"
    gives = {"GET": tagged(found_list("Assets", "assets"))}

    def get(self, request: Request, number: int) -> Response:
        """List the assets of an incident."""
        incident = visible_or_404(number, principal_of(request))
        return with_tag(Response(evidence_answer(request, incident, assets=True)), incident.version)


class EvidenceView(Endpoint):
    """Everything else that an incident's alerts name, or people have added: files, processes, addresses, messages.

    POST adds some by hand, assets as well: `{"items": [{"kind": "domain", "value": "evil.example"}]}`, or what is
    recognised in a `text`; with `verdict` and `note`. With `"preview": true` it is only recognised. PATCH judges:
    `{"entities": [7, 9], "verdict": "malicious", "remediation_status": "blocked"}`; it takes If-Match with the
    incident's version, and is refused where somebody has judged one of them otherwise since.
    """

    needs = READ | {"POST": EDIT, "PATCH": EDIT}
    keys = {"GET": tab_keys(assets=False)}
    resource = "Evidence"
    takes = {
        "POST": sent(
            items=looked_up(list_of(looked_up(sent(kind=looked_up(text()), value=looked_up(text()))), most=MOST_ADDED)),
            text=looked_up(text("in the place of items: what is recognised in it", most=LONGEST_TEXT)),
            verdict=choice(Verdict),
            note=text(most=LONG),
            preview=flag("true: only recognise, and store nothing"),
        ),
        "PATCH": changes(
            entities=needed(list_of(ident(), most=MOST_JUDGED, least=1)),
            verdict=looked_up(choice(Verdict)),
            remediation_status=looked_up(choice(RemediationStatus)),
        ),
    }
    gives = {
        "GET": tagged(found_list("Evidence", "evidence")),
        "POST": {200: answer("Recognised", items=list_of(EVIDENCE_ITEM)), 201: tagged(ADDED)},
        "PATCH": tagged(answer("Judged", changed=number(), act=or_null(uuid()), version=number())),
    }
    versioned = ("PATCH",)

    def get(self, request: Request, number: int) -> Response:
        """List the evidence of an incident."""
        incident = visible_or_404(number, principal_of(request))
        return with_tag(Response(evidence_answer(request, incident, assets=False)), incident.version)

    def post(self, request: Request, number: int) -> HttpResponse:
        """Add evidence by hand."""
        incident = visible_or_404(number, principal_of(request))
        with self.body(request) as body:
            found = read_items(body)
            verdict = body.term("verdict", Verdict, Verdict.UNKNOWN)
            note = body.text("note", LONG)
            is_preview = bool(body.flag("preview"))
        identities = [one.identity(f"incident:{incident.pk}") for one in found]
        present = entities_here(incident, identities)
        if is_preview:
            return Response({"items": _told(found, present, present)})

        def act() -> Response:
            batch = uuid4()
            added = add_evidence(incident, identities, actor=actor_of(request), verdict=verdict, note=note, batch=batch)
            items = _told(found, present, entities_here(incident, identities))
            return _changed(incident, {"items": items, "added": added}, batch if added else None, status=201)

        return once(request, act)

    def patch(self, request: Request, number: int) -> Response:
        """Judge evidence."""
        incident = visible_or_404(number, principal_of(request))
        base = based_on(seen_of(request), incident.version, of_parts=True)
        with self.body(request) as body:
            entities = body.ids("entities", MOST_JUDGED, required=True)
            judgement = Judgement(
                body.term("verdict", Verdict) if body.says("verdict") else None,
                body.term("remediation_status", RemediationStatus) if body.says("remediation_status") else None,
            )
            if not body.found and not judgement.wishes():
                body.fail("verdict", "Say a verdict or a remediation status.")
        if len(chosen_entities(incident, entities)) < len(entities):
            raise Http404
        batch = uuid4()
        changed = judge_evidence(incident, entities, judgement, actor=actor_of(request), based_on=base, batch=batch)
        return _changed(incident, {"changed": changed}, batch if changed else None)


class AddedEvidenceView(Endpoint):
    """Take an entity out again that somebody added to the incident by hand; what its alerts say stays."""

    needs = {"DELETE": EDIT}
    resource = "Evidence"
    gives = {"DELETE": {204: None}}

    def delete(self, request: Request, number: int, entity: int) -> Response:
        """Take evidence out that was added by hand."""
        incident = visible_or_404(number, principal_of(request))
        if not chosen_entities(incident, [min(entity, LARGEST_ID)]):
            raise Http404
        if not remove_evidence(incident, [entity], actor=actor_of(request)):
            raise Refused("Alerts name it; only what was added by hand can be taken out.")
        return Response(status=204)


def read_items(body: Body) -> list[Recognised]:
    """What a body names, each once: item by item, or recognised in a text."""
    found: dict[Recognised, str] = {}
    for position, fields in enumerate(body.objects("items", MOST_ADDED)):
        fields.refuse_unknown(ITEM_FIELDS, "An item")
        kind, value = fields.term("kind", EntityKind), fields.text("value", LONGEST_LINE, required=True)
        if kind is not None and kind not in ADDABLE:
            body.fail(f"items[{position}].kind", f"Only these can be added by a line: {', '.join(ADDABLE)}.")
        elif kind is not None and value:
            found.setdefault(Recognised(kind, refanged(value)), f"items[{position}].value")
    text = body.text("text", LONGEST_TEXT)
    for one in recognise(text):
        found.setdefault(one, "text")
    if not body.found and not found:
        body.fail("items", "Name what was found in items, or paste a text in which something is recognised.")
    if len(found) > MOST_ADDED:
        body.fail("text", f"{len(found):,} indicators were recognised; {MOST_ADDED} are allowed at once.")
    for one, path in found.items():
        try:
            one.identity(None)
        except IdentityError as error:
            body.fail(path, f"“{one.text[:80]}”: {error.problem}")
    return list(found)


def entities_here(incident: Incident, identities: Sequence[EntityIdentity]) -> list[int | None]:
    """The entity behind each identity, where it is evidence of the incident."""
    known = entities_named(identities)
    present = entities_among(incident.pk, [each for each in known if each])
    return [each if each in present else None for each in known]


def _told(found: Sequence[Recognised], before: Sequence[int | None], now: Sequence[int | None]) -> list[dict[str, Any]]:
    return [
        {"kind": str(one.kind), "value": one.text, "entity": entity, "was_there": was is not None}
        for one, was, entity in zip(found, before, now, strict=True)
    ]


def _changed(incident: Incident, told: dict[str, Any], batch: UUID | None, *, status: int = 200) -> Response:
    """What an act came to, what takes it back, and the incident's version."""
    version = version_of(incident.pk)
    act = str(batch) if batch else None
    return with_tag(Response(told | {"act": act, "version": version}, status=status), version)


def evidence_answer(request: Request, incident: Incident, *, assets: bool) -> dict[str, Any]:
    """The page of a tab that an address asks for. Raises UnknownKeys or ValidationError for one that means nothing."""
    limit, query = limit_of(request.query_params), without(request.query_params, ("limit",))
    for key in KEYS:
        one_of(query, key)
    try:
        asked = Asked.of(query, kinds_of(assets=assets))
    except BadQuestion as error:
        raise ValidationError({error.key: [str(error)]}) from None
    except BadCursor as error:
        raise ValidationError({"after": [str(error)]}) from None
    found = plain_evidence(incident, asked, assets=assets, limit=limit)
    name = "assets" if assets else "evidence"
    path = address(reverse(f"incidents:{name}", args=[incident.pk]), with_values(query))
    return {
        name: found.rows,
        "kinds": found.kinds,
        "next": following(request, found.next),
        "page": absolute(request, path),
        "version": incident.version,
    }
