"""The overview of an incident: told, linked to its evidence, with what is pressing and what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from alerts.choices import Severity, Verdict
from entities import identity
from entities.identity import EntityIdentity
from incidents.commands import restrict
from incidents.models import Incident
from incidents.queries.next_steps import by_phase, lines_of, next_steps, phase_of
from incidents.queries.what_happened import facts_of, told
from tests.conftest import NOON, alert, device, opened, user_entity
from tests.incidents.rows import row, stored


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def overview(client: Client, incident: Incident) -> str:
    answer = client.get(reverse("incidents:overview", args=[incident.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def links_of(incident: Incident) -> list[str]:
    html = "".join(told(incident, facts_of(incident)))
    return [unescape(link) for link in re.findall(r'href="([^"]+)"', html)]


def test_it_tells_what_happened_with_links(client: Client, incident: Incident) -> None:
    page = overview(client, incident)
    first, second = incident.alerts.order_by("first_activity")
    assert f'<a href="/incidents/{incident.pk}/alerts/{first.pk}/"><bdi>Encoded command</bdi></a>' in page
    assert f'<a href="/incidents/{incident.pk}/alerts/{second.pk}/"><bdi>Shadow copies deleted</bdi></a>' in page
    assert "The gravest step came on 2 Nov at 13:00" in page


def resolves(client: Client, link: str) -> bool:
    """Whether a link leads to a page that has the place it names."""
    path, _, anchor = link.partition("#")
    answer = client.get(path, follow=True)
    if answer.redirect_chain:
        anchor = answer.redirect_chain[-1][0].partition("#")[2]
    return answer.status_code == 200 and (not anchor or f'id="{anchor}"' in answer.content.decode())


MADE: tuple[Callable[[str], EntityIdentity], ...] = (
    lambda name: identity.device(hostname=name),
    lambda name: identity.user(account=name, display_name=name),
    lambda name: identity.mailbox(address=f"{len(name)}@corp.example", display_name=name),
    lambda name: identity.ip(f"192.0.2.{len(name) + 1}"),
    lambda name: identity.file(name=name, hashes=[f"{len(name):064x}"]),
)
HOSTILE = [
    "FIN-WS-17",
    "<script>alert(1)</script>",
    "a\u202egpj.exe",
    'x" onmouseover="y',
    "{{7*7}}",
    "=cmd|' /C x'",
]
evidence = st.lists(st.tuples(st.sampled_from(MADE), st.sampled_from(HOSTILE)), max_size=4)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    told_of=st.lists(
        st.tuples(evidence, st.sampled_from(HOSTILE), st.sampled_from(Severity), st.sampled_from(Verdict)),
        min_size=1,
        max_size=3,
    )
)
def test_every_link_of_any_incident_leads_to_its_evidence(
    client: Client,
    told_of: list[tuple[list[tuple[Callable[[str], EntityIdentity], str]], str, Severity, Verdict]],
) -> None:
    numbers = iter(range(1_000))
    base = Incident.objects.count()
    incident = opened(
        *(
            alert(
                f"{base}-{next(numbers)}",
                title=title,
                severity=severity,
                verdict=verdict,
                source_incident=f"made {base}",
                entities=tuple({made(name).key: made(name) for made, name in named}.values()),
            )
            for named, title, severity, verdict in told_of
        )
    )
    links = links_of(incident)
    assert links
    for link in set(links):
        assert resolves(client, link), link
    page = overview(client, incident)
    assert "<script>alert" not in page
    assert 'onmouseover="y' not in page


def test_a_link_to_an_alert_opens_it_among_the_others(client: Client, incident: Incident) -> None:
    for one in incident.alerts.all():
        answer = client.get(reverse("incidents:alert", args=[incident.pk, one.pk]))
        assert answer["Location"] == f"/incidents/{incident.pk}/alerts/?open={one.pk}#alert-{one.pk}"


def test_an_alert_of_another_incident_has_no_place_here(client: Client, incident: Incident) -> None:
    other = opened(alert("other", entities=(device("dc-01"),))).alerts.get()
    assert client.get(reverse("incidents:alert", args=[incident.pk, other.pk])).status_code == 404


def test_every_tactic_stands_there_and_the_covered_ones_say_so(client: Client, incident: Incident) -> None:
    page = " ".join(overview(client, incident).split())
    assert 'Execution<span class="visually-hidden">, covered</span>' in page
    assert 'Persistence<span class="visually-hidden">, not covered</span>' in page
    assert page.index("Reconnaissance") < page.index("Execution<") < page.index("Impact<")


def test_assets_stand_by_kind_the_critical_ones_marked(client: Client, db: None) -> None:
    controller = identity.device(hostname="dc-02", attributes={"criticality": "very_high"})
    found = opened(alert("1", entities=(device("fin-ws-17"), controller, user_entity("mia@corp.example"))))
    page = overview(client, found)
    assert "2 devices" in page
    assert "1 user" in page
    assert "Critical asset: very high" in page
    assert "dc-02</bdi></a> is a critical asset (very high)." in page


# -------------------------------------------------------------------------------------------------------- next steps


def advised(*texts: str) -> Incident:
    return opened(
        *(
            alert(
                str(number),
                title=f"Alert {number}",
                recommended_actions=text,
                entities=(device("fin-ws-17"),),
                at=NOON + timedelta(minutes=number),
            )
            for number, text in enumerate(texts)
        )
    )


def test_each_step_stands_once_with_the_alerts_it_comes_from(db: None) -> None:
    found = advised("- Isolate the device.\n- Ask the user.", "isolate  the device", "1. Ask the user.")
    told_steps = {step.text: (step.alerts, [title for _, title in step.named]) for step in next_steps(found)}
    assert told_steps == {
        "Isolate the device.": (2, ["Alert 0", "Alert 1"]),
        "Ask the user.": (2, ["Alert 0", "Alert 2"]),
    }


def test_of_many_alerts_with_one_step_the_first_are_named(db: None) -> None:
    (step,) = next_steps(advised(*["Isolate the device."] * 6))
    assert [title for _, title in step.named] == ["Alert 0", "Alert 1", "Alert 2"]
    assert step.more == 3


def test_a_text_that_says_a_thing_twice_counts_its_alerts_once(db: None) -> None:
    (step,) = next_steps(advised("Isolate it.\nisolate it"))
    assert step.alerts == 1


@pytest.mark.parametrize(
    ("step", "phase"),
    [
        ("Isolate the device.", "Contain"),
        ("Ask the user about it.", "Investigate"),
        ("Remove the mail.", "Remediate"),
        ("Krbtgt twice", "Further steps"),
        ("", "Further steps"),
        ("检查", "Further steps"),
    ],
)
def test_steps_are_grouped_by_what_they_do(step: str, phase: str) -> None:
    assert phase_of(step) == phase


def test_phases_stand_in_the_order_of_work(db: None) -> None:
    found = advised("Remove it.", "Ask them.", "Block it.")
    assert [name for name, _ in by_phase(next_steps(found))] == ["Contain", "Investigate", "Remediate"]


def test_marks_of_lists_are_no_part_of_a_step() -> None:
    assert lines_of("• one\n  * two\n3) three\n\n– four\n2024 was a year\n-x") == [
        "one",
        "two",
        "three",
        "four",
        "2024 was a year",
        "-x",
    ]


# ---------------------------------------------------------------------------------------------------- related incidents


def test_what_it_follows_and_what_follows_it(client: Client, incident: Incident) -> None:
    before, after = stored([row(10, name="Before"), row(11, name="After", related_to=incident)])
    Incident.objects.filter(pk=incident.pk).update(related_to=before)
    page = overview(client, incident)
    for one, how in ((before, "This one follows it"), (after, "Follows this one")):
        assert f'href="/incidents/{one.pk}/"' in page
        assert how in page


def test_of_a_related_one_that_is_restricted_nothing_shows(client: Client, incident: Incident, lee: User) -> None:
    secret = opened(alert("s", title="Heron", entities=(device("dc-99"),)))
    Incident.objects.filter(pk=incident.pk).update(related_to=secret)
    restrict(secret, [lee], actor=lee.as_actor())
    shown = [overview(client, incident)]
    for tab in ("alerts", "details"):
        answer = client.get(reverse(f"incidents:{tab}", args=[incident.pk]), headers={"HX-Request": "true"})
        shown.append(answer.content.decode())
    for page in shown:
        assert "Heron" not in page
        assert f"/incidents/{secret.pk}/" not in page
        assert f"#{secret.pk} " not in page


def test_a_reader_sees_the_overview_without_buttons(
    incident: Incident, vic: User, sign_in: Callable[[User], Client]
) -> None:
    page = overview(sign_in(vic), incident)
    assert "What happened" in page
    assert "Manage incident" not in page
