"""Critical assets for programs: what a person says of one, and the classifications."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from accounts.models import User
from activity.models import Entry
from entities.models import AssetClassification, Entity
from incidents.commands import restrict
from incidents.models import Incident
from tests.calls import Program, script
from tests.conftest import alert, device, opened

NEW = {"name": "Plant", "level": "high", "kinds": ["device"], "names": ["fin-*"]}


def test_one_asset_is_called_critical_by_who_manages_rules(
    incident: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    secret = opened(alert("9", entities=(device("hidden-9"),)))
    lead, analyst, path = Program(sign_in(lee)), script("analyst"), "entities/device/fin-ws-17/criticality/"
    nobody_says = {"level": None, "said_by": None, "classification": None, "is_denied": False}
    assert analyst.get(path) == nobody_says
    assert analyst.ask("PUT", path, {"level": "high"}).status == analyst.ask("DELETE", path).status == 403
    said = lead.ask("PUT", path, {"level": "very_high"})
    assert said.body == {"level": "very_high", "said_by": "person", "classification": None, "is_denied": False}
    assert Entry.objects.get(verb="entity.criticality_set").channel == "api"
    assert analyst.get("entities/device/fin-ws-17/")["criticality"] == said.body
    assert lead.ask("PUT", path, {"level": "none"}).body["is_denied"] is True
    assert set(lead.ask("PUT", path, {"level": "huge", "why": "x"}).fields) == {"level", "why"}
    assert lead.ask("DELETE", path).body == nobody_says
    restrict(secret, [lee], actor=lee.as_actor())
    hidden = f"entities/device/{Entity.objects.get(name='hidden-9').pk}/criticality/"
    assert script("lead").ask("PUT", hidden, {"level": "high"}).status == 404
    assert lead.ask("PUT", hidden, {"level": "high"}).status == 200


def test_classifications_are_read_tried_changed_and_ended(
    incident: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    lead, path = Program(sign_in(lee)), "asset-classifications/"
    assert script("analyst").ask("GET", path).status == 403
    shown = lead.get(path)
    assert (len(shown["classifications"]), shown["reassessment"]) == (AssetClassification.objects.count(), None)
    looked = lead.ask("POST", f"{path}preview/", NEW)
    assert (looked.body["assets"], looked.body["named"][0]["name"]) == (1, "fin-ws-17")
    assert looked.body["incidents_tagged"] == {"count": 1, "is_exact": True}
    added = lead.ask("POST", path, NEW, key="one")
    assert (added.status, added.body["is_on"], added.body["version"]) == (201, True, 1)
    assert lead.ask("POST", path, NEW, key="one") == added
    assert lead.ask("POST", path, NEW).status == 409
    for body, fields in (
        ({"name": "x", "level": "high"}, {"kinds"}),
        ({"level": "huge", "kinds": ["toaster"], "groups": "x"}, {"name", "level", "kinds[0]", "groups"}),
        ({**NEW, "kinds": ["ip"]}, {"kinds"}),
        ({**NEW, "names": []}, {"names"}),
        ({**NEW, "attributes": ["vip"]}, {"attributes"}),
    ):
        assert set(lead.ask("POST", path, body).fields) == fields, body

    one = f"{path}{added.body['number']}/"
    assert lead.ask("PATCH", one, {"is_on": False}).status == 428
    off = lead.ask("PATCH", one, {"is_on": False}, tag=added.tag)
    assert (off.body["is_on"], off.body["names"], off.tag) == (False, ["fin-*"], '"2"')
    stale = lead.ask("PATCH", one, {"level": "low"}, tag=added.tag)
    assert (stale.status, stale.body["version"]) == (412, 2)
    assert lead.get(path)["reassessment"]["is_over"] is False
    built_in = AssetClassification.objects.get(slug="executives").pk
    assert lead.ask("DELETE", f"{path}{built_in}/", tag="*").status == 409
    assert lead.ask("DELETE", one, tag=added.tag).status == 412
    assert lead.ask("DELETE", one, tag=off.tag).status == 204
    assert lead.ask("GET", one).status == 404
