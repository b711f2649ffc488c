"""Evidence that no alert tells of, wherever evidence is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from alerts.choices import Verdict
from alerts.models import Evidence
from entities import identity
from incidents.commands import add_evidence
from incidents.models import Incident
from tests.conftest import alert, device, opened


@pytest.fixture
def grown(incident: Incident, ana: User) -> Incident:
    found = [identity.domain("byhand.example"), identity.device(hostname="lab-ws-01")]
    add_evidence(incident, found, actor=ana.as_actor(), verdict=Verdict.MALICIOUS, note="From the proxy.")
    return incident


def test_every_page_that_reads_evidence_has_it_or_does_without(
    grown: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    for tab in ("overview", "story", "alerts", "assets", "evidence", "similar", "activity", "details"):
        assert client.get(reverse(f"incidents:{tab}", args=[grown.pk])).status_code in (200, 302), tab
    for row in Evidence.objects.filter(alert=None).select_related("entity"):
        for page in ("", "timeline/", "incidents/"):
            assert client.get(f"/entities/{row.entity.kind}/{row.entity_id}/{page}").status_code == 200, page
    assert client.get("/alerts/", {"entity": "byhand.example", "status": "any"}).status_code == 200
    assert client.get("/api/v1/incidents/", {"entity": "byhand.example"}).status_code == 200


def test_the_incident_is_found_by_it(grown: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    for query in ({"entity": "byhand.example"}, {"q": "byhand.example"}, {"q": "entity:lab-ws-01"}):
        assert client.get(reverse("incidents:queue"), query).content.decode().count("<tr data-row") == 1, query


def test_later_alerts_join_by_it(grown: Incident) -> None:
    later = opened(alert("later", at=timezone.now(), entities=(device("lab-ws-01"),)))
    assert later.pk == grown.pk
