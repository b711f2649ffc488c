"""A tour of the API: every operation once, in an order in which each finds what it is about.

What is asked and answered on it are the examples of the document; the things that it leaves behind are what the fuzz
asks about.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from exports.archive import write_archive
from exports.models import IncidentExport
from exports.tasks import make_export
from incidents.tasks import carry_out
from portal.api_docs.document import document
from tests.conftest import alert, device, opened, taken_back
from tests.described import documented
from tests.incidents.uploads import image

ROOT = "/api/v1/"
IF_MATCH, KEY = "If-Match", "Idempotency-Key"


@dataclass
class Example:
    """One request, and what it was answered."""

    method: str
    template: str
    path: str
    """As it was asked, with its query."""
    places: dict[str, Any]
    """What stands in the address's variable parts."""
    headers: dict[str, str]
    body: Any
    """None where none was sent, {"file": its name} for a form."""
    status: int
    answer: Any
    """None where it is no JSON."""
    answered_by: str
    """The media type of the answer."""


@dataclass
class Tour:
    """A person on tour. Each call must go well, and is kept under its method and address."""

    client: Client
    examples: dict[str, Example] = field(default_factory=dict)

    def get(self, template: str, query: str = "", **places: Any) -> Any:
        return self.ask("GET", template, query=query, **places)

    def post(self, template: str, body: Any = None, **places: Any) -> Any:
        return self.ask("POST", template, {} if body is None else body, **places)

    def put(self, template: str, body: Any, **places: Any) -> Any:
        return self.ask("PUT", template, body, **places)

    def patch(self, template: str, body: Any, **places: Any) -> Any:
        return self.ask("PATCH", template, body, **places)

    def delete(self, template: str, body: Any = None, **places: Any) -> Any:
        return self.ask("DELETE", template, body, **places)

    def send(self, template: str, name: str, content: bytes, query: str = "", **places: Any) -> Any:
        """A file, as a form."""
        form = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile(name, content)})
        return self.ask("POST", template, {"file": name}, query=query, sent=form, media=MULTIPART_CONTENT, **places)

    def ask(
        self,
        method: str,
        template: str,
        body: Any = None,
        *,
        query: str = "",
        sent: bytes | None = None,
        media: str = "application/json",
        **places: Any,
    ) -> Any:
        path = ROOT + template.format(**places) + (f"?{query}" if query else "")
        operation = document()["paths"][ROOT + template][method.lower()]
        takes = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        data = sent if sent is not None else b"" if body is None else json.dumps(body).encode()

        def called(headers: dict[str, str]) -> Any:
            return self.client.generic(method, path, data, content_type=media, headers=headers)

        headers = {}
        if IF_MATCH in takes:
            assert called({}).status_code == 428, f"{method} {path} asks for no version"
            headers[IF_MATCH] = "*"
        if KEY in takes:
            headers[KEY] = str(uuid4())
        answer = called(headers)
        told = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert 200 <= answer.status_code < 300, f"{method} {path} → {answer.status_code} {told[:2000]!r}"
        answered_by = answer.get("Content-Type", "").partition(";")[0]
        found = json.loads(told) if answered_by == "application/json" else None
        if KEY in takes:
            again = called(headers)
            assert (again.status_code, again.content) == (answer.status_code, told), f"{method} {path} is done twice"
            assert again["Idempotency-Replayed"] == "true"
        assert documented(ROOT + template, method, answer.status_code)
        name = f"{method} {ROOT}{template}"
        self.examples[name] = Example(
            method, ROOT + template, path, places, headers, body, answer.status_code, found, answered_by
        )
        return found


def native(number: str, title: str, device: str, **more: Any) -> dict[str, Any]:
    """An alert in our own format."""
    return {
        "source": "mail-gateway",
        "external_id": f"mg-{number}",
        "title": title,
        "severity": "high",
        "first_activity": "2026-11-02T09:30:00Z",
        "categories": ["execution"],
        "evidence": [
            {"type": "device", "hostname": device, "roles": ["compromised"]},
            {"type": "user", "upn": "jo@contoso.example"},
        ],
        **more,
    }


def arrive(tour: Tour) -> None:
    """What is there to be worked on: alerts, incidents, and all that hangs on them."""
    sent = tour.post(
        "alerts/",
        [
            native("1", "Macro started PowerShell", "fin-ws-17", techniques=["T1059.001"]),
            native("2", "Shadow copies deleted", "fin-ws-17", categories=["impact"]),
        ],
    )
    alert, number = sent["results"][0]["alert"], sent["results"][0]["incident"]
    others = [alone(tour, str(place), f"Password spray on door {place}", f"door-{place}") for place in (3, 4, 5)]
    tour.get("alerts/", "severity=high")
    tour.get("alerts/{number}/", "with=raw", number=alert)
    changed = tour.patch("alerts/{number}/", {"status": "in_progress"}, number=alert)
    tour.post("alerts/undo/", {"act": changed["act"]})
    wish = {"target": {"alerts": [alert]}, "changes": {"classification": "true_positive", "determination": "malware"}}
    preview = tour.post("alerts/bulk/preview/", wish)
    tour.post("alerts/bulk/", wish | {"seen": preview["seen"]})

    tour.get("incidents/", "severity=high&sort=-last_activity&limit=2&count=capped")
    tour.get("incidents/{number}/", number=number)
    changed = tour.patch("incidents/{number}/", {"severity": "medium", "add_tags": ["phishing"]}, number=number)
    tour.post("incidents/{number}/undo/", {"act": changed["act"]}, number=number)
    finding = {"classification": "true_positive", "determination": "malware"}
    tour.post("incidents/{number}/classify-like-these/", finding, number=number)
    tour.post("incidents/{number}/snooze/", {"preset": "tomorrow"}, number=number)
    tour.post("incidents/{number}/wake/", number=number)
    tour.post("incidents/{number}/follow/", number=number)
    tour.post("incidents/{number}/unfollow/", number=number)
    said = tour.post("incidents/{number}/comments/", {"text": "The mail came from **outside**."}, number=number)
    comment = {"number": number, "sequence": said["number"]}
    tour.get("incidents/{number}/comments/{sequence}/", **comment)
    tour.patch("incidents/{number}/comments/{sequence}/", {"text": "The mail came from inside."}, **comment)
    tour.get("incidents/{number}/activity/", "sort=newest&limit=2", number=number)
    tour.get("incidents/{number}/as-of/", number=number)
    tour.get("incidents/{number}/similar/", number=number)
    tour.get("incidents/{number}/alerts/", "limit=1", number=number)
    tour.get("incidents/{number}/assets/", number=number)
    found = {"items": [{"kind": "domain", "value": "evil.example"}], "verdict": "suspicious"}
    added = tour.post("incidents/{number}/evidence/", found, number=number)
    entity = added["items"][0]["entity"]
    judged = {"entities": [entity], "verdict": "malicious"}
    tour.patch("incidents/{number}/evidence/", judged, number=number)
    tour.get("incidents/{number}/evidence/", number=number)
    task = tour.post("incidents/{number}/tasks/", {"title": "Isolate fin-ws-17"}, number=number)["id"]
    tour.post("incidents/{number}/tasks/", {"title": "Ask Jo", "due": "2027-01-31T12:00:00Z"}, number=number)
    tour.get("incidents/{number}/tasks/", number=number)
    tour.get("incidents/{number}/tasks/{task}/", number=number, task=task)
    tour.patch("incidents/{number}/tasks/{task}/", {"state": "completed"}, number=number, task=task)
    tour.post("incidents/{number}/tasks/{task}/move/", {"direction": "down"}, number=number, task=task)
    file = tour.send("incidents/{number}/attachments/", "screen.png", image(), number=number)
    tour.get("incidents/{number}/attachments/", number=number)
    tour.get("attachments/{number}/", number=file["id"])
    tour.get("incidents/{number}/restriction/", number=number)
    tour.get("tags/", "kind=custom")

    wish = {"target": {"incidents": [others[0]["incident"]]}, "changes": {"add_tags": ["wave"], "comment": "One wave."}}
    preview = tour.post("incidents/bulk/preview/", wish)
    act = tour.post("incidents/bulk/", wish | {"seen": preview["seen"]})
    carry_out(UUID(act["id"]), seconds=30)
    tour.get("acts/")
    tour.get("acts/{act_id}/", act_id=act["id"])
    tour.post("acts/{act_id}/undo/", act_id=act["id"])
    waiting = tour.post("incidents/bulk/", wish)
    tour.post("acts/{act_id}/cancel/", act_id=waiting["id"])

    whole = {"target": number, "sources": [others[0]["incident"]], "reason": "One phishing wave."}
    tour.post("incidents/merge/", whole | {"classification": "true_positive", "determination": "malware"})
    tour.post("incidents/{number}/unmerge/", {"reason": "Another sender."}, number=others[0]["incident"])
    moved = {"alerts": [others[1]["alert"]], "to": number, "comment": "The same intruder."}
    tour.post("alerts/move/", moved)

    leave(tour, number)
    know(tour)
    rule(tour, number)
    govern(tour)
    hook(tour)
    tour.get("schema/")


def alone(tour: Tour, number: str, title: str, device: str) -> dict[str, Any]:
    """An alert that opens an incident of its own."""
    sent = tour.post("alerts/", native(number, title, device, evidence=[{"type": "device", "hostname": device}]))
    found: dict[str, Any] = sent["results"][0]
    return found


def leave(tour: Tour, number: int) -> None:
    """What can be taken out, and brought in."""
    made = tour.post("incidents/{number}/exports/", {"format": "archive"}, number=number)
    make_export(str(made["id"]))
    assert IncidentExport.objects.get(pk=made["id"]).is_ready
    tour.get("exports/")
    tour.get("exports/{export_id}/", export_id=made["id"])
    tour.get("exports/{export_id}/file/", export_id=made["id"])
    for name in ("alerts.csv", "evidence.csv", "log.csv", "incident.json"):
        tour.get(f"incidents/{{number}}/export/{name}", number=number)
    tour.get("incidents/{number}/export/stix.json", "tlp=green", number=number)
    tour.get("incidents/{number}/log/", number=number)
    tour.get("system/log/")
    tour.get("system/activity/", "limit=1")


def know(tour: Tour) -> None:
    """Entities, and how critical they are."""
    device = {"kind": "device", "word": "fin-ws-17"}
    tour.get("entities/", "kind=device&limit=2")
    tour.get("entities/{kind}/{word}/", **device)
    tour.get("entities/{kind}/{word}/alerts/", "limit=1", **device)
    tour.get("entities/{kind}/{word}/incidents/", "limit=1", **device)
    tour.get("entities/{kind}/{word}/timeline/", "limit=1", **device)
    tour.put("entities/{kind}/{word}/criticality/", {"level": "high"}, **device)
    tour.get("entities/{kind}/{word}/criticality/", **device)
    plant = {"name": "Plant", "level": "high", "kinds": ["device"], "names": ["plc-*"]}
    tour.post("asset-classifications/preview/", plant)
    number = tour.post("asset-classifications/", plant)["number"]
    tour.get("asset-classifications/")
    tour.get("asset-classifications/{number}/", number=number)
    tour.patch("asset-classifications/{number}/", {"is_on": False}, number=number)


def rule(tour: Tour, number: int) -> None:
    """Views, templates and rules."""
    saved = tour.post("views/", {"name": "Phishing", "query": "tag=phishing&severity=any"})["slug"]
    tour.get("views/")
    tour.get("views/{slug}/", slug=saved)
    tour.patch("views/{slug}/", {"shared_with": "everyone"}, slug=saved)
    tour.put("views/arrange/", {"order": ["phishing", "open"], "hidden": ["mine"]})
    tour.get("notices/", "unread=yes")
    tour.post("notices/read/")
    kept = {"name": "Malware", "tasks": [{"title": "Isolate", "due_hours": 4}, {"title": "Image the disk"}]}
    template = tour.post("task-templates/", kept)["number"]
    tour.get("task-templates/")
    tour.get("task-templates/{number}/", number=template)
    tour.patch("task-templates/{number}/", {"name": "Malware on a host"}, number=template)
    tour.post("incidents/{number}/tasks/apply/", {"template": template}, number=number)
    tour.get("correlation-rules/")
    tour.get("correlation-rules/{slug}/", slug="same_device")
    tour.patch("correlation-rules/{slug}/", {"window_minutes": 60}, slug="same_device")
    tour.post("correlation-rules/{slug}/reset/", slug="same_device")
    tuned = {
        "name": "Lab scans",
        "action": "resolve",
        "conditions": {"title": ["Port scan*"], "entity": ["device:lab-*"]},
        "reason": "The lab scans itself.",
        "owner": "lee",
        "expires": "2027-01-31T00:00:00Z",
    }
    rule_number = tour.post("tuning-rules/", tuned)["number"]
    tour.get("tuning-rules/")
    tour.get("tuning-rules/{number}/", number=rule_number)
    tour.patch("tuning-rules/{number}/", {"is_on": False}, number=rule_number)
    tour.get("tuning-rules/{number}/alerts/", number=rule_number)
    tried = {"of": "correlation", "rule": "same_device", "values": {"window_minutes": 60}, "days": 7}
    trial = tour.post("trials/", tried)["id"]
    tour.get("trials/{number}/", number=trial)
    tour.post("trials/{number}/cancel/", number=trial)


def govern(tour: Tour) -> None:
    """People, teams, roles and tokens."""
    tour.post("users/", {"username": "mia", "name": "Mia Chen", "role": "analyst"})
    tour.get("users/", "q=mia")
    tour.get("users/{username}/", username="mia")
    tour.patch("users/{username}/", {"name": "Mia Chen-Ruiz"}, username="mia")
    tour.post("teams/", {"name": "Tier 2", "slug": "tier2", "members": ["mia"]})
    tour.get("teams/")
    tour.get("teams/{slug}/", slug="tier2")
    tour.patch("teams/{slug}/", {"name": "Tier two"}, slug="tier2")
    tour.post("roles/", {"name": "Night shift", "permissions": ["see_incidents"]})
    tour.get("roles/")
    tour.get("roles/{slug}/", slug="night-shift")
    tour.patch("roles/{slug}/", {"permissions": ["see_incidents", "export"]}, slug="night-shift")
    token = tour.post("tokens/", {"name": "nightly report", "permissions": ["see_incidents", "export"]})["id"]
    tour.get("tokens/")
    tour.get("tokens/{number}/", number=token)


def hook(tour: Tour) -> None:
    """A webhook and its messages."""
    new = {"name": "SOAR", "address": "https://hooks.example/soc", "groups": ["status"], "query": "severity=high"}
    number = tour.post("webhooks/", new)["id"]
    tour.get("webhooks/")
    tour.get("webhooks/{number}/", number=number)
    tour.patch("webhooks/{number}/", {"name": "Chat"}, number=number)
    tour.post("webhooks/{number}/secret/", number=number)
    tour.post("webhooks/{number}/secret/new/", number=number)
    message = tour.post("webhooks/{number}/test/", number=number)["id"]
    tour.get("webhooks/{number}/deliveries/", "limit=1", number=number)
    tour.get("webhooks/{number}/deliveries/{key}/", number=number, key=message)
    tour.post("webhooks/{number}/deliveries/{key}/replay/", number=number, key=message)
    tour.post("webhooks/{number}/replay/", number=number)


def from_elsewhere() -> bytes:
    """The archive of an incident that is not here."""
    with taken_back(), TemporaryDirectory() as folder:
        path = Path(folder, "incident.zip")
        write_archive(opened(alert("elsewhere", entities=(device("paris-pc-1"),))), None, path)
        return path.read_bytes()


def depart(tour: Tour) -> None:
    """What takes things away, and what hides them from others."""

    def places(name: str) -> dict[str, Any]:
        return tour.examples[f"GET {ROOT}{name}"].places

    number = places("incidents/{number}/")["number"]
    tour.send("incidents/import/", "incident.zip", from_elsewhere(), query="dry_run=1")
    tour.put("incidents/{number}/restriction/", {"members": ["lee"], "reason": "A colleague."}, number=number)
    tour.delete("incidents/{number}/restriction/", {"reason": "It was nobody."}, number=number)
    said = tour.post("incidents/{number}/comments/", {"text": "Jo was ill."}, number=number)
    entry = {"number": number, "sequence": said["number"]}
    tour.post("incidents/{number}/entries/{sequence}/empty/", {"reason": "An illness."}, **entry)
    tour.delete("incidents/{number}/comments/{sequence}/", **places("incidents/{number}/comments/{sequence}/"))
    entity = tour.examples[f"PATCH {ROOT}incidents/{{number}}/evidence/"].body["entities"][0]
    tour.delete("incidents/{number}/evidence/{entity}/", number=number, entity=entity)
    tour.delete("incidents/{number}/tasks/{task}/", **places("incidents/{number}/tasks/{task}/"))
    file = places("attachments/{number}/")
    tour.delete("attachments/{number}/", **file)
    tour.post("attachments/{number}/erase/", {"reason": "A patient's scan."}, **file)
    tour.delete("entities/{kind}/{word}/criticality/", **places("entities/{kind}/{word}/criticality/"))
    for name in ("asset-classifications/{number}/", "views/{slug}/", "task-templates/{number}/"):
        tour.delete(name, **places(name))
    for name in ("tuning-rules/{number}/", "tokens/{number}/", "webhooks/{number}/"):
        tour.delete(name, **places(name))
