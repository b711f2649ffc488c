"""An incident as a STIX 2.1 bundle: a validator passes it whatever stands in it, and its objects are named alike
whenever it is made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest
from django.test import Client

from accounts.commands import create_token
from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.models import Entry
from alerts.choices import AlertStatus, Classification, Verdict
from entities import identity
from entities.choices import EntityKind
from entities.identity import EntityIdentity
from exports.choices import Marking
from exports.stix import bundle
from exports.stix.observables import domain_value, url_value
from exports.stix.patterns import quoted
from incidents.commands import add_evidence, change_tags, classify, resolve, restrict
from incidents.models import Incident
from ingest.commands import ingest
from ingest.demo.scenario import arrivals
from ingest.formats.registry import parse_records
from ingest.parsed import ParsedAlert
from tests.conftest import alert, device, opened
from tests.exports.stix_validator import ValidationOptions, validate_instance
from tests.ingest.hostile import KEPT_TEXTS

STRICT = ValidationOptions(version="2.1", strict_types=True)
WS = device("fin-ws-17")
KINDS: dict[str, EntityIdentity] = {
    "infrastructure": WS,
    "user-account": identity.user(upn="jo@contoso.example", display_name="Jo"),
    "email-addr": identity.mailbox(address="jo@contoso.example"),
    "software": identity.application(app_id="0000-1", name="Mail reader", attributes={"publisher": "Contoso"}),
    "infrastructure cloud": identity.cloud_resource(resource_id="/subscriptions/1/vm/web", name="web"),
    "ipv4-addr": identity.ip("192.0.2.10"),
    "ipv6-addr": identity.ip("2001:db8::10"),
    "domain-name": identity.domain("evil.example"),
    "url": identity.url("https://evil.example/a b?c=[1]#d#e"),
    "file": identity.file(
        name="a.exe", path="C:\\Temp\\a.exe", hashes=["ab" * 32, "cd" * 16], attributes={"size": 7, "md5": "cd" * 16}
    ),
    "process": identity.process(pid=77, image="C:\\a.exe", scope=WS, attributes={"command_line": "a.exe -x 'y' \\z"}),
    "email-message": identity.mail_message(internet_message_id="<1@evil.example>", subject="You won"),
    "note cluster": identity.mail_cluster(cluster_id="c-1"),
    "windows-registry-key": identity.registry_key(hive="HKLM", key="Software\\Run", scope=WS),
    "windows-registry-key value": identity.registry_value(hive="HKCU", key="Run", value_name="upd", scope=WS),
    "identity": identity.security_group(sid="S-1-5-21-1-2-3-512", name="Domain Admins"),
    "malware": identity.malware("Emotet", category="trojan"),
    "infrastructure container": identity.container(container_id="c0ffee", name="web-1", image="nginx"),
    "note": identity.other("hostLogonSession", identifier="0x3e7"),
}
"""What stands for an entity, and one of each kind."""


def made(incident: Incident, reader: User, marking: Marking = Marking.AMBER) -> list[dict[str, Any]]:
    """The objects of the bundle, after a validator has passed it and every reference was found to lead somewhere."""
    told = told_of(incident, reader, marking)
    check(told)
    return told["objects"]


def told_of(incident: Incident, reader: User, marking: Marking = Marking.AMBER) -> dict[str, Any]:
    told = json.loads("".join(bundle(incident, reader, marking)))
    names = Counter(each["id"] for each in told["objects"])
    assert [name for name, count in names.items() if count > 1] == []
    for each in told["objects"]:
        for reference in references(each):
            assert reference in names, f"{each['id']} refers to {reference}"
    return told


def check(told: dict[str, Any]) -> None:
    found = validate_instance(told, STRICT)
    assert found.is_valid, [str(error) for error in found.errors][:5]


def references(each: dict[str, Any]) -> list[str]:
    single = [value for name, value in each.items() if name.endswith("_ref")]
    return single + [value for name, values in each.items() if name.endswith("_refs") for value in values]


def of_type(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["type"] == kind]


def test_each_kind_of_entity_is_an_object_of_its_own(vic: User) -> None:
    assert {each.kind for each in KINDS.values()} == set(EntityKind)
    incident = opened(alert("1", entities=tuple(KINDS.values()), verdict=Verdict.MALICIOUS))
    objects = made(incident, vic)
    kinds = Counter(each["type"] for each in objects)
    for name in KINDS:
        assert kinds[name.split()[0]] >= 1, name
    (observed,) = of_type(objects, "observed-data")
    assert {reference.partition("--")[0] for reference in observed["object_refs"]} == {
        *("user-account", "email-addr", "software", "ipv4-addr", "ipv6-addr", "domain-name", "url", "file", "process"),
        *("email-message", "windows-registry-key"),
    }
    (grouping,) = of_type(objects, "grouping")
    described = {"marking-definition", "extension-definition", "grouping"}
    left = {each["id"] for each in objects if each["type"] not in described} - set(grouping["object_refs"])
    assert [name.partition("--")[0] for name in left] == ["identity"], "only who made it stands outside"


def test_what_is_bad_is_an_indicator_with_a_pattern_that_finds_it_and_the_rest_is_not(vic: User) -> None:
    bad = tuple(KINDS[name] for name in ("ipv4-addr", "file", "process", "url", "windows-registry-key value"))
    incident = opened(
        alert("1", entities=(*bad, KINDS["user-account"], WS), verdict=Verdict.MALICIOUS),
        alert("2", entities=(WS, KINDS["domain-name"]), verdict=Verdict.SUSPICIOUS),
        alert("3", entities=(WS, KINDS["ipv6-addr"]), verdict=Verdict.NO_THREATS_FOUND),
    )
    objects = made(incident, vic)
    indicators = {each["pattern"]: each["indicator_types"] for each in of_type(objects, "indicator")}
    malicious = ["malicious-activity"]
    assert indicators == {
        "[ipv4-addr:value = '192.0.2.10']": malicious,
        f"[file:hashes.'SHA-256' = '{'ab' * 32}']": malicious,
        "[process:command_line = 'a.exe -x \\'y\\' \\\\z']": malicious,
        "[url:value = 'https://evil.example/a%20b?c=%5B1%5D#d%23e']": malicious,
        "[windows-registry-key:key = 'HKEY_CURRENT_USER\\\\Run' AND windows-registry-key:values[*].name = 'upd']": (
            malicious
        ),
        "[domain-name:value = 'evil.example']": ["anomalous-activity"],
    }
    sightings = of_type(objects, "sighting")
    assert {each["sighting_of_ref"] for each in sightings} == {each["id"] for each in of_type(objects, "indicator")}
    assert all(each["count"] == len(each["observed_data_refs"]) == 1 for each in sightings)


def test_the_incident_says_what_is_known_of_it(incident: Incident, lee: User, vic: User) -> None:
    change_tags(incident, add=["Wave", "finance"], actor=lee.as_actor())
    classify(incident, Classification.TRUE_POSITIVE, "phishing", actor=lee.as_actor())  # type: ignore[arg-type]
    resolve(incident, actor=lee.as_actor(), note="Reimaged.")
    incident.refresh_from_db()
    objects = made(incident, vic, Marking.AMBER_STRICT)
    (told,) = of_type(objects, "incident")
    (definition,) = of_type(objects, "extension-definition")
    ours = told["extensions"][definition["id"]]
    assert ours["number"] == incident.pk
    assert (ours["status"], ours["determination"], ours["tags"]) == ("resolved", "phishing", ["Wave", "finance"])
    assert ours["resolution_note"] == "Reimaged."
    assert told["created"] <= told["modified"]
    (marking,) = of_type(objects, "marking-definition")
    assert (marking["id"], marking["name"]) == (
        "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        "TLP:AMBER+STRICT",
    )
    unmarked = {"marking-definition", "extension-definition", "identity"}
    assert all(each["object_marking_refs"] == [marking["id"]] for each in objects if each["type"] not in unmarked)


def test_techniques_are_attack_patterns_by_their_number_at_mitre(vic: User) -> None:
    incident = opened(alert("1", entities=(WS,), techniques=("T1059.001", "T1486")))
    objects = made(incident, vic)
    told = {each["external_references"][0]["external_id"]: each for each in of_type(objects, "attack-pattern")}
    assert told["T1059.001"]["name"] == "Command and Scripting Interpreter: PowerShell"
    assert told["T1059.001"]["external_references"] == [
        {
            "source_name": "mitre-attack",
            "external_id": "T1059.001",
            "url": "https://attack.mitre.org/techniques/T1059/001",
        }
    ]
    assert {each["target_ref"] for each in of_type(objects, "relationship")} == {each["id"] for each in told.values()}


def test_an_alert_that_names_nothing_observable_is_a_note(vic: User) -> None:
    incident = opened(alert("1", title="Odd", description="What happened", entities=(WS,)))
    (note,) = of_type(made(incident, vic), "note")
    assert (note["abstract"], note["content"]) == ("Odd", "What happened")
    assert [name.partition("--")[0] for name in note["object_refs"]] == ["incident", "infrastructure"]


def test_names_are_the_same_each_time_and_those_of_everybody_for_observables(vic: User) -> None:
    incident = opened(alert("1", entities=tuple(KINDS.values()), verdict=Verdict.MALICIOUS))
    first, second = made(incident, vic), made(incident, vic)
    assert first == second
    common = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
    (address,) = of_type(first, "ipv4-addr")
    value = '{"value":"192.0.2.10"}'
    assert address["id"] == f"ipv4-addr--{uuid5(common, value)}"
    (file,) = (each for each in of_type(first, "file") if "hashes" in each)
    (folder,) = of_type(first, "directory")
    told = f'{{"hashes":{{"MD5":"{"cd" * 16}"}},"name":"a.exe","parent_directory_ref":"{folder["id"]}"}}'
    assert file["id"] == f"file--{uuid5(common, told)}"
    other = opened(alert("2", entities=(device("other"), KINDS["ipv4-addr"]), at=datetime(2026, 10, 1, tzinfo=UTC)))
    elsewhere = made(other, vic)
    shared = {each["id"] for each in first} & {each["id"] for each in elsewhere}
    assert address["id"] in shared
    assert not any(name.startswith(("incident--", "grouping--", "infrastructure--")) for name in shared)


def test_hostile_texts_stand_in_it_as_texts(vic: User) -> None:
    """In every text that a sender chooses, and in the kinds of entities that take any text, each in some of them: the
    validator takes its time."""
    alerts = []
    for number, hostile in enumerate(KEPT_TEXTS):
        text = hostile.text[:300] if hostile.text.strip() else "x"
        registry = identity.registry_value(hive="HKLM", key=f"Software\\{text}", value_name=text, scope=WS)
        entities = [
            identity.url(f"https://evil.example/{text}"),
            identity.process(scope=WS, pid=number, attributes={"command_line": text}),
            identity.file(name=f"f{text}", path=f"C:\\{text}\\f"),
            registry,
            identity.mail_message(internet_message_id=str(number), subject=text),
            identity.user(account=f"u{text}"),
            device(text),
            identity.malware(f"m{text}"),
            identity.other("thing", identifier=text),
            identity.url(text),
        ]
        mine = (WS, *entities[number % 3 :: 3])
        more: dict[str, Any] = {"title": text, "description": text, "techniques": (text[:20],)}
        alerts.append(alert(str(number), entities=mine, verdict=list(Verdict)[number % 3], **more))
    incident = opened(*alerts)
    change_tags(incident, add=["<script>", "=1+1"], actor=SYSTEM)
    objects = made(Incident.objects.get(pk=incident.pk), vic)
    assert len(of_type(objects, "observed-data")) + len(of_type(objects, "note")) >= len(KEPT_TEXTS)
    assert len(of_type(objects, "indicator")) > 20


def test_every_incident_of_the_demo_passes(vic: User) -> None:
    """Of objects that have the same properties the validator looks at a few."""
    now = datetime.now(UTC)
    parsed = list(parse_records(((1, arrival.record) for arrival in arrivals(now)), now=now))
    ingest([each for each in parsed if isinstance(each, ParsedAlert)], actor=COMMAND_LINE)
    incidents = list(Incident.objects.prefetch_related("tags").order_by("pk"))
    assert len(incidents) > 20
    shapes: Counter[tuple[str, ...]] = Counter()
    chosen: dict[str, dict[str, Any]] = {}
    for incident in incidents:
        for each in told_of(incident, vic)["objects"]:
            shapes[shape := (each["type"], *each, each.get("pattern", "").partition(" ")[0])] += 1
            if shapes[shape] <= 5:
                chosen[each["id"]] = each
    assert len(chosen) > 100
    check({"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": list(chosen.values())})


def test_what_was_added_by_hand_is_in_it_too(incident: Incident, lee: User, vic: User) -> None:
    add_evidence(incident, [KINDS["domain-name"]], verdict=Verdict.MALICIOUS, actor=lee.as_actor())
    objects = made(incident, vic)
    assert [each["pattern"] for each in of_type(objects, "indicator")] == ["[domain-name:value = 'evil.example']"]


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("https://a.example/x y", "https://a.example/x%20y"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://[2001:db8::1]:8443/[x]", "https://[2001:db8::1]:8443/%5Bx%5D"),
        ("https://[::not]/", ""),
        ("javascript:alert(1)", ""),
        ("no address", ""),
    ],
)
def test_an_address_is_one_by_the_standard_or_none(address: str, value: str) -> None:
    assert url_value(address) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Mail.Contoso.Example.", "mail.contoso.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("xn--i-7iq.example", ""),
        ("_dmarc.contoso.example", ""),
        ("ab--c.example", ""),
        ("-a.example", ""),
        ("a" * 64 + ".example", ""),
    ],
)
def test_a_name_of_dns_is_one_by_the_standard_or_none(name: str, value: str) -> None:
    assert domain_value(name) == value


def test_a_text_in_a_pattern_ends_where_it_ends() -> None:
    assert quoted("a' OR file:name = 'b\\") == "'a\\' OR file:name = \\'b\\\\'"


def test_it_is_given_to_who_may_export_marked_as_they_say_and_recorded(
    incident: Incident, ana: User, lee: User, vic: User, sign_in: Callable[[User], Client]
) -> None:
    client, address = sign_in(vic), f"/exports/incidents/{incident.pk}.stix.json"
    answer: Any = client.get(address, {"tlp": "red"})
    assert answer["Content-Type"] == "application/stix+json;version=2.1"
    assert of_type(json.loads(answer.getvalue())["objects"], "marking-definition")[0]["name"] == "TLP:RED"
    assert Entry.objects.get(verb="data.exported").facts["what"] == f"#{incident.pk} as a STIX bundle, TLP:RED"
    assert client.get(address, {"tlp": "pink"}).status_code == 400
    assert client.get(address, {"colour": "red"}).status_code == 400
    _, key = create_token("script", actor=SYSTEM, role="reader")
    script = Client(headers={"Authorization": f"Bearer {key}"})
    theirs: Any = script.get(f"/api/v1/incidents/{incident.pk}/export/stix.json?tlp=red")
    assert theirs.getvalue() == client.get(address, {"tlp": "red"}).getvalue()
    assert script.get(f"/api/v1/incidents/{incident.pk}/export/stix.json?tlp=pink").status_code == 400
    restrict(incident, [lee], actor=lee.as_actor())
    assert sign_in(ana).get(address).status_code == 404


def test_a_resolved_alert_says_so(vic: User) -> None:
    incident = opened(alert("1", status=AlertStatus.RESOLVED, entities=(KINDS["ipv4-addr"],)))
    objects = made(incident, vic)
    (observed,), (definition,) = of_type(objects, "observed-data"), of_type(objects, "extension-definition")
    assert observed["extensions"][definition["id"]]["status"] == "resolved"
